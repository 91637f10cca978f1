"""Suggestions: every state by every move, who may, numbers, days on papers, deadlines, what each unit sees."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.conftest import CHINA
from tests.indicators import proposals
from tests.indicators.proposals import AT, take
from xinfu.core import files, inbox, local
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.indicators import actions
from xinfu.indicators.actions.proposals import PAST
from xinfu.indicators.flow import DECIDED, PROPOSAL_FLOW, ProposalResult, ProposalStatus
from xinfu.indicators.models import Proposal, ProposalSeries, ProposalStep
from xinfu.indicators.proposals.local import COUNTY_DAYS, Light
from xinfu.indicators.queries import proposals as queries

S = ProposalStatus
MOVES = [move.name for move in PROPOSAL_FLOW.moves]


def last_event() -> str:
    return str(JournalEntry.objects.order_by("-n").values_list("event", flat=True)[0])


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("move", MOVES)
def test_a_move_is_open_from_the_states_of_the_table_and_from_no_other(
    office: Any, state: ProposalStatus, move: str
) -> None:
    one = proposals.proposal(office, state=state)
    if state in PROPOSAL_FLOW[move].sources:
        done = take(one, move)
        kept = Proposal.objects.get(pk=one.pk)
        assert kept.status == done.status == PROPOSAL_FLOW[move].target
        assert (kept.decided_on is not None) == (kept.status in DECIDED)
    else:
        with pytest.raises(Refused, match="当前状态是"):
            take(one, move)
        assert Proposal.objects.get(pk=one.pk).status == state


@pytest.mark.parametrize("result", ProposalResult)
def test_every_answer_is_an_event_of_its_own(office: Any, result: ProposalResult) -> None:
    state = S.COUNTY if result == ProposalResult.PASSED else S.PROVINCE
    take(proposals.proposal(office, state=state), f"{state}_{result}")
    assert last_event() == f"proposal.{PAST[result]}"


# --- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("move", ["submit", "withdraw"])
def test_only_the_unit_that_drafted_hands_in_or_withdraws(office: Any, move: str) -> None:
    one = proposals.proposal(office)
    for stranger in (proposals.proposer(office, office.unit_b), proposals.reviewer(office)):
        with pytest.raises(Refused, match="由县市场监管局提出"):
            take(one, move, by=stranger)
    take(one, move, by=make.actor(Role.WINDOW_CHIEF, office.unit_a))


@pytest.mark.parametrize("move", ["county_passed", "county_returned", "county_not_adopted"])
def test_a_unit_does_not_review_its_own_suggestion(office: Any, move: str) -> None:
    general = proposals.reviewer(office)
    one = proposals.proposal(office, by=general)
    one = take(one, "submit", by=general)
    with pytest.raises(Refused, match="须由其他单位审核"):
        take(one, move, by=general)
    with pytest.raises(Refused, match="须由其他单位审核"):
        take(one, move, by=make.actor(Role.GENERAL, office.general))
    take(one, move, by=make.actor(Role.DATA_BUREAU, office.data_bureau))


@pytest.mark.parametrize(
    "move", [name for name in MOVES if name.split("_")[0] in ("county", "city", "province")]
)
def test_a_proposing_unit_enters_no_answer(office: Any, move: str) -> None:
    one = proposals.proposal(office, state=ProposalStatus(min(PROPOSAL_FLOW[move].sources)))
    with pytest.raises(Forbidden):
        take(one, move, by=proposals.proposer(office))


def test_one_without_a_unit_drafts_nothing(office: Any) -> None:
    with pytest.raises(Forbidden):
        proposals.proposal(office, by=make.SYSTEM)
    with pytest.raises(Forbidden):
        proposals.proposal(office, department=office.unit_b)


def test_drafts_are_seen_by_their_own_unit_and_handed_in_ones_by_unit_and_office(office: Any) -> None:
    draft, handed = proposals.proposal(office), proposals.proposal(office, state=S.COUNTY)
    withdrawn = proposals.proposal(office, state=S.WITHDRAWN)
    own = proposals.proposer(office)
    assert {row.pk for row in queries.proposals(own).order_by("pk")} == {draft.pk, handed.pk, withdrawn.pk}
    office_sees = queries.proposals(proposals.reviewer(office)).order_by("pk")
    assert [row.pk for row in office_sees] == [handed.pk]
    other = proposals.proposer(office, office.unit_b)
    assert not queries.proposals(other).exists()
    for one in (draft, handed):
        with pytest.raises(NotFound):
            queries.get_proposal(other, one.pk)
    with pytest.raises(Forbidden):
        queries.get_proposal(make.actor(Role.VILLAGE_CLERK, office.village), handed.pk)


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"title": " "}, "请写明建议名称"),
        ({"title": "字" * 61}, "最多60字"),
        ({"content": "字" * 2001}, "最多2000字"),
        ({"kind": "rumour"}, "请选择建议类型"),
        ({"kind": "other", "kind_note": "字" * 21}, "最多20字"),
    ],
)
def test_what_is_refused_when_drafting(office: Any, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        proposals.proposal(office, **values)
    assert not Proposal.objects.exists()


def test_a_draft_may_be_unfinished_and_is_handed_in_when_whole(office: Any) -> None:
    by = proposals.proposer(office)
    one = proposals.proposal(office, by=by, kind="", content="", item=None)
    with pytest.raises(Refused, match="涉及事项、建议类型、建议内容"):
        take(one, "submit", by=by)
    whole: dict[str, Any] = {"title": one.title, "content": proposals.CONTENT, "item": proposals.item()}
    one = actions.edit_proposal(proposal=one, **whole, kind="other", by=by, at=AT)
    with pytest.raises(Refused, match="其他类型的说明"):
        take(one, "submit", by=by)
    one = actions.edit_proposal(proposal=one, **whole, kind="other", kind_note="数据共享", by=by, at=AT)
    assert take(one, "submit", by=by).number == "2023-0001"


def test_numbers_run_through_a_year_without_gaps_and_begin_anew(office: Any) -> None:
    drafts = [proposals.proposal(office) for _ in range(4)]
    take(drafts[3], "withdraw")
    days = [AT, AT, datetime(2024, 1, 2, 9, tzinfo=CHINA)]
    numbers = [take(one, "submit", at=at).number for one, at in zip(drafts, days, strict=False)]
    assert numbers == ["2023-0001", "2023-0002", "2024-0001"]
    assert sorted(ProposalSeries.objects.values_list("year", "last")) == [(2023, 2), (2024, 1)]


def test_a_returned_one_keeps_its_number_says_what_was_revised_and_goes_all_levels_again(office: Any) -> None:
    by = proposals.proposer(office)
    one = take(proposals.proposal(office, state=S.PROVINCE, by=by), "province_returned")
    with pytest.raises(Refused, match="请写明"):
        take(one, "submit_again", by=by, note=" ")
    one = actions.edit_proposal(
        proposal=one, title="改过的名称", kind="form", content=proposals.CONTENT, item=one.item, by=by, at=AT
    )
    one = take(one, "submit_again", by=by)
    assert (one.number, one.turn, one.status) == ("2023-0001", 2, S.COUNTY)
    assert [text.title for text in queries.texts(one)] == ["改过的名称", "章程修正案一次提交、部门共享"]
    for move in ("county_passed", "city_passed", "province_adopted"):
        one = take(one, move)
    assert ProposalStep.objects.filter(proposal=one, level="province").count() == 2


def test_what_was_handed_in_is_not_edited_and_two_editors_do_not_overwrite_each_other(office: Any) -> None:
    by = proposals.proposer(office)
    one = proposals.proposal(office, by=by)
    seen = one.moved_at
    later = AT + timedelta(minutes=1)
    actions.edit_proposal(proposal=one, title="甲改的", seen=seen, by=by, at=later)
    with pytest.raises(Refused, match="他人刚刚改过"):
        actions.edit_proposal(proposal=one, title="乙改的", seen=seen, by=by, at=later)
    assert Proposal.objects.get(pk=one.pk).title == "甲改的"
    with pytest.raises(Refused, match="不能修改"):
        actions.edit_proposal(
            proposal=proposals.proposal(office, state=S.CITY, by=by), title="改", by=by, at=AT
        )
    with pytest.raises(Refused, match="由县市场监管局提出"):
        other = proposals.proposer(office, office.unit_b)
        actions.edit_proposal(proposal=one, title="别人改", by=other, at=AT)


def test_files_are_ones_own_and_those_handed_in_stay(office: Any) -> None:
    by = proposals.proposer(office)
    sheet = files.store([b"%PDF-1.7 x"], name="说明.pdf", by=by, at=AT)
    alien = files.store([b"%PDF-1.7 y"], name="别人.pdf", by=make.SYSTEM, at=AT)
    with pytest.raises(Refused, match="本人上传"):
        proposals.proposal(office, by=by, files=[alien])
    one = proposals.proposal(office, by=by, files=[sheet])
    (kept,) = queries.attachments(one)
    with pytest.raises(Refused, match="最多5个"):
        actions.edit_proposal(proposal=one, title="多", files=[sheet] * 5, by=by, at=AT)
    actions.edit_proposal(proposal=one, title="少", dropped=[kept.pk], by=by, at=AT)
    assert not queries.attachments(one)
    one = take(proposals.proposal(office, by=by, files=[sheet]), "submit")
    one = take(one, "county_returned")
    (kept,) = queries.attachments(one)
    with pytest.raises(Refused, match="要留存"):
        actions.edit_proposal(proposal=one, title="少", dropped=[kept.pk], by=by, at=AT)


# --- opinions and days ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "move", "said", "sentence", "why"),
    [
        (S.COUNTY, "county_returned", {"opinion": " "}, "请写明意见和理由", "the unit must know what to change"),
        (S.PROVINCE, "province_partly", {"opinion": ""}, "请写明意见和理由", "which part"),
        (S.COUNTY, "county_passed", {"opinion": "字" * 301}, "最多300字", "300 characters"),
        (S.CITY, "city_passed", {"paper_no": " "}, "文号或工单号", "an answer from above has a paper"),
        (S.CITY, "city_passed", {"paper_no": "字" * 61}, "最多60字", "60 characters"),
        (S.CITY, "city_passed", {"decided_on": date(2023, 5, 19)}, "不能晚于今天", "no paper of tomorrow"),
        (S.CITY, "city_passed", {"decided_on": date(2023, 5, 17)}, "不能早于县级意见", "the city answers after the county"),
        (S.COUNTY, "county_passed", {"decided_on": date(2023, 5, 17)}, "不能早于提交", "nor the county before it has it"),
        (S.CITY, "city_adopted", {}, "市级没有“采纳”", "the province adopts"),
        (S.PROVINCE, "province_passed", {}, "省级没有“同意上报”", "nobody is above"),
        (S.CITY, "moon_passed", {}, "请选择层级", "no such level"),
        (S.CITY, "city_rumour", {}, "市级没有“这种结果”", "no such result"),
    ],
)  # fmt: skip
def test_what_is_refused_of_an_answer(
    office: Any, state: ProposalStatus, move: str, said: dict[str, Any], sentence: str, why: str
) -> None:
    one = proposals.proposal(office, state=state)
    with pytest.raises(Refused, match=sentence):
        take(one, move, **said)
    assert Proposal.objects.get(pk=one.pk).status == state, why


def test_the_day_on_the_paper_is_kept_beside_the_day_of_entering_and_is_the_one_that_counts(
    office: Any,
) -> None:
    one = proposals.proposal(office, state=S.PROVINCE)
    later = AT + timedelta(days=12)
    one = take(one, "province_adopted", at=later, decided_on=date(2023, 5, 25), paper_no="浙企建〔2023〕77号")
    assert (one.decided_on, one.decided_level) == (date(2023, 5, 25), "province")
    step = queries.steps(one)[-1]
    assert (step.decided_on, step.at, step.paper_no) == (date(2023, 5, 25), later, "浙企建〔2023〕77号")


@pytest.mark.parametrize(
    ("handed_in", "due", "why"),
    [
        (datetime(2023, 5, 18, 9, tzinfo=CHINA), date(2023, 5, 25), "five working days, a weekend between"),
        (datetime(2023, 4, 27, 9, tzinfo=CHINA), date(2023, 5, 8), "May holiday off, 6 May worked for it"),
        (
            datetime(2023, 9, 27, 9, tzinfo=CHINA),
            date(2023, 10, 10),
            "National Day off, 7 and 8 October worked",
        ),
    ],
)
def test_the_countys_term_counts_working_days(office: Any, handed_in: datetime, due: date, why: str) -> None:
    one = proposals.proposal(office, state=S.COUNTY, at=handed_in)
    assert one.county_due_on == due, why
    lit = {
        day: queries.lights(day).of(one) for day in (due - timedelta(days=4), due, due + timedelta(days=1))
    }
    assert list(lit.values()) == [Light.OK, Light.SOON, Light.LATE]
    assert queries.lights(due + timedelta(days=1)).of(take(one, "county_passed", at=handed_in)) == Light.NONE


def test_the_countys_own_term_holds_from_its_day(office: Any) -> None:
    local.set_rule(
        code=COUNTY_DAYS, since=date(2023, 6, 1), value=2, source="会议纪要", by=make.SYSTEM, at=AT
    )
    assert proposals.proposal(office, state=S.COUNTY).county_due_on == date(2023, 5, 25)
    june = datetime(2023, 6, 1, 9, tzinfo=CHINA)
    assert proposals.proposal(office, state=S.COUNTY, at=june).county_due_on == date(2023, 6, 5)


# --- inbox ----------------------------------------------------------------------------------------


def test_each_step_waits_in_the_inbox_of_whoever_takes_it(office: Any) -> None:
    unit, county = proposals.proposer(office), proposals.reviewer(office)
    other = proposals.proposer(office, office.unit_b)

    def waits(actor: Any) -> list[str]:
        return [todo.verb for todo in inbox.todos(actor, AT) if todo.kind == "涉企建议"]

    one = proposals.proposal(office, by=unit)
    assert waits(unit) == waits(county) == []
    one = take(one, "submit", by=unit)
    assert (waits(unit), waits(county), waits(other)) == ([], ["审核"], [])
    one = take(one, "county_returned", by=county)
    assert (waits(unit), waits(county)) == (["修改"], [])
    for move in ("submit_again", "county_passed", "city_passed", "province_adopted"):
        one = take(one, move)
    assert (waits(unit), waits(county)) == (["阅知"], [])
    actions.acknowledge_answer(proposal=one, by=unit, at=AT)
    assert waits(unit) == []
    with pytest.raises(Refused, match="已阅"):
        actions.acknowledge_answer(proposal=one, by=unit, at=AT)


def test_only_the_unit_reads_the_answer_and_only_one_that_is_there(office: Any) -> None:
    one = proposals.proposal(office, state=S.ADOPTED)
    with pytest.raises(Refused, match="由县市场监管局提出"):
        actions.acknowledge_answer(proposal=one, by=proposals.reviewer(office), at=AT)
    with pytest.raises(Refused, match="还没有结果"):
        waiting = proposals.proposal(office, state=S.CITY)
        actions.acknowledge_answer(proposal=waiting, by=proposals.proposer(office), at=AT)


# --- similar ones ---------------------------------------------------------------------------------


def test_earlier_ones_are_shown_by_title_and_state_whatever_unit_and_drafts_never(office: Any) -> None:
    earlier = proposals.proposal(office, state=S.CITY, title="精简企业开办登记提交的材料")
    proposals.proposal(office, title="精简企业开办登记材料的草稿")
    proposals.proposal(
        office,
        state=S.COUNTY,
        title="压缩水电报装时限",
        content="水电气报装要跑三个窗口，建议一次受理、并联办理。",
    )
    other = proposals.proposer(office, office.unit_b)
    (found,) = queries.similar_to(other, "简化企业开办登记材料", "")
    assert (found.title, found.status, found.department) == (earlier.title, "已报市，待答复", "县市场监管局")
    assert found.url == "", "another unit knows its title only"
    (own,) = queries.similar_to(proposals.proposer(office), "简化企业开办登记材料", "")
    assert own.url
    assert not queries.similar_to(other, "简化企业开办登记材料", "", but=earlier.pk)


def test_the_content_is_found_inside_a_longer_one_and_follows_what_is_handed_in_again(office: Any) -> None:
    by = proposals.proposer(office)
    one = proposals.proposal(office, state=S.COUNTY, by=by)
    part = proposals.CONTENT[6:40]
    assert [a.title for a in queries.similar_to(by, "另一个名称", part)] == [one.title]
    one = take(one, "county_returned")
    fresh = "水电气报装须跑三个窗口，建议并联办理、一次踏勘，由供电公司牵头。"
    one = actions.edit_proposal(
        proposal=one, title="水电气并联报装", kind="process", content=fresh, item=one.item, by=by, at=AT
    )
    later = AT + timedelta(minutes=1)
    take(one, "submit_again", by=by, at=later)
    assert not queries.similar_to(by, "另一个名称", part)
    assert [a.title for a in queries.similar_to(by, "", fresh[:30])] == ["水电气并联报装"]


def test_nothing_is_alike_while_nothing_is_written(office: Any) -> None:
    proposals.proposal(office, state=S.COUNTY)
    assert queries.similar_to(proposals.proposer(office), "", "") == []
