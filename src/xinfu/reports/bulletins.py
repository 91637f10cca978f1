"""周通报 and 月分析 as text: what the indicators' queries found, in the office's form; people add cause and measure."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from xinfu.core.registry import Indicator
from xinfu.core.ui import text
from xinfu.indicators import queries as indicators
from xinfu.indicators.queries import Analysis, LeagueRow, Point, Standing, Weekly
from xinfu.reports import rules
from xinfu.reports.writing import Block, Run, Writing, cell, column, heading, paragraph, prose, table

Written = tuple[str, list[Block], list[str]]
SHOWN_OVERDUE = 50


def weekly(writing: Writing) -> Written:
    """Return title, text and hints of the bulletin of the week that holds the first day."""
    found = indicators.weekly(writing.actor, writing.frm)
    week = found.week
    days = rules.period_text(week.frm, week.to)
    number = week.frm.isocalendar().week
    blocks = [
        paragraph(
            f"现将{days}（第{number}周）办件和关键指标情况通报如下，数据截至{rules.day_text(week.to)}。"
        ),
        heading(1, "关键指标"),
        _standings(writing, found.key, "上周"),
        heading(1, "部门排名"),
        *_league(writing, found),
        heading(1, "超期未办结"),
        *_overdue(found),
    ]
    notes = []
    if found.demands:
        demands = [[d.department, d.text, f"{d.due_on.month}月{d.due_on.day}日前"] for d in found.demands]
        heads = [column("部门", 36), column("整改要求", 84), column("办理期限", 36)]
        blocks += [
            heading(1, "整改要求"),
            paragraph(f"请以下单位在{found.demand_workdays}个工作日内逐件说明原因并整改。"),
            table("整改要求清单", heads, demands),
        ]
    else:
        notes.append("本周没有需要整改的单位，如另有要求请补写。")
    return f"政务服务办件情况周通报（{days}）", blocks, notes


def _value(writing: Writing, one: Standing) -> str | Run:
    return "—" if one.figure.value is None else writing.run(one.figure)


def _change(one: Standing) -> str:
    """Return the change since the period before: rates in 百分点, counts and means in their unit."""
    if one.change is None:
        return "—"
    if one.indicator.unit == "%":
        return text.points(one.change)
    size = text.half_up(abs(one.change), 0 if one.indicator.denominator is None else one.indicator.decimals)
    unit = "个工作日" if one.indicator.unit == "工作日" else one.indicator.unit
    return "持平" if not size else f"{'升' if one.change > 0 else '降'}{size}{unit}"


def _standings(writing: Writing, found: Sequence[Standing], before: str) -> Block:
    heads = [
        column("指标", 36), column("数值", 28, "right"), column(f"比{before}", 34), column("位次", 20),
        column("颜色", 14), column("与目标差距", 24),
    ]  # fmt: skip
    rows: list[list[str | Run]] = [
        [
            one.indicator.title,
            _value(writing, one),
            _change(one),
            f"第{one.rank}名" if one.rank else "未报",
            one.band_label or "—",
            _gap(one),
        ]
        for one in found
    ]
    return table("关键指标", heads, rows)


def _gap(one: Standing) -> str:
    if one.gap is None:
        return "未设目标"
    if not one.gap:
        return "已达到"
    return f"{one.points(one.gap)}{'个百分点' if one.indicator.unit == '%' else one.indicator.unit}"


def _league(writing: Writing, found: Weekly) -> list[Block]:
    if not found.league.rows:
        return [paragraph("本周各部门没有办件。")]
    known: dict[str, Indicator] = {
        r.code: r.indicator for row in found.league.rows for r in row.figures.values()
    }
    codes = list(known)[:4]
    width = (156 - 16 - 40) // max(len(codes), 1)
    heads = [column("名次", 16), column("部门", 40)]
    heads += [
        column(f"{known[c].title}{'（件）' if known[c].unit == '件' else ''}", width, "right") for c in codes
    ]
    rows = [
        [_rank(row), row.label, *(_cell(writing, row, code) for code in codes)] for row in found.league.rows
    ]
    told: list[Block] = [table(f"各部门{found.league.by.title}排名", heads, rows)]
    if found.top and found.bottom:
        first, last = ("、".join(row.label for row in rows) for rows in (found.top, found.bottom))
        told.insert(0, paragraph(f"{found.league.by.title}居前的是{first}；居后的是{last}。"))
    if found.league.apart:
        told.append(
            paragraph(f"办件少于{found.league.minimum}件的单位不排名（{found.league.minimum_source}）。")
        )
    return told


def _rank(row: LeagueRow) -> str:
    if row.rank is None:
        return "不排名"
    change = row.rank_change
    return f"{row.rank}" + ("" if not change else f"（{'升' if change > 0 else '降'}{abs(change)}）")


def _cell(writing: Writing, row: LeagueRow, code: str) -> str | Run:
    figure = row.figures.get(code)
    return "—" if figure is None or figure.value is None else writing.run(figure, cell(figure))


def _overdue(found: Weekly) -> list[Block]:
    if not found.overdue_total:
        return [paragraph("周末没有超期未办结的办件。")]
    until = rules.day_text(found.week.to)
    said = paragraph(f"截至{until}，超期未办结办件{found.overdue_total}件，超期时间较长的列表如下。")
    heads = [
        column("办件编号", 54),
        column("事项", 48),
        column("部门", 30),
        column("超期（工作日）", 24, "right"),
    ]
    rows = [
        [str(one.case.case_no), str(one.case.item_name or "—"), one.department, str(one.days)]
        for one in found.overdue[:SHOWN_OVERDUE]
    ]
    return [said, table("超期未办结办件", heads, rows)]


# --- month ------------------------------------------------------------------------------------------


def monthly(writing: Writing) -> Written:
    """Return title, text and hints of the analysis of the month that holds the first day."""
    found = indicators.monthly(writing.actor, writing.frm)
    month = rules.period_text(found.month.frm, found.month.to)
    blocks = [
        paragraph(f"现对{month}政务服务关键指标作如下分析，数据截至{rules.day_text(found.month.to)}。"),
        heading(1, "关键指标"),
        _standings(writing, found.key, "上月"),
    ]
    for one in found.analyses:
        blocks += _analysis(writing, one)
    notes = [
        f"“{one.standing.indicator.title}”有{len(one.contributions)}个单位失分，原因、措施、责任人和期限须由相关单位补写。"
        for one in found.analyses
        if one.contributions
    ]
    return f"{settings.COUNTY}政务服务指标分析（{month}）", blocks, notes


def _analysis(writing: Writing, one: Analysis) -> list[Block]:
    indicator = one.standing.indicator
    blocks = [heading(1, indicator.title), _trend(writing, indicator, one.trend)]
    if one.contributions:
        heads = [column("部门", 56), column("失分件数（件）", 50, "right"), column("占全县失分", 50, "right")]
        rows = [
            [c.label, text.thousands(c.lost), f"{c.share}%" if c.share else "—"] for c in one.contributions
        ]
        blocks.append(table(f"{indicator.title}失分单位", heads, rows))
    for label, causes in (("事项", one.by_item), ("渠道", one.by_channel)):
        if causes:
            told = "、".join(f"{c.label}{c.lost}件" for c in causes)
            blocks.append(paragraph(f"按{label}看，失分较多的是：{told}。"))
    return blocks


def _trend(writing: Writing, indicator: Indicator, points: Sequence[Point]) -> Block:
    heads = [column("月份", 40), column("计算值", 58, "right"), column("公布值", 58, "right")]
    rows: list[list[str | Run]] = []
    for point in points:
        figure = point.figure
        computed: str | Run = (
            "—" if figure is None or figure.value is None else writing.run(figure, prose(figure))
        )
        official = (
            f"{point.official.printed}{indicator.unit}" if point.official and point.official.printed else "—"
        )
        rows.append([f"{point.period.frm.year}年{point.period.frm.month}月", computed, official])
    return table(f"{indicator.title}逐月情况", heads, rows)
