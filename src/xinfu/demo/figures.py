"""What the office published, what the pipeline computes from the records, and whether they are the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.core.ui import text
from xinfu.demo.generate import FIRST, LAST, Targets
from xinfu.demo.ratings import RatingTargets
from xinfu.indicators import actions as indicators
from xinfu.indicators import queries

PERIOD: tuple[date, date] = (FIRST, LAST)
BY = system("demo")
CODES = ("cases_total", "cases_unified", "one_net_rate", "good_rating_rate")


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: as published, as computed (both as printed), with the numbers behind it."""

    code: str
    title: str
    published: str
    computed: str
    numerator: int
    denominator: int | None

    @property
    def same(self) -> bool:
        return self.published == self.computed


def published(targets: Targets) -> dict[str, str]:
    """Return the figures that must come out: those of the report, or the same shares of a smaller county."""
    rated = RatingTargets.scaled(targets.total)
    return {
        "cases_total": f"{targets.total:,}件",
        "cases_unified": f"{targets.unified:,}件",
        "one_net_rate": text.ratio(targets.unified, targets.base),
        "good_rating_rate": text.ratio(rated.good, rated.total),
    }


def compare(targets: Targets) -> list[Line]:
    """Refresh the snapshot, compute the period's figures and set them beside the published ones."""
    indicators.refresh_snapshot(by=BY, at=clock.now())
    found = {f.code: f for f in queries.figures(BY, *PERIOD, (), CODES) if f.origin == "computed"}
    lines = []
    for code, wanted in published(targets).items():
        figure = found[code]
        numerator, unit = figure.numerator or 0, figure.indicator.unit
        shown = f"{figure.value}%" if unit == "%" else f"{numerator:,}{unit}"
        lines.append(Line(code, figure.indicator.title, wanted, shown, numerator, figure.denominator))
    return lines


def precompute(at: datetime) -> int:
    """Store what the boards show on the demonstration's day, and return how many sets were new."""
    return indicators.precompute(by=BY, at=at)


def table(lines: list[Line]) -> str:
    """Return the comparison as a small table for the terminal."""
    head = f"{'指标':<14}\t{'公布':>12}\t{'算出':>12}\t一致？"
    rows = [f"{x.title:<14}\t{x.published:>12}\t{x.computed:>12}\t{'是' if x.same else '否'}" for x in lines]
    note = "演示县的记录是造出来并校准过的：它只证明算得对，不证明口径与办公室一致。"
    return "\n".join([head, *rows, note])


def as_json(lines: list[Line]) -> dict[str, Any]:
    return {
        "figures": [
            {
                "indicator": x.code,
                "published": x.published,
                "computed": x.computed,
                "numerator": x.numerator,
                "denominator": x.denominator,
                "same": x.same,
            }
            for x in lines
        ],
        "same": all(x.same for x in lines),
    }
