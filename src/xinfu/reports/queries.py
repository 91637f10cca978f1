"""What is read of reports; the actor comes first."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from django.db.models import QuerySet

from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound
from xinfu.indicators import queries as indicators
from xinfu.indicators.queries import FigureRow
from xinfu.reports import rules, writing
from xinfu.reports.models import DraftCheck, EnteredFigure, ReportRun
from xinfu.reports.numbers import Known


def runs(actor: Actor) -> QuerySet[ReportRun]:
    return ReportRun.objects.visible_to(actor).select_related("paper")


def get_run(actor: Actor, pk: int) -> ReportRun:
    found = runs(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def entered(actor: Actor) -> QuerySet[EnteredFigure]:
    """Return the entered figures in force, corrected ones left out."""
    return EnteredFigure.objects.visible_to(actor).filter(replaced_by=None)


def get_entered(actor: Actor, pk: int) -> EnteredFigure:
    found = EnteredFigure.objects.visible_to(actor).select_related("file", "replaces").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def entered_for(actor: Actor, frm: date, to: date, as_of: date) -> list[EnteredFigure]:
    """Return the entered figures that a report of the period may print: the latest of each name up to `as_of`.

    A figure belongs to the period where its own period begins with it or lies in it.
    """
    rows = entered(actor).filter(frm__gte=frm, frm__lte=to, cutoff_on__lte=as_of)
    latest: dict[tuple[str, str], EnteredFigure] = {}
    for row in rows.order_by("cutoff_on", "pk"):
        latest[row.subject, row.title] = row
    return sorted(latest.values(), key=lambda r: (r.subject, r.pk))


def checks(actor: Actor) -> QuerySet[DraftCheck]:
    return DraftCheck.objects.visible_to(actor)


def get_check(actor: Actor, pk: int) -> DraftCheck:
    found = checks(actor).select_related("file").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


# --- the figures that a draft is held against --------------------------------------------------------


def knowns(actor: Actor, frm: date, to: date, as_of: date) -> list[Known]:
    """Return every figure that a text about the period may mean: county, quarters, departments, entered ones."""
    until = min(to, as_of)
    found = [_known(row, "") for row in indicators.figures(actor, frm, until) if not row.group]
    parts = rules.split_at_quarter(frm, until)
    if parts:
        labels = ("一季度", rules.later_text(*parts[1]))
        for (start, end), label in zip(parts, labels, strict=True):
            found += [_known(row, label) for row in indicators.figures(actor, start, end) if not row.group]
    by_unit = indicators.figures(actor, frm, until, ["department"])
    found += [_known(row, row.labels["department"]) for row in by_unit if set(row.group) == {"department"}]
    return [known for known in found if known is not None] + [
        _known_entered(row) for row in entered_for(actor, frm, to, as_of)
    ]


def _known(row: FigureRow, group: str) -> Known | None:
    if row.exact is None:
        return None
    names = (*rules.NAMES.get(row.code, ()), row.indicator.title)
    return Known(
        key=f"{row.code}:{row.frm}:{row.to}:{group}:{row.origin}",
        title=f"{group}{row.indicator.title}",
        names=tuple(dict.fromkeys(names)),
        group=group,
        value=Fraction(row.exact),
        unit=row.indicator.unit,
        printed=writing.prose(row),
        period=rules.days_text(row.frm, row.to),
        cutoff=rules.day_text(row.to),
        origin=row.origin,
        url=writing.url_of(row),
        group_days="" if not group or row.group else rules.days_text(row.frm, row.to),
    )


def _known_entered(row: EnteredFigure) -> Known:
    return Known(
        key=f"entered:{row.pk}",
        title=row.title,
        names=(row.title,),
        group="",
        value=Fraction(row.value),
        unit=row.unit,
        printed=row.shown,
        period=rules.days_text(row.frm, row.to),
        cutoff=rules.day_text(row.cutoff_on),
        origin="entered",
        url="",
    )
