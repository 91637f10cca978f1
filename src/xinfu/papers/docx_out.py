"""Papers as .docx on the page of GB/T 9704-2012, byte for byte the same for the same Document.

No theme fonts, no text boxes, fixed column widths, `w:eastAsia` on every style: Word, WPS and LibreOffice open it alike.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import docx
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.section import Section
from docx.shared import Emu, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table
from docx.text.paragraph import Paragraph

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
from xinfu.papers.rules import Layout

EMU_PER_CMM = 360  # English metric units in a hundredth of a millimetre
TWIPS_PER_CMM = 1440 / 2540
EPOCH = (1980, 1, 1, 0, 0, 0)
SOURCE_WIDTHS = (1000, 2600, 2000, 4900, 2600, 1900, 1900, 3000, 2300, 2500)
ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
}
DROPPED_PARTS = {"theme", "thumbnail", "customXml", "stylesWithEffects", "webSettings", "numbering"}
KEPT_STYLES = {"Normal", "Default Paragraph Font", "Normal Table", "No List", "Footer", "Header"}
CHARACTER = Pt(16)


def _xml(thing: Any) -> Any:
    """Return the XML element behind a paragraph, run, row or table; python-docx has no public door to it."""
    return thing._element  # noqa: SLF001


def _drop(parent: Any, *names: str) -> None:
    for name in names:
        for element in parent.findall(qn(name)):
            parent.remove(element)


def _end(section: Section) -> Any:
    return section._sectPr  # noqa: SLF001


def _twips(cmm: float) -> int:
    return round(cmm * TWIPS_PER_CMM)


def _line_pitch(layout: Layout) -> float:
    """Return the pitch of the text lines in points: 225 mm over 22 lines."""
    return int(layout.text[1] / layout.lines / 2540 * 72 * 20) / 20


def _tightening(layout: Layout) -> int:
    """Return the character spacing, in twentieths of a point, with which 28 characters fit into 156 mm.

    Word and LibreOffice read a character grid differently; spacing in the style they read alike.
    """
    room = layout.text[0] / 2540 * 72 / layout.characters
    return math.floor((room - layout.body_size / 2) * 20)


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
        self._clean()
        self._styles()
        self._page(self.docx.sections[0], landscape=False)
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

    # --- frame -----------------------------------------------------------------------------------

    def _clean(self) -> None:
        """Take the template's theme, thumbnail, custom parts and unused styles away."""
        for owner in (self.docx.part.package, self.docx.part):
            unwanted = [
                k
                for k, relation in owner.rels.items()
                if relation.reltype.rsplit("/", 1)[-1] in DROPPED_PARTS
            ]
            for key in unwanted:
                del owner.rels[key]
        for style in [s for s in self.docx.styles if s.name not in KEPT_STYLES]:
            style.delete()
        styles, settings = self.docx.styles.element, self.docx.settings.element
        for element in styles.iter(qn("w:rFonts"), qn("w:color")):
            for name in [n for n in element.attrib if "heme" in n]:
                del element.attrib[name]
        _drop(styles, "w:latentStyles")
        _drop(settings, "w:themeFontLang", "w:clrSchemeMapping", "w:attachedTemplate")
        self.docx.settings.odd_and_even_pages_header_footer = True

    def _styles(self) -> None:
        layout = self.layout
        fonts = self.docx.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
        assert fonts is not None
        for old in fonts.findall(qn("w:rFonts")):
            fonts.remove(old)
        fonts.insert(0, self._fonts(layout.body_font))
        normal = self.docx.styles["Normal"]
        assert isinstance(normal, ParagraphStyle)
        self._style(normal, layout.body_font, layout.body_size, indent=2)
        titles = {
            "公文标题": (layout.title_font, layout.title_size),
            "红头": (layout.title_font, layout.red_head_size),
        }
        for name, (font, size) in titles.items():
            style = self._style(self._new(name), font, size, align="center")
            style.paragraph_format.line_spacing = Pt(size / 2 * 1.3)
        for level, font in enumerate(layout.heading_fonts, 1):
            style = self._style(self._new(f"{level}级标题"), font, layout.body_size, indent=2)
            style.paragraph_format.keep_with_next = True
            properties = style.element.get_or_add_pPr()
            properties.append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="{level - 1}"/>'))
        self._style(self._new("无缩进"), layout.body_font, layout.body_size)
        self._style(self._new("居中"), layout.body_font, layout.body_size, align="center")
        self._style(self._new("版记"), layout.body_font, 28)
        table = self._style(self._new("表格文字"), layout.body_font, layout.table_size)
        table.paragraph_format.line_spacing = 1.0
        head = self._style(self._new("表头"), layout.heading_fonts[0], layout.table_size, align="center")
        head.paragraph_format.line_spacing = 1.0
        for name in ("Footer", "Header"):
            style = self.docx.styles[name]
            assert isinstance(style, ParagraphStyle)
            self._style(style, "宋体", layout.folio_size)
            style.paragraph_format.line_spacing = 1.0

    def _new(self, name: str) -> ParagraphStyle:
        style = self.docx.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        assert isinstance(style, ParagraphStyle)
        style.base_style = self.docx.styles["Normal"]
        return style

    def _style(
        self, style: ParagraphStyle, font: str, half_points: int, indent: int = 0, align: str = ""
    ) -> ParagraphStyle:
        style.font.size = Pt(half_points / 2)
        properties = style.element.get_or_add_rPr()
        for old in properties.findall(qn("w:rFonts")):
            properties.remove(old)
        properties.insert(0, self._fonts(font))
        if half_points == self.layout.body_size:
            properties.insert_element_before(
                parse_xml(f'<w:spacing {nsdecls("w")} w:val="{_tightening(self.layout)}"/>'),
                "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:highlight", "w:u", "w:vertAlign", "w:lang",
            )  # fmt: skip
        shape = style.paragraph_format
        shape.space_before = shape.space_after = Pt(0)
        shape.line_spacing = Pt(_line_pitch(self.layout))
        shape.alignment = ALIGN.get(align, WD_ALIGN_PARAGRAPH.JUSTIFY)
        shape.first_line_indent = Pt(half_points / 2 * indent)
        shape.widow_control = False
        return style

    def _fonts(self, east: str) -> BaseOxmlElement:
        latin = self.layout.latin_font
        return parse_xml(
            f'<w:rFonts {nsdecls("w")} w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{east}" w:cs="{latin}" w:hint="eastAsia"/>'
        )

    def _page(self, section: Section, *, landscape: bool) -> None:
        layout = self.layout
        width, height = layout.page
        bottom = height - layout.top - layout.text[1]
        right = width - layout.left - layout.text[0]
        if landscape:
            section.orientation = WD_ORIENT.LANDSCAPE
            width, height = height, width
            top, left, bottom, right = layout.left, 2500, right, 2500
        else:
            section.orientation = WD_ORIENT.PORTRAIT
            top, left = layout.top, layout.left
        section.page_width, section.page_height = Emu(width * EMU_PER_CMM), Emu(height * EMU_PER_CMM)
        section.top_margin, section.bottom_margin = Emu(top * EMU_PER_CMM), Emu(bottom * EMU_PER_CMM)
        section.left_margin, section.right_margin = Emu(left * EMU_PER_CMM), Emu(right * EMU_PER_CMM)
        section.footer_distance = Emu(max(bottom - 1400, 800) * EMU_PER_CMM)
        section.header_distance = Emu(1500 * EMU_PER_CMM)
        grid = _end(section).find(qn("w:docGrid"))
        if grid is not None:
            _end(section).remove(grid)
        if not landscape:
            pitch = round(_line_pitch(layout) * 20)
            _end(section).append(
                parse_xml(f'<w:docGrid {nsdecls("w")} w:type="lines" w:linePitch="{pitch}"/>')
            )
            self._folio(section.footer.paragraphs[0], "right")
            self._folio(section.even_page_footer.paragraphs[0], "left")

    def _folio(self, paragraph: Paragraph, side: str) -> None:
        """Write the page number — 1 — one character in from the edge."""
        paragraph.alignment = ALIGN[side]
        shape = paragraph.paragraph_format
        if side == "right":
            shape.right_indent = Pt(14)
        else:
            shape.left_indent = Pt(14)
        paragraph.add_run("— ")
        for kind in ("begin", "", "end"):
            run = paragraph.add_run()
            if kind:
                _xml(run).append(parse_xml(f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>'))
            else:
                _xml(run).append(
                    parse_xml(f'<w:instrText {nsdecls("w")} xml:space="preserve"> PAGE </w:instrText>')
                )
        paragraph.add_run(" —")

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
        self._line(last, self.layout.red, 18)
        title = self._add(document.title, "公文标题")
        title.paragraph_format.space_before = Pt(_line_pitch(self.layout) * 2)
        title.paragraph_format.space_after = Pt(_line_pitch(self.layout))
        if document.addressee:
            self._add(f"{document.addressee}：", "无缩进")

    def _shrink_to_line(self, paragraph: Paragraph, text: str) -> None:
        """Make the red head fit one line of 156 mm."""
        width = self.layout.text[0] / 2540 * 72
        size = min(self.layout.red_head_size / 2, int(width / max(len(text), 1)))
        for run in paragraph.runs:
            run.font.size = Pt(size)
            run.font.color.rgb = RGBColor.from_string(self.layout.red)
        paragraph.paragraph_format.space_after = Pt(_line_pitch(self.layout))

    def _line(self, paragraph: Paragraph, colour: str, eighths: int, edge: str = "bottom") -> None:
        properties = _xml(paragraph).get_or_add_pPr()
        properties.insert_element_before(
            parse_xml(
                f'<w:pBdr {nsdecls("w")}><w:{edge} w:val="single" w:sz="{eighths}" w:space="4" '
                f'w:color="{colour}"/></w:pBdr>'
            ),
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
            self._table([c["title"] for c in columns], [c["width"] * 100 for c in columns], cells,
                        [c.get("align", "left") for c in columns])  # fmt: skip

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
        _xml(paragraph).append(link)
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
        properties = _xml(table).tblPr
        for name in ("w:tblStyle", "w:tblLook", "w:tblW"):
            for old in properties.findall(qn(name)):
                properties.remove(old)
        properties.insert(
            0, parse_xml(f'<w:tblW {nsdecls("w")} w:w="{sum(_twips(w) for w in widths)}" w:type="dxa"/>')
        )
        lines = "".join(
            f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
            for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        borders = parse_xml(f"<w:tblBorders {nsdecls('w')}>{lines}</w:tblBorders>")
        layout = properties.find(qn("w:tblLayout"))
        if layout is not None:
            layout.addprevious(borders)
        for column, width in zip(_xml(table).tblGrid.findall(qn("w:gridCol")), widths, strict=True):
            column.set(qn("w:w"), str(_twips(width)))
        for place, row in enumerate(table.rows):
            properties = _xml(row).get_or_add_trPr()
            properties.append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
            if place == 0:
                properties.append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
            for cell, width in zip(row.cells, widths, strict=True):
                cell.width = Emu(width * EMU_PER_CMM)

    def _tail(self) -> None:
        document, pitch = self.document, _line_pitch(self.layout)
        if document.signed_on:
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
        first = True
        for text in self._colophon():
            paragraph = self._add(text, "版记")
            paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Pt(14)
            if first:
                paragraph.paragraph_format.space_before = Pt(pitch * 2)
                self._line(paragraph, "000000", 8, "top")
            first = False

    def _colophon(self) -> list[str]:
        document = self.document
        copies = [f"抄送：{document.copy_to}。"] if document.copy_to else []
        if document.printed_on:
            copies.append(f"{document.organ}　{rules.day_text(document.printed_on)}印发")
        return copies

    def _sources(self) -> None:
        section = self.docx.add_section(WD_SECTION.NEW_PAGE)
        self._end_section_in_last_paragraph()
        self._page(section, landscape=True)
        self._add(SOURCE_TITLE, "居中")
        pairs = ordered_figures(self.document)
        rows = [[{"text": cell} for cell in source_row(number, figure)] for number, figure in pairs]
        table = self._table(SOURCE_HEADS, SOURCE_WIDTHS, rows, ["left"] * len(SOURCE_HEADS))
        for row, (number, _) in zip(list(table.rows)[1:], pairs, strict=True):
            run = _xml(row.cells[0].paragraphs[0].runs[0])
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
            text = item.text.strip("\n\f")
            out += [text] if text else []
        else:
            out += ["\t".join(cell.text for cell in row.cells) for row in item.rows]
    return out
