"""Cases pushed and read by other systems."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests import make
from tests.cases.conftest import GOOD_ID, import_cases, row
from xinfu.cases.access import Can
from xinfu.cases.models import Case
from xinfu.core.models import JournalEntry
from xinfu.people import actions as people

CASE: dict[str, Any] = {
    "case_no": "XCAPI0001",
    "item_name": "食品经营许可",
    "channel": "2",
    "department": "11330624MB0011",
    "applicant_name": "张三丰",
    "id_no": GOOD_ID,
    "phone": "13800001234",
    "received_at": "2023-06-19T09:00:00+08:00",
    "accepted_at": "2023-06-19T10:00:00+08:00",
    "promise_days": 5,
}


class ApiClient(Client):
    """A system with a token."""

    def __init__(self, secret: str) -> None:
        super().__init__(headers={"Authorization": f"Bearer {secret}"})

    def send(self, path: str, body: Any) -> Any:
        return self.post(f"/api/v1/cases{path}", json.dumps(body), content_type="application/json")

    def fetch(self, path: str = "", **query: Any) -> Any:
        return self.get(f"/api/v1/cases{path}", query)


@pytest.fixture
def system_of(office: Any, now: datetime) -> Callable[..., ApiClient]:
    """Return `system_of(department=None, scopes=…) -> ApiClient`: a system with a token for that unit."""

    def issue(department: Any = None, scopes: tuple[str, ...] = (Can.PUSH, Can.SEE)) -> ApiClient:
        import hashlib

        from xinfu.people.models import ApiToken

        secret = f"secret-{ApiToken.objects.count()}"
        ApiToken.objects.create(
            name=secret,
            digest=hashlib.sha256(secret.encode()).digest(),
            scopes=[str(s) for s in scopes],
            department=department,
            made_at=now,
            made_by="测试",
        )
        return ApiClient(secret)

    return issue


def test_a_case_is_pushed_once_and_again_without_effect(system_of: Callable[..., ApiClient]) -> None:
    client = system_of()
    first = client.send("", CASE)
    assert (first.status_code, first.json()["created"]) == (200, 1), first.content
    again = client.send("", CASE)
    assert (again.json()["created"], again.json()["updated"], again.json()["unchanged"]) == (0, 0, 1)
    case = Case.objects.get()
    assert (case.due_on, case.state, case.batch) == (date(2023, 6, 27), "handling", None)
    assert JournalEntry.objects.filter(event="cases.pushed").count() == 1


def test_a_newer_version_updates_and_an_older_one_does_not(system_of: Callable[..., ApiClient]) -> None:
    client = system_of()
    client.send("", {**CASE, "data_version": 2})
    done = {**CASE, "data_version": 3, "finished_at": "2023-06-21 10:00:00", "state": "finished"}
    assert client.send("", done).json()["updated"] == 1
    assert client.send("", {**CASE, "data_version": 2}).json()["unchanged"] == 1
    assert Case.objects.get().state == "finished"


def test_a_pushed_case_and_the_same_case_in_a_file_are_one(
    system_of: Callable[..., ApiClient], write: Callable[..., Any]
) -> None:
    import_cases(write([row(1, 窗口编号="", 申报来源="2", 办件状态="")]))
    number = Case.objects.get().case_no
    again = system_of().send("", {**CASE, "case_no": number, "project_type": "2"}).json()
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 1)


@pytest.mark.parametrize(
    "changes, field, sentence",
    [
        ({"received_at": "2099-01-01"}, "received_at", "超出合理范围"),
        ({"received_at": "昨天"}, "received_at", "不是能识别的日期时间"),
        ({"channel": "8"}, "channel", "不在对照表中"),
        ({"item_name": "=1+1"}, "item_name", "像是表格公式"),
        ({"item_name": None}, "item_name", "没有事项名称"),
        ({"promise_days": 99999}, "promise_days", "应在0到3650之间"),
    ],
)
def test_a_refused_case_says_which_field_and_why(
    system_of: Callable[..., ApiClient], changes: dict[str, Any], field: str, sentence: str
) -> None:
    answer = system_of().send("", {**CASE, **changes})
    assert answer.status_code == 422
    assert answer["Content-Type"].startswith("application/problem+json")
    assert sentence in answer.content.decode()
    assert not Case.objects.exists()


def test_a_batch_takes_the_good_and_names_the_bad(system_of: Callable[..., ApiClient]) -> None:
    wanted = [{**CASE, "case_no": f"B{n:04}"} for n in range(1, 51)]
    wanted[9] = {**wanted[9], "received_at": "不知道"}
    answer = system_of().send("/batch", {"cases": wanted}).json()
    assert (answer["read"], answer["created"], answer["rejected"]) == (50, 49, 1)
    assert [(r["row"], r["column"]) for r in answer["refusals"]] == [(10, "received_at")]


def test_more_than_five_thousand_at_once_and_unknown_fields_are_refused(
    system_of: Callable[..., ApiClient],
) -> None:
    client = system_of()
    assert client.send("/batch", {"cases": [CASE] * 5001}).status_code == 422
    assert client.send("/batch", {"cases": []}).status_code == 422
    assert client.send("", {**CASE, "colour": "red"}).status_code == 422


def test_a_system_of_one_unit_pushes_its_own_cases_only(
    system_of: Callable[..., ApiClient], office: Any
) -> None:
    client = system_of(office.unit_b)
    answer = client.send("", CASE)
    assert (answer.status_code, "推送范围" in answer.content.decode()) == (422, True)
    assert client.send("", {**CASE, "department": office.unit_b.code}).status_code == 200


def test_a_system_cannot_take_over_another_units_case(
    system_of: Callable[..., ApiClient], office: Any
) -> None:
    system_of(office.unit_a).send("", CASE)
    answer = system_of(office.unit_b).send("", {**CASE, "department": office.unit_b.code, "data_version": 9})
    assert answer.status_code == 422
    assert Case.objects.get().department == office.unit_a


def test_without_the_permission_nothing_is_pushed_or_read(
    system_of: Callable[..., ApiClient], as_role: Callable[..., Any]
) -> None:
    from xinfu.core.access import Role

    assert system_of(scopes=(Can.SEE,)).send("", CASE).status_code == 403
    assert system_of(scopes=(Can.PUSH,)).fetch().status_code == 403
    assert Client().get("/api/v1/cases").status_code == 401
    assert as_role(Role.SECURITY_ADMIN).get("/api/v1/cases").status_code == 403


def test_the_list_pages_by_cursor_without_loss_or_repeat(system_of: Callable[..., ApiClient]) -> None:
    client = system_of()
    begin = datetime.fromisoformat("2023-06-19T09:00:00+08:00")
    wanted = [
        {**CASE, "case_no": f"L{n:04}", "received_at": (begin + timedelta(minutes=n // 3)).isoformat()}
        for n in range(25)
    ]
    client.send("/batch", {"cases": wanted})
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.fetch(limit=7, cursor=cursor).json()
        seen += [c["case_no"] for c in page["cases"]]
        cursor = page["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 25
    assert client.fetch(cursor="nonsense").status_code == 422


def test_personal_values_are_masked_and_found_only_as_a_whole(system_of: Callable[..., ApiClient]) -> None:
    client = system_of()
    client.send("", CASE)
    case = client.fetch("/XCAPI0001").json()
    assert (case["applicant_name"], case["id_no"], case["phone"]) == (
        "张**",
        "1101************2X",
        "138****1234",
    )
    assert len(client.fetch(q=GOOD_ID).json()["cases"]) == 1
    assert len(client.fetch(q="13800001234").json()["cases"]) == 1
    assert len(client.fetch(q="XCAPI0001").json()["cases"]) == 1
    assert len(client.fetch(q="PI0001").json()["cases"]) == 1
    assert client.fetch(q="1234").json()["cases"] == []
    assert client.fetch(q=GOOD_ID[:10]).json()["cases"] == []


def test_a_system_reads_its_own_units_cases_only(system_of: Callable[..., ApiClient], office: Any) -> None:
    system_of().send("", CASE)
    assert system_of(office.unit_b).fetch().json()["cases"] == []
    assert system_of(office.unit_b).fetch("/XCAPI0001").status_code == 404
    assert len(system_of(office.unit_a).fetch().json()["cases"]) == 1


def test_pushing_needs_no_more_than_a_few_queries_whatever_the_size(
    system_of: Callable[..., ApiClient], django_assert_max_num_queries: Any
) -> None:
    client = system_of()
    wanted = [{**CASE, "case_no": f"Q{n:05}"} for n in range(500)]
    with django_assert_max_num_queries(40):
        assert client.send("/batch", {"cases": wanted}).status_code == 200
    with django_assert_max_num_queries(12):
        assert len(client.fetch(limit=200).json()["cases"]) == 200


def test_builders_are_there() -> None:
    assert make.SYSTEM.may(Can.PUSH)
    assert people.issue_token is not None
