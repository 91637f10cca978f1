"""What of past days' anonymous ratings staff may be told: decided once a day is over (ratings.telling)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal, local
from xinfu.core.actor import Actor
from xinfu.ratings import telling
from xinfu.ratings.models import Channel, Rating, ToldDay
from xinfu.ratings.statistics_local import SMALLEST_GROUP
from xinfu.ratings.telling import Rated

CHUNK = 500


def tell(*, by: Actor, at: datetime) -> int:
    """Decide the days that are over and hold undecided ratings, or were decided by another smallest group."""
    today, least = timezone.localdate(at), _least(at)
    new = Rating.objects.filter(is_anonymous=True, told=None, rated_on__lt=today)
    days = {*new.order_by("rated_on").values_list("rated_on", flat=True).distinct()}
    days |= {*ToldDay.objects.exclude(least=least).order_by("day").values_list("day", flat=True)}
    for day in sorted(days):
        tell_day(day=day, by=by, at=at)
    return len(days)


@transaction.atomic
def tell_day(*, day: date, by: Actor, at: datetime) -> None:
    """Decide one day anew. Default ratings (channel 7) are nobody's words: they hide among themselves."""
    least = _least(at)
    row, _ = ToldDay.objects.select_for_update().get_or_create(
        day=day, defaults={"least": least, "decided_at": at}
    )
    groups: dict[bool, list[Rated]] = {True: [], False: []}
    before: dict[int, int | None] = {}
    fields = ("pk", "case_key", "department_id", "window_id", "town_id", "item_id", "item_name")
    rows = Rating.objects.filter(rated_on=day, is_anonymous=True).order_by("code")
    for pk, case, unit, window, town, item, name, channel, told in rows.values_list(
        *fields, "channel", "told"
    ):
        before[pk] = told
        groups[channel == Channel.DEFAULT].append(Rated(pk, bytes(case), unit, window, town, item or name))
    changed: dict[int, list[int]] = defaultdict(list)
    for rated in groups.values():
        for pk, told in telling.told(rated, least).items():
            if before[pk] != told:
                changed[told].append(pk)
    for told, ids in changed.items():
        for place in range(0, len(ids), CHUNK):
            Rating.objects.filter(pk__in=ids[place : place + CHUNK]).update(told=told)
    ToldDay.objects.filter(pk=row.pk).update(least=least, decided_at=at)
    journal.record("ratings.told", f"ratings.ToldDay:{day}", by=by, at=at, day=day.isoformat(), least=least)


def _least(at: datetime) -> int:
    return int(local.on(SMALLEST_GROUP, timezone.localdate(at)).value)
