"""Who acts: a frozen value made once per request, task or command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from xinfu.core.refusal import Forbidden


class Kind(StrEnum):
    PERSON = "person"
    OUTSIDE = "outside"
    TOKEN = "token"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a permission reaches: everything, or some units (ids, descendants included), or own things only."""

    everything: bool = False
    units: frozenset[int] = frozenset()
    own: bool = False

    def __or__(self, other: Scope) -> Scope:
        return Scope(self.everything or other.everything, self.units | other.units, self.own or other.own)

    def covers(self, unit_id: int | None) -> bool:
        return self.everything or (unit_id is not None and unit_id in self.units)


NOTHING = Scope()
EVERYTHING = Scope(everything=True)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an outside account, a system's token, the program itself, or a stranger."""

    kind: Kind
    id: int | None
    name: str
    unit_id: int | None = None
    unit_name: str = ""
    roles: frozenset[str] = frozenset()
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    behalf_of: str = ""
    behalf_key: str = ""
    job: str = ""

    @property
    def key(self) -> str:
        """The actor id that the journal keeps, such as `person:12`."""
        return f"{self.kind}:{self.id}" if self.id is not None else f"{self.kind}:{self.job or self.name}"

    def may(self, permission: str) -> bool:
        return self.kind == Kind.SYSTEM or permission in self.scopes

    def scope(self, permission: str) -> Scope:
        return EVERYTHING if self.kind == Kind.SYSTEM else self.scopes.get(permission, NOTHING)

    def require(self, permission: str) -> None:
        """Raise Forbidden where the actor lacks the permission."""
        if not self.may(permission):
            raise Forbidden()


ANONYMOUS = Actor(kind=Kind.ANONYMOUS, id=None, name="访客")


JOBS = {
    "cases": "办件",
    "demo": "演示",
    "figures": "计算指标",
    "import": "导入办件",
    "import_items": "导入事项",
    "import_people": "导入人员",
    "import_ranks": "导入排名",
    "indicators": "指标",
    "open_account": "开通账号",
    "report": "生成报告",
    "reset_password": "重设密码",
    "snapshots": "数据快照",
    "tick": "定时任务",
    "tidy": "清理",
    "unlock": "解锁账号",
}
"""What the program's own jobs are called where people read who acted."""


def system(name: str) -> Actor:
    """Return the program itself acting, under the name of the job that acts (such as `tick`)."""
    return Actor(kind=Kind.SYSTEM, id=None, name=f"系统（{JOBS.get(name, name)}）", job=name)
