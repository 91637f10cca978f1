"""No is an answer with a reason (design.md rule 4)."""

from __future__ import annotations


class Refused(Exception):
    """The one exception that actions raise on purpose.

    `code` is stable and in English, for machines; `reason` is one Chinese sentence for people: what is
    wrong, and what to do. The same sentence is the form error, the API error and the tooltip.
    `field` names the form field it belongs to, where there is one.
    """

    def __init__(self, code: str, reason: str, *, field: str | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.field = field


class NotFound(Refused):
    """Refused because the thing does not exist or may not be known to exist."""

    def __init__(self, reason: str = "没有找到这条记录，或者您无权查看。") -> None:
        super().__init__("not_found", reason)


class Forbidden(Refused):
    """Refused because the role lacks the permission."""

    def __init__(self, reason: str = "您的角色没有这项权限，如需办理请联系本单位管理员。") -> None:
        super().__init__("forbidden", reason)
