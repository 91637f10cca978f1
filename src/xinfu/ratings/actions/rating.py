"""One rating of one case, whichever way it comes (hall.md §1.2–1.4)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from xinfu.cases import queries as cases
from xinfu.core import journal, privacy
from xinfu.core.actor import Actor, system
from xinfu.core.refusal import NotFound, Refused
from xinfu.ratings import codes, rating_local, ways
from xinfu.ratings.actions import rows
from xinfu.ratings.actions.loop import open_loop
from xinfu.ratings.flow import Status
from xinfu.ratings.models import (
    BAD_LEVELS,
    Channel,
    Level,
    Rating,
    ReasonSwitch,
    Stage,
    UserKind,
)

if TYPE_CHECKING:
    from xinfu.cases.models import Case
    from xinfu.cases.queries import CaseAlone

LONGEST_TEXT = 500
MOST_REASONS = 8
RATED = "该办件已评价，无需重复评价。"
NO_FOLLOW_UP = "差评整改完成后才能再评一次。"


def rate(
    *,
    case_id: int,
    level: int,
    channel: str,
    reasons: Sequence[str] = (),
    text: str = "",
    is_anonymous: bool = True,
    may_publish: bool = False,
    stage: str = Stage.FINISHED,
    turn: int = 1,
    by: Actor,
    at: datetime,
) -> Rating:
    """Keep one rating; turn 2 is the follow-up of a bad one that has been rectified.

    An anonymous one names no case, person or time of day, writes no entry and opens no loop at once: each would tell
    who was just served. Raises Refused: no_level, too_many_reasons, reason_of_other_level, reason_off, text_too_long,
    bad_channel, unknown_case, stage_closed, not_finished, rated_before, no_follow_up.
    """
    chosen, said = _checked(level, reasons, text, at)
    if channel not in Channel.values:
        raise Refused("bad_channel", "评价渠道不对，请重新选择。")
    case = _case(case_id)
    _check_stage(case, stage, timezone.localdate(at))
    _check_turn(case, stage, turn)
    rating = _row(case, is_anonymous=is_anonymous, at=at)
    rating.stage, rating.turn, rating.channel, rating.level = stage, turn, channel, level
    rating.reason_codes, rating.text, rating.may_publish = ",".join(chosen), said, may_publish and bool(said)
    if is_anonymous:  # one statement needs no transaction; within a caller's it gets a savepoint
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            _keep(rating)
        return rating
    with transaction.atomic():
        _keep(rating)
        if level in BAD_LEVELS:
            open_loop(rating=rating, by=by, at=at)
        journal.record(
            "rating.made",
            rating,
            by=by,
            at=at,
            code=rating.code,
            level=level,
            channel=str(channel),
            turn=turn,
        )
    return rating


def _keep(rating: Rating) -> None:
    try:
        rows.insert_one(rating)
    except IntegrityError:  # one a turn is the database's rule: also of two at once it lets one through
        raise Refused("rated_before", RATED) from None


def stage_to_rate(case: Case, wanted: str, at: datetime) -> str:
    """Return the latest step of the case that it has reached and that may be rated, or the wanted one."""
    allowed = rating_local.stages_on(timezone.localdate(at))
    for stage, since in ways.reached(case).items():
        if stage in allowed and since is not None and wanted in ("", stage):
            return str(stage)
    if wanted and wanted not in allowed:
        raise Refused("stage_closed", "这一环节不开放评价，请在办结后评价。")
    raise Refused("not_finished", "这件事还没有办结，请在办结后评价。")


def switched_on(at: datetime) -> frozenset[str]:
    """Return the extension options that the county offers on the day, the latest switch of each counting."""
    rows = ReasonSwitch.objects.filter(since__lte=timezone.localdate(at)).order_by("since")
    latest = dict(rows.values_list("code", "is_on"))
    return frozenset(code for code, is_on in latest.items() if is_on)


def _checked(level: int, reasons: Sequence[str], text: str, at: datetime) -> tuple[list[str], str]:
    if level not in Level.values:
        raise Refused("no_level", "请选择满意程度。", field="level")
    chosen = sorted(set(reasons))
    if len(chosen) > MOST_REASONS:
        raise Refused("too_many_reasons", f"理由最多选{MOST_REASONS}条。", field="reasons")
    on: frozenset[str] | None = None
    for code in chosen:
        reason = codes.REASONS.get(code)
        name = reason.text if reason else code[:10]
        if reason is None or reason.level != level:
            raise Refused(
                "reason_of_other_level",
                f"“{name}”不是“{Level(level).label}”的理由，请重新选择。",
                field="reasons",
            )
        if reason.is_core:
            continue
        on = switched_on(at) if on is None else on
        if code not in on:
            raise Refused("reason_off", f"“{name}”在本县没有启用，请选择其他理由。", field="reasons")
    said = text.strip()
    if len(said) > LONGEST_TEXT:
        raise Refused(
            "text_too_long", f"文字评价最多{LONGEST_TEXT}字，现在是{len(said)}字，请精简。", field="text"
        )
    return chosen, said


def _case(case_id: int) -> CaseAlone:
    try:
        return cases.get_case_alone(system("ratings"), case_id)
    except NotFound:
        raise Refused("unknown_case", "没有找到这件办件，请核对后再试。") from None


def _check_stage(case: CaseAlone, stage: str, today: date) -> None:
    if stage not in rating_local.stages_on(today):
        raise Refused("stage_closed", "这一环节不开放评价，请在办结后评价。")
    reached = {
        Stage.RECEIVED: case.is_received,
        Stage.ACCEPTED: case.is_accepted,
        Stage.FINISHED: case.is_finished,
    }
    if not reached[Stage(stage)]:
        word = Stage(stage).label
        raise Refused("not_finished", f"这件事还没有{word}，请在{word}后评价。")


def _check_turn(case: CaseAlone, stage: str, turn: int) -> None:
    """Raise Refused where this turn may not come yet; that it comes once is left to the database."""
    if turn == 1:
        return
    rows = Rating.objects.filter(case_key=privacy.digest(case.case_no), stage=stage)
    if rows.filter(turn=turn).exists():
        raise Refused("rated_before", RATED)
    if turn != 2 or not rows.filter(turn=1, loop__status=Status.RECTIFIED).exists():
        raise Refused("no_follow_up", NO_FOLLOW_UP)


def _row(case: CaseAlone, *, is_anonymous: bool, at: datetime) -> Rating:
    """Return the row with what it takes from its case; an anonymous one takes neither case nor person."""
    today = timezone.localdate(at)
    return Rating(
        code=secrets.token_hex(8).upper(),
        case_id=None if is_anonymous else case.pk,
        case_key=privacy.digest(case.case_no),
        is_anonymous=is_anonymous,
        rated_at=timezone.make_aware(datetime.combine(today, time.min)) if is_anonymous else at,
        rated_on=today,
        item_code=case.item_code,
        item_name=case.item_name,
        item_id=case.item_id,
        department_id=case.department_id,
        window_id=case.window_id,
        town_id=case.town_id,
        user_kind=UserKind.ORGANISATION if case.applicant_kind == "2" else UserKind.PERSON,
        sealed=b"" if is_anonymous else _person(case),
    )


def _person(case: CaseAlone) -> bytes:
    said = privacy.unseal(case.applicant_sealed)
    name, phone = said.get("applicant_name", ""), said.get("phone", "")
    return privacy.seal({"name": name, "phone": phone, "case_no": case.case_no})
