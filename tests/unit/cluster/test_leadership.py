"""Ranges go to the region of their writers, and not to and fro."""

from __future__ import annotations

from actors.common.ranges import ShardMap
from cluster.pins import Pin, Pins, pinned
from cluster.policies.leadership import PINNED_S, SAMPLE_MIN, Follow, Led, Seen, decide
from cluster.policies.ranges import Wish

MAP = ShardMap(1, (b"\x80",), (1, 2), (1, 1))
FOLLOW_S = 10.0
LOW, HIGH = b"\x10", b"\x90"


def seen(now_s: float, writers: list[str], columns: bytes = LOW, owner: int = 1, pins: Pins = ()) -> Seen:
    """Adjudicators 1 and 3 are in east, 2 and 4 in west, of which 4 has no range."""
    led = {1: Led("east"), 2: Led("west"), 3: Led("east"), 4: Led("west")}
    led[owner] = Led(led[owner].region, [columns] * len(writers), writers)
    return Seen(now_s, MAP, led, pins)


def after(*looks: Seen) -> Follow | None:
    follow, wish = None, Wish()
    for look in looks:
        follow, wish = decide(look, FOLLOW_S, wish)
    return follow


WEST = ["west"] * SAMPLE_MIN


def test_a_range_goes_where_it_is_written_once_that_lasts() -> None:
    assert after(seen(0.0, WEST), seen(9.0, WEST)) is None
    assert after(seen(0.0, WEST), seen(10.0, WEST)) == Follow(b"", b"\x80", 4)
    assert after(seen(0.0, WEST), seen(5.0, ["east"] * SAMPLE_MIN), seen(10.0, WEST), seen(19.0, WEST)) is None


def test_a_range_that_both_regions_write_stays() -> None:
    half = ["east", "west"] * SAMPLE_MIN
    assert after(seen(0.0, half), seen(60.0, half)) is None
    two_thirds = [*WEST, *WEST, *["east"] * SAMPLE_MIN]
    assert after(seen(0.0, two_thirds), seen(60.0, two_thirds)) is None
    back = [region.replace("west", "x").replace("east", "west").replace("x", "east") for region in two_thirds]
    assert after(seen(0.0, back), seen(60.0, back)) is None


def test_a_range_that_is_written_where_it_is_led_stays() -> None:
    assert after(seen(0.0, WEST, HIGH, 2), seen(60.0, WEST, HIGH, 2)) is None


def test_few_writes_say_nothing_nor_do_those_of_nowhere() -> None:
    few, nowhere = WEST[1:], [""] * SAMPLE_MIN
    assert after(seen(0.0, few), seen(60.0, few)) is None
    assert after(seen(0.0, nowhere), seen(60.0, nowhere)) is None


def test_a_region_without_an_adjudicator_gets_nothing() -> None:
    north = ["north"] * SAMPLE_MIN
    assert after(seen(0.0, north), seen(60.0, north)) is None


def test_a_pinned_range_goes_to_its_region_whoever_writes_it() -> None:
    pins = (Pin(b"\x20", b"\x90", "west"),)
    assert after(seen(0.0, [], pins=pins), seen(PINNED_S / 2, [], pins=pins)) is None
    assert after(seen(0.0, [], pins=pins), seen(PINNED_S, [], pins=pins)) == Follow(b"\x20", b"\x80", 4)
    everywhere = Seen(0.0, MAP, {1: Led("east"), 2: Led("east")}, pins)
    assert decide(everywhere, FOLLOW_S, Wish())[0] is None  # west has no adjudicator for now


def test_a_pinned_range_stays_and_the_rest_of_its_piece_follows() -> None:
    pins = (Pin(b"", b"\x20", "east"),)
    assert after(seen(0.0, WEST, pins=pins), seen(60.0, WEST, pins=pins)) is None
    rest = Follow(b"\x20", b"\x80", 4)
    assert after(seen(0.0, WEST, b"\x30", pins=pins), seen(60.0, WEST, b"\x30", pins=pins)) == rest


def test_the_last_word_on_a_range_counts() -> None:
    pins = pinned((), b"\x10", b"\x80", "east")
    assert pinned(pins, b"\x20", b"\x30", "") == (Pin(b"\x10", b"\x20", "east"), Pin(b"\x30", b"\x80", "east"))
    assert pinned(pins, b"\x70", None, "west") == (Pin(b"\x10", b"\x70", "east"), Pin(b"\x70", None, "west"))
    assert pinned(pins, b"\x80", b"\x90", "east") == (Pin(b"\x10", b"\x90", "east"),)
    assert pinned(pins, b"", None, "") == ()
