"""Single ratings for other systems: the same reach and the same hiding as on screen."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from xinfu.core import clock
from xinfu.core.actor import Actor
from xinfu.core.api import Day, needs
from xinfu.people.session import actor_of
from xinfu.ratings import triage
from xinfu.ratings.access import Can
from xinfu.ratings.models import Rating
from xinfu.ratings.queries import listing as queries
from xinfu.ratings.queries.listing import Wanted

root = Router(tags=["好差评"])
"""Holds the list, at the address of ratings itself."""
router = Router(tags=["好差评"])
"""Holds what is addressed by a code: to be added last, as a code could be any word."""
MOST = 500


class RatingOut(Schema):
    """One rating; an anonymous one names no case, person or time of day, and window, town and item only where
    enough others of its day share them (empty otherwise)."""

    code: str
    rated_on: date
    level: int
    level_label: str
    reason_codes: list[str]
    reasons: list[str]
    text: str
    channel: str
    channel_label: str
    origin: str
    is_default: bool
    is_anonymous: bool
    is_follow_up: bool
    department: str
    department_name: str
    window: str
    town: str
    item_code: str
    item_name: str
    may_publish: bool
    is_withheld: bool
    excluded_on: date | None


class RatingDetailOut(RatingOut):
    """`person` is masked; `pair` the other rating of the same author, where both are anonymous or both by name."""

    person: str
    case_no: str
    pair: str
    loop: str


class RatingsOut(Schema):
    """One page, the latest day first; `next` is the cursor of the page after it, empty on the last."""

    items: list[RatingOut]
    next: str


class RatingQuery(Schema):
    """`defaults`: the system's default ratings instead of the active ones. `named`, `excluded`: "1" or "0"."""

    first_on: Day | None = None
    last_on: Day | None = None
    level: int | None = Field(None, ge=1, le=5)
    channel: str = Field("", max_length=1)
    defaults: bool = False
    named: Literal["", "1", "0"] = ""
    excluded: Literal["", "1", "0"] = ""
    cursor: str = Field("", max_length=40)
    limit: int = Field(100, ge=1, le=MOST)


@root.get("", response=RatingsOut, summary="评价列表", url_name="ratings")
@needs(Can.SEE)
def list_ratings(request: HttpRequest, wanted: Query[RatingQuery]) -> dict[str, Any]:
    """按评价日期从近到远，同一天按编号；匿名评价次日才有。"""
    actor = actor_of(request)
    rows = queries.ratings(actor, clock.today(), defaults=wanted.defaults)
    said = Wanted(
        level=wanted.level,
        channel=wanted.channel,
        first_on=wanted.first_on,
        last_on=wanted.last_on,
        is_anonymous=wanted.named == "0" if wanted.named else None,
        is_excluded=wanted.excluded == "1" if wanted.excluded else None,
    )
    rows = queries.after(queries.narrow(rows, said), wanted.cursor).order_by("-rated_on", "code")
    found = list(rows[: wanted.limit + 1])
    page = found[: wanted.limit]
    following = f"{page[-1].rated_on}.{page[-1].code}" if len(found) > wanted.limit else ""
    return {"items": [_plain(rating) for rating in page], "next": following}


@router.get("/{code}", response=RatingDetailOut, summary="一条评价", url_name="rating")
@needs(Can.SEE)
def one_rating(request: HttpRequest, code: str) -> dict[str, Any]:
    actor = actor_of(request)
    return _detail(actor, queries.get_rating(actor, code, clock.today()))


def _plain(rating: Rating) -> dict[str, Any]:
    shows = {part: queries.shows(rating, part) for part in ("window", "town", "item")}
    return {
        "code": rating.code, "rated_on": rating.rated_on, "level": rating.level,
        "level_label": rating.get_level_display(), "reason_codes": triage.split(rating.reason_codes),
        "reasons": queries.reasons_of(rating), "text": rating.text, "channel": rating.channel,
        "channel_label": rating.get_channel_display(), "origin": rating.origin,
        "is_default": queries.is_default(rating), "is_anonymous": rating.is_anonymous,
        "is_follow_up": queries.is_follow_up(rating),
        "department": rating.department.code if rating.department else "",
        "department_name": rating.department.name if rating.department else "",
        "window": rating.window.code if rating.window and shows["window"] else "",
        "town": rating.town.code if rating.town and shows["town"] else "",
        "item_code": rating.item_code if shows["item"] else "",
        "item_name": rating.item_name if shows["item"] else "",
        "may_publish": rating.may_publish, "is_withheld": rating.withheld_at is not None,
        "excluded_on": queries.excluded_on(rating),
    }  # fmt: skip


def _detail(actor: Actor, rating: Rating) -> dict[str, Any]:
    pair = queries.pair_of(actor, rating, clock.today())
    loop = queries.loop_of(actor, rating)
    case = queries.case_of(actor, rating)
    return {
        **_plain(rating),
        "person": queries.person_of(actor, rating),
        "case_no": case[1] if case else "",
        "pair": pair.code if pair else "",
        "loop": loop.number if loop else "",
    }
