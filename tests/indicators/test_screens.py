"""Screens of the indicators: who sees them, that every number opens to its records, refusals, files, query counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import make
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.indicators import actions
from xinfu.indicators.models import ColourRule, ImportedValue, Target

PERIOD = "frm=2023-01-01&to=2023-05-31"
PAGES = (
    "/indicators/",
    "/indicators/league/",
    "/indicators/wall/",
    "/indicators/catalogue/",
    "/indicators/weekly/?day=2023-05-15",
    "/indicators/monthly/?day=2023-05-01",
    "/indicators/of/one_net_rate/",
    f"/indicators/of/one_net_rate/number/?{PERIOD}",
    f"/indicators/of/one_net_rate/peers/?{PERIOD}",
    f"/indicators/of/one_net_rate/numerator/records/?{PERIOD}",
)


@pytest.fixture(autouse=True)
def _demo_day(settings: Any, now: datetime) -> None:
    settings.DEMO_DAY = now.date()


def row(n: int, unit: Any, *, unified: bool, late: bool = False) -> dict[str, Any]:
    return {
        "case_no": f"{unit.code}2023051{n:04}",
        "item_name": "企业设立登记",
        "department": unit.code,
        "channel": "2",
        "is_unified": unified,
        "is_unified_item": True,
        "received_at": "2023-05-10T09:00:00+08:00",
        "accepted_at": "2023-05-10T10:00:00+08:00",
        "finished_at": "2023-05-17T10:00:00+08:00" if late else "2023-05-11T10:00:00+08:00",
        "promise_days": 2,
        "project_type": "2",
        "state": "finished",
        "finish_kind": "0",
    }


@pytest.fixture
def county(office: make.Office, now: datetime) -> make.Office:
    """Seven cases of unit A (one outside the platform, two late), four of unit B; the snapshot is made."""
    rows = [row(n, office.unit_a, unified=n > 0, late=n < 2) for n in range(7)]
    rows += [row(n, office.unit_b, unified=True) for n in range(4)]
    pushed = cases.push_cases(records=rows, by=make.SYSTEM, at=now)
    assert pushed.created == len(rows), pushed
    actions.precompute(by=make.SYSTEM, at=now)
    return office


@pytest.mark.parametrize("page", PAGES)
def test_staff_open_every_page_with_few_queries(
    county: make.Office, as_role: Callable[..., Client], page: str, django_assert_max_num_queries: Any
) -> None:
    client = as_role(Role.LEADER)
    client.get("/indicators/catalogue/")  # the first page after the log-in writes the session
    with django_assert_max_num_queries(12):
        answer = client.get(page)
    assert answer.status_code == 200, page


@pytest.mark.parametrize("page", [*PAGES, "/indicators/ranks/"])
def test_strangers_are_sent_to_the_log_in_page(office: make.Office, client: Client, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_only_those_who_may_import_open_the_import(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    assert as_role(Role.WINDOW_CLERK).get("/indicators/ranks/").status_code == 403
    assert as_role(Role.DATA_BUREAU).get("/indicators/ranks/").status_code == 200
    assert as_role(Role.WINDOW_CLERK).post("/indicators/refresh/").status_code == 403


@pytest.mark.parametrize("page", PAGES[:9])
def test_before_the_first_snapshot_pages_say_what_to_do(
    office: make.Office, as_role: Callable[..., Client], page: str
) -> None:
    answer = as_role(Role.GENERAL).get(page)
    assert answer.status_code == 200
    if "catalogue" not in page and "peers" not in page:
        assert "尚未生成数据快照" in answer.content.decode()


def test_the_value_on_the_board_leads_to_its_records(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    client = as_role(Role.LEADER)
    board = client.get(f"/indicators/?{PERIOD}").content.decode()
    assert "90.91%" in board
    number = client.get(f"/indicators/of/one_net_rate/number/?{PERIOD}").content.decode()
    assert "FROM" in number
    for part, total in (("numerator", 10), ("denominator", 11)):
        link = f"/indicators/of/one_net_rate/{part}/records/?{PERIOD}"
        assert link.replace("&", "&amp;") in number
        page = client.get(link).content.decode()
        assert f"您可看 {total} / 共 {total} 条" in page
        assert len(re.findall(r"<tr data-row>", page)) == total


def test_a_unit_reads_the_countys_number_but_opens_its_own_cases_only(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    client = as_role(Role.WINDOW_CHIEF, county.unit_b)
    page = client.get(f"/indicators/of/one_net_rate/denominator/records/?{PERIOD}").content.decode()
    assert "您可看 4 / 共 11 条" in page
    assert county.unit_a.code not in page


def test_records_of_one_unit_are_those_that_its_number_counts(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    client = as_role(Role.LEADER)
    group = f"{PERIOD}&department={county.unit_a.pk}"
    assert "85.71" in client.get(f"/indicators/of/one_net_rate/number/?{group}").content.decode()
    page = client.get(f"/indicators/of/one_net_rate/numerator/records/?{group}").content.decode()
    assert "您可看 6 / 共 6 条" in page


@pytest.mark.parametrize(
    "address, status, sentence",
    [
        ("/indicators/of/none_such/number/", 404, "没有代码为"),
        (f"/indicators/of/one_net_rate/both/records/?{PERIOD}", 409, "没有这一项"),
        (f"/indicators/of/cases_total/denominator/records/?{PERIOD}", 409, "没有这一项"),
        ("/indicators/league/?grain=planet", 409, "不能按"),
        ("/indicators/weekly/?day=yesterday", 409, "没有读懂"),
        (f"/indicators/of/one_net_rate/number/?{PERIOD}&department=x", 409, "不对"),
    ],
)
def test_a_wrong_address_is_refused_in_words(
    county: make.Office, as_role: Callable[..., Client], address: str, status: int, sentence: str
) -> None:
    answer = as_role(Role.LEADER).get(address)
    assert answer.status_code == status
    assert sentence in answer.content.decode()


def test_wrong_days_fall_back_and_say_so(county: make.Office, as_role: Callable[..., Client]) -> None:
    client = as_role(Role.LEADER)
    assert "晚于结束日期" in client.get("/indicators/?frm=2023-05-31&to=2023-01-01").content.decode()
    assert "日期没有读懂" in client.get("/indicators/?frm=soon&to=2023-01-01").content.decode()


def test_the_exported_table_is_the_table(county: make.Office, as_role: Callable[..., Client]) -> None:
    client = as_role(Role.LEADER)
    answer = client.get(f"/indicators/league/?{PERIOD}&format=csv")
    text = b"".join(answer).decode("utf-8-sig")  # type: ignore[call-overload]
    assert "县人力社保局" in text
    assert "100.00,4,4" in text
    workbook = client.get(f"/indicators/league/?{PERIOD}&format=xlsx")
    assert BytesIO(b"".join(workbook)).read(2) == b"PK"  # type: ignore[call-overload]


def test_a_published_table_is_taken_in_and_shown_beside_the_computed_value(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    client = as_role(Role.DATA_BUREAU)
    table = "地区,数值,名次\n新昌县,98.50,2\n别的县,99.10,1\n".encode()
    data = {
        "file": SimpleUploadedFile("ranks.csv", table),
        "source": "省通报",
        "indicator": "one_net_rate",
        "frm": "2023-01-01",
        "to": "2023-05-31",
    }
    assert client.post("/indicators/ranks/", data).status_code == 302
    assert ImportedValue.objects.count() == 2
    board = client.get(f"/indicators/?{PERIOD}").content.decode()
    assert "官方公布 98.50%" in board
    assert "90.91%" in board
    assert "第2名/2" in board
    assert "别的县" in client.get(f"/indicators/of/one_net_rate/peers/?{PERIOD}").content.decode()
    assert "省通报" in client.get("/indicators/ranks/").content.decode()


def test_a_bad_table_is_refused_whole_with_its_row(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    data = {
        "file": SimpleUploadedFile("ranks.csv", "地区,数值\n新昌县,很高\n".encode()),
        "source": "省通报",
        "indicator": "one_net_rate",
        "frm": "2023-01-01",
        "to": "2023-05-31",
    }
    answer = as_role(Role.DATA_BUREAU).post("/indicators/ranks/", data)
    assert answer.status_code == 422
    assert "第2行" in answer.content.decode()
    assert not ImportedValue.objects.exists()


def test_a_target_is_set_by_the_general_section_only(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    page, data = (
        "/indicators/of/one_net_rate/",
        {"value": "99.5", "since": "2023-05-01", "source": "县办〔2023〕1号"},
    )
    assert as_role(Role.WINDOW_CLERK).post(page, data).status_code == 403
    assert not Target.objects.exists()
    assert as_role(Role.GENERAL).post(page, {**data, "value": "很高"}).status_code == 422
    assert as_role(Role.GENERAL).post(page, data).status_code == 302
    assert Target.objects.get().value == "99.5"
    assert "距目标8.59个百分点" in as_role(Role.LEADER).get(f"/indicators/?{PERIOD}").content.decode()


def test_a_colour_rule_is_set_with_its_bounds_in_order_or_refused_in_words(
    county: make.Office, as_role: Callable[..., Client]
) -> None:
    page = "/indicators/of/one_net_rate/colours/"
    data = {
        "method": "score",
        "green": "99",
        "yellow": "90",
        "since": "2023-01-01",
        "source": "县办〔2023〕1号",
    }
    assert as_role(Role.LEADER).get(page).status_code == 403
    general = as_role(Role.GENERAL)
    assert general.get(page).status_code == 200
    wrong = general.post(page, {**data, "yellow": "99.5"})
    assert wrong.status_code == 422
    assert "由好到差" in wrong.content.decode()
    assert not ColourRule.objects.exists()
    assert general.post(page, data).status_code == 302
    assert "band-yellow" in general.get(f"/indicators/?{PERIOD}").content.decode()


def test_a_corrected_value_says_when(county: make.Office, as_role: Callable[..., Client]) -> None:
    client = as_role(Role.DATA_BUREAU)
    for value in ("98.50", "98.60"):
        file = SimpleUploadedFile("ranks.csv", f"地区,数值,名次\n新昌县,{value},1\n".encode())
        days = {"frm": "2023-01-01", "to": "2023-05-31"}
        client.post(
            "/indicators/ranks/", {"file": file, "source": "省通报", "indicator": "one_net_rate", **days}
        )
    page = client.get(f"/indicators/of/one_net_rate/peers/?{PERIOD}").content.decode()
    assert "98.60" in page
    assert "更正于 2023-05-18" in page


def test_a_refresh_is_asked_for_once(county: make.Office, as_role: Callable[..., Client]) -> None:
    client = as_role(Role.GENERAL)
    assert client.post("/indicators/refresh/", {"next": "https://example.org/"})["Location"] == "/indicators/"
    assert "已开始更新" in client.post("/indicators/refresh/", follow=True).content.decode()
    assert make.run_tasks() == 1


def test_the_search_finds_an_indicator(county: make.Office, as_role: Callable[..., Client]) -> None:
    assert "一网通办率" in as_role(Role.LEADER).get("/search/?q=一网通办").content.decode()
