"""Single ratings as staff may see them: an anonymous one from the day after, and no more than hides its author."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from xinfu.cases import queries as cases
from xinfu.catalog import queries as catalog
from xinfu.core import clock
from xinfu.core.actor import Actor, system
from xinfu.core.privacy import mask, unseal
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import queries as people
from xinfu.ratings import codes, telling, triage
from xinfu.ratings.access import Can
from xinfu.ratings.models import BadRating, BadRatingStep, Channel, Rating, TextDecision
from xinfu.ratings.models.rating import RatingQuerySet
from xinfu.ratings.queries import loop

ANONYMOUS = "匿名用户"
NAMED = "实名"
HIDDEN = "匿名评价，同日评价较少，不显示"
TOWNSHIP = "township"
MOST_ITEMS = 500
CODE = re.compile(r"[0-9A-Za-z]{8,20}")
PAIRED = "is_paired"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; None and empty narrow nothing. Days are inclusive.

    `text`: a whole code, or words of the rating's text. Window, town and item find anonymous ratings only where
    these may be shown.
    """

    text: str = ""
    level: int | None = None
    channel: str = ""
    origin: str = ""
    department: int | None = None
    window: int | None = None
    town: int | None = None
    item: str = ""
    first_on: date | None = None
    last_on: date | None = None
    has_text: bool | None = None
    is_anonymous: bool | None = None
    is_excluded: bool | None = None
    is_follow_up: bool | None = None
    is_withheld: bool | None = None


# --- rows ----------------------------------------------------------------------------------------


def ratings(actor: Actor, today: date, *, defaults: bool = False) -> RatingQuerySet:
    """Return the active ratings in reach, or the system's default ones (channel 7): never both.

    An anonymous one comes the day after it was made: looking before and after would tell who was just served.
    """
    rows = _seen(actor, today).filter(**({"channel": Channel.DEFAULT} if defaults else {}))
    return rows if defaults else rows.exclude(channel=Channel.DEFAULT)


def seen(actor: Actor, today: date) -> RatingQuerySet:
    """Return all ratings that staff may know of: anonymous ones from the day after, by town where that is told."""
    rows = Rating.objects.filter(Q(is_anonymous=False) | Q(rated_on__lt=today))
    scope = actor.scope(Can.SEE)
    if not scope.everything:
        by_town = Q(town_id__in=scope.units) & told("town")
        rows = rows.filter(Q(department_id__in=scope.units) | by_town) if scope.units else rows.none()
    return rows


def _seen(actor: Actor, today: date) -> RatingQuerySet:
    return (
        seen(actor, today).select_related("department", "window", "town").annotate(**{PAIRED: _other_turn()})
    )


def told(part: str) -> Q:
    """Keep the ratings of which window, town or item may be told."""
    return Q(is_anonymous=False) | Q(told__in=telling.TELLING[part])


def _other_turn() -> Exists:
    """Tell whether the other rating of the pair is anonymous too, or by name too: else the pair would name its author."""
    same = Rating.objects.filter(
        case_key=OuterRef("case_key"), stage=OuterRef("stage"), is_anonymous=OuterRef("is_anonymous")
    )
    return Exists(same.exclude(turn=OuterRef("turn")))


def narrow(rows: RatingQuerySet, wanted: Wanted) -> RatingQuerySet:
    """Return the rows that are wanted; what must not be shown of a rating does not find it either."""
    rows = _narrow_facts(_narrow_places(rows, wanted), wanted)
    if wanted.text:
        by_words = ~Q(text="") & Q(text__icontains=wanted.text)
        rows = rows.filter(Q(code=wanted.text.upper()) if CODE.fullmatch(wanted.text) else by_words)
    if wanted.first_on:
        rows = rows.filter(rated_on__gte=wanted.first_on)
    if wanted.last_on:
        rows = rows.filter(rated_on__lte=wanted.last_on)
    return rows


def _narrow_places(rows: RatingQuerySet, wanted: Wanted) -> RatingQuerySet:
    if wanted.department:
        rows = rows.filter(department_id=wanted.department)
    if wanted.window:
        rows = rows.filter(told("window"), window_id=wanted.window)
    if wanted.town:
        rows = rows.filter(told("town"), town_id=wanted.town)
    if wanted.item:
        rows = rows.filter(told("item"), item_id__in=_items(wanted.item))
    return rows


def _items(said: str) -> Sequence[int]:
    known = catalog.current_versions(system("ratings"), clock.today()).filter(catalog.matching(said))
    return list(known.order_by("pk").values_list("item_id", flat=True)[:MOST_ITEMS])


def _narrow_facts(rows: RatingQuerySet, wanted: Wanted) -> RatingQuerySet:
    for name in ("level", "channel", "origin", "is_anonymous"):
        value = getattr(wanted, name)
        if value not in (None, ""):
            rows = rows.filter(**{name: value})
    if wanted.has_text is not None:
        rows = rows.exclude(text="") if wanted.has_text else rows.filter(text="")
    if wanted.is_excluded is not None:
        rows = rows.filter(excluded_at__isnull=not wanted.is_excluded)
    if wanted.is_withheld is not None:
        rows = rows.filter(withheld_at__isnull=not wanted.is_withheld)
        rows = (
            rows.exclude(text="") if wanted.is_withheld else rows
        )  # only texts are withheld: an index knows them
    if wanted.is_follow_up is not None:
        follows = Q(turn=2) & Q(_other_turn())
        rows = rows.filter(follows if wanted.is_follow_up else ~follows)
    return rows


def after(rows: RatingQuerySet, cursor: str) -> RatingQuerySet:
    """Return what stands after a page's last row (`day.code`), the latest day first, within a day by code.

    Raises Refused for a cursor that is none of ours.
    """
    if not cursor:
        return rows
    day, _, code = cursor.partition(".")
    try:
        last = date.fromisoformat(day)
    except ValueError:
        raise Refused("bad_cursor", "cursor 不对，请用上一页给出的 next。", field="cursor") from None
    return rows.filter(Q(rated_on__lt=last) | Q(rated_on=last, code__gt=code), rated_on__lte=last)


def get_rating(actor: Actor, code: str, today: date) -> Rating:
    """Return one rating in reach, active or by default."""
    found = _seen(actor, today).filter(code=code).first()
    if found is None:
        raise NotFound("没有找到这条评价，或者您无权查看；匿名评价次日才显示。")
    return found


# --- what one rating says --------------------------------------------------------------------------


def shows(rating: Rating, part: str) -> bool:
    """Tell whether window, town or item of a rating may be shown."""
    return telling.is_told(part, is_anonymous=rating.is_anonymous, told=rating.told)


def window_of(rating: Rating) -> str:
    return str(rating.window) if rating.window and shows(rating, "window") else _without(rating)


def town_of(rating: Rating) -> str:
    return str(rating.town) if rating.town and shows(rating, "town") else _without(rating)


def item_of(rating: Rating) -> str:
    return rating.item_name if shows(rating, "item") else HIDDEN


def _without(rating: Rating) -> str:
    """Say the same of an anonymous rating whether the part is kept back or not there."""
    return HIDDEN if rating.is_anonymous else ""


def is_follow_up(rating: Rating) -> bool:
    return rating.turn == 2 and bool(getattr(rating, PAIRED))


def excluded_on(rating: Rating) -> date | None:
    return timezone.localdate(rating.excluded_at) if rating.excluded_at else None


def is_default(rating: Rating) -> bool:
    return rating.channel == Channel.DEFAULT


def reasons_of(rating: Rating) -> list[str]:
    """Return the reasons by name; a code that is no longer in use stays a code."""
    known = codes.REASONS
    return [known[c].text if c in known else c for c in triage.split(rating.reason_codes)]


def may_see_person(actor: Actor, rating: Rating) -> bool:
    scope = actor.scope(Can.SEE_NAMES)
    return scope.covers(rating.department_id) or scope.covers(rating.town_id)


def person_of(actor: Actor, rating: Rating) -> str:
    """Return who gave the rating, masked: an anonymous one's author is kept nowhere."""
    if rating.is_anonymous:
        return ANONYMOUS
    if not may_see_person(actor, rating):
        return f"{NAMED}（无权查看）"
    said = unseal(rating.sealed)
    masked = (mask("name", said.get("name", "")), mask("phone", said.get("phone", "")))
    return " ".join(filter(None, masked)) or f"{NAMED}（来源没有姓名）"


def pair_of(actor: Actor, rating: Rating, today: date) -> Rating | None:
    """Return the follow-up of a rating, or what it follows; never the one that would name an anonymous author."""
    rows = _seen(actor, today).filter(
        case_key=bytes(rating.case_key), stage=rating.stage, is_anonymous=rating.is_anonymous
    )
    return rows.exclude(turn=rating.turn).first()


def loop_of(actor: Actor, rating: Rating) -> BadRating | None:
    """Return the loop of a bad rating where the actor may open it."""
    return loop.loops(actor).filter(rating=rating).first()


def exclusion_of(rating: Rating) -> BadRatingStep | None:
    """Return the judgement by which a rating left the statistics: who, when, why."""
    steps = BadRatingStep.objects.filter(loop__rating=rating, move="uphold")
    return steps.order_by("-at", "-pk").first()


def case_of(actor: Actor, rating: Rating) -> tuple[int, str] | None:
    """Return id and number of the case of a rating by name, where the actor may open it."""
    if rating.case_id is None:
        return None
    try:
        case = cases.get_case(actor, rating.case_id)
    except NotFound:
        return None
    return int(case.pk), case.case_no


def decisions_of(rating: Rating) -> list[TextDecision]:
    """Return what was decided about the text's publication, oldest first."""
    return list(rating.text_decisions.order_by("at", "pk"))


# --- what may be chosen ----------------------------------------------------------------------------

Pair = tuple[int, str]


def choices(actor: Actor) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """Return units, towns and windows in the actor's reach, by one query."""
    scope = actor.scope(Can.SEE)
    units = people.departments(system("ratings")).select_related(None)
    if not scope.everything:
        units = units.filter(pk__in=scope.units)
    found: list[tuple[Any, ...]] = list(
        units.values_list(
            "pk", "short_name", "kind", "windows__order", "windows__code", "windows__pk", "windows__name"
        )
    )
    names = {pk: name for pk, name, *_ in found}
    towns = {pk: name for pk, name, kind, *_ in found if kind == TOWNSHIP}
    windows = sorted((order, code, pk, name) for *_, order, code, pk, name in found if pk is not None)
    return list(names.items()), list(towns.items()), [(pk, name) for *_, pk, name in windows]
