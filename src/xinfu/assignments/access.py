"""Who may give, do and confirm assigned items."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import OFFICE


class Can(StrEnum):
    SEE = "assignments.see"
    GIVE = "assignments.give"
    DO = "assignments.do"
    CONFIRM = "assignments.confirm"
    OVERRIDE = "assignments.override"
    EXPORT = "assignments.export"
    MEET = "assignments.meet"


DOERS = OFFICE | {Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK}

grant(
    {
        Can.SEE: ("查看交办事项", DOERS | {Role.SYSTEM_TOKEN}),
        Can.GIVE: ("交办事项", OFFICE),
        Can.DO: ("签收、办理、分解、转办交办事项", DOERS),
        Can.CONFIRM: ("确认、退回、催办、撤销本单位交办的事项", DOERS),
        Can.OVERRIDE: ("改定交办事项亮灯", {Role.LEADER}),
        Can.EXPORT: ("导出交办事项", DOERS),
        Can.MEET: ("召集会议，记录到会、讨论和决定", OFFICE),
    }
)
