"""An import that is killed and run again ends as if it had run once, on the engine that the tests run on."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.cases.conftest import row

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
Write = Callable[..., Path]
ROWS = {"sqlite": 30_000, "postgresql": 120_000}
"""Enough blocks to be killed between two of them, twice."""
COMPARED = "case_no, data_version, content, state, due_on, due_at, handling_days, quality"


@dataclass(frozen=True)
class Place:
    """An installation of its own: a home, and for PostgreSQL a database."""

    home: Path
    url: str = ""

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a manage command there."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("XINFU_")}
        env = {**kept, "XINFU_HOME": str(self.home), "DJANGO_SETTINGS_MODULE": "xinfu.site.settings"}
        if self.url:
            env["XINFU_DATABASE_URL"] = self.url
        command = [sys.executable, "-m", "django", *words]
        return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        connect: Any = psycopg.connect if self.url else sqlite3.connect
        with contextlib.closing(connect(self.url or self.home / "xinfu.sqlite3")) as opened:
            return [tuple(found) for found in opened.execute(sql).fetchall()]

    def cases(self) -> int:
        return int(self.ask("SELECT count(*) FROM cases_case")[0][0])


@pytest.fixture
def places(tmp_path: Path) -> Iterator[list[Place]]:
    """Two empty installations with the same keys, so that sealed content can be compared."""
    names = [f"killed_{secrets.token_hex(4)}_{n}" for n in range(2)]
    postgres = connection.vendor == "postgresql"
    found = []
    for name in names:
        (tmp_path / name / "keys").mkdir(parents=True)
        for key in ("case-content", "personal-digest", "personal-1"):
            (tmp_path / name / "keys" / key).write_text("ab" * 32)
        found.append(Place(tmp_path / name, _database(f'CREATE DATABASE "{name}"', name) if postgres else ""))
        assert found[-1].start("migrate").wait() == 0
    yield found
    for name in names if postgres else []:
        _database(f'DROP DATABASE "{name}" WITH (FORCE)', name)


def _database(sql: str, name: str) -> str:
    """Run a statement on the tests' server; return the address of a database there."""
    wanted = {
        k: v
        for k, v in connection.get_connection_params().items()
        if k in ("host", "port", "user", "password")
    }
    with psycopg.connect(**wanted, dbname="postgres", autocommit=True) as opened:
        opened.execute(sql)  # type: ignore[arg-type]
    secret = f":{wanted['password']}" if wanted.get("password") else ""
    return f"postgresql://{wanted['user']}{secret}@{wanted['host']}:{wanted['port']}/{name}"


def kill_when(process: subprocess.Popen[bytes], place: Place, number: int) -> int:
    """Kill the process as soon as so many cases are stored; return how many there are then."""
    while process.poll() is None and place.cases() < number:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return place.cases()


def test_killed_twice_and_finished_gives_the_same_rows_as_once(places: list[Place], write: Write) -> None:
    rows = ROWS[connection.vendor]
    path = write(row(n, 承诺工作日=str(n % 20)) for n in range(1, rows + 1))
    words = ("import_cases", "--mapping", "zj-case", str(path))
    killed, whole = places
    first = kill_when(killed.start(*words), killed, 1)
    assert 0 < first < rows
    second = kill_when(killed.start(*words), killed, first + 1)
    assert first < second < rows
    assert killed.start(*words).wait() == 0
    assert whole.start(*words).wait() == 0
    compared = f"SELECT {COMPARED} FROM cases_case ORDER BY case_no"
    assert killed.ask(compared) == whole.ask(compared)
    assert killed.cases() == rows
    assert not list((killed.home / "tmp").glob("import-*")), "no personal data stays behind"
    lines = killed.ask("SELECT count(*) FROM core_journalentry WHERE event = 'cases.imported'")
    assert lines == [(1,)], "one journal line for the one batch that was finished"
