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


_JOBS: dict[str, str] = {}


def name_jobs(names: Mapping[str, str]) -> None:
    """Say what an app's own jobs are called where people read who acted."""
    _JOBS.update(names)


def job_names() -> Mapping[str, str]:
    return _JOBS


def system(name: str) -> Actor:
    """Return the program itself acting, under the name of the job that acts (such as `tick`)."""
    return Actor(kind=Kind.SYSTEM, id=None, name=f"系统（{_JOBS.get(name, name)}）", job=name)
