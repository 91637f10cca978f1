"""Bringing items in: take a file, check it, write what it changes, undo a batch. Only these change the catalogue."""

from xinfu.catalog.actions.checking import check_batch, check_file, start_import
from xinfu.catalog.actions.undoing import drop_batch, finish_undo, start_undo, undo_batch
from xinfu.catalog.actions.writing import apply_batch, confirm_batch, write_batch

__all__ = [
    "apply_batch",
    "check_batch",
    "check_file",
    "confirm_batch",
    "drop_batch",
    "finish_undo",
    "start_import",
    "start_undo",
    "undo_batch",
    "write_batch",
]
