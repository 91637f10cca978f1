"""The text of a paper as data: headings, paragraphs, tables, and figures with their sources.

A body is a list of blocks, plain JSON of strings, whole numbers and lists:
  {"kind": "heading", "level": 1, "text": "…"}        numbered 一、（一）1.（1）by place
  {"kind": "paragraph", "runs": [{"text": "共办理"}, {"text": "108万件", "figure": "f1"}, {"text": "…", "bold": true}]}
  {"kind": "table", "title": "…", "columns": [{"title": "…", "width": 40, "align": "right"}], "rows": [[cell, …], …]}
A cell is a text or a run. Figures are a list of mappings with the keys of FIGURE_KEYS; `key` names them in runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from xinfu.lib import canon
from xinfu.papers import rules

Block: TypeAlias = Mapping[str, Any]
Run: TypeAlias = Mapping[str, Any]

FIGURE_KEYS = (
    "key",
    "title",
    "text",
    "definition",
    "period",
    "numerator",
    "denominator",
    "snapshot",
    "cutoff",
    "origin",
    "evidence",
    "url",
)
ORIGINS = {"computed": "系统计算", "imported": "外部导入", "entered": "人工填报"}
SOURCE_HEADS = (
    "序号", "指标", "数值", "口径", "统计期", "分子", "分母", "快照摘要", "数据截至", "来源",
)  # fmt: skip
SOURCE_TITLE = "数据来源表"
NOTES_TITLE = "起草提示（不属于正文，签发时不带入）"
DIGITS = "零一二三四五六七八九"
SHORT = 16


@dataclass(frozen=True, slots=True)
class Document:
    """All that a rendering needs; two equal documents give the same bytes."""

    kind: str
    organ: str
    title: str
    blocks: Sequence[Block]
    figures: Sequence[Mapping[str, str]] = ()
    addressee: str = ""
    copy_to: str = ""
    layout: tuple[str, int] = ("gb9704", 1)
    number: str = ""
    signed_on: date | None = None
    printed_on: date | None = None
    draft_label: str = ""
    notes: Sequence[str] = field(default=())


def chinese(number: int) -> str:
    """Return 1 … 99 in Chinese as headings count: 一, 十, 十一, 二十."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else DIGITS[tens] + "十"
    return head + (DIGITS[ones] if ones or not tens else "")


def heading_label(level: int, number: int) -> str:
    """Return the four levels' marks of GB/T 9704: 一、（一）1.（1）."""
    return (f"{chinese(number)}、", f"（{chinese(number)}）", f"{number}.", f"（{number}）")[level - 1]


def labelled(blocks: Sequence[Block]) -> Iterator[tuple[str, Block]]:
    """Yield each block with its heading label, or an empty text."""
    counts = [0, 0, 0, 0]
    for block in blocks:
        if block["kind"] != "heading":
            yield "", block
            continue
        level = int(block["level"])
        counts[level - 1] += 1
        counts[level:] = [0] * (4 - level)
        yield heading_label(level, counts[level - 1]), block


def cell_run(cell: str | Run) -> Run:
    return {"text": cell} if isinstance(cell, str) else cell


def runs_of(block: Block) -> Iterator[Run]:
    """Yield the runs of a block in reading order."""
    if block["kind"] == "paragraph":
        yield from block["runs"]
    elif block["kind"] == "table":
        for row in block["rows"]:
            yield from (cell_run(cell) for cell in row)


def references(blocks: Sequence[Block], figures: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """Return figure key → number in the source table, by first use, then by list."""
    used = [str(run["figure"]) for block in blocks for run in runs_of(block) if run.get("figure")]
    order = dict.fromkeys([*used, *(f["key"] for f in figures)])
    return {key: place for place, key in enumerate(order, 1)}


def ordered_figures(document: Document) -> list[tuple[int, Mapping[str, str]]]:
    """Return the figures by their number in the source table."""
    numbers = references(document.blocks, document.figures)
    return sorted(((numbers[f["key"]], f) for f in document.figures), key=lambda pair: pair[0])


def source_row(number: int, figure: Mapping[str, str]) -> list[str]:
    """Return one row of the table 数据来源表 under SOURCE_HEADS."""
    origin = ORIGINS[figure["origin"]] + (f"：{figure['evidence']}" if figure["evidence"] else "")
    return [
        str(number),
        figure["title"],
        figure["text"],
        figure["definition"],
        figure["period"],
        figure["numerator"] or "—",
        figure["denominator"] or "—",
        figure["snapshot"].removeprefix("sha256:")[:SHORT] or "—",
        figure["cutoff"],
        origin,
    ]


def snapshots(document: Document) -> list[str]:
    """Return the full snapshot digests, once each, in order of use."""
    return list(dict.fromkeys(f["snapshot"] for _, f in ordered_figures(document) if f["snapshot"]))


def run_text(run: Run, numbers: Mapping[str, int]) -> str:
    mark = f"[{numbers[run['figure']]}]" if run.get("figure") else ""
    return f"{run['text']}{mark}"


def head_lines(document: Document) -> Iterator[str]:
    if document.draft_label:
        yield document.draft_label
    yield rules.FORMS[document.kind].head.format(organ=document.organ)
    if document.number:
        yield document.number
    yield document.title
    if document.addressee:
        yield f"{document.addressee}："


def tail_lines(document: Document) -> Iterator[str]:
    if document.signed_on:
        yield document.organ
        yield rules.day_text(document.signed_on)
    if document.copy_to:
        yield f"抄送：{document.copy_to}。"
    if document.printed_on:
        yield f"{document.organ}　{rules.day_text(document.printed_on)}印发"


def body_lines(document: Document) -> Iterator[str]:
    numbers = references(document.blocks, document.figures)
    for label, block in labelled(document.blocks):
        if block["kind"] == "heading":
            yield f"{label}{block['text']}"
        elif block["kind"] == "paragraph":
            yield "".join(run_text(run, numbers) for run in block["runs"])
        else:
            yield str(block["title"])
            yield "\t".join(str(column["title"]) for column in block["columns"])
            for row in block["rows"]:
                yield "\t".join(run_text(cell_run(cell), numbers) for cell in row)


def source_lines(document: Document) -> Iterator[str]:
    if document.figures:
        yield SOURCE_TITLE
        yield "\t".join(SOURCE_HEADS)
        for number, figure in ordered_figures(document):
            yield "\t".join(source_row(number, figure))
        yield from (f"快照全文摘要：{digest}" for digest in snapshots(document))


def lines(document: Document) -> list[str]:
    """Return the whole text, one line a paragraph or table row: what every rendering must say."""
    notes = [NOTES_TITLE, *document.notes] if document.notes else []
    return [
        *head_lines(document), *body_lines(document), *tail_lines(document), *source_lines(document), *notes,
    ]  # fmt: skip


def digest(document: Document) -> str:
    """Return the SHA-256 of what a signature covers: text, figures with their snapshots, and the layout."""
    covered = {
        "format": "xinfu-paper/1",
        "kind": document.kind,
        "organ": document.organ,
        "title": document.title,
        "addressee": document.addressee,
        "copy_to": document.copy_to,
        "blocks": list(document.blocks),
        "figures": list(document.figures),
        "layout": f"{document.layout[0]}/{document.layout[1]}",
    }
    return hashlib.sha256(canon.canon(covered)).hexdigest()


# --- checks: each returns None or the sentence why not -----------------------------------------------


def fault(blocks: Any, figures: Any) -> str | None:
    """Return why a body is not well formed, or None."""
    if not isinstance(blocks, list) or not isinstance(figures, list):
        return "正文或数据来源的格式不对。"
    keys: set[str] = set()
    for figure in figures:
        wrong = _figure_fault(figure)
        if wrong or figure["key"] in keys:
            return wrong or f"数据来源“{figure['key']}”重复。"
        keys.add(figure["key"])
    for place, block in enumerate(blocks, 1):
        wrong = _block_fault(block, keys)
        if wrong:
            return f"正文第{place}段：{wrong}"
    return None


def _figure_fault(figure: Any) -> str | None:
    if not isinstance(figure, Mapping) or set(figure) != set(FIGURE_KEYS):
        return "数据来源缺少要素。"
    if not all(isinstance(value, str) for value in figure.values()):
        return f"数据来源“{figure['key']}”的要素应为文字。"
    missing = [k for k in ("key", "title", "text", "definition", "period", "cutoff") if not figure[k]]
    if missing or figure["origin"] not in ORIGINS:
        return f"数据来源“{figure['title'] or figure['key']}”缺少名称、口径、统计期、截至时间或来源。"
    if figure["origin"] == "computed" and not figure["snapshot"]:
        return f"系统计算的“{figure['title']}”没有快照摘要。"
    if figure["origin"] == "entered" and not figure["evidence"]:
        return f"人工填报的“{figure['title']}”没有依据。"
    return None


def _block_fault(block: Any, keys: set[str]) -> str | None:
    kind = block.get("kind") if isinstance(block, Mapping) else None
    checks = {"heading": _heading_fault, "paragraph": _paragraph_fault, "table": _table_fault}
    check = checks.get(str(kind))
    return check(block, keys) if check else "不认识的段落类型。"


def _heading_fault(block: Block, keys: set[str]) -> str | None:
    if block.get("level") not in (1, 2, 3, 4) or not isinstance(block.get("text"), str):
        return "标题的层级应为1到4。"
    return None if block["text"].strip() else "标题是空的。"


def _run_fault(run: Any, keys: set[str]) -> str | None:
    if isinstance(run, str):
        return None
    if not isinstance(run, Mapping) or not isinstance(run.get("text"), str):
        return "文字的格式不对。"
    if run.get("figure") and run["figure"] not in keys:
        return f"引用了没有来源的数据“{run['text']}”。"
    return None


def _paragraph_fault(block: Block, keys: set[str]) -> str | None:
    runs = block.get("runs")
    if not isinstance(runs, list) or not runs:
        return "段落是空的。"
    return next((wrong for run in runs if (wrong := _run_fault(run, keys) or _is_text(run))), None)


def _is_text(run: Any) -> str | None:
    return "段落的格式不对。" if isinstance(run, str) else None


def _table_fault(block: Block, keys: set[str]) -> str | None:
    columns, rows = block.get("columns"), block.get("rows")
    if not isinstance(columns, list) or not columns or not isinstance(rows, list):
        return "表格没有栏目。"
    if not isinstance(block.get("title"), str):
        return "表格没有表题。"
    if any(not isinstance(c.get("width"), int) or c["width"] <= 0 for c in columns):
        return "表格栏目没有宽度。"
    if any(not isinstance(row, list) or len(row) != len(columns) for row in rows):
        return "表格的行与栏目数不一致。"
    return next((wrong for row in rows for cell in row if (wrong := _run_fault(cell, keys))), None)
