"""The telephone list: whom to call today, who was called; and what waits for those who call."""

from __future__ import annotations

from datetime import date, datetime, time

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.core.privacy import mask, unseal
from xinfu.core.refusal import NotFound
from xinfu.ratings.access import Can
from xinfu.ratings.models import Invitation, InvitationCall, InvitationKind


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def calls(actor: Actor) -> QuerySet[Invitation]:
    """Return the telephone list, whoever waits longest first, with how often each was called."""
    actor.require(Can.TELEPHONE)
    rows = Invitation.objects.filter(kind=InvitationKind.TELEPHONE)
    scope = actor.scope(Can.TELEPHONE)
    if not scope.everything:
        rows = rows.filter(case__department_id__in=scope.units)
    return rows.select_related("case", "case__department").order_by("case__finished_at", "pk")


def to_call(actor: Actor, today: date) -> QuerySet[Invitation]:
    """Return whom to call today: not done, and not called today already."""
    called = InvitationCall.objects.filter(invitation=OuterRef("pk"), at__gte=start_of(today))
    return calls(actor).filter(~Exists(called), done_at=None)


def counted(rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
    """Keep how often each was called on the row, as `tries`, whatever the list is narrowed to."""
    made = InvitationCall.objects.filter(invitation=OuterRef("pk")).order_by().values("invitation")
    return rows.annotate(tries=Coalesce(Subquery(made.annotate(n=Count("pk")).values("n")), 0))


def called(actor: Actor) -> QuerySet[Invitation]:
    """Return whose calls are over, the latest first."""
    return calls(actor).filter(done_at__isnull=False).order_by("-done_at", "-pk")


def get_call(actor: Actor, pk: int) -> Invitation:
    found = calls(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def masked_phone(row: Invitation) -> str:
    return mask("phone", unseal(row.case.applicant_sealed).get("phone", ""))


def masked_name(row: Invitation) -> str:
    said = unseal(row.case.applicant_sealed)
    return mask("name", said.get("contact_name") or said.get("applicant_name", ""))


def todos(actor: Actor, at: datetime) -> list[Todo]:
    """Return one line for today's calls, to the section that makes them."""
    if not actor.may(Can.TELEPHONE) or actor.scope(Can.TELEPHONE).own:
        return []
    today = timezone.localdate(at)
    number = to_call(actor, today).order_by().count()
    if not number:
        return []
    return [
        Todo(
            verb="拨打",
            title=f"今天要打的邀评电话{number}件",
            url=reverse("ratings:telephone"),
            asked_by="好差评",
            due_on=today,
            arrived_at=None,
            why="本科室负责电话邀评",
            kind="电话邀评",
            consequence="超过邀请期限的自动移出名单",
            count=number,
        )
    ]
