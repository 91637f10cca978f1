"""Files of partners on the screens: checked first, taken in when confirmed, given out with a reason."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from xinfu.cases.models import Case
from xinfu.core import clock, files
from xinfu.core.access import Role
from xinfu.core.models import Download, JournalEntry, StoredFile
from xinfu.ratings import exchange_jobs
from xinfu.ratings.actions import exchanging, intake
from xinfu.ratings.exchange import FORMATS
from xinfu.ratings.models import BadRating, Exchange, Rating

pytestmark = pytest.mark.django_db
NOW = datetime(2023, 5, 10, 1, tzinfo=UTC)
RECEIVED = datetime(2023, 5, 4, 1, tzinfo=UTC)
BY_NAME = {"userName": "章明明", "certkeyGOV": "330624199001010013", "mobile": "13800001234"}


@pytest.fixture(autouse=True)
def _cases(office: make.Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    Case.objects.bulk_create(
        Case(
            case_no=f"N{n}", case_tail="000001", content=b"0" * 16, item_name="企业设立登记", item_code="T1",
            channel="1", project_type="1", department=office.unit_a, window=office.window_a1,
            received_at=RECEIVED, received_on=RECEIVED.date(), finished_at=RECEIVED,
            finished_on=RECEIVED.date(), state="finished", changed_at=RECEIVED,
        )
        for n in range(1, 10)
    )  # fmt: skip


def row(number: str, level: str = "5", **more: str) -> dict[str, str]:
    said = {"projectNo": number, "pf": "4", "satisfaction": level, "assessTime": "2023-05-08 10:30:00"}
    return {**said, "promiseTime": "2", "userProp": "1", **more}


ROWS = [row("N1", "1", workOrderNo="ZJ1", **BY_NAME), row("N2", "4"), row("NONE")]


def as_csv(rows: list[dict[str, str]], code: str = "A") -> bytes:
    out = StringIO()
    writer = csv.DictWriter(out, FORMATS[code].columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def upload(client: Any, content: bytes, code: str = "A", **more: str) -> Exchange:
    said = {"file": SimpleUploadedFile("评价.csv", content), "form": code, **more}
    answer = client.post(reverse("ratings:exchange-take"), said)
    assert answer.status_code == 302, answer.content.decode()
    return Exchange.objects.latest("pk")


def page(client: Any, exchange: Exchange) -> str:
    return str(client.get(reverse("ratings:exchange-file", args=[exchange.pk])).content.decode())


def answer_to(client: Any, exchange: Exchange, verb: str) -> Any:
    return client.post(reverse("ratings:exchange-answer", args=[exchange.pk, verb]), follow=True)


def test_a_file_is_checked_first_and_taken_in_when_confirmed(
    as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.APPRAISAL)
    exchange = upload(client, as_csv(ROWS))
    assert "在后台进行" in page(client, exchange)
    progress = reverse("ratings:exchange-progress", args=[exchange.pk])
    assert "排队中" in client.get(progress).content.decode()
    run_tasks()
    assert client.get(progress, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    html = page(client, exchange)
    assert "检查结果：尚未写入" in html
    assert "没有这件办件" in html
    assert "确认后新开差评处置 1 件" in html
    assert not Rating.objects.exists()
    answer_to(client, exchange, "confirm")
    run_tasks()
    exchange.refresh_from_db()
    assert (exchange.status, exchange.created, exchange.refused, exchange.loops) == ("done", 2, 1, 1)
    assert BadRating.objects.get().number == "ZJ1"
    listed = b"".join(client.get(reverse("ratings:exchange-refused", args=[exchange.pk]))).decode("utf-8-sig")
    assert listed.startswith("行号,字段,原因")
    assert "没有这件办件" in listed
    events = set(JournalEntry.objects.values_list("event", flat=True))
    assert events >= {"ratings.exchange_started", "ratings.exchange_confirmed", "ratings.imported"}


def test_the_content_of_a_file_is_gone_once_it_is_taken_in_since_it_names_the_cases_of_anonymous_ratings(
    as_role: Callable[..., Any], run_tasks: Callable[[], int], django_capture_on_commit_callbacks: Any
) -> None:
    client = as_role(Role.APPRAISAL)
    exchange = upload(client, as_csv(ROWS))
    kept = files.path_of(exchange.sha256)
    run_tasks()
    assert kept.exists()
    answer_to(client, exchange, "confirm")
    with django_capture_on_commit_callbacks(execute=True):
        run_tasks()
    exchange.refresh_from_db()
    assert exchange.file is None
    assert not kept.exists()
    assert not StoredFile.objects.filter(sha256=exchange.sha256).exists()


def test_the_same_file_again_changes_nothing_and_says_when_it_came_before(
    as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.APPRAISAL)
    first = upload(client, as_csv(ROWS[:2]))
    run_tasks()
    answer_to(client, first, "confirm")
    run_tasks()
    again = upload(client, as_csv(ROWS[:2]))
    run_tasks()
    html = page(client, again)
    assert "没有要写入的" in html
    assert "已经导入过" in html
    assert "确认导入" not in html
    answer_to(client, again, "confirm")  # an old page may still send it
    run_tasks()
    again.refresh_from_db()
    assert (again.created, again.known, Rating.objects.count()) == (0, 2, 2)


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (as_csv(ROWS), "D", "没有找到表头"),
        (b"%PDF-1.7 not a table", "A", ""),
        (b'[{"projectNo": ', "A", "不是可以读取的 JSON 文件"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_sentence_and_removed(
    content: bytes, code: str, sentence: str, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.APPRAISAL)
    exchange = upload(client, content, code)
    run_tasks()
    exchange.refresh_from_db()
    assert exchange.status == "failed"
    assert exchange.refusal
    assert sentence in exchange.refusal
    assert exchange.file is None
    assert "没有导入" in page(client, exchange)


def test_who_sends_no_file_or_an_empty_one_is_told_in_place(as_role: Callable[..., Any]) -> None:
    client, address = as_role(Role.APPRAISAL), reverse("ratings:exchange-take")
    answer = client.post(address, {"form": "A"})
    assert answer.status_code == 422
    assert "请选择要导入的文件" in answer.content.decode()
    empty = client.post(address, {"form": "A", "file": SimpleUploadedFile("a.csv", b"")})
    assert "文件是空的" in empty.content.decode()
    unknown = client.post(address, {"form": "Z", "file": SimpleUploadedFile("a.csv", b"1")})
    assert unknown.status_code == 422


def test_a_checked_file_may_be_given_up_and_is_not_taken_in_afterwards(
    as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.APPRAISAL)
    exchange = upload(client, as_csv(ROWS))
    run_tasks()
    assert "已放弃" in answer_to(client, exchange, "drop").content.decode()
    assert "不是待确认" in answer_to(client, exchange, "confirm").content.decode()
    run_tasks()
    assert not Rating.objects.exists()


def test_nobody_confirming_for_three_days_gives_a_file_up(
    as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    exchange = upload(as_role(Role.APPRAISAL), as_csv(ROWS))
    run_tasks()
    exchange_jobs.drop_old(NOW + timedelta(days=2))
    exchange.refresh_from_db()
    assert exchange.status == "checked"
    exchange_jobs.drop_old(NOW + timedelta(days=4))
    exchange.refresh_from_db()
    assert (exchange.status, exchange.file) == ("dropped", None)


def test_a_run_killed_in_the_middle_is_gone_on_with_and_counts_the_whole(
    as_role: Callable[..., Any], run_tasks: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies after the first of three chunks; what it wrote stays, the second run writes the rest."""
    client = as_role(Role.APPRAISAL)
    monkeypatch.setattr(intake, "CHUNK", 2)
    exchange = upload(client, as_csv([row(f"N{n}", "4") for n in range(1, 7)]))
    run_tasks()
    Exchange.objects.filter(pk=exchange.pk).update(status="waiting")

    class Killed(BaseException):
        """What nothing in the house catches."""

    def die(read: int) -> None:
        raise Killed

    found = Exchange.objects.select_related("file", "refused_file").get(pk=exchange.pk)
    with monkeypatch.context() as patch:
        patch.setattr(exchanging, "_teller", lambda exchange: die)
        with pytest.raises(Killed):
            exchanging.work(exchange=found, is_trial=False, by=make.SYSTEM, at=NOW)
    assert Rating.objects.count() == 2
    exchange_jobs.take.func(exchange.pk)
    exchange.refresh_from_db()
    assert (exchange.status, exchange.created, exchange.known) == ("done", 6, 0)
    assert Rating.objects.count() == 6
    exchange_jobs.take.func(exchange.pk)  # put back once more by the reaper
    assert Rating.objects.count() == 6


def test_a_period_goes_out_in_a_partners_form_to_the_asker_alone(
    as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    client = as_role(Role.APPRAISAL)
    first = upload(client, as_csv(ROWS[:2]))
    run_tasks()
    answer_to(client, first, "confirm")
    run_tasks()
    wanted = {"form": "D", "first_on": "2023-05-01", "last_on": "2023-05-31", "file_format": "csv"}
    address = reverse("ratings:exchange-give")
    assert "请" in client.post(address, wanted).content.decode()
    assert not Download.objects.exists()
    assert client.post(address, {**wanted, "reason": "上报五月评价"}).status_code == 302
    run_tasks()
    exchange, download = Exchange.objects.latest("pk"), Download.objects.get()
    assert (exchange.status, exchange.created, download.state) == ("done", 2, "done")
    address = reverse("site:download_file", args=[download.pk])
    given_out = list(csv.DictReader(StringIO(b"".join(client.get(address)).decode("utf-8-sig"))))
    assert {r["满意度代码"] for r in given_out} == {"5", "2"}  # the national standard counts downwards
    assert {r["办件编号"] for r in given_out} == {"N1", ""}
    other = as_role(Role.GENERAL)
    assert other.get(address).status_code == 404
    bodies = [bytes(e.body).decode() for e in JournalEntry.objects.filter(event="export.asked")]
    assert "上报五月评价" in bodies[0]


@pytest.mark.parametrize(
    ("first_on", "last_on"), [("2023-05-31", "2023-05-01"), ("2021-01-01", "2023-05-01")]
)
def test_a_period_upside_down_or_too_long_is_refused_in_place(
    first_on: str, last_on: str, as_role: Callable[..., Any]
) -> None:
    wanted = {"form": "A", "first_on": first_on, "last_on": last_on, "file_format": "csv", "reason": "上报"}
    answer = as_role(Role.APPRAISAL).post(reverse("ratings:exchange-give"), wanted)
    assert answer.status_code == 422
    assert "起止日期应前后相接" in answer.content.decode()


@pytest.mark.parametrize("name", ["exchange", "exchange-take", "exchange-give"])
def test_only_who_exchanges_ratings_sees_the_screens(name: str, as_role: Callable[..., Any]) -> None:
    assert as_role(Role.APPRAISAL).get(reverse(f"ratings:{name}")).status_code == 200
    assert as_role(Role.WINDOW_CLERK).get(reverse(f"ratings:{name}")).status_code == 403


TRAPS = [("A", "5", 5), ("A", "1", 1), ("B", "5", 5), ("B", "1", 1), ("D", "1", 5), ("D", "5", 1)]


@pytest.mark.parametrize(("code", "said", "level"), TRAPS)
def test_the_level_is_turned_round_for_the_national_standard_alone_through_the_screen(
    code: str, said: str, level: int, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    rows = {
        "A": row("N1", said),
        "B": {"affairSerialNo": "N1", "satisfaction": said, "assessTime": "20230508103000", "userType": "1"},
        "D": {"办件编号": "N1", "评价渠道": "大厅平板", "评价时间": "20230508T103000", "满意度代码": said},
    }
    client = as_role(Role.APPRAISAL)
    exchange = upload(client, as_csv([rows[code]], code), code)
    run_tasks()
    answer_to(client, exchange, "confirm")
    run_tasks()
    assert Rating.objects.get().level == level


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=9),
    code=st.sampled_from("AD"),
)
def test_what_goes_out_by_the_screen_comes_in_again_without_a_double(
    drawn: list[tuple[int, bool]], code: str, as_role: Callable[..., Any], run_tasks: Callable[[], int]
) -> None:
    Rating.objects.filter(loop=None).delete()
    BadRating.objects.all().delete()
    Rating.objects.all().delete()
    client = as_role(Role.APPRAISAL)
    rows = [row(f"N{n}", str(lv), **(BY_NAME if named else {})) for n, (lv, named) in enumerate(drawn, 1)]
    exchange = upload(client, as_csv(rows))
    run_tasks()
    answer_to(client, exchange, "confirm")
    run_tasks()
    levels = sorted(Rating.objects.values_list("level", flat=True))
    assert levels == sorted(level for level, _ in drawn)
    wanted = {"form": code, "first_on": "2023-05-01", "last_on": "2023-05-31", "file_format": "csv"}
    client.post(reverse("ratings:exchange-give"), {**wanted, "reason": "核对"})
    run_tasks()
    address = reverse("site:download_file", args=[Download.objects.latest("pk").pk])
    content = b"".join(client.get(address))
    if code == "A":
        again = upload(client, content)
        run_tasks()
        again.refresh_from_db()
        assert (again.created, again.known, again.refused) == (0, len(drawn), 0)
    read = [FORMATS[code].read(one) for one in csv.DictReader(StringIO(content.decode("utf-8-sig")))]
    assert sorted(r.level for r in read if r is not None) == levels
