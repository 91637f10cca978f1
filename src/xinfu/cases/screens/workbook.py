"""Workbooks of the import of cases: the template of a mapping (X1), and the rejected rows to correct (X3)."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from xinfu.cases.intake import mapping as mappings
from xinfu.cases.intake.fields import RECORDS, Field, Kind
from xinfu.cases.intake.mapping import Mapping
from xinfu.cases.models import ImportBatch
from xinfu.core import files
from xinfu.core.refusal import NotFound
from xinfu.lib import tables

ROWS = 5_000  # rows of the template with drop-downs and text format
WHY = "错误原因"
MOST_OPTIONS = 250  # letters that a spreadsheet allows in one drop-down
EXAMPLES: dict[str, tuple[dict[str, str], ...]] = {
    "case": (
        {"case_no": "330624202305180001", "item_name": "食品经营许可（新办）", "channel": "窗口",
         "org_name": "县市场监管局", "received_at": "2023-05-18 09:30:00", "accepted_at": "2023-05-18 10:00:00",
         "state": "办理中", "promise_days": "5", "is_unified": "是"},
        {"case_no": "330624202305180002", "item_name": "社会保险参保证明查询打印", "channel": "移动端",
         "org_name": "县人力社保局", "received_at": "2023-05-18 09:41:00", "accepted_at": "2023-05-18 09:41:00",
         "finished_at": "2023-05-18 09:50:00", "state": "办结", "finish_kind": "办结", "promise_days": "0"},
    ),
    "pause": (
        {"case_no": "330624202305180001", "kind": "特别程序", "name": "检验", "started_at": "2023-05-19 09:00:00",
         "ended_at": "2023-05-23 16:00:00", "reason": "现场抽样送检"},
        {"case_no": "330624202305180001", "kind": "补正告知", "started_at": "2023-05-18 09:40:00",
         "reason": "缺营业场所证明"},
    ),
    "step": (
        {"case_no": "330624202305180001", "name": "审查", "action": "通过", "unit_name": "县市场监管局",
         "handler_name": "王某", "started_at": "2023-05-18 10:00:00", "ended_at": "2023-05-19 15:20:00",
         "note": "材料齐全"},
        {"case_no": "330624202305180001", "name": "决定", "action": "通过", "unit_name": "县市场监管局",
         "started_at": "2023-05-19 15:30:00", "ended_at": "2023-05-19 16:00:00"},
    ),
    "licence": (
        {"case_no": "330624202305180001", "name": "食品经营许可证", "number": "JY13306240000001",
         "issuer": "县市场监管局", "issued_on": "2023-05-22", "valid_from": "2023-05-22", "valid_until": "2028-05-21"},
        {"case_no": "330624202305180002", "name": "社会保险登记证", "number": "社险330624-0002",
         "issued_on": "2023-05-18", "valid_from": "2023-05-18", "valid_until": "长期"},
    ),
}  # fmt: skip
_HOW = {
    Kind.TIME: "写成 2023-05-18 09:30:00；只有日期也可以",
    Kind.DAY: "写成 2023-05-18；长期有效的写“长期”",
    Kind.WHOLE: "填 0 或正整数",
    Kind.FLAG: "填“是”或“否”",
    Kind.CODE: "填下列之一",
}


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def heads(mapping: Mapping) -> list[tuple[Field, str]]:
    """Return each field that the mapping reads with the one head that the template uses for it, in Chinese if it can."""
    fields = RECORDS[mapping.record]
    return [
        (fields[name], next((c for c in columns if _is_chinese(c)), columns[0]))
        for name, columns in mapping.columns.items()
    ]


def options(mapping: Mapping, field: Field) -> list[str]:
    """Return the words that a coded field takes."""
    if field.kind == Kind.FLAG:
        return ["是", "否"]
    known = mapping.values.get(field.name)
    words = [word for word in known.codes if _is_chinese(word)] if known else []
    return words or (list(known.codes) if known else list(field.codes))


def template(code: str) -> bytes:
    """Return the template of a mapping: text cells, drop-downs, and a sheet that explains with two examples."""
    mapping = next((m for m in mappings.shipped() if m.code == code), None)
    if mapping is None:
        raise NotFound("没有这个映射，请回到导入页选择。")
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    try:
        _fill_in(book, mapping)
        _explain(book, mapping)
    finally:
        book.close()
    return out.getvalue()


def _fill_in(book: Any, mapping: Mapping) -> None:
    sheet = book.add_worksheet("填写")
    head = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True})
    must = book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True})
    plain = book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 1)
    for place, (field, title) in enumerate(heads(mapping)):
        sheet.write_string(0, place, title, must if field.is_required else head)
        sheet.set_column(place, place, 26 if field.kind == Kind.TEXT else 20, plain)
        words = options(mapping, field) if field.kind in (Kind.CODE, Kind.FLAG) else []
        if words and len(",".join(words)) <= MOST_OPTIONS:
            sheet.data_validation(1, place, ROWS, place, {"validate": "list", "source": words})


def _explain(book: Any, mapping: Mapping) -> None:
    sheet = book.add_worksheet("填写说明")
    bold = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    titles = ("列", "要求", "怎么填", "可填的值", "示例一（勿导入）", "示例二（勿导入）", "也认这些列名")
    for place, (title, width) in enumerate(zip(titles, (20, 8, 34, 50, 26, 26, 40), strict=True)):
        sheet.write_string(0, place, title, bold)
        sheet.set_column(place, place, width, wrap)
    sheet.freeze_panes(1, 1)
    first, second = EXAMPLES[mapping.record]
    for row, (field, title) in enumerate(heads(mapping), 1):
        how = _HOW.get(field.kind, f"最长{field.size}字")
        words = "、".join(options(mapping, field)) if field.kind in (Kind.CODE, Kind.FLAG) else ""
        also = "、".join(c for c in mapping.columns[field.name] if c != title)
        said = ("必填" if field.is_required else "选填", how, words, first.get(field.name, ""),
                second.get(field.name, ""), also)  # fmt: skip
        for place, text in enumerate((title, *said)):
            sheet.write_string(row, place, text, wrap)
    notes = "只读第一张表“填写”。编号、证件、电话等列已设为文本，请勿改成数值；整列不用的可以删去。"
    sheet.write_string(len(mapping.columns) + 2, 0, notes)


# --- what was not taken in -----------------------------------------------------------------------


def _reasons(batch: ImportBatch) -> dict[int, list[str]]:
    """Return row → why, from the complete list that the import kept."""
    found: dict[int, list[str]] = defaultdict(list)
    if batch.rejected_file is None:
        return found
    with files.open_file(batch.rejected_file) as kept:
        lines = csv.reader(io.TextIOWrapper(kept, encoding="utf-8-sig", newline=""))
        next(lines, None)
        for number, column, _, reason in lines:
            found[int(number)].append(f"「{column}」{reason}" if column else reason)
    return found


def rejected_rows(batch: ImportBatch) -> bytes:
    """Return the rows that were not taken in as they were sent, with their reasons in a last column, as .xlsx."""
    if batch.file is None or batch.rejected_file is None:
        raise NotFound("这一批没有可以取回的原文件。")
    reasons = _reasons(batch)
    out = io.BytesIO()
    with tables.open_table(files.path_of(batch.file.sha256)) as table:
        own = [place for place, head in enumerate(table.header) if head != WHY]
        rows = _with_reasons(table, own, reasons)
        tables.write_xlsx(out, [*(table.header[place] for place in own), WHY], rows)
    return out.getvalue()


def _with_reasons(table: tables.Table, own: list[int], reasons: dict[int, list[str]]) -> Iterator[list[str]]:
    for number, cells in table.rows:
        if number in reasons:
            yield [*(cells[place] for place in own), "；".join(reasons[number])]
