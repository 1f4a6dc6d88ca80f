"""An observer that has a case for a message that it does not look at would judge nothing, in silence."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest

from cluster.simulation.claim_witness import ClaimWitness
from cluster.simulation.journal_witness import JournalWitness
from cluster.simulation.late_witness import LateWitness
from cluster.simulation.storage_witness import StorageWitness
from cluster.simulation.witness import Witness


@pytest.mark.parametrize("witness", [ClaimWitness, JournalWitness, LateWitness, StorageWitness, Witness])
def test_a_witness_looks_at_every_message_that_it_has_a_case_for(witness: type) -> None:
    assert witness.looks_at is not None  # type: ignore[attr-defined]
    looked_at = {kind.__name__ for kind in witness.looks_at}  # type: ignore[attr-defined]
    known: set[str] = set()
    for method in (witness.delivered, witness.answered):  # type: ignore[attr-defined]
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(method)))):
            if isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name):
                known.add(node.cls.id)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
                subject, kind = map(ast.unparse, node.args)
                known |= {kind} if subject in ("message", "request") else set()
    assert known and known <= looked_at, sorted(known - looked_at)
