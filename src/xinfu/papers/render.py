"""A paper as a file: the same Document always gives the same .docx bytes and the same text."""

from __future__ import annotations

from xinfu.papers import blocks
from xinfu.papers.blocks import Document
from xinfu.papers.docx_out import docx_bytes, docx_lines
from xinfu.papers.html_out import fonts_found, html_text, screen_html
from xinfu.papers.pdf_out import Pdf, missing_notice, pdf

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

__all__ = [
    "DOCX",
    "Document",
    "Pdf",
    "docx_bytes",
    "docx_lines",
    "fonts_found",
    "html_text",
    "missing_notice",
    "pdf",
    "plain_text",
    "screen_html",
]


def plain_text(document: Document) -> str:
    """Return the whole text, one line a paragraph or table row."""
    return "\n".join(blocks.lines(document)) + "\n"
