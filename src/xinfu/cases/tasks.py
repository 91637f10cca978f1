"""Background work: ids in, one call out."""

from __future__ import annotations

from django.utils import timezone
from django_tasks import task

from xinfu.cases import actions
from xinfu.cases.models import ImportBatch
from xinfu.core.actor import system


@task()
def run_import(batch_id: int) -> None:
    batch = ImportBatch.objects.select_related("file").get(pk=batch_id)
    actions.run_import(batch=batch, by=system("import"), at=timezone.now())
