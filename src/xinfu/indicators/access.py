"""Who may do what with indicators."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import STAFF


class Can(StrEnum):
    SEE = "indicators.see"
    IMPORT = "indicators.import"
    SET = "indicators.set"
    PUBLISH = "indicators.publish"


grant(
    {
        Can.SEE: ("查看晾晒指标", STAFF | {Role.SYSTEM_TOKEN}),
        Can.IMPORT: ("导入排名和官方数值", {Role.GENERAL, Role.DATA_BUREAU}),
        Can.SET: ("设定目标和分色规则", {Role.GENERAL}),
        Can.PUBLISH: ("发布榜单和通报", {Role.GENERAL}),
    }
)
