"""Who may do what with the catalogue of items."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import OFFICE, STAFF


class Can(StrEnum):
    SEE = "catalog.see"
    IMPORT = "catalog.import"
    EXPORT = "catalog.export"


grant(
    {
        Can.SEE: ("查看事项目录", STAFF - {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN} | {Role.SYSTEM_TOKEN}),
        Can.IMPORT: ("导入事项", {Role.GENERAL, Role.DATA_BUREAU}),
        Can.EXPORT: ("导出事项", OFFICE | {Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK}),
    }
)
