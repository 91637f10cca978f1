"""Personal data shown in full: for a reason, to those who may, and on the journal."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from xinfu.cases import queries
from xinfu.cases.access import Can
from xinfu.cases.models import Case
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.privacy import unseal
from xinfu.core.refusal import Forbidden, Refused

SHORTEST_REASON = 4


@transaction.atomic
def reveal_applicant(*, case: Case, reason: str, by: Actor, at: datetime) -> dict[str, str]:
    """Return the applicant's data of a case in full.

    Raises Refused: no permission for this unit's cases, no reason.
    """
    by.require(Can.SEE_PERSONAL)
    row = queries.get_case(by, case.pk)
    scope = by.scope(Can.SEE_PERSONAL)
    if not (scope.covers(row.department_id) or scope.covers(row.town_id)):
        raise Forbidden("只能查看本单位办件的申请人完整信息。")
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refused("no_reason", "请写明查看原因（不少于4个字），将记入操作日志。", field="reason")
    said = unseal(row.applicant_sealed)
    journal.record("case.applicant_revealed", row, by=by, at=at, reason=reason.strip()[:200])
    return said
