"""The receipt of a case with the code that a phone rates by; the window prints it and hands it over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import segno
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from xinfu.cases import queries as cases
from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import forms as inputs
from xinfu.people.session import actor_of
from xinfu.ratings import actions, queries, rating_local, ways
from xinfu.ratings.access import Can

if TYPE_CHECKING:
    from xinfu.cases.models import Case


class ReceiptForm(forms.Form):
    no = inputs.Text(
        label="办件编号",
        max_length=50,
        help_text="完整编号；办结后出具（本地规定开放受理、接件评价的，也可提前）",
    )


@needs(Can.SEE)
def receipt(request: HttpRequest) -> HttpResponse:
    """Ask for a case's number, then show its receipt to print. It never says whether the case was rated already."""
    actor, at = actor_of(request), clock.now()
    form, context = ReceiptForm(request.GET or None), {}
    if form.is_valid():
        try:
            case = cases.get_case_by_number(actor, form.cleaned_data["no"])
            context = _receipt(request, case, at)
        except NotFound:
            form.add_error("no", "没有找到这件办件，或不在您可查看的单位内，请核对编号。")
        except Refused as refused:
            form.add_error("no", refused.reason)
    return render(
        request, "ratings/receipt.html", {"form": form, **context}, status=422 if form.errors else 200
    )


def _receipt(request: HttpRequest, case: Case, at: datetime) -> dict[str, object]:
    day = timezone.localdate(at)
    if not rating_local.has_local_pages(day):
        raise Refused("province_collects", "本县的评价由省平台收集，请引导办事人到“浙里办”评价。")
    last = day + timedelta(days=rating_local.link_days(day))
    stage = actions.stage_to_rate(case, "", at)
    again = queries.may_rate_again(case.pk, stage)
    token = ways.on_receipt(case.pk, stage=stage, turn=2 if again else 1, until=inputs.end_of(last))
    url = request.build_absolute_uri(reverse("ratings:rate", args=[token]))
    reached = ways.reached_on(case, stage)
    return {"case": case, "qr": _drawn(url), "url": url, "last": last, "again": again, "reached": reached}


def _drawn(url: str) -> SafeString:
    """Return the QR code as SVG, level M: a crumpled receipt still reads."""
    drawn = segno.make(url, error="m", micro=False).svg_inline(
        scale=4, border=4, svgclass="qr", lineclass=None
    )
    return SafeString(drawn)


urls = [path("receipt/", receipt, name="receipt")]
