"""What is done with assigned items; every function is one transaction and one line of the journal."""

from xinfu.assignments.actions.items import (
    NEEDS_NOTE,
    PAST,
    answer_transfer,
    ask_transfer,
    give,
    move_item,
    override_lamp,
    remind,
    review,
    set_progress,
    split,
    watch,
)

__all__ = [
    "NEEDS_NOTE",
    "PAST",
    "answer_transfer",
    "ask_transfer",
    "give",
    "move_item",
    "override_lamp",
    "remind",
    "review",
    "set_progress",
    "split",
    "watch",
]
