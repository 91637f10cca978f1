"""The result of a checked draft: marked lines for the screen, a list as .csv and as .docx."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from xinfu.reports.models import DraftCheck
from xinfu.reports.rules import day_text, days_text

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
VERDICTS = {"ticked": ("√", "相符"), "struck": ("×", "不符"), "unknown": ("？", "未找到")}
HEADS = ("序号", "行", "文中的数", "上下文", "结论", "对应指标", "本系统的数", "统计期", "数据截至")
WIDTHS = (10, 10, 24, 44, 16, 30, 24, 36, 26)
RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line: plain, or a number with its verdict."""

    text: str
    verdict: str = ""
    shape: str = ""
    word: str = ""
    title: str = ""
    printed: str = ""
    url: str = ""


def marked_lines(row: DraftCheck) -> list[list[Piece]]:
    """Return the lines of the draft cut into pieces, every number with its verdict."""
    by_line: dict[int, list[Mapping[str, Any]]] = {}
    for mark in row.marks:
        by_line.setdefault(mark["line"], []).append(mark)
    return [list(_pieces(line, by_line.get(place, []))) for place, line in enumerate(row.lines)]


def _pieces(line: str, marks: list[Mapping[str, Any]]) -> Iterator[Piece]:
    last = 0
    for mark in marks:
        if mark["start"] > last:
            yield Piece(line[last : mark["start"]])
        shape, word = VERDICTS[mark["verdict"]]
        yield Piece(
            line[mark["start"] : mark["end"]],
            mark["verdict"],
            shape,
            word,
            mark["title"],
            mark["printed"],
            mark["url"],
        )
        last = mark["end"]
    if last < len(line):
        yield Piece(line[last:])


def rows_of(row: DraftCheck) -> list[list[str]]:
    """Return the list of numbers under HEADS."""
    return [
        [
            str(n),
            str(mark["line"] + 1),
            mark["text"],
            mark["context"],
            "".join(VERDICTS[mark["verdict"]]),
            mark["title"],
            mark["printed"],
            mark["period"],
            mark["cutoff"],
        ]
        for n, mark in enumerate(row.marks, 1)
    ]


def csv_bytes(row: DraftCheck) -> bytes:
    """Return the list as CSV: UTF-8 with BOM, cells that look like formulas escaped (X7)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS)
    for cells in rows_of(row):
        writer.writerow([f"'{cell}" if cell.startswith(RISKY) else cell for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def docx_bytes(row: DraftCheck) -> bytes:
    """Return the list as a landscape .docx, to be carried back to whoever wrote the draft."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(25)
    normal = document.styles["Normal"]
    normal.font.size = Pt(10.5)
    fonts = normal.element.get_or_add_rPr().get_or_add_rFonts()
    for name in [n for n in fonts.attrib if "heme" in n]:
        del fonts.attrib[name]
    for side in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(side), "Times New Roman")
    fonts.set(qn("w:eastAsia"), "仿宋_GB2312")
    document.add_paragraph(f"稿件数字核对：{row.name}")
    document.add_paragraph(
        f"统计期{days_text(row.frm, row.to)}，截至{day_text(row.as_of_on)}。"
        f"相符{row.ticked}处，不符{row.struck}处，未找到{row.unknown}处。快照摘要：{row.snapshot}"
    )
    rows = rows_of(row)
    table = document.add_table(rows=1 + len(rows), cols=len(HEADS), style="Table Grid")
    table.autofit = False
    for line, cells in zip(table.rows, [HEADS, *rows], strict=True):
        for cell, text, width in zip(line.cells, cells, WIDTHS, strict=True):
            cell.width = Mm(width)
            cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
