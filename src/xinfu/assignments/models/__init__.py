"""Tables of assigned items and of the meetings that they come from."""

from xinfu.assignments.models.items import Item, ItemFile, ItemStep, LampEntry, Partner, Source

__all__ = ["Item", "ItemFile", "ItemStep", "LampEntry", "Partner", "Source"]
