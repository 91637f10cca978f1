"""Tables of people: units (机构 窗口 人员 角色 外部单位), accounts (账号 会话 登录 令牌), factors (第二步验证)."""

from xinfu.people.models.accounts import Account, ApiToken, LoginLock, LoginOutcome, LoginRecord, SignIn
from xinfu.people.models.factors import Authenticator, FactorReset, Passkey, ProviderLink, RecoveryCode
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
    "Authenticator",
    "Department",
    "DepartmentKind",
    "Deputy",
    "FactorReset",
    "LoginLock",
    "LoginOutcome",
    "LoginRecord",
    "Organisation",
    "OrganisationKind",
    "Passkey",
    "Person",
    "ProviderLink",
    "RecoveryCode",
    "RoleGrant",
    "SignIn",
    "Window",
]
