"""A sheet of the city's or province's answers as lines: opened by the table reader, each cell understood or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from xinfu.core.refusal import Refused
from xinfu.core.ui.forms import clean_pasted
from xinfu.indicators.flow import ProposalLevel, ProposalResult
from xinfu.lib.tables import TableError, open_table

HEADS = ("编号", "层级", "结果", "日期", "文号", "意见")
COLUMNS: Mapping[str, str] = {
    "编号": "number", "建议编号": "number",
    "层级": "level", "级别": "level",
    "结果": "result", "办理结果": "result", "采纳情况": "result",
    "日期": "day", "意见日期": "day", "答复日期": "day",
    "文号": "paper_no", "工单号": "paper_no", "文号或工单号": "paper_no",
    "意见": "opinion", "答复意见": "opinion", "说明": "opinion",
}  # fmt: skip
NEEDED = {"number": "编号", "level": "层级", "result": "结果", "day": "日期", "paper_no": "文号"}
LEVEL_WORDS = {
    "市": ProposalLevel.CITY, "市级": ProposalLevel.CITY, "省": ProposalLevel.PROVINCE, "省级": ProposalLevel.PROVINCE,
}  # fmt: skip
RESULT_WORDS = {
    "同意上报": ProposalResult.PASSED, "同意": ProposalResult.PASSED, "报省": ProposalResult.PASSED,
    "采纳": ProposalResult.ADOPTED, "已采纳": ProposalResult.ADOPTED,
    "部分采纳": ProposalResult.PARTLY,
    "不采纳": ProposalResult.NOT_ADOPTED, "未采纳": ProposalResult.NOT_ADOPTED,
    "退回": ProposalResult.RETURNED, "退回修改": ProposalResult.RETURNED,
}  # fmt: skip
DAY_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet as it was understood; `fault` says what could not be."""

    row: int
    number: str
    level: str
    result: str
    day: date | None
    paper_no: str
    opinion: str
    fault: str = ""


def read(path: Path) -> list[Line]:
    """Return the lines of a sheet. Raises Refused: no table, a column missing, empty, over 500 lines."""
    try:
        with open_table(path, expected=list(COLUMNS)) as table:
            places = _places(table.header)
            lines: list[Line] = []
            for row, cells in table.rows:
                said = {name: clean_pasted(cells[place]) for name, place in places.items()}
                if any(said.values()):
                    lines.append(_line(row, said))
                if len(lines) > MOST_ROWS:
                    raise Refused("too_many_rows", f"一次最多{MOST_ROWS}行，请分开导入。", field="file")
            lines += [Line(bad.row, "", "", "", None, "", "", bad.reason[:300]) for bad in table.bad]
    except TableError as error:
        raise Refused(f"file_{error.code}", error.reason, field="file") from None
    if not lines:
        raise Refused("file_empty", "文件只有表头，没有数据行。", field="file")
    return sorted(lines, key=lambda line: line.row)


def _places(header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, head in enumerate(header):
        if (name := COLUMNS.get(head.strip())) is not None:
            places.setdefault(name, place)
    missing = [label for name, label in NEEDED.items() if name not in places]
    if missing:
        raise Refused(
            "missing_column",
            f"文件缺少列：{'、'.join(missing)}；读到的列是{'、'.join(header)}。",
            field="file",
        )
    return places


def _line(row: int, said: Mapping[str, str]) -> Line:
    level, result = LEVEL_WORDS.get(said["level"]), RESULT_WORDS.get(said["result"])
    day = _day(said["day"])
    faults = []
    if not said["number"]:
        faults.append("没有编号")
    if level is None:
        faults.append(f"层级只能是市级或省级，现为“{said['level'][:10]}”")
    if result is None:
        faults.append(f"结果应为同意上报、采纳、部分采纳、不采纳、退回之一，现为“{said['result'][:10]}”")
    if day is None:
        faults.append(f"日期应写成 2023-05-31 的样子，现为“{said['day'][:20]}”")
    return Line(
        row, said["number"][:40], level or "", result or "", day, said["paper_no"],
        said.get("opinion", ""), "；".join(faults),
    )  # fmt: skip


def _day(text: str) -> date | None:
    for form in DAY_FORMS:
        try:
            return datetime.strptime(text.split(" ", maxsplit=1)[0], form).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
    return None
