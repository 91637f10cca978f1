"""What the schedule calls: old locks and sessions go, a change of the personal data's key goes on."""

from __future__ import annotations

from datetime import datetime

from xinfu.core import privacy
from xinfu.core.actor import system
from xinfu.people import actions


def tidy(at: datetime) -> None:
    actions.tidy_logins(at=at)


def reseal(at: datetime) -> None:
    """Seal a part of what waits under the key in use; nothing to do where no older key is left."""
    if privacy.old_keys():
        actions.reseal(by=system("reseal"), at=at)
