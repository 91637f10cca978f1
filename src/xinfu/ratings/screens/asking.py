"""The office's side of the tablets: who stands where, and asking at one's window."""

from __future__ import annotations

from typing import Any

import segno
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.safestring import SafeString

from xinfu.cases import queries as cases
from xinfu.core import clock
from xinfu.core.access import needs
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import lists
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of
from xinfu.ratings import tablet_local
from xinfu.ratings.access import Can
from xinfu.ratings.actions import tablets as actions
from xinfu.ratings.models import Tablet
from xinfu.ratings.queries import tablets as queries

# --- asking ----------------------------------------------------------------------------------------


class AskForm(forms.Form):
    window = forms.ChoiceField(
        label="窗口", error_messages={"invalid_choice": "请选择有平板的窗口。", "required": "请选择窗口。"}
    )
    no = inputs.Text(label="办件编号", max_length=50, help_text="完整编号；办结后请评价")

    def __init__(self, *args: Any, windows: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["window"].choices = windows  # type: ignore[attr-defined]


@needs(Can.ASK)
def ask(request: HttpRequest) -> HttpResponse:
    """Put a case on the tablet of a window; it never says whether the case was rated already."""
    actor = actor_of(request)
    windows = queries.window_choices(actor, Can.ASK, paired=True)
    first = {"no": request.GET.get("no", ""), "window": request.GET.get("window", "")}
    first["window"] = first["window"] or (windows[0][0] if windows else "")
    form = AskForm(request.POST or None, windows=windows, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            case = cases.get_case_by_number(actor, form.cleaned_data["no"].replace("\0", ""))
            row = actions.ask(case=case, window_id=int(form.cleaned_data["window"]), by=actor, at=clock.now())
            return redirect("ratings:asked", row.code)
        except NotFound:
            form.add_error("no", "没有找到这件办件，或不在您可查看的单位内，请核对编号。")
        except Refused as refused:
            inputs.refuse(form, refused)
    context = {"form": form, "windows": windows, "may_pair": actor.may(Can.TABLETS)}
    return render(request, "ratings/ask.html", context, status=422 if form.errors else 200)


@needs(Can.ASK)
def asked(request: HttpRequest, code: str) -> HttpResponse:
    """Say whether the tablet is free again: nothing of what was tapped, or whether anything was."""
    row = queries.get_request(actor_of(request), code)
    context = {"row": row, "pending": queries.is_pending(row, clock.now())}
    part = "HX-Request" in request.headers
    return render(request, "ratings/asked_state.html" if part else "ratings/asked.html", context)


# --- tablets ---------------------------------------------------------------------------------------


class TabletForm(forms.Form):
    window = forms.ChoiceField(
        label="窗口", error_messages={"invalid_choice": "请从列表中选择窗口。", "required": "请选择窗口。"}
    )
    name = inputs.Text(label="平板名称", max_length=40, help_text="如“1号平板”，贴在平板背面便于辨认")

    def __init__(self, *args: Any, windows: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["window"].choices = windows  # type: ignore[attr-defined]


def _state(row: Tablet) -> str:
    if row.ended_at is not None:
        return "已解除"
    if row.paired_at is None:
        return "待配对"
    return "在线" if queries.is_online(row, clock.now()) else "不在线"


def _link(row: Tablet) -> str:
    return reverse("ratings:tablet-detail", args=[row.code])


TABLETS = lists.register(
    ListSpec(
        name="ratings.tablets", title="窗口平板", unit="台", rows=queries.tablets,
        columns=(
            Column("name", "平板", link=_link),
            Column("window", "窗口", value=lambda t: t.window.name),
            Column("unit", "派驻单位", value=lambda t: t.window.department.short_name),
            Column("state", "状态", value=_state),
            Column("paired_at", "配对时间", kind="when", sort="paired_at"),
            Column("seen_at", "最近在线", kind="when", sort="seen_at"),
            Column("ended_at", "解除时间", kind="when", sort="ended_at", shown=False),
            Column("made_at", "登记时间", kind="when", sort="made_at", shown=False),
        ),
        order="-made_at", export=Can.TABLETS,
        nothing="还没有平板。先在右侧登记一台，再用平板扫码配对。",
    )
)  # fmt: skip


@needs(Can.TABLETS)
def tablets(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    windows = queries.window_choices(actor, Can.TABLETS)
    context = {"form": TabletForm(windows=windows), "months": queries.months(actor, clock.today())}
    return lists.respond(request, actor, TABLETS, template="ratings/tablets.html", context=context)


@needs(Can.TABLETS)
def new_tablet(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = TabletForm(request.POST or None, windows=queries.window_choices(actor, Can.TABLETS))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = actions.prepare_tablet(
                window_id=int(given["window"]), name=given["name"], by=actor, at=clock.now()
            )
            return redirect("ratings:tablet-detail", made.code)
        except Refused as refused:
            inputs.refuse(form, refused)
    return render(request, "ratings/tablet_new.html", {"form": form}, status=422 if form.errors else 200)


@needs(Can.TABLETS)
def tablet_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Show one tablet: the code to pair it, or since when it stands there; end its pairing."""
    actor, at = actor_of(request), clock.now()
    row, error = queries.get_tablet(actor, code), ""
    if request.method == "POST":
        try:
            actions.end_tablet(tablet=row, by=actor, at=at)
            return redirect("ratings:tablets")
        except Refused as refused:
            error = refused.reason
    url = ""
    if row.paired_at is None and row.ended_at is None:
        url = request.build_absolute_uri(
            reverse("ratings:tablet-pair", args=[actions.pairing_token(row, at)])
        )
    context = {
        "row": row, "url": url, "qr": _drawn(url) if url else "", "state": _state(row), "error": error,
        "minutes": int(tablet_local.PAIRING.total_seconds() // 60),
    }  # fmt: skip
    return render(request, "ratings/tablet_detail.html", context, status=409 if error else 200)


def _drawn(url: str) -> SafeString:
    drawn = segno.make(url, error="m", micro=False).svg_inline(
        scale=4, border=4, svgclass="qr", lineclass=None
    )
    return SafeString(drawn)


urls: list[Any] = [
    path("ask/", ask, name="ask"),
    path("ask/<str:code>/", asked, name="asked"),
    path("tablets/", tablets, name="tablets"),
    path("tablets/new/", new_tablet, name="tablet-new"),
    path("tablets/<str:code>/", tablet_detail, name="tablet-detail"),
]
