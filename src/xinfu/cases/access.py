"""Who may do what with cases."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import OFFICE


class Can(StrEnum):
    SEE = "cases.see"
    SEE_PERSONAL = "cases.see_personal"
    IMPORT = "cases.import"
    PUSH = "cases.push"
    HANDLE = "cases.handle"
    EXPORT = "cases.export"


UNITS = frozenset(
    {Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.WINDOW_CLERK, Role.TOWN_CLERK, Role.VILLAGE_CLERK}
)

grant(
    {
        Can.SEE: ("查看办件", OFFICE | UNITS | {Role.OUTLET_CLERK, Role.SYSTEM_TOKEN}),
        Can.SEE_PERSONAL: (
            "查看申请人完整信息",
            {Role.APPRAISAL, Role.WINDOW_CHIEF, Role.WINDOW_CLERK, Role.TOWN_CLERK},
        ),
        Can.IMPORT: ("导入办件", {Role.GENERAL, Role.DATA_BUREAU}),
        Can.PUSH: ("接口推送办件", {Role.SYSTEM_TOKEN}),
        Can.HANDLE: ("办理停钟和恢复计时", {Role.WINDOW_CHIEF, Role.WINDOW_CLERK, Role.TOWN_CLERK}),
        Can.EXPORT: ("导出办件", OFFICE | {Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK}),
    }
)
