"""晾晒指标: figures and what others publish, published tables, and the suggestions on high-frequency items."""

from xinfu.indicators.models.figures import (
    ColourMethod,
    ColourRule,
    Figure,
    FigureSet,
    ImportedValue,
    PublishedLine,
    PublishedTable,
    PublishedTableQuerySet,
    SnapshotOrigin,
    SnapshotPin,
    Target,
)

__all__ = [
    "ColourMethod",
    "ColourRule",
    "Figure",
    "FigureSet",
    "ImportedValue",
    "PublishedLine",
    "PublishedTable",
    "PublishedTableQuerySet",
    "SnapshotOrigin",
    "SnapshotPin",
    "Target",
]
