"""What one loop says of itself: what is asked of whom, and its time line (D3)."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from xinfu.core.ui import Step, text
from xinfu.ratings import terms
from xinfu.ratings.flow import Status
from xinfu.ratings.guards import why_not_callable
from xinfu.ratings.models import BadRating
from xinfu.ratings.queries.loop import Now

ASKED = {
    Status.OPEN: "核实这条差评",
    Status.APPEALED: "审核承办单位的申诉",
    Status.APPEAL_REJECTED: "整改",
    Status.RECTIFYING: "整改，并写明办理情况",
    Status.CANNOT_ASKED: "审核“无法整改”",
    Status.CANNOT_REJECTED: "继续整改，并写明办理情况",
}


def asked_of(loop: BadRating) -> str:
    """Return what is asked of which unit now."""
    who = loop.judge if terms.is_reviewed(loop.status) else loop.department
    if loop.status == Status.OPEN and loop.called_back_at is None and why_not_callable(loop) is None:
        return f"请{who or '承办单位'}回访评价人，核实这条差评"
    return f"请{who or '承办单位'}{ASKED[Status(loop.status)]}" if loop.finished_at is None else "已办结"


def steps_of(loop: BadRating, now: Now) -> list[Step]:
    """Return what happened, oldest first, with the working days between."""
    told = [Step(loop.received_at, "评价人", f"评价：{loop.rating.get_level_display()}", "", None, "public")]
    for row in loop.steps.order_by("at", "id"):
        due = f"期限：{text.day(row.due_on)}" if row.due_on else ""
        said = "　".join(filter(None, (row.note, due)))
        kind = "log" if row.move in ("warn", "raise") else "move"
        told.append(Step(row.at, f"{row.unit_name} {row.by_name}".strip(), row.verb, said, None, kind))
    for call in loop.calls.all():
        said = call.said if call.is_reached else "未接通。" + call.said
        told.append(Step(call.at, call.by_name, call.get_kind_display(), said, None, "public"))
    told.sort(key=lambda s: s.at)
    found: list[Step] = []
    for before, step in zip([None, *told[:-1]], told, strict=True):
        days = 0
        if before is not None:
            days = now.calendar.workdays_between(timezone.localdate(before.at), timezone.localdate(step.at))
        found.append(replace(step, workdays=days if days > 0 else None))
    return found
