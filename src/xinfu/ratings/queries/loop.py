"""What is read of the loop of a bad rating: lists with lights, one loop with the facts of its case, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone

from xinfu.core import clock, holidays
from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import NotFound, Refused
from xinfu.lib.workdays import Calendar
from xinfu.people import queries as people
from xinfu.ratings import loop_local, terms
from xinfu.ratings.access import Can
from xinfu.ratings.flow import HANDLED, REVIEWED, Status
from xinfu.ratings.models import BadRating, BadRatingFile, CallBack, Rating, SpotCheck
from xinfu.ratings.models.loop import BadRatingQuerySet
from xinfu.ratings.terms import Light, Terms

MOST_TODOS = 5
SHEET_TIME = time(8, 30)
MOST_SHEETS = 100
HANDLED_CODES = [str(status) for status in HANDLED]
REVIEWED_CODES = [str(status) for status in REVIEWED]


@dataclass(frozen=True, slots=True)
class Now:
    """What lights are read by: the moment, its day, the calendar, the terms in force."""

    at: datetime
    day: date
    calendar: Calendar
    terms: Terms


def now(at: datetime | None = None) -> Now:
    at = at or clock.now()
    day = timezone.localdate(at)
    return Now(at, day, holidays.calendar(), loop_local.terms_on(day))


def loops(actor: Actor) -> BadRatingQuerySet:
    """Return the loops that the actor may open: those of the units in reach, and those to be judged there."""
    return BadRating.objects.visible_to(actor).select_related("rating", "department", "judge")


def open_loops(actor: Actor) -> BadRatingQuerySet:
    return loops(actor).filter(finished_at=None)


def finished_loops(actor: Actor) -> BadRatingQuerySet:
    return loops(actor).filter(finished_at__isnull=False)


def get_loop(actor: Actor, code: str) -> BadRating:
    """Return the loop of the rating with this code, with its calls, oldest first."""
    calls = Prefetch("calls", CallBack.objects.order_by("at", "pk"))
    found = loops(actor).filter(rating__code=code).prefetch_related(calls).first()
    if found is None:
        raise NotFound()
    return found


def mine(actor: Actor) -> Q:
    """Return the condition that the actor's units are to act now."""
    scope = actor.scope(Can.HANDLE)
    own = Q() if scope.everything else Q(department_id__in=scope.units)
    return own & Q(status__in=HANDLED_CODES) if actor.may(Can.HANDLE) else Q(pk=None)


def to_judge(actor: Actor) -> Q:
    """Return the condition that the actor's units are to judge now: never their own."""
    if not actor.may(Can.JUDGE):
        return Q(pk=None)
    reach = Q(judge_id=actor.unit_id) | Q(judge_id__in=actor.scope(Can.JUDGE).units)
    return reach & Q(status__in=REVIEWED_CODES) & ~Q(department_id__in=actor.scope(Can.HANDLE).units)


# --- lights --------------------------------------------------------------------------------------


def due_of(loop: BadRating) -> date:
    return terms.due_on(loop.status, loop.verify_due_on, loop.rectify_due_on, loop.judge_due_on)


def light_of(loop: BadRating, at: Now) -> Light:
    return terms.light(
        at.calendar,
        at.day,
        status=loop.status,
        verify_due_on=loop.verify_due_on,
        rectify_due_on=loop.rectify_due_on,
        judge_due_on=loop.judge_due_on,
        asked_on=loop.asked_on,
        finished_on=loop.finished_on,
        terms=at.terms,
    )


def light_word(loop: BadRating, at: Now) -> str:
    """Return the light in words: which term, and by how many days."""
    light, due = light_of(loop, at), due_of(loop)
    unit = f"个{at.terms.unit}" if at.terms.count == terms.DayCount.WORKDAY else "天"
    if light == Light.LATE:
        return f"超期{max(terms.days_late(at.calendar, due, at.day, at.terms.count), 1)}{unit}"
    if light in (Light.DONE, Light.DONE_LATE):
        return "超期办结" if light == Light.DONE_LATE else "办结"
    if due == at.day:
        return "今天到期"
    return f"还剩{terms.days_late(at.calendar, at.day, due, at.terms.count)}{unit}"


def lit(light: str, at: Now) -> Q:
    """Return the condition of a light among open loops."""
    late = Q(due_on__lt=at.day)
    if light == Light.LATE:
        return late
    last = terms.add(at.calendar, at.day, at.terms.warn_days, at.terms.count)
    short = Q(status__in=[str(Status.OPEN), *REVIEWED_CODES])
    soon = Q(~short, due_on__lte=last) | Q(short, due_on=at.day)
    return Q(due_on__gte=at.day) & (soon if light == Light.SOON else ~soon)


def named(*, is_named: bool) -> Exists:
    """Return the condition that the rating was by name, or not: asked loop by loop, in the order of due days."""
    return Exists(Rating.objects.filter(pk=OuterRef("rating_id"), is_anonymous=not is_named))


# --- files, follow-up, draws ---------------------------------------------------------------------


def get_file(actor: Actor, code: str, pk: int) -> tuple[BadRatingFile, StoredFile]:
    """Return an attachment of a loop in reach, and where it is kept."""
    loop = get_loop(actor, code)
    file = BadRatingFile.objects.filter(step__loop=loop, pk=pk).first()
    if file is None:
        raise NotFound()
    kept = StoredFile.objects.filter(sha256=file.digest).order_by("pk").first()
    if kept is None:
        raise NotFound()
    return file, kept


def follow_up(loop: BadRating) -> Rating | None:
    """Return what the same person said after the rectification (追评), or None.

    Only where both are anonymous, from the day after, or both by name: else the pair would name its author.
    """
    if loop.rating.turn != 1:
        return None
    rows = Rating.objects.filter(
        case_key=bytes(loop.rating.case_key),
        stage=loop.rating.stage,
        turn=2,
        is_anonymous=loop.rating.is_anonymous,
    )
    return rows.filter(Q(is_anonymous=False) | Q(rated_on__lt=clock.today())).first()


def spot_checks(actor: Actor) -> list[SpotCheck]:
    actor.require(Can.SPOT_CHECK)
    return list(SpotCheck.objects.order_by("-drawn_at", "-pk")[:50])


def get_spot_check(actor: Actor, pk: int) -> SpotCheck:
    actor.require(Can.SPOT_CHECK)
    found = SpotCheck.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def drawn(check: SpotCheck) -> list[tuple[int, BadRating, str]]:
    """Return place, loop and what the last spot-check call brought, in the order of the draw."""
    rows = check.drawn.select_related("loop__rating", "loop__department").prefetch_related("loop__calls")
    out = []
    for row in rows.order_by("place"):
        calls = [call for call in row.loop.calls.all() if call.kind == "spot"]
        said = "" if not calls else calls[-1].said if calls[-1].is_reached else "未接通"
        out.append((row.place, row.loop, said))
    return out


def raised(actor: Actor) -> Q:
    """Return the condition that a loop was raised to the actor's unit.

    What goes to the office goes to its section; where another unit judges too late, to the office's leaders.
    """
    reviewed, top = Q(status__in=REVIEWED_CODES), Q(raised_to__parent=None)
    acts = actor.may(Can.HANDLE) or actor.may(Can.JUDGE)
    reach = Q(raised_to_id=actor.unit_id) if acts else Q(pk=None)
    if actor.may(Can.SPOT_CHECK):
        reach |= top & ~reviewed
    if actor.may(Can.SUPERVISE):
        reach |= top & reviewed
    return reach & Q(raised_to__isnull=False)


def attachments(loop: BadRating) -> list[BadRatingFile]:
    """Return the files of all steps, oldest first."""
    rows = BadRatingFile.objects.filter(step__loop=loop).select_related("step")
    return list(rows.order_by("step__at", "pk"))


def sheet(actor: Actor) -> list[BadRating]:
    """Return what the actor's units are to handle, the nearest due day first."""
    rows = loops(actor).filter(mine(actor), finished_at=None)
    return list(rows.order_by("due_on", "pk")[: MOST_SHEETS * 5])


def units(actor: Actor) -> list[tuple[int, str]]:
    """Return the units that a bad rating may be handed to: those in use in the actor's reach."""
    return list(people.departments(actor).open().values_list("pk", "name"))


def after(rows: BadRatingQuerySet, cursor: str) -> BadRatingQuerySet:
    """Return what stands after a page's last row (`day.id`) in the order of due days.

    Raises Refused for a cursor that is none of ours.
    """
    if not cursor:
        return rows
    day, _, pk = cursor.partition(".")
    try:
        last, key = date.fromisoformat(day), int(pk)
    except ValueError:
        raise Refused("bad_cursor", "cursor 不对，请用上一页给出的 next。", field="cursor") from None
    if not 0 <= key < 2**63:
        raise Refused("bad_cursor", "cursor 不对，请用上一页给出的 next。", field="cursor")
    return rows.filter(Q(due_on__gt=last) | Q(due_on=last, pk__gt=key))
