"""Two imports of items at once: no item twice, no deadlock, the same end as one after the other."""

from __future__ import annotations

import threading

from django.db import connection

from tests.catalog.conftest import CODE, ROW, csv_bytes, day
from xinfu.catalog import actions, mapping
from xinfu.catalog.models import BatchStatus, Item, ItemBatch, ItemVersion
from xinfu.core.actor import system


def test_two_imports_of_the_same_items_at_once_make_each_item_once() -> None:
    by, at = system("tests"), day("2023-05-18")
    rows = [{**ROW, "task_code": f"{CODE[:-3]}{n:03}", "task_name": f"第{n}项"} for n in range(700)]
    chosen = mapping.find("zj-item")
    batches = [
        actions.check_file(chunks=[csv_bytes(part)], name="x.csv", chosen=chosen, since=None, by=by, at=at)
        for part in (rows, list(reversed(rows)))
    ]
    start = threading.Barrier(2)
    faults: list[BaseException] = []

    def write(batch: ItemBatch) -> None:
        try:
            start.wait()
            actions.apply_batch(batch=batch, by=by, at=at)
        except BaseException as fault:  # noqa: BLE001 - any fault of a thread fails the test
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    assert Item.objects.count() == ItemVersion.objects.count() == 700
    done = ItemBatch.objects.order_by("pk")
    assert sum(batch.created for batch in done) == 700
    assert sum(batch.unchanged for batch in done) == 700


def test_two_workers_at_one_batch_write_it_once() -> None:
    by, at = system("tests"), day("2023-05-18")
    rows = [{**ROW, "task_code": f"{CODE[:-3]}{n:03}", "task_name": f"第{n}项"} for n in range(700)]
    chosen = mapping.find("zj-item")
    batch = actions.check_file(
        chunks=[csv_bytes(rows)], name="x.csv", chosen=chosen, since=None, by=by, at=at
    )
    batch = actions.confirm_batch(batch=batch, by=by, at=at)
    start = threading.Barrier(2)
    faults: list[BaseException] = []

    def write() -> None:
        try:
            start.wait()
            actions.write_batch(batch=ItemBatch.objects.get(pk=batch.pk), by=by, at=at)
        except BaseException as fault:  # noqa: BLE001 - any fault of a thread fails the test
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    done = actions.write_batch(batch=ItemBatch.objects.get(pk=batch.pk), by=by, at=at)
    assert (done.status, done.created, done.done) == (BatchStatus.DONE, 700, 700)
    assert Item.objects.count() == ItemVersion.objects.count() == 700
