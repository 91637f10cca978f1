"""The rounds: the morning's sheet of bad ratings, and the draw of rectified ones to be called again."""

from __future__ import annotations

import secrets
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
from xinfu.core.ui import text
from xinfu.people.session import actor_of
from xinfu.ratings import actions
from xinfu.ratings.access import Can
from xinfu.ratings.queries import loop as queries
from xinfu.ratings.queries.loop_facts import facts
from xinfu.ratings.screens.loop_steps import asked_of

# --- the morning's sheet -------------------------------------------------------------------------


@needs(Can.HANDLE)
def loop_sheet(request: HttpRequest) -> HttpResponse:
    """Return the day's sheet of the actor's units: each loop with the facts of its case and the words for the call."""
    actor, now = actor_of(request), queries.now()
    rows = queries.sheet(actor)
    shown = rows[: queries.MOST_SHEETS]
    sheets = [
        (loop, facts(actor, loop, now), queries.due_of(loop),
         text.light(str(queries.light_of(loop, now)), queries.light_word(loop, now)), asked_of(loop))
        for loop in shown
    ]  # fmt: skip
    context = {"sheets": sheets, "now": now, "rest": len(rows) - len(shown)}
    return render(request, "ratings/loop_sheet.html", context)


# --- spot checks ---------------------------------------------------------------------------------


class DrawForm(forms.Form):
    first_on = inputs.Day(label="办结日期从")
    last_on = inputs.Day(label="到")
    size = forms.IntegerField(label="抽取件数", min_value=1, max_value=200, initial=10)


@needs(Can.SPOT_CHECK)
def spot_checks(request: HttpRequest) -> HttpResponse:
    """List the draws, and draw anew: the seed comes from the machine's chance and is kept with the draw."""
    actor = actor_of(request)
    form = DrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.draw_spot_check(
                **form.cleaned_data, seed=secrets.token_hex(16), by=actor, at=clock.now()
            )
            messages.success(request, "已抽取，请逐件回访。")
            return redirect("ratings:spot-check", made.pk)
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"form": form, "checks": queries.spot_checks(actor), "check": None}
    return render(request, "ratings/spot_checks.html", context, status=422 if form.errors else 200)


@needs(Can.SPOT_CHECK)
def spot_check(request: HttpRequest, pk: int) -> HttpResponse:
    check = queries.get_spot_check(actor_of(request), pk)
    return render(request, "ratings/spot_checks.html", {"check": check, "drawn": queries.drawn(check)})


urls: list[Any] = [
    path("loops/sheet/", loop_sheet, name="loop-sheet"),
    path("loops/spot-checks/", spot_checks, name="spot-checks"),
    path("loops/spot-checks/<int:pk>/", spot_check, name="spot-check"),
]
