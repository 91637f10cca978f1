"""Who may do what with indicators and with suggestions on high-frequency items."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import OFFICE, STAFF


class Can(StrEnum):
    SEE = "indicators.see"
    IMPORT = "indicators.import"
    SET = "indicators.set"
    PUBLISH = "indicators.publish"
    SEE_PROPOSALS = "indicators.see_proposals"
    PROPOSE = "indicators.propose"
    REVIEW_PROPOSALS = "indicators.review_proposals"
    ENTER_ANSWERS = "indicators.enter_answers"
    EXPORT_PROPOSALS = "indicators.export_proposals"


PROPOSERS = OFFICE | {Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.WINDOW_CLERK, Role.TOWN_CLERK}
REVIEWERS = frozenset({Role.GENERAL, Role.DATA_BUREAU})

grant(
    {
        Can.SEE: ("查看晾晒指标", STAFF | {Role.SYSTEM_TOKEN}),
        Can.IMPORT: ("导入排名和官方数值", {Role.GENERAL, Role.DATA_BUREAU}),
        Can.SET: ("设定目标和分色规则", {Role.GENERAL}),
        Can.PUBLISH: ("发布榜单和通报", {Role.GENERAL}),
        Can.SEE_PROPOSALS: ("查看高频涉企事项建议", PROPOSERS | {Role.SYSTEM_TOKEN}),
        Can.PROPOSE: ("提出、修改、撤回高频涉企事项建议", PROPOSERS | {Role.SYSTEM_TOKEN}),
        Can.REVIEW_PROPOSALS: ("县级审核高频涉企事项建议", REVIEWERS),
        Can.ENTER_ANSWERS: ("登记、导入市级和省级对建议的意见", REVIEWERS),
        Can.EXPORT_PROPOSALS: ("导出高频涉企事项建议", PROPOSERS),
    }
)
