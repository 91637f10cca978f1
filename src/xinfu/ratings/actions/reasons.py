"""Which extension options of the national reason list this county offers, each from a day on."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.ratings import codes
from xinfu.ratings.access import Can
from xinfu.ratings.models import ReasonSwitch

LONGEST_SOURCE = 200


@transaction.atomic
def switch_reason(*, code: str, is_on: bool, since: date, source: str, by: Actor, at: datetime) -> None:
    """Offer an extension option from a day on, or no longer; a switch that has not come into force is replaced.

    Raises Refused: unknown_reason, core_reason, no_source, source_too_long, past_day, same_day, same_state.
    """
    by.require(Can.SET_UP)
    reason = codes.REASONS.get(code)
    if reason is None:
        raise Refused("unknown_reason", f"国家目录里没有编码为“{code[:10]}”的在用理由。")
    if reason.is_core:
        raise Refused("core_reason", f"“{reason.text}”是核心理由，按国家目录一律启用，不能停用。")
    said, today = source.strip(), timezone.localdate(at)
    if not said:
        raise Refused("no_source", "请写明依据的文件或决定。", field="source")
    if len(said) > LONGEST_SOURCE:
        raise Refused(
            "source_too_long",
            f"依据最多{LONGEST_SOURCE}字，现在是{len(said)}字，请精简。",
            field="source",
        )
    if since < today:
        raise Refused("past_day", f"生效日期不能早于今天（{today}）：已作的评价不能改。", field="since")
    _check_state(code, reason.text, since, today, is_on=is_on)
    row, _ = ReasonSwitch.objects.update_or_create(
        code=code,
        since=since,
        defaults={"is_on": is_on, "source": said, "set_at": at, "set_by": by.name[:80]},
    )
    journal.record(
        "rating_reason.switched", row, by=by, at=at,
        code=code, is_on=is_on, since=since.isoformat(), source=said,
    )  # fmt: skip


def _check_state(code: str, text: str, since: date, today: date, *, is_on: bool) -> None:
    """Refuse what would change nothing, and a second change on a day whose first is in force already."""
    rows = list(ReasonSwitch.objects.select_for_update().filter(code=code).order_by("since"))
    if since == today and any(row.since == today for row in rows):
        raise Refused("same_day", f"“{text}”今天已经调整过，再调整请从明天起。", field="since")
    state = next((row.is_on for row in reversed(rows) if row.since <= since), False)
    if state == is_on:
        word = "启用" if is_on else "停用"
        raise Refused("same_state", f"“{text}”在{since}已是{word}状态，不用再调整。", field="is_on")
