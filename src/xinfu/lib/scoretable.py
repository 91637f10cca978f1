"""Score tables and entries: what they are made of, what is wrong with one, what a new version changes.

Points are whole thousandths (1,000 is one point), weights and shares are fractions; nothing is a float.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

ONE = 1000
"""Thousandths in a point."""
MOST_POINTS = 1_000_000 * ONE


class ScoreError(ValueError):
    """A table or entry that cannot be counted; the message is one Chinese sentence."""


class Kind(StrEnum):
    """How a rule gives points: taken off, added, by a measured value, by votes, or as a share of another's loss."""

    DEDUCT = "deduct"
    ADD = "add"
    MEASURE = "measure"
    VOTE = "vote"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the card: what it begins with and between which bounds it stays; None is no bound."""

    code: str
    title: str
    base: int
    floor: int | None = 0
    cap: int | None = None
    weight: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a block. `low` to `high`: points each time, or `high` alone the full points of a measure or vote.

    `limit`: most points in a period. `bands`: (value from, points) of a measure, ascending; without them the points
    grow evenly up to the value `full`. `chief`: the share of each deduction that the chief representative bears.
    """

    code: str
    block: str
    title: str
    kind: Kind
    low: int
    high: int
    per: str = ""
    limit: int | None = None
    needs_evidence: bool = False
    chief: Fraction = Fraction(0)
    is_veto: bool = False
    bands: tuple[tuple[int, int], ...] = ()
    full: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One version of a score table, valid from a day to a day (None: until the next). It never changes.

    `raters`: weight of each kind of rater. `vetoed`: the total that a veto leaves, None where it only marks the card.
    `places`: decimals of a printed score. `chief_rule`: the rule by which a chief bears shares of the window's losses.
    """

    code: str
    version: str
    title: str
    valid_from: date
    blocks: tuple[Block, ...]
    rules: tuple[Rule, ...]
    valid_to: date | None = None
    floor: int | None = 0
    cap: int | None = None
    raters: Mapping[str, Fraction] = field(default_factory=dict)
    vetoed: int | None = None
    places: int = 2
    chief_rule: str = ""

    def block(self, code: str) -> Block | None:
        return next((block for block in self.blocks if block.code == code), None)

    def rule(self, code: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.code == code), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `points`: chosen within the rule's range; `value`: what was measured or voted.

    `excluded`: why it no longer counts; a card is then what it would be without it.
    """

    id: str
    rule: str
    on: date
    count: int = 1
    points: int | None = None
    value: int | None = None
    rater: str = ""
    by: str = ""
    note: str = ""
    evidence: tuple[str, ...] = ()
    excluded: str = ""


# --- numbers ---------------------------------------------------------------------------------------


def points(text: str | int) -> int:
    """Return the thousandths of a decimal with at most three places. Raises ScoreError."""
    sign, said = 1, str(text).strip()
    if said[:1] in "+-":
        sign, said = (-1 if said[:1] == "-" else 1), said[1:]
    whole, dot, part = said.partition(".")
    digits = whole + part
    if not digits.isascii() or not digits.isdigit() or not whole or (dot and not part) or len(part) > 3:
        raise ScoreError(f"“{str(text)[:20]}”不是最多三位小数的数")
    found = sign * int(whole + part.ljust(3, "0"))
    if abs(found) > MOST_POINTS:
        raise ScoreError(f"“{str(text)[:20]}”超出允许的范围")
    return found


def text_of(value: int, places: int | None = None) -> str:
    """Return points as people write them: rounded half-up away from nought to `places`, or exact without needless 0."""
    if places is None:
        whole, part = divmod(abs(value), ONE)
        said = f"{whole}.{part:03d}".rstrip("0").rstrip(".")
    else:
        unit = 10 ** (3 - places)
        whole, part = divmod((abs(value) + unit // 2) // unit, 10**places)
        said = f"{whole}.{part:0{places}d}" if places else str(whole)
    return f"-{said}" if value < 0 and said.strip("0.") else said


def rounded(value: Fraction) -> int:
    """Return the nearest whole number, halves away from nought."""
    size = abs(value)
    found = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return found if value >= 0 else -found


# --- what is wrong with a table --------------------------------------------------------------------


def faults(table: Table) -> Iterator[str]:
    """Yield what is wrong with a table as a whole, each in one sentence."""
    if table.valid_to is not None and table.valid_to < table.valid_from:
        yield f"失效日期{table.valid_to}早于生效日期{table.valid_from}"
    if not table.blocks:
        yield "评分表没有板块"
    for what, codes in (("板块", [b.code for b in table.blocks]), ("规则", [r.code for r in table.rules])):
        yield from (f"{what}编码“{code}”重复" for code in sorted({c for c in codes if codes.count(c) > 1}))
    yield from _bound_faults(table)
    for rule in table.rules:
        yield from (f"规则“{rule.title}”{wrong}" for wrong in _rule_faults(rule, table))
    if table.chief_rule and getattr(table.rule(table.chief_rule), "kind", None) != Kind.SHARE:
        yield f"首席代表分担所用的规则“{table.chief_rule}”不存在，或不是分担（share）"


def _bound_faults(table: Table) -> Iterator[str]:
    if not _is_between(table.floor, table.cap):
        yield "总分的最低分高于最高分"
    for block in table.blocks:
        if not _is_between(block.floor, block.base, block.cap):
            yield f"板块“{block.title}”的基础分不在最低分与最高分之间"


def _is_between(*values: int | None) -> bool:
    said = [value for value in values if value is not None]
    return said == sorted(said)


def _rule_faults(rule: Rule, table: Table) -> Iterator[str]:
    if table.block(rule.block) is None:
        yield f"的板块“{rule.block}”不存在"
    if rule.low > rule.high:
        yield "的分值下限高于上限"
    if rule.kind == Kind.VOTE and not rule.full:
        yield "没有写每票的满分（full）"
    elif rule.kind == Kind.MEASURE and not (rule.full or rule.bands):
        yield "没有写满分对应的数值（full）或分档（bands）"
    if rule.chief > 1:
        yield "由首席代表承担的份额大于1"


# --- what a new version changes --------------------------------------------------------------------


def differences(old: Table, new: Table) -> list[str]:
    """Return what a version changes, one Chinese sentence each: the table, then blocks and rules in their order."""
    found = _changed("评分表", _heads(old), _heads(new))
    for what, before, after in (
        ("板块", [(b.code, b.title, _of_block(b)) for b in old.blocks], [(b.code, b.title, _of_block(b)) for b in new.blocks]),
        ("规则", [(r.code, r.title, _of_rule(r, old)) for r in old.rules], [(r.code, r.title, _of_rule(r, new)) for r in new.rules]),
    ):  # fmt: skip
        was = {code: (title, told) for code, title, told in before}
        now = {code: (title, told) for code, title, told in after}
        found += [f"删去{what}“{title}”" for code, (title, _) in was.items() if code not in now]
        for code, (title, told) in now.items():
            if code in was:
                found += _changed(f"{what}“{title}”", was[code][1], told)
            else:
                found.append(f"新增{what}“{title}”：" + "，".join(f"{k}{v}" for k, v in told.items() if v))
    return found


def _changed(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [
        f"{what}的{name}由“{old[name] or '无'}”改为“{new[name] or '无'}”"
        for name in new
        if old[name] != new[name]
    ]


def _bound(value: int | None) -> str:
    return "不限" if value is None else f"{text_of(value)}分"


def _heads(table: Table) -> dict[str, str]:
    return {
        "名称": table.title,
        "最低总分": _bound(table.floor),
        "最高总分": _bound(table.cap),
        "一票否决后的总分": "" if table.vetoed is None else f"{text_of(table.vetoed)}分",
        "小数位数": str(table.places),
        "评分人权重": "、".join(f"{name}{weight}" for name, weight in sorted(table.raters.items())),
    }


def _of_block(block: Block) -> dict[str, str]:
    return {
        "名称": block.title,
        "基础分": f"{text_of(block.base)}分",
        "最低分": _bound(block.floor),
        "最高分": _bound(block.cap),
        "权重": str(block.weight),
    }


KINDS = {Kind.DEDUCT: "扣分", Kind.ADD: "加分", Kind.MEASURE: "测量", Kind.VOTE: "打分", Kind.SHARE: "分担"}


def _of_rule(rule: Rule, table: Table) -> dict[str, str]:
    block = table.block(rule.block)
    span = text_of(rule.high) if rule.low == rule.high else f"{text_of(rule.low)}至{text_of(rule.high)}"
    return {
        "名称": rule.title,
        "板块": block.title if block else rule.block,
        "方式": KINDS[rule.kind],
        "分值": f"{span}分",
        "计算单位": rule.per,
        "每期上限": "" if rule.limit is None else f"{text_of(rule.limit)}分",
        "佐证": "必须" if rule.needs_evidence else "",
        "首席代表承担": str(rule.chief) if rule.chief else "",
        "一票否决": "是" if rule.is_veto else "",
        "满分数值": text_of(rule.full) if rule.full else "",
        "分档": "、".join(f"{text_of(least)}起{text_of(given)}分" for least, given in rule.bands),
        "依据": rule.source,
    }
