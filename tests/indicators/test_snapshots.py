"""Snapshots: only what changed, whole or not at all, the same digest for the same records."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.indicators.conftest import bump
from xinfu.cases.models import Case
from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.core.registry import ForbiddenSource, Indicator, Part, derived_views, indicators, snapshot_views
from xinfu.indicators import actions, engine, snapshots
from xinfu.indicators.models import FigureSet, SnapshotOrigin

AT = datetime(2023, 6, 1, 2, tzinfo=UTC)
TEST = system("test")
CaseMaker = Callable[..., Case]


def refresh(at: datetime = AT) -> snapshots.Snapshot:
    return actions.refresh_snapshot(by=TEST, at=at)


def written(view: str = "cases") -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (snapshots.folder() / view).glob("*.parquet")}


def test_before_the_first_one_there_is_none(db: None) -> None:
    assert snapshots.current() is None


def test_without_any_case_everything_counts_nothing(db: None) -> None:
    snapshot = refresh()
    assert snapshot.rows["cases"] == 0
    rows = engine.compute(snapshot, list(indicators), date(2023, 1, 1), date(2023, 5, 31), [()])
    assert {(r.numerator, r.denominator or 0) for r in rows} == {(0, 0)}


def test_only_months_that_changed_are_written_again(case: CaseMaker) -> None:
    case(date(2023, 1, 31))
    case(date(2023, 2, 1))
    first = refresh()
    before = written()
    assert len(before) == 2
    assert refresh(AT + timedelta(hours=1)).digest == first.digest
    assert written() == before
    case(date(2023, 2, 28))
    second = refresh()
    assert second.digest != first.digest
    fresh = set(written().items()) - set(before.items())
    assert [name[:7] for name, _ in fresh] == ["2023-02"]


def test_a_change_that_leaves_the_rows_alike_leaves_the_digest_alike(case: CaseMaker) -> None:
    row = case(date(2023, 1, 5))
    first = refresh()
    Case.objects.filter(pk=row.pk).update(summary="与指标无关")
    bump(date(2023, 1, 5))
    assert refresh().digest == first.digest


def test_made_anew_from_the_same_database_the_digest_is_the_same(
    case: CaseMaker, settings: Any, tmp_path: Path
) -> None:
    for day in range(1, 28):
        case(date(2023, 1, day), accepted_on=date(2023, 1, day), channel=str(day % 3 + 1))
    first = refresh()
    settings.HOME = tmp_path / "elsewhere"
    assert refresh().digest == first.digest


def test_files_of_another_database_are_never_taken_for_ours(case: CaseMaker) -> None:
    row = case(date(2023, 1, 5))
    first = refresh()
    SnapshotOrigin.objects.all().delete()
    Case.objects.filter(pk=row.pk).update(channel="3")  # the same revision, other rows
    assert refresh().digest != first.digest


def test_all_that_a_case_holds_arrives_as_it_is(case: CaseMaker) -> None:
    instant = datetime(2023, 1, 6, 7, 8, 9, 123456, tzinfo=UTC)
    row = case(date(2023, 1, 5), finished_on=date(2023, 1, 6), finished_at=instant, due_on=date(2023, 1, 9),
               is_unified=True, promise_days=0, handling_days=-3)  # fmt: skip
    duck = engine.connections.over(refresh())
    names = ", ".join(snapshot_views["cases"].columns)
    (found,) = duck.execute(f"SELECT {names} FROM cases").fetchall()
    by_name = dict(zip(snapshot_views["cases"].columns, found, strict=True))
    assert by_name["id"] == row.pk
    assert by_name["finished_at"] == instant.replace(tzinfo=None)
    assert by_name["finished_on"] == date(2023, 1, 6)
    assert by_name["unified"] is True
    assert by_name["unified_item"] is False
    assert by_name["promise_days"] == 0
    assert by_name["handling_days"] == -3
    assert by_name["town_id"] is None
    assert by_name["finish_kind"] is None, "a blank text is nothing in a snapshot"


def test_a_damaged_file_is_named(case: CaseMaker) -> None:
    case(date(2023, 1, 5))
    snapshot = refresh()
    assert snapshots.damaged(snapshot.digest) == []
    path = Path(snapshot.files["cases"][0])
    path.write_bytes(path.read_bytes()[:-1])
    assert snapshots.damaged(snapshot.digest) == [f"cases/{path.name}"]
    path.unlink()
    assert refresh().digest == snapshot.digest, "a missing file is made again"
    assert snapshots.damaged(snapshot.digest) == []


def test_what_a_kill_leaves_behind_changes_nothing_and_is_swept(case: CaseMaker) -> None:
    """A refresh dies before the pointer: torn files lie aside, the former snapshot is still whole."""
    case(date(2023, 1, 5))
    first = refresh()
    aside = snapshots.folder() / "cases" / ".export-dead"
    aside.mkdir()
    (aside / "rows.csv").write_text("1,2,")
    (snapshots.folder() / "cases" / "2023-01-0123456789ab.parquet").write_bytes(b"PAR1")
    (snapshots.folder() / "manifests" / ".x.json.tmp").write_text("{")
    assert snapshots.current() == first
    assert snapshots.damaged(first.digest) == []
    assert snapshots.prune(set()) == 2
    assert not aside.exists()
    assert snapshots.damaged(first.digest) == []


def test_a_failure_in_the_middle_leaves_the_former_snapshot(
    case: CaseMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    case(date(2023, 1, 5))
    first = refresh()
    case(date(2023, 1, 6))
    case(date(2023, 2, 6))

    def full_disk(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(snapshots, "_publish", full_disk)
    with pytest.raises(OSError, match="no space"):
        refresh()
    assert snapshots.current() == first
    monkeypatch.undo()
    assert refresh().rows["cases"] == 3


def test_pruning_keeps_what_figures_or_frozen_papers_stand_on(case: CaseMaker) -> None:
    case(date(2023, 1, 5))
    pinned = refresh()
    actions.pin_snapshot(snapshot=pinned.digest, subject="papers.Paper:1", by=TEST, at=AT)
    actions.pin_snapshot(snapshot=pinned.digest, subject="papers.Paper:1", by=TEST, at=AT)
    case(date(2023, 1, 6))
    with_figures = refresh()
    actions.store(with_figures, date(2023, 1, 1), date(2023, 1, 31), [()], by=TEST, at=AT)
    case(date(2023, 1, 7))
    present = refresh()
    assert actions.prune(by=TEST, at=AT + timedelta(days=1)) == 0
    assert actions.prune(by=TEST, at=AT + timedelta(days=8)) == 2
    assert snapshots.load(with_figures.digest) is None
    assert not FigureSet.objects.exists()
    for kept in (pinned, present):
        assert snapshots.damaged(kept.digest) == []
    with pytest.raises(Refused, match="不能引用"):
        actions.pin_snapshot(snapshot=with_figures.digest, subject="papers.Paper:2", by=TEST, at=AT)


def test_the_manifest_says_what_each_file_is(case: CaseMaker) -> None:
    case(date(2023, 1, 5))
    snapshot = refresh()
    path = snapshots.folder() / "manifests" / f"{snapshot.digest}.json"
    manifest = json.loads(path.read_text())
    entry = manifest["views"]["cases"]["2023-01"]
    assert entry["rows"] == 1
    assert entry["revision"] == 1
    assert set(manifest["views"]) == {view.name for view in snapshot_views}


KILLED = """
import os, signal, sys
from pathlib import Path
import django
django.setup()
from django.conf import settings
settings.HOME = Path(sys.argv[1])
from xinfu.core.registry import SnapshotView, snapshot_views
from xinfu.indicators import snapshots
from datetime import UTC, datetime
for name in list(snapshot_views._things):
    del snapshot_views._things[name]
revision, rows = int(sys.argv[2]), int(sys.argv[3])
months = [f"2023-{m:02}" for m in range(1, 6)]
snapshot_views.add("made", SnapshotView(
    name="made", title="made", columns={"id": "BIGINT", "day": "DATE"}, partition="day",
    select="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
           "SELECT * FROM (SELECT i * %d AS id, '2023-0' || (1 + i %% 5) || '-01' AS day FROM n) AS t WHERE {where}" % (rows, revision),
    revisions=lambda: dict.fromkeys(months, revision)))
print(snapshots.refresh(origin="o", at=datetime(2023, 6, 1, tzinfo=UTC)).digest, flush=True)
"""


def run_refresh(home: Path, revision: int, rows: int = 60_000) -> subprocess.Popen[str]:
    database = {"XINFU_HOME": str(home), "DJANGO_SETTINGS_MODULE": "xinfu.site.settings"}
    env = {**os.environ, **database}
    env.pop("XINFU_TEST_DATABASE_URL", None)
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(home), str(revision), str(rows)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip


@pytest.mark.slow
def test_killed_at_any_moment_the_next_refresh_gives_the_same_as_never_killed(tmp_path: Path) -> None:
    clean = run_refresh(tmp_path / "clean", 2).communicate()[0].strip()
    first = run_refresh(tmp_path / "home", 1).communicate()[0].strip()
    assert first
    assert clean
    for seconds in (0.9, 1.3, 1.7):
        process = run_refresh(tmp_path / "home", 2)
        timer = threading.Timer(seconds, process.send_signal, [signal.SIGKILL])
        timer.start()
        process.communicate()
        timer.cancel()
        digest = (tmp_path / "home" / "snapshots" / "current").read_text().split()[0]
        assert digest in (first, clean), "never anything in between"
    assert run_refresh(tmp_path / "home", 2).communicate()[0].strip() == clean


@pytest.mark.slow
def test_two_refreshes_at_once_agree_and_leave_whole_files(tmp_path: Path) -> None:
    both = [run_refresh(tmp_path, 1, 30_000) for _ in range(2)]
    digests = {process.communicate()[0].strip() for process in both}
    assert len(digests) == 1
    assert all(digests)
    assert not list((tmp_path / "snapshots" / "made").glob(".export-*"))


# --- what may not be counted ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"numerator": Part("last_login >= since")},
        {"view": "sessions"},
        {"counts": "工作人员登录次数"},
        {"title": "信息浏览量"},
        {"numerator": Part("TRUE", "photo_count")},
    ],
)
def test_the_registry_refuses_to_count_the_use_of_the_program(changes: dict[str, Any]) -> None:
    given: dict[str, Any] = {
        "code": "forbidden", "title": "指标", "counts": "件", "formula": "件", "view": "cases", "dated_by": "received_on",
        "dated_label": "收件日", "numerator": Part("TRUE"), "denominator": None, "unit": "件", "better": "up",
        "source": "无", "valid_from": date(2023, 1, 1), **changes,
    }  # fmt: skip
    with pytest.raises(ForbiddenSource):
        indicators.add("forbidden", Indicator(**given))
    assert "forbidden" not in indicators


def test_every_indicator_counts_over_a_registered_view_and_its_columns() -> None:
    from xinfu.lib import sql

    for one in indicators:
        view = derived_views.get(one.view) or snapshot_views[one.view]
        columns = set(view.columns)
        parts = [p for p in (one.numerator, one.denominator) if p is not None]
        for text in [one.dated_by, one.base, *(p.where for p in parts), *(p.measure for p in parts)]:
            if text:
                used = sql.predicate_columns(text.replace("$to", "DATE '2023-05-31'"))
                assert used <= columns, (one.code, used - columns)
