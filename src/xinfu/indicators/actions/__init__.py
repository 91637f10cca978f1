"""What changes the indicators' rows: figures, official values, targets and colour rules, published tables."""

from xinfu.indicators.actions.figures import (
    SINGLE,
    TREND,
    RanksImported,
    groupings_of,
    import_ranks,
    is_own,
    origin,
    pin_snapshot,
    precompute,
    prune,
    refresh_snapshot,
    set_colour_rule,
    set_target,
    store,
)
from xinfu.indicators.actions.published import (
    correct_line,
    discard_table,
    prepare_table,
    publish_table,
    withdraw_table,
)

__all__ = [
    "SINGLE",
    "TREND",
    "RanksImported",
    "correct_line",
    "discard_table",
    "groupings_of",
    "import_ranks",
    "is_own",
    "origin",
    "pin_snapshot",
    "precompute",
    "prepare_table",
    "prune",
    "publish_table",
    "refresh_snapshot",
    "set_colour_rule",
    "set_target",
    "store",
    "withdraw_table",
]
