"""Proofs: workloads whose histories tell whether the database kept its promises.

    proof.py        what a proof is        attempt.py      a transaction and its certain outcome
    connection.py   what it runs on: live.py over psycopg, or cluster/simulation over simulated sockets in virtual time

`PROOFS` has them by name. Each takes `pace_s`, the longest wait of a client between two transactions, and `recent`:
whether clocks keep their bounds, so that a transaction sees all that was acknowledged before it began (I11).
"""

from workloads.proofs.bank import BankTransfers
from workloads.proofs.counters import Counters
from workloads.proofs.list_append import ListAppend
from workloads.proofs.proof import Proof
from workloads.proofs.references import References
from workloads.proofs.schema import SchemaChanges
from workloads.proofs.sequences import Sequences
from workloads.proofs.sessions import Sessions
from workloads.proofs.sweeping import Sweeping
from workloads.proofs.unique import UniqueNames

PROOFS: dict[str, type[Proof]] = {
    proof.name: proof
    for proof in (
        BankTransfers,
        Counters,
        ListAppend,
        References,
        SchemaChanges,
        Sequences,
        Sessions,
        Sweeping,
        UniqueNames,
    )
}
