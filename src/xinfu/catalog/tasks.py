"""Background work of the catalogue: ids in, one call out."""

from __future__ import annotations

from django_tasks import task

from xinfu.catalog import actions
from xinfu.catalog.models import ItemBatch
from xinfu.core import clock
from xinfu.core.actor import system


@task()
def check(batch_id: int) -> None:
    actions.check_batch(batch=_batch(batch_id), by=system("import"), at=clock.now())


@task()
def write(batch_id: int) -> None:
    actions.write_batch(batch=_batch(batch_id), by=system("import"), at=clock.now())


@task()
def undo(batch_id: int) -> None:
    actions.finish_undo(batch=_batch(batch_id), by=system("import"), at=clock.now())


def _batch(batch_id: int) -> ItemBatch:
    return ItemBatch.objects.select_related("file").get(pk=batch_id)
