"""An import that is killed and run again ends as if it had run once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cases.conftest import row

pytestmark = pytest.mark.slow
Write = Callable[..., Path]
ROWS = 30_000
COMPARED = "case_no, data_version, hex(content), state, due_on, due_at, handling_days, quality, department_id"


def manage(home: Path, *words: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "XINFU_HOME": str(home), "DJANGO_SETTINGS_MODULE": "xinfu.site.settings"}
    env.pop("XINFU_DATABASE_URL", None)
    env.pop("XINFU_TEST_DATABASE_URL", None)
    command = [sys.executable, "-m", "django", *words]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cases_in(home: Path, columns: str = "count(*)") -> list[tuple[object, ...]]:
    with sqlite3.connect(home / "xinfu.sqlite3", timeout=30) as connection:
        return connection.execute(f"SELECT {columns} FROM cases_case ORDER BY 1").fetchall()


def kill_when(process: subprocess.Popen[bytes], home: Path, number: int) -> int:
    """Kill the process as soon as so many cases are stored; return how many there are then."""
    while process.poll() is None and cases_in(home)[0][0] < number:  # type: ignore[operator]
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return int(cases_in(home)[0][0])  # type: ignore[call-overload]


def test_killed_twice_and_finished_gives_the_same_rows_as_once(tmp_path: Path, write: Write) -> None:
    path = write(row(n, 承诺工作日=str(n % 20)) for n in range(1, ROWS + 1))
    homes = [tmp_path / "killed", tmp_path / "whole"]
    words = ("import_cases", "--mapping", "zj-case", str(path))
    for home in homes:
        home.mkdir()
        assert manage(home, "migrate").wait() == 0
        (home / "keys").mkdir(exist_ok=True)
        for name in ("case-content", "personal-digest", "personal-1"):
            (home / "keys" / name).write_text("ab" * 32)
    killed, whole = homes
    first = kill_when(manage(killed, *words), killed, 1)
    assert 0 < first < ROWS
    second = kill_when(manage(killed, *words), killed, first + 1)
    assert first < second < ROWS
    assert manage(killed, *words).wait() == 0
    assert manage(whole, *words).wait() == 0
    assert cases_in(killed, COMPARED) == cases_in(whole, COMPARED)
    assert cases_in(killed)[0][0] == ROWS
    assert not list((killed / "tmp").glob("import-*")), "no personal data stays behind"
    with sqlite3.connect(killed / "xinfu.sqlite3") as connection:
        lines = connection.execute(
            "SELECT count(*) FROM core_journalentry WHERE event = 'cases.imported'"
        ).fetchone()
    assert lines == (1,), "one journal line for the one batch that was finished"
