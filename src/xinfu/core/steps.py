"""The shape that every process gives its history: steps, and files kept with a thing or a step."""

from __future__ import annotations

from django.db import models


class Step(models.Model):
    """One line of a process's history: who did what when. A row never changes; the thing's key is the process's own."""

    move = models.CharField("动作", max_length=30)
    verb = models.CharField("动作名称", max_length=30)
    at = models.DateTimeField("时间")
    by = models.CharField("办理人", max_length=80)
    by_name = models.CharField("办理人姓名", max_length=80)
    unit_name = models.CharField("办理单位", max_length=80, blank=True)

    class Meta:
        abstract = True
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.verb


class KeptFile(models.Model):
    """A file that belongs to a thing or to one of its steps: `digest` names the stored file (core.files)."""

    digest = models.CharField("文件摘要", max_length=64)
    name = models.CharField("文件名", max_length=200)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name
