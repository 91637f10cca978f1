"""Background work: ids in, one call out."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django_tasks import task

from xinfu.cases import actions
from xinfu.cases.models import ImportBatch
from xinfu.core.actor import system


@task()
def run_import(batch_id: int) -> None:
    actions.run_import(batch=_batch(batch_id), by=system("import"), at=timezone.now())


@task()
def check_import(batch_id: int) -> None:
    actions.run_import(batch=_batch(batch_id), by=system("import"), at=timezone.now(), check_only=True)


@task()
def undo_import(batch_id: int) -> None:
    actions.finish_undo(batch=_batch(batch_id), by=system("import"), at=timezone.now())


def _batch(batch_id: int) -> ImportBatch:
    return ImportBatch.objects.select_related("file").get(pk=batch_id)


def recompute_due(at: datetime) -> None:
    """Compute provisional due days anew (schedule); those that stand fast stay as they are."""
    actions.recompute_due(by=system("tick"), at=at)


def clear_broken(at: datetime) -> None:
    """Remove what killed imports left behind (schedule)."""
    actions.clear_broken(at=at)
