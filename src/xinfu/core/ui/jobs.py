"""What the schedule calls for the screens."""

from __future__ import annotations

from datetime import datetime

from xinfu.core import inbox
from xinfu.core.ui import bulk, drafts, exports


def cleanup(at: datetime) -> None:
    """Remove downloads and bulk runs beyond their days, drafts that nobody came back to, snoozes that are over."""
    exports.remove_old(at=at)
    drafts.remove_old(at=at)
    bulk.remove_old(at=at)
    inbox.remove_old(at=at)
