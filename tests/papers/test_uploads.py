"""Self-written drafts: what is read, and what is refused."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest

from tests.papers.test_render import DRAFT
from xinfu.core.refusal import Refused
from xinfu.papers import render, uploads


def test_a_text_gives_title_headings_and_paragraphs() -> None:
    title, blocks = uploads.read(
        "稿.txt", "半年工作总结\n一、概况\n（一）办件\n共108万件。\n\n二、打算\n".encode("gb18030")
    )
    assert title == "半年工作总结"
    assert [(b["kind"], b.get("level")) for b in blocks] == [
        ("heading", 1), ("heading", 2), ("paragraph", None), ("heading", 1),
    ]  # fmt: skip


def test_numbering_that_is_not_ours_stays_as_it_was_written() -> None:
    _, blocks = uploads.read("稿.txt", "标题\n一、甲\n三、乙\n".encode())
    assert [b["kind"] for b in blocks] == ["heading", "paragraph"]
    assert blocks[1]["runs"][0]["text"] == "三、乙"


def test_a_docx_gives_its_tables_too() -> None:
    document = docx.Document()
    document.add_paragraph("工作总结")
    document.add_paragraph("一、概况")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        [c for row in table.rows for c in row.cells], ["部门", "件数", "甲", "12"], strict=True
    ):
        cell.text = text
    document.add_paragraph("共12件。")
    out = io.BytesIO()
    document.save(out)
    title, blocks = uploads.read("稿.docx", out.getvalue())
    assert title == "工作总结"
    assert [b["kind"] for b in blocks] == ["heading", "table", "paragraph"]
    assert blocks[1]["rows"] == [["甲", "12"]]
    assert "甲\t12" in uploads.text_of("稿.docx", out.getvalue())


def test_our_own_file_can_be_read_again() -> None:
    lines = uploads.text_of("稿.docx", render.docx_bytes(DRAFT))
    assert "全县共办理108万件[1]。" in lines


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 210 * 1024 * 1024)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("稿.docx", b"PK\x03\x04broken", "broken_docx"),
        ("稿.doc", b"\xd0\xcf\x11\xe0....", "old_word"),
        ("稿.pdf", b"%PDF-1.7", "not_a_draft_file"),
        ("稿.txt", b"\x00\x01\x02", "not_a_draft_file"),
        ("稿.txt", b"\xff\xff\xff\xff", "bad_encoding"),
        ("稿.txt", b"  \n \n", "empty_draft"),
    ],
)
def test_a_file_that_is_no_draft_is_refused_with_a_sentence(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        uploads.read(name, content)
    assert refused.value.code == code


@pytest.mark.slow
def test_a_package_that_unpacks_to_hundreds_of_megabytes_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        uploads.read("稿.docx", bomb())
    assert refused.value.code in ("too_large", "broken_docx")
