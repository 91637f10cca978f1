"""League tables that were published: as they were, with what was corrected since."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q

from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound
from xinfu.indicators import snapshots
from xinfu.indicators.access import Can
from xinfu.indicators.flow import Status
from xinfu.indicators.models import PublishedLine, PublishedTable, PublishedTableQuerySet
from xinfu.indicators.rules import Period

PAGE = 50


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One unit of a published table with the lines that a correction replaced, newest first."""

    line: PublishedLine
    former: list[PublishedLine]

    @property
    def steps(self) -> list[tuple[PublishedLine, bool]]:
        """Each former line, and whether its numbers were other ones (else only its rank was)."""
        newer = [self.line, *self.former]
        return [
            (old, (old.numerator, old.denominator) != (new.numerator, new.denominator))
            for new, old in zip(newer, self.former, strict=False)
        ]

    @property
    def change(self) -> int | None:
        """How many places it rose since the period before (negative: fell)."""
        line = self.line
        known = line.rank is not None and line.rank_before is not None
        return line.rank_before - line.rank if known else None  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class LinePage:
    """One page of a published table's lines; `corrected` counts the units that were corrected on all pages."""

    lines: list[ShownLine]
    page: int
    pages: int
    matched: int
    corrected: int


def published_tables(actor: Actor) -> PublishedTableQuerySet:
    """Return the tables that the actor may read: published and withdrawn ones; drafts for those who publish."""
    actor.require(Can.SEE)
    found: PublishedTableQuerySet = PublishedTable.objects.visible_to(actor).exclude(status=Status.DISCARDED)
    return found


def published_table(actor: Actor, pk: int) -> PublishedTable:
    """Return one of them, or refuse as not found."""
    actor.require(Can.SEE)
    found: PublishedTable | None = PublishedTable.objects.visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这张榜，或还没有公布。")
    return found


def published_of(actor: Actor, code: str, grain: str, period: Period) -> PublishedTable | None:
    """Return the table that is published for an indicator, a grain and exactly these days."""
    same = Q(indicator=code, grain=grain, frm=period.frm, to=period.to, status=Status.PUBLISHED)
    found: PublishedTable | None = published_tables(actor).filter(same).order_by("pk").first()
    return found


def published_lines(
    table: PublishedTable, page: int = 1, text: str = "", size: int | None = PAGE
) -> LinePage:
    """Return a page of a table's lines in their present order; all of them with `size` None."""
    rows = PublishedLine.objects.filter(table=table, is_latest=True)
    corrected = rows.filter(revision__gt=1).count()
    if text:
        rows = rows.filter(Q(label__icontains=text) | Q(code__icontains=text))
    matched = rows.count()
    pages = max(1, -(-matched // size)) if size else 1
    page = min(max(1, page), pages)
    rows = rows.order_by(F("rank").asc(nulls_last=True), "place", "pk")
    listed = list(rows[(page - 1) * size : page * size] if size else rows)
    former: dict[str, list[PublishedLine]] = {}
    keys = [line.key for line in listed if line.revision > 1]
    if keys:
        old = PublishedLine.objects.filter(table=table, key__in=keys, is_latest=False).order_by("-revision")
        for line in old:
            former.setdefault(line.key, []).append(line)
    shown = [ShownLine(line, former.get(line.key, [])) for line in listed]
    return LinePage(shown, page, pages, matched, corrected)


def published_line(table: PublishedTable, pk: int) -> PublishedLine:
    """Return the present line of a table, or refuse as not found."""
    found: PublishedLine | None = PublishedLine.objects.filter(table=table, pk=pk).first()
    if found is None:
        raise NotFound("这张榜上没有这一行。")
    return found


def is_present(table: PublishedTable) -> bool:
    """Return whether a table still says what the present snapshot says."""
    current = snapshots.current()
    return current is not None and current.digest == table.snapshot
