"""What a file of items would change: pure comparison of its rows with the versions that stand."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

from xinfu.catalog import attributes, rules
from xinfu.catalog.attributes import COLUMNS, DETAILS, OUTSIDE, Kind
from xinfu.catalog.rules import Fault, Rates
from xinfu.lib.canon import canon

REJECTED, MARKED, FILE = "rejected", "marked", "file"
Content = dict[str, object]
Outcome = Literal["created", "updated", "unchanged", "rejected"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a file: what became of the row, where, what value, why."""

    level: str
    kind: str
    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One readable row: its number, what it says, and the column heads for findings."""

    number: int
    code: str
    since: date | None
    until: date | None
    says: Mapping[str, object]
    heads: Mapping[str, str]
    raw: Mapping[str, str]
    department_id: int | None = None

    def finding(self, level: str, kind: str, name: str, reason: str) -> Finding:
        head = self.heads.get(name, attributes.label(name))
        return Finding(level, kind, self.number, head, self.raw.get(name, "")[:300], reason)


@dataclass(frozen=True, slots=True)
class Standing:
    """One version that stands, or that a file brings."""

    since: date
    until: date | None
    content: Content
    department_id: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """What one row does: a new version, the last day or the department of the one that stood last, or nothing."""

    row: Row
    outcome: Outcome
    version: Standing | None = None
    ends: date | None = None
    fills: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan depends on beside rows and versions."""

    today: date
    since: date | None
    rates: Rates


# --- content ---------------------------------------------------------------------------------------

_EMPTY: dict[Kind, object] = {Kind.FLAG: False, Kind.WHOLE: None, Kind.TERM: None}
_DEFAULTS: dict[str, object] = {a.field: _EMPTY.get(a.kind, "") for a in COLUMNS}
_DEFAULTS.update(statutory_kind="workday", promise_kind="workday")


def content_of(says: Mapping[str, object], base: Mapping[str, object] | None = None) -> Content:
    """Return the whole content: what the file says over what stands; empty details are left out."""
    whole: Content = {}
    for attribute in (*COLUMNS, *DETAILS):
        name = attribute.field
        if name in OUTSIDE:
            continue
        default = _DEFAULTS.get(name)
        value = says[name] if name in says else (base or {}).get(name, default)
        if value is None or value == "":
            value = default
        if value not in (None, "") or name in _DEFAULTS:
            whole[name] = value
    return whole


def digest_of(content: Mapping[str, object]) -> str:
    return hashlib.sha256(canon(dict(content))).hexdigest()


def file_digest(rows: Iterable[Row]) -> str:
    """Return one digest of what a file says, whatever its format, encoding and order of rows."""
    lines = sorted(
        canon(
            [
                r.code,
                str(r.since or ""),
                str(r.until or ""),
                {k: v for k, v in r.says.items() if v not in (None, "")},
            ]
        )
        for r in rows
    )
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


# --- within the file -------------------------------------------------------------------------------


def within_file(rows: Sequence[Row]) -> tuple[list[Row], dict[int, Outcome], list[Finding]]:
    """Return the rows that count, the outcome of the others, and what the rows say against each other."""
    groups: dict[tuple[str, date | None], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.code, row.since].append(row)
    kept: list[Row] = []
    done: dict[int, Outcome] = {}
    found: list[Finding] = []
    for group in groups.values():
        first, *others = group
        differing = sorted({name for row in others for name in _differences(first, row)})
        if not differing:
            kept.append(first)
            for row in others:
                done[row.number] = "unchanged"
                found.append(
                    row.finding(MARKED, "repeated", "code", f"与第 {first.number} 行完全相同，只计一次。")
                )
            continue
        named = "、".join(attributes.label(name) for name in differing[:5])
        for row in group:
            done[row.number] = "rejected"
            others_said = "、".join(str(r.number) for r in group if r is not row)
            reason = f"与第 {others_said} 行编码、生效日期相同而内容不同（{named}），不知以哪行为准，请改正后再导入。"
            found.append(row.finding(REJECTED, "contradiction", "code", reason))
    return kept, done, [*found, *_same_names(kept)]


def _differences(a: Row, b: Row) -> set[str]:
    names = {n for n in {*a.says, *b.says} if (a.says.get(n) or "") != (b.says.get(n) or "")}
    return names | ({"until"} if a.until != b.until else set())


def _same_names(rows: Iterable[Row]) -> list[Finding]:
    """Mark two items of one department under one name: perhaps one item with two codes."""
    seen: dict[tuple[object, object], Row] = {}
    found = []
    for row in rows:
        key = (row.says.get("department_name"), row.says.get("name"))
        other = seen.setdefault(key, row)
        if other.code != row.code:
            reason = f"与第 {other.number} 行同单位同名而编码不同（{other.code}），请核对是否重复。"
            found.append(row.finding(MARKED, "same_name", "name", reason))
    return found


# --- against what stands ---------------------------------------------------------------------------


def plan_item(rows: Sequence[Row], standing: Sequence[Standing], terms: Terms) -> list[Change]:
    """Return what one item's rows change, earliest first; `standing` is in order of `since`."""
    versions = list(standing)
    changes = []
    for row in sorted(rows, key=lambda r: (r.since or date.max, r.number)):
        change = _plan_row(row, versions, terms)
        changes.append(change)
        versions = _after(versions, change)
    return changes


def _after(versions: list[Standing], change: Change) -> list[Standing]:
    if change.ends is not None:
        versions = [*versions[:-1], replace(versions[-1], until=change.ends)]
    if change.fills:
        versions = [*versions[:-1], replace(versions[-1], department_id=change.row.department_id)]
    return [*versions, change.version] if change.version is not None else versions


def _plan_row(row: Row, versions: Sequence[Standing], terms: Terms) -> Change:
    if not versions:
        since = row.since or terms.since or rules.OPEN_START
        return _checked(row, terms, Change(row, "created", _version(row, since, None)))
    last = versions[-1]
    same_day = next((v for v in versions if v.since == row.since), None)
    if same_day is not None:
        return _checked(row, terms, _on_standing(row, same_day, is_last=same_day is last))
    brought = _version(row, row.since or terms.today, last)
    since = row.since or max(terms.since or terms.today, last.since)
    holds = last.until is None or last.until >= since
    if brought.content == last.content and (holds or (row.since is None and row.until == last.until)):
        return _checked(row, terms, _on_standing(row, last, is_last=True))
    if since <= last.since:
        return _refuse(row, "since", _too_early(row, last, since))
    ends = since - timedelta(days=1) if holds else None
    return _checked(row, terms, Change(row, "updated", replace(brought, since=since), ends=ends))


def _version(row: Row, since: date, last: Standing | None) -> Standing:
    """Return the version that a row brings; what the file does not speak of stays as it was."""
    department = row.department_id
    if last is not None and not {"department_code", "department_name"} & row.says.keys():
        department = last.department_id
    return Standing(since, row.until, content_of(row.says, last.content if last else None), department)


def _too_early(row: Row, last: Standing, since: date) -> str:
    if row.since is None:
        return f"{since} 当天已有一个版本，同一天不能再变；请撤销那一批次，或在“生效日期”写明以后的日期。"
    return f"内容有变，但生效日期 {since} 早于现行版本的 {last.since}；版本不可改写，请写明以后的生效日期。"


def _on_standing(row: Row, version: Standing, *, is_last: bool) -> Change:
    """Return what a row does that says when a standing version began, or repeats the last one."""
    if content_of(row.says, version.content) != version.content:
        reason = f"自 {version.since} 起的版本内容与本行不同；版本不可改写，请写明新的生效日期。"
        return _refuse(row, "since", reason)
    if row.until is None or row.until == version.until or not is_last:
        fills = is_last and version.department_id is None and row.department_id is not None
        return Change(row, "updated" if fills else "unchanged", fills=fills)
    if row.until < version.since:
        return _refuse(row, "until", f"取消日期 {row.until} 早于现行版本的生效日期 {version.since}。")
    return Change(row, "updated", ends=row.until)


def _refuse(row: Row, name: str, reason: str) -> Change:
    return Change(row, "rejected", findings=(row.finding(REJECTED, "version", name, reason),))


def _checked(row: Row, terms: Terms, change: Change) -> Change:
    """Add what contradicts itself; a fault that rejects undoes the change."""
    version = change.version
    if version is not None and version.until is not None and version.until < version.since:
        return _refuse(row, "until", f"取消日期 {version.until} 早于生效日期 {version.since}。")
    content = version.content if version is not None else content_of(row.says)
    faults = rules.faults_of({**content, "code": row.code}, terms.rates)
    findings = tuple(_finding(row, fault) for fault in faults)
    if any(fault.rejects for fault in faults):
        return Change(row, "rejected", findings=findings)
    return replace(change, findings=(*change.findings, *findings))


def _finding(row: Row, fault: Fault) -> Finding:
    return row.finding(REJECTED if fault.rejects else MARKED, fault.kind, fault.field, fault.reason)


# --- the whole -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """Counts and findings of one file, filled as rows are decided."""

    read: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    digest: str = ""

    def add(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.counts[change.outcome] += 1
            self.findings.extend(change.findings)

    @property
    def marked(self) -> int:
        return len({f.row for f in self.findings if f.level == MARKED})

    def in_order(self) -> list[Finding]:
        return sorted(self.findings, key=lambda f: (f.row, f.column, f.kind))


def by_code(rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.code].append(row)
    return dict(sorted(groups.items()))
