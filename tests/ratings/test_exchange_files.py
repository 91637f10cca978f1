"""Files and calls of partners: in, out, and in again; nothing that leads to the author of an anonymous rating."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests import make
from xinfu.cases.models import Case
from xinfu.catalog.models import Item, ItemVersion
from xinfu.core import clock, privacy
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.lib import tables
from xinfu.ratings.exchange import FORMATS
from xinfu.ratings.models import BadRating, Rating
from xinfu.ratings.pushing import read_push

pytestmark = pytest.mark.django_db
RECEIVED = datetime(2023, 5, 4, 1, tzinfo=UTC)
PERSON = {"userName": "章明明", "certkeyGOV": "330624199001010013", "mobile": "13800001234"}
API = "/api/v1/ratings/exchange"


@pytest.fixture(autouse=True)
def _cases(office: make.Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2023, 5, 10, 1, tzinfo=UTC))
    for n in range(1, 4):
        Case.objects.create(
            case_no=f"N{n}", case_tail="000001", content=b"0" * 16, item_name="企业设立登记", item_code="T1",
            channel="1", project_type="1", department=office.unit_a, window=office.window_a1,
            received_at=RECEIVED, received_on=RECEIVED.date(), finished_at=RECEIVED,
            finished_on=RECEIVED.date(), state="finished", changed_at=RECEIVED,
        )  # fmt: skip


def row(number: str, level: str = "5", **more: str) -> dict[str, str]:
    said = {"projectNo": number, "pf": "4", "satisfaction": level, "assessTime": "2023-05-08 10:30:00"}
    return {**said, "promiseTime": "2", "userProp": "1", **more}


ROWS = [row("N1", "1", workOrderNo="ZJ1", **PERSON), row("N2", "4"), row("NONE")]


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    names = FORMATS["A"].columns
    if path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
        return path
    write = tables.write_xlsx if path.suffix == ".xlsx" else tables.write_csv
    write(path, names, ([one.get(name, "") for name in names] for one in rows))
    return path


def run(command: str, *args: str) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *args, stdout=out)
    return dict(json.loads(out.getvalue()))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_a_file_is_taken_row_by_row_and_what_was_not_is_listed(kind: str, tmp_path: Path) -> None:
    path, rejected = written(tmp_path / f"a.{kind}", ROWS), tmp_path / "rejected.csv"
    said = run("import_ratings", "--format", "A", "--rejected", str(rejected), str(path))
    assert (said["read"], said["created"], said["refused"], said["loops"]) == (3, 2, 1, 1)
    assert BadRating.objects.get().number == "ZJ1"
    with rejected.open(encoding="utf-8-sig") as file:
        assert "没有这件办件" in next(csv.DictReader(file))["原因"]


def test_a_check_writes_nothing(tmp_path: Path) -> None:
    said = run("import_ratings", "--format", "A", "--check", str(written(tmp_path / "a.csv", ROWS)))
    assert said["created"] == 2
    assert not Rating.objects.exists()


def test_a_file_of_another_form_is_refused_as_a_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        call_command(
            "import_ratings", "--format", "D", str(written(tmp_path / "a.csv", ROWS)), stdout=StringIO()
        )
    assert not Rating.objects.exists()


@pytest.mark.parametrize("code", ["A", "D"])
def test_what_was_given_out_comes_in_again_without_a_double(code: str, tmp_path: Path) -> None:
    run("import_ratings", "--format", "A", str(written(tmp_path / "a.csv", ROWS)))
    out = tmp_path / f"{code}.csv"
    said = run("export_ratings", "--format", code, "--from", "2023-05-01", "--to", "2023-05-31", str(out))
    assert said == {"written": 2, "left_out": 0}
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if code == "A":
        assert {r["satisfaction"] for r in rows} == {"1", "4"}
        named = next(r for r in rows if r["anonymityFlag"] == "0")
        assert (named["projectNo"], named["promiseTime"], named["mobile"]) == ("N1", "2", "13800001234")
        again = run("import_ratings", "--format", code, str(out))
        assert (again["created"], again["known"], again["refused"]) == (0, 2, 0)
    else:
        assert {r["满意度代码"] for r in rows} == {"5", "2"}


def test_an_anonymous_rating_leaves_the_house_without_case_person_hour_and_rare_item(tmp_path: Path) -> None:
    run("import_ratings", "--format", "A", str(written(tmp_path / "a.csv", [row("N2", "4")])))
    out = tmp_path / "out.csv"
    run("export_ratings", "--format", "A", "--from", "2023-05-01", "--to", "2023-05-31", str(out))
    with out.open(encoding="utf-8-sig") as file:
        given = next(csv.DictReader(file))
    empty = (
        "projectNo",
        "userName",
        "certkeyGOV",
        "mobile",
        "taskCode",
        "taskName",
        "promiseTime",
        "acceptDate",
        "userProp",
        "proManager",
        "subMatter",
    )
    assert not any(given[name] for name in empty)
    assert given["assessTime"] == "2023-05-08 00:00:00"


@pytest.fixture
def known_case(office: make.Office) -> Case:
    """Return a case of which the house knows the handler, the times and the item."""
    item = Item.objects.create(code="330624000000000000001", department=office.unit_a)
    details = {"handle_item": "H" * 33, "user_topic_type": "准营准办", "corp_topic_type": "设立变更"}
    version = ItemVersion.objects.create(
        item=item,
        version=1,
        since=date(2023, 1, 1),
        name="企业设立登记",
        task_type="20",
        details=details,
        imported_at=RECEIVED,
    )
    Case.objects.filter(case_no="N1").update(
        handler_name="经办丙", item_version=version, applied_at=datetime(2023, 5, 3, 1, tzinfo=UTC),
        finished_at=datetime(2023, 5, 5, 2, 30, tzinfo=UTC), finished_on=date(2023, 5, 5),
    )  # fmt: skip
    return Case.objects.get(case_no="N1")


def exported(code: str, path: Path) -> list[dict[str, str]]:
    run("export_ratings", "--format", code, "--from", "2023-05-01", "--to", "2023-05-31", str(path))
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_of_a_rating_by_name_all_is_given_that_the_house_knows(
    known_case: Case, office: make.Office, tmp_path: Path
) -> None:
    pushed = {
        "affairSerialNo": "N1", "satisfaction": "4", "assessTime": "20230508103000", "anonymityFlag": "0",
        "userName": "章明明", "certificateNo": "E123", "certificateType": "414", "contactPhone": "13800001234",
        "evalDetail": "406,401",
    }  # fmt: skip
    run("import_ratings", "--format", "B", str(written(tmp_path / "b.json", [pushed])))
    (given,) = exported("A", tmp_path / "a.csv")
    assert given.items() >= {
        "areaCode": "330624", "areaName": "新昌县", "deptCode": office.unit_a.code,
        "proDepart": office.unit_a.name, "proManager": "经办丙", "acceptDate": "2023-05-04 09:00:00",
        "subMatter": "准营准办", "projectNo": "N1", "userName": "章明明", "userProp": "1", "promiseTime": "2",
        "satisfaction": "4", "assessTime": "2023-05-08 10:30:00", "anonymityFlag": "0",
    }.items()  # fmt: skip
    assert not any(given[name] for name in FORMATS["A"].not_kept)
    (given,) = exported("B", tmp_path / "b.csv")
    assert given.items() >= {
        **pushed, "evalProcess": "2", "affairCode": "T1", "affairName": "企业设立登记", "affairDealOfficer": "经办丙",
        "affairApplyTime": "20230503090000", "affairDoneTime": "20230505103000",
        "affairHandleItem": "H" * 33, "userType": "0", "departmentCode": office.unit_a.code,
    }.items()  # fmt: skip
    assert read_push(given).case_no == "N1"
    assert run("import_ratings", "--format", "B", str(tmp_path / "b.csv"))["known"] == 1
    (given,) = exported("D", tmp_path / "d.csv")
    assert (given["行政区划"], given["评价人"], given["满意度代码"]) == ("330624", "章明明", "2")


@pytest.mark.parametrize("code", "ABD")
def test_of_an_anonymous_rating_of_the_same_case_the_house_gives_area_and_unit_and_nothing_of_the_case(
    known_case: Case, office: make.Office, tmp_path: Path, code: str
) -> None:
    said = {"assessTime": "20230508103000", "affairSerialNo": "N1", "satisfaction": "4", "userType": "1"}
    run("import_ratings", "--format", "B", str(written(tmp_path / "b.json", [said])))
    (given,) = exported(code, tmp_path / "out.csv")
    given_by_form = {
        "A": {
            "areaCode": "330624", "areaName": "新昌县", "deptCode": office.unit_a.code,
            "proDepart": office.unit_a.name, "proStatus": "3", "pf": "5", "satisfaction": "4",
            "assessTime": "2023-05-08 00:00:00", "assessNumber": "1", "dataSource": "133", "anonymityFlag": "1",
            "publicFlag": "0", "workOrderNo": Rating.objects.get().code,
        },
        "B": {
            "evalProcess": "2", "departmentCode": office.unit_a.code, "satisfaction": "4",
            "assessTime": "20230508000000", "anonymityFlag": "1", "publicFlag": "0",
            "workOrderNo": Rating.objects.get().code,
        },
        "D": {
            "评价渠道": "大厅其他终端", "评价人": "匿名用户", "评价时间": "20230508T000000", "评价次数": "1",
            "满意度": "满意", "满意度代码": "2", "行政区划": "330624", "评价编号": Rating.objects.get().code,
        },
    }[code]  # fmt: skip
    assert {name: value for name, value in given.items() if value} == given_by_form


@pytest.mark.parametrize(
    ("change", "left_out"), [({"finished_at": None, "finished_on": None}, 1), ({"project_type": "9"}, 0)]
)
def test_what_the_house_does_not_know_is_not_made_up(
    tmp_path: Path, change: dict[str, Any], left_out: int
) -> None:
    run(
        "import_ratings",
        "--format",
        "A",
        str(written(tmp_path / "a.json", [row("N1", "4", pf="5", **PERSON)])),
    )
    Case.objects.filter(case_no="N1").update(**change)
    out = tmp_path / "b.csv"
    said = run("export_ratings", "--format", "B", "--from", "2023-05-01", "--to", "2023-05-31", str(out))
    assert said["left_out"] == left_out
    (given,) = exported("A", tmp_path / "a.csv")
    assert given["promiseTime"] == ("" if "project_type" in change else "2")


def test_a_number_longer_than_partners_have_room_for_is_left_out_whole(
    known_case: Case, tmp_path: Path
) -> None:
    ItemVersion.objects.update(details={"handle_item": "H" * 34})
    by_name = row("N1", "4", pf="5", **PERSON)
    run("import_ratings", "--format", "A", str(written(tmp_path / "a.json", [by_name])))
    Rating.objects.update(sealed=privacy.seal({"name": "章明明", "phone": "1" * 31}))
    (given,) = exported("B", tmp_path / "b.csv")
    assert (given["affairHandleItem"], given["contactPhone"]) == ("", "")


def test_a_partner_sends_and_fetches_by_the_same_rules(as_role: Callable[..., Any]) -> None:
    client = as_role(Role.APPRAISAL)
    answer = client.post(f"{API}/A/records", {"records": ROWS}, content_type="application/json")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["created"], said["refused"], said["refusals"][0]["row"]) == (2, 1, 3)
    period = {"first_on": "2023-05-01", "last_on": "2023-05-31"}
    given = client.post(f"{API}/D/export", period, content_type="application/json").json()
    assert {r["满意度代码"] for r in given["records"]} == {"5", "2"}
    assert set(JournalEntry.objects.values_list("event", flat=True)) >= {
        "ratings.imported",
        "ratings.exported",
    }
    upside_down = {"first_on": "2023-05-31", "last_on": "2023-05-01"}
    assert client.post(f"{API}/D/export", upside_down, content_type="application/json").status_code == 422


def test_a_single_anonymous_rating_sent_by_a_window_leaves_no_line_that_tells_its_hour(
    as_role: Callable[..., Any],
) -> None:
    pushed = {
        "affairSerialNo": "N3",
        "satisfaction": "1",
        "assessTime": "20230508103000",
        "userName": "章明明",
    }
    before = JournalEntry.objects.count()
    client = as_role(Role.APPRAISAL)
    answer = client.post(f"{API}/B/records", {"records": [pushed]}, content_type="application/json")
    assert answer.json()["created"] == 1
    assert JournalEntry.objects.exclude(event__startswith="session").count() <= before
    assert Rating.objects.get().case_id is None


def test_who_may_not_exchange_ratings_is_told_so(as_role: Callable[..., Any]) -> None:
    client = as_role(Role.WINDOW_CLERK)
    answer = client.post(f"{API}/A/records", {"records": ROWS}, content_type="application/json")
    assert answer.status_code == 403
