"""A number opened: its definition, its SQL, its numerator and denominator, and the records themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from xinfu.core.access import needs
from xinfu.core.refusal import Refused
from xinfu.indicators import queries
from xinfu.indicators.access import Can
from xinfu.indicators.engine import GRAINS, Value
from xinfu.indicators.queries import FigureRow, Gap
from xinfu.indicators.rules import Period
from xinfu.indicators.screens import freshness, periods
from xinfu.indicators.screens.board import number_url, records_url
from xinfu.people.session import actor_of

PARTS = {"numerator": "分子", "denominator": "分母"}


def group_of(request: HttpRequest) -> dict[str, Value]:
    """Return the group that the address names, such as department=3; blank is 未归属."""
    return queries.parse_group({grain: request.GET[grain] for grain in GRAINS if grain in request.GET})


def as_query(group: Mapping[str, Value]) -> dict[str, str]:
    return {grain: "" if value is None else str(value) for grain, value in group.items()}


def figure_of(actor: Any, code: str, period: Period, group: Mapping[str, Value]) -> FigureRow | None:
    """Return the computed figure of one group, or of the whole county."""
    rows = queries.figures(actor, period.frm, period.to, list(group), [code])
    for row in rows:
        if row.origin == "computed" and all(row.ids.get(grain) == value for grain, value in group.items()):
            return row
    return None


def gap_of(actor: Any, code: str, period: Period) -> Gap | None:
    try:
        return queries.gap(actor, code, period.frm, period.to)
    except Refused:
        return None


@needs(Can.SEE)
def number(request: HttpRequest, code: str) -> HttpResponse:
    actor = actor_of(request)
    group = group_of(request)
    chosen = periods.choose(request, as_query(group))
    definition = queries.definition(actor, code, chosen.period.frm, chosen.period.to, list(group))
    state = queries.snapshot(actor)
    gap = gap_of(actor, code, chosen.period) if state and not group else None
    figure = gap.figure if gap else figure_of(actor, code, chosen.period, group) if state else None
    parts = [
        (label, getattr(figure, part), records_url(code, part, chosen.period, **as_query(group)))
        for part, label in PARTS.items()
        if figure is not None and getattr(figure, part) is not None
    ]
    context = {
        "indicator": definition.indicator,
        "definition": definition,
        "definition_facts": [
            ("代码", definition.indicator.code),
            ("数什么", definition.indicator.counts),
            ("分子与分母", definition.indicator.formula),
            ("按什么日期", definition.indicator.dated_label),
            ("依据", definition.indicator.source),
            ("性质", definition.indicator.mark),
            ("自何日起", definition.indicator.valid_from),
        ],
        "chosen": chosen,
        "snapshot": state,
        "stale": freshness.of(state, chosen.period),
        "figure": figure,
        "group_label": "、".join(figure.labels.values()) if figure and group else "全县",
        "parts": parts,
        "gap": gap,
        "gap_shares": [s for s in gap.shares if s.needed][:5] if gap else [],
        "may_refresh": actor.may(Can.IMPORT),
    }
    return render(request, "indicators/number.html", context)


@needs(Can.SEE)
def records(request: HttpRequest, code: str, part: str) -> HttpResponse:
    actor = actor_of(request)
    chosen = periods.choose(request)
    group = group_of(request)
    asked = request.GET.get("page", "1")
    page_no = int(asked) if asked.isdigit() and len(asked) < 8 else 1
    page = queries.records(actor, code, part, chosen.period.frm, chosen.period.to, group, page_no)
    figure = figure_of(actor, code, chosen.period, group)
    query = {**periods.days(chosen.period), **as_query(group)}
    state = queries.snapshot(actor)
    context = {
        "page": page,
        "snapshot": state,
        "stale": freshness.of(state, chosen.period),
        "part_label": PARTS[part],
        "indicator": page.indicator,
        "chosen": chosen,
        "group_label": "、".join(figure.labels.values()) if figure and group else "全县",
        "number_url": number_url(code, chosen.period, **as_query(group)),
        "previous": f"?{urlencode({**query, 'page': page.page - 1})}" if page.page > 1 else "",
        "next": f"?{urlencode({**query, 'page': page.page + 1})}" if page.page < page.pages else "",
        "is_cases": page.indicator.view == "cases",
        "is_proposals": page.indicator.view == "proposals",
        "is_ratings": page.indicator.view in ("ratings", "bad_ratings"),
    }
    return render(request, "indicators/records.html", context)
