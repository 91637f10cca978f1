"""What one case says: masked personal values, its journal, and itself as other systems read it."""

from __future__ import annotations

from typing import Any

from xinfu.cases.access import Can
from xinfu.cases.intake.fields import CASE
from xinfu.cases.models import Case, Quality
from xinfu.cases.queries.lights import Lamp
from xinfu.cases.rules import Light
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.core.privacy import mask, unseal


def may_reveal(actor: Actor, case: Case) -> bool:
    """Tell whether the actor may see the applicant's whole data, where there are any."""
    scope = actor.scope(Can.SEE_PERSONAL)
    return bool(case.applicant_sealed) and (scope.covers(case.department_id) or scope.covers(case.town_id))


def masked_applicant(case: Case) -> list[tuple[str, str]]:
    """Return (label, masked value) of the personal fields; what kind of paper it is needs no mask."""
    said = unseal(case.applicant_sealed)
    return [
        (CASE[name].label, mask(CASE[name].mask, value) if CASE[name].mask else value)
        for name, value in said.items()
        if name in CASE
    ]


def masked_name(case: Case) -> str:
    """Return the applicant's masked name, for lists."""
    return mask("name", unseal(case.applicant_sealed).get("applicant_name", ""))


def journal_of(case: Case, most: int = 50) -> list[JournalEntry]:
    """Return the journal's entries about a case, and that of the batch that brought it in, oldest first."""
    subjects = [journal.subject_of(case)]
    if case.batch is not None:
        subjects.append(journal.subject_of(case.batch))
    rows = JournalEntry.objects.filter(subject__in=subjects).exclude(event="cases.import_started")
    return list(rows.order_by("n")[:most])


# --- plain, for the API and exports --------------------------------------------------------------

PLAIN = (
    "case_no", "data_version", "item_code", "item_name", "summary", "project_type", "channel", "is_unified",
    "is_unified_item", "org_name", "handler_name", "applicant_kind", "applied_at", "received_at", "received_on",
    "accepted_at", "accepted_on", "finished_at", "finished_on", "state", "finish_kind", "finish_reason",
    "promise_days", "due_kind", "due_at", "due_on", "due_provisional", "accept_due_on", "paused_on", "paused_days",
    "handling_days", "changed_at",
)  # fmt: skip


def plain(case: Case, lamp: Lamp) -> dict[str, Any]:
    """Return a case as other systems read it, personal values masked."""
    said = unseal(case.applicant_sealed)
    return {
        **{name: getattr(case, name) for name in PLAIN},
        "department": case.department.code if case.department else "",
        "department_name": case.department.name if case.department else "",
        "window": case.window.code if case.window else "",
        "town": case.town.code if case.town else "",
        "light": str(lamp.light),
        "is_late": lamp.light in (Light.LATE, Light.DONE_LATE),
        "marks": [mark.label for mark in Quality if case.quality & mark],
        "applicant_name": mask("name", said.get("applicant_name", "")),
        "id_no": mask("id", said.get("id_no", "")),
        "phone": mask("phone", said.get("phone", "")),
    }
