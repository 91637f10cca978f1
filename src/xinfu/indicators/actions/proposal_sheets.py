"""Sheets of answers: checked line by line as if entered one after another, taken in when confirmed, or dropped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction
from django.utils import timezone

from xinfu.core import files, journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.indicators.access import Can
from xinfu.indicators.actions.proposals import day_before, decide_proposal
from xinfu.indicators.flow import LEVEL_LABELS, PROPOSAL_FLOW, PROPOSAL_LABELS, ProposalLevel, ProposalStatus
from xinfu.indicators.models import AnswerLine, AnswerSheet, LineState, Proposal, SheetStatus
from xinfu.indicators.proposals import judging, reading
from xinfu.indicators.proposals.reading import Line

LIMIT = 5 * files.MIB


@dataclass(slots=True)
class _Foreseen:
    """A suggestion as it will stand after the lines before."""

    proposal: Proposal
    status: str
    day: date
    what: str


def check_sheet(*, chunks: Iterable[bytes], name: str, by: Actor, at: datetime) -> AnswerSheet:
    """Keep a sheet with what would become of each line; nothing is entered yet.

    Raises Refused: no table, a column missing, over 500 lines, the same file taken in before.
    """
    by.require(Can.ENTER_ANSWERS)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sheet"
        content = b"".join(chunks)
        path.write_bytes(content)
        lines = reading.read(path)
    return _keep(lines, content, name, by=by, at=at)


@transaction.atomic
def _keep(lines: list[Line], content: bytes, name: str, *, by: Actor, at: datetime) -> AnswerSheet:
    kept = files.store([content], name=name, by=by, at=at, limit=LIMIT)
    if AnswerSheet.objects.filter(sha256=kept.sha256, status=SheetStatus.TAKEN).exists():
        raise Refused("same_sheet", "这份文件已经导入过，没有再检查。", field="file")
    sheet = AnswerSheet.objects.create(
        name=kept.name, sha256=kept.sha256, checked_at=at, checked_by=by.key, checked_by_name=by.name[:80]
    )
    known = _known(lines)
    today = timezone.localdate(at)
    rows = [_checked(sheet, line, known, by, today) for line in lines]
    AnswerLine.objects.bulk_create(rows)
    refused = sum(row.state == LineState.REFUSED for row in rows)
    journal.record(
        "answer_sheet.checked", sheet, by=by, at=at, sha256=kept.sha256, lines=len(rows), refused=refused
    )
    return sheet


def _known(lines: Iterable[Line]) -> dict[str, _Foreseen]:
    numbers = {line.number for line in lines if line.number}
    found = Proposal.objects.filter(number__in=numbers).select_related("department")
    return {row.number: _Foreseen(row, row.status, *day_before(row)) for row in found.order_by("pk")}


def _checked(
    sheet: AnswerSheet, line: Line, known: dict[str, _Foreseen], by: Actor, today: date
) -> AnswerLine:
    row = AnswerLine(
        sheet=sheet, row=line.row, number=line.number, level=line.level, result=line.result,
        decided_on=line.day, paper_no=line.paper_no[:60], opinion=line.opinion[:300],
    )  # fmt: skip
    row.refusal = (line.fault or _fault(line, known, by, today))[:300]
    row.state = LineState.REFUSED if row.refusal else LineState.WAITING
    return row


def _fault(line: Line, known: dict[str, _Foreseen], by: Actor, today: date) -> str:
    """Return why a line cannot be entered, or nothing after moving its suggestion on."""
    one = known.get(line.number)
    if one is None or line.day is None:
        return f"没有编号为“{line.number}”的建议，请核对。"
    try:
        move = judging.move_of(line.level, line.result)
        judging.opinion_of(line.opinion, line.result)
        judging.paper_no_of(line.paper_no, line.level)
        judging.check_day(line.day, today=today, not_before=one.day, what=one.what)
        one.proposal.status = one.status
        PROPOSAL_FLOW.check(move.name, one.proposal, by)
    except Refused as refused:
        if refused.code == "wrong_state":
            stands = PROPOSAL_LABELS[ProposalStatus(one.status)]
            return f"这条建议是“{stands}”，不能登记{LEVEL_LABELS[ProposalLevel(line.level)]}意见。"
        return refused.reason
    one.status, one.day, one.what = (
        str(move.target),
        line.day,
        f"{LEVEL_LABELS[ProposalLevel(line.level)]}意见",
    )
    return ""


def take_sheet(*, sheet: AnswerSheet, by: Actor, at: datetime) -> AnswerSheet:
    """Enter every line that waits, each with its own mark, so that a stopped one goes on where it was.

    A line that has become impossible meanwhile is refused with its reason. Raises Refused: done already, dropped.
    """
    by.require(Can.ENTER_ANSWERS)
    with transaction.atomic():
        _open_one(sheet)
    for line in sheet.lines.filter(state=LineState.WAITING).order_by("row", "pk"):
        _take(line, by, at)
    return _finish(sheet, by, at)


def _open_one(sheet: AnswerSheet) -> AnswerSheet:
    found = AnswerSheet.objects.select_for_update(of=("self",)).get(pk=sheet.pk)
    if found.status != SheetStatus.CHECKED:
        raise Refused("sheet_closed", f"这份答复表{found.get_status_display()}，不能再办。")
    return found


@transaction.atomic
def _take(line: AnswerLine, by: Actor, at: datetime) -> None:
    row = AnswerLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
    if row.state != LineState.WAITING:
        return
    try:
        with transaction.atomic():
            assert row.decided_on is not None
            decide_proposal(
                proposal=Proposal.objects.get(number=row.number), level=row.level, result=row.result,
                decided_on=row.decided_on, opinion=row.opinion, paper_no=row.paper_no, by=by, at=at,
            )  # fmt: skip
        row.state = LineState.TAKEN
    except Refused as refused:
        row.state, row.refusal = LineState.REFUSED, refused.reason[:300]
    row.save(update_fields=["state", "refusal"])


@transaction.atomic
def _finish(sheet: AnswerSheet, by: Actor, at: datetime) -> AnswerSheet:
    row = _open_one(sheet)
    row.status, row.finished_at = SheetStatus.TAKEN, at
    row.save(update_fields=["status", "finished_at"])
    counts = {state: row.lines.filter(state=state).count() for state in (LineState.TAKEN, LineState.REFUSED)}
    journal.record(
        "answer_sheet.taken",
        row,
        by=by,
        at=at,
        taken=counts[LineState.TAKEN],
        refused=counts[LineState.REFUSED],
    )
    return row


@transaction.atomic
def drop_sheet(*, sheet: AnswerSheet, by: Actor, at: datetime) -> AnswerSheet:
    """Give a checked sheet up; nothing of it was entered."""
    by.require(Can.ENTER_ANSWERS)
    row = _open_one(sheet)
    if row.lines.filter(state=LineState.TAKEN).exists():
        raise Refused("begun", "这份答复表已登记了一部分，请继续导入完。")
    row.status, row.finished_at = SheetStatus.DROPPED, at
    row.save(update_fields=["status", "finished_at"])
    journal.record("answer_sheet.dropped", row, by=by, at=at)
    return row
