"""The list of single ratings, one rating, and what the office decides about its text."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from xinfu.core import clock, local
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import Step, lists, text
from xinfu.core.ui import forms as inputs
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.people.session import actor_of
from xinfu.ratings import actions
from xinfu.ratings.access import Can
from xinfu.ratings.actions.withholding import LONGEST_LOOK, LONGEST_REASON, why_not_withheld
from xinfu.ratings.models import Channel, Level, Origin, Rating
from xinfu.ratings.queries import listing as queries
from xinfu.ratings.queries.listing import Wanted
from xinfu.ratings.statistics_local import SMALLEST_GROUP

ANY = ("", "全部")
_asked: ContextVar[tuple[Actor, date]] = ContextVar("ratings_asked")
"""Whose list is being made, and on which day: kept with its rows for its filters."""


def _yes_no(label: str, yes: str, no: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[ANY, ("1", yes), ("0", no)])


def _one_of(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, required=False, coerce=int, empty_value=None)


class RatingFilter(forms.Form):
    """What the list can be narrowed by; the first six are always in sight."""

    takes_actor = True

    q = inputs.Text(label="评价编号或文字", required=False, max_length=50)
    level = forms.TypedChoiceField(
        label="满意度", required=False, coerce=int, empty_value=None, choices=[ANY, *reversed(Level.choices)]
    )
    department = _one_of("承办单位")
    rated_from = inputs.Day(label="评价日期自", required=False)
    rated_to = inputs.Day(label="评价日期至", required=False)
    named = _yes_no("评价人", "实名", "匿名")
    kind = forms.ChoiceField(
        label="类别", required=False, choices=[("", "主动评价"), ("default", "系统默认评价")]
    )
    channel = forms.ChoiceField(
        label="渠道", required=False, choices=[ANY, *(c for c in Channel.choices if c[0] != Channel.DEFAULT)]
    )
    origin = forms.ChoiceField(label="来源", required=False, choices=[ANY, *Origin.choices])
    window = _one_of("窗口")
    town = _one_of("乡镇街道")
    item = inputs.Text(label="事项名称或编码", required=False, max_length=100)
    worded = _yes_no("文字评价", "有文字", "无文字")
    excluded = _yes_no("统计", "不计入统计", "计入统计")
    follow_up = _yes_no("追评", "是追评", "不是追评")
    withheld = _yes_no("文字公开", "已决定不公开", "未作决定")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, found in zip(("department", "town", "window"), queries.choices(actor), strict=True):
            self.fields[name].choices = [ANY, *found]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        wanted = super().clean() or {}
        first, last = wanted.get("rated_from"), wanted.get("rated_to")
        if first and last and first > last:
            self.add_error("rated_to", "评价日期的止日在起日之前，请改正。")
        return wanted


BY_NAME = {"q": "text", "level": "level", "department": "department", "window": "window", "town": "town",
           "item": "item", "channel": "channel", "origin": "origin", "rated_from": "first_on", "rated_to": "last_on",
           "worded": "has_text", "excluded": "is_excluded", "follow_up": "is_follow_up",
           "withheld": "is_withheld"}  # fmt: skip
YES_NO = frozenset({"worded", "excluded", "follow_up", "withheld"})


def _begin(actor: Actor) -> QuerySet[Rating]:
    today = clock.today()
    _asked.set((actor, today))
    return queries.ratings(actor, today)


def _narrow(rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Rating]:
    actor, today = _asked.get()
    said: dict[str, Any] = {
        BY_NAME[name]: value == "1" if name in YES_NO else value
        for name, value in wanted.items()
        if name in BY_NAME
    }
    if "named" in wanted:
        said["is_anonymous"] = wanted["named"] == "0"
    found = queries.ratings(actor, today, defaults=bool(wanted.get("kind")))
    return queries.narrow(found, Wanted(**said))


def _link(rating: Rating) -> str:
    return reverse("ratings:detail", args=[rating.code])


def _level_cell(rating: Rating) -> str:
    label = rating.get_level_display()
    marks = [
        word
        for word, holds in (
            ("系统默认", queries.is_default(rating)),
            ("追评", queries.is_follow_up(rating)),
            ("不计入统计", rating.excluded_at is not None),
        )
        if holds
    ]
    if not marks:
        return _line(label)
    return format_html('{} <span class="text-secondary">（{}）</span>', _line(label), "、".join(marks))


def _line(said: str) -> SafeString:
    """Return words that are not to be broken."""
    return format_html('<span class="nowrap">{}</span>', said)


def _short(said: str) -> str:
    return "不显示" if said == queries.HIDDEN else said


def _published(rating: Rating) -> str:
    if not rating.text:
        return ""
    if rating.withheld_at:
        return "不公开（已决定）"
    return "公开" if rating.may_publish else "评价人不同意公开"


RATINGS = lists.register(
    ListSpec(
        name="ratings.list", title="评价", unit="条", rows=_begin, order="-rated_on", tie="-code",
        columns=(
            Column("code", "评价编号", link=_link, kind="number"),
            Column("rated_on", "评价日期", kind="day", sort="rated_on", cell=lambda r: _line(text.day(r.rated_on))),
            Column("level", "满意度", value=lambda r: r.get_level_display(), cell=_level_cell),
            Column("reasons", "理由", value=lambda r: "；".join(queries.reasons_of(r))),
            Column("text", "文字评价"),
            Column("who", "评价人",
                   value=lambda r: "匿名" if r.is_anonymous else queries.NAMED),
            Column("department", "承办单位", value=lambda r: r.department or ""),
            Column("window", "窗口", value=lambda r: _short(queries.window_of(r))),
            Column("item", "事项", value=lambda r: _short(queries.item_of(r))),
            Column("channel", "渠道", value=lambda r: r.get_channel_display()),
            Column("town", "乡镇街道", value=lambda r: _short(queries.town_of(r)), shown=False),
            Column("origin", "来源", value=lambda r: r.get_origin_display(), shown=False),
            Column("follow_up", "追评", value=lambda r: "是" if queries.is_follow_up(r) else "", shown=False),
            Column("excluded", "统计", value=lambda r: "不计入" if r.excluded_at else "计入", shown=False),
            Column("published", "文字公开", value=_published, shown=False),
        ),
        form=RatingFilter, narrow=_narrow, visible=6, export=Can.EXPORT,
        nothing="还没有评价。办件人评价后，实名的当时出现，匿名的次日出现。",
    )
)  # fmt: skip


def _least(day: date) -> dict[str, Any]:
    """Return the smallest group in force, as templates print it."""
    least = local.on(SMALLEST_GROUP, day)
    return {"least": least, "least_words": f"{least.value}条"}


@needs(Can.SEE)
def rating_list(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    context = {
        **_least(clock.today()),
        "may_set_up": actor.may(Can.SET_UP),
        "are_defaults": request.GET.get("kind") == "default",
    }
    return lists.respond(request, actor, RATINGS, template="ratings/list.html", context=context)


# --- one rating ------------------------------------------------------------------------------------


class ReasonForm(forms.Form):
    """Why something is done that the journal keeps."""

    reason = inputs.Text(
        label="理由",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="不少于4个字，记入日志",
        error_messages={
            "required": "请写明理由（不少于4个字），将记入日志。",
            "max_length": f"理由最多{LONGEST_REASON}字，请精简。",
        },
    )


class LookForm(forms.Form):
    reason = inputs.Text(
        label="查看事由",
        max_length=LONGEST_LOOK,
        help_text="写明为办哪件事需要；事由、时间和查看者记入日志",
        error_messages={"required": "请写明查看事由（不少于4个字），将记入日志。"},
    )


def _page(
    request: HttpRequest,
    actor: Actor,
    rating: Rating,
    form: ReasonForm | None = None,
    look: LookForm | None = None,
    person: dict[str, str] | None = None,
) -> HttpResponse:
    today = clock.today()
    may_look = not rating.is_anonymous and bool(rating.sealed) and queries.may_see_person(actor, rating)
    excluded = queries.exclusion_of(rating) if rating.excluded_at else None
    context = {
        "rating": rating,
        "is_default": queries.is_default(rating),
        "is_follow_up": queries.is_follow_up(rating),
        "facts": _facts(actor, rating),
        "where": _where(rating),
        "pair": queries.pair_of(actor, rating, today),
        "loop": queries.loop_of(actor, rating),
        "case": queries.case_of(actor, rating),
        "excluded": excluded,
        "person": _person(person) if person is not None else None,
        "look": (look or LookForm()) if may_look else None,
        "form": (form or ReasonForm()) if actor.may(Can.WITHHOLD) else None,
        "why_not": why_not_withheld(rating),
        "decisions": [
            Step(d.at, d.by_name, "决定不公开" if d.is_withheld else "恢复公开", d.reason)
            for d in queries.decisions_of(rating)
        ],
        "published": _published(rating),
        **_least(today),
    }
    wrong = bool((form and form.errors) or (look and look.errors))
    answer = render(request, "ratings/detail.html", context, status=422 if wrong else 200)
    if person is not None:
        answer["Cache-Control"] = "no-store"
    return answer


def _facts(actor: Actor, rating: Rating) -> list[tuple[str, Any]]:
    when = rating.rated_at if not rating.is_anonymous and not queries.is_default(rating) else rating.rated_on
    kind = [] if rating.is_anonymous else [("服务对象", rating.get_user_kind_display())]
    return [
        ("满意度", rating.get_level_display()), ("理由", "；".join(queries.reasons_of(rating)) or None),
        ("文字评价", rating.text or None), ("评价人", queries.person_of(actor, rating)),
        ("评价时间" if when is rating.rated_at else "评价日期", when), ("渠道", rating.get_channel_display()),
        ("来源", rating.get_origin_display()), *kind,
    ]  # fmt: skip


def _where(rating: Rating) -> list[tuple[str, Any]]:
    return [
        ("事项", queries.item_of(rating)), ("承办单位", rating.department), ("窗口", queries.window_of(rating) or None),
        ("乡镇街道", queries.town_of(rating) or None),
    ]  # fmt: skip


LABELS = {"name": "姓名", "phone": "手机", "identity": "证件号码", "case_no": "办件编号"}


def _person(said: dict[str, str]) -> list[tuple[str, str]]:
    return [(LABELS[name], said[name]) for name in LABELS if said.get(name)]


@needs(Can.SEE)
def detail(request: HttpRequest, code: str) -> HttpResponse:
    actor = actor_of(request)
    return _page(request, actor, queries.get_rating(actor, code, clock.today()))


@needs(Can.SEE_NAMES)
def person(request: HttpRequest, code: str) -> HttpResponse:
    """Show who rated by name, once, for a reason that the journal keeps."""
    actor = actor_of(request)
    rating = queries.get_rating(actor, code, clock.today())
    if request.method != "POST":
        raise NotFound()
    form, shown = LookForm(request.POST), None
    if form.is_valid():
        try:
            shown = actions.show_person(
                code=code, reason=form.cleaned_data["reason"], by=actor, at=clock.now()
            )
        except Refused as refused:
            inputs.refuse(form, refused)
    return _page(request, actor, rating, look=form, person=shown)


@needs(Can.WITHHOLD)
def decide(request: HttpRequest, code: str) -> HttpResponseBase:
    """Keep a text from the public page, or show it again."""
    actor = actor_of(request)
    rating = queries.get_rating(actor, code, clock.today())
    if request.method != "POST":
        raise NotFound()
    form = ReasonForm(request.POST)
    withholds = request.POST.get("decision") != "publish"
    act = actions.withhold if withholds else actions.publish_again
    if form.is_valid():
        try:
            act(code=code, reason=form.cleaned_data["reason"], by=actor, at=clock.now())
            said = "已决定不公开这段文字，公开页面不再显示。" if withholds else "已恢复公开这段文字。"
            messages.success(request, said)
            return redirect("ratings:detail", code)
        except Refused as refused:
            inputs.refuse(form, refused)
    return _page(request, actor, rating, form)


urls: list[Any] = [
    path("list/", rating_list, name="list"),
    path("list/<str:code>/", detail, name="detail"),
    path("list/<str:code>/person/", person, name="person"),
    path("list/<str:code>/text/", decide, name="decide-text"),
]
