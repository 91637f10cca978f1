"""Two connections at once: however many send the same link, the case is rated once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.races.test_papers import together
from xinfu.cases.models import Case
from xinfu.core import clock
from xinfu.ratings import ways
from xinfu.ratings.models import BadRating, Rating

AT = datetime(2023, 6, 29, 10, 30, tzinfo=CHINA)


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_fifty_submissions_of_one_link_at_once_give_one_rating(
    tmp_path: Path, is_anonymous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.office()
    monkeypatch.setattr(clock, "now", lambda: AT)
    path = tmp_path / "cases.csv"
    path.write_text(as_csv([row(1, 办结时间="2023-06-28 10:00:00", 办件状态="办结")]))
    import_cases(path)
    case = Case.objects.get()

    page = f"/ratings/r/{ways.on_receipt(case.pk, stage='2', turn=1, until=AT + timedelta(days=30))}/"
    said = {"level": "1", "reasons": ["108"], **({} if is_anonymous else {"named": "on"})}

    def submit() -> int:
        return Client().post(page, said).status_code

    done = together(*[submit] * 50)
    assert sorted(done) == [302, *[409] * 49], "one link: one is thanked, all others are told"
    assert Rating.objects.count() == 1
    assert BadRating.objects.count() == (0 if is_anonymous else 1)
