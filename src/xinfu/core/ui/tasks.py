"""Background work of the screens: ids in, one call out."""

from __future__ import annotations

from django_tasks import task

from xinfu.core import clock
from xinfu.core.ui import bulk, exports


@task()
def make_download(download_id: int) -> None:
    exports.make(download_id, at=clock.now())


@task()
def work_bulk(run_id: int) -> None:
    bulk.work(run_id, at=clock.now())
