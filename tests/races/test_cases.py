"""Two writers of cases at once: no case twice, no deadlock, every writer counts what it really did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection, connections

from tests import make
from tests.cases.conftest import as_csv, row
from xinfu.cases import actions
from xinfu.cases.actions import loading
from xinfu.cases.intake import mapping
from xinfu.cases.models import Case, CasePause, MonthRevision
from xinfu.core.actor import system
from xinfu.core.refusal import Refused

BY = system("tests")
AT = datetime(2023, 7, 1, 1, 0, tzinfo=UTC)
ROWS = 1500


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads of their own that start together; return answers and faults in order."""
    barrier = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers[place] = call()
        except BaseException as fault:  # noqa: BLE001 - the test looks at every fault
            answers[place] = fault
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(t.is_alive() for t in threads), "a deadlock"
    return answers


def import_at(path: Path) -> Callable[[], Any]:
    return lambda: actions.import_path(path=path, mapping=mapping.get("zj-case"), by=BY, at=AT)


def test_two_imports_of_the_same_cases_at_once_make_each_case_once(tmp_path: Path, monkeypatch: Any) -> None:
    make.office()
    monkeypatch.setitem(loading.CHUNK, connection.vendor, 200)
    rows = [row(n) for n in range(1, ROWS + 1)]
    for name, part in (("a.csv", rows), ("b.csv", list(reversed(rows)))):
        (tmp_path / name).write_text(as_csv(part), encoding="utf-8")
    batches = at_once(import_at(tmp_path / "a.csv"), import_at(tmp_path / "b.csv"))
    assert [getattr(b, "status", b) for b in batches] == ["done", "done"]
    assert Case.objects.count() == ROWS
    assert sum(b.created for b in batches) == ROWS
    assert sum(b.unchanged for b in batches) == ROWS
    assert sum(b.updated for b in batches) == 0


def test_an_import_and_pushes_at_once_agree_on_every_case(tmp_path: Path, monkeypatch: Any) -> None:
    county = make.office()
    monkeypatch.setitem(loading.CHUNK, connection.vendor, 200)
    (tmp_path / "a.csv").write_text(as_csv(row(n) for n in range(1, ROWS + 1)), encoding="utf-8")
    pushed = [
        {
            "case_no": row(n)["办件编号"],
            "item_name": "食品经营许可",
            "channel": "1",
            "department": county.unit_a.code,
            "received_at": "2023-06-19 09:00:00",
            "data_version": 2,
            "state": "withdrawn",
        }
        for n in range(ROWS, ROWS // 2, -1)
    ]

    def push() -> int:
        done = 0
        for start in range(0, len(pushed), 50):
            answer = actions.push_cases(records=pushed[start : start + 50], by=BY, at=AT)
            done += answer.created + answer.updated
        return done

    batch, done = at_once(import_at(tmp_path / "a.csv"), push)
    assert (batch.status, done) == ("done", len(pushed))
    assert Case.objects.count() == ROWS
    assert Case.objects.filter(data_version=2, state="withdrawn").count() == len(pushed), (
        "the newer version stays"
    )
    revisions = MonthRevision.objects.get(month="2023-06").revision
    assert revisions >= len(pushed) // 50


def test_a_case_is_stopped_by_one_of_two_who_try(tmp_path: Path) -> None:
    make.office()
    (tmp_path / "a.csv").write_text(as_csv([row(1)]), encoding="utf-8")
    import_at(tmp_path / "a.csv")()
    case = Case.objects.get()

    def stop() -> Any:
        return actions.add_pause(
            case=case, kind="special", name="评审", reason="需评审", started_at=case.received_at, by=BY, at=AT
        )

    answers = at_once(stop, stop)
    assert sorted(type(a) for a in answers if not isinstance(a, Refused)) == [CasePause]
    assert [a.code for a in answers if isinstance(a, Refused)] == ["already_paused"]
    assert CasePause.objects.count() == 1
