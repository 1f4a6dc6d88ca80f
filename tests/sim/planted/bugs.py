"""Bugs, each planted into the real code, and what must find each: the checkers are checked here.

`BUGS[name]` is a `Planted` (planted.py; those of regions are in far_bugs.py): `plant` changes the code of this process
(a child process: nothing is ever changed back), `found_by` is what the failures must begin with to count, `change`
narrows the plan of a seed where the bug needs a certain setting to show (plans.py). `hunt` looks for it, seed after
seed.

`proofs_alone` has a proof find the bug without the witnesses' help.

    python -m tests.sim.planted.bugs [name ...]                 hunts and prints how many seeds each took
    python -m tests.sim.planted.bugs --as-drawn [name ...]      with the plans of `eagleray sim`, narrowed to nothing
    python -m tests.sim.planted.bugs --keep [name ...]          and writes the runs that found them to found.jsonl, in
                                                                place of those that show nothing any more
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import sys
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zlib import crc32

from cluster.simulation.campaign import RUNS_MAX, Options, preload
from cluster.simulation.hostile import Plan, trimmed
from cluster.simulation.run import SeedReport, run_seed
from cluster.simulation.saved_plan import as_json, plan_from
from tests.sim.planted import (
    archiving,
    deciding,
    keeping,
    leaving,
    moving,
    parting,
    passing,
    reading,
    reshaping,
    schedules,
    subtle,
    turning,
)
from tests.sim.planted.far_bugs import FAR_BUGS
from tests.sim.planted.plans import (
    archived,
    archived_by_islands,
    archived_states,
    busy,
    busy_pair,
    foreseeing,
    impatient_pair,
    in_parts,
    in_parts_by_several,
    in_parts_of_small_storage,
    in_parts_of_trimmed_journals,
    in_parts_over_a_lossy_network,
    leaving_shards,
    leaving_slowly,
    long_away,
    losing_disks,
    relapsing,
    repeating,
    resting,
    resting_with_wrong_clocks,
    restored,
    restored_in_turns,
    restored_slowly,
    scaling,
    shifting,
    shifting_in_parts,
    shifting_out_of_step,
    short_leases,
    slow_disks,
    slow_watermarks,
    small_storage,
    swept,
    swept_and_lost,
    turning_over,
    turning_over_late_outcomes,
    turning_over_slow_journals,
    turning_over_with_readers,
    two_nemeses,
    with_settings,
    with_strikes,
)
from tests.sim.planted.planted import ANY, STUCK, Planted
from tests.sim.seeds import HUNT_PAUSE

SEEDS_MAX = 200
SECONDS = 30.0


BUGS: dict[str, Planted] = {
    bug.name or bug.plant.__name__: bug
    for bug in (
        Planted(deciding.acknowledges_before_sync, ("AssertionError: I1",)),
        Planted(deciding.commits_on_one_replica, ("AssertionError: I1",)),
        Planted(deciding.takes_the_shorter_tail, ANY, change=slow_disks),
        Planted(deciding.lets_a_stale_epoch_write, ANY, change=two_nemeses),
        Planted(deciding.keeps_a_diverging_tail, ANY, change=two_nemeses),
        Planted(deciding.forgets_its_promise_in_a_restart, ANY, change=two_nemeses),
        Planted(deciding.a_learner_votes, ANY, change=with_strikes("wipe", "kill", "slow")),
        Planted(deciding.tells_of_a_promise_before_it_is_durable, ("AssertionError: I7",)),
        Planted(deciding.trims_before_it_has_promised_to, ("AssertionError: I1",), change=with_settings(trimmed)),
        Planted(deciding.forgets_how_far_it_has_trimmed, ("AssertionError: I12",), change=with_settings(trimmed)),
        Planted(deciding.trims_by_the_first_time_of_a_segment, ("AssertionError: I12",), change=with_settings(trimmed)),
        Planted(reading.answers_before_the_journal, ("AssertionError: I1",)),
        Planted(deciding.forgets_its_marks, ANY, change=busy_pair),
        Planted(
            deciding.forgets_a_key,
            (
                "AssertionError: I3",
                "AssertionError: append",
                "AssertionError: bank",
                "AssertionError: counters",
                "AssertionError: unique",
            ),
            change=busy,
        ),
        Planted(
            deciding.ignores_checked_keys,
            ("AssertionError: I3", "AssertionError: unique", "AssertionError: counters"),
            ("unique", "counters"),
            busy,
        ),
        Planted(deciding.checks_no_marks_of_writers, ANY, ("counters",), busy_pair),
        Planted(deciding.checks_no_bulk_writes, ANY, ("counters",), busy_pair),
        Planted(deciding.ignores_its_promises, ANY, change=busy_pair),
        Planted(deciding.calls_winners_losers, ("AssertionError: I3",), change=busy),
        Planted(deciding.forgets_what_it_has_promised_ahead, ("AssertionError: I5",), change=foreseeing),
        Planted(deciding.uses_a_lease_before_it_is_durable, ANY, change=short_leases),
        Planted(
            deciding.begins_before_the_old_epoch_ends, ("AssertionError: I6",), change=with_strikes("kill", "rolling")
        ),
        Planted(
            deciding.takes_transactions_older_than_its_epoch, ANY, change=with_strikes("kill", "rolling", pause_s=1.0)
        ),
        Planted(deciding.calls_undecided_ones_aborted, ANY, change=impatient_pair),
        Planted(deciding.drops_a_pending_mark, ANY, change=impatient_pair),
        Planted(deciding.does_not_ask_the_participants, ANY, change=busy_pair),
        Planted(deciding.answers_before_the_commit_time, ("AssertionError: I11",)),
        Planted(deciding.ignores_the_catalog_version, ANY, ("schema",), busy),
        Planted(reading.reorders, ANY, change=busy),
        Planted(reading.counts_promises_before_their_records, ANY, change=busy_pair),
        Planted(reading.watermark_of_the_fastest_journal, ANY, change=busy_pair),
        Planted(reading.routes_by_the_first_key, ANY, change=busy_pair),
        Planted(reading.begins_anew_at_a_repeated_subscription, ANY, change=repeating),
        Planted(reading.loses_a_catalog_change, ANY, ("schema",), busy),
        Planted(reading.trims_what_one_replica_has, ("AssertionError: I12",), change=with_settings(small_storage)),
        Planted(reading.answers_above_its_watermark, ANY, change=busy),
        Planted(reading.takes_the_oldest_source_first, ANY, change=with_settings(small_storage)),
        Planted(
            reading.forgets_the_catalog_at_the_horizon, ("AssertionError: I4",), change=with_settings(small_storage)
        ),
        Planted(reading.a_merge_drops_a_version, ANY, change=with_settings(small_storage)),
        Planted(reading.a_merge_forgets_deletes, ANY, change=with_settings(small_storage)),
        Planted(reading.loses_a_write_in_a_restart, ANY, change=with_settings(small_storage)),
        Planted(
            reading.tells_of_a_checkpoint_before_it_is_durable,
            ("AssertionError: I12",),
            change=with_settings(small_storage),
        ),
        Planted(reading.one_replica_skips_a_write_set, ("AssertionError",), change=busy),
        Planted(reading.gives_what_it_has_not_checkpointed, ANY, change=losing_disks),
        Planted(reading.answers_for_another_shard, ("AssertionError: I10",)),
        Planted(reading.sends_again_what_may_have_happened, ANY, change=with_strikes("kill", "stall", "mute", "deaf")),
        Planted(reading.reads_an_old_snapshot, ANY, change=busy),
        Planted(reading.checks_no_keys, ANY, ("unique", "counters"), busy),
        Planted(reading.does_not_reload_the_catalog, ANY, ("schema",), busy),
        Planted(reading.forgets_its_own_writes, ANY, change=busy),
        Planted(reading.commits_half_a_write_set, ANY, change=busy),
        Planted(reading.a_deleted_row_keeps_its_unique_name, ("AssertionError: unique",), ("unique",), busy),
        Planted(reading.does_not_lock_what_it_leaves_alone, ANY, ("counters",), busy),
        Planted(reading.skips_the_commit_of_mere_locks, ("AssertionError: counters",), ("counters",), busy),
        Planted(deciding.drops_the_marks_of_mere_locks, ("AssertionError: I3",), ("counters",), busy_pair),
        Planted(parting.forgets_a_part, ANY, change=in_parts),
        Planted(parting.a_reader_begins_inside_a_large_transaction, ANY, change=in_parts_of_trimmed_journals),
        Planted(parting.trims_some_of_a_large_transactions_parts, ANY, change=in_parts_of_trimmed_journals),
        Planted(parting.shows_half_a_large_transaction, ANY, change=in_parts),
        Planted(parting.goes_on_without_the_pieces_that_it_lacks, ANY, change=in_parts_over_a_lossy_network),
        Planted(parting.lets_go_of_pieces_that_one_replica_has, ANY, change=in_parts_over_a_lossy_network),
        Planted(parting.publishes_below_what_is_active, ANY, change=in_parts),
        Planted(parting.forgets_a_segments_commit_time, ANY, change=in_parts_of_small_storage),
        Planted(parting.holds_no_commit_against_what_is_gathered, ANY, change=in_parts_by_several),
        Planted(parting.holds_no_piece_against_what_was_committed, ANY, change=in_parts_by_several),
        Planted(parting.commits_before_its_parts_have_come, ANY, change=in_parts),
        Planted(parting.counts_parts_that_it_has_not_journaled, ANY, ("unique", "counters"), in_parts),
        Planted(parting.a_participant_forgets_a_piece_of_its_share, ANY, change=in_parts_by_several),
        Planted(
            keeping.a_state_counts_before_a_majority_has_it,
            ("AssertionError: I1", "AssertionError: I7"),
            change=scaling,
        ),
        Planted(moving.the_new_owner_begins_below_the_old_end, ANY, change=shifting),
        Planted(moving.the_new_owner_takes_what_began_before_it, ANY, change=shifting),
        Planted(moving.the_old_owner_is_not_asked, ANY, change=shifting),
        Planted(moving.leaves_pending_marks_behind, ANY, change=shifting),
        Planted(moving.offers_what_it_has_released, ANY, change=shifting_out_of_step),
        Planted(moving.decides_what_it_has_released, ANY, change=shifting),
        Planted(turning.reads_past_a_birth, ANY, change=turning_over_slow_journals),
        Planted(turning.announces_nothing, ANY, change=turning_over_slow_journals),
        Planted(turning.gives_a_number_again, ("AssertionError: I10",), change=turning_over),
        Planted(turning.gives_up_a_journal_that_storage_lacks, ("AssertionError: I12",), change=turning_over),
        Planted(turning.a_crossbar_begins_without_what_is_gone, ANY, change=turning_over),
        Planted(
            turning.gives_up_a_journal_that_a_new_replica_needs,
            ("AssertionError: I12",),
            change=turning_over_with_readers,
        ),
        Planted(archiving.a_checkpoint_before_its_segments, ("AssertionError: I12",), change=archived),
        Planted(archiving.removes_what_the_newest_checkpoint_names, ("AssertionError: I12",), change=archived),
        Planted(archiving.opens_without_the_journals_tail, ANY, change=archived),
        Planted(archiving.journals_go_by_the_disks_alone, ("AssertionError: I12",), change=archived),
        Planted(archiving.uploads_what_is_not_committed, ("AssertionError: I1",), change=archived_by_islands),
        Planted(archiving.checkpoints_are_ahead_of_the_journals, ("AssertionError: I12",), change=archived_states),
        Planted(archiving.pieces_go_at_once, ("AssertionError: I12",), change=archived_states),
        Planted(archiving.restores_what_came_later, ANY, change=restored),
        Planted(archiving.restores_some_of_a_large_transactions_parts, ("AssertionError: I2",), change=restored),
        Planted(archiving.a_manifest_tells_of_what_came_after_its_watermark, ANY, change=restored_slowly),
        Planted(
            archiving.a_newer_checkpoint_is_uploaded_than_journals_were_asked_about,
            ("AssertionError: I12",),
            change=restored,
        ),
        Planted(archiving.idle_journals_record_no_promise, STUCK, change=restored),
        *(
            Planted(plant, ("SimulationError", "AssertionError: I12"), change=restored_in_turns)
            for plant in (
                archiving.pieces_do_not_wait_for_the_state,
                archiving.checkpoints_do_not_wait_for_the_state,
                archiving.a_new_journal_reaches_nowhere,
            )
        ),
        Planted(subtle.a_release_leaves_what_is_gathered, ANY, change=shifting_in_parts),
        Planted(subtle.nobody_waits_for_an_outcome_of_who_has_left, ANY, change=turning_over_late_outcomes),
        Planted(subtle.retires_with_transactions_under_way, ANY, change=turning_over),
        Planted(subtle.a_birth_counts_from_below_what_was_promised, ANY, change=turning_over),
        Planted(subtle.a_map_counts_before_all_know_it, ANY, change=leaving_shards),
        Planted(subtle.drops_are_forgotten_before_every_segment_has_applied_them, ANY, change=swept),
        Planted(subtle.a_filled_replica_forgets_drops, ANY, change=swept_and_lost),
        Planted(subtle.a_filled_replica_forgets_catalog_changes, ANY, change=swept_and_lost),
        *FAR_BUGS,
        Planted(reshaping.a_new_shard_is_asked_for_later_each_time, STUCK, change=slow_watermarks),
        Planted(leaving.a_writer_counts_on_all_of_its_replicas, ANY, change=long_away),
        Planted(leaving.a_candidate_asks_once, STUCK, change=long_away),
        Planted(leaving.a_learner_waits_for_a_barrier_of_before, STUCK, change=relapsing),
        Planted(leaving.one_who_has_left_holds_back_the_journals, STUCK, change=leaving_shards),
        Planted(leaving.a_removed_subscriber_is_kept, ANY, change=leaving_shards),
        Planted(leaving.who_comes_under_an_old_name_is_stopped, STUCK, change=leaving_slowly),
        Planted(leaving.a_checkpoint_is_believed_after_its_disk_is_lost, ("AssertionError: I12",), change=losing_disks),
        Planted(passing.two_processes_read_a_session, ("AssertionError: sessions",), change=resting),
        Planted(passing.forgets_a_socket_that_did_not_arrive, ("AssertionError: sessions",), change=resting),
        Planted(passing.hands_over_what_a_session_was_before, ("AssertionError: sessions", *STUCK), change=resting),
        Planted(passing.gives_a_session_away_without_another_look, ("AssertionError: sessions",), change=resting),
        Planted(
            passing.a_resumed_session_forgets_its_last_commit,
            ("AssertionError: sessions",),
            change=resting_with_wrong_clocks,
        ),
        Planted(passing.a_gateway_forgets_who_came_back, ("AssertionError: sessions",), change=resting),
        Planted(passing.a_session_that_came_back_is_not_carried_on, ("AssertionError: sessions",), change=resting),
        *(
            Planted(plant, ANY, as_drawn=True)
            for plant in (
                schedules.a_tables_last_write_goes_back,
                schedules.a_bulk_claim_stays_pending,
                schedules.forgets_a_key_that_was_written_again,
                schedules.a_claim_forgets_one_of_two_tables,
                schedules.forgets_an_outcome_that_nobody_acknowledged,
                schedules.takes_silence_for_an_abort,
                schedules.a_clean_stop_takes_back_what_was_offered,
                schedules.lets_go_of_uncommitted_records,
                schedules.forgets_what_it_let_go_of_while_it_read,
                schedules.a_row_larger_than_the_window_waits_for_ever,
                schedules.a_stream_skips_what_a_diverging_tail_covers,
                schedules.believes_a_commit_beyond_what_it_was_given,
                schedules.commits_what_an_older_epoch_wrote,
                schedules.a_stream_begins_one_record_late,
                schedules.begins_again_at_the_furthest_place,
                schedules.does_not_know_where_its_ring_begins,
                schedules.fills_beside_a_merge,
                schedules.checkpoints_while_it_is_filled,
                schedules.settles_drops_by_a_partial_merge,
                schedules.a_dropped_range_misses_the_last_shard,
                schedules.truncates_the_first_table_alone,
                schedules.takes_its_demand_back,
                schedules.asks_for_the_first_reader_alone,
                schedules.pursues_no_demand_that_came_meanwhile,
                schedules.does_not_wait_out_its_snapshot,
                reshaping.a_new_shard_subscribes_one_record_late,
                reshaping.two_shards_become_one_at_the_later_watermark,
                reshaping.a_new_shard_forgets_what_its_parents_dropped,
                reshaping.a_new_shard_keeps_all_rows_of_its_parents,
                reshaping.the_ring_has_nothing_for_a_new_shard,
                reshaping.a_gone_shard_goes_on_getting_watermarks,
                reshaping.a_scan_reads_from_followers_too,
                reshaping.parents_end_before_their_children_are_there,
            )
        ),
        *(
            Planted(
                plant,
                (f"AssertionError: {proof}:",),
                (proof,),
                busy,
                proofs_alone=True,
                name=f"{plant.__name__}, seen by {proof}",
            )
            for proof, plant in (
                ("append", deciding.forgets_a_key),
                ("bank", deciding.forgets_a_key),
                ("bank", reading.commits_half_a_write_set),
                ("counters", deciding.ignores_checked_keys),
                ("unique", deciding.forgets_a_key),
                ("references", deciding.ignores_checked_keys),
                ("references", schedules.forgets_who_refers),
                ("sequences", schedules.keeps_values_of_a_lost_race),
                ("schema", deciding.ignores_the_catalog_version),
            )
        ),
    )
}


NOT_FOUND: tuple[str, ...] = (
    "idle_journals_record_no_promise",
    "a_release_leaves_what_is_gathered",
    "nobody_waits_for_an_outcome_of_who_has_left",
    "a_map_counts_before_all_know_it",
    "a_removed_subscriber_is_kept",
)
"""Those that no run has found so far, of few that were made, if any. Tests leave them out; whoever finds one (`--keep`)
takes it from here."""

CAMPAIGN = Options(pause=HUNT_PAUSE)
"""What a bug that must be found as drawn is found by."""
DEAR_S = 1.0
"""CPU seconds of a kept run from which on `make test` leaves it to some days."""
TURNS = 4
"""Days after which each has had its turn."""
STALE = ("AttributeError", "ImportError", "NameError", "TypeError")
FOUND = Path(__file__).parent / "found.jsonl"
"""Of each bug: the run that found it, with the plan that its seed drew then, narrowed as it was. It is tried first, and
does not change with the draw. `seconds`: where fewer virtual seconds under faults than a hunt's find it, too. `cpu_s`:
what the run cost when that was last measured."""


KEPT_SEEDS = 12
"""Tried with the kept plan where the seed that it was kept with shows nothing any more: a change of the code has
changed that one's trace, and the plan is one that brings the bug out, if not with every seed."""


@dataclass(frozen=True)
class Attempt:
    name: str
    seed: int
    as_drawn: bool
    plan: Plan | None = None
    seconds: float | None = None
    cpu_s: float = 0.0
    """What it cost once; no part of what the run is."""


def has_its_turn(name: str, day: int) -> bool:
    """Whether its kept run is cheap, or one of those of this day (an ordinal): the dear ones take turns."""
    kept = kept_runs().get(name)
    return kept is None or kept.cpu_s < DEAR_S or crc32(name.encode()) % TURNS == day % TURNS


def others_of(kept: Attempt) -> list[int]:
    """The other seeds that its plan is tried with."""
    return [seed for seed in range(KEPT_SEEDS) if seed != kept.seed]


@cache
def kept_runs() -> dict[str, Attempt]:
    """As found.jsonl has them when somebody first asks; who changes the file clears the cache."""
    lines = [json.loads(line) for line in FOUND.read_text().splitlines()]
    return {
        (name := line["bug"]): Attempt(
            name,
            line["seed"],
            BUGS[name].as_drawn,
            plan_from(line["plan"]),
            line.get("seconds"),
            line.get("cpu_s", 0.0),
        )
        for line in lines
    }


def hunt(name: str, seeds: range = range(SEEDS_MAX), processes: int = 2, as_drawn: bool = False) -> SeedReport | None:
    """The first run (about) in which the bug was found by what must find it (as drawn: by anything); None where none of
    them did. `as_drawn`: with the plans of `eagleray sim`, whatever the bug is narrowed to."""
    bug = BUGS[name]
    attempts = [Attempt(name, seed, as_drawn or bug.as_drawn) for seed in seeds]
    kept = kept_runs().get(name)
    if kept is not None and not as_drawn:
        attempts[:0] = (kept, *(replace(kept, seed=seed) for seed in others_of(kept)))
    preload()
    with multiprocessing.get_context("fork").Pool(processes, _plant, (bug,), maxtasksperchild=RUNS_MAX) as pool:
        for report in pool.imap(_hunt_one, attempts):
            if report.failure is not None and (as_drawn or report.failure.startswith(bug.found_by)):
                return report
    return None


def _plant(bug: Planted) -> None:
    gc.disable()  # a child leaves its garbage behind, as a campaign's do
    bug.plant()


def _hunt_one(attempt: Attempt) -> SeedReport:
    bug, seed = BUGS[attempt.name], attempt.seed
    if attempt.as_drawn:
        options = CAMPAIGN if bug.as_drawn else Options()
        report = (replace(options, seconds=attempt.seconds) if attempt.seconds else options).run(
            seed, plan=attempt.plan
        )
    else:
        narrowed = bug.change if attempt.plan is None else None
        seconds = attempt.seconds or SECONDS
        report = run_seed(
            seed, seconds=seconds, proofs=bug.proofs, change=narrowed, proofs_alone=bug.proofs_alone, plan=attempt.plan
        )
    assert not _is_stale(report), f"the planted bug {attempt.name} does not fit the code any more:\n{report.details}"
    report.trace, report.details = [], ""
    return report


def _is_stale(report: SeedReport) -> bool:
    """Whether it was the planted code itself that failed: it uses something that has another name or form now, and
    would be "found" by any seed."""
    where = report.details.rpartition("  File ")[2].partition(",")[0]
    return (report.failure or "").startswith(STALE) and str(Path(__file__).parent) in where


def main() -> None:
    import logging

    logging.disable(logging.CRITICAL)
    as_drawn, keep = "--as-drawn" in sys.argv, "--keep" in sys.argv
    for name in [name for name in sys.argv[1:] if name in BUGS] or BUGS:
        begun = time.perf_counter()
        report = hunt(name, as_drawn=as_drawn)
        took = time.perf_counter() - begun
        kept = kept_runs().get(name)
        if report is not None and keep and (kept is None or kept.seed != report.seed):
            told = {"bug": name, "seed": report.seed, "plan": as_json(report.plan)}
            if kept is not None and kept.plan == report.plan:
                told |= {"seconds": kept.seconds} if kept.seconds is not None else {}
                told |= {"cpu_s": kept.cpu_s}
            others = [line for line in FOUND.read_text().splitlines() if json.loads(line)["bug"] != name]
            FOUND.write_text("".join(f"{line}\n" for line in (*others, json.dumps(told))))
            kept_runs.cache_clear()
        print(
            f"{name:48} {'NOT FOUND' if report is None else f'seed {report.seed}: {report.failure}'[:150]} "
            f"({took:.1f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
