"""The API of papers: the same rows and refusals as the screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import make
from tests.papers.conftest import People
from tests.papers.test_screens import SEES, client_of
from xinfu.core.access import Role
from xinfu.papers.flow import Status
from xinfu.papers.models import Paper

PaperAt = Callable[..., Paper]
ADDRESS = "/api/v1/papers"


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.OUTSIDE, Role.SYSTEM_TOKEN)])
def test_the_api_opens_to_the_roles_of_the_screen(role: Role, as_role: Callable[..., Any]) -> None:
    assert as_role(role).get(ADDRESS).status_code == (200 if role in SEES else 403)


def test_a_stranger_is_turned_away(office: make.Office, client: Any) -> None:
    assert client.get(ADDRESS).status_code == 401


def test_papers_come_newest_first_in_pages(paper_at: PaperAt, people: People) -> None:
    made = [paper_at().pk for _ in range(3)]
    client = client_of(people.reviewer)
    first = client.get(ADDRESS, {"limit": 2}).json()
    assert [p["id"] for p in first["items"]] == made[:0:-1]
    rest = client.get(ADDRESS, {"limit": 2, "cursor": first["next"]}).json()
    assert ([p["id"] for p in rest["items"]], rest["next"]) == (made[:1], "")


def test_a_paper_comes_with_text_sources_and_file_to_who_may_see_it(
    paper_at: PaperAt, people: People
) -> None:
    paper = paper_at(Status.DISPATCHED)
    client = client_of(people.liaison)
    got = client.get(f"{ADDRESS}/{paper.pk}").json()
    assert (got["number"], got["figures"][0]["key"]) == (paper.number, "total")
    assert "108万件[1]" in got["text"]
    assert client.get(f"{ADDRESS}/{paper.pk}/file").content[:2] == b"PK"
    assert client_of(people.stranger).get(f"{ADDRESS}/{paper.pk}").status_code == 404


@pytest.mark.parametrize("query", [{"box": "trash"}, {"status": "lost"}])
def test_an_unknown_box_or_status_is_refused_by_name(query: dict[str, str], people: People) -> None:
    got = client_of(people.reviewer).get(ADDRESS, query)
    assert got.status_code in (400, 409, 422)
    assert "可用的有" in got.content.decode()
    assert (
        client_of(people.reviewer).get(ADDRESS, {"status": "draft", "kind": "notice"}).json()["items"] == []
    )
