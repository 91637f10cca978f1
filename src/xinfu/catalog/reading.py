"""A file of items as rows: opened by the table reader, put through a mapping, departments looked up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from xinfu.catalog import mapping as maps
from xinfu.catalog import planning, rules
from xinfu.catalog.mapping import Heads, ItemMapping
from xinfu.catalog.planning import FILE, MARKED, REJECTED, Finding, Row
from xinfu.core.refusal import Refused
from xinfu.lib import tables

MOST_ROWS = 200_000
TOO_MANY = "一次最多导入 {:,} 行，请拆分文件后分次导入。"


@dataclass(frozen=True, slots=True)
class Departments:
    """Departments by code and by name or short name; a name that two have is nobody's."""

    by_code: Mapping[str, int]
    by_name: Mapping[str, int]

    def find(self, code: str, name: str) -> int | None:
        found = self.by_code.get(code.upper()) if code else None
        return found if found is not None else self.by_name.get(name)


@dataclass(slots=True)
class ReadFile:
    """What a file says: rows in order, how many were read, and what is wrong with the others."""

    rows: list[Row] = field(default_factory=list)
    read: int = 0
    rejected: int = 0
    findings: list[Finding] = field(default_factory=list)
    digest: str = ""


def glance(path: Path, mapping: ItemMapping) -> None:
    """Open a file as far as its heads. Raises Refused where it is no table, or a required column is missing."""
    expected = [head for heads in mapping.columns.values() for head in heads]
    try:
        with tables.open_table(path, expected=expected) as table:
            maps.locate(mapping, table.header)
    except tables.TableError as error:
        raise Refused(f"file_{error.code}", error.reason, field="file") from error


def read(path: Path, mapping: ItemMapping, departments: Departments, most: int = MOST_ROWS) -> ReadFile:
    """Return the file's rows. Raises Refused where it is no table, or a required column is missing."""
    expected = [head for heads in mapping.columns.values() for head in heads]
    try:
        with tables.open_table(path, expected=expected) as table:
            heads = maps.locate(mapping, table.header)
            result = ReadFile(findings=_about_columns(heads, table.header_row))
            for number, cells in table.rows:
                if result.read >= most:
                    raise Refused("too_many_rows", TOO_MANY.format(most), field="file")
                _take(result, mapping, heads, number, cells, departments)
            for bad in table.bad:
                result.read += 1
                result.rejected += 1
                result.findings.append(Finding(REJECTED, "row", bad.row, bad.column, bad.value, bad.reason))
    except tables.TableError as error:
        raise Refused(f"file_{error.code}", error.reason, field="file") from error
    if result.read == 0:
        raise Refused("file_empty", "文件只有表头，没有数据行。", field="file")
    result.digest = planning.file_digest(result.rows)
    result.findings += _unknown_departments(result.rows)
    return result


def _about_columns(heads: Heads, row: int) -> list[Finding]:
    found = []
    if heads.absent:
        named = f"{'、'.join(heads.absent[:10])}{'等' if len(heads.absent) > 10 else ''}"
        reason = f"文件里没有 {len(heads.absent)} 个要素的列（{named}），这些要素保持原值。"
        found.append(Finding(FILE, "columns", row, "", "", reason))
    if heads.unused:
        named = f"{'、'.join(heads.unused[:10])}{'等' if len(heads.unused) > 10 else ''}"
        found.append(
            Finding(FILE, "columns", row, "", "", f"文件有 {len(heads.unused)} 列没有用上：{named}。")
        )
    return found


def _take(
    result: ReadFile,
    mapping: ItemMapping,
    heads: Heads,
    number: int,
    cells: Sequence[str],
    units: Departments,
) -> None:
    """Add one row to the result: as a row, or as what is wrong with it."""
    if heads.ignore is not None and mapping.ignore and mapping.ignore[1] in cells[heads.ignore]:
        return
    if not any(rules.clean(cell) for cell in cells):
        return
    result.read += 1
    says, wrong = maps.read_row(mapping, heads, cells)
    if wrong:
        result.rejected += 1
        result.findings += [
            Finding(REJECTED, "value", number, w.column, w.value[:300], w.reason) for w in wrong
        ]
        return
    result.rows.append(_row(heads, number, cells, says, units))


def _row(heads: Heads, number: int, cells: Sequence[str], says: dict[str, object], units: Departments) -> Row:
    for name in heads.places:
        says.setdefault(name, None)
    since, until = says.pop("since", None), says.pop("until", None)
    code = str(says.pop("code"))
    unit = units.find(str(says.get("department_code") or ""), str(says.get("department_name") or ""))
    return Row(
        number=number,
        code=code,
        since=since if isinstance(since, date) else None,
        until=until if isinstance(until, date) else None,
        says=says,
        heads={name: head for name, (_, head) in heads.places.items()},
        raw={name: cells[place] for name, (place, _) in heads.places.items()},
        department_id=unit,
    )


def _unknown_departments(rows: Sequence[Row]) -> list[Finding]:
    """Mark each department that is not in the tree once, at its first row, with the number of its rows."""
    count = Counter(_unit(row) for row in rows if row.department_id is None)
    found, seen = [], set()
    for row in rows:
        unit = _unit(row)
        if row.department_id is None and any(unit) and unit not in seen:
            seen.add(unit)
            reason = f"机构“{unit[1] or unit[0]}”不在机构表中，共 {count[unit]} 行，名称按原文保留；建立机构后重新导入即可关联。"
            name = "department_name" if unit[1] else "department_code"
            found.append(row.finding(MARKED, "department", name, reason))
    return found


def _unit(row: Row) -> tuple[str, str]:
    return str(row.says.get("department_code") or ""), str(row.says.get("department_name") or "")
