"""Meeting mode: one indicator a page with its last 12 months, for the county or one responsible unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.indicators import queries, rules
from xinfu.indicators.access import Can
from xinfu.indicators.engine import Value
from xinfu.indicators.queries import Point
from xinfu.indicators.rules import Period
from xinfu.indicators.screens import freshness
from xinfu.indicators.screens.board import measured, moved, number_url, records_url
from xinfu.indicators.screens.detail import chart_of, month_label
from xinfu.people.session import actor_of

MONTHS = 12
AGENDA = (
    "one_net_rate", "late_acceptance_rate", "late_finish_rate", "on_time_rate", "early_finish_rate",
    "mean_handling_days",
)  # fmt: skip


class UnitForm(forms.Form):
    """Whose figures are on the wall of the meeting."""

    department = forms.ChoiceField(label="责任单位", required=False)

    def __init__(self, units: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [("", "全县"), *units]  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Month:
    """One month as the table shows it; its number and its records open."""

    point: Point
    label: str
    change: str
    number_url: str
    numerator_url: str
    denominator_url: str


def change_words(now: Point, before: Point | None) -> str:
    """Return the change of the exact values in words, such as ▼ 降0.70个百分点; blank where one is missing."""
    if before is None or now.figure is None or before.figure is None:
        return ""
    new, old = now.figure.exact, before.figure.exact
    if new is None or old is None:
        return ""
    return moved(new - old, now.figure.indicator.decimals, now.figure.indicator.unit)


def shown_of(point: Point) -> str:
    figure = point.figure
    return "—" if figure is None or figure.value is None else measured(figure.value, figure.indicator.unit)


def months_of(points: list[Point], code: str, group: dict[str, str]) -> list[Month]:
    """Return the months, newest first, each with the change since the month before it."""
    befores = [None, *points][: len(points)]
    return [
        Month(
            point=point,
            label=month_label(point.period),
            change=change_words(point, before),
            number_url=number_url(code, point.period, **group),
            numerator_url=records_url(code, "numerator", point.period, **group),
            denominator_url=records_url(code, "denominator", point.period, **group),
        )
        for point, before in zip(points, befores, strict=True)
    ][::-1]


def units_of(actor: Actor, period: Period, code: str) -> list[tuple[str, str]]:
    """Return the units that the month counts, as choices."""
    rows = queries.figures(actor, period.frm, period.to, ["department"], [code])
    found = {
        str(row.ids["department"]): row.labels["department"]
        for row in rows
        if row.origin == "computed" and row.ids.get("department") is not None
    }
    return sorted(found.items(), key=lambda unit: unit[1])


def with_asked(units: list[tuple[str, str]], points: list[Point], asked: str) -> list[tuple[str, str]]:
    """Return the choices with the asked unit among them, though the last month has nothing of it."""
    if not asked or asked in dict(units):
        return units
    named = (p.figure.labels["department"] for p in reversed(points) if p.figure is not None)
    return [*units, (asked, next(named, "所选单位"))]


def asked_unit(request: HttpRequest) -> dict[str, Value]:
    """Return the unit that the address names; the whole county where it names none."""
    text = request.GET.get("department", "")
    return queries.parse_group({"department": text}) if text else {}


def place_of(code: str) -> int:
    if code not in AGENDA:
        titles = "、".join(queries.indicator(one).title for one in AGENDA)
        raise Refused("not_on_agenda", f"会议模式只列{titles}。")
    return AGENDA.index(code)


@needs(Can.SEE)
def meeting(request: HttpRequest, code: str = AGENDA[0]) -> HttpResponse:
    actor = actor_of(request)
    place, one, group = place_of(code), queries.indicator(code), asked_unit(request)
    last = rules.month_of(clock.today().replace(day=1) - timedelta(days=1))
    state = queries.snapshot(actor)
    points = queries.history(actor, code, last.to, MONTHS, group) if state else []
    as_query = {grain: str(value) for grain, value in group.items()}
    asked = as_query.get("department", "")
    units = with_asked(units_of(actor, last, code), points, asked) if state else []
    goal = queries.goals_on(last.to).get(code)
    months = months_of(points, code, as_query)
    tail = f"?{urlencode(as_query)}" if as_query else ""
    context = {
        "indicator": one,
        "snapshot": state,
        "stale": freshness.of(state, last),
        "months": months,
        "counted": any(p.figure is not None and p.figure.value is not None for p in points),
        "now": months[0] if months else None,
        "shown": shown_of(points[-1]) if points else "—",
        "unit_label": dict(units).get(asked, "全县"),
        "form": UnitForm(units, initial=as_query),
        "goal": goal,
        "chart": chart_of(points, one.unit, goal.exact if goal else None),
        "chart_head": ("月份", f"数值（{one.unit}）"),
        "chart_rows": [
            (month_label(p.period), (p.figure.value if p.figure else None) or "—") for p in points
        ],
        "previous": AGENDA[place - 1] if place else "",
        "next": AGENDA[place + 1] if place + 1 < len(AGENDA) else "",
        "tail": tail,
        "place": place + 1,
        "places": len(AGENDA),
        "may_refresh": actor.may(Can.IMPORT),
    }
    return render(request, "indicators/meeting.html", context)
