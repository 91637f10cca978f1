"""Everything that adds or changes cases."""

from xinfu.cases.actions.clocks import recompute_due
from xinfu.cases.actions.imports import Progress, import_path, run_import, start_import
from xinfu.cases.actions.pauses import add_pause, end_pause

__all__ = ["Progress", "add_pause", "end_pause", "import_path", "recompute_due", "run_import", "start_import"]
