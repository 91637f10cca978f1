"""What is wrong with a value, in one Chinese sentence that also says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from xinfu.cases.intake import sql
from xinfu.cases.intake.fields import RECORDS, Field
from xinfu.cases.intake.sql import EARLIEST, Frame
from xinfu.core.privacy import mask

DUPLICATE, NO_NAME, NO_DEPARTMENT, NO_ITEM, ENDS_FIRST, NO_CASE, OUT_OF_REACH, SAME_PART = range(20, 28)


@dataclass(frozen=True, slots=True)
class Rejection:
    """One value that was not taken in: row and column of the file, the value (personal ones masked), the reason."""

    row: int
    column: str
    value: str
    reason: str


def chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def rejection(
    frame: Frame, row: int, field_name: str, fault: int, value: str | None, other: int | None
) -> Rejection:
    """Return the sentence for one fault; `other` is the row that was kept, or the length found."""
    field = RECORDS[frame.mapping.record][field_name]
    column = frame.column(field_name)
    if fault == ENDS_FIRST and field.is_far:
        return Rejection(row, column, "", "有效期止日早于起日，请核对。")
    reason = _row_reason(fault, other) or _reason(frame, field, column, fault, value or "")
    return Rejection(row, column, shown(field, value or ""), reason)


def shown(field: Field, value: str) -> str:
    """Return a value as the list of rejected rows shows it."""
    if field.is_personal:
        value = mask(field.mask, value) if field.mask else "*" * len(value)
    return value[:200]


def _row_reason(fault: int, other: int | None) -> str | None:
    return {
        DUPLICATE: f"同一文件中这个办件编号出现多次，已采用第 {other} 行（数据版本最高、位置最后的一行）。",
        NO_NAME: "没有事项名称，目录中也查不到这个实施编码，请补填事项名称。",
        NO_DEPARTMENT: "承办单位不在机构表中，请先登记机构或改正编码。",
        NO_ITEM: "实施编码不在事项目录中，请先导入事项或改正编码。",
        ENDS_FIRST: "结束时间早于开始时间，请核对。",
        OUT_OF_REACH: "承办单位不在本系统的推送范围内，或来源未写明本县的承办单位。",
        SAME_PART: f"同一文件中这一条重复出现（办件编号和名称、时间或证照编号都相同），已采用第 {other} 行。",
        NO_CASE: "没有这个编号的办件，请先导入办件。",
    }.get(fault)


def _reason(frame: Frame, field: Field, column: str, fault: int, value: str) -> str:
    last = sql.last_day(frame, field)
    return {
        sql.REQUIRED: f"“{column}”不能为空，请补填。",
        sql.TOO_LONG: f"“{column}”有{len(value)}个字，最多{field.size}个字，请缩短。",
        sql.FORMULA_TEXT: f"“{column}”以“{value[:1]}”开头，像是表格公式，为安全不予导入，请改为普通文字。",
        sql.NOT_TIME: f"“{column}”不是能识别的日期时间，请写成 2023-05-18 09:30:00 这样。",
        sql.OUT_OF_RANGE: f"“{column}”超出合理范围（{chinese(EARLIEST)}至{chinese(last)}），请核对年份。",
        sql.NOT_WHOLE: f"“{column}”应为整数，请改正。",
        sql.TOO_LARGE: f"“{column}”应在0到{field.size}之间，请改正。",
        sql.NOT_FLAG: f"“{column}”应为“是”或“否”（1或0），请改正。",
        sql.NOT_IN_MAP: f"“{column}”的取值不在对照表中，可用：{_options(frame, field)}。",
    }[fault]


def _options(frame: Frame, field: Field) -> str:
    known = frame.mapping.values.get(field.name)
    options = list(known.codes) if known else list(field.codes)
    return "、".join(options[:12]) + ("等" if len(options) > 12 else "")


def merged(*lists: Iterator[Rejection]) -> Iterator[Rejection]:
    """Return several lists, each by row, as one by row."""
    from heapq import merge

    return merge(*lists, key=lambda r: (r.row, r.column))
