"""The view that the indicators of suggestions count: what was handed in, by month of the first hand-in.

No person and no text is in it.
"""

from __future__ import annotations

# ruff: noqa: S608 -- the statement is built from fixed names only
import hashlib

from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncMonth

from xinfu.core.models import LocalRule
from xinfu.core.registry import SnapshotView
from xinfu.indicators.models import Proposal
from xinfu.indicators.proposals.local import PARTLY_COUNTS

COLUMNS = {
    "id": "BIGINT",
    "number": "VARCHAR",
    "submitted_on": "DATE",
    "decided_on": "DATE",
    "department_id": "BIGINT",
    "item_id": "BIGINT",
    "kind": "VARCHAR",
    "status": "VARCHAR",
    "decided_level": "VARCHAR",
    "turn": "INTEGER",
    "is_counted": "BOOLEAN",
}
_RULE = (
    "COALESCE((SELECT CAST(l.value AS TEXT) FROM core_localrule l "
    f"WHERE l.code = '{PARTLY_COUNTS}' AND l.since <= p.decided_on ORDER BY l.since DESC LIMIT 1), 'no')"
)
_OWN = {
    "is_counted": f"(p.decided_level = 'province' AND (p.status = 'adopted' OR (p.status = 'partly' AND {_RULE} LIKE '%yes%')))"
}
_CHOSEN = ", ".join(f"{_OWN.get(name, 'p.' + name)} AS {name}" for name in COLUMNS)


def revisions() -> dict[str, int]:
    """Return month of the first hand-in → a number that changes with every step, or with the local rule."""
    rules = list(LocalRule.objects.filter(code=PARTLY_COUNTS).order_by("since").values_list("since", "value"))
    months = (
        Proposal.objects.exclude(number="")
        .annotate(month=TruncMonth("submitted_on"))
        .order_by("month")
        .values_list("month")
        .annotate(Count("pk"), Sum("pk"), Sum("turn"), Max("moved_at"), Count("decided_on"))
    )
    return {
        f"{month:%Y-%m}": int.from_bytes(hashlib.sha256(repr((facts, rules)).encode()).digest()[:7], "big")
        for month, *facts in months
    }


PROPOSALS = SnapshotView(
    name="proposals",
    title="高频涉企事项建议",
    subject="涉企事项建议",
    columns=COLUMNS,
    select=(f"SELECT {_CHOSEN} FROM indicators_proposal p WHERE p.number <> '' AND {{where}} ORDER BY 1"),
    partition="p.submitted_on",
    revisions=revisions,
)
