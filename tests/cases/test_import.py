"""What an import does with good rows: clocks, states, marks, versions, personal data, the journal."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cases.conftest import GOOD_ID, HEAD, counts, import_cases, row
from xinfu.cases.actions import imports, loading
from xinfu.cases.models import Case, ImportBatch, MonthRevision, Quality
from xinfu.core.models import JournalEntry
from xinfu.core.privacy import digest, unseal

pytestmark = pytest.mark.usefixtures("office")
Write = Callable[..., Path]


def test_a_case_gets_its_clocks_its_units_and_its_tails(write: Write, office: Any) -> None:
    import_cases(write([row()]))
    case = Case.objects.get()
    assert (case.department, case.window, case.case_tail) == (office.unit_a, office.window_a1, "000001")
    assert (case.received_on, case.accepted_on, case.due_on) == (date(2023, 6, 19),) * 2 + (
        date(2023, 6, 27),
    )
    assert case.due_at == datetime(2023, 6, 27, 15, 59, 59, 999999, tzinfo=UTC)
    assert case.received_at == datetime(2023, 6, 19, 1, 0, tzinfo=UTC)
    assert (case.due_kind, case.promise_days, case.accept_due_on) == ("computed", 5, date(2023, 6, 27))
    assert (case.state, case.quality, case.id_tail, case.phone_tail) == ("handling", 0, "002X", "1234")


def test_personal_data_is_sealed_and_found_by_its_digest_only(write: Write) -> None:
    import_cases(write([row()]))
    case = Case.objects.get()
    assert unseal(case.applicant_sealed)["id_no"] == GOOD_ID
    assert bytes(case.id_digest or b"") == digest(GOOD_ID)
    assert bytes(case.phone_digest or b"") == digest("13800001234")
    stored = json.dumps(
        list(Case.objects.values()),
        default=lambda v: bytes(v).hex() if not hasattr(v, "isoformat") else v.isoformat(),
    )
    assert GOOD_ID not in stored
    assert "13800001234" not in stored
    assert GOOD_ID.encode().hex() not in stored


def test_the_same_file_twice_changes_nothing_and_bumps_no_month(write: Write) -> None:
    path = write([row(1), row(2, 收件时间="2023-05-30 09:00:00")])
    assert counts(import_cases(path)) == (2, 2, 0, 0, 0)
    before = list(MonthRevision.objects.order_by("month").values_list())
    assert [m for m, _ in before] == ["2023-05", "2023-06"]
    seen = list(Case.objects.order_by("pk").values())
    assert counts(import_cases(path)) == (2, 0, 0, 2, 0)
    assert list(Case.objects.order_by("pk").values()) == seen
    assert list(MonthRevision.objects.order_by("month").values_list()) == before


def test_a_higher_version_or_other_content_updates_and_a_lower_one_is_stale(write: Write) -> None:
    import_cases(write([row(1, 数据版本="3"), row(2)]))
    changed = [row(1, 数据版本="2", 原因="旧话"), row(2, 办结时间="2023-06-20 10:00:00", 办件状态="办结")]
    assert counts(import_cases(write(changed))) == (2, 0, 1, 1, 0)
    assert ImportBatch.objects.order_by("-pk")[0].stale == 1
    one, two = Case.objects.order_by("case_no")
    assert (one.finish_reason, two.state, two.handling_days) == ("", "finished", 1)
    assert counts(import_cases(write([row(1, 数据版本="4")]))) == (1, 0, 1, 0, 0)
    assert Case.objects.get(pk=one.pk).data_version == 4


def test_a_case_that_moves_to_another_month_bumps_both(write: Write) -> None:
    import_cases(write([row(1)]))
    import_cases(write([row(1, 收件时间="2023-05-31 09:00:00")]))
    assert dict(MonthRevision.objects.values_list("month", "revision")) == {"2023-05": 1, "2023-06": 2}


@pytest.mark.parametrize(
    "changes, state, kind",
    [
        ({"办件状态": "90", "办结时间": "2023-06-20", "办结类型": "0"}, "finished", "0"),
        ({"办件状态": "97", "原因": "不属于本机关"}, "not_accepted", ""),
        ({"办件状态": "37"}, "suspended", ""),
        ({"办件状态": "", "受理时间": ""}, "received", ""),
        ({"办件状态": ""}, "handling", ""),
        ({"办件状态": "", "办结时间": "2023-06-20", "办结类型": "2", "原因": "申请人放弃"}, "voided", "2"),
        ({"办件状态": "", "办结时间": "2023-06-20", "办结类型": "转报办结"}, "transferred", "4"),
    ],
)
def test_states_come_from_the_source_or_follow_from_its_times(
    write: Write, changes: dict[str, str], state: str, kind: str
) -> None:
    import_cases(write([row(1, **changes)]))
    case = Case.objects.get()
    assert (case.state, case.finish_kind) == (state, kind)


@pytest.mark.parametrize(
    "action, state, kind",
    [("0", "finished", "6"), ("1", "voided", "2"), ("3", "returned", "1")],
)
def test_the_codes_of_doaction_are_not_those_of_the_finish_kinds(
    write: Write, action: str, state: str, kind: str
) -> None:
    changed = {**row(1, 办件状态="", 办结时间="2023-06-20", 原因="说明"), "OVER_DOACTION": action}
    import_cases(write([changed], head=[*HEAD, "OVER_DOACTION"]))
    case = Case.objects.get()
    assert (case.state, case.finish_kind) == (state, kind)


def test_one_in_the_accept_call_means_not_accepted(write: Write) -> None:
    changed = {**row(1, 办件状态="", 受理时间=""), "ACCEPT_DOACTION": "1"}
    import_cases(write([changed], head=[*HEAD, "ACCEPT_DOACTION"]))
    assert Case.objects.get().state == "not_accepted"


MARKS = [
    (
        {"办结时间": "2023-06-18 08:00:00", "办件状态": "办结", "受理时间": ""},
        Quality.FINISHED_BEFORE_RECEIVED,
    ),
    ({"办结时间": "2023-06-19 09:30:00", "办件状态": "办结"}, Quality.FINISHED_BEFORE_ACCEPTED),
    ({"受理时间": "2023-06-19 08:00:00"}, Quality.ACCEPTED_BEFORE_RECEIVED),
    ({"承办单位编码": "NOBODY"}, Quality.UNKNOWN_DEPARTMENT),
    ({"实施编码": "NOTHING"}, Quality.UNKNOWN_ITEM),
    ({"办件状态": "办结"}, Quality.CLOSED_WITHOUT_TIME),
    ({"办结时间": "2023-06-20"}, Quality.TIME_WITHOUT_CLOSED),
    ({"办件状态": "退件", "办结时间": "2023-06-20"}, Quality.NO_REASON),
    ({"证件号码": GOOD_ID[:-1] + "1"}, Quality.BAD_IDENTITY),
    ({"窗口编号": "Z99"}, Quality.UNKNOWN_WINDOW),
]


@pytest.mark.parametrize("changes, mark", MARKS)
def test_contradictions_are_taken_in_with_a_mark_and_counted(
    write: Write, changes: dict[str, str], mark: Quality
) -> None:
    assert counts(import_cases(write([row(1, **changes), row(2)]))) == (2, 2, 0, 0, 0)
    case = Case.objects.get(case_no=row(1)["办件编号"])
    assert case.quality & mark
    assert ImportBatch.objects.get().marked[str(mark.value)] == 1
    assert Case.objects.get(case_no=row(2)["办件编号"]).quality == 0
    if mark & 7:
        assert case.handling_days is None


def test_one_journal_line_a_batch_and_no_news_of_old_cases(write: Write) -> None:
    import_cases(write([row(1, 办结时间="2023-06-20", 办件状态="办结"), row(2)]))
    body = json.loads(bytes(JournalEntry.objects.get(event="cases.imported").body))["data"]
    assert (body["read"], body["created"], body["rejected"], len(body["sha256"]), len(body["digest"])) == (
        2,
        2,
        0,
        64,
        64,
    )
    assert not JournalEntry.objects.filter(event="case.closed").exists()


def test_a_case_closed_within_the_last_day_is_news_once(write: Write) -> None:
    from django.utils import timezone

    now = timezone.localtime()
    closed = f"{now:%Y-%m-%d %H:%M:%S}"
    path = write([row(1, 收件时间=closed, 受理时间=closed, 办结时间=closed, 办件状态="办结"), row(2)])
    import_cases(path)
    import_cases(path)
    assert JournalEntry.objects.filter(event="case.closed").count() == 1


def _as_rows(path: Path) -> list[dict[str, str]]:
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_kind_of_file_gives_the_same_content(write: Write, tmp_path: Path) -> None:
    from rustpy_xlsxwriter import write_worksheet

    path = write([row(n, 受理时间="" if n == 3 else ROW_TIME) for n in range(1, 6)])
    rows = _as_rows(path)
    ndjson = tmp_path / "cases.ndjson"
    ndjson.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    parquet = tmp_path / "cases.parquet"
    duckdb.execute(f"COPY (SELECT * FROM read_csv('{path}', all_varchar = true)) TO '{parquet}'")
    xlsx = tmp_path / "cases.xlsx"
    write_worksheet(rows, str(xlsx))
    zipped = tmp_path / "cases.csv.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    assert counts(import_cases(path)) == (5, 5, 0, 0, 0)
    for other in (ndjson, parquet, xlsx, zipped):
        assert counts(import_cases(other)) == (5, 0, 0, 5, 0), other.name


ROW_TIME = "2023-06-19 10:00:00"


def test_a_stated_promise_day_that_differs_from_the_computed_one_is_marked(write: Write) -> None:
    head = [*HEAD, "promise_date"]
    import_cases(
        write([{**row(1), "promise_date": "2023-06-26"}, {**row(2), "promise_date": "2023-06-27"}], head=head)
    )
    one, two = Case.objects.order_by("case_no")
    assert (one.quality, two.quality, one.due_on) == (Quality.PROMISE_DIFFERS, 0, date(2023, 6, 27))


def test_without_a_term_the_stated_day_counts_to_its_end(write: Write) -> None:
    import_cases(
        write([{**row(1, 承诺工作日=""), "promise_date": "2023-06-30"}], head=[*HEAD, "promise_date"])
    )
    case = Case.objects.get()
    assert (case.due_kind, case.due_on) == ("stated", date(2023, 6, 30))
    assert case.due_at == datetime(2023, 6, 30, 15, 59, 59, 999999, tzinfo=UTC)


def test_progress_and_counts_are_on_the_batch(write: Write) -> None:
    import_cases(write([row(n) for n in range(1, 12)]))
    batch = ImportBatch.objects.get()
    assert (batch.status, batch.total, batch.read, batch.created) == ("done", 11, 11, 11)


def test_in_the_background_a_file_is_checked_first_then_confirmed(
    write: Write, as_role: Callable[..., Any], run_tasks: Callable[[], int], now: datetime
) -> None:
    from xinfu.cases import actions, queries
    from xinfu.core import files
    from xinfu.core.access import Role
    from xinfu.core.refusal import Refused

    by = as_role(Role.DATA_BUREAU).actor
    content = write([row(1), row(2, 收件时间="")]).read_bytes()
    file = files.store([content], name="cases.csv", by=by, at=now)
    batch = actions.start_import(file=file, mapping="zj-case", by=by, at=now, check_only=True)
    assert run_tasks() == 1
    batch = queries.get_batch(by, batch.pk)
    assert (batch.status, batch.read, batch.created, batch.rejected) == ("checked", 2, 1, 1)
    assert not Case.objects.exists(), "nothing is written before it is confirmed"
    actions.confirm_import(batch=batch, by=by, at=now)
    assert run_tasks() == 1
    batch = queries.get_batch(by, batch.pk)
    assert (batch.status, batch.created, Case.objects.count(), queries.share_done(batch)) == (
        "done",
        1,
        1,
        100,
    )
    assert [r.row for r in queries.rejections(by, batch)] == [3]
    with pytest.raises(Refused):
        actions.confirm_import(batch=batch, by=by, at=now)


def test_a_file_that_is_refused_in_the_background_says_why(
    as_role: Callable[..., Any], run_tasks: Callable[[], int], now: datetime
) -> None:
    from xinfu.cases import actions, queries
    from xinfu.core import files
    from xinfu.core.access import Role

    by = as_role(Role.GENERAL).actor
    file = files.store([b"%PDF-1.4 no"], name="cases.csv", by=by, at=now)
    batch = actions.start_import(file=file, mapping="zj-case", by=by, at=now)
    run_tasks()
    batch = queries.get_batch(by, batch.pk)
    assert (batch.status, "PDF" in batch.refusal) == ("failed", True)


def test_a_large_import_lets_the_database_count_its_keys(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MANY", 2)
    with CaptureQueriesContext(connection) as asked:
        import_cases(write([row(1)]))
        assert not any(query["sql"].startswith("ANALYZE") for query in asked.captured_queries)
        import_cases(write([row(2), row(3)]))
    assert sum(query["sql"] == "ANALYZE cases_case" for query in asked.captured_queries) == 1


def test_a_batch_says_when_it_really_ended(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(0, 100_000, 90))
    monkeypatch.setattr(imports, "monotonic", lambda: float(next(ticks)))
    import_cases(write([row()]))
    batch = ImportBatch.objects.get()
    assert batch.finished_at is not None
    assert (batch.finished_at - batch.started_at).total_seconds() >= 90
