"""晾晒榜: units in order, each number opens; as table, as files, as a wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from xinfu.assignments.access import Can as Assign
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.ui import text
from xinfu.indicators import queries
from xinfu.indicators.access import Can
from xinfu.indicators.queries import FigureRow, League, LeagueRow, Shown
from xinfu.indicators.rules import Period
from xinfu.indicators.screens import freshness, giving, periods
from xinfu.indicators.screens.board import number_url, records_url
from xinfu.lib import tables
from xinfu.people.session import actor_of

GRAINS = ("department", "window", "town", "channel", "item")
CODES = ("one_net_rate", "late_acceptance_rate", "late_finish_rate", "on_time_rate", "early_finish_rate")
MOST_ON_WALL = 12
TURN_SECONDS = 20
PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One unit as a table shows it."""

    row: LeagueRow
    figure: FigureRow
    number_url: str
    numerator_url: str
    denominator_url: str
    width: int
    others: list[tuple[str, str]]
    give_url: str = ""

    @property
    def change(self) -> str:
        change = self.row.rank_change
        if change is None:
            return ""
        return "持平" if change == 0 else f"▲ 升{change}" if change > 0 else f"▼ 降{-change}"


def _value(figure: FigureRow | None) -> str:
    if figure is None or figure.value is None:
        return text.DASH
    return f"{figure.value}{figure.indicator.unit if figure.indicator.unit == '%' else ''}"


def lines(table: League, rows: list[LeagueRow], grain: str, giver: Actor | None = None) -> list[Line]:
    """Return the rows with their addresses and a bar of at most 100 for the eye; `giver` may give each as an item."""
    code, period = table.by.code, table.period
    most = table.most or 1
    out = []
    for row in rows:
        figure = row.figures.get(code)
        if figure is None:
            continue
        group = {grain: "" if row.ids[grain] is None else str(row.ids[grain])}
        out.append(
            Line(
                row=row,
                figure=figure,
                number_url=number_url(code, period, **group),
                numerator_url=records_url(code, "numerator", period, **group),
                denominator_url=records_url(code, "denominator", period, **group),
                width=round((figure.exact or 0) / most * 100),
                others=[
                    (_value(row.figures.get(other)), number_url(other, period, **group))
                    for other in CODES
                    if other != code and grain in queries.indicator(other).grains
                ],
                give_url=_give(giver, table, row, figure) if giver and grain == "department" else "",
            )
        )
    return out


def _give(giver: Actor, table: League, row: LeagueRow, figure: FigureRow) -> str:
    label, unit = periods.label_of(table.period), row.ids["department"]
    place = f"，排第{row.rank}名" if row.rank else ""
    return giving.give_url(
        giver,
        title=f"{table.by.title}整改：{label}",
        text=f"{label}{table.by.title}{_value(figure)}（{figure.numerator or 0:,}÷{figure.denominator or 0:,}）{place}。",
        department=None if unit is None else int(str(unit)),
        source="bulletin",
        source_name=f"{label}晾晒榜",
    )


def asked(given: Mapping[str, str]) -> tuple[str, str]:
    """Return grain and indicator that the address names; the first of each where it names none."""
    grain, by = given.get("grain") or GRAINS[0], given.get("by") or CODES[0]
    if grain not in GRAINS:
        raise Refused(
            "unknown_grain",
            f"不能按“{grain[:20]}”排榜，可选{'、'.join(queries.GRAIN_LABELS[g] for g in GRAINS)}。",
        )
    queries.indicator(by)
    return grain, by


def table_of(request: HttpRequest, period: Period, grain: str, by: str, shown: Shown | None = None) -> League:
    codes = [by, *(code for code in CODES if code != by)]
    codes = [code for code in codes if code == by or grain in queries.indicator(code).grains]
    return queries.league(actor_of(request), period.frm, period.to, codes, by, grain, shown=shown)


def part_of(request: HttpRequest) -> Shown:
    """Return the page and the text to look for that the address names."""
    page = request.GET.get("page", "1")
    text = request.GET.get("q", "").strip()[:40]
    return Shown(int(page) if page.isdigit() and len(page) < 6 else 1, PAGE, text)


@needs(Can.SEE)
def league(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    grain, by = asked(request.GET)
    keep = {"grain": grain, "by": by}
    chosen = periods.choose(request, keep)
    state, part = queries.snapshot(actor), part_of(request)
    if state and request.GET.get("format") in ("xlsx", "csv"):
        return _file(table_of(request, chosen.period, grain, by), grain, request.GET["format"])
    table = table_of(request, chosen.period, grain, by, part) if state else None
    giver = actor if actor.may(Assign.GIVE) else None
    days = periods.days(chosen.period)
    pages = {**days, **keep, **({"q": part.text} if part.text else {})}
    context = {
        "chosen": chosen,
        "table": table,
        "ranked": lines(table, table.ranked, grain, giver) if table else [],
        "apart": lines(table, table.apart, grain) if table else [],
        "gives": giver is not None and grain == "department",
        "others": [one for code in CODES if code != by and grain in (one := queries.indicator(code)).grains],
        "grain": grain,
        "grain_label": queries.GRAIN_LABELS[grain],
        "by": queries.indicator(by),
        "grains": [
            (g, queries.GRAIN_LABELS[g], f"?{urlencode({**days, 'grain': g, 'by': by})}") for g in GRAINS
        ],
        "choices": [
            (one, f"?{urlencode({**days, 'grain': grain, 'by': one.code})}")
            for one in queries.definitions(actor)
            if grain in one.grains and one.denominator is not None and not one.split
        ],
        "text": part.text,
        "hidden": {**days, **keep},
        "whole": f"?{urlencode({**days, **keep})}",
        "previous": f"?{urlencode({**pages, 'page': table.page - 1})}" if table and table.page > 1 else "",
        "next": f"?{urlencode({**pages, 'page': table.page + 1})}"
        if table and table.page < table.pages
        else "",
        "snapshot": state,
        "stale": freshness.of(state, chosen.period),
        "files": f"?{urlencode({**days, **keep})}",
        "may_publish": actor.may(Can.PUBLISH),
        "published": queries.published_of(actor, by, grain, chosen.period),
        "may_refresh": actor.may(Can.IMPORT),
    }
    return render(request, "indicators/league.html", context)


def _file(table: League, grain: str, kind: str) -> HttpResponseBase:
    """Return exactly this table as a file."""
    head = [
        "名次",
        queries.GRAIN_LABELS[grain],
        "编码",
        f"{table.by.title}（{table.by.unit}）",
        "分子",
        "分母",
        "上期名次",
    ]
    rows = [
        [
            "" if row.rank is None else str(row.rank),
            row.label,
            row.code or "",
            figure.value or "",
            str(figure.numerator or 0),
            "" if figure.denominator is None else str(figure.denominator),
            "" if row.rank_before is None else str(row.rank_before),
        ]
        for row in table.rows
        if (figure := row.figures.get(table.by.code)) is not None
    ]
    name = f"{table.by.title}-{table.period.frm}-{table.period.to}.{kind}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        (tables.write_csv if kind == "csv" else tables.write_xlsx)(path, head, rows)
        content = BytesIO(path.read_bytes())
    return FileResponse(content, as_attachment=True, filename=name)


@needs(Can.SEE)
def wall(request: HttpRequest) -> HttpResponse:
    """Show one indicator's table for a screen on the wall; the page turns to the next by itself."""
    chosen = periods.choose(request)
    grain, _ = asked(request.GET)
    turn = request.GET.get("turn", "0")
    place = int(turn) % len(CODES) if turn.isdigit() and len(turn) < 6 else 0
    state = queries.snapshot(actor_of(request))
    part = Shown(size=MOST_ON_WALL)
    table = table_of(request, chosen.period, grain, CODES[place], part) if state else None
    query = {**periods.days(chosen.period), "grain": grain, "turn": (place + 1) % len(CODES)}
    context = {
        "chosen": chosen,
        "by": queries.indicator(CODES[place]),
        "grain_label": queries.GRAIN_LABELS[grain],
        "lines": lines(table, table.ranked, grain) if table else [],
        "snapshot": state,
        "stale": freshness.of(state, chosen.period),
        "next_url": f"{reverse('indicators:wall')}?{urlencode(query)}",
        "turn_seconds": TURN_SECONDS,
        "place": place + 1,
        "places": len(CODES),
    }
    return render(request, "indicators/wall.html", context)
