"""Workbooks of the catalogue: the template to fill in, and the file of what an import did not take (X1–X3)."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import IO, Any

import xlsxwriter

from xinfu.catalog.attributes import ATTRIBUTES, Attribute, Kind
from xinfu.catalog.mapping import EXAMPLE
from xinfu.catalog.models import ItemBatch, ItemFinding, Level
from xinfu.core import files
from xinfu.lib import tables

MARK = "标记"
ROWS = 5_000  # rows of the template with drop-downs and text format
EXAMPLES: tuple[dict[str, str], ...] = (
    {
        "code": "11440232MB2D06811W4000117051000", "name": "食品经营许可（新办）", "task_type": "行政许可",
        "project_type": "承诺件", "server_types": "自然人、企业法人", "handle_types": "窗口、电脑端", "since": "2023-01-01",
        "is_unified": "是", "department_name": "县市场监督管理局", "use_level": "县级", "statutory_days": "20个工作日",
        "promise_days": "5个工作日", "visits": "0", "online_url": "https://www.example.gov.cn/guide/1",
        "is_entry_center": "是", "by_law": "《中华人民共和国食品安全法》第三十五条",
    },
    {
        "code": "11440232MB2D06811W4002014001000", "name": "社会保险参保证明查询打印", "task_type": "公共服务",
        "project_type": "即办件", "server_types": "自然人", "department_name": "县人力资源和社会保障局", "use_level": "县级",
        "statutory_days": "无期限", "promise_days": "0", "visits": "1", "visits_reason": "须本人持身份证件到场打印",
        "is_self_service": "是",
    },
)  # fmt: skip


def template() -> bytes:
    """Return the template: heads in Chinese, text cells, drop-downs, two examples, and a sheet that explains."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    try:
        _fill_sheet(book)
        _explain(book)
    finally:
        book.close()
    return out.getvalue()


def _fill_sheet(book: Any) -> None:
    sheet = book.add_worksheet("事项")
    head = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True})
    must = book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True})
    text = book.add_format({"num_format": "@"})
    grey = book.add_format({"num_format": "@", "font_color": "#595959", "italic": True})
    sheet.freeze_panes(1, 3)
    sheet.write_string(0, 0, MARK, head)
    sheet.set_column(0, 0, 20, text)
    for place, attribute in enumerate(ATTRIBUTES.values(), 1):
        sheet.write_string(0, place, attribute.label, must if attribute.need == "必填" else head)
        sheet.set_column(place, place, 34 if attribute.kind == Kind.IDENTIFIER else 18, text)
        if options := _options(attribute):
            sheet.data_validation(1, place, ROWS, place, {"validate": "list", "source": options})
        for row, example in enumerate(EXAMPLES, 1):
            sheet.write_string(row, place, example.get(attribute.field, ""), grey)
    for row in range(1, len(EXAMPLES) + 1):
        sheet.write_string(row, 0, EXAMPLE, grey)


def _options(attribute: Attribute) -> list[str]:
    """Return the drop-down of a column; several codes in one cell cannot be picked from one."""
    if attribute.kind == Kind.FLAG:
        return ["是", "否"]
    return list(attribute.codes.codes.values()) if attribute.codes and attribute.kind == Kind.CODE else []


def _explain(book: Any) -> None:
    sheet = book.add_worksheet("填写说明")
    bold = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    heads = ("列", "要求", "怎么填", "代码", "代码来源", "交换字段名")
    for place, (title, width) in enumerate(zip(heads, (22, 8, 44, 60, 30, 22), strict=True)):
        sheet.write_string(0, place, title, bold)
        sheet.set_column(place, place, width, wrap)
    sheet.freeze_panes(1, 0)
    for row, attribute in enumerate(ATTRIBUTES.values(), 1):
        for place, said in enumerate(_said(attribute)):
            sheet.write_string(row, place, said, wrap)
    last = len(ATTRIBUTES) + 2
    sheet.write_string(
        last, 0, f"“{MARK}”列写有“示例”的行导入时忽略。编码、日期等列已设为文本，请勿改成数值。"
    )


_HOW = {
    Kind.FLAG: "填“是”或“否”",
    Kind.CODE: "填代码或名称，可从下拉框选",
    Kind.CODES: "填代码或名称，可多个，以顿号或逗号分隔",
    Kind.WHOLE: "填 0 或正整数",
    Kind.DAY: "写成 2026-11-24 或 20261124",
    Kind.LINK: "完整网址，以 http:// 或 https:// 开头",
    Kind.IDENTIFIER: "文本，不可为数值",
}


def _said(attribute: Attribute) -> tuple[str, ...]:
    how = "；".join(
        part for part in (attribute.help, _HOW.get(attribute.kind, f"最长 {attribute.limit} 字")) if part
    )
    codes = attribute.codes
    listed = "、".join(f"{code} {label}" for code, label in codes.codes.items()) if codes else ""
    return (
        attribute.label,
        str(attribute.need),
        how,
        listed,
        codes.source if codes else "",
        attribute.exchange,
    )


# --- what an import did not take -------------------------------------------------------------------

FINDING_HEADS = ["处理", "行", "列", "取值", "原因"]
WHY = "错误原因"


def findings_file(found: Iterable[ItemFinding], kind: str) -> bytes:
    """Return the findings as .csv or .xlsx: row, column, value, reason."""
    rows = ([f.get_level_display(), str(f.row), f.column, f.value, f.reason] for f in found)
    return _table(FINDING_HEADS, rows, kind)


def rejected_rows(batch: ItemBatch, kind: str) -> bytes:
    """Return the rows that were not taken as they were sent, with their reasons in a last column, to correct."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for finding in batch.findings.filter(level=Level.REJECTED).order_by("row", "pk"):
        reasons[finding.row].append(
            f"「{finding.column}」{finding.reason}" if finding.column else finding.reason
        )
    with tables.open_table(files.path_of(batch.sha256)) as table:
        heads = [*(head for head in table.header if head != WHY), WHY]
        return _table(heads, _with_reasons(table, reasons), kind)


def _with_reasons(table: tables.Table, reasons: dict[int, list[str]]) -> Iterator[list[str]]:
    own = [place for place, head in enumerate(table.header) if head != WHY]
    for number, cells in table.rows:
        if number in reasons:
            yield [*(cells[place] for place in own), "；".join(reasons[number])]


def _table(heads: list[str], rows: Iterable[list[str]], kind: str) -> bytes:
    out: IO[bytes] = io.BytesIO()
    write = tables.write_xlsx if kind == "xlsx" else tables.write_csv
    write(out, heads, rows)  # type: ignore[arg-type]
    out.seek(0)
    return out.read()
