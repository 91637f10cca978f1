"""The page of GB/T 9704-2012 in a .docx: paper, margins, line grid, page numbers, and the styles of the text."""

from __future__ import annotations

import math
from typing import Any

from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.section import Section
from docx.shared import Emu, Pt
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from xinfu.papers.rules import Layout

EMU_PER_CMM = 360  # English metric units in a hundredth of a millimetre
TWIPS_PER_CMM = 1440 / 2540
ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
}
DROPPED_PARTS = {"theme", "thumbnail", "customXml", "stylesWithEffects", "webSettings", "numbering"}
KEPT_STYLES = {"Normal", "Default Paragraph Font", "Normal Table", "No List", "Footer", "Header"}


def xml(thing: Any) -> Any:
    """Return the XML element behind a paragraph, run, row or table; python-docx has no public door to it."""
    return thing._element  # noqa: SLF001


def _drop(parent: Any, *names: str) -> None:
    for name in names:
        for element in parent.findall(qn(name)):
            parent.remove(element)


def _end(section: Section) -> Any:
    return section._sectPr  # noqa: SLF001


def twips(cmm: float) -> int:
    return round(cmm * TWIPS_PER_CMM)


def line_pitch(layout: Layout) -> float:
    """Return the pitch of the text lines in points: 225 mm over 22 lines."""
    return int(layout.text[1] / layout.lines / 2540 * 72 * 20) / 20


def _tightening(layout: Layout) -> int:
    """Return the character spacing, in twentieths of a point, with which 28 characters fit into 156 mm.

    Word and LibreOffice read a character grid differently; spacing in the style they read alike.
    """
    room = layout.text[0] / 2540 * 72 / layout.characters
    return math.floor((room - layout.body_size / 2) * 20)


def prepare(document: Docx, layout: Layout) -> None:
    """Make a new .docx the office's: nothing of the template's, our styles, the page of its first section."""
    _clean(document)
    _styles(document, layout)
    set_page(document.sections[0], layout, landscape=False)


def _clean(document: Docx) -> None:
    """Take the template's theme, thumbnail, custom parts and unused styles away."""
    for owner in (document.part.package, document.part):
        unwanted = [
            k for k, relation in owner.rels.items() if relation.reltype.rsplit("/", 1)[-1] in DROPPED_PARTS
        ]
        for key in unwanted:
            del owner.rels[key]
    for style in [s for s in document.styles if s.name not in KEPT_STYLES]:
        style.delete()
    styles, settings = document.styles.element, document.settings.element
    for element in styles.iter(qn("w:rFonts"), qn("w:color")):
        for name in [n for n in element.attrib if "heme" in n]:
            del element.attrib[name]
    _drop(styles, "w:latentStyles")
    _drop(settings, "w:themeFontLang", "w:clrSchemeMapping", "w:attachedTemplate")
    document.settings.odd_and_even_pages_header_footer = True


def _styles(document: Docx, layout: Layout) -> None:
    fonts = document.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    assert fonts is not None
    for old in fonts.findall(qn("w:rFonts")):
        fonts.remove(old)
    fonts.insert(0, _fonts(layout, layout.body_font))
    for language in fonts.findall(qn("w:lang")):
        language.set(
            qn("w:eastAsia"), "zh-CN"
        )  # else a replaced font writes the punctuation of Taiwan or Japan
    normal = document.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)
    _style(layout, normal, layout.body_font, layout.body_size, indent=2)
    titles = {
        "公文标题": (layout.title_font, layout.title_size),
        "红头": (layout.title_font, layout.red_head_size),
    }
    for name, (font, size) in titles.items():
        style = _style(layout, _new(document, name), font, size, align="center")
        style.paragraph_format.line_spacing = Pt(size / 2 * 1.3)
    for level, font in enumerate(layout.heading_fonts, 1):
        style = _style(layout, _new(document, f"{level}级标题"), font, layout.body_size, indent=2)
        style.paragraph_format.keep_with_next = True
        properties = style.element.get_or_add_pPr()
        properties.append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="{level - 1}"/>'))
    _style(layout, _new(document, "无缩进"), layout.body_font, layout.body_size)
    _style(layout, _new(document, "居中"), layout.body_font, layout.body_size, align="center")
    _style(layout, _new(document, "版记"), layout.body_font, 28)
    table = _style(layout, _new(document, "表格文字"), layout.body_font, layout.table_size)
    table.paragraph_format.line_spacing = 1.0
    head = _style(layout, _new(document, "表头"), layout.heading_fonts[0], layout.table_size, align="center")
    head.paragraph_format.line_spacing = 1.0
    for name in ("Footer", "Header"):
        style = document.styles[name]
        assert isinstance(style, ParagraphStyle)
        _style(layout, style, "宋体", layout.folio_size)
        style.paragraph_format.line_spacing = 1.0


def _new(document: Docx, name: str) -> ParagraphStyle:
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    assert isinstance(style, ParagraphStyle)
    style.base_style = document.styles["Normal"]
    return style


def _style(
    layout: Layout, style: ParagraphStyle, font: str, half_points: int, indent: int = 0, align: str = ""
) -> ParagraphStyle:
    style.font.size = Pt(half_points / 2)
    properties = style.element.get_or_add_rPr()
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    properties.insert(0, _fonts(layout, font))
    if half_points == layout.body_size:
        properties.insert_element_before(
            parse_xml(f'<w:spacing {nsdecls("w")} w:val="{_tightening(layout)}"/>'),
            "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:highlight", "w:u", "w:vertAlign", "w:lang",
        )  # fmt: skip
    shape = style.paragraph_format
    shape.space_before = shape.space_after = Pt(0)
    shape.line_spacing = Pt(line_pitch(layout))
    shape.alignment = ALIGN.get(align, WD_ALIGN_PARAGRAPH.JUSTIFY)
    shape.first_line_indent = Pt(half_points / 2 * indent)
    shape.widow_control = False
    style.element.get_or_add_pPr().insert_element_before(
        parse_xml(f'<w:overflowPunct {nsdecls("w")} w:val="1"/>'),  # unsaid, LibreOffice loses marks at line ends
        "w:topLinePunct", "w:autoSpaceDE", "w:autoSpaceDN", "w:bidi", "w:adjustRightInd", "w:snapToGrid", "w:spacing",
        "w:ind", "w:contextualSpacing", "w:mirrorIndents", "w:jc", "w:outlineLvl",
    )  # fmt: skip
    return style


def _fonts(layout: Layout, east: str) -> BaseOxmlElement:
    latin = layout.latin_font
    return parse_xml(
        f'<w:rFonts {nsdecls("w")} w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{east}" w:cs="{latin}" w:hint="eastAsia"/>'
    )


def set_page(section: Section, layout: Layout, *, landscape: bool) -> None:
    """Set paper, margins, line grid and page numbers of a section."""
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
        pitch = round(line_pitch(layout) * 20)
        _end(section).append(parse_xml(f'<w:docGrid {nsdecls("w")} w:type="lines" w:linePitch="{pitch}"/>'))
        _folio(section.footer.paragraphs[0], "right")
        _folio(section.even_page_footer.paragraphs[0], "left")


def _folio(paragraph: Paragraph, side: str) -> None:
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
            xml(run).append(parse_xml(f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>'))
        else:
            xml(run).append(
                parse_xml(f'<w:instrText {nsdecls("w")} xml:space="preserve"> PAGE </w:instrText>')
            )
    paragraph.add_run(" —")
