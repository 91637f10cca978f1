"""The house's own permissions: journal, settings, status."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant


class Can(StrEnum):
    SEE_JOURNAL = "core.see_journal"
    SEE_STATUS = "core.see_status"
    SET_LOCAL_RULES = "core.set_local_rules"
    SEE_LOCAL_RULES = "core.see_local_rules"
    SHARE = "core.share"
    MESSAGES = "core.messages"


STAFF = frozenset(Role) - {Role.OUTSIDE, Role.SYSTEM_TOKEN}
OFFICE = frozenset(
    {
        Role.LEADER,
        Role.GENERAL,
        Role.APPRAISAL,
        Role.APPROVALS,
        Role.INTERMEDIARY,
        Role.TRADING,
        Role.DATA_BUREAU,
    }
)

grant(
    {
        Can.SEE_JOURNAL: ("查看操作日志", {Role.AUDITOR, Role.SECURITY_ADMIN}),
        Can.SEE_STATUS: ("查看系统状态", {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR}),
        Can.SET_LOCAL_RULES: ("设定本地规定", {Role.GENERAL, Role.SYSTEM_ADMIN}),
        Can.SEE_LOCAL_RULES: ("查看本地规定", STAFF),
        Can.MESSAGES: ("查看短信发送情况、重发", {Role.GENERAL, Role.APPRAISAL, Role.SYSTEM_ADMIN}),
        Can.SHARE: (
            "把视图和常用语共享给本单位",
            OFFICE | {Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK},
        ),
    }
)
