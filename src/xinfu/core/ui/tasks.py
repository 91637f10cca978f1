"""Background work of the screens: ids in, one call out."""

from __future__ import annotations

from django_tasks import task

from xinfu.core import clock
from xinfu.core.ui import exports


@task()
def make_download(download_id: int) -> None:
    exports.make(download_id, at=clock.now())
