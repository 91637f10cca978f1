"""办件 (hall.md §2.3–2.5): cases, their stops and steps, and the batches that brought them in."""

from xinfu.cases.models.case import (
    Case,
    CasePause,
    CaseQuerySet,
    CaseStep,
    Channel,
    DueKind,
    FinishKind,
    PauseKind,
    Quality,
    State,
)
from xinfu.cases.models.intake import BatchStatus, ImportBatch, MonthRevision, RejectedRow

__all__ = [
    "BatchStatus",
    "Case",
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
