"""What a meeting decides, and how each decision becomes an assigned item, once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from xinfu.assignments.actions.items import give
from xinfu.assignments.actions.meetings import HELD, fits, mine, step
from xinfu.assignments.models import AgendaLine, Decision, DecisionPartner, Item, Meeting, Source
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused

if TYPE_CHECKING:
    from xinfu.people.models import Department

MOST_DECISIONS = 100


@transaction.atomic
def decide(
    *,
    meeting: Meeting,
    title: str,
    department: Department,
    due_on: date,
    text: str = "",
    partners: Iterable[Department] = (),
    line: AgendaLine | None = None,
    decision: Decision | None = None,
    by: Actor,
    at: datetime,
) -> Decision:
    """Keep a decision of a held meeting, or change one (`decision`) that is not yet an assigned item."""
    row = mine(meeting, by, HELD, "记录决定")
    if not title.strip():
        raise Refused("no_title", "请写明决定什么。", field="title")
    fits(title, 100, "title")
    fits(text, 1000, "text")
    if department.closed_on is not None:
        raise Refused("unit_closed", f"{department}已撤销，请选其他单位。", field="department")
    if due_on < timezone.localdate(row.starts_at):
        raise Refused("due_past", "完成期限不能早于开会日期。", field="due_on")
    if decision is None and row.decisions.count() >= MOST_DECISIONS:
        raise Refused("too_many_decisions", f"一次会议最多记{MOST_DECISIONS}项决定。")
    kept = _open(decision) if decision is not None else Decision(meeting=row)
    kept.title, kept.text, kept.department, kept.due_on = title.strip(), text.strip(), department, due_on
    kept.line = row.lines.get(pk=line.pk) if line is not None else None
    kept.save()
    kept.partners.all().delete()
    helpers = {unit.pk for unit in partners} - {department.pk}
    DecisionPartner.objects.bulk_create(
        DecisionPartner(decision=kept, department_id=unit) for unit in sorted(helpers)
    )
    journal.record(
        "meeting.decided", row, by=by, at=at, decision=kept.pk, department=department.pk,
        due_on=due_on.isoformat(), anew=decision is not None,
    )  # fmt: skip
    return kept


@transaction.atomic
def drop_decision(*, decision: Decision, by: Actor, at: datetime) -> None:
    """Take back a decision that is not yet an assigned item."""
    row = mine(decision.meeting, by, HELD, "删去决定")
    found = _open(decision)
    pk = found.pk
    found.delete()
    journal.record("meeting.decision_dropped", row, by=by, at=at, decision=pk, title=found.title)


@transaction.atomic
def give_decision(*, decision: Decision, by: Actor, at: datetime) -> Item:
    """Make a decision an assigned item, once: who presses second is told who gave it and when."""
    row = mine(decision.meeting, by, HELD, "交办决定")
    found = _open(decision)
    item = give(
        title=found.title, text=found.text, department=found.department, due_on=found.due_on,
        source=Source.MEETING, source_name=row.title, by=by, at=at,
        partners=[one.department for one in found.partners.select_related("department").order_by("pk")],
    )  # fmt: skip
    found.item, found.given_at, found.given_by_name = item, at, by.name[:80]
    found.save(update_fields=["item", "given_at", "given_by_name"])
    step(row, "give", "交办决定", f"{found.title}（{found.department}）"[:300], by, at)
    journal.record("meeting.decision_given", row, by=by, at=at, decision=found.pk, item=item.pk)
    return item


@transaction.atomic
def give_all(*, meeting: Meeting, by: Actor, at: datetime) -> list[Item]:
    """Give every decision that is not yet an assigned item; all of them, or none with the reason."""
    row = mine(meeting, by, HELD, "交办决定")
    open_ones = list(row.decisions.filter(item=None).order_by("pk"))
    if not open_ones:
        raise Refused("nothing_to_give", "没有待交办的决定。")
    return [give_decision(decision=one, by=by, at=at) for one in open_ones]


def _open(decision: Decision) -> Decision:
    """Lock a decision and refuse one that is already an assigned item."""
    found = Decision.objects.select_for_update().get(pk=decision.pk)
    if found.item_id is not None and found.given_at is not None:
        when = timezone.localtime(found.given_at)
        raise Refused(
            "given_already",
            f"这项决定已由{found.given_by_name}于{when:%Y-%m-%d %H:%M}交办给{found.department}，不能再改或再交办。",
        )
    return found
