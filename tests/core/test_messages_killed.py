"""A worker killed in the middle of sending loses no message and sends none twice, on the engine the tests run on."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection

from tests.cases.test_killed import Place, _database

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
HELD = """
import sys, time
from pathlib import Path
import django
django.setup()
from django.db import transaction
from django.utils import timezone
from xinfu.core import messages, senders
from xinfu.core.actor import system

moment, key, marker = sys.argv[1:]

class Held(senders.ConsoleSender):
    def send(self, key, to, text):
        if moment == "after":
            super().send(key, to, text)
        Path(marker).touch()
        time.sleep(120)

senders.senders._things["console"] = Held()
with transaction.atomic():
    messages.queue(key=key, kind="rating_invited", to="13800001234", text="x", by=system("messages"), at=timezone.now())
messages.deliver(at=timezone.now())
"""
LATER = """
import django
django.setup()
from xinfu.core import jobs
jobs.deliver_messages(None)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An installation of its own, empty."""
    name, postgres = f"messages_{secrets.token_hex(4)}", connection.vendor == "postgresql"
    (tmp_path / name).mkdir()
    found = Place(tmp_path / name, _database(f'CREATE DATABASE "{name}"', name) if postgres else "")
    assert found.start("migrate").wait() == 0
    yield found
    if postgres:
        _database(f'DROP DATABASE "{name}" WITH (FORCE)', name)


def start(place: Place, script: str, *words: str, **more: str) -> subprocess.Popen[bytes]:
    """Start a worker of the installation: a real process, which can be killed."""
    path = place.home / "worker.py"
    path.write_text(script)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("XINFU_")}
    env = {
        **kept, "XINFU_HOME": str(place.home), "DJANGO_SETTINGS_MODULE": "xinfu.site.settings",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src"), **more,
    }  # fmt: skip
    if place.url:
        env["XINFU_DATABASE_URL"] = place.url
    return subprocess.Popen([sys.executable, str(path), *words], env=env, stderr=subprocess.DEVNULL)


def test_killed_between_claim_and_send_or_between_send_and_mark_it_is_sent_once(place: Place) -> None:
    tomorrow = (date.today() + timedelta(days=1)).isoformat()  # by then the dead worker's lease has run out
    for moment, left in (("before", 0), ("after", 1)):
        key, marker = f"test:{moment}", place.home / f"{moment}.reached"
        worker = start(place, HELD, moment, key, str(marker))
        deadline = time.monotonic() + 90
        while not marker.exists() and worker.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert marker.exists()
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        said = f"SELECT state, attempts FROM core_outmessage WHERE key = '{key}'"
        assert place.ask(said) == [("sending", 1)]
        assert len(files(place, key)) == left
        assert start(place, LATER).wait() == 0
        assert place.ask(said) == [("sending", 1)], "its lease still runs: another worker leaves it alone"
        assert start(place, LATER, XINFU_DEMO_DAY=tomorrow).wait() == 0
        assert place.ask(said) == [("sent", 2)]
        assert len(files(place, key)) == 1


def files(place: Place, key: str) -> list[Path]:
    found = (place.home / "outbox").glob("*")
    return [path for path in found if json.loads(path.read_text())["key"] == key]
