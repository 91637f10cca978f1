"""Papers as .pdf by WeasyPrint, with a word about the fonts that had to be replaced."""

from __future__ import annotations

from dataclasses import dataclass

from xinfu.papers import rules
from xinfu.papers.blocks import Document, digest, labelled
from xinfu.papers.html_out import ALIASES, FALLBACKS, SERIF, fonts_found, html_text


@dataclass(frozen=True, slots=True)
class Pdf:
    """A PDF and which of the wanted fonts it could not use."""

    content: bytes
    missing: tuple[str, ...]
    used: tuple[str, ...]

    @property
    def notice(self) -> str:
        """Return the sentence for the screen, or nothing where all fonts were there."""
        if not self.missing:
            return ""
        return f"PDF未用上规定字体：{'、'.join(self.missing)}；已用{'、'.join(self.used)}代替。请在字体目录（XINFU_FONTS）放入字体后重新生成。"


def wanted_fonts(document: Document) -> list[str]:
    """Return the fonts that the standard asks for in this paper."""
    layout = rules.LAYOUTS[document.layout]
    levels = {block["level"] for _, block in labelled(document.blocks) if block["kind"] == "heading"}
    tables = bool(document.figures) or any(b["kind"] == "table" for b in document.blocks)
    heads = [layout.heading_fonts[level - 1] for level in sorted(levels)]
    return list(
        dict.fromkeys(
            [layout.body_font, layout.title_font, *heads, *([layout.heading_fonts[0]] if tables else [])]
        )
    )


def pdf(document: Document) -> Pdf:
    """Return the paper as PDF; needs the Pango libraries."""
    from weasyprint import HTML

    rendered = HTML(string=html_text(document)).render()
    content: bytes = rendered.write_pdf(pdf_identifier=digest(document)[:32].encode())
    used = {font.family for font in rendered.fonts.values()}
    missing = tuple(font for font in wanted_fonts(document) if not used & set(ALIASES.get(font, (font,))))
    return Pdf(
        content, missing, tuple(sorted(name for name in used if name not in sum(ALIASES.values(), ())))
    )


def missing_notice(document: Document) -> str:
    """Return the sentence about replaced fonts without making the PDF: by the fonts' folder alone."""
    missing = tuple(font for font in wanted_fonts(document) if font not in fonts_found())
    names = {FALLBACKS.get(font, SERIF)[0] for font in missing}
    return Pdf(b"", missing, tuple(sorted(names))).notice
