"""What the schedule calls for the screens."""

from __future__ import annotations

from datetime import datetime

from xinfu.core.ui import drafts, exports


def cleanup(at: datetime) -> None:
    """Remove downloads beyond their days and drafts that nobody came back to."""
    exports.remove_old(at=at)
    drafts.remove_old(at=at)
