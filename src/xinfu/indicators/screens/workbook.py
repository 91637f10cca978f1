"""周通报 and 月分析 as workbooks: the tables of the screen, the same numbers with the same decimals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter

from xinfu.core.ui import text
from xinfu.indicators import queries
from xinfu.indicators.queries import Weekly
from xinfu.indicators.screens.board import Card
from xinfu.indicators.screens.league import Line

Cell = str | int | Decimal | date | None
WIDEST = 48


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name, its head, its rows."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def written(title: str, lead: Sequence[str], sheets: Iterable[Sheet]) -> BytesIO:
    """Return a workbook; every sheet begins with the title and what the numbers stand on."""
    out = BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
    kinds = {
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
        "int": book.add_format({"num_format": "#,##0"}),
    }
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        page.write_string(0, 0, title, bold)
        for n, line in enumerate(lead, start=1):
            page.write_string(n, 0, line)
        top = len(lead) + 2
        for column, name in enumerate(sheet.head):
            page.write_string(top, column, name, head)
            page.set_column(column, column, _width(sheet, column))
        for n, row in enumerate(sheet.rows, start=top + 1):
            for column, cell in enumerate(row):
                _put(book, page, kinds, n, column, cell)
        page.freeze_panes(top + 1, 0)
    book.close()
    out.seek(0)
    return out


def _width(sheet: Sheet, column: int) -> int:
    """Return a column's width in characters; a Chinese one takes two."""
    cells = [sheet.head[column], *(str(row[column] or "") for row in sheet.rows)]
    return min(WIDEST, max(sum(2 if ord(c) > 255 else 1 for c in cell) for cell in cells) + 2)


def _put(book: Any, page: Any, kinds: dict[str, Any], row: int, column: int, cell: Cell) -> None:
    if cell is None:
        page.write_string(row, column, text.DASH)
    elif isinstance(cell, date):
        page.write_datetime(row, column, cell, kinds["day"])
    elif isinstance(cell, int):
        page.write_number(row, column, cell, kinds["int"])
    elif isinstance(cell, Decimal):
        places = -int(cell.as_tuple().exponent)
        if str(places) not in kinds:
            kinds[str(places)] = book.add_format({"num_format": f"0.{'0' * places}" if places else "#,##0"})
        page.write_number(row, column, cell, kinds[str(places)])
    else:
        page.write_string(row, column, cell)


def number(value: str | None) -> Decimal | None:
    """Return a printed value with its decimals."""
    return None if value is None else Decimal(value)


def key_sheet(cards: Sequence[Card], *, coloured: bool) -> Sheet:
    head = ["指标", "数值", "单位", "分子", "分母", "比上期", "全省名次", "参加排名", "颜色", "目标"]
    rows: list[list[Cell]] = []
    for card in cards:
        one = card.standing
        rows.append(
            [
                one.indicator.title, number(one.figure.value), one.indicator.unit, one.figure.numerator,
                one.figure.denominator, f"{card.change_words} {card.verdict}".strip() or None, one.rank,
                one.peers if one.rank else None, (one.band_label if coloured else "") or None,
                card.gap_words or None,
            ]
        )  # fmt: skip
    return Sheet("关键指标", head, rows)


def weekly_sheets(
    found: Weekly, cards: Sequence[Card], lines: Sequence[Line], *, coloured: bool
) -> list[Sheet]:
    by = found.league.by
    league: list[list[Cell]] = [
        [
            line.row.rank, line.change or None, line.row.label, number(line.figure.value), line.figure.numerator,
            line.figure.denominator,
        ]
        for line in lines
    ]  # fmt: skip
    overdue: list[list[Cell]] = [
        [str(one.case.case_no), str(one.case.item_name), one.department, one.case.due_on, one.days]
        for one in found.overdue
    ]
    demands: list[list[Cell]] = [[one.department, one.text, one.due_on] for one in found.demands]
    return [
        key_sheet(cards, coloured=coloured),
        Sheet("部门榜", ["名次", "变化", "部门", f"{by.title}（{by.unit}）", "分子", "分母"], league),
        Sheet("超期未办结", ["办件编号", "事项", "单位", "到期", "超期（工作日）"], overdue),
        Sheet("工作要求", ["单位", "要求", "反馈期限"], demands),
    ]


def monthly_sheets(
    cards: Sequence[Card],
    analyses: Sequence[tuple[queries.Analysis, Sequence[queries.Contribution]]],
    *,
    coloured: bool,
) -> list[Sheet]:
    """`analyses`: each with the units that the screen lists."""
    trend: list[list[Cell]] = []
    lost: list[list[Cell]] = []
    causes: list[list[Cell]] = []
    for one, units in analyses:
        title = one.standing.indicator.title
        for point in one.trend:
            if point.figure is not None:
                month = f"{point.period.frm.year}年{point.period.frm.month}月"
                figure = point.figure
                trend.append(
                    [title, month, number(figure.value), one.standing.indicator.unit, figure.numerator, figure.denominator]
                )  # fmt: skip
        lost += [[title, unit.label, unit.lost, number(unit.share)] for unit in units]
        for kind, found in (("事项", one.by_item), ("渠道", one.by_channel)):
            causes += [[title, kind, cause.label, cause.lost] for cause in found]
    return [
        key_sheet(cards, coloured=coloured),
        Sheet("逐月走势", ["指标", "月份", "数值", "单位", "分子", "分母"], trend),
        Sheet("丢分单位", ["指标", "单位", "丢失（件）", "占全县（%）"], lost),
        Sheet("主要事项和渠道", ["指标", "类别", "名称", "丢失（件）"], causes),
    ]
