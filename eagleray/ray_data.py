"""Ray Data: a query's rows as a Dataset, read from storage a task a shard, and a Dataset into a table, all of it or
nothing.

    dataset = eagleray.ray_dataset("SELECT id, price FROM orders WHERE price > 100")
    dataset.map_batches(score, batch_format="pyarrow").write_datasink(eagleray.sink("scores"))

Needs Ray Data's packages: pip install 'eagleray[data]'. Runs on the Ray that the program has joined, on the cluster's
host: a submitted program's `ray.init()` joins the cluster's own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from ray.data import Datasink, Datasource, read_datasource
from ray.data.block import BlockAccessor, BlockMetadata
from ray.data.datasource import ReadTask

from eagleray.arrow import load
from eagleray.client import connect
from eagleray.transactions import Retries, run

if TYPE_CHECKING:
    from ray.data import Dataset

    from actors.reading.plan import ReadPlan


def ray_dataset(query: str, parameters: Sequence[Any] = (), *, url: str | None = None, **options: Any) -> Dataset:
    """The rows of a query as a ray.data.Dataset: one read task for each shard, all at one snapshot, the present one.

    Storage evaluates the conditions and sends the columns that are selected, as columns; no query processor and no
    Python object a row is on the way. Ray's scheduler may run the dataset many times: each time it reads the same
    snapshot, until that is older than the transaction age limit (300 s; a read that comes later fails with 54000, and
    never reads anything else). `materialize()` keeps what was read.

    `query`: columns of one table, with conditions that storage can evaluate. Anything else (joins, aggregates,
    expressions, ORDER BY, LIMIT) is refused (0A000): run it with `read_arrow`,
    `ray.data.from_arrow(eagleray.read_arrow(query))`, or do that part with Ray Data. `parameters` are for its %s;
    `options` go to ray.data.read_datasource (`concurrency`, `ray_remote_args` ...).

    Who may: the database user of `url` plans the query, and its tasks open the cluster's sockets, which only the
    operating system's user who runs the cluster can. Raises psycopg's errors; a read that fails fails the whole
    dataset, wrapped in ray.exceptions.RayTaskError.
    """
    from actors.reading.plan import ReadPlan

    with connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        row = connection.execute(f"EXPLAIN (PARTS) {query}", parameters or None).fetchone()
    assert row is not None
    plan = ReadPlan.of_text(row[0])
    options.setdefault("override_num_blocks", len(plan.parts))
    dataset: Dataset = read_datasource(_Source(plan), **options)
    return dataset


class _Source(Datasource):
    """A ReadPlan, as Ray Data asks for it."""

    def __init__(self, plan: ReadPlan) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._plan = plan

    def get_name(self) -> str:
        return "Eagleray"

    def estimate_inmemory_data_size(self) -> int | None:
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """One for each part, whatever `parallelism` says: a part is a shard's."""
        nothing_known = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)
        return [
            ReadTask(
                _reader(self._plan, number),
                nothing_known,
                schema=self._plan.schema,
                per_task_row_limit=per_task_row_limit,
            )
            for number in range(len(self._plan.parts))
        ]


def _reader(plan: ReadPlan, number: int) -> Callable[[], Iterator[pa.Table]]:
    """What a read task runs."""

    def read() -> Iterator[pa.Table]:
        from actors.common.errors import DatabaseError
        from actors.reading.bulk import part_batches

        try:
            empty = True
            for batch in part_batches(plan, number):
                empty = False
                yield pa.Table.from_batches([batch])
            if empty:
                yield plan.schema.empty_table()
        except DatabaseError as error:
            raise _as_psycopg(error.sqlstate, f"{error.message} (part {number + 1} of {len(plan.parts)})") from None

    return read


def _as_psycopg(sqlstate: str, message: str) -> psycopg.Error:
    try:
        return psycopg.errors.lookup(sqlstate)(message)
    except KeyError:
        return psycopg.DatabaseError(f"{sqlstate}: {message}")


def sink(table: str, *, url: str | None = None, staging: str | Path | None = None) -> Datasink[Any]:
    """Where Dataset.write_datasink writes to: all rows of the dataset become visible in `table` at once, or none do.

    Write tasks put their blocks into files of a new folder in `staging` (by default the machine's temporary folder;
    with tasks on several hosts a folder that they share). When all have ended, the driver loads the files in one
    transaction, as `load` does, and removes the folder. A task that Ray runs again writes a file of its own, and only
    the files of tasks that ended well are loaded, so no row is written twice; where anything fails nothing is.
    `write_datasink` raises what `load` raises: 23505, 54000 beyond the transaction's limits, UnknownOutcome where the
    connection was lost during COMMIT.
    """
    return _Sink(table, url or os.environ.get("EAGLERAY_URL"), Path(staging or tempfile.gettempdir()))


class _Sink(Datasink[Any]):
    """`rows`: how many were loaded, on the driver, once written."""

    def __init__(self, table: str, url: str | None, staging: Path) -> None:
        self._table = table
        self._url = url
        self._folder = staging / f"eagleray-staged-{uuid.uuid4().hex}"
        self.rows = 0

    def get_name(self) -> str:
        return "Eagleray"

    def on_write_start(self, schema: Any = None) -> None:
        self._folder.mkdir(mode=0o700)

    def write(self, blocks: Iterable[Any], ctx: Any) -> list[str]:
        """One task's file, by name; none where it has no rows."""
        tables = (BlockAccessor.for_block(block).to_arrow() for block in blocks)
        writer: pa.RecordBatchFileWriter | None = None
        name = uuid.uuid4().hex
        try:
            for table in tables:
                if table.num_rows:
                    if writer is None:
                        writer = pa.ipc.new_file(str(self._folder / name), table.schema)
                    writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()
        return [name] if writer is not None else []

    def on_write_complete(self, write_result: Any) -> None:
        files = [self._folder / name for names in write_result.write_returns for name in names]
        try:
            self.rows = _load_files(self._table, files, self._url) if files else 0
        finally:
            self._remove()

    def on_write_failed(self, error: Exception) -> None:
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _load_files(table: str, files: Sequence[Path], url: str | None) -> int:
    """All files in one transaction, which runs again on a conflict: each file with its own schema, of which a column
    may be null throughout."""

    def work(cursor: psycopg.Cursor[Any]) -> int:
        return sum(_load_file(table, file, cursor.connection) for file in files)

    with connect(url) as connection:
        return run(lambda: connection, work, Retries())


def _load_file(table: str, file: Path, connection: psycopg.Connection[Any]) -> int:
    with pa.memory_map(str(file)) as data:
        opened = pa.ipc.open_file(data)
        batches = (opened.get_batch(number) for number in range(opened.num_record_batches))
        return load(table, pa.RecordBatchReader.from_batches(opened.schema, batches), connection=connection)
