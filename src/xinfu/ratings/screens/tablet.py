"""The page on a window's tablet: waiting, asking, thanks. It knows its window by its own cookie, not by a log-in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from xinfu.core import clock
from xinfu.core.access import public
from xinfu.core.refusal import Refused
from xinfu.core.ui import forms as inputs
from xinfu.ratings import rating_local, tablet_local
from xinfu.ratings.actions import tablets as actions
from xinfu.ratings.models import Tablet, TabletRequest
from xinfu.ratings.queries import tablets as queries
from xinfu.ratings.screens.public import RateForm, chosen_of, faces_of

COOKIE = "xinfu_tablet"
THANKS = "thanks"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tablet shows: its window, and what is asked there, if anything is."""

    tablet: Tablet
    secret: str
    asked: str

    @property
    def request(self) -> TabletRequest | None:
        return queries.request_at(self.asked) if self.asked else None


def _shown(request: HttpRequest, at: datetime) -> Shown | None:
    """Return the tablet that makes the request, or None where none is paired; one statement."""
    code, secret = actions.read_held(request.COOKIES.get(COOKIE, ""), at)
    tablet = queries.tablet_at(code, at) if code else None
    if tablet is None or not actions.opens(tablet, secret):
        return None
    return Shown(tablet, secret, getattr(tablet, "asked", None) or "")


@public
def tablet(request: HttpRequest) -> HttpResponse:
    """Show the page; every full load lets its cookie begin anew."""
    at = clock.now()
    shown = _shown(request, at)
    if shown is None:
        return render(request, "ratings/tablet_unpaired.html", status=404)
    answer = render(request, "ratings/tablet.html", _context(shown, at, thanks=THANKS in request.GET))
    _hold(answer, actions.held(shown.tablet.code, shown.secret, at))
    return answer


@public
def state(request: HttpRequest) -> HttpResponse:
    """Answer the page's question every two seconds: 204 as long as nothing is new."""
    at = clock.now()
    shown = _shown(request, at)
    if shown is None:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = reverse("ratings:tablet")
        return answer
    if request.GET.get("at", "") == shown.asked:
        return HttpResponse(status=204)
    return render(request, "ratings/tablet_region.html", _context(shown, at))


@require_POST
@public
def seen(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    shown = _shown(request, at)
    if shown is not None:
        actions.saw_tablet(tablet=shown.tablet, at=at)
    return HttpResponse(status=204)


@require_POST
@public
def touch(request: HttpRequest) -> HttpResponse:
    """Give the whole time again from this tap on."""
    at = clock.now()
    shown = _shown(request, at)
    left = actions.prolong(tablet=shown.tablet, code=_code(request), at=at) if shown else 0
    return JsonResponse({"left": left})


@require_POST
@public
def submit(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    shown = _shown(request, at)
    if shown is None:
        return redirect("ratings:tablet")
    if "decline" in request.POST:
        actions.decline(tablet=shown.tablet, code=_code(request), at=at)
        return redirect("ratings:tablet")
    form = RateForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            actions.submit(
                tablet=shown.tablet, code=_code(request), level=given["level"], reasons=given["reasons"],
                text=given["text"], is_anonymous=not given["named"], may_publish=given["may_publish"], at=at,
            )  # fmt: skip
            return HttpResponseRedirect(f"{reverse('ratings:tablet')}?{THANKS}=1")
        except Refused as refused:
            if refused.code == "request_over":
                return redirect("ratings:tablet")
            inputs.refuse(form, refused)
    if not shown.asked or shown.asked != _code(request):
        return redirect("ratings:tablet")
    actions.prolong(tablet=shown.tablet, code=shown.asked, at=at)
    return render(request, "ratings/tablet.html", _context(shown, at, form=form), status=422)


def _code(request: HttpRequest) -> str:
    return request.POST.get("code", "").replace("\0", "")[:16]


def _context(
    shown: Shown, at: datetime, form: RateForm | None = None, *, thanks: bool = False
) -> dict[str, Any]:
    form = form or RateForm()
    row = shown.request
    left = max(0, round((row.open_until - at).total_seconds())) if row else 0
    return {
        "tablet": shown.tablet, "window": shown.tablet.window, "row": row, "case": row.case if row else None,
        "thanks": thanks and not row, "form": form, "faces": faces_of(at) if row else [], "chosen": chosen_of(form),
        "left": left, "local_pages": rating_local.has_local_pages(timezone.localdate(at)),
    }  # fmt: skip


@public
def pair(request: HttpRequest, token: str) -> HttpResponse:
    """Pair the device that opens the link, once it says so by a press."""
    error = ""
    if request.method == "POST":
        try:
            answer = redirect("ratings:tablet")
            _hold(answer, actions.pair(token=token.replace("\0", ""), at=clock.now()))
        except Refused as refused:
            error = refused.reason
        else:
            return answer
    return render(request, "ratings/tablet_pair.html", {"error": error}, status=409 if error else 200)


def _hold(answer: HttpResponse, value: str) -> None:
    answer.set_cookie(
        COOKIE, value, max_age=tablet_local.PAIRED_DAYS * 86400, httponly=True, samesite="Strict",
        secure=settings.TLS, path=reverse("ratings:tablet"),
    )  # fmt: skip


urls = [
    path("tablet/", tablet, name="tablet"),
    path("tablet/state/", state, name="tablet-state"),
    path("tablet/seen/", seen, name="tablet-seen"),
    path("tablet/touch/", touch, name="tablet-touch"),
    path("tablet/rate/", submit, name="tablet-rate"),
    path("tablet/pair/<str:token>/", pair, name="tablet-pair"),
]
