"""What the office decides about a single rating: keeping its text from the public, looking at who gave it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.privacy import unseal
from xinfu.core.refusal import Forbidden, Refused
from xinfu.ratings.access import Can
from xinfu.ratings.models import Rating, TextDecision
from xinfu.ratings.queries import listing as queries

SHORTEST_REASON, LONGEST_REASON = 4, 300
LONGEST_LOOK = 200


def why_not_withheld(rating: Rating) -> str | None:
    """Return why the text cannot be kept from the public page, or None."""
    if not rating.text:
        return "这条评价没有文字，不用处理。"
    if not rating.may_publish:
        return "评价人没有同意公开，这段文字本来就不公开。"
    return "这段文字已决定不公开，不用再办。" if rating.withheld_at else None


@transaction.atomic
def withhold(*, code: str, reason: str, by: Actor, at: datetime) -> Rating:
    """Keep a rating's text from the public page; its level still counts.

    Raises Refused: not_public (nothing is shown, or no longer), no_reason, reason_too_long.
    """
    rating, said = _locked(code, by, at), _reason(reason)
    if why_not := why_not_withheld(rating):
        raise Refused("not_public", why_not)
    Rating.objects.filter(pk=rating.pk).update(withheld_at=at, withheld_by=by.name[:80], withheld_reason=said)
    return _decided(rating, "rating.text_withheld", said, by, at, is_withheld=True)


@transaction.atomic
def publish_again(*, code: str, reason: str, by: Actor, at: datetime) -> Rating:
    """Show a text on the public page again. Raises Refused: not_withheld, no_reason, reason_too_long."""
    rating, said = _locked(code, by, at), _reason(reason)
    if rating.withheld_at is None:
        raise Refused("not_withheld", "这段文字没有被决定不公开，不用恢复。")
    Rating.objects.filter(pk=rating.pk).update(withheld_at=None, withheld_by="", withheld_reason="")
    return _decided(rating, "rating.text_published", said, by, at, is_withheld=False)


@transaction.atomic
def show_person(*, code: str, reason: str, by: Actor, at: datetime) -> dict[str, str]:
    """Return who gave a rating by name (name, phone, identity, case_no as far as known); the journal keeps why.

    Raises Refused: anonymous, no_reason, reason_too_long; Forbidden outside the actor's units.
    """
    by.require(Can.SEE_NAMES)
    rating = queries.get_rating(by, code, timezone.localdate(at))
    if rating.is_anonymous:
        raise Refused("anonymous", "这是匿名评价，系统没有保存评价人。")
    if not queries.may_see_person(by, rating):
        raise Forbidden("只能查看本单位实名评价的评价人。")
    said = _reason(reason, LONGEST_LOOK)
    person = unseal(rating.sealed)
    journal.record("rating.person_shown", _subject(rating), by=by, at=at, code=rating.code, reason=said)
    return person


def _locked(code: str, by: Actor, at: datetime) -> Rating:
    by.require(Can.WITHHOLD)
    found = queries.get_rating(by, code, timezone.localdate(at))
    return Rating.objects.select_for_update(of=("self",)).get(pk=found.pk)


def _reason(reason: str, longest: int = LONGEST_REASON) -> str:
    said = reason.strip()
    if len(said) < SHORTEST_REASON:
        raise Refused("no_reason", f"请写明理由（不少于{SHORTEST_REASON}个字），将记入日志。", field="reason")
    if len(said) > longest:
        raise Refused(
            "reason_too_long", f"理由最多{longest}字，现在是{len(said)}字，请精简。", field="reason"
        )
    return said


def _decided(
    rating: Rating, event: str, reason: str, by: Actor, at: datetime, *, is_withheld: bool
) -> Rating:
    TextDecision.objects.create(
        rating=rating, is_withheld=is_withheld, reason=reason, at=at, by=by.key, by_name=by.name[:80]
    )
    rating.refresh_from_db()
    journal.record(event, _subject(rating), by=by, at=at, code=rating.code, reason=reason)
    return rating


def _subject(rating: Rating) -> str:
    """Name a rating by its code: its running number would tell between which others it was made."""
    return f"ratings.Rating:{rating.code}"
