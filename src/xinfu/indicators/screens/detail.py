"""One indicator over time: trend, units, rank and band; targets and colour rules with their days; the catalogue."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.ui import forms as inputs
from xinfu.indicators import actions, queries, rules
from xinfu.indicators.access import Can
from xinfu.indicators.queries import Peer, Point
from xinfu.indicators.rules import Period
from xinfu.indicators.screens import freshness, periods
from xinfu.indicators.screens.board import number_url
from xinfu.people.session import actor_of

MONTHS = 24


class TargetForm(forms.Form):
    value = inputs.Text(label="目标值", max_length=20)
    since = inputs.Day(label="自何日起")
    source = inputs.Text(label="依据", max_length=300, help_text="文件名或会议决定")


def month_label(period: Period) -> str:
    return f"{period.frm.year}年{period.frm.month}月"


def chart_of(points: list[Point], unit: str, goal: Fraction | None) -> dict[str, Any]:
    """Return the trend with the official value and the target beside it, as plain ECharts options."""
    series: list[dict[str, Any]] = [
        {"name": "本系统计算", "type": "line", "data": [_number(p) for p in points], "symbolSize": 7},
    ]
    if any(p.official and p.official.printed for p in points):
        data = [float(p.official.printed) if p.official and p.official.printed else None for p in points]
        series.append(
            {
                "name": "官方公布",
                "type": "line",
                "data": data,
                "lineStyle": {"type": "dashed"},
                "symbol": "triangle",
            }
        )
    if goal is not None:
        series.append(
            {
                "name": "目标",
                "type": "line",
                "data": [float(goal)] * len(points),
                "symbol": "none",
                "lineStyle": {"type": "dotted"},
            }
        )
    return {
        "animation": False,
        "grid": {"left": 64, "right": 24, "top": 64, "bottom": 40},
        "legend": {"top": 4},
        "tooltip": {"trigger": "axis", "renderMode": "richText"},
        "xAxis": {"type": "category", "data": [month_label(p.period) for p in points]},
        "yAxis": {"type": "value", "scale": True, "name": unit},
        "series": series,
    }


def _number(point: Point) -> float | None:
    return None if point.figure is None or point.figure.value is None else float(point.figure.value)


def rank_of(peer: Peer | None) -> str:
    return f"第{peer.rank}名" if peer and peer.rank else "—"


def trimmed(points: list[Point]) -> list[Point]:
    """Leave out the months before the first record."""
    first = next((n for n, p in enumerate(points) if _counted(p) or p.official is not None), len(points))
    return points[first:]


def _counted(point: Point) -> bool:
    return point.figure is not None and bool(point.figure.denominator or point.figure.numerator)


@needs(Can.SEE)
def detail(request: HttpRequest, code: str) -> HttpResponse:
    actor = actor_of(request)
    one = queries.indicator(code)
    if request.method == "POST":
        actor.require(Can.SET)
    form = TargetForm(request.POST or None) if actor.may(Can.SET) else None
    if (
        request.method == "POST"
        and form is not None
        and form.is_valid()
        and _set_target(request, actor, code, form)
    ):
        return redirect("indicators:detail", code)
    today = clock.today()
    state = queries.snapshot(actor)
    points = trimmed(queries.history(actor, code, today, MONTHS)) if state and not one.split else []
    goal = queries.goals_on(today).get(code)
    scales = queries.scales_on(today)
    scale = scales.get(code) or scales[""]
    context = {
        "indicator": one,
        "snapshot": state,
        "stale": freshness.of(state, rules.month_of(today)),
        "points": [
            (month_label(p.period), number_url(code, p.period), p.figure, p.official, rank_of(p.official))
            for p in points
        ],
        "chart": chart_of(points, one.unit, goal.exact if goal else None),
        "chart_rows": [
            (
                month_label(p.period),
                (p.figure.value if p.figure else None) or "—",
                (p.official.printed if p.official else "") or "—",
            )
            for p in points
        ],
        "chart_head": ("月份", f"本系统计算（{one.unit}）", f"官方公布（{one.unit}）"),
        "goal": goal,
        "scale": scale,
        "bounds": [(colour, rules.COLOURS.get(colour, colour), bound) for colour, bound in scale.bounds],
        "peer_periods": [
            (periods.label_of(p), f"?{p.frm}_{p.to}", p) for p in queries.peer_periods(actor, code)[:12]
        ],
        "form": form,
        "may_refresh": actor.may(Can.IMPORT),
    }
    return render(
        request, "indicators/detail.html", context, status=422 if form is not None and form.errors else 200
    )


def _set_target(request: HttpRequest, actor: Actor, code: str, form: TargetForm) -> bool:
    try:
        actions.set_target(indicator=code, by=actor, at=clock.now(), **form.cleaned_data)
    except Refused as refused:
        inputs.refuse(form, refused)
        return False
    messages.success(request, "目标已设定，自所填日期起生效；以前各期仍按以前的目标。")
    return True


@needs(Can.SEE)
def catalogue(request: HttpRequest) -> HttpResponse:
    found = queries.definitions(actor_of(request))
    return render(request, "indicators/catalogue.html", {"indicators": found})
