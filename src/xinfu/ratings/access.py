"""Who may do what with ratings and with bad ratings."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import OFFICE


class Can(StrEnum):
    SEE = "ratings.see"
    SEE_NAMES = "ratings.see_names"
    EXPORT = "ratings.export"
    SET_UP = "ratings.set_up"
    WITHHOLD = "ratings.withhold"
    TELEPHONE = "ratings.telephone"
    EXCHANGE = "ratings.exchange"
    HANDLE = "ratings.handle"
    JUDGE = "ratings.judge"
    SPOT_CHECK = "ratings.spot_check"
    SUPERVISE = "ratings.supervise"
    ASK = "ratings.ask"
    TABLETS = "ratings.tablets"
    PUSH = "ratings.push"


HANDLERS = frozenset({Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK})

grant(
    {
        Can.SEE: ("查看评价", OFFICE | HANDLERS | {Role.WINDOW_CLERK, Role.SYSTEM_TOKEN}),
        Can.SEE_NAMES: ("查看实名评价人", {Role.APPRAISAL} | HANDLERS),
        Can.EXPORT: ("导出评价", {Role.APPRAISAL, Role.GENERAL} | HANDLERS),
        Can.SET_UP: ("设定评价方式和理由", {Role.APPRAISAL}),
        Can.WITHHOLD: ("不公开某条评价文字", {Role.APPRAISAL}),
        Can.TELEPHONE: ("电话邀评", {Role.APPRAISAL, Role.GENERAL}),
        Can.EXCHANGE: ("与省平台交换评价", {Role.APPRAISAL, Role.SYSTEM_TOKEN}),
        Can.HANDLE: ("回访、认定、申诉、整改差评", HANDLERS),
        Can.JUDGE: ("审核差评申诉和无法整改", {Role.APPRAISAL, Role.GENERAL, Role.UNIT_LIAISON}),
        Can.SPOT_CHECK: ("抽查回访", {Role.APPRAISAL}),
        Can.SUPERVISE: ("督办审核超期的差评", {Role.LEADER}),
        Can.ASK: ("在窗口平板上请评价", {Role.WINDOW_CLERK, Role.WINDOW_CHIEF, Role.TOWN_CLERK}),
        Can.TABLETS: ("配对和解除窗口平板", {Role.APPRAISAL, Role.WINDOW_CHIEF}),
        Can.PUSH: ("向窗口平板推送办件", {Role.SYSTEM_TOKEN}),
    }
)
