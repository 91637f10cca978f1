"""Background work of the reports: ids in, one call out."""

from __future__ import annotations

from django_tasks import task

from xinfu.core import clock
from xinfu.reports import actions
from xinfu.reports.models import ReportRun


@task()
def run_report(run_id: int) -> None:
    actions.run_report(run=ReportRun.objects.select_related("paper").get(pk=run_id), at=clock.now())
