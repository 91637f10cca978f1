"""What is known of one case's ratings by name; of anonymous ones nothing is known by case."""

from __future__ import annotations

from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating, Stage


def may_rate_again(case_id: int, stage: str = Stage.FINISHED) -> bool:
    """Tell whether a bad rating by name of this stage was put right, so that its follow-up rating is open."""
    found = BadRating.objects.filter(
        rating__case=case_id, rating__stage=stage, rating__turn=1, status=Status.RECTIFIED
    )
    return found.exists()
