"""`ReadPlan`: how a query's rows are read from storage by whoever has the plan, in parts that may be read at the same
time by different processes.

    EXPLAIN (PARTS) SELECT id, price FROM orders WHERE price > 100        the query processor plans, and hands the plan
                                                                          out as text
    plan = ReadPlan.of_text(text)
    for number in range(len(plan.parts)): ...                             part_batches(plan, number), anywhere on the
                                                                          host (bulk.py)

All parts are read at one snapshot, `at`; filter and projection are in the `program` that storage runs. Who may read
so: whoever got the plan, as a database user whom the query processor let run the query, and who may open the bus's
sockets, which is the operating system's user who runs the cluster. The plan itself opens nothing.
"""

from __future__ import annotations

import base64
import binascii

import msgspec
import pyarrow as pa

from actors.common.errors import INVALID_PARAMETER_VALUE, DatabaseError
from actors.common.messages.control import Topology
from actors.sql.encoding.arrow_types import arrow_type
from actors.sql.types.column_type import ColumnType

FORMAT = 1
"""Of the text; another one is refused."""


class ReadPlan(msgspec.Struct, frozen=True):
    """`parts`: key ranges [start, end), one a shard that has keys of the query's, ascending. `age_s_max`: so old the
    snapshot may be (0: no limit).

    `names` and `types` are the query's columns, `program` a ScanProgram with output "columns". `catalog_ts`: the
    catalog's that the plan was made under.
    """

    format: int
    at: int
    catalog_ts: int
    age_s_max: int
    names: tuple[str, ...]
    types: tuple[ColumnType, ...]
    program: bytes
    parts: tuple[tuple[bytes, bytes], ...]
    topology: Topology

    @property
    def schema(self) -> pa.Schema:
        return pa.schema(
            [pa.field(name, arrow_type(type_)) for name, type_ in zip(self.names, self.types, strict=True)]
        )

    def text(self) -> str:
        return base64.b64encode(msgspec.msgpack.encode(self)).decode()

    @classmethod
    def of_text(cls, text: str) -> ReadPlan:
        """Raises 22023 for what is no plan of this version."""
        try:
            plan = msgspec.msgpack.decode(base64.b64decode(text, validate=True), type=cls)
        except (binascii.Error, ValueError, msgspec.MsgspecError):
            raise DatabaseError(INVALID_PARAMETER_VALUE, "not a read plan") from None
        if plan.format != FORMAT:
            raise DatabaseError(
                INVALID_PARAMETER_VALUE, f"a read plan of format {plan.format}; this version reads format {FORMAT}"
            )
        return plan
