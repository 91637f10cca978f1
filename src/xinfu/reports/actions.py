"""What changes the reports' rows: making a report, entering figures, checking a draft."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from xinfu.core import files, journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.ui.exports import actor_as_data, actor_from_data
from xinfu.indicators import actions as indicators
from xinfu.papers import actions as papers
from xinfu.papers import queries as paper_queries
from xinfu.reports import numbers, queries, rules
from xinfu.reports.access import Can
from xinfu.reports.drafts import Draft, check_days, draft
from xinfu.reports.models import DraftCheck, EnteredFigure, ReportKind, ReportRun, RunStatus

if TYPE_CHECKING:
    from xinfu.papers.models import Paper

UPLOAD_LIMIT = 20 * 1024 * 1024
STEPS = 4


# --- making a report --------------------------------------------------------------------------------


@transaction.atomic
def start_report(*, kind: str, frm: date, to: date, as_of: date, by: Actor, at: datetime) -> ReportRun:
    """Note that a report is wanted; the work is done by `run_report` in the background."""
    by.require(Can.MAKE)
    if kind not in ReportKind.values:
        raise Refused("unknown_report", "请选择报告种类。", field="kind")
    check_days(frm, to, as_of)
    run = ReportRun.objects.create(
        kind=kind, frm=frm, to=to, as_of_on=as_of, total=STEPS, asked=actor_as_data(by), started_at=at,
        started_by=by.key, started_by_name=by.name[:80],
    )  # fmt: skip
    journal.record("report.started", run, by=by, at=at, kind=kind, frm=str(frm), to=str(to), as_of=str(as_of))
    return run


def run_report(*, run: ReportRun, at: datetime) -> Paper | None:
    """Make the report that was asked for; a refusal is kept in the run, and making it again changes nothing."""
    if run.status == RunStatus.DONE:
        return run.paper
    by = actor_from_data(run.asked)
    try:
        _tell(run, 1, "更新数据快照")
        snapshot = indicators.refresh_snapshot(by=by, at=at)
        _tell(run, 2, "计算数据")
        made = draft(run.kind, run.frm, run.to, run.as_of_on, by, lambda what: _tell(run, 2, f"撰写：{what}"))
        _tell(run, 3, "存为公文草稿")
        return _finish(run, made, snapshot.digest, by, at)
    except Refused as refused:
        ReportRun.objects.filter(pk=run.pk).update(
            status=RunStatus.FAILED, refusal=refused.reason[:500], finished_at=at
        )
        return None


def _tell(run: ReportRun, done: int, label: str) -> None:
    ReportRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, done=done, label=label[:80])


@transaction.atomic
def _finish(run: ReportRun, made: Draft, snapshot: str, by: Actor, at: datetime) -> Paper:
    paper = _as_paper(run, made, by, at)
    if snapshot:  # its numbers must open as long as the paper is kept
        indicators.pin_snapshot(snapshot=snapshot, subject=f"papers.Paper:{paper.pk}", by=by, at=at)
    ReportRun.objects.filter(pk=run.pk).update(
        status=RunStatus.DONE, done=STEPS, label="已完成", paper=paper, snapshot=snapshot, finished_at=at
    )
    journal.record(
        "report.made", run, by=by, at=at, paper=paper.pk, snapshot=snapshot, digest=paper.text_digest,
        figures=len(made.figures),
    )  # fmt: skip
    return paper


def _as_paper(run: ReportRun, made: Draft, by: Actor, at: datetime) -> Paper:
    """Return the draft as a paper: the same draft again where nothing changed and nobody moved it on."""
    before = (
        ReportRun.objects.filter(
            kind=run.kind, frm=run.frm, to=run.to, as_of_on=run.as_of_on, started_by=run.started_by
        )
        .exclude(paper=None)
        .order_by("-pk")
        .select_related("paper__version")
        .first()
    )
    paper = before.paper if before else None
    if paper is not None and paper_queries.is_untouched(
        paper, made.title, made.blocks, made.figures, made.notes
    ):
        return paper
    return papers.draft_paper(
        kind=made.kind,
        title=made.title,
        blocks=made.blocks,
        figures=made.figures,
        notes=made.notes,
        by=by,
        at=at,
    )


def make_report(*, kind: str, frm: date, to: date, as_of: date, by: Actor, at: datetime) -> Paper:
    """Make a report at once (the command line); raises what was refused."""
    run = start_report(kind=kind, frm=frm, to=to, as_of=as_of, by=by, at=at)
    paper = run_report(run=run, at=at)
    if paper is None:
        run.refresh_from_db()
        raise Refused("report_failed", run.refusal)
    return paper


# --- entered figures ----------------------------------------------------------------------------------


def _worth(shown: str) -> numbers.Token:
    """Return the one number that the text of a figure says."""
    found = numbers.tokens(shown.strip()) or numbers.tokens(f"全市{shown.strip()}")
    if len(found) != 1 or found[0].text != shown.strip():
        raise Refused(
            "no_single_number",
            "数值应是一个带单位的数，照文中写法，如“30.83亿元”“12条”“99.84%”“第1”。",
            field="shown",
        )
    return found[0]


@transaction.atomic
def enter_figure(
    *,
    subject: str,
    title: str,
    shown: str,
    definition: str,
    frm: date,
    to: date,
    cutoff_on: date,
    evidence: str,
    numerator: int | None = None,
    denominator: int | None = None,
    evidence_file: tuple[str, Iterable[bytes]] | None = None,
    replaces: EnteredFigure | None = None,
    by: Actor,
    at: datetime,
) -> EnteredFigure:
    """Enter a figure of a subject that is not run here yet, with its evidence; a correction replaces an earlier one.

    Raises Refused: no permission, unknown subject, nothing or several numbers in `shown`, missing words, days in
    the wrong order, a ratio that its own parts contradict, an earlier one that was already corrected.
    """
    by.require(Can.ENTER)
    if subject not in rules.BY_CODE:
        raise Refused("unknown_subject", "请选择板块。", field="subject")
    _check_words(title, definition, evidence)
    token = _worth(shown)
    _check_entered(frm, to, cutoff_on, numerator, denominator, token)
    if replaces is not None and EnteredFigure.objects.filter(replaces=replaces).exists():
        raise Refused("already_corrected", "这项数据已被更正，请在最新的一项上更正。")
    file = None
    if evidence_file is not None:
        file = files.store(evidence_file[1], name=evidence_file[0], by=by, at=at, limit=UPLOAD_LIMIT)
    row = EnteredFigure.objects.create(
        subject=subject, title=title.strip(), shown=shown.strip(),
        value=numbers.decimal_of(token.value), unit=token.unit, definition=definition.strip(), frm=frm, to=to,
        cutoff_on=cutoff_on, numerator=numerator, denominator=denominator, evidence=evidence.strip(), file=file,
        replaces=replaces, entered_at=at, entered_by=by.key, entered_by_name=by.name[:80], unit_name=by.unit_name[:80],
    )  # fmt: skip
    journal.record(
        "report.figure_entered", row, by=by, at=at, board=subject, title=row.title, shown=row.shown,
        cutoff_on=str(cutoff_on), evidence=row.evidence, replaces=replaces.pk if replaces else None,
        file=file.sha256 if file else None,
    )  # fmt: skip
    return row


def _check_words(title: str, definition: str, evidence: str) -> None:
    for word, field, name in (
        (title, "title", "名称"),
        (definition, "definition", "口径"),
        (evidence, "evidence", "依据"),
    ):
        if not word.strip():
            raise Refused("missing_word", f"请填写{name}。", field=field)


def _check_entered(
    frm: date, to: date, cutoff_on: date, numerator: int | None, denominator: int | None, token: numbers.Token
) -> None:
    if frm > to:
        raise Refused("period_reversed", "统计期的开始日期晚于结束日期，请对调。", field="frm")
    if cutoff_on < frm:
        raise Refused("cutoff_too_early", "数据截至日期早于统计期开始，请核对。", field="cutoff_on")
    if (numerator is None) != (denominator is None):
        raise Refused("half_a_ratio", "分子和分母应同时填写，或都不填。", field="denominator")
    if denominator is not None and numerator is not None:
        if denominator <= 0:
            raise Refused("no_denominator", "分母应大于0。", field="denominator")
        if token.unit == "%" and not numbers.fits(token, numbers.percent(numerator, denominator)):
            raise Refused("ratio_differs", f"分子除以分母与“{token.text}”不符，请核对。", field="shown")


# --- checking a draft ---------------------------------------------------------------------------------


@transaction.atomic
def check_draft(
    *, name: str, chunks: Iterable[bytes], frm: date, to: date, as_of: date, by: Actor, at: datetime
) -> DraftCheck:
    """Hold every number of a self-written draft against the records, and keep the result.

    Raises Refused: no permission, days in the wrong order, a file that is no draft.
    """
    by.require(Can.CHECK)
    check_days(frm, to, as_of)
    stored = files.store(chunks, name=name, by=by, at=at, limit=UPLOAD_LIMIT)
    with files.open_file(stored) as content:
        lines = paper_queries.lines_of_upload(stored.name, content.read())
    snapshot = indicators.refresh_snapshot(by=by, at=at)
    marks = numbers.check(lines, queries.knowns(by, frm, to, as_of))
    verdicts = [mark.verdict for mark in marks]
    row = DraftCheck.objects.create(
        file=stored, name=stored.name, frm=frm, to=to, as_of_on=as_of, snapshot=snapshot.digest, lines=lines,
        marks=[_mark_as_data(mark) for mark in marks], ticked=verdicts.count("ticked"),
        struck=verdicts.count("struck"), unknown=verdicts.count("unknown"), made_at=at, made_by=by.key,
        made_by_name=by.name[:80],
    )  # fmt: skip
    journal.record(
        "report.draft_checked", row, by=by, at=at, file=stored.sha256, snapshot=snapshot.digest,
        ticked=row.ticked, struck=row.struck, unknown=row.unknown,
    )  # fmt: skip
    return row


def _mark_as_data(mark: numbers.Mark) -> dict[str, Any]:
    known = mark.known
    return {
        "line": mark.line,
        "start": mark.token.start,
        "end": mark.token.end,
        "text": mark.token.text,
        "context": mark.context,
        "verdict": mark.verdict,
        "title": known.title if known else "",
        "printed": known.printed if known else "",
        "period": known.period if known else "",
        "cutoff": known.cutoff if known else "",
        "origin": known.origin if known else "",
        "url": known.url if known else "",
    }
