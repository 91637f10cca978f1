"""What others may read of the indicators: definitions, figures, the records behind them, standing, bulletins."""

from __future__ import annotations

from xinfu.indicators.queries.numbers import (
    Definition,
    FigureRow,
    SnapshotState,
    definition,
    definitions,
    figures,
    indicator,
    snapshot,
)

__all__ = [
    "Definition",
    "FigureRow",
    "SnapshotState",
    "definition",
    "definitions",
    "figures",
    "indicator",
    "snapshot",
]
