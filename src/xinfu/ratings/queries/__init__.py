"""How everybody reads ratings; the actor comes first."""

from xinfu.ratings.queries.ratings import may_rate_again
from xinfu.ratings.queries.statistics import bad_without_loop, rows_behind

__all__ = ["bad_without_loop", "may_rate_again", "rows_behind"]
