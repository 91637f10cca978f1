"""Papers as HTML: the same lines as the .docx, for the screen and for the PDF maker."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from fontTools.ttLib import TTCollection, TTFont, TTLibError  # type: ignore[import-untyped]

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

ALIASES: Mapping[str, tuple[str, ...]] = {
    "仿宋_GB2312": ("仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong"),
    "方正小标宋简体": ("方正小标宋简体", "FZXiaoBiaoSong-B05S", "方正小标宋_GBK"),
    "黑体": ("黑体", "SimHei"),
    "楷体_GB2312": ("楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi"),
}
FALLBACKS = {"黑体": ("Noto Sans CJK SC", "sans-serif")}
SERIF = ("Noto Serif CJK SC", "Noto Sans CJK SC", "serif")
NAME_IDS = (1, 4, 6, 16)  # family, full name, PostScript name, typographic family
BLANK = mark_safe("")


def family(font: str) -> str:
    """Return the CSS list of one wanted font: its own names, then the free fallback."""
    names = (*ALIASES.get(font, (font,)), *FALLBACKS.get(font, SERIF))
    return ", ".join(f'"{n}"' if n not in ("serif", "sans-serif") else n for n in names)


def font_folder() -> Path | None:
    folder = getattr(settings, "FONTS", "") or os.environ.get("XINFU_FONTS", "")
    return Path(folder) if folder and Path(folder).is_dir() else None


def fonts_found() -> dict[str, Path]:
    """Return which of the licensed fonts lie in the folder XINFU_FONTS: wanted name → file."""
    folder = font_folder()
    if folder is None:
        return {}
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".ttf", ".otf", ".ttc"))
    names = {path: _font_names(str(path), path.stat().st_mtime_ns) for path in files}
    return {
        wanted: path for wanted, aliases in ALIASES.items() for path in files if names[path] & set(aliases)
    }


@lru_cache(maxsize=64)
def _font_names(path: str, changed: int) -> frozenset[str]:
    """Return all names that a font file gives itself; `changed` keeps the cache honest."""
    try:
        with Path(path).open("rb") as file:
            fonts = TTCollection(file).fonts if path.lower().endswith(".ttc") else [TTFont(file)]
            return frozenset(
                record.toUnicode()
                for font in fonts
                for record in font["name"].names
                if record.nameID in NAME_IDS
            )
    except (TTLibError, OSError, KeyError, UnicodeDecodeError):
        return frozenset()


# --- the parts ----------------------------------------------------------------------------------------


def screen_html(document: Document) -> SafeString:
    """Return the paper as a fragment for the screen; each figure links to its row in the source table."""
    return format_html(
        '<article class="paper" lang="zh-CN">{}{}{}{}{}</article>',
        _head(document), _body(document), _tail(document), _sources(document), _notes(document),
    )  # fmt: skip


def _head(document: Document) -> SafeString:
    form = rules.FORMS[document.kind]
    return format_html(
        '{}<p class="paper-head">{}</p>{}<p class="paper-title">{}</p>{}',
        format_html('<p class="paper-label">{}</p>', document.draft_label) if document.draft_label else BLANK,
        form.head.format(organ=document.organ),
        format_html('<p class="paper-number">{}</p>', document.number) if document.number else BLANK,
        document.title,
        format_html('<p class="paper-addressee">{}：</p>', document.addressee)
        if document.addressee
        else BLANK,
    )


def _body(document: Document) -> SafeString:
    numbers = references(document.blocks, document.figures)
    seen: set[str] = set()
    parts = [_block(label, block, numbers, seen) for label, block in labelled(document.blocks)]
    return format_html_join("", "{}", ((part,) for part in parts))


def _block(label: str, block: Mapping[str, Any], numbers: Mapping[str, int], seen: set[str]) -> SafeString:
    if block["kind"] == "heading":
        level = int(block["level"])
        return format_html(
            '<h{} class="paper-h{}">{}{}</h{}>', level + 1, level, label, block["text"], level + 1
        )
    if block["kind"] == "paragraph":
        return format_html("<p>{}</p>", _runs(block["runs"], numbers, seen))
    columns = block["columns"]
    head = format_html_join(
        "",
        '<th scope="col" class="paper-{}">{}</th>',
        ((c.get("align", "left"), c["title"]) for c in columns),
    )
    rows = format_html_join(
        "",
        "<tr>{}</tr>",
        (
            (
                format_html_join(
                    "",
                    '<td class="paper-{}">{}</td>',
                    (
                        (column.get("align", "left"), _runs([cell_run(cell)], numbers, seen))
                        for column, cell in zip(columns, row, strict=True)
                    ),
                ),
            )
            for row in block["rows"]
        ),
    )
    return format_html(
        '<table class="paper-table{}"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        " to-sign" if block.get("row_height") else "", block["title"], head, rows,
    )  # fmt: skip


def _runs(runs: list[Mapping[str, Any]], numbers: Mapping[str, int], seen: set[str]) -> SafeString:
    return format_html_join("", "{}", ((_run(run, numbers, seen),) for run in runs))


def _run(run: Mapping[str, Any], numbers: Mapping[str, int], seen: set[str]) -> SafeString:
    written = format_html("<b>{}</b>", run["text"]) if run.get("bold") else format_html("{}", run["text"])
    if not run.get("figure"):
        return written
    number = numbers[run["figure"]]
    anchor = BLANK if run["figure"] in seen else format_html(' id="figure_{}"', number)
    seen.add(run["figure"])
    return format_html('{}<sup{}><a href="#source_{}">[{}]</a></sup>', written, anchor, number, number)


def _tail(document: Document) -> SafeString:
    signature = BLANK
    if document.signed_on:
        signature = format_html(
            '<div class="paper-signature"><p>{}</p><p>{}</p></div>',
            document.organ,
            rules.day_text(document.signed_on),
        )
    lines = [format_html("抄送：{}。", document.copy_to)] if document.copy_to else []
    if document.printed_on:
        printed = f"　{rules.day_text(document.printed_on)}印发"
        lines.append(format_html('{}<span class="paper-printed">{}</span>', document.organ, printed))
    colophon = format_html_join("", "<p>{}</p>", ((line,) for line in lines))
    return format_html(
        "{}{}", signature, format_html('<div class="paper-colophon">{}</div>', colophon) if lines else BLANK
    )


def _sources(document: Document) -> SafeString:
    if not document.figures:
        return BLANK
    head = format_html_join("", '<th scope="col">{}</th>', ((title,) for title in SOURCE_HEADS))
    rows = format_html_join(
        "",
        '<tr id="source_{}">{}</tr>',
        ((n, _source_cells(n, figure)) for n, figure in ordered_figures(document)),
    )
    digests = format_html_join("", "<p>快照全文摘要：{}</p>", ((d,) for d in snapshots(document)))
    return format_html(
        '<section class="paper-sources" tabindex="0" aria-label="数据来源表，可左右滚动"><h2 class="paper-sources-title">{}</h2><table class="paper-table"><thead>'
        "<tr>{}</tr></thead><tbody>{}</tbody></table>{}</section>",
        SOURCE_TITLE, head, rows, digests,
    )  # fmt: skip


def _source_cells(number: int, figure: Mapping[str, str]) -> SafeString:
    cells = source_row(number, figure)
    first = format_html('<td><a href="#figure_{}">{}</a></td>', number, cells[0])
    name = format_html('<a href="{}">{}</a>', figure["url"], cells[1]) if figure["url"] else cells[1]
    rest = format_html_join("", "<td>{}</td>", ((cell,) for cell in (name, *cells[2:])))
    return format_html("{}{}", first, rest)


def _notes(document: Document) -> SafeString:
    if not document.notes:
        return BLANK
    lines = format_html_join("", "<p>{}</p>", ((note,) for note in document.notes))
    return format_html('<aside class="paper-notes"><h2>{}</h2>{}</aside>', NOTES_TITLE, lines)


# --- the page for the PDF maker -------------------------------------------------------------------------


def html_text(document: Document) -> str:
    """Return a whole HTML page with the geometry of the layout, for WeasyPrint."""
    layout = rules.LAYOUTS[document.layout]
    faces = "".join(
        f'@font-face {{ font-family: "{wanted}"; src: url("{path.as_uri()}"); }}\n'
        for wanted, path in sorted(fonts_found().items())
    )
    return format_html(
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{}</title><style>{}</style></head>'
        "<body>{}</body></html>",
        document.title, mark_safe(faces + _css(layout)), screen_html(document),  # noqa: S308 — our own constants
    )  # fmt: skip


def _mm(cmm: float) -> str:
    return f"{cmm / 100:.2f}mm"


def _css(layout: Layout) -> str:
    right = layout.page[0] - layout.left - layout.text[0]
    bottom = layout.page[1] - layout.top - layout.text[1]
    pitch = layout.text[1] / layout.lines
    tight = math.floor((layout.text[0] / layout.characters / 2540 * 72 - layout.body_size / 2) * 20) / 20
    headings = "".join(
        f".paper-h{level} {{ font-family: {family(font)}; }}\n"
        for level, font in enumerate(layout.heading_fonts, 1)
    )
    return f"""
@page {{ size: A4; margin: {_mm(layout.top)} {_mm(right)} {_mm(bottom)} {_mm(layout.left)}; }}
@page :right {{ @bottom-right {{ content: "— " counter(page) " —"; font: {layout.folio_size / 2}pt "宋体", {family("宋体")}; margin-right: 14pt; vertical-align: top; padding-top: 7mm; }} }}
@page :left {{ @bottom-left {{ content: "— " counter(page) " —"; font: {layout.folio_size / 2}pt "宋体", {family("宋体")}; margin-left: 14pt; vertical-align: top; padding-top: 7mm; }} }}
@page sources {{ size: A4 landscape; margin: {_mm(layout.left)} 25mm {_mm(right)} 25mm; }}
body {{ margin: 0; font: {layout.body_size / 2}pt/{_mm(pitch)} {family(layout.body_font)}; letter-spacing: {tight:.3f}pt; text-align: justify; }}
p, h2, h3, h4, h5 {{ margin: 0; text-indent: 2em; font-size: inherit; font-weight: normal; line-height: inherit; orphans: 1; widows: 1; }}
h2, h3, h4, h5 {{ break-after: avoid; }}
{headings}
.paper-head {{ font: 33pt/1.4 {family(layout.title_font)}; color: #{layout.red}; text-align: center; text-indent: 0; white-space: nowrap; }}
.paper-number {{ text-align: center; text-indent: 0; margin-top: {_mm(pitch)}; }}
.paper-title {{ font: {layout.title_size / 2}pt/1.4 {family(layout.title_font)}; text-align: center; text-indent: 0; border-top: 2pt solid #{layout.red}; margin-top: 2mm; padding: {_mm(pitch * 2)} 0 {_mm(pitch)}; }}
.paper-label, .paper-addressee, .paper-signature p, .paper-colophon p, .paper-sources p {{ text-indent: 0; }}
.paper-signature {{ margin-top: {_mm(pitch * 3)}; margin-right: 4em; float: right; text-align: center; white-space: nowrap; break-inside: avoid; }}
.paper-colophon {{ clear: both; padding-top: {_mm(pitch)}; font-size: 14pt; }}
.paper-colophon p {{ padding: 0 14pt; border-top: .7pt solid #000; overflow: hidden; }}
.paper-colophon p:first-child {{ border-top: 1pt solid #000; }}
.paper-colophon p:last-child {{ border-bottom: 1pt solid #000; }}
.paper-printed {{ float: right; white-space: nowrap; }}
.paper-table {{ border-collapse: collapse; width: 100%; table-layout: fixed; font-size: {layout.table_size / 2}pt; line-height: 1.4; letter-spacing: 0; }}
.paper-table caption {{ text-align: center; font-size: {layout.body_size / 2}pt; line-height: {_mm(pitch)}; }}
.paper-table th, .paper-table td {{ border: .5pt solid #000; padding: 1mm 1.5mm; overflow-wrap: anywhere; }}
.paper-table th {{ font-family: {family(layout.heading_fonts[0])}; font-weight: normal; text-align: center; }}
.paper-table tr {{ break-inside: avoid; }}
.to-sign td {{ height: 9mm; }}
.paper-right {{ text-align: right; }} .paper-center {{ text-align: center; }} .paper-left {{ text-align: left; }}
.paper-sources {{ page: sources; break-before: page; font-size: {layout.table_size / 2}pt; line-height: 1.4; }}
.paper-sources-title {{ text-align: center; text-indent: 0; font-size: {layout.body_size / 2}pt; }}
.paper-sources th:nth-child(1) {{ width: 4%; }} .paper-sources th:nth-child(4) {{ width: 20%; }} .paper-sources th:nth-child(8) {{ width: 12%; }}
.paper-notes {{ break-before: page; }}
sup {{ font-size: 60%; line-height: 0; }} a {{ color: inherit; text-decoration: none; }}
"""
