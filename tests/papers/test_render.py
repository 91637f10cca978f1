"""Files of papers: the same text as the blocks, the page of the standard, the same bytes every time."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.papers.conftest import BLOCKS, FIGURE
from xinfu.papers import blocks as text
from xinfu.papers import render, rules
from xinfu.papers.blocks import Document

ENTERED = {
    **FIGURE,
    "key": "good",
    "title": "好评率",
    "text": "99.84%",
    "origin": "entered",
    "evidence": "省平台月报",
    "snapshot": "",
}
SIGNED = Document(
    kind="report",
    organ="新昌县政务服务办公室",
    title="2023年上半年工作情况报告",
    blocks=[
        *BLOCKS,
        {"kind": "heading", "level": 3, "text": "评价"},
        {"kind": "heading", "level": 4, "text": "好评"},
        {
            "kind": "paragraph",
            "runs": [
                {"text": "好评率"},
                {"text": "99.84%", "figure": "good"},
                {"text": "持续向好", "bold": True},
            ],
        },
    ],
    figures=[FIGURE, ENTERED],
    addressee="县人民政府",
    copy_to="县委办",
    number="新政务〔2023〕12号",
    signed_on=date(2023, 6, 30),
    printed_on=date(2023, 7, 3),
)
DRAFT = replace(
    SIGNED,
    number="",
    signed_on=None,
    printed_on=None,
    draft_label="送审稿　第1版",
    notes=("请补充中介数据。",),
)


@pytest.mark.parametrize("document", [SIGNED, DRAFT, replace(DRAFT, figures=[], blocks=BLOCKS[:1], notes=())])
def test_the_docx_says_what_the_blocks_say_line_by_line(document: Document) -> None:
    assert render.docx_lines(render.docx_bytes(document)) == text.lines(document)


def test_equal_documents_give_equal_bytes_without_a_clock_in_them() -> None:
    first, second = render.docx_bytes(SIGNED), render.docx_bytes(replace(SIGNED))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2023-06-30T00:00:00Z" in package.read("docProps/core.xml")


@pytest.mark.parametrize(
    "change",
    [
        {"title": "另一标题"},
        {"blocks": BLOCKS},
        {"figures": [{**FIGURE, "snapshot": "sha256:" + "cd" * 32}, ENTERED]},
        {"addressee": "县委"},
        {"copy_to": ""},
        {"kind": "bulletin"},
        {"layout": ("gb9704", 2)},
    ],
)
def test_the_digest_covers_text_sources_snapshots_and_layout(change: dict[str, Any]) -> None:
    assert text.digest(replace(SIGNED, **change)) != text.digest(SIGNED)


def test_the_digest_does_not_cover_what_comes_after_the_signature() -> None:
    assert text.digest(DRAFT) == text.digest(SIGNED)


def opened() -> Any:
    return docx.Document(io.BytesIO(render.docx_bytes(SIGNED)))


def test_the_page_is_that_of_the_standard() -> None:
    section = opened().sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert (round(section.top_margin.mm), round(section.left_margin.mm)) == (37, 28)
    width = section.page_width - section.left_margin - section.right_margin
    height = section.page_height - section.top_margin - section.bottom_margin
    assert (round(width / 36000), round(height / 36000)) == (156, 225)
    normal = opened().styles["Normal"]
    assert normal.font.size.pt == 16
    assert (
        22 * normal.paragraph_format.line_spacing.pt
        <= height / 12700
        < 23 * normal.paragraph_format.line_spacing.pt
    )
    spacing = int(normal.element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert 28 * (16 + spacing) <= width / 12700 < 29 * (16 + spacing)


def test_every_style_names_its_chinese_font_and_no_theme_font_is_left() -> None:
    document = opened()
    styles = {s.name: s.element.rPr.rFonts.get(qn("w:eastAsia")) for s in document.styles if s.type == 1}
    assert set(styles.values()) <= {"仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312", "宋体"}
    assert (styles["Normal"], styles["公文标题"]) == ("仿宋_GB2312", "方正小标宋简体")
    assert (styles["1级标题"], styles["2级标题"], styles["3级标题"]) == ("黑体", "楷体_GB2312", "仿宋_GB2312")
    with zipfile.ZipFile(io.BytesIO(render.docx_bytes(SIGNED))) as package:
        names = package.namelist()
        xml = "".join(package.read(n).decode() for n in names if n.endswith(".xml"))
    assert "Theme=" not in xml
    assert not [n for n in names if "theme" in n or "thumbnail" in n]
    assert "txbx" not in xml


def test_headings_carry_the_four_marks_in_order() -> None:
    lines = text.lines(SIGNED)
    assert [line for line in lines if line in ("一、总体情况", "（一）分部门", "1.评价", "（1）好评")] == [
        "一、总体情况", "（一）分部门", "1.评价", "（1）好评",
    ]  # fmt: skip


def test_each_figure_jumps_to_its_row_of_the_source_table() -> None:
    body = opened().element.body
    anchors = [link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink"))]
    marks = {mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))}
    assert anchors == ["source_1", "source_1", "source_2"]
    assert {"source_1", "source_2", "figure_1", "figure_2"} <= marks
    table = opened().tables[-1]
    assert [c.text for c in table.rows[0].cells] == list(text.SOURCE_HEADS)
    assert [c.text for c in table.rows[2].cells][-1] == "人工填报：省平台月报"
    assert all(row.cells[8].text for row in table.rows)


def test_tables_have_fixed_widths_and_repeat_their_head() -> None:
    for table in opened().tables:
        assert table.autofit is False
        assert all(int(col.get(qn("w:w"))) > 0 for col in table._tbl.tblGrid.findall(qn("w:gridCol")))
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None


def test_the_page_number_stands_between_dashes_left_on_even_and_right_on_odd_pages() -> None:
    section = opened().sections[0]
    for footer, indent in ((section.footer, "right_indent"), (section.even_page_footer, "left_indent")):
        paragraph = footer.paragraphs[0]
        assert paragraph.text == "—  —"
        assert "PAGE" in paragraph._p.xml
        assert getattr(paragraph.paragraph_format, indent).pt == 14


def test_no_seal_is_printed_and_its_place_stays_free() -> None:
    document = opened()
    assert not document.inline_shapes
    organ = next(p for p in document.paragraphs if p.text == SIGNED.organ and p.paragraph_format.space_before)
    assert organ.paragraph_format.space_before.pt > 60


@pytest.mark.parametrize(
    ("number", "written"), [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (21, "二十一"), (99, "九十九")]
)
def test_headings_count_in_chinese(number: int, written: str) -> None:
    assert text.chinese(number) == written


def test_a_document_number_has_six_cornered_brackets_and_no_leading_zero() -> None:
    assert rules.number_text("新政务", 2023, 7) == "新政务〔2023〕7号"
    assert rules.day_text(date(2023, 6, 3)) == "2023年6月3日"


def test_a_longer_table_of_contents_restarts_the_lower_levels() -> None:
    blocks = [{"kind": "heading", "level": level, "text": "x"} for level in (1, 2, 2, 1, 2, 3, 4, 4)]
    assert [label for label, _ in text.labelled(blocks)] == [
        "一、",
        "（一）",
        "（二）",
        "二、",
        "（一）",
        "1.",
        "（1）",
        "（2）",
    ]


@pytest.mark.pdf
def test_the_pdf_carries_every_line_and_says_which_fonts_were_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pypdf import PdfReader

    monkeypatch.setenv("XINFU_FONTS", str(tmp_path))
    made = render.pdf(SIGNED)
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made.content)).pages)
    squeezed = "".join(read.split())
    for line in text.lines(SIGNED)[:8]:
        assert "".join(line.replace("[1]", "").split()) in squeezed.replace("[1]", "")
    assert set(made.missing) == {"仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312"}
    assert "XINFU_FONTS" in made.notice
    assert render.missing_notice(SIGNED)
    assert made.content == render.pdf(SIGNED).content


def test_a_font_that_lies_in_the_folder_is_found_by_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fontTools.fontBuilder import FontBuilder

    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef"])
    builder.setupCharacterMap({})
    builder.setupGlyf({".notdef": __import__("fontTools.ttLib.tables._g_l_y_f", fromlist=["Glyph"]).Glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "FangSong_GB2312", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "fs.ttf")
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    monkeypatch.setenv("XINFU_FONTS", str(tmp_path))
    assert render.fonts_found() == {"仿宋_GB2312": tmp_path / "fs.ttf"}
    assert "仿宋_GB2312" not in render.missing_notice(SIGNED)


def test_what_is_written_in_a_paper_is_never_taken_for_markup() -> None:
    sly = replace(SIGNED, title="<script>alert(1)</script>", copy_to="&<b>")
    assert "<script>" not in render.screen_html(sly)
    assert "&lt;script&gt;" in render.html_text(sly)
    assert render.docx_lines(render.docx_bytes(sly)) == text.lines(sly)


words = st.text(
    st.characters(categories=("L", "N", "P", "Zs"), exclude_characters="\u2028\u2029"),
    min_size=1,
    max_size=20,
).filter(str.strip)


@settings(max_examples=20, deadline=None)
@given(st.lists(words, min_size=1, max_size=4), words)
def test_any_text_survives_the_docx(runs: list[str], heading: str) -> None:
    document = replace(
        DRAFT,
        figures=[],
        blocks=[
            {"kind": "heading", "level": 1, "text": heading},
            {"kind": "paragraph", "runs": [{"text": run} for run in runs]},
        ],
    )
    assert render.docx_lines(render.docx_bytes(document)) == text.lines(document)


def test_the_colophon_has_who_issued_on_the_left_and_when_on_the_right() -> None:
    whole = docx.Document(io.BytesIO(render.docx_bytes(SIGNED)))
    last = next(p for p in whole.paragraphs if p.text.endswith("印发"))
    assert last.text == "新昌县政务服务办公室\t2023年7月3日印发"
    (stop,) = last.paragraph_format.tab_stops
    assert stop.alignment == WD_TAB_ALIGNMENT.RIGHT
    edges = last.paragraph_format.element.pPr.find(qn("w:pBdr"))
    assert [edge.tag for edge in edges] == [qn("w:top"), qn("w:bottom")]


def test_the_signature_takes_the_end_of_the_text_along_to_a_new_page() -> None:
    for blocks in (SIGNED.blocks, SIGNED.blocks[:4]):  # a paragraph, a table
        whole = docx.Document(io.BytesIO(render.docx_bytes(replace(SIGNED, blocks=blocks))))
        items = list(whole.iter_inner_content())
        organ = next(n for n, i in enumerate(items) if getattr(i, "text", "") == SIGNED.organ)
        before = items[organ - 1]
        ending = (
            [before] if isinstance(before, Paragraph) else [c.paragraphs[0] for c in before.rows[-1].cells]
        )
        assert all(p.paragraph_format.keep_with_next for p in [*ending, items[organ]])


def test_chinese_text_is_said_to_be_chinese_of_the_mainland() -> None:
    whole = docx.Document(io.BytesIO(render.docx_bytes(SIGNED)))
    languages = {e.get(qn("w:eastAsia")) for e in whole.styles.element.iter(qn("w:lang"))}
    assert languages == {"zh-CN"}


@pytest.mark.skipif(
    not (shutil.which("soffice") and shutil.which("pdftotext")),
    reason="LibreOffice and pdftotext, which show how a .docx prints, are not on this machine",
)
def test_libreoffice_prints_every_character_on_22_lines_of_at_most_28(tmp_path: Path) -> None:
    """A mark that would stand at the end of a full line was lost once."""
    sentence = "各窗口要按照公布的时间提供延时服务，不得提前离岗，确需离岗的应当报值班长同意并做好交接，保证群众办事有人接待、有人办理。"
    body = [{"kind": "paragraph", "runs": [{"text": sentence * n}]} for n in (3, 5, 7, 9, 11)]
    document = replace(SIGNED, blocks=body, figures=[])
    (tmp_path / "x.docx").write_bytes(render.docx_bytes(document))
    home = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    call = ["soffice", home, "--headless", "--convert-to", "pdf", "x.docx"]
    subprocess.run(call, cwd=tmp_path, capture_output=True, check=True, timeout=120)
    said = subprocess.run(
        ["pdftotext", "x.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    pages = [[line for line in page.splitlines() if line.strip()] for page in said.split("\f")]
    assert len(pages[1]) == 22 + 1, "the lines of a full page, and its number"
    assert all(len(line) <= 28 for line in pages[1])
    printed = "".join(line for page in pages for line in page if not line.startswith("—"))
    wanted = "".join(text.lines(document))
    assert printed.replace(" ", "") == "".join(wanted.split())
