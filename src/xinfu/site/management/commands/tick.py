"""manage tick [--every SECONDS]: run what the schedule says is due, once or again and again until told to stop."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from xinfu.core import tasks


class Command(BaseCommand):
    help = "运行到期的定时任务"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="每隔若干秒再看一次，直到被停止")

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            if options["every"]:
                signal.signal(name, lambda *_: stopped.set())
        while not stopped.is_set():
            # Real time, also on a demonstration's day: what was done is compared with what is due.
            ran = tasks.tick(at=timezone.now())
            if not options["every"]:
                self.stdout.write(f"已运行：{'、'.join(ran) or '没有到期的任务'}")
                return
            close_old_connections()
            stopped.wait(options["every"])
