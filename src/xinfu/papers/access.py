"""Who may do what with papers."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import OFFICE


class Can(StrEnum):
    SEE = "papers.see"
    SEE_ALL = "papers.see_all"
    DRAFT = "papers.draft"
    REVIEW = "papers.review"
    COSIGN = "papers.cosign"
    SIGN = "papers.sign"
    ISSUE = "papers.issue"
    RECEIVE = "papers.receive"


UNITS = frozenset({Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK})

grant(
    {
        Can.SEE: ("查看公文", OFFICE | UNITS),
        Can.SEE_ALL: ("查看全办公文", OFFICE - {Role.DATA_BUREAU}),
        Can.DRAFT: ("拟稿", OFFICE),
        Can.REVIEW: ("核稿", {Role.GENERAL}),
        Can.COSIGN: ("会签", OFFICE | UNITS),
        Can.SIGN: ("签发", {Role.LEADER}),
        Can.ISSUE: ("编号、用印、分送、归档", {Role.GENERAL}),
        Can.RECEIVE: ("签收来文", OFFICE | UNITS),
    }
)
