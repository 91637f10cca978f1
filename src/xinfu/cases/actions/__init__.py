"""Everything that adds or changes cases."""

from xinfu.cases.actions.clocks import recompute_due
from xinfu.cases.actions.imports import (
    Progress,
    clear_broken,
    confirm_import,
    import_path,
    run_import,
    start_import,
)
from xinfu.cases.actions.pauses import add_pause, end_pause
from xinfu.cases.actions.personal import reveal_applicant
from xinfu.cases.actions.push import MOST, Pushed, push_case, push_cases
from xinfu.cases.actions.undoing import finish_undo, start_undo

__all__ = [
    "MOST",
    "Progress",
    "Pushed",
    "add_pause",
    "clear_broken",
    "confirm_import",
    "end_pause",
    "finish_undo",
    "import_path",
    "push_case",
    "push_cases",
    "recompute_due",
    "reveal_applicant",
    "run_import",
    "start_import",
    "start_undo",
]
