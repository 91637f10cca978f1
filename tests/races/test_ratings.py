"""Two connections at once: however many send the same link, the case is rated once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.races.test_papers import together
from xinfu.cases.models import Case
from xinfu.core.refusal import Refused
from xinfu.ratings import actions
from xinfu.ratings.models import BadRating, Channel, Rating

AT = datetime(2023, 6, 29, 10, 30, tzinfo=CHINA)


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_fifty_at_once_give_one_rating(tmp_path: Path, is_anonymous: bool) -> None:
    make.office()
    path = tmp_path / "cases.csv"
    path.write_text(as_csv([row(1, 办结时间="2023-06-28 10:00:00", 办件状态="办结")]))
    import_cases(path)
    case = Case.objects.get()

    def rate() -> Rating:
        return actions.rate(
            case_id=case.pk, level=1, reasons=["108"], is_anonymous=is_anonymous, channel=Channel.QR_CODE,
            by=make.SYSTEM, at=AT,
        )  # fmt: skip

    done = [*together(*[rate] * 25), *together(*[rate] * 25)]  # a server gives so many connections at once
    refused = [answer for answer in done if isinstance(answer, Refused)]
    assert len(refused) == 49
    assert {refusal.code for refusal in refused} == {"rated_before"}
    assert Rating.objects.count() == 1
    assert BadRating.objects.count() == (0 if is_anonymous else 1)
