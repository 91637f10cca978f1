"""Pages that citizens see: rating by a signed link, on a phone, without logging in (interface.md P7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone

from xinfu.cases import queries as cases
from xinfu.core import clock, county, links, once, tries
from xinfu.core.access import public
from xinfu.core.actor import system
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import forms as inputs
from xinfu.people.session import address_of
from xinfu.ratings import actions, codes, loop_local, rating_local, ways
from xinfu.ratings.models import Level, Rating
from xinfu.ratings.ways import Way

THANKS = "rated"
HOUR = timedelta(hours=1)
CLOSES = {
    "rated_before": 409,
    "not_finished": 409,
    "no_follow_up": 409,
    "unknown_case": 404,
    "too_many_tries": 429,
}
"""Refusals after which there is nothing more to fill in, and their status."""
MOUTHS = {
    5: "M8 14q4 5 8 0z",
    4: "M8 15q4 3 8 0",
    3: "M8 16h8",
    2: "M8 17q4-3 8 0",
    1: "M8 18q4-5 8 0M6 7l3 1.5M18 7l-3 1.5",
}
"""The mouth of each face as a drawn line: which faces a phone's letters have differs."""


@dataclass(frozen=True, slots=True)
class Face:
    """One of the five choices: its level, its word, its mouth, the reasons that it offers."""

    level: int
    label: str
    mouth: str
    reasons: list[codes.Reason]


class ReasonsField(forms.MultipleChoiceField):
    """Codes of the national list; the page draws them by level, so the field copies no list of them for each form."""

    def valid_value(self, value: str) -> bool:
        return value in codes.REASONS


class RateForm(forms.Form):
    level = forms.IntegerField(
        label="您对这次办事满意吗？",
        min_value=min(Level),
        max_value=max(Level),
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), "请选择满意程度。"),
    )
    reasons = ReasonsField(label="理由", required=False)
    text = forms.CharField(
        label="还想说的话",
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": 500}),
        help_text="最多500字",
    )
    named = forms.BooleanField(label="实名评价：工作人员会按办事时留的电话回访您", required=False)
    may_publish = forms.BooleanField(label="同意公开文字评价（姓名只显示姓，匿名的不显示）", required=False)


@public
def rate(request: HttpRequest, token: str) -> HttpResponse:
    """Show the rating page of one finished case, or take the rating; neither changes a local rule.

    The form carries no key against double sending: one rating a case is the database's own rule.
    """
    with once.per_request():
        county.keep_recent()
        return _rate(request, token, clock.now())


def _rate(request: HttpRequest, token: str, at: datetime) -> HttpResponse:
    if not rating_local.has_local_pages(timezone.localdate(at)):
        return _closed(request, "本县的评价由浙江政务服务网统一收集，请到“浙里办”中评价这件事。", 200)
    try:
        way = ways.read(token, at=at)
    except Refused as refused:
        return _closed(request, refused.reason, 410 if refused.code == "expired_link" else 404)
    form = RateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            _count_try(request, at)
            rating = _take(form.cleaned_data, way, at)
            return HttpResponseRedirect(_thanks(rating, at))
        except Refused as refused:
            if status := CLOSES.get(refused.code):
                answer = _closed(request, refused.reason, status)
                if status == 429:
                    answer["Retry-After"] = "3600"
                return answer
            inputs.refuse(form, refused)
    try:
        case = cases.get_case(system("ratings"), way.case_id)
    except NotFound:
        return _closed(request, "没有找到这件办件，请核对后再试。", 404)
    context = {
        "form": form, "case": case, "faces": faces_of(at), "chosen": chosen_of(form), "turn": way.turn,
        "reached": ways.reached_on(case, way.stage),
    }  # fmt: skip
    return render(request, "ratings/rate.html", context, status=422 if form.errors else 200)


@public
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """Tell what was taken and what comes next; the token says it, nothing is looked up and no case is named."""
    at = clock.now()
    try:
        code, level, turn, named = links.read(THANKS, token, at=at).split(".")
    except Refused as refused:
        if refused.code == "expired_link":
            return _closed(request, "评价已收到，本页只保留一天。", 410)
        return _closed(request, refused.reason, 404)
    rating = Rating(code=code, level=int(level), turn=int(turn), is_anonymous=not int(named))
    terms = loop_local.terms_on(timezone.localdate(at))
    return render(request, "ratings/rated.html", {"rating": rating, "terms": terms})


def _thanks(rating: Rating, at: datetime) -> str:
    said = f"{rating.code}.{rating.level}.{rating.turn}.{int(not rating.is_anonymous)}"
    return reverse("ratings:thanks", args=[links.make(THANKS, said, until=at + timedelta(days=1))])


def _take(given: dict[str, Any], way: Way, at: datetime) -> Rating:
    return actions.rate(
        case_id=way.case_id,
        level=given["level"],
        reasons=given["reasons"],
        text=given["text"],
        is_anonymous=not given["named"],
        may_publish=given["may_publish"],
        channel=way.channel,
        stage=way.stage,
        turn=way.turn,
        by=system("ratings"),
        at=at,
    )


def _count_try(request: HttpRequest, at: datetime) -> None:
    """Count what comes from one address within an hour. Raises Refused past the county's number."""
    (many,) = tries.count([f"rate from {address_of(request)}"], at=at, within=HOUR)
    if many > rating_local.tries_an_hour(timezone.localdate(at)):
        raise Refused("too_many_tries", "提交得太频繁，请一小时后再试，或到窗口评价。")


def faces_of(at: datetime) -> list[Face]:
    on = actions.switched_on(at)
    return [
        Face(v, str(Level(v).label), MOUTHS[v], codes.offered(v, on)) for v in sorted(MOUTHS, reverse=True)
    ]


def chosen_of(form: RateForm) -> dict[str, Any]:
    """Return what was chosen before, so that a refused page comes back as it was sent."""
    data = form.data
    reasons = data.getlist("reasons") if hasattr(data, "getlist") else []
    return {"level": str(data.get("level", "")), "reasons": reasons}


def _closed(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    return render(request, "ratings/rate_closed.html", {"sentence": sentence}, status=status)


urls = [path("r/<str:token>/", rate, name="rate"), path("thanks/<str:token>/", thanks, name="thanks")]
