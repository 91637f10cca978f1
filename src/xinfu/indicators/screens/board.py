"""指标看板: one card an indicator; every number opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.ui import text
from xinfu.indicators import queries, rules, tasks
from xinfu.indicators.access import Can
from xinfu.indicators.queries import Standing
from xinfu.indicators.rules import Period
from xinfu.indicators.screens import periods
from xinfu.people.session import actor_of

CASE_RATES = (
    "cases_total", "cases_unified", "one_net_rate", "late_acceptance_rate", "late_finish_rate", "on_time_rate",
    "early_finish_rate", "mean_handling_days",
)  # fmt: skip
TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Card:
    """One indicator as the board shows it; addresses carry the period."""

    standing: Standing
    url: str
    numerator_url: str
    denominator_url: str
    trend: dict[str, Any]
    trend_rows: list[tuple[str, str]]

    @property
    def code(self) -> str:
        return self.standing.indicator.code

    @property
    def chart_id(self) -> str:
        return f"trend-{self.code}"

    @property
    def shown(self) -> str:
        """The value with its unit, `—` where nothing was counted."""
        figure = self.standing.figure
        if figure.value is None:
            return "—"
        unit = figure.indicator.unit
        if unit == "件" and figure.denominator is None:
            return f"{text.thousands(figure.numerator)}件"
        return f"{figure.value}{unit}" if unit in {"%", "件"} else f"{figure.value}个{unit}"

    @property
    def has_parts(self) -> bool:
        return self.standing.figure.denominator is not None

    @property
    def change_words(self) -> str:
        """The change since the period before in words, such as 升0.35个百分点."""
        change = self.standing.change
        if change is None:
            return ""
        if change == 0:
            return "持平"
        unit = {"%": "个百分点"}.get(self.standing.indicator.unit, self.standing.indicator.unit)
        decimals = 0 if self.standing.figure.denominator is None else self.standing.indicator.decimals
        number = text.thousands(int(abs(change))) if decimals == 0 else rules.rounded(abs(change), decimals)
        return f"{'▲ 升' if change > 0 else '▼ 降'}{number}{unit}"

    @property
    def verdict(self) -> str:
        improved = self.standing.improved
        return "" if improved is None else "好转" if improved else "变差"

    @property
    def gap_words(self) -> str:
        gap, goal = self.standing.gap, self.standing.goal
        if goal is None or gap is None:
            return ""
        if gap == 0:
            return "已达目标"
        unit = "个百分点" if self.standing.indicator.unit == "%" else self.standing.indicator.unit
        return f"距目标{rules.rounded(abs(gap), self.standing.indicator.decimals)}{unit}"


def number_url(code: str, period: Period, **extra: Any) -> str:
    return f"{reverse('indicators:number', args=[code])}?{urlencode({**periods.days(period), **extra})}"


def records_url(code: str, part: str, period: Period, **group: Any) -> str:
    query = {**periods.days(period), **{k: "" if v is None else v for k, v in group.items()}}
    return f"{reverse('indicators:records', args=[code, part])}?{urlencode(query)}"


def line_chart(points: list[tuple[str, str | None]], unit: str, *, small: bool = False) -> dict[str, Any]:
    """Return plain ECharts options of one line; None leaves a gap."""
    return {
        "animation": False,
        "grid": {"left": 4, "right": 8, "top": 8, "bottom": 4}
        if small
        else {"left": 56, "right": 24, "top": 32, "bottom": 32},
        "xAxis": {"type": "category", "data": [label for label, _ in points], "show": not small},
        "yAxis": {"type": "value", "scale": True, "show": not small, "name": unit},
        "tooltip": {"trigger": "axis", "renderMode": "richText"},
        "series": [
            {
                "type": "line",
                "data": [None if value is None else float(value) for _, value in points],
                "symbolSize": 4 if small else 7,
                "connectNulls": False,
            }
        ],
    }


def trends(actor: Actor, last: date, codes: list[str]) -> dict[str, list[tuple[str, str | None]]]:
    """Return the monthly values of the last year for several indicators, oldest first."""
    found: dict[str, list[tuple[str, str | None]]] = {code: [] for code in codes}
    for code, points in queries.histories(actor, codes, last, TREND_MONTHS).items():
        found[code] = [
            (f"{p.period.frm.year}年{p.period.frm.month}月", p.figure.value if p.figure else None)
            for p in points
        ]
    return found


def cards(actor: Actor, period: Period) -> list[Card]:
    standings = queries.standings(actor, period.frm, period.to)
    codes = [s.indicator.code for s in standings]
    lines = trends(actor, period.to, codes)
    return [
        Card(
            standing=s,
            url=number_url(s.indicator.code, period),
            numerator_url=records_url(s.indicator.code, "numerator", period),
            denominator_url=records_url(s.indicator.code, "denominator", period),
            trend=line_chart(lines[s.indicator.code], s.indicator.unit, small=True),
            trend_rows=[(label, "—" if value is None else value) for label, value in lines[s.indicator.code]],
        )
        for s in standings
    ]


@needs(Can.SEE)
def board(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    chosen = periods.choose(request)
    state = queries.snapshot(actor)
    shown = cards(actor, chosen.period) if state else []
    context: dict[str, Any] = {
        "chosen": chosen,
        "snapshot": state,
        "stale": state is not None and state.as_of.date() < min(chosen.period.to, clock.today()),
        "groups": [
            ("办件", [c for c in shown if c.code in CASE_RATES]),
            ("事项", [c for c in shown if c.code not in CASE_RATES]),
        ],
        "trend_head": ("月份", "数值"),
        "may_refresh": actor.may(Can.IMPORT),
    }
    return render(request, "indicators/board.html", context)


@require_POST
@needs(Can.IMPORT)
def refresh(request: HttpRequest) -> HttpResponse:
    """Ask for fresh figures; they appear when the background task is done."""
    tasks.ask_refresh()
    messages.success(request, "已开始更新，通常几分钟内完成；完成后刷新本页即可看到新数。")
    return redirect("indicators:board")
