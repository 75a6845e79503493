"""Orphans: instances that have lost their last copy, until they are found again or marked as gone.

Each function runs inside the transaction of the connection it is given.
"""

from collections import Counter
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from wado_core.archive.index_many import in_chunks
from wado_core.archive.index_schema import file, gone, instance, orphan, series, study
from wado_core.archive.index_totals import change_totals
from wado_core.archive.index_value_ranges import forget_value_ranges


def note_orphans(connection: sa.Connection, held: Mapping[int, bytes]) -> None:
    """Note which instances have no copy left.  held: instances by id, each with the path of a copy that was."""
    if not held:
        return
    live = set(connection.scalars(sa.select(file.c.instance_id).where(file.c.instance_id.in_(list(held))).distinct()))
    rows = [{"instance_id": instance_id, "path": path, "sought": False} for instance_id, path in held.items() if instance_id not in live]
    if rows:
        # What was sought, found, and is missed once more may by now lie where the present look has been.
        put = insert(orphan)
        missed_anew = {"path": put.excluded.path, "sought": put.excluded.sought}
        connection.execute(put.on_conflict_do_update(index_elements=["instance_id"], set_=missed_anew), rows)


def bury_orphans(connection: sa.Connection, spared: Callable[[bytes], bool]) -> None:
    """Mark orphans that were sought, and are still without a copy, as gone; see the port."""
    held = {row[0]: row[1] for row in connection.execute(sa.select(orphan.c.instance_id, orphan.c.path).where(orphan.c.sought))}
    for chunk in in_chunks((instance_id, path) for instance_id, path in held.items() if not spared(path)):
        _bury(connection, dict(chunk))
        connection.execute(sa.delete(orphan).where(orphan.c.instance_id.in_([instance_id for instance_id, _ in chunk])))


def seek_orphans(connection: sa.Connection) -> bool:
    """Note that all orphans are sought from now on, after dropping those that have a copy again; return whether there are any."""
    connection.execute(sa.delete(orphan).where(sa.exists().where(file.c.instance_id == orphan.c.instance_id)))
    return connection.execute(sa.update(orphan).values(sought=True)).rowcount > 0


def _bury(connection: sa.Connection, held: Mapping[int, bytes]) -> None:
    """Mark those of the instances that have no copy left as gone, and take them, and what held only them, out of the listings.

    held: instances by id, each with the path of a copy that was.
    """
    if not held:
        return
    dead = connection.execute(
        sa.select(instance.c.id, series.c.id, study.c.id, study.c.study_uid, series.c.series_uid, instance.c.object_uid)
        .join_from(instance, series, series.c.id == instance.c.series_id)
        .join(study, study.c.id == series.c.study_id)
        .where(instance.c.id.in_(list(held)), ~sa.exists().where(file.c.instance_id == instance.c.id))
    ).all()
    if not dead:
        return
    put_gone = insert(gone)
    connection.execute(
        put_gone.on_conflict_do_update(index_elements=["study_uid", "series_uid", "object_uid"], set_={"path": put_gone.excluded.path}),
        [{"study_uid": row[3], "series_uid": row[4], "object_uid": row[5], "path": held[row[0]]} for row in dead],
    )
    dead_ids = [row[0] for row in dead]
    forget_value_ranges(connection, dead_ids)
    removed = {
        "instances": sa.delete(instance).where(instance.c.id.in_(dead_ids)),
        "series": sa.delete(series).where(
            series.c.id.in_({row[1] for row in dead}), ~sa.exists().where(instance.c.series_id == series.c.id)
        ),
        "studies": sa.delete(study).where(study.c.id.in_({row[2] for row in dead}), ~sa.exists().where(series.c.study_id == study.c.id)),
    }
    counts = Counter({name: connection.execute(statement).rowcount for name, statement in removed.items()})
    change_totals(connection, less=counts)
