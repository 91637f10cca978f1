"""What the screens of people share: one page for a form, one answer for a button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.core.ui import forms


@dataclass(frozen=True, slots=True)
class Page:
    """The words of a page that holds one form; `crumbs` are (label, address)."""

    title: str
    verb: str
    back: str
    crumbs: Sequence[tuple[str, str]]
    lead: str = ""


def refusal(call: Callable[[], Any], form: Form) -> Any:
    """Return what the call gives, or put its refusal into the form and return None.

    What may not be seen or done at all goes on to its own page (404, 403).
    """
    try:
        return call() or True
    except (NotFound, Forbidden):
        raise
    except Refused as refused:
        forms.refuse(form, refused)
        return None


def form_page(
    request: HttpRequest,
    form: Form,
    page: Page,
    save: Callable[[dict[str, Any]], Any],
    done: Callable[[Any], str],
    said: str,
) -> HttpResponse:
    """Show a form, or save it and go on to `done(result)`; refusals come back in the form with status 422."""
    if request.method == "POST" and form.is_valid():
        result = refusal(lambda: save(form.cleaned_data), form)
        if result is not None:
            messages.success(request, said)
            return HttpResponseRedirect(done(result))
    return render(
        request, "people/form.html", {"form": form, "page": page}, status=422 if form.errors else 200
    )


def act(request: HttpRequest, call: Callable[[], Any], said: str, back: str) -> HttpResponse:
    """Do what a button says and return to the page, which shows the result or why not."""
    try:
        call()
    except (NotFound, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, said)
    return HttpResponseRedirect(back)
