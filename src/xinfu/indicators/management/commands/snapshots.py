"""Snapshots by hand: `snapshots refresh`, `snapshots verify`, `snapshots prune`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.indicators import actions, snapshots


class Command(BaseCommand):
    help = "快照：refresh 更新并算出常用期间，verify 核对文件，prune 清理无人引用的旧快照。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["refresh", "verify", "prune"])

    def handle(self, *args: Any, **options: Any) -> None:
        actor, at = system("snapshots"), clock.now()
        if options["what"] == "refresh":
            made = actions.precompute(by=actor, at=at)
            present = snapshots.current()
            self.stdout.write(f"快照 {present.digest if present else ''}，新算 {made} 组")
        elif options["what"] == "prune":
            self.stdout.write(f"删除 {actions.prune(by=actor, at=at)} 个文件")
        else:
            self.verify()

    def verify(self) -> None:
        present = snapshots.current()
        if present is None:
            raise CommandError("尚无快照。")
        wrong = snapshots.damaged(present.digest)
        if wrong:
            raise CommandError(f"这些文件缺失或被改动：{'、'.join(wrong)}")
        self.stdout.write(f"快照 {present.digest} 完好")
