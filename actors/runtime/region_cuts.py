"""Which pairs of regions are cut off from each other, of those that stand on one machine: a file beside the sockets,
a pair a line ("east west"). `eagleray region cut` writes it, every process's links go by it (far_links.py)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

Pairs = frozenset[frozenset[str]]


def cuts_path(sockets: Path) -> Path:
    return sockets / "cut"


def pairs_of(texts: Iterable[str]) -> list[tuple[str, str]]:
    """From "east west" and the like; what names no pair is passed over."""
    split = [text.split() for text in texts]
    return [(pair[0], pair[1]) for pair in split if len(pair) == 2]


def read_cuts(path: Path) -> Pairs:
    try:
        return frozenset(frozenset(pair) for pair in pairs_of(path.read_text().splitlines()))
    except FileNotFoundError:
        return frozenset()


def write_cuts(path: Path, cuts: Pairs) -> None:
    """Processes hear of it at once (file_watch.py): the file is replaced. Raises OSError."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(cuts_text(cuts))
    os.replace(new, path)


def cuts_text(cuts: Pairs) -> str:
    return "".join(f"{' '.join(sorted(pair))}\n" for pair in sorted(cuts, key=sorted))


def unheard(cuts: Pairs, zones: Mapping[str, str], zone: str) -> set[str]:
    """Zones whose region is cut off from `zone`'s. `zones`: zone -> region."""
    return {other for other, region in zones.items() if frozenset((region, zones.get(zone))) in cuts}


def cut_off(region: str, regions: Iterable[str]) -> Pairs:
    """All pairs of which `region` is one."""
    return frozenset(frozenset(pair) for pair in combinations(sorted(set(regions)), 2) if region in pair)
