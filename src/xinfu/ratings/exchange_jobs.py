"""Background work of the exchange of ratings: ids in, one call out."""

from __future__ import annotations

from datetime import datetime

from django_tasks import task

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.ratings.actions import exchanging, giving_files
from xinfu.ratings.models.exchange import Exchange


@task()
def check(exchange_id: int) -> None:
    exchanging.work(exchange=_one(exchange_id), is_trial=True, by=system("import"), at=clock.now())


@task()
def take(exchange_id: int) -> None:
    exchanging.work(exchange=_one(exchange_id), is_trial=False, by=system("import"), at=clock.now())


@task()
def give(exchange_id: int) -> None:
    giving_files.make_file(exchange=_one(exchange_id), at=clock.now())


def _one(exchange_id: int) -> Exchange:
    return Exchange.objects.select_related("file", "refused_file", "download").get(pk=exchange_id)


def drop_old(at: datetime) -> None:
    """Give up checked files that nobody confirmed (schedule)."""
    exchanging.drop_old(by=system("tick"), at=at)
