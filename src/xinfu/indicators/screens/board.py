"""指标看板: one card an indicator; every number opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from xinfu.assignments.access import Can as Assign
from xinfu.core import registry
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.ui import text
from xinfu.indicators import queries, rules, tasks
from xinfu.indicators.access import Can
from xinfu.indicators.queries import Standing
from xinfu.indicators.queries.review import worst_units
from xinfu.indicators.rules import Period
from xinfu.indicators.screens import freshness, giving, periods
from xinfu.people.session import actor_of

SUBJECTS = ("办件", "评价", "事项")  # first; others follow
TREND_MONTHS = 12


NO_COUNTER = {"%", "件", "次", "分"}  # units that stand behind a number without 个


def measured(value: str, unit: str) -> str:
    """Return a value with its unit as the office writes it: 99.13%, 0.04次, 0.29个工作日."""
    return f"{value}{unit}" if unit in NO_COUNTER else f"{value}个{unit}"


def moved(change: Fraction, decimals: int, unit: str) -> str:
    """Return a change in words, such as ▲ 升0.35个百分点; 基本持平 where the printed decimals do not show it."""
    if change == 0:
        return "持平"
    number = rules.rounded(abs(change), decimals)
    if not number.strip("0."):
        return "基本持平"
    shown = number if decimals else text.thousands(int(number))
    return f"{'▲ 升' if change > 0 else '▼ 降'}{measured(shown, '百分点' if unit == '%' else unit)}"


@dataclass(frozen=True, slots=True)
class Card:
    """One indicator as the board shows it; addresses carry the period."""

    standing: Standing
    url: str
    numerator_url: str
    denominator_url: str
    trend: dict[str, Any]
    trend_rows: list[tuple[str, str]]
    give_url: str = ""
    owner: str = ""

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
        return measured(figure.value, unit)

    @property
    def has_parts(self) -> bool:
        return self.standing.figure.denominator is not None

    @property
    def change_words(self) -> str:
        """The change since the period before in words, such as 升0.35个百分点."""
        change, before = self.standing.change, self.standing.before
        is_count = self.standing.figure.denominator is None
        if change is None or (is_count and (before is None or not before.numerator)):
            return ""  # nothing was counted before: no growth, a beginning
        return moved(
            change, 0 if is_count else self.standing.indicator.decimals, self.standing.indicator.unit
        )

    @property
    def verdict(self) -> str:
        improved = self.standing.improved
        return (
            "" if improved is None or self.change_words.endswith("持平") else "好转" if improved else "变差"
        )

    @property
    def gap_words(self) -> str:
        gap, goal = self.standing.gap, self.standing.goal
        if goal is None or gap is None:
            return ""
        if gap == 0:
            return "已达目标"
        unit = "百分点" if self.standing.indicator.unit == "%" else self.standing.indicator.unit
        return f"距目标{measured(rules.rounded(abs(gap), self.standing.indicator.decimals), unit)}"


@lru_cache(maxsize=512)
def address(name: str, *args: str) -> str:
    """Return an address of the indicators' pages; a long table asks for the same few hundreds of times."""
    return reverse(f"indicators:{name}", args=args)


def number_url(code: str, period: Period, **extra: Any) -> str:
    return f"{address('number', code)}?{urlencode({**periods.days(period), **extra})}"


def records_url(code: str, part: str, period: Period, **group: Any) -> str:
    query = {**periods.days(period), **{k: "" if v is None else v for k, v in group.items()}}
    return f"{address('records', code, part)}?{urlencode(query)}"


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
    gives = gives_of(actor, period, standings)
    return [
        Card(
            standing=s,
            url=number_url(s.indicator.code, period),
            numerator_url=records_url(s.indicator.code, "numerator", period),
            denominator_url=records_url(s.indicator.code, "denominator", period),
            trend=line_chart(lines[s.indicator.code], s.indicator.unit, small=True),
            trend_rows=[(label, "—" if value is None else value) for label, value in lines[s.indicator.code]],
            **gives.get(s.indicator.code, {}),
        )
        for s in standings
    ]


def gives_of(actor: Actor, period: Period, standings: list[Standing]) -> dict[str, dict[str, str]]:
    """Return for each red indicator where it is given as an item, to the unit that lost the most cases."""
    red = [s.indicator.code for s in standings if s.band == "red"] if actor.may(Assign.GIVE) else []
    worst = worst_units(actor, period.frm, period.to, red) if red else {}
    label = periods.label_of(period)
    return {
        code: {
            "owner": line.label,
            "give_url": giving.give_url(
                actor, title=f"{line.figure.indicator.title}红色整改：{label}", text=line.facts,
                department=line.department, source="report", source_name=f"{label}指标看板",
            ),
        }
        for code, line in worst.items()
    }  # fmt: skip


def by_subject(shown: list[Card]) -> list[tuple[str, list[Card]]]:
    """Return the cards under the headings of what they count, 办件 first."""
    groups: dict[str, list[Card]] = {name: [] for name in SUBJECTS}
    for card in shown:
        groups.setdefault(registry.subject_of(card.standing.indicator), []).append(card)
    return [(name, cards) for name, cards in groups.items() if cards]


@needs(Can.SEE)
def board(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    chosen = periods.choose(request)
    state = queries.snapshot(actor)
    shown = cards(actor, chosen.period) if state else []
    context: dict[str, Any] = {
        "chosen": chosen,
        "snapshot": state,
        "stale": freshness.of(state, chosen.period),
        "groups": by_subject(shown),
        "trend_head": ("月份", "数值"),
        "may_refresh": actor.may(Can.IMPORT),
    }
    return render(request, "indicators/board.html", context)


@needs(Can.IMPORT)
@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Ask for fresh figures; they appear when the background task is done."""
    tasks.ask_refresh()
    messages.success(request, "已开始更新，通常几分钟内完成；完成后刷新本页即可看到新数。")
    return redirect("indicators:board")
