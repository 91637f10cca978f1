"""How everybody reads ratings; the actor comes first."""

from xinfu.ratings.queries.statistics import rows_behind

__all__ = ["rows_behind"]
