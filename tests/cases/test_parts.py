"""Steps of the handling and licences, brought in by file and told on the time line of their case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from tests.cases.conftest import counts, import_cases, row
from xinfu.cases.models import Case, CaseLicence, CaseStep, MonthRevision, RejectedRow
from xinfu.core.access import Role

Write = Callable[..., Path]
NUMBER = row(1)["办件编号"]
STEP = {"办件编号": NUMBER, "环节名称": "审查", "动作": "通过", "处理单位": "县市场监管局", "处理人": "王某",
        "开始时间": "2023-06-19 14:00:00", "结束时间": "2023-06-20 09:00:00", "处理意见": "材料齐全"}  # fmt: skip
LICENCE = {"办件编号": NUMBER, "证照名称": "食品经营许可证", "证照编号": "JY13306240000001", "发证单位": "县市场监管局",
           "发证日期": "2023-06-21", "有效期自": "2023-06-21", "有效期至": "2028-06-20", "长期有效": ""}  # fmt: skip


@pytest.fixture
def case(office: Any, write: Write) -> Case:
    import_cases(write([row(1, 办结时间="2023-06-21 10:00:00", 办件状态="办结")]))
    return Case.objects.get()


def steps(write: Write, *rows: dict[str, str]) -> Any:
    return import_cases(write(rows, name="steps.csv", head=list(STEP)), mapping="zj-step")


def licences(write: Write, *rows: dict[str, str]) -> Any:
    return import_cases(write(rows, name="licences.csv", head=list(LICENCE)), mapping="zj-licence")


def test_steps_come_in_once_and_a_later_file_completes_them(case: Case, write: Write) -> None:
    unfinished = {**STEP, "结束时间": "", "处理意见": ""}
    second = {
        **STEP,
        "环节名称": "决定",
        "开始时间": "2023-06-20 10:00:00",
        "结束时间": "",
        "动作": "不认识的动作",
    }
    assert counts(steps(write, unfinished, second)) == (2, 2, 0, 0, 0)
    assert counts(steps(write, unfinished, second)) == (2, 0, 0, 2, 0)
    assert counts(steps(write, STEP)) == (1, 0, 1, 0, 0)
    found = CaseStep.objects.get(name="审查")
    assert (found.action, found.unit_name, found.handler_name) == ("通过", "县市场监管局", "王某")
    assert (str(found.ended_at), found.note) == ("2023-06-20 01:00:00+00:00", "材料齐全")
    assert CaseStep.objects.get(name="决定").action == "其他"


def test_the_hubs_own_words_for_a_step_are_read_too(case: Case, write: Write) -> None:
    said = {
        "projId": NUMBER,
        "Node_Name": "受理",
        "DOACTION": "1",
        "START_TIME": "20230619090000",
        "OPINION": "请补图纸",
    }
    import_cases(write([said], name="hub.csv", head=list(said)), mapping="zj-step")
    found = CaseStep.objects.get()
    assert (found.name, found.action, found.note) == ("受理", "退回", "请补图纸")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"环节名称": ""}, "不能为空"),
        ({"开始时间": ""}, "不能为空"),
        ({"结束时间": "2023-06-18"}, "结束时间早于开始时间"),
        ({"开始时间": "2099-01-01"}, "超出合理范围"),
        ({"办件编号": "没有这一件"}, "没有这个编号的办件"),
    ],
)
def test_a_step_that_cannot_be_is_listed_with_the_reason(
    case: Case, write: Write, change: dict[str, str], words: str
) -> None:
    result = steps(write, {**STEP, **change})
    assert (result["rejected"], CaseStep.objects.count()) == (1, 0)
    assert words in RejectedRow.objects.get().reason


def test_a_step_written_twice_in_one_file_is_taken_once(case: Case, write: Write) -> None:
    assert counts(steps(write, STEP, {**STEP, "处理意见": "后一行"})) == (2, 1, 0, 0, 1)
    assert CaseStep.objects.get().note == "后一行"
    assert "这一条重复出现" in RejectedRow.objects.get().reason


@pytest.mark.parametrize(
    ("change", "validity"),
    [
        ({}, (date(2023, 6, 21), date(2028, 6, 20), False)),
        ({"有效期至": "2099/12/31"}, (date(2023, 6, 21), None, True)),
        ({"有效期至": "9999-12-31"}, (date(2023, 6, 21), None, True)),
        ({"有效期至": "长期"}, (date(2023, 6, 21), None, True)),
        ({"有效期至": "", "长期有效": "是"}, (date(2023, 6, 21), None, True)),
        ({"有效期自": "", "有效期至": ""}, (None, None, False)),
    ],
)
def test_how_long_a_licence_is_valid(
    case: Case, write: Write, change: dict[str, str], validity: tuple[Any, ...]
) -> None:
    assert counts(licences(write, {**LICENCE, **change})) == (1, 1, 0, 0, 0)
    found = CaseLicence.objects.get()
    assert (found.valid_from, found.valid_until, found.is_permanent) == validity
    assert found.issued_on == date(2023, 6, 21)
    assert counts(licences(write, {**LICENCE, **change})) == (1, 0, 0, 1, 0)


def test_a_licence_that_ends_before_it_begins_is_refused_and_a_renewal_replaces_its_days(
    case: Case, write: Write
) -> None:
    result = licences(write, {**LICENCE, "有效期至": "2023-06-20"})
    assert result["rejected"] == 1
    assert RejectedRow.objects.get().reason == "有效期止日早于起日，请核对。"
    licences(write, LICENCE)
    assert counts(licences(write, {**LICENCE, "有效期至": "2033-06-20"})) == (1, 0, 1, 0, 0)
    assert CaseLicence.objects.get().valid_until == date(2033, 6, 20)


def test_steps_and_licences_move_no_figure(case: Case, write: Write) -> None:
    before = list(MonthRevision.objects.order_by("month").values_list("month", "revision"))
    steps(write, STEP)
    licences(write, LICENCE)
    assert list(MonthRevision.objects.order_by("month").values_list("month", "revision")) == before


def test_the_time_line_tells_the_steps_and_the_licence_with_its_validity(
    case: Case, write: Write, as_role: Callable[..., Any], django_assert_max_num_queries: Any
) -> None:
    steps(write, STEP)
    licences(write, LICENCE, {**LICENCE, "证照编号": "JY2", "有效期至": "长期"})
    client, address = as_role(Role.LEADER), reverse("cases:detail", args=[case.pk])
    client.get(address)
    with django_assert_max_num_queries(12):
        html = client.get(address).content.decode()
    assert "审查：通过" in html
    assert "县市场监管局 王某" in html
    assert "发证：食品经营许可证" in html
    assert "编号JY13306240000001，自2023-06-21起，有效期至2028-06-20" in html
    assert "编号JY2，自2023-06-21起，长期有效" in html
