"""The screens' toolkit: words, lists, forms, confirmation, progress (docs/explain/screens.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a time line (D3). `kind`: move, public (the applicant sees it) or log; `gap`: what stopped the clock."""

    at: datetime
    who: str
    verb: str
    text: str = ""
    workdays: int | None = None
    kind: str = "move"
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work is. `state`: running, done, failed; `result_url` is where its result stands."""

    done: int
    total: int | None
    label: str
    state: str = "running"
    result_url: str = ""
    result_label: str = "查看结果"

    @property
    def percent(self) -> int | None:
        """Return the whole percent done, never 100 before the end; None where the total is unknown."""
        if self.state == "done":
            return 100
        return min(99, self.done * 100 // self.total) if self.total else None


def progress(request: HttpRequest, state: Progress, url: str = "") -> HttpResponse:
    """Return the fragment that a progress bar polls; `url` defaults to the address asked."""
    answer = render(request, "ui/progress.html", {"progress": state, "url": url or request.get_full_path()})
    answer["Cache-Control"] = "no-store"
    return answer
