"""交办督办: registered with the house at start-up."""

from __future__ import annotations

from django.apps import AppConfig


class AssignmentsConfig(AppConfig):
    name = "xinfu.assignments"
    verbose_name = "交办督办"
