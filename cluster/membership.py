"""What becomes of the cluster's state where adjudicators and their journals are born and retired (docs/ranges.md).
Pure.

    with_adjudicator(state, 3)           one more is announced: its roles are to run, it does not count yet
    with_beginning(state, 3, at)         it counts from `at` on: ranges may go to it
    with_farewell(state, 3)              it is to give up its ranges
    with_end(state, 3, until)            its journal has ended
    without_adjudicator(state, 3)        nobody needs it any more: neither its roles nor its journal's files

A number is given once. One adjudicator at a time is on its way in or out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec
from msgspec.structs import replace

from actors.common.errors import INVALID_PARAMETER_VALUE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.journal_set import JournalSet, JournalTerm
from actors.common.timestamps import Timestamp
from cluster.regions import Regions
from cluster.state import ClusterState, ProcessState, RoleState


def journals_of(state: ClusterState) -> JournalSet:
    """As the state has it; a cluster that has never changed it has the journals of its adjudicators."""
    if state.journals.version:
        return state.journals
    terms = [
        JournalTerm(role.arguments["number"], tuple(role.arguments["replicas"]))
        for role in state.roles.values()
        if role.kind == "adjudicator"
    ]
    terms.sort(key=lambda term: term.number)
    return JournalSet(terms=tuple(terms), last_number=max((term.number for term in terms), default=0))


def changing(journals: JournalSet) -> JournalTerm | None:
    """The one that is on its way in or out."""
    return next((term for term in journals.terms if term.since is None or term.leaving), None)


def azs_of(state: ClusterState) -> list[str]:
    """Where a journal's replicas stand: where those of the first one do."""
    return [name.rpartition("/")[2] for name in journals_of(state).terms[0].replicas]


def with_adjudicator(state: ClusterState, number: int, *, by_load: bool = False) -> ClusterState:
    """Nothing changes where adjudicator `number` is there already. Raises 55000 while another one is on its way in or
    out, or where the next number is another."""
    journals = journals_of(state)
    if journals.term(number) is not None:
        return state
    _require_rest(journals)
    if number != journals.last_number + 1:
        raise DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE, f"the next adjudicator is adjudicator/{journals.last_number + 1}"
        )
    replicas = tuple(f"journal/{number}/{az}" for az in azs_of(state))
    journals = journals.announced(number, replicas, by_load=by_load)
    return with_journals(populated(state, journals), journals)


def _require_rest(journals: JournalSet) -> None:
    other = changing(journals)
    if other is not None:
        raise DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE, f"{other.adjudicator} is on its way {'out' if other.leaving else 'in'}"
        )


def with_beginning(state: ClusterState, number: int, at: Timestamp) -> ClusterState:
    """Nothing changes where it counts already, or is no more."""
    journals = journals_of(state)
    term = journals.term(number)
    if term is None or term.since is not None:
        return state
    return with_journals(state, journals.with_term(replace(term, since=at)))


def with_farewell(state: ClusterState, number: int) -> ClusterState:
    """Its ranges lie where they lie from now on: what the load has moved does not come back. Nothing changes where it
    is leaving already. Raises 22023 where there is no such adjudicator, or no other one; 55000 while another one is on
    its way in or out."""
    journals = journals_of(state)
    term = journals.term(number)
    if term is None:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"there is no adjudicator/{number}")
    if term.leaving:
        return state
    _require_rest(journals)
    if len(journals.terms) == 1:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"adjudicator/{number} is the last one")
    return with_journals(replace(state, rest=None), journals.with_term(replace(term, leaving=True)))


def with_end(state: ClusterState, number: int, until: Timestamp) -> ClusterState:
    """Nothing changes where its end is known already, or it is no more."""
    journals = journals_of(state)
    term = journals.term(number)
    if term is None or term.until is not None:
        return state
    return with_journals(state, journals.with_term(replace(term, until=until)))


def without_adjudicator(state: ClusterState, number: int) -> ClusterState:
    """Nothing changes where it is no more."""
    journals = journals_of(state)
    term = journals.term(number)
    if term is None:
        return state
    journals = journals.without(number)
    return with_journals(populated(state, journals), journals)


def with_journals(state: ClusterState, journals: JournalSet) -> ClusterState:
    """Crossbars that are started from now on know this set."""
    listed = [[term.number, term.adjudicator, list(term.replicas)] for term in journals.terms]
    told = {
        "journals": listed,
        "known": msgspec.msgpack.decode(msgspec.msgpack.encode(journals)),
    }  # as the state has it when it is read again

    def informed(role: RoleState) -> RoleState:
        return replace(role, arguments={**role.arguments, **told}) if role.kind == "crossbar" else role

    processes = tuple(replace(process, roles=tuple(map(informed, process.roles))) for process in state.processes)
    return replace(state, processes=processes, journals=journals)


def populated(state: ClusterState, journals: JournalSet) -> ClusterState:
    """With the roles of these journals, and of no others. What is new has processes of its own, or, where all roles of
    a zone share one, is put there."""
    numbers = {term.number for term in journals.terms}
    state = _without(state, lambda role: _journal_of(role) not in {None, 0, *numbers})
    roles = state.roles
    for term in journals.terms:
        if term.adjudicator not in roles:
            for role, az in _roles(term, state.regions):
                state = _with_role(state, role, az)
    return state


def _journal_of(role: RoleState) -> int | None:
    """Journal 0, which keeps the state, stays."""
    return {"journal": role.arguments.get("journal"), "adjudicator": role.arguments.get("number")}.get(role.kind)


def _roles(term: JournalTerm, regions: Regions) -> list[tuple[RoleState, str]]:
    """With their availability zones: adjudicators go round those that serve."""
    azs = [name.rpartition("/")[2] for name in term.replicas]
    logs = [
        (RoleState(name, "journal", {"journal": term.number}), az) for name, az in zip(term.replicas, azs, strict=True)
    ]
    deciding = RoleState(term.adjudicator, "adjudicator", {"number": term.number, "replicas": list(term.replicas)})
    serving = regions.serving(azs)
    return [*logs, (deciding, serving[(term.number - 1) % len(serving)])]


def _with_role(state: ClusterState, role: RoleState, az: str) -> ClusterState:
    if state.placement.kind != "az":
        return replace(state, processes=(*state.processes, ProcessState(role.name.replace("/", "-"), az, (role,))))
    sharing = [process for process in state.processes if any(other.kind == "journal" for other in process.roles)]
    if role.movable:  # one more is wanted for its loop: where the fewest are
        shared = min(
            (process for process in sharing if state.regions.serves(process.az)),
            key=lambda process: (sum(other.kind == "adjudicator" for other in process.roles), process.az != az),
        )
    else:
        shared = next(process for process in sharing if process.az == az)
    changed = replace(shared, roles=(*shared.roles, role))
    return replace(state, processes=tuple(changed if process is shared else process for process in state.processes))


def _without(state: ClusterState, goes: Callable[[RoleState], bool]) -> ClusterState:
    """Processes that have no role left go, too."""
    kept: list[ProcessState] = []
    for process in state.processes:
        roles = tuple(role for role in process.roles if not goes(role))
        if roles or not process.roles:
            kept.append(process if len(roles) == len(process.roles) else replace(process, roles=roles))
    return replace(state, processes=tuple(kept))


def removed_roles(before: ClusterState, after: ClusterState) -> list[RoleState]:
    names: Collection[str] = after.roles.keys()
    return [role for name, role in before.roles.items() if name not in names]
