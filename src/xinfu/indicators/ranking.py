"""Tables that others publish (省级晾晒榜): read, checked as a whole, told row by row what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from xinfu.core.refusal import Refused
from xinfu.core.registry import indicators
from xinfu.indicators import rules
from xinfu.lib.tables import TableError, open_table

# What a column may be called → what it is.
COLUMNS: Mapping[str, str] = {
    "指标": "indicator", "指标代码": "indicator", "indicator": "indicator",
    "地区": "region", "县（市、区）": "region", "县(市、区)": "region", "区县": "region", "县市区": "region", "region": "region",
    "部门": "department", "department": "department",
    "数值": "value", "指标值": "value", "得分": "value", "value": "value",
    "分子": "numerator", "numerator": "numerator",
    "分母": "denominator", "denominator": "denominator",
    "名次": "rank", "排名": "rank", "rank": "rank",
    "颜色": "colour", "色档": "colour", "colour": "colour",
    "开始日期": "frm", "from": "frm",
    "结束日期": "to", "to": "to",
}  # fmt: skip
COLOURS = {label: code for code, label in rules.COLOURS.items()} | {code: code for code in rules.COLOURS}
MOST_ROWS = 20_000
TOLD = 5


@dataclass(frozen=True, slots=True)
class RankRow:
    """One line of a published table."""

    row: int
    indicator: str
    region: str
    department: str
    frm: date
    to: date
    printed: str
    numerator: int | None
    denominator: int | None
    rank: int | None
    colour: str


@dataclass(frozen=True, slots=True)
class Given:
    """What holds for the whole file where it has no column for it."""

    indicator: str | None
    frm: date | None
    to: date | None


def read(path: Path, given: Given) -> list[RankRow]:
    """Return the lines of a table; refuse it whole, with the first things that are wrong, where a line is bad."""
    try:
        with open_table(path, expected=list(COLUMNS)) as table:
            places = _places(table.header, given)
            rows: list[RankRow] = []
            wrong = [f"第{bad.row}行：{bad.reason}" for bad in table.bad]
            for number, cells in table.rows:
                if len(rows) + len(wrong) >= MOST_ROWS:
                    raise Refused("too_many_rows", f"一次最多导入 {MOST_ROWS} 行，请分开导入。")
                cell = {name: cells[place].strip() for name, place in places.items()}
                if not any(cell.values()):
                    continue
                row, faults = _row(number, cell, given)
                wrong += [f"第{number}行：{fault}" for fault in faults]
                rows += [row] if row else []
    except TableError as error:
        raise Refused(error.code, error.reason) from None
    wrong += _together(rows)
    if wrong:
        more = f"等共 {len(wrong)} 处" if len(wrong) > TOLD else ""
        raise Refused("bad_rows", f"{'；'.join(wrong[:TOLD])}{more}。请改正后整份重新导入，本次未写入。")
    if not rows:
        raise Refused("empty", "文件里没有数据行。")
    return rows


def _places(header: list[str], given: Given) -> dict[str, int]:
    places = {COLUMNS[name.strip()]: place for place, name in enumerate(header) if name.strip() in COLUMNS}
    missing = [] if "region" in places else ["地区"]
    missing += [] if "indicator" in places or given.indicator else ["指标"]
    missing += (
        [] if ("frm" in places and "to" in places) or (given.frm and given.to) else ["开始日期、结束日期"]
    )
    missing += [] if {"value", "rank", "colour"} & set(places) else ["数值（或名次、颜色）"]
    if missing:
        raise Refused("missing_column", f"文件缺少列：{'、'.join(missing)}；读到的列是 {'、'.join(header)}。")
    return places


def _row(number: int, cell: Mapping[str, str], given: Given) -> tuple[RankRow | None, list[str]]:
    faults: list[str] = []
    code = _indicator(cell.get("indicator") or given.indicator or "", faults)
    frm, to = _days(cell, given, faults)
    value = cell.get("value", "").removesuffix("%").removesuffix("％").replace(",", "").strip()
    if value and not rules.is_number(value):
        faults.append(f"“数值”应为数字，现为“{value[:20]}”")
    colour = COLOURS.get(cell.get("colour", "").removesuffix("色"), "")
    if cell.get("colour") and not colour:
        faults.append(f"“颜色”应为{'、'.join(rules.COLOURS.values())}之一，现为“{cell['colour'][:10]}”")
    region = cell.get("region", "")
    if not region:
        faults.append("“地区”为空")
    rank, top, bottom = (_whole(cell, name, label, faults) for name, label in WHOLE)
    if not (value or rank or colour):
        faults.append("数值、名次、颜色都为空")
    if faults or code is None or frm is None or to is None:
        return None, faults
    return RankRow(
        number, code, region[:60], cell.get("department", ""), frm, to, value, top, bottom, rank, colour
    ), []


WHOLE = (("rank", "名次"), ("numerator", "分子"), ("denominator", "分母"))


def _indicator(text: str, faults: list[str]) -> str | None:
    by_title = {one.title: one.code for one in indicators}
    code = text if text in indicators else by_title.get(text)
    if code is None:
        faults.append(f"没有名为“{text[:20]}”的指标")
    return code


def _days(cell: Mapping[str, str], given: Given, faults: list[str]) -> tuple[date | None, date | None]:
    days: list[date | None] = []
    for name, fixed in (("frm", given.frm), ("to", given.to)):
        text = cell.get(name, "")
        try:
            days.append(date.fromisoformat(text[:10]) if text else fixed)
        except ValueError:
            days.append(None)
            faults.append(f"日期应写成 2023-05-31 的样子，现为“{text[:20]}”")
    frm, to = days
    if not faults and (frm is None or to is None):
        faults.append("没有写明期间")
    if frm and to and frm > to:
        faults.append(f"开始日期 {frm} 晚于结束日期 {to}")
    return frm, to


def _whole(cell: Mapping[str, str], name: str, label: str, faults: list[str]) -> int | None:
    text = cell.get(name, "").replace(",", "").removesuffix(".0")
    if not text:
        return None
    least = 1 if name == "rank" else 0
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) >= least):
        faults.append(f"“{label}”应为整数，现为“{text[:20]}”")
        return None
    return int(text)


def _together(rows: Iterable[RankRow]) -> list[str]:
    """Return what is wrong between rows: the same county twice."""
    seen: dict[tuple[str, date, date, str, str], int] = {}
    wrong = []
    for row in rows:
        first = seen.setdefault((row.indicator, row.frm, row.to, row.region, row.department), row.row)
        if first != row.row:
            wrong.append(f"第{row.row}行与第{first}行是同一地区（{row.region[:20]}）")
    return wrong
