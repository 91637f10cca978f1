"""Score tables and entries read from and written to JSON, as docs/reference/formats.md describes them."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from xinfu.lib.canon import CanonError, Json, parse
from xinfu.lib.scoretable import ONE, Block, Entry, Kind, Rule, ScoreError, Table, faults, points, text_of

# --- reading JSON ----------------------------------------------------------------------------------

T = TypeVar("T")
NEEDED: Any = object()


class _Fields:
    """The fields of one JSON object, each asked for once; what is left over at the end is not known."""

    def __init__(self, said: Json, where: str) -> None:
        if not isinstance(said, dict):
            raise ScoreError(f"{where}应是一个对象")
        self.left, self.where = dict(said), where

    def take(self, name: str, read: Callable[[Any], T], default: Any = NEEDED) -> T:
        if name not in self.left:
            if default is NEEDED:
                raise ScoreError(f"{self.where}缺少“{name}”")
            found: T = default
            return found
        try:
            return read(self.left.pop(name))
        except ScoreError as wrong:
            raise ScoreError(f"{self.where}的“{name}”：{wrong}") from None

    def end(self) -> None:
        if self.left:
            raise ScoreError(f"{self.where}有不认识的内容“{min(self.left)[:20]}”")


def _words(said: Any) -> str:
    if not isinstance(said, str) or not said.strip() or len(said) > 500:
        raise ScoreError("应是1至500字的文字")
    return said.strip()


def _maybe_words(said: Any) -> str:
    return "" if said == "" else _words(said)


def _points(said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, (str, int)):
        raise ScoreError("应是数；有小数的写成文字，如“0.5”")
    return points(said)


def _not_negative(said: Any) -> int:
    found = _points(said)
    if found < 0:
        raise ScoreError("不能小于0")
    return found


def _or_none(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda said: None if said is None else read(said)


def _share(said: Any) -> Fraction:
    """Read a weight or share: a whole number, a decimal or a fraction such as 1/2."""
    top, slash, bottom = str(said).partition("/")
    if isinstance(said, bool) or not isinstance(said, (str, int)) or (slash and not bottom.isascii()):
        raise ScoreError("应是数或分数，如“1/2”")
    if slash and not (bottom.isdigit() and len(bottom) < 10 and int(bottom)):
        raise ScoreError("分母应是大于0、不超过9位的整数")
    found = Fraction(points(top), ONE) / (int(bottom) if slash else 1)
    if found < 0:
        raise ScoreError("不能小于0")
    return found


def _day(said: Any) -> date:
    try:
        if isinstance(said, str) and len(said) == len("2023-05-04"):
            return date.fromisoformat(said)
    except ValueError:
        pass
    raise ScoreError("应是日期，如“2023-05-04”")


def _yes(said: Any) -> bool:
    if not isinstance(said, bool):
        raise ScoreError("应是 true 或 false")
    return said


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(said: Any) -> int:
        if isinstance(said, bool) or not isinstance(said, int) or not low <= said <= high:
            raise ScoreError(f"应是{low}至{high}的整数")
        return said

    return read


def _list(said: Any) -> list[Any]:
    if not isinstance(said, list):
        raise ScoreError("应是一个列表")
    return said


def _bands(said: Any) -> tuple[tuple[int, int], ...]:
    found = []
    for one in _list(said):
        if not isinstance(one, list) or len(one) != 2:
            raise ScoreError("每档应是两个数：达到多少、得几分")
        found.append((_points(one[0]), _points(one[1])))
    if [least for least, _ in found] != sorted({least for least, _ in found}):
        raise ScoreError("各档应从低到高，不能重复")
    return tuple(found)


def _raters(said: Any) -> dict[str, Fraction]:
    if not isinstance(said, dict):
        raise ScoreError("应是评分人及其权重")
    found = {_words(name): _share(weight) for name, weight in said.items()}
    if not all(found.values()):
        raise ScoreError("评分人的权重应大于0")
    return found


def _kind(said: Any) -> Kind:
    try:
        return Kind(said)
    except ValueError:
        raise ScoreError(f"应是{'、'.join(Kind)}之一") from None


def tables_of(data: bytes | str) -> tuple[Table, ...]:
    """Return the versions of a score table, one object or a list of them. Raises ScoreError with the first fault."""
    said = _parsed(data)
    return tuple(table_of(one, n) for n, one in enumerate(said if isinstance(said, list) else [said], 1))


def table_of(said: Json, number: int = 1) -> Table:
    """Return one version of a score table. Raises ScoreError: wrong field, code twice, unknown block, empty range."""
    given = _Fields(said, f"第{number}个评分表")
    table = Table(
        code=given.take("code", _words),
        version=given.take("version", _words),
        title=given.take("title", _words),
        valid_from=given.take("valid_from", _day),
        valid_to=given.take("valid_to", _or_none(_day), None),
        blocks=tuple(_block(one, n) for n, one in enumerate(given.take("blocks", _list), 1)),
        rules=tuple(_rule(one, n) for n, one in enumerate(given.take("rules", _list), 1)),
        floor=given.take("floor", _or_none(_points), 0),
        cap=given.take("cap", _or_none(_points), None),
        raters=given.take("raters", _raters, {}),
        vetoed=given.take("vetoed", _or_none(_points), None),
        places=given.take("places", _whole(0, 3), 2),
        chief_rule=given.take("chief_rule", _maybe_words, ""),
    )
    given.end()
    for wrong in faults(table):
        raise ScoreError(wrong)
    return table


def _block(said: Json, number: int) -> Block:
    given = _Fields(said, f"第{number}个板块")
    found = Block(
        code=given.take("code", _words),
        title=given.take("title", _words),
        base=given.take("base", _points, 0),
        floor=given.take("floor", _or_none(_points), 0),
        cap=given.take("cap", _or_none(_points), None),
        weight=given.take("weight", _share, Fraction(1)),
    )
    given.end()
    return found


def _rule(said: Json, number: int) -> Rule:
    given = _Fields(said, f"第{number}条规则")
    both = given.take("points", _or_none(_not_negative), None)
    low = given.take("from", _or_none(_not_negative), both)
    high = given.take("to", _or_none(_not_negative), both)
    if low is None or high is None:
        raise ScoreError(f"第{number}条规则没有写分值：“points”，或“from”和“to”")
    found = Rule(
        code=given.take("code", _words),
        block=given.take("block", _words),
        title=given.take("title", _words),
        kind=given.take("kind", _kind),
        low=low,
        high=high,
        per=given.take("per", _maybe_words, ""),
        limit=given.take("limit", _or_none(_not_negative), None),
        needs_evidence=given.take("evidence", _yes, False),
        chief=given.take("chief", _share, Fraction(0)),
        is_veto=given.take("veto", _yes, False),
        bands=given.take("bands", _bands, ()),
        full=given.take("full", _not_negative, 0),
        source=given.take("source", _maybe_words, ""),
    )
    given.end()
    return found


def entries_of(data: bytes | str) -> tuple[date, date, tuple[Entry, ...]]:
    """Return the period and its entries. Raises ScoreError with the first fault."""
    given = _Fields(_parsed(data), "记录文件")
    frm, to = given.take("from", _day), given.take("to", _day)
    if frm > to:
        raise ScoreError(f"开始日期{frm}晚于结束日期{to}")
    found = tuple(_entry(one, n) for n, one in enumerate(given.take("entries", _list), 1))
    given.end()
    return frm, to, found


def _entry(said: Json, number: int) -> Entry:
    given = _Fields(said, f"第{number}条记录")
    found = Entry(
        id=given.take("id", _words),
        rule=given.take("rule", _words),
        on=given.take("on", _day),
        count=given.take("count", _whole(1, 100_000), 1),
        points=given.take("points", _or_none(_not_negative), None),
        value=given.take("value", _or_none(_points), None),
        rater=given.take("rater", _maybe_words, ""),
        by=given.take("by", _maybe_words, ""),
        note=given.take("note", _maybe_words, ""),
        evidence=tuple(_words(one) for one in given.take("evidence", _list, [])),
        excluded=given.take("excluded", _maybe_words, ""),
    )
    given.end()
    return found


def _parsed(data: bytes | str) -> Json:
    try:
        return parse(data)
    except CanonError as wrong:
        raise ScoreError(f"{wrong}；有小数的数要写成文字，如“0.5”") from None


# --- writing JSON ----------------------------------------------------------------------------------


def table_json(table: Table) -> dict[str, Json]:
    """Return a table as it is written, all fields said: read again it is the same table."""
    return {
        "code": table.code, "version": table.version, "title": table.title,
        "valid_from": table.valid_from.isoformat(),
        "valid_to": table.valid_to.isoformat() if table.valid_to else None,
        "floor": _said(table.floor), "cap": _said(table.cap), "vetoed": _said(table.vetoed),
        "places": table.places, "chief_rule": table.chief_rule,
        "raters": {name: str(weight) for name, weight in table.raters.items()},
        "blocks": [
            {"code": b.code, "title": b.title, "base": _said(b.base), "floor": _said(b.floor), "cap": _said(b.cap),
             "weight": str(b.weight)}
            for b in table.blocks
        ],
        "rules": [
            {"code": r.code, "block": r.block, "title": r.title, "kind": str(r.kind), "from": _said(r.low),
             "to": _said(r.high), "per": r.per, "limit": _said(r.limit), "evidence": r.needs_evidence,
             "chief": str(r.chief), "veto": r.is_veto, "full": _said(r.full), "source": r.source,
             "bands": [[_said(least), _said(given)] for least, given in r.bands]}
            for r in table.rules
        ],
    }  # fmt: skip


def _said(value: int | None) -> str | None:
    return None if value is None else text_of(value)
