"""Bad ratings by API: the same reach, lights, steps and sentences as on screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import CHINA
from tests.ratings import loops
from xinfu.core import clock
from xinfu.core.access import Role
from xinfu.ratings.flow import Status

AT = datetime(2023, 5, 18, 9, 0, tzinfo=CHINA)
URL = "/api/v1/ratings/loops"


@pytest.fixture(autouse=True)
def _a_day_of_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(hours=1))


def test_pages_follow_each_other_without_gap_or_double(office: Any, as_role: Callable[..., Any]) -> None:
    for _ in range(5):
        loops.loop(office, AT)
    client, seen, cursor = as_role(Role.WINDOW_CHIEF), [], ""
    while True:
        page = client.get(URL, {"limit": 2, "cursor": cursor}).json()
        seen += [item["number"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 5
    assert client.get(URL, {"cursor": "x"}).status_code == 422
    assert client.get(URL, {"cursor": f"2023-01-01.{2**70}"}).status_code == 422


@pytest.mark.parametrize("query", ["box=mine", "box=judge", "box=raised", "light=bad", "finished=true"])
def test_what_is_asked_narrows_the_list(office: Any, as_role: Callable[..., Any], query: str) -> None:
    loops.loop(office, AT)
    items = as_role(Role.WINDOW_CHIEF).get(f"{URL}?{query}").json()["items"]
    assert len(items) == (1 if query == "box=mine" else 0)


def test_an_anonymous_one_says_neither_item_nor_window_nor_person(
    office: Any, as_role: Callable[..., Any]
) -> None:
    loop = loops.loop(office, AT, named=False)
    said = as_role(Role.APPRAISAL).get(f"{URL}/{loop.rating.code}")
    assert said.json()["item_name"] == ""
    for secret in ("企业设立登记", "窗口一", "章"):
        assert secret not in said.content.decode()


def test_a_step_is_taken_or_refused_with_the_same_sentence(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT)
    client, url = as_role(Role.WINDOW_CHIEF), f"{URL}/{loop.rating.code}/moves"

    def post(key: str, **said: Any) -> Any:
        return client.post(url, said, content_type="application/json", headers={"Idempotency-Key": key})

    assert "请写明理由" in post("key-00001", move="appeal").content.decode()
    assert post("key-00002", move="nothing").status_code == 404
    assert post("key-00003", move="uphold", note="成立").status_code in (403, 409)
    done = post("key-00004", move="accept", due_on="2023-06-01").json()
    assert (done["status"], done["rectify_due_on"]) == (Status.RECTIFYING, "2023-06-01")
    assert done["steps"][0]["verb"] == "认定属实，开始整改"
    assert as_role(Role.WINDOW_CHIEF, office.unit_b).get(f"{URL}/{loop.rating.code}").status_code == 404
