"""The life of a published table: 待公布→已公布→已撤回, or 放弃; and of a suggestion: draft, county, city, province."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.flow import Flow, Move
from xinfu.indicators.access import Can
from xinfu.indicators.proposals.guards import is_anothers, is_complete, is_own


class Status(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


STATUS_LABELS = {
    Status.DRAFT: "待公布",
    Status.PUBLISHED: "已公布",
    Status.WITHDRAWN: "已撤回",
    Status.DISCARDED: "已放弃",
}

FLOW = Flow(
    initial=Status.DRAFT,
    moves=(
        Move("publish", "公布", {Status.DRAFT}, Status.PUBLISHED, Can.PUBLISH, irreversible=True),
        Move("discard", "放弃", {Status.DRAFT}, Status.DISCARDED, Can.PUBLISH),
        Move("correct", "更正", {Status.PUBLISHED}, Status.PUBLISHED, Can.PUBLISH, irreversible=True),
        Move("withdraw", "撤回", {Status.PUBLISHED}, Status.WITHDRAWN, Can.PUBLISH, irreversible=True),
    ),
)


# --- 高频涉企事项建议 ------------------------------------------------------------------------------


class ProposalStatus(StrEnum):
    DRAFT = "draft"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"
    ADOPTED = "adopted"
    PARTLY = "partly"
    NOT_ADOPTED = "not_adopted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


_DRAFT, _COUNTY, _CITY, _PROVINCE, _ADOPTED, _PARTLY, _NOT_ADOPTED, _RETURNED, _WITHDRAWN = ProposalStatus
PROPOSAL_LABELS = {
    _DRAFT: "草稿",
    _COUNTY: "县级审核",
    _CITY: "已报市，待答复",
    _PROVINCE: "已报省，待答复",
    _ADOPTED: "采纳",
    _PARTLY: "部分采纳",
    _NOT_ADOPTED: "不采纳",
    _RETURNED: "退回修改",
    _WITHDRAWN: "已撤回",
}
DECIDED = frozenset({_ADOPTED, _PARTLY, _NOT_ADOPTED})
PROPOSAL_FINAL = DECIDED | {_WITHDRAWN}
EDITABLE = frozenset({_DRAFT, _RETURNED})


class ProposalLevel(StrEnum):
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"


LEVEL_LABELS = {ProposalLevel.COUNTY: "县级", ProposalLevel.CITY: "市级", ProposalLevel.PROVINCE: "省级"}


class ProposalResult(StrEnum):
    PASSED = "passed"
    ADOPTED = "adopted"
    PARTLY = "partly"
    NOT_ADOPTED = "not_adopted"
    RETURNED = "returned"


RESULT_LABELS = {
    ProposalResult.PASSED: "同意上报",
    ProposalResult.ADOPTED: "采纳",
    ProposalResult.PARTLY: "部分采纳",
    ProposalResult.NOT_ADOPTED: "不采纳",
    ProposalResult.RETURNED: "退回修改",
}

_REVIEW, _ENTER = Can.REVIEW_PROPOSALS, Can.ENTER_ANSWERS
PROPOSAL_FLOW = Flow(
    initial=_DRAFT,
    moves=(
        Move("submit", "提交县级审核", {_DRAFT}, _COUNTY, Can.PROPOSE, (is_own, is_complete)),
        Move("submit_again", "修改后再次提交", {_RETURNED}, _COUNTY, Can.PROPOSE, (is_own, is_complete)),
        Move("county_passed", "同意，报市", {_COUNTY}, _CITY, _REVIEW, (is_anothers,)),
        Move("county_returned", "退回修改", {_COUNTY}, _RETURNED, _REVIEW, (is_anothers,)),
        Move("county_not_adopted", "不予上报", {_COUNTY}, _NOT_ADOPTED, _REVIEW, (is_anothers,), irreversible=True),
        Move("city_passed", "市级同意，报省", {_CITY}, _PROVINCE, _ENTER),
        Move("city_returned", "市级退回", {_CITY}, _RETURNED, _ENTER),
        Move("city_not_adopted", "市级不采纳", {_CITY}, _NOT_ADOPTED, _ENTER, irreversible=True),
        Move("province_adopted", "省级采纳", {_PROVINCE}, _ADOPTED, _ENTER, irreversible=True),
        Move("province_partly", "省级部分采纳", {_PROVINCE}, _PARTLY, _ENTER, irreversible=True),
        Move("province_not_adopted", "省级不采纳", {_PROVINCE}, _NOT_ADOPTED, _ENTER, irreversible=True),
        Move("province_returned", "省级退回", {_PROVINCE}, _RETURNED, _ENTER),
        Move("withdraw", "撤回", {_DRAFT, _COUNTY, _RETURNED}, _WITHDRAWN, Can.PROPOSE, (is_own,), irreversible=True),
    ),
)  # fmt: skip
