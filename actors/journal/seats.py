"""Seats: on which of its zone's disks, one after the other, a replica keeps its log. It may leave one that is not there
any more, and that one may come back.

A zone whose node is lost begins anew on another (cluster/zone_rooms.py). Then there may be two replicas of one name:
the new one, which is empty, and the old one, whose node was only cut off, or is there again. Whoever is cut off with
the old one still takes it for a voter. So disks of a zone are numbered: its *seat* rises each time, and is on the disk
of whoever runs the cluster before a process begins with it. A replica says its seat in every answer, and:

- A writer that meets a higher seat says so in every Append from then on, and who acknowledges one has it on disk
  (`Promise.seats`).
- The replica of a new seat is a learner. It votes after a barrier record that was appended since (I9): a majority
  without it has acknowledged that one, and so knows the seat.
- Whoever seals a majority later hears of the seat from one of them at least, as two majorities meet, and takes the
  replica of the old seat for absent.
- A replica that is told of a higher seat of its own ends its process. One that finds a lower seat on its disk sets that
  log aside (repair.py).

So no commit is lost that the old seat lacks, however long it lives and whoever speaks to it
(tests/sim/protocol/test_seats.py)."""

from __future__ import annotations

from collections.abc import Mapping


def are_news(told: Mapping[str, int], known: Mapping[str, int]) -> bool:
    return any(seat > known.get(name, 0) for name, seat in told.items())


def newest(known: dict[str, int], told: Mapping[str, int]) -> dict[str, int]:
    """The higher of each; `known` itself where nothing is news."""
    if not are_news(told, known):
        return known
    return {name: max(known.get(name, 0), told.get(name, 0)) for name in {**known, **told}}
