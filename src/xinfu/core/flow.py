"""Flows: the states of a thing and the only way from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Model

from xinfu.core.actor import Actor
from xinfu.core.refusal import Forbidden, Refused

Guard = Callable[[Any, Actor], str | None]


@dataclass(frozen=True, slots=True)
class Move:
    """One move: `guards` are pure and return None, or the sentence why not."""

    name: str
    label: str
    sources: frozenset[StrEnum]
    target: StrEnum
    permission: StrEnum
    guards: tuple[Guard, ...] = ()
    irreversible: bool = False

    def __init__(
        self,
        name: str,
        label: str,
        sources: Iterable[StrEnum],
        target: StrEnum,
        permission: StrEnum,
        guards: Sequence[Guard] = (),
        irreversible: bool = False,
    ) -> None:
        for key, value in {
            "name": name,
            "label": label,
            "sources": frozenset(sources),
            "target": target,
            "permission": permission,
            "guards": tuple(guards),
            "irreversible": irreversible,
        }.items():
            object.__setattr__(self, key, value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: `reason` is None where the move is open, else the sentence why not."""

    move: Move
    reason: str | None

    @property
    def name(self) -> str:
        return self.move.name

    @property
    def label(self) -> str:
        return self.move.label


@dataclass(frozen=True)
class Flow:
    """The states of a model's `status` field and the moves between them."""

    initial: StrEnum
    moves: Sequence[Move]
    _by_name: dict[str, Move] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for move in self.moves:
            if move.name in self._by_name:
                raise ValueError(f"two moves named {move.name}")
            self._by_name[move.name] = move

    def __getitem__(self, name: str) -> Move:
        return self._by_name[name]

    def _refusal(self, move: Move, thing: Any, actor: Actor) -> Refused | None:
        if not actor.may(move.permission):
            return Forbidden(f"您的角色不能“{move.label}”。")
        if thing.status not in {str(s) for s in move.sources}:
            return Refused("wrong_state", f"当前状态是“{thing.get_status_display()}”，不能“{move.label}”。")
        for guard in move.guards:
            reason = guard(thing, actor)
            if reason is not None:
                return Refused(f"{move.name}_refused", reason)
        return None

    def choices(self, thing: Any, actor: Actor) -> list[Choice]:
        """Return the moves that leave the thing's state and that the actor's role could do, each with its reason."""
        out = []
        for move in self.moves:
            if thing.status in {str(s) for s in move.sources} and actor.may(move.permission):
                refusal = self._refusal(move, thing, actor)
                out.append(Choice(move, refusal.reason if refusal else None))
        return out

    def check(self, name: str, thing: Any, actor: Actor) -> Move:
        """Return the move, or raise the refusal."""
        move = self._by_name[name]
        refusal = self._refusal(move, thing, actor)
        if refusal is not None:
            raise refusal
        return move

    def move(self, name: str, thing: Model, by: Actor, **changes: Any) -> None:
        """Change the row if it is still in the state that was seen; write `changes` with it.

        Raises Refused: no permission, wrong state, a guard's sentence, or changed by someone else meanwhile.
        """
        move = self.check(name, thing, by)
        manager = type(thing)._default_manager
        seen = thing.status  # type: ignore[attr-defined]
        changed = manager.filter(pk=thing.pk, status=seen).update(status=str(move.target), **changes)
        if not changed:
            raise Refused(
                "changed_meanwhile", f"他人刚刚处理了这条记录，“{move.label}”未执行，请刷新后再看。"
            )
        thing.status = str(move.target)  # type: ignore[attr-defined]
        for key, value in changes.items():
            setattr(thing, key, value)

    def mermaid(self) -> str:
        """Return the flow as a Mermaid state diagram for docs/reference/flows."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        for move in self.moves:
            lines += [f"    {s} --> {move.target}: {move.label}" for s in sorted(move.sources)]
        return "\n".join(lines) + "\n"
