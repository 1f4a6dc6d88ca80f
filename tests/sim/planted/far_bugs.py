"""The planted bugs of regions (far.py), and what must find each."""

from __future__ import annotations

from tests.sim.planted import far
from tests.sim.planted.plans import (
    far_apart,
    far_apart_and_rent,
    far_apart_and_struck,
    far_apart_and_trimmed,
    far_apart_by_measure,
    far_apart_with_clocks_apart,
    far_apart_with_slow_commits,
    far_apart_with_wrong_clocks,
    five_far_apart,
)
from tests.sim.planted.planted import ANY, STUCK, Planted

FAR_BUGS = (
    Planted(far.a_writer_tells_what_it_has_sent_as_stored, ("AssertionError: I1",), change=far_apart),
    Planted(far.a_replica_counts_what_it_has_not_stored, ("AssertionError: I1",), change=far_apart),
    Planted(far.a_promise_of_now_passes_over_commits, ("AssertionError: I5",), change=far_apart),
    Planted(far.a_pushed_promise_is_not_kept, ("AssertionError: I5",), change=far_apart_with_wrong_clocks),
    Planted(far.a_pushed_promise_waits_for_no_record, ("AssertionError: I5",), change=far_apart),
    Planted(far.promises_are_pushed_beyond_the_lease, ("AssertionError: I6",), change=far_apart),
    Planted(
        far.late_participants_are_asked_to_come_as_far_as_now,
        (*STUCK, "SqlError: 08006"),
        change=far_apart_with_clocks_apart,
    ),
    Planted(far.a_replica_tells_others_what_it_has_not_synced, ("AssertionError: I1",), change=five_far_apart),
    Planted(far.of_five_disks_two_are_enough, ("AssertionError: I1",), change=five_far_apart),
    Planted(far.a_lead_that_is_lowered_takes_promises_back, ("AssertionError: I5",), change=far_apart_by_measure),
    Planted(
        far.a_journal_replica_promises_for_its_writer,
        ("AssertionError: I5", "AssertionError: I6"),
        change=far_apart_and_rent,
    ),
    Planted(far.crossbars_do_not_tell_each_other_of_checkpoints, STUCK, change=far_apart_and_trimmed),
    Planted(far.a_successor_knows_no_commits_of_older_epochs, ANY, change=far_apart_and_struck),
    Planted(
        far.what_was_given_up_is_committed_when_it_comes, ("AssertionError: I2",), change=far_apart_with_slow_commits
    ),
    Planted(far.a_crossbar_trims_by_its_own_subscribers, ("AssertionError: I12",), change=far_apart_and_trimmed),
)
