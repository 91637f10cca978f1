"""What others may read of the indicators: definitions, figures, the records behind them, standing, bulletins."""

from __future__ import annotations

from xinfu.indicators.labels import GRAIN_LABELS
from xinfu.indicators.queries.bulletins import (
    Analysis,
    Cause,
    Contribution,
    Demand,
    Monthly,
    OverdueCase,
    Weekly,
    monthly,
    weekly,
)
from xinfu.indicators.queries.gap import Gap, Share, gap
from xinfu.indicators.queries.league import League, LeagueRow, Point, history, league
from xinfu.indicators.queries.numbers import (
    Definition,
    FigureRow,
    SnapshotState,
    definition,
    definitions,
    figures,
    indicator,
    parse_group,
    snapshot,
)
from xinfu.indicators.queries.records import RecordPage, open_overdue, records
from xinfu.indicators.queries.standing import (
    Goal,
    Peer,
    Scale,
    Standing,
    goals_on,
    peer_periods,
    peers,
    scales_on,
    standings,
)

__all__ = [
    "GRAIN_LABELS",
    "Analysis",
    "Cause",
    "Contribution",
    "Definition",
    "Demand",
    "FigureRow",
    "Gap",
    "Goal",
    "League",
    "LeagueRow",
    "Monthly",
    "OverdueCase",
    "Peer",
    "Point",
    "RecordPage",
    "Scale",
    "Share",
    "SnapshotState",
    "Standing",
    "Weekly",
    "definition",
    "definitions",
    "figures",
    "gap",
    "goals_on",
    "history",
    "indicator",
    "league",
    "monthly",
    "open_overdue",
    "parse_group",
    "peer_periods",
    "peers",
    "records",
    "scales_on",
    "snapshot",
    "standings",
    "weekly",
]
