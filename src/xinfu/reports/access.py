"""Who may do what with reports."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import OFFICE


class Can(StrEnum):
    SEE = "reports.see"
    MAKE = "reports.make"
    ENTER = "reports.enter"
    CHECK = "reports.check"


grant(
    {
        Can.SEE: ("查看工作报告和填报数据", OFFICE),
        Can.MAKE: ("生成工作报告和通报", {Role.GENERAL, Role.DATA_BUREAU}),
        Can.ENTER: ("填报数据", OFFICE - {Role.LEADER}),
        Can.CHECK: ("核对稿件数字", OFFICE),
    }
)
