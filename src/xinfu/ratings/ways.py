"""The signed links that open the rating of one case: which turn each is for, and by which channel it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from xinfu.core import links
from xinfu.core.refusal import Refused
from xinfu.ratings.models import Channel, Stage

if TYPE_CHECKING:
    from xinfu.cases.models import Case

FIRST, AGAIN = "rate", "rate-again"
FIRST_BY_MESSAGE, AGAIN_BY_MESSAGE = "rate-by-message", "rate-again-by-message"


@dataclass(frozen=True, slots=True)
class Way:
    """What a link opens: the case and its step, the first rating or the follow-up, and the channel it counts by."""

    case_id: int
    turn: int
    channel: str
    stage: str = Stage.FINISHED


_EARLIER = {Stage.ACCEPTED: "-accepted", Stage.RECEIVED: "-received"}
_KINDS = {
    FIRST: (1, Channel.QR_CODE, Stage.FINISHED),
    AGAIN: (2, Channel.QR_CODE, Stage.FINISHED),
    FIRST_BY_MESSAGE: (1, Channel.MESSAGE, Stage.FINISHED),
    AGAIN_BY_MESSAGE: (2, Channel.MESSAGE, Stage.FINISHED),
    **{FIRST + word: (1, Channel.QR_CODE, stage) for stage, word in _EARLIER.items()},
    **{AGAIN + word: (2, Channel.QR_CODE, stage) for stage, word in _EARLIER.items()},
}


def read(token: str, *, at: datetime) -> Way:
    """Return what a link opens. Raises Refused: forged_link, expired_link."""
    forged: Refused | None = None
    for kind, (turn, channel, stage) in _KINDS.items():
        try:
            return Way(int(links.read(kind, token, at=at)), turn, str(channel), str(stage))
        except Refused as refused:
            if refused.code != "forged_link":
                raise
            forged = refused
    assert forged is not None
    raise forged


def reached(case: Case) -> dict[Stage, datetime | None]:
    """Return when a case reached each step that can be rated, the latest step first."""
    return {
        Stage.FINISHED: case.finished_at, Stage.ACCEPTED: case.accepted_at, Stage.RECEIVED: case.received_at
    }  # fmt: skip


def reached_on(case: Case, stage: str) -> tuple[str, date | None]:
    """Return the word of a step and the day on which the case reached it."""
    moment = reached(case)[Stage(stage)]
    return str(Stage(stage).label), timezone.localdate(moment) if moment else None


def on_receipt(case_id: int, *, stage: str, turn: int, until: datetime) -> str:
    """Return the token that a receipt's code carries."""
    return links.make(
        (FIRST if turn == 1 else AGAIN) + _EARLIER.get(Stage(stage), ""), str(case_id), until=until
    )


def by_message(case_id: int, *, turn: int, on: date, days: int) -> str:
    """Return the address that a message carries; it opens until the end of the day `days` after `on`."""
    last = datetime.combine(on + timedelta(days=days + 1), time.min)
    kind = FIRST_BY_MESSAGE if turn == 1 else AGAIN_BY_MESSAGE
    token = links.make(kind, str(case_id), until=timezone.make_aware(last))
    return settings.PUBLIC_ADDRESS + reverse("ratings:rate", args=[token])
