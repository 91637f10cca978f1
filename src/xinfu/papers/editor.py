"""The text of a paper as an office edits it in one box, and back without loss.

Headings are lines that begin with 一、（一）1. or （1） and are numbered anew by place; a paragraph begins with two
full-width spaces (added where they are missing); `{108万件#1}` is a figure of the source table, `**…**` is bold; a
table is its title, its head with widths and alignment, and its rows, each line between bars.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xinfu.core.refusal import Refused
from xinfu.papers.blocks import Block, Run, cell_run, labelled, references, runs_of

INDENT = "　　"
PIECE = re.compile(r"\{(?P<shown>[^{}#]+)#(?P<number>\d{1,3})\}|\*\*(?P<bold>.+?)\*\*")
HEADING = re.compile(
    r"^(?:(?P<one>[一二三四五六七八九十]{1,3}、)|(?P<two>（[一二三四五六七八九十]{1,3}）)"
    r"|(?P<three>\d{1,2}\.(?!\d))|(?P<four>（\d{1,2}）))\s*(?P<text>\S.*)$"
)
ALIGNS = {"左": "left", "中": "center", "右": "right"}
ALIGN_WORDS = {word: code for code, word in ALIGNS.items()}
DEFAULT_WIDTH = 30


def to_text(blocks: Sequence[Block], figures: Sequence[Mapping[str, str]]) -> str:
    """Return the text for the box."""
    numbers = references(blocks, figures)
    return "\n".join(line for label, block in labelled(blocks) for line in _lines(label, block, numbers))


def _lines(label: str, block: Block, numbers: Mapping[str, int]) -> Iterator[str]:
    if block["kind"] == "heading":
        gap = " " if block["text"][:1].isdigit() else ""
        yield f"{label}{gap}{block['text']}"
    elif block["kind"] == "paragraph":
        yield INDENT + "".join(_written(run, numbers) for run in block["runs"])
    else:
        yield f"|表：{block['title']}|"
        heads = (f"{c['title']}:{c['width']}{ALIGN_WORDS[c.get('align', 'left')]}" for c in block["columns"])
        yield f"|{'|'.join(heads)}|"
        for row in block["rows"]:
            yield f"|{'|'.join(_written(cell_run(cell), numbers) for cell in row)}|"


def _written(run: Run, numbers: Mapping[str, int]) -> str:
    if run.get("figure"):
        return f"{{{run['text']}#{numbers[run['figure']]}}}"
    return f"**{run['text']}**" if run.get("bold") else str(run["text"])


def from_text(
    text: str, before: Sequence[Block] = (), figures: Sequence[Mapping[str, str]] = ()
) -> list[dict[str, Any]]:
    """Return the blocks of an edited text.

    Raises Refused: a figure that the source table does not have, or whose number was altered by hand.
    """
    keys = {number: key for key, number in references(before, figures).items()}
    shown = {
        (str(run["figure"]), str(run["text"]))
        for block in before
        for run in runs_of(block)
        if run.get("figure")
    }
    shown |= {(figure["key"], figure["text"]) for figure in figures}
    reader = _Reader(keys, shown)
    lines = text.replace("\r\n", "\n").split("\n")
    blocks: list[dict[str, Any]] = []
    place = 0
    while place < len(lines):
        line = lines[place].rstrip()
        if line.startswith("|"):
            table, place = reader.table(lines, place)
            blocks.append(table)
            continue
        place += 1
        if line.strip():
            blocks.append(reader.block(line))
    return blocks


class _Reader:
    """Reads lines; knows which figures there are and how they may be shown."""

    def __init__(self, keys: Mapping[int, str], shown: set[tuple[str, str]]) -> None:
        self.keys, self.shown = keys, shown

    def block(self, line: str) -> dict[str, Any]:
        found = None if line[:1] in "　 \t" else HEADING.match(line)
        if found and "。" not in found["text"] and len(found["text"]) <= 60:
            level = 1 + [bool(found[name]) for name in ("one", "two", "three", "four")].index(True)
            return {"kind": "heading", "level": level, "text": found["text"].strip()}
        return {"kind": "paragraph", "runs": self.runs(line.strip("　 \t"))}

    def runs(self, text: str) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = []
        last = 0
        for piece in PIECE.finditer(text):
            if piece.start() > last:
                runs.append({"text": text[last : piece.start()]})
            runs.append({"text": piece["bold"], "bold": True} if piece["bold"] else self.figure(piece))
            last = piece.end()
        if last < len(text) or not runs:
            runs.append({"text": text[last:]})
        return runs

    def figure(self, piece: re.Match[str]) -> dict[str, Any]:
        key = self.keys.get(int(piece["number"]))
        if key is None:
            raise Refused(
                "unknown_figure", f"数据来源表里没有第{piece['number']}项，请核对“{piece[0]}”。", field="text"
            )
        if (key, piece["shown"]) not in self.shown:
            raise Refused(
                "figure_altered",
                f"“{piece['shown']}”与数据来源表第{piece['number']}项不符：花括号里的数由系统带出，不能手改；要自行填写请去掉花括号。",
                field="text",
            )
        return {"text": piece["shown"], "figure": key}

    def table(self, lines: Sequence[str], start: int) -> tuple[dict[str, Any], int]:
        end = start
        while end < len(lines) and lines[end].startswith("|"):
            end += 1
        rows = [line.strip().strip("|").split("|") for line in lines[start:end]]
        title = ""
        if rows[0][0].startswith("表："):
            title, rows = rows[0][0].removeprefix("表："), rows[1:]
        if not rows:
            raise Refused("table_without_head", f"表“{title}”没有栏目行。", field="text")
        columns = [_column(head) for head in rows[0]]
        wrong = next((n for n, row in enumerate(rows[1:], 1) if len(row) != len(columns)), None)
        if wrong is not None:
            raise Refused(
                "table_torn",
                f"表“{title}”第{wrong}行有{len(rows[wrong])}格，应为{len(columns)}格。",
                field="text",
            )
        body = [[self.cell(cell) for cell in row] for row in rows[1:]]
        return {"kind": "table", "title": title, "columns": columns, "rows": body}, end

    def cell(self, text: str) -> str | dict[str, Any]:
        runs = self.runs(text)
        run = runs[0]
        return run if len(runs) == 1 and len(run) > 1 else text


def _column(head: str) -> dict[str, Any]:
    found = re.match(r"^(?P<title>.*?)(?::(?P<width>\d{1,3})(?P<align>[左中右]))?$", head)
    assert found is not None
    return {
        "title": found["title"],
        "width": int(found["width"] or DEFAULT_WIDTH),
        "align": ALIGNS[found["align"] or "左"],
    }
