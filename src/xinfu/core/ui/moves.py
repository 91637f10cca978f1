"""One step of a process, sent from its page: checked, asked again where it is final, taken, told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from xinfu.core import clock
from xinfu.core.actor import Actor
from xinfu.core.flow import Flow
from xinfu.core.models import StoredFile
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import confirm
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.kept import keep

F = TypeVar("F", bound=forms.Form)
Act = Callable[[str, dict[str, Any], list[StoredFile]], str]


def take(
    request: HttpRequest,
    flow: Flow,
    row: Model,
    form: F,
    *,
    by: Actor,
    thing: str,
    happens: Mapping[str, Sequence[str]],
    back: str,
    act: Act,
    page: Callable[[F], HttpResponse],
    needs_note: Collection[str] = (),
    moves: Collection[str] = (),
) -> HttpResponse:
    """Take the move named in the POST and go `back` with the sentence that `act(move, said, files)` returns.

    `happens`: what follows each move that is final; it is asked on a page of its own first, the files kept meanwhile.
    A refusal stands in the form of the row's own `page`. Raises NotFound for what is none of the (or of `flow`'s) moves.
    """
    name = request.POST.get("move", "")
    if request.method != "POST" or name not in (moves or {move.name for move in flow.moves}):
        raise NotFound()
    if not form.is_valid():
        return page(form)
    said = form.cleaned_data
    try:
        move = flow.check(name, row, by)
        kept = keep(request, by, clock.now())
        has_all = name not in needs_note or said["note"].strip()  # else the action says what is missing
        if name in happens and has_all:
            asked = confirm.ask(request, verb=move.label, thing=thing, happens=happens[name], back=back)
            if asked is not None:
                return asked
        sentence = act(name, said, kept)
    except Refused as refused:
        inputs.refuse(form, refused)
        return page(form)
    messages.success(request, sentence)
    return redirect(back)


def done(flow: Flow, name: str, row: Any) -> str:
    """Return the sentence after a move: what was done, and how the thing stands now."""
    return f"已办理：{flow[name].label}。现在的状态是“{row.get_status_display()}”。"
