"""评价统计: the views of a rating office's menu as one table with groupings and orders (hall.md §1.9)."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.refusal import Refused
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import text
from xinfu.people.session import actor_of
from xinfu.ratings.access import Can
from xinfu.ratings.queries import statistics as queries
from xinfu.ratings.queries.loop import units
from xinfu.ratings.queries.statistics import GROUPINGS, ORDERS, Line, Statistics

MOST_LINES = 200
HEAD = ("名称", "主动评价", "好评", "差评", "好评率", "差评率", "综合得分", "到期差评", "整改完成", "整改率",
        "系统默认评价", "不计入统计")  # fmt: skip


class Asked(forms.Form):
    """Period, grouping and order, kept in the address."""

    frm = inputs.Day(label="从", required=False)
    to = inputs.Day(label="到", required=False)
    by = forms.ChoiceField(
        label="分组", required=False, choices=[(code, label) for code, (label, _, _) in GROUPINGS.items()]
    )
    department = forms.TypedChoiceField(label="承办单位", required=False, coerce=int, empty_value="")
    order = forms.ChoiceField(label="排序", required=False, choices=list(ORDERS.items()))

    def __init__(self, given: dict[str, Any], units: list[tuple[int, str]]) -> None:
        super().__init__(given)
        self.fields["department"].choices = [("", "全部"), *units]  # type: ignore[attr-defined]


def _asked(request: HttpRequest) -> tuple[Asked, dict[str, Any]]:
    today = clock.today()
    usual: dict[str, Any] = {
        "frm": today.replace(month=1, day=1), "to": today, "by": "department", "order": "bad_rate", "department": "",
    }  # fmt: skip
    given = {name: request.GET.get(name) or usual[name] for name in usual}
    form = Asked(given, units(actor_of(request)))
    return form, {**usual, **form.cleaned_data} if form.is_valid() else usual


def _cells(line: Line) -> list[str]:
    """Return a line as text, in the order of HEAD; what is too small to be told stays blank."""
    if line.is_few:
        return [line.name, *[""] * (len(HEAD) - 1)]
    return [
        line.name, str(line.total), str(line.good), str(line.bad), text.ratio(line.good, line.total),
        text.ratio(line.bad, line.total),
        line.mean if line.total else "", str(line.valid), str(line.rectified),
        text.ratio(line.rectified, line.valid), str(line.defaults), str(line.excluded),
    ]  # fmt: skip


@needs(Can.SEE)
def statistics(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form, asked = _asked(request)
    found: Statistics | None = None
    excluded: list[queries.Excluded] = []
    refused = "" if form.is_valid() else "请核对期间、分组和排序。"
    if not refused:
        try:
            found = queries.statistics(actor, **asked)
            excluded = queries.excluded(actor, asked["frm"], asked["to"])
        except Refused as refusal:
            refused = refusal.reason
    address = urlencode({**{k: str(v) for k, v in asked.items()}})
    context = {
        "form": form,
        "refused": refused,
        "found": found,
        "lines": found.lines[:MOST_LINES] if found else [],
        "more": max(0, len(found.lines) - MOST_LINES) if found else 0,
        "grouping": GROUPINGS[asked["by"]][0],
        "frm": asked["frm"],
        "to": asked["to"],
        "excluded": excluded,
        "address": address,
        "may_export": actor.may(Can.EXPORT),
    }
    return render(request, "ratings/statistics.html", context, status=422 if refused else 200)


@needs(Can.EXPORT)
def statistics_file(request: HttpRequest) -> HttpResponse:
    """Give the table as a file: the same groups, and none that is too small."""
    form, asked = _asked(request)
    if not form.is_valid():
        raise Refused("bad_period", "请核对期间、分组和排序。")
    found = queries.statistics(actor_of(request), **asked)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    writer.writerows(_safe(_cells(line)) for line in [found.whole, *found.lines])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="ratings-{asked["frm"]}-{asked["to"]}.csv"'
    return answer


def _safe(cells: list[str]) -> list[str]:
    """Keep a spreadsheet from reading a name as a formula."""
    return [f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in cells]


urls = [
    path("statistics/", statistics, name="statistics"),
    path("statistics.csv", statistics_file, name="statistics-file"),
]
