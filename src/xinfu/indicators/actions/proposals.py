"""How suggestions are drafted, handed in, judged level by level, taken back; the actor and the moment come last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from xinfu.catalog import queries as catalog
from xinfu.core import journal
from xinfu.core.actor import Actor, Kind
from xinfu.core.evidence import check_files, check_number, note_of
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Forbidden, Refused
from xinfu.indicators.access import Can
from xinfu.indicators.flow import (
    DECIDED,
    EDITABLE,
    LEVEL_LABELS,
    PROPOSAL_FLOW,
    RESULT_LABELS,
    ProposalLevel,
    ProposalResult,
    ProposalStatus,
)
from xinfu.indicators.models import (
    Proposal,
    ProposalFile,
    ProposalKind,
    ProposalSeries,
    ProposalStep,
    ProposalText,
)
from xinfu.indicators.proposals import judging
from xinfu.indicators.proposals.guards import (
    LONGEST_CONTENT,
    LONGEST_KIND_NOTE,
    LONGEST_TITLE,
    is_own,
    reach,
)
from xinfu.indicators.proposals.local import county_due_on

if TYPE_CHECKING:
    from xinfu.catalog.models import Item
    from xinfu.people.models import Department

PAST = {
    ProposalResult.PASSED: "passed",
    ProposalResult.ADOPTED: "adopted",
    ProposalResult.PARTLY: "adopted_partly",
    ProposalResult.NOT_ADOPTED: "not_adopted",
    ProposalResult.RETURNED: "returned",
}
"""Events of the answers: proposal.adopted, and so on."""


# --- writing ------------------------------------------------------------------------------------------


@transaction.atomic
def draft_proposal(
    *,
    title: str,
    kind: str = "",
    kind_note: str = "",
    content: str = "",
    item: Item | None = None,
    files: Sequence[StoredFile] = (),
    department: Department | None = None,
    by: Actor,
    at: datetime,
) -> Proposal:
    """Keep a draft, seen by its own unit only. Raises Refused: no title, over-long text, an unknown kind."""
    by.require(Can.PROPOSE)
    unit = by.unit_id if department is None else department.pk
    if unit is None or (by.kind != Kind.SYSTEM and unit not in reach(by)):
        raise Forbidden("请用提出单位的账号起草建议。")
    said = _said(title, kind, kind_note, content, item, at)
    proposal = Proposal.objects.create(
        **said,
        department_id=unit,
        drafted_at=at,
        drafted_by=by.key,
        drafted_by_name=by.name[:80],
        moved_at=at,
    )
    _keep_files(proposal, None, files, by=by)
    journal.record("proposal.drafted", proposal, by=by, at=at, files=[file.sha256 for file in files])
    return proposal


@transaction.atomic
def edit_proposal(
    *,
    proposal: Proposal,
    title: str,
    kind: str = "",
    kind_note: str = "",
    content: str = "",
    item: Item | None = None,
    files: Sequence[StoredFile] = (),
    dropped: Collection[int] = (),
    seen: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Proposal:
    """Change a draft or what was returned; `dropped` names files of a draft that are left out.

    `seen`: when the text that was edited had been kept. Raises Refused: another changed it meanwhile.
    """
    by.require(Can.PROPOSE)
    row = locked(proposal)
    if why := is_own(row, by):
        raise Refused("not_yours", why)
    if row.status not in {str(s) for s in EDITABLE}:
        raise Refused("wrong_state", f"当前状态是“{row.get_status_display()}”，不能修改。")
    if seen is not None and seen != row.moved_at:
        raise Refused("changed_meanwhile", "本单位他人刚刚改过这条建议，请复制您的内容，刷新后再改。")
    if dropped and row.number:
        raise Refused("file_handed_in", "提交过的附件要留存，不能去掉；可以补充新的附件。", field="files")
    for name, value in _said(title, kind, kind_note, content, item, at).items():
        setattr(row, name, value)
    row.moved_at = at
    row.save()
    row.files.filter(step=None, pk__in=dropped).delete()
    _keep_files(row, None, files, by=by)
    journal.record("proposal.edited", row, by=by, at=at, files=[file.sha256 for file in files])
    return row


def _said(
    title: str, kind: str, kind_note: str, content: str, item: Item | None, at: datetime
) -> dict[str, Any]:
    """Return the texts as they are kept; a draft may still lack all but its title."""
    if not title.strip():
        raise Refused("no_title", "请写明建议名称。", field="title")
    if kind and kind not in ProposalKind.values:
        raise Refused("bad_kind", "请选择建议类型。", field="kind")
    for value, most, field in (
        (title, LONGEST_TITLE, "title"),
        (content, LONGEST_CONTENT, "content"),
        (kind_note, LONGEST_KIND_NOTE, "kind_note"),
    ):
        if len(value.strip()) > most:
            raise Refused("too_long", f"最多{most}字，现有{len(value.strip())}字，请精简。", field=field)
    return {
        "title": title.strip(),
        "kind": kind,
        "kind_note": kind_note.strip() if kind == ProposalKind.OTHER else "",
        "content": content.strip(),
        "item": item,
        "item_name": _name_of(item, timezone.localdate(at)),
    }


def _name_of(item: Item | None, day: date) -> str:
    if item is None:
        return ""
    version = catalog.item_on(item.code, day)
    return (version.name if version else item.code)[:300]


def locked(proposal: Proposal) -> Proposal:
    """Read the row anew and keep it from others until the transaction ends, without joins (as in assignments)."""
    return Proposal.objects.select_for_update().get(pk=proposal.pk)


def _keep_files(
    proposal: Proposal, step: ProposalStep | None, files: Sequence[StoredFile], *, by: Actor
) -> None:
    check_files(files, by=by)
    if step is None and files:
        check_number(proposal.files.filter(step=None).count() + len(files))
    for file in files:
        ProposalFile.objects.create(proposal=proposal, step=step, digest=file.sha256, name=file.name[:200])


def _step(proposal: Proposal, move: str, verb: str, by: Actor, at: datetime, **said: Any) -> ProposalStep:
    return ProposalStep.objects.create(
        proposal=proposal, turn=proposal.turn, move=move, verb=verb, at=at, by=by.key, by_name=by.name[:80],
        unit_name=by.unit_name[:80], **said,
    )  # fmt: skip


# --- handing in and taking back -----------------------------------------------------------------------


@transaction.atomic
def hand_in(*, proposal: Proposal, note: str = "", by: Actor, at: datetime) -> Proposal:
    """Hand a draft in to the county, or what was returned again; the first time it gets the year's next number.

    Raises Refused: something is missing, another unit's, no word on what was revised.
    """
    row = locked(proposal)
    is_again = bool(row.number)
    move = PROPOSAL_FLOW.check("submit_again" if is_again else "submit", row, by)
    text = note_of(note, is_needed=is_again)
    today = timezone.localdate(at)
    due_on = county_due_on(today)
    PROPOSAL_FLOW.move(
        move.name, row, by, number=row.number or _next_number(today.year), turn=row.turn + 1,
        submitted_on=row.submitted_on or today, handed_in_at=at, submitted_by=by.key,
        submitted_by_name=by.name[:80], county_due_on=due_on, moved_at=at,
    )  # fmt: skip
    ProposalText.objects.create(
        proposal=row, turn=row.turn, title=row.title, kind=row.kind, kind_note=row.kind_note,
        content=row.content, item_name=row.item_name, at=at, by_name=by.name[:80],
    )  # fmt: skip
    _step(row, move.name, move.label, by, at, opinion=text)
    event = "proposal.handed_in_again" if is_again else "proposal.handed_in"
    journal.record(
        event, row, by=by, at=at, number=row.number, turn=row.turn, county_due_on=due_on.isoformat()
    )
    return row


def _next_number(year: int) -> str:
    """Return the year's next number, without gaps; belongs inside an action."""
    ProposalSeries.objects.get_or_create(year=year)
    series = ProposalSeries.objects.select_for_update(of=("self",)).get(year=year)
    ProposalSeries.objects.filter(pk=series.pk).update(last=F("last") + 1)
    return f"{year}-{series.last + 1:04}"


@transaction.atomic
def withdraw_proposal(*, proposal: Proposal, note: str, by: Actor, at: datetime) -> Proposal:
    """Take a suggestion back for good, while it is a draft, under the county's review, or returned."""
    row = locked(proposal)
    PROPOSAL_FLOW.check("withdraw", row, by)
    text = note_of(note, is_needed=True)
    PROPOSAL_FLOW.move("withdraw", row, by, moved_at=at)
    _step(row, "withdraw", "撤回", by, at, opinion=text)
    journal.record("proposal.withdrawn", row, by=by, at=at, number=row.number)
    return row


# --- judging ------------------------------------------------------------------------------------------


@transaction.atomic
def decide_proposal(
    *,
    proposal: Proposal,
    level: str,
    result: str,
    decided_on: date,
    opinion: str = "",
    paper_no: str = "",
    files: Sequence[StoredFile] = (),
    by: Actor,
    at: datetime,
) -> Proposal:
    """Give the county's opinion, or enter what city or province answered, by the day on their paper.

    Raises Refused: wrong state or level, no reason, no paper's number, a day ahead or before the step before.
    """
    move = judging.move_of(level, result)
    row = locked(proposal)
    PROPOSAL_FLOW.check(move.name, row, by)
    said = judging.opinion_of(opinion, result)
    number = judging.paper_no_of(paper_no, level)
    before, what = day_before(row)
    judging.check_day(decided_on, today=timezone.localdate(at), not_before=before, what=what)
    is_final = move.target in DECIDED
    PROPOSAL_FLOW.move(
        move.name, row, by, moved_at=at, decided_on=decided_on if is_final else None,
        decided_level=str(level) if is_final else "",
    )  # fmt: skip
    step = _step(
        row, move.name, f"{LEVEL_LABELS[ProposalLevel(level)]}{RESULT_LABELS[ProposalResult(result)]}", by, at,
        level=level, result=result, opinion=said, decided_on=decided_on, paper_no=number,
    )  # fmt: skip
    _keep_files(row, step, files, by=by)
    journal.record(
        f"proposal.{PAST[ProposalResult(result)]}", row, by=by, at=at, level=str(level), turn=row.turn,
        decided_on=decided_on.isoformat(), paper_no=number, files=[file.sha256 for file in files],
    )  # fmt: skip
    return row


def day_before(proposal: Proposal) -> tuple[date, str]:
    """Return the day before which no answer can lie, and what that day is."""
    last = proposal.steps.filter(turn=proposal.turn).exclude(level="").order_by("-decided_on", "-pk").first()
    if last is not None and last.decided_on is not None:
        return last.decided_on, f"{last.get_level_display()}意见"
    assert proposal.handed_in_at is not None
    return timezone.localdate(proposal.handed_in_at), "提交"


@transaction.atomic
def acknowledge_answer(*, proposal: Proposal, by: Actor, at: datetime) -> Proposal:
    """Note that the unit has read the final answer; it leaves the unit's inbox."""
    by.require(Can.PROPOSE)
    row = locked(proposal)
    if why := is_own(row, by):
        raise Refused("not_yours", why)
    if ProposalStatus(row.status) not in DECIDED:
        raise Refused("not_decided", f"当前状态是“{row.get_status_display()}”，还没有结果。")
    if row.answer_seen_at is not None:
        raise Refused("seen_already", f"{row.answer_seen_by_name}已阅。")
    row.answer_seen_at, row.answer_seen_by_name = at, by.name[:80]
    row.save(update_fields=["answer_seen_at", "answer_seen_by_name"])
    journal.record("proposal.answer_seen", row, by=by, at=at)
    return row
