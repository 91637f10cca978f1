"""The reasons that people may choose: core ones are fixed, extension ones the county switches from a day on."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.refusal import Refused
from xinfu.core.ui import forms as inputs
from xinfu.people.session import actor_of
from xinfu.ratings import actions, codes
from xinfu.ratings.access import Can
from xinfu.ratings.actions.reasons import LONGEST_SOURCE
from xinfu.ratings.models import Level
from xinfu.ratings.queries import reasons as queries


class SwitchForm(forms.Form):
    is_on = forms.TypedChoiceField(
        label="调整为",
        choices=[("1", "启用"), ("0", "停用")],
        coerce=lambda v: v == "1",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择启用或停用。"},
    )
    since = inputs.Day(label="生效日期", help_text="不早于今天；此前的评价不变")
    source = inputs.Text(
        label="依据",
        max_length=LONGEST_SOURCE,
        help_text="文件名称、文号或会议决定",
        error_messages={
            "required": "请写明依据的文件或决定。",
            "max_length": f"依据最多{LONGEST_SOURCE}字，请精简。",
        },
    )


@needs(Can.SET_UP)
def reasons(request: HttpRequest) -> HttpResponse:
    """Show the national list level by level, and what of it is offered today."""
    states = queries.reason_states(actor_of(request), clock.today())
    levels = [(Level(level), list(found)) for level, found in groupby(states, key=lambda s: s.reason.level)]
    on = sum(s.is_on for s in states)
    context = {"levels": levels, "on": on, "total": len(states), "source": codes.SOURCE, "since": codes.SINCE}
    return render(request, "ratings/reasons.html", context)


@needs(Can.SET_UP)
def reason(request: HttpRequest, code: str) -> HttpResponse:
    """Show one option with its history, and switch it from a day on."""
    actor, today = actor_of(request), clock.today()
    state = queries.reason_state(actor, code, today)
    form = SwitchForm(
        request.POST if request.method == "POST" else None,
        initial={"is_on": "0" if state.is_on else "1", "since": today},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.switch_reason(code=code, **form.cleaned_data, by=actor, at=clock.now())
            word = "启用" if form.cleaned_data["is_on"] else "停用"
            messages.success(request, f"“{state.reason.text}”自{form.cleaned_data['since']}起{word}。")
            return redirect("ratings:reasons")
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"state": state, "form": form, "level": Level(state.reason.level).label}
    return render(request, "ratings/reason.html", context, status=422 if form.errors else 200)


urls: list[Any] = [
    path("reasons/", reasons, name="reasons"),
    path("reasons/<str:code>/", reason, name="reason"),
]
