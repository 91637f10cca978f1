"""周通报 and 月分析 on the screen and as a workbook; as papers they are made in `reports`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.ui import text
from xinfu.indicators import queries, rules
from xinfu.indicators.access import Can
from xinfu.indicators.screens import freshness, giving, periods, workbook
from xinfu.indicators.screens.board import Card, line_chart, number_url, records_url
from xinfu.indicators.screens.league import lines
from xinfu.people.session import actor_of

MOST_CAUSES = 10


def asked_day(request: HttpRequest, default: date) -> date:
    asked = request.GET.get("day", "")
    return periods.day_or_refuse(asked, "日期") if asked else default


def paper_url() -> str:
    """Return where bulletins become papers, where this installation has it."""
    try:
        return reverse("reports:new")
    except NoReverseMatch:
        return ""


def cards_of(standings: list[queries.Standing], period: rules.Period) -> list[Card]:
    return [
        Card(
            standing=s,
            url=number_url(s.indicator.code, period),
            numerator_url=records_url(s.indicator.code, "numerator", period),
            denominator_url=records_url(s.indicator.code, "denominator", period),
            trend={},
            trend_rows=[],
        )
        for s in standings
    ]


@needs(Can.SEE)
def weekly(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    monday = rules.week_of(clock.today()).frm
    day = asked_day(request, monday - timedelta(days=7))
    if queries.snapshot(actor) is None:
        return render(request, "indicators/weekly.html", _nothing(actor.may(Can.IMPORT)))
    found = queries.weekly(actor, day)
    week = found.week
    stale = freshness.of(found.snapshot, week)
    cards, table = cards_of(found.key, week), lines(found.league, found.league.rows, "department")
    if request.GET.get("format") == "xlsx":
        sheets = workbook.weekly_sheets(found, cards, table, coloured=stale is None)
        return _file("周通报", week, found.snapshot, stale, sheets)
    context = {
        "bulletin": found,
        "snapshot": found.snapshot,
        "stale": stale,
        "week_label": periods.label_of(week),
        "cards": cards,
        "lines": table,
        "demands": [(demand, _give(actor, demand, week)) for demand in found.demands],
        "previous": f"?{urlencode({'day': week.frm - timedelta(days=7)})}",
        "next": f"?{urlencode({'day': week.frm + timedelta(days=7)})}" if week.to < clock.today() else "",
        "file": f"?{urlencode({'day': week.frm, 'format': 'xlsx'})}",
        "paper_url": paper_url(),
    }
    return render(request, "indicators/weekly.html", context)


def _give(actor: Actor, demand: queries.Demand, week: rules.Period) -> str:
    """Return where a demand is given as an item, with its owner and day."""
    label, unit = periods.label_of(week), demand.ids["department"]
    return giving.give_url(
        actor,
        title=f"{label}超期件整改",
        text=demand.text,
        department=None if unit is None else int(str(unit)),
        source="bulletin",
        source_name=f"{label}周通报",
        until=demand.due_on,
    )


def _nothing(may_refresh: bool) -> dict[str, object]:
    return {"snapshot": None, "may_refresh": may_refresh}


def _file(
    name: str,
    period: rules.Period,
    state: queries.SnapshotState | None,
    stale: datetime | None,
    sheets: list[workbook.Sheet],
) -> HttpResponseBase:
    """Return the tables of a bulletin as a workbook that says what they stand on."""
    lead = [f"数据截至 {text.when(state.as_of)}，快照 {state.digest[:16]}"] if state else []
    lead += [f"数据未更新（应于 {text.when(stale)} 更新），不标颜色"] if stale else []
    content = workbook.written(f"{name}（{periods.label_of(period)}）", lead, sheets)
    return FileResponse(content, as_attachment=True, filename=f"{name}-{period.frm}.xlsx")


@needs(Can.SEE)
def monthly(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    this_month = clock.today().replace(day=1)
    day = asked_day(request, rules.months_before(this_month, 1))
    if queries.snapshot(actor) is None:
        return render(request, "indicators/monthly.html", _nothing(actor.may(Can.IMPORT)))
    found = queries.monthly(actor, day)
    month = found.month
    stale = freshness.of(found.snapshot, month)
    cards = cards_of(found.key, month)
    told = [(one, one.contributions[:MOST_CAUSES]) for one in found.analyses]
    if request.GET.get("format") == "xlsx":
        sheets = workbook.monthly_sheets(cards, told, coloured=stale is None)
        return _file("月分析", month, found.snapshot, stale, sheets)
    next_month = (month.to + timedelta(days=1)).replace(day=1)
    context = {
        "bulletin": found,
        "snapshot": found.snapshot,
        "stale": stale,
        "month_label": periods.label_of(month),
        "analyses": [
            _part(n, one, units, card) for n, ((one, units), card) in enumerate(zip(told, cards, strict=True))
        ],
        "chart_head": ("月份", "数值"),
        "previous": f"?{urlencode({'day': rules.months_before(month.frm, 1)})}",
        "next": f"?{urlencode({'day': next_month})}" if next_month <= clock.today() else "",
        "file": f"?{urlencode({'day': month.frm, 'format': 'xlsx'})}",
        "paper_url": paper_url(),
    }
    return render(request, "indicators/monthly.html", context)


def _part(n: int, one: queries.Analysis, units: list[queries.Contribution], card: Card) -> dict[str, object]:
    """Return one indicator of the 月分析 as its section shows it."""
    points = [
        (f"{p.period.frm.year}年{p.period.frm.month}月", p.figure.value)
        for p in one.trend
        if p.figure is not None
    ]
    return {
        "analysis": one,
        "card": card,
        "chart_id": f"analysis-{n}",
        "chart": line_chart(points, one.standing.indicator.unit),
        "chart_rows": [(label, value or "—") for label, value in points],
        "contributions": units,
    }
