"""周通报 and 月分析 on the screen and as a workbook; as papers they are made in `reports`."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.indicators import queries, rules
from xinfu.indicators.access import Can
from xinfu.indicators.queries import Weekly
from xinfu.indicators.screens import freshness, periods
from xinfu.indicators.screens.board import Card, line_chart, number_url, records_url
from xinfu.indicators.screens.league import lines
from xinfu.lib import tables
from xinfu.people.session import actor_of

MOST_CAUSES = 10


def asked_day(request: HttpRequest, default: date) -> date:
    text = request.GET.get("day", "")
    return periods.day_or_refuse(text, "日期") if text else default


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
    if request.GET.get("format") == "xlsx":
        return _workbook(found)
    week = found.week
    context = {
        "bulletin": found,
        "snapshot": found.snapshot,
        "stale": freshness.of(found.snapshot, week),
        "week_label": periods.label_of(week),
        "cards": cards_of(found.key, week),
        "lines": lines(found.league, found.league.rows, "department"),
        "previous": f"?{urlencode({'day': week.frm - timedelta(days=7)})}",
        "next": f"?{urlencode({'day': week.frm + timedelta(days=7)})}" if week.to < clock.today() else "",
        "file": f"?{urlencode({'day': week.frm, 'format': 'xlsx'})}",
        "paper_url": paper_url(),
    }
    return render(request, "indicators/weekly.html", context)


def _nothing(may_refresh: bool) -> dict[str, object]:
    return {"snapshot": None, "may_refresh": may_refresh}


def _workbook(found: Weekly) -> HttpResponseBase:
    """Return the league table of the week as a workbook."""
    codes = list(dict.fromkeys([found.league.by.code, *(c for r in found.league.rows for c in r.figures)]))
    titles = [queries.indicator(code).title for code in codes]
    rows = [
        [
            "" if row.rank is None else str(row.rank),
            row.label,
            *((row.figures[c].value or "") if c in row.figures else "" for c in codes),
        ]
        for row in found.league.rows
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "weekly.xlsx"
        tables.write_xlsx(path, ["名次", "部门", *titles], rows)
        content = BytesIO(path.read_bytes())
    return FileResponse(content, as_attachment=True, filename=f"周通报-{found.week.frm}.xlsx")


@needs(Can.SEE)
def monthly(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    this_month = clock.today().replace(day=1)
    day = asked_day(request, rules.months_before(this_month, 1))
    if queries.snapshot(actor) is None:
        return render(request, "indicators/monthly.html", _nothing(actor.may(Can.IMPORT)))
    found = queries.monthly(actor, day)
    month = found.month
    analyses = []
    for n, analysis in enumerate(found.analyses):
        one = analysis.standing.indicator
        points = [
            (f"{p.period.frm.year}年{p.period.frm.month}月", p.figure.value)
            for p in analysis.trend
            if p.figure is not None
        ]
        analyses.append(
            {
                "analysis": analysis,
                "card": cards_of([analysis.standing], month)[0],
                "chart_id": f"analysis-{n}",
                "chart": line_chart(points, one.unit),
                "chart_rows": [(label, value or "—") for label, value in points],
                "contributions": analysis.contributions[:MOST_CAUSES],
            }
        )
    next_month = (month.to + timedelta(days=1)).replace(day=1)
    context = {
        "bulletin": found,
        "snapshot": found.snapshot,
        "stale": freshness.of(found.snapshot, month),
        "month_label": periods.label_of(month),
        "analyses": analyses,
        "chart_head": ("月份", "数值"),
        "previous": f"?{urlencode({'day': rules.months_before(month.frm, 1)})}",
        "next": f"?{urlencode({'day': next_month})}" if next_month <= clock.today() else "",
        "paper_url": paper_url(),
    }
    return render(request, "indicators/monthly.html", context)
