"""The full page before a move that cannot be undone (A9)."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_OWN = {"csrfmiddlewaretoken", "_once", "_confirmed"}


def ask(
    request: HttpRequest,
    *,
    verb: str,
    thing: str,
    happens: Sequence[str],
    back: str,
    seen_by: str = "",
    warn: str = "",
) -> HttpResponse | None:
    """Return the confirmation page for a POST that was not confirmed yet, None once it was.

    Its button says 确认 + verb and posts the same values to the same address again. `warn` replaces the sentence
    "…后不能撤销" where that is not what is final.
    """
    if request.POST.get("_confirmed") == verb:
        return None
    values = [
        (name, value) for name in request.POST if name not in _OWN for value in request.POST.getlist(name)
    ]
    return render(
        request,
        "ui/confirm.html",
        {
            "verb": verb,
            "warn": warn or f"{verb}后不能撤销。",
            "thing": thing,
            "happens": happens,
            "seen_by": seen_by,
            "back": back,
            "values": values,
        },
    )
