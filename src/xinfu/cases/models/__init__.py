"""办件 (hall.md §2.3–2.5): cases, their stops and steps, and the batches that brought them in."""

from xinfu.cases.models.case import (
    Case,
    CaseQuerySet,
    Channel,
    DueKind,
    FinishKind,
    Quality,
    State,
)
from xinfu.cases.models.intake import BatchStatus, ImportBatch, MonthRevision, RejectedRow
from xinfu.cases.models.parts import CaseLicence, CasePause, CaseStep, PauseKind

__all__ = [
    "BatchStatus",
    "Case",
    "CaseLicence",
    "CasePause",
    "CaseQuerySet",
    "CaseStep",
    "Channel",
    "DueKind",
    "FinishKind",
    "ImportBatch",
    "MonthRevision",
    "PauseKind",
    "Quality",
    "RejectedRow",
    "State",
]
