"""What a section writes with: blocks of text, and figures that carry their source into the paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, TypeAlias

from django.urls import reverse
from django.utils.http import urlencode

from xinfu.core.actor import Actor
from xinfu.core.ui import text
from xinfu.indicators import queries as indicators
from xinfu.indicators.queries import FigureRow
from xinfu.reports import rules
from xinfu.reports.models import EnteredFigure

Run: TypeAlias = dict[str, Any]
Block: TypeAlias = dict[str, Any]


def heading(level: int, words: str) -> Block:
    return {"kind": "heading", "level": level, "text": words}


def paragraph(*parts: str | Run) -> Block:
    return {"kind": "paragraph", "runs": [{"text": p} if isinstance(p, str) else p for p in parts]}


def column(title: str, width: int, align: str = "left") -> Mapping[str, Any]:
    return {"title": title, "width": width, "align": align}


def table(title: str, columns: Sequence[Mapping[str, Any]], rows: Iterable[Sequence[str | Run]]) -> Block:
    return {"kind": "table", "title": title, "columns": list(columns), "rows": [list(row) for row in rows]}


def prose(row: FigureRow) -> str:
    """Return a figure as running text prints it: 108万件, 99.11%, 3.25个工作日."""
    if row.value is None:
        return text.DASH
    unit = row.indicator.unit
    if row.denominator is None and row.printed is None:
        return text.wan(row.numerator, unit)
    return f"{row.value}{'个工作日' if unit == '工作日' else unit}"


def cell(row: FigureRow) -> str:
    """Return a figure as a table prints it: the full digits, the unit of counts in the head."""
    if row.value is None:
        return text.DASH
    if row.denominator is None and row.numerator is not None:
        return text.thousands(row.numerator)
    return f"{row.value}%" if row.indicator.unit == "%" else row.value


def url_of(row: FigureRow) -> str:
    """Return the address where the figure opens to its definition, its parts and its records."""
    group = {grain: "" if value is None else str(value) for grain, value in row.ids.items()}
    asked = {"frm": row.frm.isoformat(), "to": row.to.isoformat(), **group}
    return f"{reverse('indicators:number', args=[row.code])}?{urlencode(asked)}"


@dataclass(slots=True)
class Writing:
    """One report in the making: who reads, which period, and the figures used so far."""

    actor: Actor
    frm: date
    to: date
    as_of: date
    entered: Sequence[EnteredFigure] = ()
    figures: dict[str, dict[str, str]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    _read: dict[tuple[date, date, str], list[FigureRow]] = field(default_factory=dict)

    @property
    def cutoff(self) -> date:
        """Return up to which day the statistics of the period can stand."""
        return min(self.to, self.as_of)

    def rows(self, frm: date | None = None, to: date | None = None, grain: str = "") -> list[FigureRow]:
        """Return the figures of a period, by default the report's own, read once."""
        key = (frm or self.frm, to or self.cutoff, grain)
        if key not in self._read:
            self._read[key] = indicators.figures(self.actor, key[0], key[1], [grain] if grain else [])
        return self._read[key]

    def row(self, code: str, frm: date | None = None, to: date | None = None) -> FigureRow | None:
        """Return one computed figure of the county, or None where there is none or nothing to divide by."""
        found = (r for r in self.rows(frm, to) if r.code == code and not r.group and r.origin == "computed")
        row = next(found, None)
        return row if row is not None and row.value is not None else None

    def official(self, code: str) -> FigureRow | None:
        """Return what somebody else published about us for exactly this period."""
        return next(
            (r for r in self.rows() if r.code == code and not r.group and r.origin == "imported"), None
        )

    def run(self, row: FigureRow, shown: str | None = None) -> Run:
        """Return the figure as text that leads to its source."""
        shown = prose(row) if shown is None else shown
        group = "".join(row.labels.values())
        key = f"{row.code}:{row.frm}:{row.to}:{group}:{row.origin}"
        if key not in self.figures:
            self.figures[key] = {
                "key": key,
                "title": f"{group}{row.indicator.title}",
                "text": shown,
                "definition": self._definition(row),
                "period": rules.days_text(row.frm, row.to),
                "numerator": "" if row.numerator is None else f"{row.numerator:,}",
                "denominator": "" if row.denominator is None else f"{row.denominator:,}",
                "snapshot": f"sha256:{row.snapshot}" if row.origin == "computed" else "",
                "cutoff": rules.day_text(row.to),
                "origin": row.origin,
                "evidence": row.source,
                "url": url_of(row),
            }
        return {"text": shown, "figure": key}

    def _definition(self, row: FigureRow) -> str:
        """Return what the figure counts: in full the first time, later by name, so that the table stays readable."""
        one = row.indicator
        if one.code in self.told:
            return f"同“{one.title}”口径"
        self.told.add(one.code)
        return f"{one.counts}；{one.formula}（按{one.dated_label}计，{one.mark}）"

    def difference(self, new: FigureRow, old: FigureRow, words: tuple[str, str]) -> Run:
        """Return the difference of two rates in 百分点, computed before rounding, with a source of its own."""
        assert new.exact is not None
        assert old.exact is not None
        step: Fraction = new.exact - old.exact
        size = f"{text.half_up(abs(step), 2)}个百分点"
        shown = "持平" if text.half_up(step, 2) == 0 else f"{words[0] if step > 0 else words[1]}{size}"
        key = f"{new.code}:{old.frm}:{new.to}:difference"
        self.figures.setdefault(
            key,
            {
                "key": key,
                "title": f"{new.indicator.title}变化",
                "text": shown,
                "definition": f"{rules.period_text(new.frm, new.to)}的{new.indicator.title}减{rules.period_text(old.frm, old.to)}的{old.indicator.title}，按未舍入的值相减",
                "period": rules.days_text(old.frm, new.to),
                "numerator": f"{new.numerator:,}÷{new.denominator:,}",
                "denominator": f"{old.numerator:,}÷{old.denominator:,}",
                "snapshot": f"sha256:{new.snapshot}",
                "cutoff": rules.day_text(new.to),
                "origin": "computed",
                "evidence": "",
                "url": url_of(new),
            },
        )
        return {"text": shown, "figure": key}

    def entered_run(self, row: EnteredFigure) -> Run:
        """Return an entered figure as text that leads to its source, marked 人工填报 there."""
        key = f"entered:{row.pk}"
        self.figures.setdefault(
            key,
            {
                "key": key,
                "title": row.title,
                "text": row.shown,
                "definition": row.definition,
                "period": rules.days_text(row.frm, row.to),
                "numerator": "" if row.numerator is None else f"{row.numerator:,}",
                "denominator": "" if row.denominator is None else f"{row.denominator:,}",
                "snapshot": "",
                "cutoff": rules.day_text(row.cutoff_on),
                "origin": "entered",
                "evidence": f"{row.evidence}（{row.unit_name}{row.entered_by_name}填报）",
                "url": "",
            },
        )
        return {"text": row.shown, "figure": key}
