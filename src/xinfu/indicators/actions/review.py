"""落后指标分析会: the meeting is called with its agenda and figures; in it cause, measure, owner and day are filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from xinfu.assignments import actions as assignments
from xinfu.assignments import queries as meetings
from xinfu.assignments.actions import Facts, Line, Table
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.ui import text
from xinfu.indicators.actions.figures import pin_snapshot
from xinfu.indicators.queries.review import Review, review_tables

if TYPE_CHECKING:
    from xinfu.assignments.models import AgendaLine, Decision, Meeting
    from xinfu.people.models import Department, Person


@transaction.atomic
def call_review(
    *,
    found: Review,
    title: str,
    starts_at: datetime,
    place: str,
    chair: Person,
    note_taker: Person,
    guests: Iterable[int] = (),
    by: Actor,
    at: datetime,
) -> Meeting:
    """Call the meeting on a period's underperforming indicators: its lines are the agenda, its tables are frozen.

    Raises Refused: nothing lost cases, no snapshot, such a meeting of this period is open already.
    """
    if found.snapshot is None or not found.lines:
        raise Refused("nothing_lost", "这一期间没有失分的单位，不用召开分析会。")
    period = found.period
    for other in meetings.meetings_of_figures(by, period.frm, period.to):
        if other.finished_at is None:
            raise Refused(
                "called_already", f"这一期间已有《{other.title}》（{other.get_status_display()}）。"
            )
    lines = [
        Line(
            f"{line.label}：{line.figure.indicator.title}"[:100], line.facts[:500], line.department,
            ref=line.ref,
        )
        for line in found.lines
    ]  # fmt: skip
    tables = [Table(t.title, t.columns, t.rows, t.figures) for t in review_tables(found)]
    basis = f"数据截至 {text.when(found.snapshot.as_of)}，快照 {found.snapshot.digest[:16]}"
    meeting = assignments.plan_meeting(
        title=title, kind="analysis", starts_at=starts_at, place=place, chair=chair, note_taker=note_taker,
        lines=lines, guests=guests, facts=Facts(period.frm, period.to, basis, tables), by=by, at=at,
    )  # fmt: skip
    subject = f"assignments.Meeting:{meeting.pk}"
    pin_snapshot(snapshot=found.snapshot.digest, subject=subject, by=by, at=at)
    return meeting


@dataclass(frozen=True, slots=True)
class Filled:
    """What the meeting wrote about one line: why, what is done, by whom, until when."""

    line: AgendaLine
    decision: Decision | None
    cause: str
    measure: str
    department: Department | None
    due_on: date | None


@transaction.atomic
def fill_review(*, meeting: Meeting, filled: Sequence[Filled], by: Actor, at: datetime) -> int:
    """Keep what was written about the lines, all or nothing; return how many decisions stand now.

    A measure with owner and day is a decision; what is already an assigned item stays as it is.
    """
    count = 0
    for one in filled:
        if one.cause.strip() != one.line.said:
            assignments.note_said(meeting=meeting, line=one.line, said=one.cause, by=by, at=at)
        if one.decision is not None and one.decision.item_id is not None:
            count += 1
        elif one.measure.strip():
            count += _decided(meeting, one, by, at)
        elif one.decision is not None:
            assignments.drop_decision(decision=one.decision, by=by, at=at)
    return count


def _decided(meeting: Meeting, one: Filled, by: Actor, at: datetime) -> int:
    if one.department is None:
        raise Refused("no_owner", "有措施的要写承办单位。", field=f"department-{one.line.pk}")
    if one.due_on is None:
        raise Refused("no_due_on", "有措施的要写完成期限。", field=f"due_on-{one.line.pk}")
    before = one.decision
    if before is not None and (before.title, before.department_id, before.due_on) == (
        one.measure.strip(), one.department.pk, one.due_on,
    ):  # fmt: skip
        return 1
    assignments.decide(
        meeting=meeting, title=one.measure, text=one.line.text, department=one.department, due_on=one.due_on,
        line=one.line, decision=before, by=by, at=at,
    )  # fmt: skip
    return 1
