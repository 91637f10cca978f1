"""Tables of assigned items and of the meetings that they come from."""

from xinfu.assignments.models.items import Item, ItemFile, ItemStep, LampEntry, Partner, Source
from xinfu.assignments.models.meetings import (
    AgendaLine,
    Attendee,
    Decision,
    DecisionPartner,
    Meeting,
    MeetingFile,
    MeetingKind,
    MeetingStep,
    MeetingTable,
    Presence,
    Reply,
)

__all__ = [
    "AgendaLine",
    "Attendee",
    "Decision",
    "DecisionPartner",
    "Item",
    "ItemFile",
    "ItemStep",
    "LampEntry",
    "Meeting",
    "MeetingFile",
    "MeetingKind",
    "MeetingStep",
    "MeetingTable",
    "Partner",
    "Presence",
    "Reply",
    "Source",
]
