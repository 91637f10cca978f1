"""manage serve: the web, a background worker and the ticker as one; they start together and stop together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

GRACE = 15.0
PARENT_DIED = 1  # PR_SET_PDEATHSIG
DJANGO = [sys.executable, "-m", "django"]


def sources() -> Iterator[Path]:
    """Yield every static file of the house, in order."""
    for config in sorted(apps.get_app_configs(), key=lambda c: c.name):
        folder = Path(config.path) / "static"
        if config.name.startswith("xinfu.") and folder.is_dir():
            yield from sorted(p for p in folder.rglob("*") if p.is_file())


def collect_when_changed() -> bool:
    """Collect the static files if one of them is newer than what was collected; tell whether that was done."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    newest = max((path.stat().st_mtime for path in sources()), default=0.0)
    if manifest.exists() and manifest.stat().st_mtime >= newest:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest.touch()
    return True


def end_with_parent() -> None:
    """Have the kernel end this child when its parent is killed without a chance to do so (Linux)."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGTERM)


def web(host: str, port: int) -> list[str]:
    return [
        *[sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)],
        *["--workers", "2", "--blocking-threads", "2", "--no-ws", "--respawn-failed-workers"],
        *["--workers-kill-timeout", "10", "--log-level", "warning", "xinfu.site.wsgi:application"],
    ]


def worker() -> list[str]:
    return [*DJANGO, "db_worker", "--queue-name", "*", "--interval", "0.5", "--no-reload", "-v", "0"]


def ticker() -> list[str]:
    return [*DJANGO, "tick", "--every", "20"]


class Command(BaseCommand):
    help = "启动网站、后台任务和定时任务，一起停止"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            collect_when_changed()
        self.stopping = False
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        try:
            self._start("网站", web(options["host"], options["port"]))
            self._say_when_ready(options["host"], options["port"])
            self._start("后台任务", worker())
            self._start("定时任务", ticker())
            ended = self._wait()
        finally:
            self._end_all()
        if ended:
            raise CommandError(f"{ended}意外停止，已全部停止。原因见上面的日志。")

    def _start(self, label: str, command: list[str]) -> None:
        if not self.stopping:
            self.children[label] = subprocess.Popen(  # noqa: S603  (fixed words and a number)
                command,
                preexec_fn=end_with_parent,  # noqa: PLW1509  (no thread runs yet)
            )

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _ended(self) -> str:
        return next((label for label, child in self.children.items() if child.poll() is not None), "")

    def _wait(self) -> str:
        """Wait until told to stop (nothing is returned) or until a child ends (its name is)."""
        while not self.stopping:
            ended = self._ended()
            if ended:
                return ended
            time.sleep(0.2)
        return ""

    def _say_when_ready(self, host: str, port: int) -> None:
        address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
        while not self.stopping and not self._ended():
            try:
                with urllib.request.urlopen(f"{address}/-/live", timeout=2):  # noqa: S310  (our own address)
                    self.stdout.write(f"馨服已启动：{address}/　停止：Ctrl+C")
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)

    def _end_all(self) -> None:
        """Ask every child to stop, and end what has not after the grace."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + GRACE
        for child in self.children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
