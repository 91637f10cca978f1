"""Saved views of lists (L7): filters and order under a name; own, shared with one's unit, pinned with live counts.

A view keeps the question only. Whoever opens it asks anew, under the own scope, so it shows nobody more than before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve

from xinfu.core import journal
from xinfu.core.actor import Actor, Kind
from xinfu.core.models import SavedView, ViewPlace
from xinfu.core.permissions import Can
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.core.ui import lists, text
from xinfu.core.ui.forms import clean_pasted

MOST = 50
PINS = 8
TITLE = 40
QUERY = 2000
COUNT_CAP = 999
PERSONAL = re.compile(
    r"(?<!\d)(?:1[3-9]\d{9}|\d{8}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}"
    r"|\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx])(?![\dXx])"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A view as one reader meets it."""

    view: SavedView
    is_own: bool
    is_pinned: bool
    may_change: bool
    is_here: bool = False

    @property
    def url(self) -> str:
        query = f"{self.view.query}&" if self.view.query else ""
        return f"{self.view.address}?{query}view={self.view.pk}"


# --- reading -------------------------------------------------------------------------------------


def _seen_by(actor: Actor) -> Q:
    own = Q(owner=actor.key)
    return own | Q(is_shared=True, unit=actor.unit_id) if actor.unit_id is not None else own


def _may_change(view: SavedView, actor: Actor) -> bool:
    shared = view.is_shared and view.unit is not None and view.unit == actor.unit_id
    return view.owner == actor.key or (shared and actor.may(Can.SHARE))


def may_open(actor: Actor, address: str) -> bool:
    """Tell whether the actor may open the list at all: the permission of its screen decides."""
    try:
        permission = getattr(resolve(address).func, "permission", None)
    except Resolver404:
        return False
    return permission in ("signed_in", "public") or (permission is not None and actor.may(permission))


def visible(actor: Actor) -> list[Shown]:
    """Return the actor's views and those shared with the unit, in the actor's own order, by one query."""
    found = (
        SavedView.objects.filter(_seen_by(actor))
        .annotate(place=FilteredRelation("places", condition=Q(places__owner=actor.key)))
        .annotate(spot=F("place__position"), pinned=F("place__is_pinned"))
        .order_by("title", "pk")
    )
    rows = sorted(found, key=lambda v: (v.spot is None, v.spot or 0))
    return [
        Shown(v, v.owner == actor.key, bool(v.pinned), _may_change(v, actor))
        for v in rows
        if may_open(actor, v.address)
    ]


def of_request(request: HttpRequest) -> list[Shown]:
    """Return the reader's views, read once a request: the rail and the list's menu share them."""
    kept: list[Shown] | None = getattr(request, "saved_views", None)
    if kept is None:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        chosen = request.GET.get("view", "")
        kept = [
            Shown(
                s.view,
                s.is_own,
                s.is_pinned,
                s.may_change,
                s.view.address == request.path and chosen == str(s.view.pk),
            )
            for s in (visible(actor) if actor.kind in (Kind.PERSON, Kind.OUTSIDE) else [])
        ]
        request.saved_views = kept  # type: ignore[attr-defined]
    return kept


Base = tuple[QuerySet[Any], forms.Form | None]


def counts(actor: Actor) -> dict[str, str]:
    """Return the live count of each pinned view: one query each, besides what a list's own form asks once."""
    bases: dict[str, Base] = {}
    return {str(s.view.pk): _count(actor, s.view, bases) for s in pinned(visible(actor))}


def _count(actor: Actor, view: SavedView, bases: dict[str, Base]) -> str:
    """Return how many rows a view holds for this reader, counting up to 999; a dash where it cannot say."""
    spec = lists.specs.get(view.list_name)
    if spec is None:
        return text.DASH
    key = f"{view.list_name} {view.args}"
    try:
        rows, like = bases.get(key) or (spec.rows(actor, **view.args), None)
        state = lists.asked(spec, actor, QueryDict(view.query), view.args, like=like)
        bases[key] = rows, state.form
        if state.form is not None and state.form.errors:
            return text.DASH
        found = spec.narrow(rows, state.wanted) if spec.narrow and state.wanted else rows
        number = found.order_by()[: COUNT_CAP + 1].count()
    except Refused:
        return text.DASH
    return f"{COUNT_CAP}+" if number > COUNT_CAP else str(number)


def get(actor: Actor, view_id: int) -> Shown:
    """Return a view that the actor sees."""
    found = next((s for s in visible(actor) if s.view.pk == view_id), None)
    if found is None:
        raise NotFound("没有找到这个视图，可能已被删除或不再共享。")
    return found


def says(actor: Actor, view: SavedView) -> list[str]:
    """Return the filters and the order of a view in words."""
    spec = lists.specs.get(view.list_name)
    if spec is None:
        return []
    state = lists.asked(spec, actor, QueryDict(view.query), view.args)
    heads = {c.sort: c.title for c in spec.columns if c.sort}
    order = heads.get(state.order.field, "")
    arrow = "从大到小" if state.order.descending else "从小到大"
    return [*lists.filter_words(state), *([f"顺序：{order}{arrow}"] if order else [])]


# --- what is kept --------------------------------------------------------------------------------


def kept_query(state: lists.State) -> str:
    """Return what a view keeps of a list's query: filled filters and the order, nothing else."""
    kept = QueryDict(mutable=True)
    for name in state.form.fields if state.form is not None else ():
        values = [v for v in state.query.getlist(name) if v]
        if values:
            kept.setlist(name, values)
    kept["sort"] = state.sort
    return kept.urlencode()


def _checked_query(state: lists.State) -> str:
    """Return what is to be kept; refuses filters with faults, and what would name a person."""
    if state.form is not None:
        if state.form.errors:
            raise Refused("bad_filters", "筛选条件有误，请先改正条件，再保存视图。")
        hidden = [f for name, f in state.form.fields.items() if f.widget.is_hidden and state.query.get(name)]
        said = " ".join(v for name in state.form.fields for v in state.query.getlist(name))
        if hidden or is_personal(said):
            raise Refused("personal_in_view", "手机和证件号码不能存入视图，请去掉这个条件后再保存。")
    query = kept_query(state)
    if len(query) > QUERY:
        raise Refused("too_long", "条件过多，存不下，请减少条件后再保存。")
    return query


def is_personal(said: str) -> bool:
    """Tell whether a text holds what looks like a telephone or an identity number."""
    return any(PERSONAL.search(re.sub(r"(?<=\d)[ -](?=\d)", "", clean_pasted(v))) for v in said.split("\n"))


def _checked_title(title: str) -> str:
    title = " ".join(clean_pasted(title).split())
    if not title:
        raise Refused("no_title", "请填写视图名称。", field="title")
    if len(title) > TITLE:
        raise Refused("long_title", f"视图名称最多{TITLE}个字，现在是{len(title)}个字。", field="title")
    if is_personal(title):
        raise Refused("personal_in_title", "视图名称里不能有手机或证件号码。", field="title")
    return title


def _check_share(by: Actor) -> None:
    if not by.may(Can.SHARE):
        raise Forbidden("您的角色不能向本单位共享，请保存为个人视图，或请本单位联络员共享。")
    if by.unit_id is None:
        raise Refused("no_unit", "您没有所在单位，不能共享。", field="is_shared")


# --- actions -------------------------------------------------------------------------------------


@transaction.atomic
def save(
    *,
    state: lists.State,
    address: str,
    title: str,
    is_shared: bool = False,
    is_pinned: bool = False,
    by: Actor,
    at: datetime,
) -> SavedView:
    """Keep a list's present filters and order under a name.

    Refuses: a missing, long or taken name, faulty or personal filters, sharing without the permission, one too many.
    """
    title, query = _checked_title(title), _checked_query(state)
    if is_shared:
        _check_share(by)
    if SavedView.objects.filter(owner=by.key).count() >= MOST:
        raise Refused("too_many", f"每人最多存{MOST}个视图，请先删除不用的。")
    try:
        with transaction.atomic():
            view = SavedView.objects.create(
                owner=by.key, owner_name=by.name[:80], unit=by.unit_id, is_shared=is_shared, title=title,
                list_name=state.spec.name, address=address, args=dict(state.args), query=query,
                changed_at=at, changed_by_name=by.name[:80],
            )  # fmt: skip
    except IntegrityError as error:
        raise _taken(title) from error
    if is_pinned:
        _place(by, view, is_pinned=True)
    journal.record(
        "view.saved", view, by=by, at=at, list=state.spec.name, filters=sorted(state.wanted), shared=is_shared
    )
    return view


def _taken(title: str) -> Refused:
    said = f"这个列表已有名为“{title}”的视图，请换一个名称，或打开原视图后更新。"
    return Refused("title_taken", said, field="title")


def _to_change(view_id: int, by: Actor) -> SavedView:
    found = get(by, view_id)
    if not found.may_change:
        raise Forbidden(f"这个视图由{found.view.owner_name}共享，只有本人和本单位有共享权限的人能修改。")
    return found.view


def _change(view: SavedView, version: int, by: Actor, at: datetime, **changes: Any) -> None:
    """Write the changes if nobody wrote since `version` was seen; else say who did, and when."""
    same = SavedView.objects.filter(pk=view.pk, version=version)
    try:
        with transaction.atomic():
            done = same.update(
                version=F("version") + 1, changed_at=at, changed_by_name=by.name[:80], **changes
            )
    except IntegrityError as error:
        raise _taken(str(changes.get("title", ""))) from error
    if not done:
        now = SavedView.objects.filter(pk=view.pk).first()
        if now is None:
            raise NotFound("这个视图刚刚被删除，您的修改未保存。")
        raise Refused(
            "changed_meanwhile",
            f"该视图已由{now.changed_by_name}于{text.when(now.changed_at)}修改，"
            "您的修改未保存，请打开最新的再改。",
        )


@transaction.atomic
def change(*, view_id: int, version: int, title: str, is_shared: bool, by: Actor, at: datetime) -> None:
    """Rename a view, share it or take it back. Only its owner or who may share in its unit; compare-and-swap."""
    view, title = _to_change(view_id, by), _checked_title(title)
    unit = view.unit
    if is_shared and not view.is_shared:
        _check_share(by)
        unit = by.unit_id
    _change(view, version, by, at, title=title, is_shared=is_shared, unit=unit)
    journal.record("view.changed", view, by=by, at=at, shared=is_shared, was_shared=view.is_shared)


@transaction.atomic
def refilter(*, view_id: int, version: int, state: lists.State, by: Actor, at: datetime) -> None:
    """Give a view the list's present filters and order."""
    view, query = _to_change(view_id, by), _checked_query(state)
    _change(view, version, by, at, query=query, list_name=state.spec.name, args=dict(state.args))
    journal.record("view.refiltered", view, by=by, at=at, filters=sorted(state.wanted))


@transaction.atomic
def remove(*, view_id: int, by: Actor, at: datetime) -> None:
    """Delete one's own view; somebody else's shared one can only be taken back from the unit."""
    found = get(by, view_id)
    if not found.is_own:
        raise Forbidden(f"这个视图是{found.view.owner_name}的，只有本人能删除；有权限的可取消共享。")
    subject = journal.subject_of(found.view)
    found.view.delete()
    journal.record("view.removed", subject, by=by, at=at)


@transaction.atomic
def pin(*, view_id: int, is_pinned: bool, by: Actor, at: datetime) -> None:
    """Put a view into one's own left rail, or take it out; at most eight."""
    view = get(by, view_id).view
    _place(by, view, is_pinned=is_pinned)
    journal.record("view.placed", view, by=by, at=at, pinned=is_pinned)


def _place(by: Actor, view: SavedView, *, is_pinned: bool) -> None:
    places = ViewPlace.objects.filter(owner=by.key)
    if is_pinned and places.filter(is_pinned=True).exclude(view=view).count() >= PINS:
        raise Refused("too_many_pins", f"左侧栏最多固定{PINS}个视图，请先取下一个。", field="is_pinned")
    last = places.order_by("-position").values_list("position", flat=True).first() or 0
    place, new = ViewPlace.objects.get_or_create(
        owner=by.key, view=view, defaults={"position": last + 1, "is_pinned": is_pinned}
    )
    if not new and place.is_pinned != is_pinned:
        ViewPlace.objects.filter(pk=place.pk).update(is_pinned=is_pinned)


@transaction.atomic
def move(*, view_id: int, step: int, by: Actor, at: datetime) -> None:
    """Move a view one place up (-1) or down (1) in one's own order."""
    found = get(by, view_id)
    order = reordered([s.view.pk for s in visible(by)], view_id, step)
    pinned = {s.view.pk: s.is_pinned for s in visible(by)}
    for position, pk in enumerate(order, 1):
        ViewPlace.objects.update_or_create(
            owner=by.key, view_id=pk, defaults={"position": position, "is_pinned": pinned[pk]}
        )
    journal.record("view.placed", found.view, by=by, at=at, step=step)


def reordered(keys: Sequence[int], key: int, step: int) -> list[int]:
    """Return the keys with one moved a step, staying inside."""
    order = list(keys)
    here = order.index(key)
    there = min(len(order) - 1, max(0, here + (1 if step > 0 else -1)))
    order.insert(there, order.pop(here))
    return order


# --- a list's own menu ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Menu:
    """The views of one list, the one that is open, and what was wrong with the last saving."""

    shown: list[Shown]
    here: Shown | None
    is_changed: bool
    may_share: bool
    typed: str = ""
    fault: str = ""


def menu(request: HttpRequest, state: lists.State, fault: Refused | None = None) -> Menu:
    found = [s for s in of_request(request) if s.view.address == request.path]
    here = next((s for s in found if s.is_here), None)
    return Menu(
        found,
        here,
        here is not None and here.view.query != kept_query(state),
        state.actor.may(Can.SHARE) and state.actor.unit_id is not None,
        request.POST.get("view_title", ""),
        fault.reason if fault else "",
    )


def posted(request: HttpRequest, state: lists.State, at: datetime) -> tuple[int, str]:
    """Save or update a view as the list's menu asks; return its id and what to say."""
    if request.POST["view"] == "update":
        view_id, version = (number(request.POST.get(name, "")) for name in ("view_id", "view_version"))
        refilter(view_id=view_id, version=version, state=state, by=state.actor, at=at)
        return view_id, "视图已更新为当前的条件和顺序。"
    view = save(
        state=state,
        address=request.path,
        title=request.POST.get("view_title", ""),
        is_shared="view_shared" in request.POST,
        is_pinned="view_pinned" in request.POST,
        by=state.actor,
        at=at,
    )
    return view.pk, f"已保存视图“{view.title}”。"


def number(said: str) -> int:
    """Return a whole number that a form carries, 0 for anything else."""
    return int(said) if said.isdecimal() and len(said) < 10 else 0


def pinned(found: Iterable[Shown]) -> list[Shown]:
    return [s for s in found if s.is_pinned][:PINS]
