"""`eagleray region recover` on a data folder: when it does nothing, and what it leaves on the disks."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.common.settings import Layout, Regions, Settings
from actors.journal.log import JournalLog, Promise, read_promise
from actors.journal.record import COMMIT, STATE, MappedHeader, encode_record
from actors.runtime.local_disk import LocalDisk
from cluster.data_folder import FORMAT, DataFolder
from cluster.initial import initial_state, with_keepers
from cluster.policies.placement import Placement
from cluster.recovering import RECOVERIES, NotRecoverable, look, rebuild, recover
from cluster.state import encode_state
from eagleray.command.regions import recovery_lines, region

ZONES = {"a": "east", "b": "west", "c": "north"}
SETTINGS = Settings(layout=Layout(tuple(ZONES), adjudicators=1, shards=1), regions=Regions(ZONES, ("north",)))
JOURNALS = (0, 1)


def journal(folder: DataFolder, number: int, az: str, *, voter: bool = True, **versions: int) -> None:
    payload = encode_state(with_keepers(initial_state(SETTINGS, Placement("az")))) if number == 0 else b""
    header = MappedHeader(
        1, 3, COMMIT if number else STATE, 1_700_000, 1_700_000, 1_800_000, **{"map_version": 1, **versions}
    )

    async def write() -> None:
        log = JournalLog.open(LocalDisk(folder.roles / f"journal/{number}/{az}"), SETTINGS.journaling)
        await log.set_promise(Promise(epoch=3, voter=voter))
        log.append([encode_record(header, payload)])
        synced = asyncio.get_running_loop().create_future()
        log.sync(synced.set_result)
        assert await synced is None
        log.close()

    asyncio.run(write())


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    settings = {"layout": {"azs": list(ZONES)}, "regions": {"zones": ZONES, "witnesses": ["north"]}}
    made.write_cluster({"format": FORMAT, "revision": 1, "settings": settings})
    for az in ZONES:
        for number in JOURNALS:
            journal(made, number, az)
    (made.roles / "storage/1/a").mkdir(parents=True)
    return made


def lose(folder: DataFolder, *zones: str) -> None:
    for az in zones:
        for number in JOURNALS:
            shutil.rmtree(folder.roles / f"journal/{number}/{az}")


def promise(folder: DataFolder, number: int, az: str) -> Promise:
    return read_promise(LocalDisk(folder.roles / f"journal/{number}/{az}"))


def test_nothing_is_done_while_a_majority_has_its_disks(folder: DataFolder) -> None:
    lose(folder, "a")
    with pytest.raises(NotRecoverable, match="a majority of the regions has its disks: west, north"):
        look(folder, SETTINGS, "west")
    assert promise(folder, 1, "b") == Promise(epoch=3, voter=True)


def test_the_region_that_is_left_goes_on_alone_and_the_others_have_new_seats(folder: DataFolder) -> None:
    lose(folder, "a", "c")
    found = look(folder, SETTINGS, "west")
    assert promise(folder, 1, "b") == Promise(epoch=3, voter=True), "to look changes nothing"
    assert "  journal 1: records up to 1, commits up to 1970-01-01 00:00:01.700000+00:00" in recovery_lines(found)
    aside = recover(folder, SETTINGS, found)
    for number in JOURNALS:
        seats = {f"journal/{number}/a": 1, f"journal/{number}/c": 1}
        companions = (f"journal/{number}/a",)
        assert promise(folder, number, "b") == Promise(
            epoch=3, voter=True, companions=companions, survived=True, seats=seats
        )
    assert (folder.read_cluster() or {})["seats"] == {"a": 1, "c": 1}
    assert aside is not None and (aside / "storage/1/a").is_dir() and not (folder.roles / "storage/1/a").exists()
    [line] = (folder.root / RECOVERIES).read_text().splitlines()
    assert json.loads(line)["journals"]["1"]["last_lsn"] == 1


def test_who_has_no_rows_or_may_lack_some_does_not_go_on(folder: DataFolder) -> None:
    lose(folder, "a", "b")
    with pytest.raises(NotRecoverable, match="no region 'north' has rows to go on with: east, west"):
        look(folder, SETTINGS, "north")
    with pytest.raises(NotRecoverable, match="region west has no journal that may go on"):
        look(folder, SETTINGS, "west")
    for number in JOURNALS:
        journal(folder, number, "b", voter=number == 0)
    lose(folder, "c")
    with pytest.raises(NotRecoverable, match="this replica does not vote"):
        look(folder, SETTINGS, "west")


def test_one_region_begins_anew_where_the_others_are_a_majority(folder: DataFolder) -> None:
    aside = rebuild(folder, SETTINGS, "north")
    assert (folder.read_cluster() or {})["seats"] == {"c": 1}
    assert aside is not None and (aside / "journal/1/c").is_dir() and not (folder.roles / "journal/1/c").exists()
    assert promise(folder, 1, "b") == Promise(epoch=3, voter=True), "nobody goes on alone"
    with pytest.raises(NotRecoverable, match="without region west no majority has its disks: east"):
        rebuild(folder, SETTINGS, "west")
    with pytest.raises(NotRecoverable, match="there is no region 'south': east, north, west"):
        rebuild(folder, SETTINGS, "south")


def test_a_map_that_the_state_lacks_is_replaced_by_one_that_nobody_has_had(folder: DataFolder) -> None:
    """No adjudicator goes by an older map than its journal names."""
    lose(folder, "a", "b", "c")
    journal(folder, 0, "b")
    journal(folder, 1, "b", map_version=7)
    recover(folder, SETTINGS, look(folder, SETTINGS, "west"))
    again = look(folder, SETTINGS, "west")
    assert again.state.shard_map.version == again.journals[0].map_version == 8
    assert again.state.version == 2 and again.journals[0].last_lsn == 2
    recover(folder, SETTINGS, again)
    assert look(folder, SETTINGS, "west").state == again.state, "once is enough"


def test_a_set_of_journals_that_the_state_lacks_is_not_made_up(folder: DataFolder) -> None:
    lose(folder, "a", "b", "c")
    journal(folder, 0, "b")
    journal(folder, 1, "b", set_version=2)
    with pytest.raises(NotRecoverable, match="an adjudicator was coming or going"):
        look(folder, SETTINGS, "west")


def test_a_person_is_asked_and_a_running_cluster_is_left_alone(folder: DataFolder) -> None:
    """This process holds the folder from the first command on."""
    lose(folder, "a", "c")
    arguments = ["recover", "west", "--data", str(folder.root)]
    refused = CliRunner().invoke(region, arguments, input="n\n")
    assert refused.exit_code == 1 and promise(folder, 1, "b").companions == ()
    running = CliRunner().invoke(region, [*arguments, "--yes"])
    assert running.exit_code and "a cluster is already running" in running.output + str(running.exception)
