"""Screens and API of assigned items: who may open them, one success and one refusal each."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.assignments import items
from xinfu.assignments import actions
from xinfu.assignments.flow import Status
from xinfu.assignments.models import Item, ItemFile
from xinfu.core import clock
from xinfu.core.access import Role

MAY_SEE = {
    Role.LEADER, Role.GENERAL, Role.APPRAISAL, Role.APPROVALS, Role.INTERMEDIARY, Role.TRADING,
    Role.DATA_BUREAU, Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK,
}  # fmt: skip
MAY_GIVE = MAY_SEE - {Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK}
STAFF = sorted(set(Role) - {Role.OUTSIDE, Role.SYSTEM_TOKEN})


def soon() -> date:
    return clock.today() + timedelta(days=30)


def given(office: Any, **values: Any) -> Item:
    return items.item(office, at=clock.now(), due_on=soon(), **values)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.parametrize("role", STAFF)
def test_screens_and_api_open_to_the_same_roles(office: Any, as_role: Any, role: Role) -> None:
    client = as_role(role)
    for url, who in (("", MAY_SEE), ("give/", MAY_GIVE)):
        assert client.get(f"/assignments/{url}").status_code == (200 if role in who else 403)
    assert client.get("/api/v1/assignments").status_code == (200 if role in MAY_SEE else 403)


@pytest.mark.parametrize("url", ["", "progress/", "split/", "transfer/", "answer/", "remind/"])
def test_another_units_item_is_not_there(office: Any, as_role: Any, url: str) -> None:
    item = given(office)
    assert as_role(Role.UNIT_LIAISON).get(f"/assignments/{item.pk}/{url}").status_code == 200
    assert as_role(Role.UNIT_LIAISON, office.unit_b).get(f"/assignments/{item.pk}/{url}").status_code == 404


def test_an_item_is_given_accepted_and_reported_on_screen(office: Any, as_role: Any) -> None:
    said = {
        "title": "压减受理超时", "source": "meeting", "department": office.unit_a.pk, "due_on": soon(),
        "partners": [office.unit_b.pk],
    }  # fmt: skip
    giver, doer = as_role(Role.GENERAL), as_role(Role.UNIT_LIAISON)
    assert giver.post("/assignments/give/", said).status_code == 302
    item = Item.objects.get()
    url = f"/assignments/{item.pk}/"
    assert "县人力社保局" in text_of(doer.get(url))
    for move in ("accept", "begin"):
        assert doer.post(f"{url}move/", {"move": move}).status_code == 302
    refused = doer.post(f"{url}move/", {"move": "report"})
    assert refused.status_code == 422
    assert "请写明理由或办理情况" in text_of(refused)
    assert doer.post(f"{url}progress/", {"progress": 50, "note": "过半"}).status_code == 302
    assert doer.post(f"{url}move/", {"move": "report", "note": "已办好"}).status_code == 302
    asked = giver.post(f"{url}move/", {"move": "confirm"})
    assert asked.status_code == 200
    assert "不能再改" in text_of(asked)
    item.refresh_from_db()
    assert item.status == Status.REPORTED


def test_the_form_comes_filled_in_from_a_bulletin(office: Any, as_role: Any) -> None:
    page = as_role(Role.GENERAL).get("/assignments/give/?title=压减超期&source=bulletin")
    assert "压减超期" in text_of(page)


def test_a_unit_is_named_and_an_unknown_one_is_refused(office: Any, as_role: Any) -> None:
    item = given(office, state=Status.ACCEPTED)
    doer = as_role(Role.UNIT_LIAISON)
    answer = doer.post(f"/assignments/{item.pk}/transfer/", {"department": "没有的局", "note": "划转"})
    assert answer.status_code == 422
    assert "没有名为" in text_of(answer)
    ok = doer.post(f"/assignments/{item.pk}/transfer/", {"department": "县人力社保局", "note": "划转"})
    assert ok.status_code == 302
    other = as_role(Role.UNIT_LIAISON, office.unit_b)
    assert "答复是否接收转办" in text_of(other.get(f"/assignments/{item.pk}/"))
    assert other.post(f"/assignments/{item.pk}/answer/", {"agree": "1"}).status_code == 302
    assert doer.get(f"/assignments/{item.pk}/").status_code == 404


def test_the_list_holds_its_number_of_queries(
    office: Any, as_role: Any, django_assert_max_num_queries: Any
) -> None:
    client = as_role(Role.GENERAL)
    client.get("/assignments/")
    for n in range(12):
        given(office, title=f"事项{n}")
    with django_assert_max_num_queries(20):
        assert "事项11" in text_of(client.get("/assignments/"))


@pytest.mark.parametrize("box", ["mine", "decide", "take", "given"])
def test_each_box_of_the_list_opens(office: Any, as_role: Any, box: str) -> None:
    given(office)
    assert as_role(Role.UNIT_LIAISON).get(f"/assignments/?box={box}&status=assigned").status_code == 200


def test_the_api_gives_moves_and_refuses_with_the_same_sentence(office: Any, as_role: Any) -> None:
    def post(client: Any, url: str, key: str, body: dict[str, Any]) -> Any:
        return client.post(
            url,
            json.dumps(body, default=str),
            content_type="application/json",
            headers={"Idempotency-Key": key},
        )

    giver, doer = as_role(Role.GENERAL), as_role(Role.UNIT_LIAISON)
    said = {"title": "压减超期", "source": "report", "department": "县市场监管局", "due_on": soon()}
    made = post(giver, "/api/v1/assignments", "give-item-1", said)
    assert made.status_code == 200, made.content
    pk = made.json()["id"]
    assert doer.get("/api/v1/assignments").json()["items"][0]["title"] == "压减超期"
    moved = post(doer, f"/api/v1/assignments/{pk}/moves", "move-item-1", {"move": "accept"})
    assert moved.json()["status"] == "accepted"
    again = post(doer, f"/api/v1/assignments/{pk}/moves", "move-item-2", {"move": "accept"})
    assert again.status_code == 409
    assert "当前状态是" in again.content.decode()
    assert as_role(Role.UNIT_LIAISON, office.unit_b).get(f"/api/v1/assignments/{pk}").status_code == 404


def test_a_leader_changes_a_lamp_and_the_page_says_why(office: Any, as_role: Any) -> None:
    item = given(office)
    leader = as_role(Role.LEADER)
    assert leader.post(
        f"/assignments/{item.pk}/lamp/", {"lamp": "red", "reason": "进展太慢"}
    ).status_code == 302  # fmt: skip
    assert "进展太慢" in text_of(leader.get(f"/assignments/{item.pk}/"))
    assert as_role(Role.GENERAL).get(f"/assignments/{item.pk}/lamp/").status_code == 403


def test_many_are_chased_at_once_and_each_row_says_why_not(office: Any, as_role: Any) -> None:
    client = as_role(Role.GENERAL, office.general)
    fresh, chased, done = (
        given(office, by=client.actor, title="甲"), given(office, by=client.actor, title="乙"),
        given(office, by=client.actor, title="丙", state=Status.CONFIRMED),
    )  # fmt: skip
    actions.remind(chased, by=client.actor, at=clock.now())
    picked = ",".join(str(item.pk) for item in (fresh, chased, done))
    answer = client.post(
        "/assignments/",
        {"bulk": "remind", "picked": picked, "_bulk_sure": "1", "_bulk_seen": "3", "_once": "chase"},
        follow=True,
    )
    said = text_of(answer)
    assert "成功 1，未处理 2" in said
    assert "今天已催办过" in said
    assert "不用催办" in said
    assert fresh.steps.filter(move="remind").count() == 1


def test_evidence_goes_to_those_who_see_the_item_and_to_nobody_else(office: Any, as_role: Any) -> None:
    item = given(office, state=Status.IN_WORK)
    doer = as_role(Role.UNIT_LIAISON)
    sheet = SimpleUploadedFile("佐证.pdf", b"%PDF-1.7 x", "application/pdf")
    sent = {"move": "report", "note": "已办好", "files": sheet}
    assert doer.post(f"/assignments/{item.pk}/move/", sent).status_code == 302
    file = ItemFile.objects.get(step__item=item)
    url = f"/assignments/{item.pk}/files/{file.pk}/"
    assert b"".join(doer.get(url).streaming_content) == b"%PDF-1.7 x"
    assert as_role(Role.UNIT_LIAISON, office.unit_b).get(url).status_code == 404


def test_a_final_step_keeps_its_evidence_over_the_page_that_asks_again(office: Any, as_role: Any) -> None:
    client = as_role(Role.GENERAL, office.general)
    item = given(office, by=client.actor, state=Status.REPORTED)
    url = f"/assignments/{item.pk}/move/"
    sheet = SimpleUploadedFile("验收.pdf", b"%PDF-1.7 z", "application/pdf")
    page = text_of(client.post(url, {"move": "confirm", "note": "同意", "files": sheet}))
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    assert client.post(url, hidden).status_code == 302
    item.refresh_from_db()
    assert item.status == Status.CONFIRMED
    assert ItemFile.objects.get(step__item=item).name == "验收.pdf"
