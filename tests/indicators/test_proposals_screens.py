"""Suggestions outside: screens by role, API, sheets of answers, indicators and what the report says."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import make
from tests.indicators import proposals
from tests.indicators.proposals import AT, CONTENT, take
from xinfu.core import local
from xinfu.core.access import Role
from xinfu.core.refusal import Refused
from xinfu.indicators import actions
from xinfu.indicators import queries as indicators
from xinfu.indicators.flow import ProposalStatus
from xinfu.indicators.models import AnswerSheet, LineState, Proposal
from xinfu.indicators.proposals.local import PARTLY_COUNTS
from xinfu.lib import tables

S = ProposalStatus
JANUARY, MAY = date(2023, 1, 1), date(2023, 5, 31)


@pytest.fixture(autouse=True)
def _day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 5, 18)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


# --- screens --------------------------------------------------------------------------------------


def test_a_suggestion_is_written_handed_in_reviewed_and_answered_on_the_screens(
    office: Any, as_role: Any
) -> None:
    item = proposals.item("330624000001")
    unit, county = as_role(Role.UNIT_LIAISON, office.unit_a), as_role(Role.DATA_BUREAU, office.data_bureau)
    said: dict[str, Any] = {"title": "章程一次提交", "kind": "materials", "content": CONTENT, "item": ""}
    missing = unit.post("/indicators/proposals/new/", {**said, "item": "没有的事项"})
    assert missing.status_code == 422
    assert "事项目录里没有" in text_of(missing)
    made = unit.post("/indicators/proposals/new/", said)
    one = Proposal.objects.get()
    assert made["Location"] == f"/indicators/proposals/{one.pk}/"
    assert "还没有填写：涉及事项" in text_of(unit.get(made["Location"]))
    actions.edit_proposal(proposal=one, **{**said, "item": item}, by=unit.actor, at=AT)
    assert unit.post(f"{made['Location']}move/", {"move": "submit"}).status_code == 302
    page = text_of(county.get(made["Location"]))
    assert "2023-0001" in page
    assert "5个工作日" in page, "the term with its source"
    asked = f"{made['Location']}opinion/county/"
    refused = county.post(asked, {"result": "returned", "decided_on": "2023-05-18", "opinion": ""})
    assert refused.status_code == 422
    assert "请写明意见和理由" in text_of(refused)
    assert county.post(asked, {"result": "passed", "decided_on": "2023-05-18"}).status_code == 302
    answer = {"decided_on": "2023-05-18", "paper_no": "绍企建〔2023〕1号", "opinion": "同意"}
    county.post(f"{made['Location']}opinion/city/", {"result": "passed", **answer})
    county.post(f"{made['Location']}opinion/province/", {"result": "adopted", **answer})
    one.refresh_from_db()
    assert one.status == S.ADOPTED
    shown = text_of(unit.get(made["Location"]))
    assert "绍企建〔2023〕1号" in shown
    assert "已阅" in shown
    unit.post(f"{made['Location']}seen/")
    one.refresh_from_db()
    assert one.answer_seen_at


def test_withdrawing_is_asked_once_more_and_says_why(office: Any, as_role: Any) -> None:
    unit = as_role(Role.UNIT_LIAISON, office.unit_a)
    one = proposals.proposal(office, state=S.COUNTY, by=unit.actor)
    url = f"/indicators/proposals/{one.pk}/move/"
    assert unit.post(url, {"move": "withdraw", "note": ""}).status_code == 422
    assert "确认撤回" in text_of(unit.post(url, {"move": "withdraw", "note": "重复"}))
    one.refresh_from_db()
    assert one.status == S.COUNTY
    assert unit.post(url, {"move": "adopt"}).status_code == 404


def test_similar_ones_come_as_a_fragment_and_another_units_cannot_be_opened(
    office: Any, as_role: Any
) -> None:
    earlier = proposals.proposal(office, state=S.CITY, title="精简企业开办登记提交的材料")
    other = as_role(Role.UNIT_LIAISON, office.unit_b)
    answer = other.post(
        "/indicators/proposals/similar/", {"title": "简化企业开办登记材料", "content": "", "but": ""}
    )
    assert answer.status_code == 200
    assert earlier.title in text_of(answer)
    assert f"/indicators/proposals/{earlier.pk}/" not in text_of(answer)
    assert "<html" not in text_of(answer)
    assert other.get(f"/indicators/proposals/{earlier.pk}/").status_code == 404
    nothing = other.post("/indicators/proposals/similar/", {"title": "水电气报装", "content": "", "but": "x"})
    assert "没有找到相近的建议" in text_of(nothing)


def test_items_are_offered_while_typing(office: Any, as_role: Any) -> None:
    assert as_role(Role.UNIT_LIAISON).get("/indicators/proposals/items/", {"item": "企业"}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?box=review",
        "?box=answers",
        "?box=own",
        "?light=ok",
        "?light=bad",
        "?light=warn",
        "?q=章程&unit=市场&since=2023-01-01&decided_until=2023-12-31",
    ],
)
def test_the_list_filters_sorts_and_counts_its_queries(
    office: Any, as_role: Any, query: str, django_assert_max_num_queries: Any
) -> None:
    client = as_role(Role.GENERAL, office.general)
    for state in S:
        proposals.proposal(office, state=state)
    client.get("/indicators/proposals/")
    with django_assert_max_num_queries(40):
        answer = client.get(f"/indicators/proposals/{query}")
    assert answer.status_code == 200
    shown = text_of(answer).count("data-row")
    assert (
        shown
        == {
            "": 7,
            "?box=review": 1,
            "?box=answers": 2,
            "?box=own": 0,
            "?light=ok": 1,
            "?light=bad": 0,
            "?light=warn": 0,
        }.get(query, 0)
        or "q=" in query
    )


# --- API ------------------------------------------------------------------------------------------


def test_a_system_drafts_and_hands_in_by_the_api_and_sees_its_own_only(office: Any, as_role: Any) -> None:
    proposals.item("330624000009")
    unit = as_role(Role.UNIT_LIAISON, office.unit_a)
    send = {"content_type": "application/json"}
    unit.get("/")
    said = {"title": "一次提交", "kind": "form", "item": "", "content": CONTENT}
    made = unit.post("/api/v1/proposals", said, **send)
    assert made.status_code == 200, made.content
    pk = made.json()["id"]
    refused = unit.post(f"/api/v1/proposals/{pk}/moves", {"move": "submit"}, **send)
    assert (refused.status_code, refused.json()["code"]) == (409, "submit_refused")
    assert unit.post(f"/api/v1/proposals/{pk}/moves", {"move": "fly"}, **send).status_code == 404
    whole = proposals.proposal(office, by=unit.actor)
    done = unit.post(f"/api/v1/proposals/{whole.pk}/moves", {"move": "submit"}, **send).json()
    assert (done["number"], done["status"], done["steps"][0]["verb"]) == (
        "2023-0001",
        "county",
        "提交县级审核",
    )
    county = as_role(Role.GENERAL, office.general)
    no_day = county.post(f"/api/v1/proposals/{whole.pk}/moves", {"move": "county_passed"}, **send)
    assert (no_day.status_code, no_day.json()["code"]) == (422, "no_day")
    passed = {"move": "county_passed", "decided_on": "2023-05-18"}
    assert county.post(f"/api/v1/proposals/{whole.pk}/moves", passed, **send).json()["status"] == "city"
    assert (
        unit.post(
            f"/api/v1/proposals/{whole.pk}/moves", {"move": "withdraw", "note": "x"}, **send
        ).status_code
        == 409
    )
    assert len(unit.get("/api/v1/proposals?limit=1").json()["proposals"]) == 1
    assert unit.get("/api/v1/proposals?limit=1").json()["next"] == pk
    assert [p["id"] for p in county.get("/api/v1/proposals?status=city").json()["proposals"]] == [whole.pk]
    other = as_role(Role.UNIT_LIAISON, office.unit_b)
    assert other.get(f"/api/v1/proposals/{whole.pk}").status_code == 404


# --- sheets ---------------------------------------------------------------------------------------


def sheet(*rows: tuple[str, ...]) -> bytes:
    out = BytesIO()
    tables.write_xlsx(out, ("编号", "层级", "结果", "日期", "文号", "意见"), rows)
    return out.getvalue()


def test_a_sheet_is_checked_confirmed_and_tells_each_line_that_was_not_taken(
    office: Any, as_role: Any
) -> None:
    client = as_role(Role.GENERAL, office.general)
    for state in (S.CITY, S.PROVINCE, S.COUNTY):
        proposals.proposal(office, state=state)
    content = sheet(
        ("2023-0001", "市级", "同意上报", "2023-05-18", "绍〔2023〕1号", ""),
        ("2023-0001", "省级", "采纳", "2023/5/18", "浙〔2023〕1号", "予以采纳"),
        ("2023-0002", "省", "部分采纳", "20230518", "浙〔2023〕2号", ""),
        ("2023-0003", "省级", "采纳", "2023-05-18", "浙〔2023〕3号", ""),
        ("2023-0099", "省级", "采纳", "2023-05-18", "浙〔2023〕4号", ""),
        ("2023-0002", "县级", "大约", "昨天", "", ""),
    )
    asked = client.post("/indicators/proposals/answers/", {"file": SimpleUploadedFile("答复.xlsx", content)})
    found = AnswerSheet.objects.get()
    assert asked["Location"] == f"/indicators/proposals/answers/{found.pk}/"
    page = text_of(client.get(asked["Location"]))
    for sentence in (
        "请写明意见和理由",
        "不能登记省级意见",
        "没有编号为“2023-0099”的建议",
        "层级只能是市级或省级",
    ):
        assert sentence in page
    assert not Proposal.objects.filter(status=S.ADOPTED).exists(), "nothing is entered by a check"
    client.post(f"{asked['Location']}move/", {"move": "take"})
    found.refresh_from_db()
    assert found.status == "taken"
    states = list(found.lines.order_by("row").values_list("state", flat=True))
    assert states == ["taken", "taken", "refused", "refused", "refused", "refused"]
    assert Proposal.objects.get(number="2023-0001").status == S.ADOPTED
    again = client.post("/indicators/proposals/answers/", {"file": SimpleUploadedFile("x.xlsx", content)})
    assert "已经导入过" in text_of(again)
    for move in ("take", "drop"):
        client.post(f"{asked['Location']}move/", {"move": move})
    assert AnswerSheet.objects.get().status == "taken"


def test_a_line_that_became_impossible_after_the_check_is_told_and_a_stopped_sheet_goes_on(
    office: Any,
) -> None:
    by = proposals.reviewer(office)
    first, second = (proposals.proposal(office, state=S.PROVINCE) for _ in range(2))
    content = sheet(
        (first.number, "省级", "采纳", "2023-05-18", "浙1号", ""),
        (second.number, "省级", "采纳", "2023-05-18", "浙2号", ""),
    )
    found = actions.check_sheet(chunks=[content], name="a.xlsx", by=by, at=AT)
    take(first, "province_not_adopted")
    line = found.lines.get(number=second.number)
    take(second, "province_adopted")
    type(line).objects.filter(pk=line.pk).update(state=LineState.TAKEN)
    with pytest.raises(Refused, match="已登记了一部分"):
        actions.drop_sheet(sheet=found, by=by, at=AT)
    actions.take_sheet(sheet=found, by=by, at=AT)
    refused = found.lines.get(state=LineState.REFUSED)
    assert (refused.number, "当前状态是" in refused.refusal) == (first.number, True)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "编号,结果\n1,采纳\n".encode(), "文件缺少列"),
        ("a.csv", "编号,层级,结果,日期,文号\n".encode(), "没有数据行"),
        (
            "a.csv",
            ("编号,层级,结果,日期,文号\n" + "2023-0001,省级,采纳,2023-05-18,x\n" * 501).encode(),
            "最多500行",
        ),
    ],
)
def test_a_sheet_that_is_none_is_refused(office: Any, name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        actions.check_sheet(chunks=[content], name=name, by=proposals.reviewer(office), at=AT)


def test_a_checked_sheet_may_be_dropped_and_the_template_is_a_workbook(
    office: Any, as_role: Any, tmp_path: Path
) -> None:
    client = as_role(Role.GENERAL, office.general)
    content = sheet(("2023-0001", "省级", "采纳", "2023-05-18", "浙1号", ""))
    found = actions.check_sheet(chunks=[content], name="a.xlsx", by=client.actor, at=AT)
    client.post(f"/indicators/proposals/answers/{found.pk}/move/", {"move": "drop"})
    assert AnswerSheet.objects.get().status == "dropped"
    path = tmp_path / "t.xlsx"
    path.write_bytes(client.get("/indicators/proposals/answers/template.xlsx").content)
    with tables.open_table(path) as table:
        assert table.header == ["编号", "层级", "结果", "日期", "文号", "意见"]
    assert as_role(Role.UNIT_LIAISON).get("/indicators/proposals/answers/").status_code == 403


# --- figures --------------------------------------------------------------------------------------


def figure(code: str, frm: date = JANUARY, to: date = MAY) -> tuple[int | None, int | None]:
    actions.refresh_snapshot(by=make.SYSTEM, at=AT)
    rows = indicators.figures(make.SYSTEM, frm, to, [], [code])
    return next(((row.numerator, row.denominator) for row in rows if row.origin == "computed"), (0, None))


def test_what_the_province_adopted_counts_by_the_day_on_its_paper_and_opens_to_the_records(
    office: Any,
) -> None:
    for state in S:
        proposals.proposal(office, state=state)
    take(proposals.proposal(office, state=S.COUNTY), "county_not_adopted")
    assert figure("proposals_adopted") == (1, None)
    assert figure("proposals_adopted_city") == (1, None)
    assert figure("proposals_adoption_rate") == (1, 3), (
        "what the county kept back was not judged by the province"
    )
    assert figure("proposals_handed_in") == (8, None)
    assert figure("proposals_adopted", JANUARY, date(2023, 5, 17))[0] == 0
    page = indicators.records(proposals.reviewer(office), "proposals_adopted", "numerator", JANUARY, MAY)
    assert [row.status for row in page.rows] == [S.ADOPTED]
    other = indicators.records(
        proposals.proposer(office, office.unit_b), "proposals_adopted", "numerator", JANUARY, MAY
    )
    assert (other.total, other.visible, other.rows) == (1, 0, [])


def test_a_partly_adopted_one_counts_from_the_day_on_which_the_county_says_so(office: Any) -> None:
    proposals.proposal(office, state=S.PARTLY)
    assert figure("proposals_adopted")[0] == 0
    local.set_rule(
        code=PARTLY_COUNTS, since=date(2023, 5, 19), value="yes", source="会议纪要", by=make.SYSTEM, at=AT
    )
    assert figure("proposals_adopted")[0] == 0, "decided the day before"
    local.set_rule(
        code=PARTLY_COUNTS, since=date(2023, 5, 18), value="yes", source="会议纪要", by=make.SYSTEM, at=AT
    )
    assert figure("proposals_adopted") == (1, None)
    assert figure("proposals_adoption_rate") == (1, 1)


def test_the_number_and_its_records_open_on_the_screens(office: Any, as_role: Any) -> None:
    one = proposals.proposal(office, state=S.ADOPTED)
    figure("proposals_adopted")
    client = as_role(Role.GENERAL, office.general)
    days = "?frm=2023-01-01&to=2023-05-31"
    assert client.get(f"/indicators/of/proposals_adopted/number/{days}").status_code == 200
    page = text_of(client.get(f"/indicators/of/proposals_adopted/numerator/records/{days}"))
    assert f"/indicators/proposals/{one.pk}/" in page
    api = client.get("/api/v1/indicators/proposals_adopted/records?from=2023-01-01&to=2023-05-31")
    assert api.json()["records"] == [one.number]
