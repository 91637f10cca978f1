"""Papers as .docx on the page of GB/T 9704-2012, byte for byte the same for the same Document.

No theme fonts, no text boxes, fixed column widths, `w:eastAsia` on every style: Word, WPS and LibreOffice open it alike.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import docx
from docx.document import Document as Docx
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_BREAK, WD_TAB_ALIGNMENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Emu, Pt, RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph

from xinfu.papers import docx_page as page
from xinfu.papers import rules
from xinfu.papers.blocks import (
    NOTES_TITLE,
    SOURCE_HEADS,
    SOURCE_TITLE,
    Document,
    cell_run,
    labelled,
    ordered_figures,
    references,
    snapshots,
    source_row,
)
from xinfu.papers.docx_page import ALIGN, EMU_PER_CMM, line_pitch, twips, xml

EPOCH = (1980, 1, 1, 0, 0, 0)
SOURCE_WIDTHS = (1000, 2600, 2000, 4900, 2600, 1900, 1900, 3000, 2300, 2500)


class Writer:
    """Builds one .docx; holds what every part of it needs."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.layout = rules.LAYOUTS[document.layout]
        self.numbers = references(document.blocks, document.figures)
        self.seen: set[str] = set()
        self.bookmarks = 0
        self.docx: Docx = docx.Document()

    def build(self) -> Docx:
        page.prepare(self.docx, self.layout)
        self._head()
        for label, block in labelled(self.document.blocks):
            self._block(label, block)
        self._tail()
        if self.document.figures:
            self._sources()
        if self.document.notes:
            self._notes()
        self._properties()
        return self.docx

    # --- text ------------------------------------------------------------------------------------

    def _add(self, text: str, style: str) -> Paragraph:
        return self.docx.add_paragraph(text, style=style)

    def _head(self) -> None:
        document = self.document
        if document.draft_label:
            self._add(document.draft_label, "无缩进")
        head = self._add(rules.FORMS[document.kind].head.format(organ=document.organ), "红头")
        self._shrink_to_line(head, head.text)
        last = head
        if document.number:
            last = self._add(document.number, "居中")
        self._line(last, self.layout.red, {"bottom": 18})
        title = self._add(document.title, "公文标题")
        title.paragraph_format.space_before = Pt(line_pitch(self.layout) * 2)
        title.paragraph_format.space_after = Pt(line_pitch(self.layout))
        if document.addressee:
            self._add(f"{document.addressee}：", "无缩进")

    def _shrink_to_line(self, paragraph: Paragraph, text: str) -> None:
        """Make the red head fit one line of 156 mm."""
        width = self.layout.text[0] / 2540 * 72
        size = min(self.layout.red_head_size / 2, int(width / max(len(text), 1)))
        for run in paragraph.runs:
            run.font.size = Pt(size)
            run.font.color.rgb = RGBColor.from_string(self.layout.red)
        paragraph.paragraph_format.space_after = Pt(line_pitch(self.layout))

    def _line(self, paragraph: Paragraph, colour: str, thickness: Mapping[str, int]) -> None:
        """Draw lines along edges of a paragraph, each so many eighths of a point thick."""
        properties = xml(paragraph).get_or_add_pPr()
        edges = "".join(
            f'<w:{edge} w:val="single" w:sz="{eighths}" w:space="4" w:color="{colour}"/>'
            for edge, eighths in thickness.items()
        )
        properties.insert_element_before(
            parse_xml(f"<w:pBdr {nsdecls('w')}>{edges}</w:pBdr>"),
            "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:kinsoku", "w:wordWrap", "w:snapToGrid", "w:spacing",
            "w:ind", "w:contextualSpacing", "w:mirrorIndents", "w:jc", "w:outlineLvl", "w:rPr", "w:sectPr",
        )  # fmt: skip

    def _block(self, label: str, block: Mapping[str, Any]) -> None:
        if block["kind"] == "heading":
            self._add(f"{label}{block['text']}", f"{block['level']}级标题")
        elif block["kind"] == "paragraph":
            paragraph = self._add("", "Normal")
            for run in block["runs"]:
                self._run(paragraph, run)
        else:
            title = self._add(str(block["title"]), "居中")
            title.paragraph_format.keep_with_next = True
            columns = block["columns"]
            cells = [[cell_run(cell) for cell in row] for row in block["rows"]]
            written = self._table([c["title"] for c in columns], [c["width"] * 100 for c in columns], cells,
                                  [c.get("align", "left") for c in columns])  # fmt: skip
            for row in list(written.rows)[1:] if block.get("row_height") else ():
                row.height = Emu(block["row_height"] * 100 * EMU_PER_CMM)

    def _run(self, paragraph: Paragraph, run: Mapping[str, Any]) -> None:
        written = paragraph.add_run(str(run["text"]))
        if run.get("bold"):
            written.bold = True
        if run.get("figure"):
            self._reference(paragraph, str(run["figure"]))

    def _reference(self, paragraph: Paragraph, key: str) -> None:
        """Write the raised number that jumps to its row of the source table."""
        number = self.numbers[key]
        link = parse_xml(
            f'<w:hyperlink {nsdecls("w")} w:anchor="source_{number}" w:history="1"><w:r><w:rPr>'
            f'<w:vertAlign w:val="superscript"/></w:rPr><w:t>[{number}]</w:t></w:r></w:hyperlink>'
        )
        xml(paragraph).append(link)
        if key not in self.seen:
            self.seen.add(key)
            self._bookmark(link, f"figure_{number}")

    def _bookmark(self, element: BaseOxmlElement, name: str) -> None:
        self.bookmarks += 1
        mark = self.bookmarks
        element.addprevious(parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{mark}" w:name="{name}"/>'))
        element.addnext(parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{mark}"/>'))

    def _table(
        self, heads: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[Mapping[str, Any]]],
        aligns: Sequence[str],
    ) -> Table:  # fmt: skip
        table: Table = self.docx.add_table(rows=1 + len(rows), cols=len(heads))
        self._fix(table, widths)
        grid = [list(row.cells) for row in table.rows]
        for place, head in enumerate(heads):
            paragraph = grid[0][place].paragraphs[0]
            paragraph.style = "表头"
            paragraph.add_run(head)
        for line, row in enumerate(rows, 1):
            for place, run in enumerate(row):
                paragraph = grid[line][place].paragraphs[0]
                paragraph.style = "表格文字"
                paragraph.alignment = ALIGN[aligns[place]]
                self._run(paragraph, run)
        return table

    def _fix(self, table: Table, widths: Sequence[int]) -> None:
        """Give the table fixed widths, thin lines, a repeated head and rows that do not split."""
        table.autofit = False
        properties = xml(table).tblPr
        for name in ("w:tblStyle", "w:tblLook", "w:tblW"):
            for old in properties.findall(qn(name)):
                properties.remove(old)
        properties.insert(
            0, parse_xml(f'<w:tblW {nsdecls("w")} w:w="{sum(twips(w) for w in widths)}" w:type="dxa"/>')
        )
        lines = "".join(
            f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
            for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        borders = parse_xml(f"<w:tblBorders {nsdecls('w')}>{lines}</w:tblBorders>")
        layout = properties.find(qn("w:tblLayout"))
        if layout is not None:
            layout.addprevious(borders)
        for column, width in zip(xml(table).tblGrid.findall(qn("w:gridCol")), widths, strict=True):
            column.set(qn("w:w"), str(twips(width)))
        for place, row in enumerate(table.rows):
            properties = xml(row).get_or_add_trPr()
            properties.append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
            if place == 0:
                properties.append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
            for cell, width in zip(row.cells, widths, strict=True):
                cell.width = Emu(width * EMU_PER_CMM)

    def _tail(self) -> None:
        document, pitch = self.document, line_pitch(self.layout)
        if document.signed_on:
            self._keep_with_signature()
            day = rules.day_text(document.signed_on)
            day_width = sum(1.0 if ord(c) > 255 else 0.5 for c in day)
            organ_width = float(len(document.organ))
            inner = max(4.0 + (day_width - organ_width) / 2, 2.0)
            organ = self._add(document.organ, "无缩进")
            organ.alignment = ALIGN["right"]
            organ.paragraph_format.right_indent = Pt(16 * inner)
            organ.paragraph_format.space_before = Pt(pitch * 3)  # room for the seal
            organ.paragraph_format.keep_with_next = True
            line = self._add(day, "无缩进")
            line.alignment = ALIGN["right"]
            line.paragraph_format.right_indent = Pt(16 * max(4.0, inner + (organ_width - day_width) / 2))
        lines = self._colophon()
        for place, text in enumerate(lines):
            paragraph = self._add(text, "版记")
            shape = paragraph.paragraph_format
            shape.first_line_indent = Pt(14)  # the lines run over the whole width of the text
            shape.tab_stops.add_tab_stop(
                Emu(self.layout.text[0] * EMU_PER_CMM - Pt(14)), WD_TAB_ALIGNMENT.RIGHT
            )
            if place == 0:
                shape.space_before = Pt(pitch * 2)
            thickness = {"top": 6 if place else 8} | ({"bottom": 8} if place == len(lines) - 1 else {})
            self._line(paragraph, "000000", thickness)

    def _keep_with_signature(self) -> None:
        """Let the end of the text come along where the signature goes to a new page: no page without text."""
        last = list(self.docx.iter_inner_content())[-1]
        ending = [last] if isinstance(last, Paragraph) else [c.paragraphs[-1] for c in last.rows[-1].cells]
        for paragraph in ending:
            paragraph.paragraph_format.keep_with_next = True

    def _colophon(self) -> list[str]:
        document = self.document
        copies = [f"抄送：{document.copy_to}。"] if document.copy_to else []
        if document.printed_on:
            copies.append(f"{document.organ}\t{rules.day_text(document.printed_on)}印发")
        return copies

    def _sources(self) -> None:
        section = self.docx.add_section(WD_SECTION.NEW_PAGE)
        self._end_section_in_last_paragraph()
        page.set_page(section, self.layout, landscape=True)
        self._add(SOURCE_TITLE, "居中")
        pairs = ordered_figures(self.document)
        rows = [[{"text": cell} for cell in source_row(number, figure)] for number, figure in pairs]
        table = self._table(SOURCE_HEADS, SOURCE_WIDTHS, rows, ["left"] * len(SOURCE_HEADS))
        for row, (number, _) in zip(list(table.rows)[1:], pairs, strict=True):
            run = xml(row.cells[0].paragraphs[0].runs[0])
            self._bookmark(run, f"source_{number}")
        for digest in snapshots(self.document):
            self._add(f"快照全文摘要：{digest}", "表格文字")

    def _end_section_in_last_paragraph(self) -> None:
        """Hang the section's end on the last paragraph that has text, so that no empty page can arise."""
        carrier = self.docx.element.body.findall(qn("w:p"))[-1]
        before = carrier.getprevious()
        if before is not None and before.tag == qn("w:p"):
            end = carrier.pPr.find(qn("w:sectPr"))
            before.get_or_add_pPr().append(end)
            carrier.getparent().remove(carrier)

    def _notes(self) -> None:
        title = self._add("", "居中")
        title.add_run().add_break(WD_BREAK.PAGE)
        title.add_run(NOTES_TITLE)
        for note in self.document.notes:
            self._add(note, "Normal")

    def _properties(self) -> None:
        core = self.docx.core_properties
        day = self.document.signed_on
        moment = (
            datetime(day.year, day.month, day.day, tzinfo=UTC) if day else datetime(1980, 1, 1, tzinfo=UTC)
        )
        core.title, core.author, core.last_modified_by = (
            self.document.title,
            self.document.organ,
            self.document.organ,
        )
        core.created = core.modified = moment.replace(tzinfo=None)
        core.comments, core.keywords, core.subject = "", "", self.document.number
        core.revision, core.language = 1, "zh-CN"


def docx_bytes(document: Document) -> bytes:
    """Return the paper as .docx; equal documents give equal bytes."""
    raw = io.BytesIO()
    Writer(document).build().save(raw)
    return _same_every_time(raw.getvalue())


def _same_every_time(content: bytes) -> bytes:
    """Write the package anew: fixed order, fixed times, stored, so that no clock or compressor shows."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 0
            new.writestr(info, old.read(name))
    return out.getvalue()


def docx_lines(content: bytes) -> list[str]:
    """Return what a .docx says, one line a paragraph or table row, as blocks.lines does."""
    out: list[str] = []
    for item in docx.Document(io.BytesIO(content)).iter_inner_content():
        if isinstance(item, Paragraph):
            text = item.text.strip("\n\f").replace("\t", "　")
            out += [text] if text else []
        else:
            out += ["\t".join(cell.text for cell in row.cells) for row in item.rows]
    return out
