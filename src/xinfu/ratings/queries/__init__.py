"""How everybody reads ratings; the actor comes first."""

from xinfu.ratings.queries.statistics import bad_without_loop, rows_behind

__all__ = ["bad_without_loop", "rows_behind"]
