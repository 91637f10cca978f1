"""What is done with papers; every function is one transaction and one line of the journal."""

from __future__ import annotations

from xinfu.papers.actions.drafts import Party, draft_from_upload, draft_paper, name_parties, revise
from xinfu.papers.actions.moves import (
    archive,
    assign_number,
    cosign,
    dispatch,
    pass_review,
    receive,
    seal,
    send_back,
    sign,
    submit,
    void,
    withdraw,
)

__all__ = [
    "Party",
    "archive",
    "assign_number",
    "cosign",
    "dispatch",
    "draft_from_upload",
    "draft_paper",
    "name_parties",
    "pass_review",
    "receive",
    "revise",
    "seal",
    "send_back",
    "sign",
    "submit",
    "void",
    "withdraw",
]
