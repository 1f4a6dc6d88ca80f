"""`eagleray demo two-regions`: two regions that both write, a round trip apart, one of which is cut off and comes back.

    both write    customers of east and of west write, each what their region leads, and read what the other has written
    a conflict    both sides change one row at once: one commits, the other is refused (40001), tries again, and is done
    cut off       east hears nobody any more: it refuses (08xxx); west goes on, and leads what east led
    back          east hears the others, serves again by itself, and leads again what it led
    the end       every acknowledged update is there, read in both regions, and no read was stale

A witness, in north, votes. Everything runs on this machine, with the distances of docs/regions.md between processes. A
terminal shows the cluster as `eagleray top` does, with the story below; elsewhere the story comes as lines. Every
figure is measured in this run. Exit status 0 only if nothing was lost. DEMO_REGIONS_SECONDS: how long both write
before and after.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from eagleray.demo.far_clients import CONFLICT, GONE, WRITERS, FarClients, RegionalDay, Tally, wrong_tallies
from eagleray.demo.observer import Observer
from eagleray.demo.stage import Stage
from eagleray.far_regions import TWO, Regions
from eagleray.own_cluster import NotStarted, end_in_order, own_cluster
from eagleray.workload.measure import quantile

SECONDS = float(os.environ.get("DEMO_REGIONS_SECONDS", "10"))
ROUND_TRIP_MS = 75.0
EAST, WEST = "east", "west"
SEEN_S_MAX = 90.0
LOOK_S = 0.1
ATTEMPT_S = 0.25
CONTESTED, LEFT_BEHIND = 1, 2
"""Rows of the first writers' range, beside theirs."""


class Failed(Exception):
    """The demo's promise is broken, in one line."""


class Story:
    """`tell` is run once; the cluster runs."""

    def __init__(self, data: Path, day: RegionalDay, stage: Stage) -> None:
        self._regions = Regions(data)
        self._day = day
        self._stage = stage
        self._tallies = [
            Tally(self._regions.key(region, 10 + number), region)
            for region in (EAST, WEST)
            for number in range(WRITERS)
        ]
        self._contested = self._regions.key(EAST, CONTESTED)
        self._left_behind = self._regions.key(EAST, LEFT_BEHIND)

    def tell(self) -> None:
        """Raises Failed."""
        with self._connect(WEST) as client:
            client.execute("CREATE TABLE tallies (k uuid PRIMARY KEY, n int NOT NULL)")
            for key in (self._contested, self._left_behind, *(tally.key for tally in self._tallies)):
                client.execute("INSERT INTO tallies VALUES (%s, 0)", (key,))
        self._stage.mark(f"east and west are {ROUND_TRIP_MS:.0f} ms apart, there and back; a witness votes in north")
        with FarClients(self._regions.urls, self._tallies, self._day) as clients:
            self._both_write(clients, "both write, and read what the other has written")
            self._conflict()
            self._cut_off(clients)
            self._back()
            self._both_write(clients, "both write again")
        if clients.wrong:
            raise Failed(clients.wrong[0])
        self._check()

    def _both_write(self, clients: FarClients, told: str) -> None:
        begun = self._day.second
        self._stage.mark(told)
        self._until(lambda: self._day.second - begun > SECONDS or bool(clients.wrong), "the time")
        for region in (EAST, WEST):
            commits = sorted(ms for second, place, ms in self._day.commits if place == region and second > begun)
            reads = sorted(ms for second, place, ms in self._day.reads if place == region and second > begun)
            if not commits or not reads:
                raise Failed(f"{region} has done nothing for {SECONDS:.0f} s")
            half = quantile(commits, 0.5)
            self._stage.mark(
                f"{region}: {len(commits)} commits, half of them within {half:.0f} ms, {half / ROUND_TRIP_MS:.2f} "
                f"round trips; {len(reads)} reads, half of them within {quantile(reads, 0.5):.1f} ms"
            )

    def _conflict(self) -> None:
        sql = "UPDATE tallies SET n = n + 1 WHERE k = %s"
        with self._connect(EAST) as east, self._connect(WEST) as west:
            for client in (east, west):
                client.execute("BEGIN")
                client.execute(sql, (self._contested,))
            west.execute("COMMIT")
            self._stage.mark("a conflict: both sides have changed one row, and west has committed first")
            try:
                east.execute("COMMIT")
            except psycopg.Error as error:
                if error.sqlstate != CONFLICT:
                    raise
                self._stage.mark(f"east is refused: {error.sqlstate} {str(error).splitlines()[0]}")
            else:
                raise Failed("both sides have committed a change of one row that neither knew of")
            begun_s = time.perf_counter()
            east.execute(sql, (self._contested,))
            self._stage.mark(f"east tries again, and is done in {(time.perf_counter() - begun_s) * 1000:.0f} ms")

    def _cut_off(self, clients: FarClients) -> None:
        cut, refused = self._day.second, len(self._day.refused)
        self._regions.cut(EAST)
        try:
            self._stage.mark("east is cut off: it hears nobody, and nobody hears it")
            took_s = self._takeover() - cut
            self._stage.mark(
                f"west commits what east led {took_s:.1f} s after the cut: the witness and west are a majority"
            )

            def east_refused() -> list[str]:
                return [state for _, region, state in self._day.refused[refused:] if region == EAST]

            self._until(lambda: bool(east_refused()), "a refusal in east")
            commits = [ms for second, region, ms in self._day.commits if region == WEST and second > cut]
            acknowledged = [
                second for second, region, _ in self._day.commits if region == EAST and second > cut + took_s
            ]
            if acknowledged:
                raise Failed("east has acknowledged a commit while it was cut off")
            states = ", ".join(sorted(set(east_refused())))
            self._stage.mark(f"east refuses ({states}); west has committed {len(commits)} times meanwhile")
        finally:
            self._regions.heal()
            self._day.cuts.append((cut, self._day.second, EAST))

    def _takeover(self) -> float:
        """The second at which west has first written what east led. One client after the other tries, each begins at
        once: one that was on its way when the roles moved waits until its connection breaks."""
        done: list[float] = []
        wrong: list[str] = []

        def attempt() -> None:
            try:
                with self._connect(WEST) as west:
                    west.execute("UPDATE tallies SET n = n + 1 WHERE k = %s", (self._left_behind,))
                done.append(self._day.second)
            except psycopg.Error as error:
                if not (error.sqlstate or "08006").startswith((*GONE, CONFLICT)):
                    wrong.append(f"west cannot write what east led: {error.sqlstate} {error}")

        begun, attempts = self._day.second, []
        while not done:
            if wrong or self._day.second - begun > SEEN_S_MAX:
                raise Failed(wrong[0] if wrong else "west did not take over what east led")
            attempts.append(threading.Thread(target=attempt, daemon=True))
            attempts[-1].start()
            time.sleep(ATTEMPT_S)
        for thread in attempts:
            thread.join()
        return min(done)

    def _back(self) -> None:
        healed = self._day.second
        self._stage.mark("east hears the others again")
        self._until(
            lambda: any(region == EAST and second > healed for second, region, _ in self._day.commits),
            "a commit in east",
        )
        self._stage.mark(f"east commits again {self._day.second - healed:.1f} s later, by itself")
        self._until(lambda: self._leads() == [EAST, WEST], "east leading what it led")
        self._stage.mark(f"and leads again what it led, {self._day.second - healed:.1f} s after it was heard")

    def _leads(self) -> list[str]:
        return sorted(row["region"] for row in self._regions.status()["regions"] if row["ranges"])

    def _check(self) -> None:
        for region in (EAST, WEST):
            with self._connect(region) as client:
                rows = client.execute("SELECT k, n FROM tallies").fetchall()
            if wrong := wrong_tallies(self._tallies, dict(rows)):
                raise Failed(f"read in {region}: {wrong[0]}")
        acknowledged = sum(tally.acknowledged for tally in self._tallies)
        unknown = sum(tally.unknown for tally in self._tallies)
        self._stage.mark(
            f"all {acknowledged} acknowledged updates are there, read in east and in west ({unknown} more were asked "
            f"for when the way broke); of {len(self._day.reads)} reads none was stale"
        )

    def _connect(self, region: str) -> psycopg.Connection:
        return psycopg.connect(self._regions.urls[region], autocommit=True)

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + SEEN_S_MAX
        while not condition():
            if time.monotonic() > end_s:
                raise Failed(f"{what} was not seen in {SEEN_S_MAX:.0f} s")
            time.sleep(LOOK_S)


def main(html: Path | None = None, png: Path | None = None) -> int:
    """`html`, `png`: where latencies are drawn."""
    end_in_order()
    try:
        print("\nTwo regions and a witness are made on this machine ...", flush=True)
        with own_cluster("two-regions", TWO.settings(ROUND_TRIP_MS)) as data:
            day = RegionalDay(time.monotonic())
            with Stage(day) as stage, Observer(data, day, stage, list):
                Story(data, day, stage).tell()
            _draw(day, html, png)
            print("\nThe demo held: nothing acknowledged was lost, and no read was stale.", flush=True)
        return 0
    except NotStarted:
        return 1
    except (Failed, psycopg.Error) as error:
        print(f"\nThe demo FAILED: {error}", flush=True)
        return 1
    except KeyboardInterrupt:
        return 130


def _draw(day: RegionalDay, html: Path | None, png: Path | None) -> None:
    from eagleray.demo import regions_picture

    if html is not None:
        regions_picture.write_page(day, ROUND_TRIP_MS, html)
    if png is not None:
        regions_picture.write_png(day, ROUND_TRIP_MS, png)
    if html or png:
        print("drawn: " + ", ".join(str(path) for path in (html, png) if path is not None), flush=True)


if __name__ == "__main__":
    sys.exit(main())
