"""到期清单, 晨会单 and 数据质量: what waits, by unit and window, and what is wrong with the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from xinfu.cases import queries
from xinfu.cases.access import Can
from xinfu.cases.marks import MARKS, Mark
from xinfu.cases.models import Case
from xinfu.cases.queries import DueGroup, Lamp, Today
from xinfu.cases.rules import Light
from xinfu.cases.screens.listing import light_html
from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.ui import text
from xinfu.people.session import actor_of

MOST_ROWS = 60
MOST_SHEET = 2000
AT_ONCE = 60
"""Cases that the morning's page lists without being asked for one unit."""
AHEAD = 3
"""Working days that the list of what is due looks ahead."""


class DueForm(forms.Form):
    department = forms.TypedChoiceField(label="承办单位", required=False, coerce=int, empty_value=None)
    window = forms.TypedChoiceField(label="窗口", required=False, coerce=int, empty_value=None)
    ahead = forms.TypedChoiceField(
        label="看到几天后",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", "3个工作日"),
            (0, "只看今天和已超期"),
            (1, "1个工作日"),
            (5, "5个工作日"),
            (10, "10个工作日"),
        ],
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _give_choices(self, actor)


def _give_choices(form: forms.Form, actor: Actor) -> None:
    known = queries.choices(actor)
    for name in ("departments", "windows"):
        field = form.fields[name[:-1]]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "全部"), *getattr(known, name)]


@dataclass(frozen=True, slots=True)
class DueRow:
    """One case of the list of what is due, and what follows if nothing is done."""

    case: Case
    lamp: Lamp
    light: str
    consequence: str


@dataclass(frozen=True, slots=True)
class Section:
    """The listed cases of one unit's window."""

    department: str
    window: str
    rows: list[DueRow]


def consequence(case: Case, lamp: Lamp, now: Today) -> str:
    """Say what happens if nothing is done."""
    if lamp.verb == "受理":
        if lamp.light == Light.LATE:
            return "已计超期受理1件；逾期未告知补正的，自收件之日起即为受理"
        return f"{_until(lamp, now)}未受理：计超期受理1件，自收件之日起即为受理（行政许可法第三十二条）"
    if lamp.light == Light.LATE:
        return "已计入超期办结率，办结后记“超期办结”，须说明原因"
    return f"{_until(lamp, now)}未办结：计超期办结1件"


def _until(lamp: Lamp, now: Today) -> str:
    return "今天" if lamp.due_on == now.day else f"到{lamp.due_on:%m-%d}" if lamp.due_on else ""


def _list_url(**wanted: Any) -> str:
    kept = {k: v for k, v in wanted.items() if v}
    return f"{reverse('cases:list')}?{urlencode(kept)}"


@dataclass(frozen=True, slots=True)
class GroupLinks:
    """One line of the overview with the addresses of its numbers."""

    group: DueGroup
    all_url: str
    late_url: str
    today_url: str


def _links(group: DueGroup) -> GroupLinks:
    where = {"department": group.department_id, "window": group.window_id}
    return GroupLinks(
        group,
        f"{reverse('cases:due')}?{urlencode({k: v for k, v in where.items() if v})}",
        _list_url(**where, light="late"),
        _list_url(**where, light="today"),
    )


@needs(Can.SEE)
def due_list(request: HttpRequest) -> HttpResponse:
    """Show what is overdue and due soon, by unit and window, the worst first."""
    actor = actor_of(request)
    form = DueForm(request.GET or None, actor=actor)
    wanted = form.cleaned_data if form.is_bound and form.is_valid() else {}
    asked = wanted.get("ahead")
    ahead = AHEAD if asked is None else asked
    department, window = wanted.get("department"), wanted.get("window")
    now = queries.today()
    last = now.calendar.add_workdays(now.day, ahead) if ahead else now.day
    groups = queries.due_groups(actor, now, last, department, window)
    rows = queries.due_cases(actor, last, MOST_ROWS, department, window)
    total = sum(g.total for g in groups)
    context = {
        "form": form,
        "now": now,
        "last": last,
        "groups": [_links(g) for g in groups],
        "sections": _sections(rows, now),
        "late": sum(g.late for g in groups),
        "today": sum(g.today for g in groups),
        "ahead": sum(g.ahead for g in groups),
        "total": total,
        "shown": len(rows),
        "rest": max(0, total - len(rows)),
        "list_url": _list_url(department=department, window=window, light="late"),
        "morning_url": f"{reverse('cases:morning')}?{urlencode({'department': department or ''})}",
        "is_narrowed": bool(department or window),
    }
    return render(request, "cases/due.html", context, status=422 if form.errors else 200)


def _sections(rows: list[Case], now: Today) -> list[Section]:
    by_window: dict[tuple[int | None, int | None], list[Case]] = {}
    for case in rows:
        by_window.setdefault((case.department_id, case.window_id), []).append(case)
    return [
        Section(
            str(found[0].department or "未登记单位"),
            str(found[0].window or ""),
            [_row(case, now) for case in found],
        )
        for found in by_window.values()
    ]


def _row(case: Case, now: Today) -> DueRow:
    lamp = queries.lamp(case, now)
    return DueRow(case, lamp, light_html(lamp), consequence(case, lamp, now))


# --- the morning sheet ---------------------------------------------------------------------------


class MorningForm(forms.Form):
    department = forms.TypedChoiceField(label="承办单位", required=False, coerce=int, empty_value=None)
    window = forms.TypedChoiceField(label="窗口", required=False, coerce=int, empty_value=None)
    alone = forms.BooleanField(label="每个窗口一页", required=False)
    all = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _give_choices(self, actor)


@dataclass(frozen=True, slots=True)
class SheetLinks:
    """One line of the morning's overview, with the addresses of its sheet and of what is overdue."""

    group: DueGroup
    sheet_url: str
    late_url: str


@needs(Can.SEE)
def morning(request: HttpRequest) -> HttpResponse:
    """Give the sheets for the morning round: each window's cases due today and on the next working day.

    A small reach is listed at once; a county shows its units and windows first, each sheet one press away, and all
    of them on one page to print.
    """
    actor = actor_of(request)
    form = MorningForm(request.GET or None, actor=actor)
    wanted = form.cleaned_data if form.is_bound and form.is_valid() else {}
    now, where = queries.today(), {k: wanted.get(k) for k in ("department", "window")}
    groups = queries.sheet_groups(actor, now, **where)
    total = sum(g.today + g.ahead for g in groups)
    is_listed = any(where.values()) or bool(wanted.get("all")) or total <= AT_ONCE
    sheets = queries.sheets(actor, now, groups, MOST_SHEET, **where) if is_listed else []
    context = {
        "form": form,
        "now": now,
        "day_words": _weekday(now.day),
        "tomorrow_words": _weekday(now.next_workday),
        "sheets": [(s, _sheet_links(s.group)) for s in sheets],
        "overview": [] if is_listed else [_sheet_links(g) for g in groups],
        "total": total,
        "late": sum(g.late for g in groups),
        "rest": max(0, total - MOST_SHEET) if is_listed else 0,
        "alone": bool(wanted.get("alone")),
        "is_narrowed": any(where.values()),
        "all_url": f"{reverse('cases:morning')}?all=on&alone=on",
    }
    return render(request, "cases/morning.html", context, status=422 if form.errors else 200)


def _sheet_links(group: DueGroup) -> SheetLinks:
    where = {k: v for k, v in (("department", group.department_id), ("window", group.window_id)) if v}
    sheet = f"{reverse('cases:morning')}?{urlencode(where or {'all': 'on'})}"
    return SheetLinks(group, sheet, _list_url(**where, light="late"))


def _weekday(day: date) -> str:
    return f"{text.day_cn(day)} 星期{'一二三四五六日'[day.weekday()]}"


# --- the state of the data -----------------------------------------------------------------------


@needs(Can.SEE)
def quality(request: HttpRequest) -> HttpResponse:
    """Count the quality marks; each opens its cases."""
    counts = {mark.value: number for mark, number in queries.quality_counts(actor_of(request))}
    found: list[tuple[Mark, int, str]] = sorted(
        ((mark, counts.get(bit, 0), _list_url(mark=bit)) for bit, mark in MARKS.items()), key=lambda m: -m[1]
    )
    context = {
        "marks": [m for m in found if m[1]],
        "clean": [m for m, number, _ in found if not number],
        "total": sum(m[1] for m in found),
        "as_of": clock.now(),
        "all_url": _list_url(mark=-1),
    }
    return render(request, "cases/quality.html", context)
