"""Reports before they are papers: the same inputs always give the same draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.registry import sections
from xinfu.reports import bulletins, queries, rules
from xinfu.reports.models import EnteredFigure, ReportKind
from xinfu.reports.writing import Block, Writing, heading

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Draft:
    """All that becomes a paper's first version; `notes` are hints for the drafter, never part of what is signed."""

    kind: str
    title: str
    blocks: list[Block]
    figures: list[dict[str, str]]
    notes: list[str]


def draft(kind: str, frm: date, to: date, as_of: date, actor: Actor, tell: Tell) -> Draft:
    """Return the draft of one kind of report; `tell` hears what is being done.

    Raises Refused: days in the wrong order, unknown kind, no snapshot, a period with no cases.
    """
    check_days(frm, to, as_of)
    makers = {ReportKind.HALF_YEAR: half_year, ReportKind.WEEKLY: _weekly, ReportKind.MONTHLY: _monthly}
    if kind not in makers:
        raise Refused(
            "unknown_report",
            f"没有“{kind[:20]}”这种报告，可用的有{'、'.join(ReportKind.values)}。",
            field="kind",
        )
    return makers[ReportKind(kind)](frm, to, as_of, actor, tell)


def check_days(frm: date, to: date, as_of: date) -> None:
    if frm > to:
        raise Refused("period_reversed", f"开始日期 {frm} 晚于结束日期 {to}，请对调。", field="frm")
    if as_of < frm:
        raise Refused("as_of_too_early", f"截至日期 {as_of} 早于统计期开始日 {frm}，请核对。", field="as_of")


def half_year(frm: date, to: date, as_of: date, actor: Actor, tell: Tell) -> Draft:
    """Write the office's summary, section by section."""
    entered = list(queries.entered_for(actor, frm, to, as_of))
    writing = Writing(actor, frm, to, as_of, entered)
    blocks: list[Block] = []
    empty: list[str] = []
    for section in sorted(sections, key=lambda s: (s.order, s.code)):
        if ReportKind.HALF_YEAR not in section.reports:
            continue
        tell(section.heading)
        written = section.write(writing)
        if written:
            blocks += [heading(1, section.heading), *written]
        elif section.code != "entered":
            empty.append(
                f"“{section.heading}”在{rules.period_text(frm, to)}没有可写的数据，请核对统计期和导入情况。"
            )
    if not blocks:
        raise Refused("nothing_to_report", f"{rules.period_text(frm, to)}没有办件数据，请先导入办件。")
    title = f"{settings.OFFICE}{rules.half_text(frm)}工作总结"
    return Draft("report", title, blocks, list(writing.figures.values()), empty + absent(entered))


def absent(entered: Sequence[EnteredFigure]) -> list[str]:
    """Return the hints about subjects that no registered section writes yet."""
    hints = []
    for subject in rules.SUBJECTS:
        if subject.code in sections:
            continue
        count = sum(1 for row in entered if row.subject == subject.code)
        told = f"，已有填报数据{count}项，请核对并补写文字" if count else ""
        hints.append(
            f"本系统尚未记录“{subject.heading}”（{subject.what}），须由{subject.supplier}补充{told}。"
        )
    return hints


def _weekly(frm: date, to: date, as_of: date, actor: Actor, tell: Tell) -> Draft:
    tell("周通报")
    writing = Writing(actor, frm, to, as_of)
    title, blocks, notes = bulletins.weekly(writing)
    return Draft("bulletin", title, blocks, list(writing.figures.values()), notes)


def _monthly(frm: date, to: date, as_of: date, actor: Actor, tell: Tell) -> Draft:
    tell("月分析")
    writing = Writing(actor, frm, to, as_of)
    title, blocks, notes = bulletins.monthly(writing)
    return Draft("bulletin", title, blocks, list(writing.figures.values()), notes)
