"""Calls of the telephone list: the number shown, what came of the call, the rating that somebody gives by telephone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.privacy import unseal
from xinfu.core.refusal import NotFound, Refused
from xinfu.ratings import invitation_local
from xinfu.ratings.access import Can
from xinfu.ratings.actions.rating import rate
from xinfu.ratings.models import CallOutcome, Channel, Invitation, InvitationCall
from xinfu.ratings.queries import invitations as queries


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said on the telephone."""

    level: int
    reasons: Sequence[str] = ()
    text: str = ""
    is_named: bool = False
    may_publish: bool = False


def _locked(invitation: Invitation, by: Actor) -> Invitation:
    by.require(Can.TELEPHONE)
    rows = queries.calls(by).select_for_update(of=("self",))
    row = rows.filter(pk=invitation.pk).first()
    if row is None:
        raise NotFound()
    if row.done_at is not None:
        raise Refused("called", "这件已经打过了，结果已登记，不再拨打。")
    return row


@transaction.atomic
def show_invited_phone(*, invitation: Invitation, by: Actor, at: datetime) -> tuple[str, str]:
    """Return name and telephone of whom to call; the journal keeps who asked and why."""
    row = _locked(invitation, by)
    said = unseal(row.case.applicant_sealed)
    journal.record("invitation.phone_shown", row, by=by, at=at, reason="电话邀评")
    return said.get("contact_name") or said.get("applicant_name", ""), said.get("phone", "")


@transaction.atomic
def record_call(
    *, invitation: Invitation, is_reached: bool, said: Said | None = None, by: Actor, at: datetime
) -> InvitationCall:
    """Keep what came of a call, with the rating given in it if there was one.

    Who rated anonymously and who would not rate are kept alike. Nobody is called more often than the county says.
    Refuses: called already, called today, and all that `rate` refuses.
    """
    row = _locked(invitation, by)
    day = timezone.localdate(at)
    if row.calls.filter(at__gte=queries.start_of(day)).exists():
        raise Refused("called_today", "今天已经打过一次，请改天再打。")
    outcome = CallOutcome.TALKED if is_reached else CallOutcome.UNREACHED
    if is_reached and said is not None:
        rate(
            case_id=row.case_id, level=said.level, reasons=said.reasons, text=said.text,
            is_anonymous=not said.is_named, may_publish=said.may_publish, channel=Channel.TELEPHONE, by=by, at=at,
        )  # fmt: skip
        outcome = CallOutcome.NAMED if said.is_named else CallOutcome.TALKED
    call = InvitationCall.objects.create(
        invitation=row, outcome=outcome, at=at, by=by.key, by_name=by.name[:80]
    )
    if is_reached or row.calls.count() >= invitation_local.on(day).tries:
        Invitation.objects.filter(pk=row.pk).update(done_at=at, outcome=outcome)
    journal.record("invitation.called", row, by=by, at=at, outcome=str(outcome))
    return call
