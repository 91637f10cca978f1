"""Tables of people: units (机构 窗口 人员 角色 外部单位) and accounts (账号 会话 登录 令牌)."""

from xinfu.people.models.accounts import Account, ApiToken, LoginLock, LoginOutcome, LoginRecord, SignIn
from xinfu.people.models.units import (
    Department,
    DepartmentKind,
    Deputy,
    Organisation,
    OrganisationKind,
    Person,
    RoleGrant,
    Window,
)

__all__ = [
    "Account",
    "ApiToken",
    "Department",
    "DepartmentKind",
    "Deputy",
    "LoginLock",
    "LoginOutcome",
    "LoginRecord",
    "Organisation",
    "OrganisationKind",
    "Person",
    "RoleGrant",
    "SignIn",
    "Window",
]
