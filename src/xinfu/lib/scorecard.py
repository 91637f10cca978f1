"""Score cards: a table of rules and the entries of a period give a card on which every point is explained.

Points are whole thousandths (1,000 is one point), weights and shares are fractions: nothing is a float, and the same
table and entries always give the same card, in whatever order they come. An entry is counted by the version of the
table that was valid on its day; the blocks and their bounds are those of the version valid on the period's last day.
The card's total is the sum of its lines: where a limit, a floor, a cap, a weight or a veto changes what the entries
add up to, a line of its own says by how much and why.

``python -m xinfu.lib.scorecard TABLE.json ENTRIES.json`` prints the card as JSON (exit 0), or the first thing that is
wrong (1); a wrong call ends with 2. docs/reference/formats.md describes the files.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from xinfu.lib.canon import Json
from xinfu.lib.scoreformat import entries_of, tables_of
from xinfu.lib.scoretable import Block, Entry, Kind, Rule, ScoreError, Table, rounded, text_of


class LineKind(StrEnum):
    BASE = "base"
    ENTRY = "entry"
    LIMIT = "limit"
    BOUNDS = "bounds"
    WEIGHT = "weight"
    VETO = "veto"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card: so many points, by which rule and entries, who made them, on what evidence, and why."""

    kind: LineKind
    block: str
    points: int
    why: str
    rule: str = ""
    version: str = ""
    entries: tuple[str, ...] = ()
    by: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """The result: `blocks`: points of each block after its bounds and weight; `shown`: the total as it is printed.

    `vetoes`: the entries that fail the period whatever the points are. `lines` explain every point, block by block;
    they are made when asked for, since many cards are counted for their totals alone.
    """

    table: str
    version: str
    blocks: Mapping[str, int]
    total: int
    shown: str
    vetoes: tuple[str, ...]
    tally: "Tally" = field(repr=False, compare=False)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return tuple(_explained(self.tally))


@dataclass(frozen=True, slots=True)
class Counted:
    """Entries of one rule of one version, and what they come to together before the rule's limit."""

    table: Table
    rule: Rule
    entries: list[Entry]
    points: int

    @property
    def over(self) -> int:
        """What the rule's limit gives back or takes off."""
        limit = self.rule.limit
        if limit is None or abs(self.points) <= limit:
            return 0
        return (limit if self.points > 0 else -limit) - self.points


@dataclass(frozen=True, slots=True)
class Tally:
    """What a card is counted from: the governing version, and by block the entries of each rule."""

    table: Table
    by_block: Mapping[str, list[Counted]]
    vetoes: tuple[str, ...]


# --- the card --------------------------------------------------------------------------------------


def score(tables: Sequence[Table], entries: Iterable[Entry], frm: date, to: date) -> Card:
    """Return the card of one subject for a period. `tables`: the versions; no two may be valid on one day.

    Raises ScoreError: no version on a day, two versions, an entry told twice, unknown rule or block, points outside
    the rule's range, no evidence where it is needed, no value.
    """
    last = version_on(tables, to)
    chosen = [entry for entry in entries if frm <= entry.on <= to and not entry.excluded]
    _refuse_twice(chosen)
    by_block: dict[str, list[Counted]] = {block.code: [] for block in last.blocks}
    vetoes: list[str] = []
    for table, rule, group in _grouped(tables, chosen, frm, to):
        if rule.block not in by_block:
            raise ScoreError(f"规则“{rule.title}”所在的板块“{rule.block}”在{last.version}版中没有")
        by_block[rule.block].append(Counted(table, rule, group, _come_to(table, rule, group)))
        vetoes += [entry.id for entry in group] if rule.is_veto else []
    tally = Tally(last, by_block, tuple(sorted(vetoes)))
    totals = {}
    for block in last.blocks:
        size = block.base + sum(one.points + one.over for one in by_block[block.code])
        totals[block.code] = rounded(_within(size, block.floor, block.cap) * block.weight)
    total = _within(sum(totals.values()), last.floor, last.cap)
    if vetoes and last.vetoed is not None:
        total = last.vetoed
    return Card(last.code, last.version, totals, total, text_of(total, last.places), tally.vetoes, tally)


def version_on(tables: Sequence[Table], day: date) -> Table:
    """Return the version that is valid on a day. Raises ScoreError where there is none, or more than one."""
    found = [t for t in tables if t.valid_from <= day and (t.valid_to is None or day <= t.valid_to)]
    if len(found) != 1:
        raise ScoreError(f"{day}有{len(found)}个有效的评分表版本，应当只有一个")
    return found[0]


def _within(size: int, floor: int | None, cap: int | None) -> int:
    if floor is not None and size < floor:
        return floor
    return cap if cap is not None and size > cap else size


def _refuse_twice(entries: Sequence[Entry]) -> None:
    ids = [entry.id for entry in entries]
    if len(set(ids)) < len(ids):
        twice = sorted(one for one in set(ids) if ids.count(one) > 1)
        raise ScoreError(f"记录“{twice[0]}”出现两次")


def _grouped(
    tables: Sequence[Table], entries: Iterable[Entry], frm: date, to: date
) -> Iterator[tuple[Table, Rule, list[Entry]]]:
    """Yield the entries of each rule, by version of their day, in the order of the versions and of their rules."""
    spans = [t for t in tables if t.valid_from <= to and (t.valid_to is None or frm <= t.valid_to)]
    groups: dict[tuple[str, str], list[Entry]] = {}
    if len(spans) == 1 and spans[0].valid_from <= frm:  # one version for the whole period, as nearly always
        version = spans[0].version
        for entry in entries:
            groups.setdefault((version, entry.rule), []).append(entry)
    else:
        for entry in entries:
            groups.setdefault((version_on(tables, entry.on).version, entry.rule), []).append(entry)
    for table in sorted(spans, key=lambda t: t.valid_from):
        for rule in table.rules:
            if group := groups.pop((table.version, rule.code), None):
                yield table, rule, group
    for version, code in sorted(groups):
        raise ScoreError(f"{version}版没有编码为“{code[:20]}”的规则")


def _come_to(table: Table, rule: Rule, entries: list[Entry]) -> int:
    """Return what the entries of a rule come to together, before its limit. Raises ScoreError."""
    if rule.needs_evidence and not all(entry.evidence for entry in entries):
        entry = _first(entry for entry in entries if not entry.evidence)
        raise ScoreError(f"记录“{entry.id}”没有佐证，规则“{rule.title}”要求佐证")
    if rule.kind == Kind.MEASURE:
        return _measured(rule, entries)[1]
    if rule.kind == Kind.VOTE:
        return _voted(table, rule, entries)[1]
    fixed, low, high, size = rule.low == rule.high, rule.low, rule.high, 0
    for entry in entries:
        each = entry.points
        if each is None and fixed:
            each = low
        if each is None or not low <= each <= high or entry.count < 1:
            raise ScoreError(_why_not(rule, _first(e for e in entries if _why_not(rule, e))))
        size += each * entry.count
    return size if rule.kind == Kind.ADD else -size


def _first(entries: Iterable[Entry]) -> Entry:
    return min(entries, key=lambda e: (e.on, e.id))


def _why_not(rule: Rule, entry: Entry) -> str:
    """Return why an entry cannot be counted by its rule; blank where it can."""
    if entry.count < 1:
        return f"记录“{entry.id}”的次数应不小于1"
    span = f"{text_of(rule.low)}至{text_of(rule.high)}分"
    if entry.points is None:
        return "" if rule.low == rule.high else f"记录“{entry.id}”没有写分值，规则“{rule.title}”为{span}"
    if not rule.low <= entry.points <= rule.high:
        return f"记录“{entry.id}”的{text_of(entry.points)}分不在规则“{rule.title}”的{span}之内"
    return ""


def _measured(rule: Rule, entries: Iterable[Entry]) -> tuple[Entry, int]:
    """Return the latest measure of the period, which alone counts, and its points."""
    entry = max(entries, key=lambda e: (e.on, e.id))
    if entry.value is None:
        raise ScoreError(f"记录“{entry.id}”没有测得的数值")
    return entry, _points_for(rule, Fraction(entry.value))


def _voted(table: Table, rule: Rule, entries: Iterable[Entry]) -> tuple[dict[str, list[int]], int]:
    """Return the votes by kind of rater, and the points: each kind's mean, together by the raters' weights.

    A kind of rater of whom none has voted has no weight.
    """
    votes: dict[str, list[int]] = {}
    for entry in sorted(entries, key=lambda e: (e.on, e.id)):
        if entry.value is None or not 0 <= entry.value <= rule.full:
            raise ScoreError(f"记录“{entry.id}”的打分应在0至{text_of(rule.full)}之间")
        if table.raters and entry.rater not in table.raters:
            raise ScoreError(f"记录“{entry.id}”的评分人“{entry.rater[:20]}”不在评分表中")
        votes.setdefault(entry.rater, []).append(entry.value)
    weights = {rater: table.raters.get(rater, Fraction(1)) for rater in votes}
    value = sum((Fraction(sum(v), len(v)) * weights[r] for r, v in votes.items()), Fraction(0))
    return votes, _points_for(rule, value / sum(weights.values()))


def _points_for(rule: Rule, value: Fraction) -> int:
    if rule.bands:
        return next((given for least, given in reversed(rule.bands) if value >= least), 0)
    return rounded(rule.high * min(max(value / rule.full, Fraction(0)), Fraction(1)))


# --- every point explained -------------------------------------------------------------------------


def _explained(tally: Tally) -> Iterator[Line]:
    table, total = tally.table, 0
    for block in table.blocks:
        for line in _of_block(block, tally.by_block[block.code]):
            total += line.points
            yield line
    for line in _bounds("", "总分", total, table.floor, table.cap):
        total += line.points
        yield line
    if tally.vetoes and table.vetoed is not None:
        why = f"一票否决，本期计{text_of(table.vetoed)}分"
        yield Line(LineKind.VETO, "", table.vetoed - total, why, entries=tally.vetoes)


def _of_block(block: Block, counted: Iterable[Counted]) -> list[Line]:
    """Return the lines of a block: its base, its entries with what a rule's limit gives back, its bounds, its weight."""
    lines = [Line(LineKind.BASE, block.code, block.base, f"{block.title}基础分")] if block.base else []
    for one in counted:
        lines += _lines_of(one)
        if change := one.over:
            most = text_of(one.rule.limit or 0)
            why = f"{one.rule.title}：每期最多{most}分，超出的{text_of(abs(change))}分不计"
            lines.append(Line(LineKind.LIMIT, block.code, change, why, one.rule.code, one.table.version))
    lines += _bounds(block.code, block.title, sum(line.points for line in lines), block.floor, block.cap)
    size = sum(line.points for line in lines)
    if change := rounded(size * block.weight) - size:
        why = f"{block.title}按权重{block.weight}折算"
        lines.append(Line(LineKind.WEIGHT, block.code, change, why))
    return lines


def _bounds(code: str, title: str, size: int, floor: int | None, cap: int | None) -> list[Line]:
    change = _within(size, floor, cap) - size
    if not change:
        return []
    most = text_of(size + change)
    what = f"扣到{most}分为止" if change > 0 else f"最多{most}分"
    return [Line(LineKind.BOUNDS, code, change, f"{title}{what}，超出的{text_of(abs(change))}分不计")]


def _lines_of(one: Counted) -> list[Line]:
    rule, entries = one.rule, sorted(one.entries, key=lambda e: (e.on, e.id))
    if rule.kind == Kind.MEASURE:
        entry, found = _measured(rule, entries)
        replaced = f"（取{entry.on}的，此前{len(entries) - 1}次不计）" if len(entries) > 1 else ""
        why = f"{rule.title}：{text_of(entry.value or 0)}，得{text_of(found)}分{replaced}{_said(entry)}"
        return [_line(one, (entry,), found, why)]
    if rule.kind == Kind.VOTE:
        votes, found = _voted(one.table, rule, entries)
        said = "；".join(_mean_said(one.table, rater, votes[rater]) for rater in sorted(votes))
        return [_line(one, entries, found, f"{rule.title}：{said}，得{text_of(found)}分")]
    return [_line(one, (entry,), *_each(rule, entry)) for entry in entries]


def _mean_said(table: Table, rater: str, votes: list[int]) -> str:
    mean, weight = text_of(rounded(Fraction(sum(votes), len(votes)))), table.raters.get(rater, Fraction(1))
    return f"{rater or '评分'}平均{mean}（{len(votes)}票，权重{weight}）"


def _each(rule: Rule, entry: Entry) -> tuple[int, str]:
    """Return the points of one entry, and in words how they came."""
    each = rule.low if entry.points is None else entry.points
    per = rule.per or "次"
    times = f"{entry.count}{per}，每{per}" if entry.count > 1 else ""
    is_added = rule.kind == Kind.ADD
    why = f"{rule.title}：{times}{'加' if is_added else '扣'}{text_of(each)}分{_said(entry)}"
    return (each if is_added else -each) * entry.count, why


def _line(one: Counted, entries: Sequence[Entry], size: int, why: str) -> Line:
    return Line(
        LineKind.ENTRY, one.rule.block, size, why, one.rule.code, one.table.version,
        tuple(e.id for e in entries), "、".join(sorted({e.by for e in entries} - {""})),
        tuple(one for e in entries for one in e.evidence),
    )  # fmt: skip


def _said(entry: Entry) -> str:
    return f"（{entry.note}）" if entry.note else ""


# --- shares of a chief -----------------------------------------------------------------------------


def chief_shares(tables: Sequence[Table], entries: Iterable[Entry], rule: str) -> list[Entry]:
    """Return what a chief representative bears of a window's deductions, as entries under a rule of the own table.

    Each is its share of one deduction before limits and bounds; it names the window's entry in `id` and `note`.
    """
    found = []
    for entry in entries:
        table = version_on(tables, entry.on)
        of = table.rule(entry.rule)
        if of is None or of.kind != Kind.DEDUCT or not of.chief or entry.excluded:
            continue
        lost = -_come_to(table, of, [entry])
        share = rounded(lost * of.chief)
        note = f"所在窗口“{of.title}”扣{text_of(lost)}分，首席代表承担{of.chief}"
        found.append(Entry(f"{entry.id}/share", rule, entry.on, points=share, by=entry.by, note=note,
                           evidence=entry.evidence))  # fmt: skip
    return found


# --- as a program ----------------------------------------------------------------------------------


def card_json(card: Card) -> dict[str, Json]:
    """Return a card as it is printed: points as decimals in text."""
    return {
        "table": card.table,
        "version": card.version,
        "total": text_of(card.total),
        "shown": card.shown,
        "vetoes": list(card.vetoes),
        "blocks": {code: text_of(size) for code, size in card.blocks.items()},
        "lines": [
            {
                "kind": str(line.kind), "block": line.block, "rule": line.rule, "version": line.version,
                "points": text_of(line.points), "why": line.why, "entries": list(line.entries), "by": line.by,
                "evidence": list(line.evidence),
            }
            for line in card.lines
        ],
    }  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run ``TABLE.json ENTRIES.json``: print the card and return 0, or the first thing wrong and return 1."""
    parser = argparse.ArgumentParser(prog="python -m xinfu.lib.scorecard", description="按评分表计算得分卡")
    parser.add_argument("table", type=Path, help="评分表（JSON，一个或几个版本）")
    parser.add_argument("entries", type=Path, help="一个对象一个期间的记录（JSON）")
    options = parser.parse_args(arguments)
    try:
        tables = tables_of(options.table.read_bytes())
        frm, to, entries = entries_of(options.entries.read_bytes())
        card = score(tables, entries, frm, to)
    except OSError as error:
        print(f"文件读不出来：{error.strerror}", file=sys.stderr)
        return 1
    except ScoreError as error:
        print(f"算不出来：{error}", file=sys.stderr)
        return 1
    print(json.dumps(card_json(card), ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
