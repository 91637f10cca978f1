"""Who may do what with the frame's own things."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import STAFF


class Can(StrEnum):
    SUGGEST = "site.suggest"
    ANSWER_SUGGESTIONS = "site.answer_suggestions"


grant(
    {
        Can.SUGGEST: ("提出投诉建议", STAFF | {Role.OUTSIDE}),
        Can.ANSWER_SUGGESTIONS: ("答复投诉建议", {Role.GENERAL}),
    }
)
