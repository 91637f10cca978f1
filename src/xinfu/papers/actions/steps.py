"""What every action on a paper does: lock, move, note the step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.papers.flow import FLOW
from xinfu.papers.models import Paper, PaperStep


def locked(paper: Paper) -> Paper:
    """Return the row locked until the transaction ends, with the status that the caller saw.

    No join: PostgreSQL checks a row that it waited for against the version joined before, and would find none.
    """
    row = Paper.objects.select_for_update().get(pk=paper.pk)
    if row.status != paper.status:
        raise Refused("changed_meanwhile", f"这份公文已变为“{row.get_status_display()}”，请刷新后再办。")
    return row


def step(paper: Paper, verb: str, opinion: str, by: Actor, at: datetime) -> None:
    assert paper.version is not None
    PaperStep.objects.create(
        paper=paper,
        version=paper.version,
        verb=verb,
        opinion=opinion.strip()[:1000],
        at=at,
        by=by.key,
        by_name=by.name[:80],
        unit_name=by.unit_name[:80],
    )


def need(value: str, code: str, sentence: str, field: str) -> str:
    if not value.strip():
        raise Refused(code, sentence, field=field)
    return value.strip()


def move(paper: Paper, name: str, opinion: str, by: Actor, at: datetime, **changes: Any) -> Paper:
    """Move the locked paper, and write the step with the opinion."""
    row = locked(paper)
    FLOW.move(name, row, by, moved_at=at, **changes)
    step(row, FLOW[name].label, opinion, by, at)
    paper.status = row.status
    return row
