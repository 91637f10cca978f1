"""Self-written drafts: .docx and text files read into blocks."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml.etree import XMLSyntaxError  # type: ignore[import-untyped]

from xinfu.core.refusal import Refused
from xinfu.papers import blocks as text

UNPACKED_LIMIT = 200 * 1024 * 1024
HEADING = re.compile(
    r"^(?:(?P<one>[一二三四五六七八九十]{1,3}、)|(?P<two>（[一二三四五六七八九十]{1,3}）)"
    r"|(?P<three>\d{1,2}\.(?!\d))|(?P<four>（\d{1,2}）))(?P<text>[^。；]{1,40})$"
)
TABLE_WIDTH = 156


def read(name: str, content: bytes) -> tuple[str, list[dict[str, Any]]]:
    """Return title and blocks of a draft; raises Refused where the file cannot be read."""
    if content.startswith(b"PK\x03\x04"):
        return _title_apart(_docx_blocks(content))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("old_word", "这是旧版 Word 文件（.doc），请另存为 .docx 后再上传。", field="file")
    if b"\x00" in content[:4096] or content.startswith(b"%PDF"):
        raise Refused("not_a_draft_file", "只能上传 .docx 或纯文本稿件。", field="file")
    return _title_apart(_as_blocks(_decoded(content).splitlines()))


def text_of(name: str, content: bytes) -> list[str]:
    """Return the lines of a draft as they are, tables row by row."""
    if content.startswith(b"PK\x03\x04"):
        return [line for item in _items(content) for line in _item_lines(item)]
    read(name, content)
    return [line for raw in _decoded(content).splitlines() if (line := raw.strip())]


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("bad_encoding", "文字编码不认识，请另存为 UTF-8 文本或 .docx。", field="file")


def _items(content: bytes) -> list[Paragraph | Table]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        found = (
            list(docx.Document(io.BytesIO(content)).iter_inner_content())
            if unpacked <= UNPACKED_LIMIT
            else None
        )
    except (
        zipfile.BadZipFile,
        PackageNotFoundError,
        XMLSyntaxError,
        KeyError,
        ValueError,
        AttributeError,
    ) as error:
        raise Refused(
            "broken_docx", "文件打不开：不是.docx，或者已损坏。请在WPS中另存后再传。", field="file"
        ) from error
    if found is None:
        raise Refused("too_large", "文件解开后超过200MB，请删去图片后再上传。", field="file")
    return found


def _item_lines(item: Paragraph | Table) -> list[str]:
    if isinstance(item, Paragraph):
        return [item.text.strip()] if item.text.strip() else []
    return ["\t".join(cell.text.strip() for cell in row.cells) for row in item.rows]


def _docx_blocks(content: bytes) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    texts: list[str] = []
    for item in _items(content):
        if isinstance(item, Paragraph):
            texts.append(item.text)
            continue
        blocks += [*_as_blocks(texts, blocks), *_table_block(item)]
        texts = []
    return [*blocks, *_as_blocks(texts, blocks)]


def _table_block(table: Table) -> list[dict[str, Any]]:
    rows = [[cell.text.strip() for cell in row.cells] for row in table.rows]
    if not rows or not rows[0]:
        return []
    width = max(TABLE_WIDTH // len(rows[0]), 1)
    head = [{"title": title, "width": width, "align": "left"} for title in rows[0]]
    body = [row for row in rows[1:] if len(row) == len(head)]
    return [{"kind": "table", "title": "", "columns": head, "rows": body}]


def _as_blocks(texts: list[str], before: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """Turn lines into headings and paragraphs; a heading counts only where our numbering gives its mark."""
    known = list(before or [])
    start = len(known)
    for raw in texts:
        line = raw.strip()
        if line:
            known.append(_heading(line, known) or {"kind": "paragraph", "runs": [{"text": line}]})
    return known[start:]


def _heading(line: str, known: list[dict[str, Any]]) -> dict[str, Any] | None:
    found = HEADING.match(line)
    if not found:
        return None
    level = 1 + [bool(found[name]) for name in ("one", "two", "three", "four")].index(True)
    block = {"kind": "heading", "level": level, "text": found["text"].strip()}
    label = list(text.labelled([*known, block]))[-1][0]
    return block if line.startswith(label) and block["text"] else None


def _title_apart(blocks: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Take a short first paragraph without a full stop as the title."""
    if not blocks:
        raise Refused("empty_draft", "文件里没有文字，请检查后重新选择。", field="file")
    first = blocks[0]
    title = "".join(run["text"] for run in first["runs"]) if first["kind"] == "paragraph" else ""
    if title and len(title) <= 60 and not title.endswith(("。", "：", "；")):
        return title, blocks[1:]
    return "", blocks
