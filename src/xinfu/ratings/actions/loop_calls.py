"""Calls to the people who rated by name: 核实回访, 申诉核实, 抽查回访; and the draw of those to be called again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.evidence import note_of
from xinfu.core.models import StoredFile
from xinfu.core.privacy import unseal
from xinfu.core.refusal import Forbidden, Refused
from xinfu.ratings import guards, loop_local
from xinfu.ratings.access import Can
from xinfu.ratings.actions.loop import add_step, attach, locked
from xinfu.ratings.flow import FINAL, REVIEWED, Status
from xinfu.ratings.models import BadRating, CallBack, CallBackKind, SpotCheck, SpotCheckLoop

MOST_DRAWN = 200


def why_not_call(loop: BadRating, kind: str, actor: Actor) -> str | None:
    """Return why the actor cannot make this kind of call, or None."""
    return guards.why_not_callable(loop) or _why_not_kind(loop, kind, actor)


def _why_not_kind(loop: BadRating, kind: str, actor: Actor) -> str | None:
    final = loop.status in {str(s) for s in FINAL}
    if kind == CallBackKind.SPOT:
        if not actor.may(Can.SPOT_CHECK):
            return "抽查回访由考评科办理。"
        return None if final and loop.spot_checks.exists() else "这件没有被抽中，不作抽查回访。"
    if final:
        return f"这件已是“{loop.get_status_display()}”，不再登记回访。"
    if kind == CallBackKind.APPEAL:
        if loop.status not in {str(s) for s in REVIEWED}:
            return "这件不在审核中，不作申诉核实。"
        return (
            "您的角色不能审核差评。"
            if not actor.may(Can.JUDGE)
            else guards.judged_by_another_unit(loop, actor)
        )
    return "您的角色不能回访差评。" if not actor.may(Can.HANDLE) else guards.is_mine(loop, actor)


@transaction.atomic
def call_back(
    *,
    loop: BadRating,
    kind: str,
    is_reached: bool,
    said: str,
    files: Sequence[StoredFile] = (),
    by: Actor,
    at: datetime,
) -> CallBack:
    """Keep one call, with its papers as a step of their own. The person counts as called back once reached, or after
    the tries that the county set.
    """
    loop = locked(loop)
    why_not = why_not_call(loop, kind, by)
    if why_not:
        raise Refused("cannot_call", why_not)
    text = note_of(said, is_needed=is_reached)
    call = CallBack.objects.create(
        loop=loop, kind=kind, is_reached=is_reached, said=text, at=at, by=by.key, by_name=by.name[:80]
    )
    if files:
        step = add_step(
            loop, move="call", verb=f"{call.get_kind_display()}附件", source=loop.status, by=by, at=at
        )
        attach(step, files, by=by)
    if kind != CallBackKind.SPOT and loop.called_back_at is None:
        tries = loop.calls.exclude(kind=CallBackKind.SPOT).count()
        if is_reached or tries >= loop_local.terms_on(timezone.localdate(at)).call_tries:
            BadRating.objects.filter(pk=loop.pk).update(called_back_at=at)
    journal.record("bad_rating.called", loop, by=by, at=at, number=loop.number, kind=kind, reached=is_reached)
    return call


@transaction.atomic
def show_phone(*, loop: BadRating, by: Actor, at: datetime) -> tuple[str, str]:
    """Return name and telephone of the person who rated, to whoever may call now; the journal keeps who asked."""
    loop = locked(loop)
    why_not = guards.why_not_callable(loop)
    if why_not:
        raise Refused("cannot_call", why_not)
    if all(_why_not_kind(loop, kind, by) for kind in CallBackKind.values) or not by.may(Can.SEE_NAMES):
        raise Forbidden("只有正在承办、审核或抽查这件差评的人可以查看电话。")
    said = unseal(loop.rating.sealed)
    journal.record("bad_rating.phone_shown", loop, by=by, at=at, number=loop.number, reason="差评回访")
    return said["name"], said["phone"]


# --- the draw ------------------------------------------------------------------------------------


def draw(numbers: Sequence[str], seed: str, size: int) -> list[str]:
    """Return `size` of the numbers: those with the smallest SHA-256 of seed and number; anyone can compute it anew."""
    return sorted(numbers, key=lambda n: (hashlib.sha256(f"{seed}\n{n}".encode()).digest(), n))[:size]


def population_digest(numbers: Sequence[str]) -> str:
    """Return the digest of a population, whatever its order."""
    return hashlib.sha256("\n".join(sorted(numbers)).encode()).hexdigest()


@transaction.atomic
def draw_spot_check(
    *, first_on: date, last_on: date, size: int, seed: str, by: Actor, at: datetime
) -> SpotCheck:
    """Draw rectified bad ratings of a period, of people who can be called, to be called again."""
    by.require(Can.SPOT_CHECK)
    if last_on < first_on:
        raise Refused("bad_period", "结束日期不能早于开始日期。", field="last_on")
    if not 1 <= size <= MOST_DRAWN:
        raise Refused("bad_size", f"请填1到{MOST_DRAWN}之间的件数。", field="size")
    rows = BadRating.objects.filter(
        status=Status.RECTIFIED,
        finished_on__gte=first_on,
        finished_on__lte=last_on,
        rating__is_anonymous=False,
    ).select_related("rating")
    callable_ = {row.number: row for row in rows.order_by("number") if not guards.why_not_callable(row)}
    if not callable_:
        raise Refused("nothing_to_draw", "这一时段没有可以抽查回访的差评（已整改完成、实名、留有电话）。")
    check, is_new = SpotCheck.objects.get_or_create(
        seed=seed,
        defaults={
            "first_on": first_on, "last_on": last_on, "population": len(callable_),
            "population_digest": population_digest(list(callable_)), "drawn_at": at, "drawn_by": by.name[:80],
        },
    )  # fmt: skip
    if not is_new:
        raise Refused("seed_used", "这个种子已用过，不能再抽一次。", field="seed")
    drawn = draw(list(callable_), seed, size)
    SpotCheckLoop.objects.bulk_create(
        SpotCheckLoop(check_of=check, loop=callable_[number], place=place)
        for place, number in enumerate(drawn, 1)
    )
    journal.record(
        "spot_check.drawn", check, by=by, at=at, seed=seed, drawn=drawn, digest=check.population_digest
    )
    return check
