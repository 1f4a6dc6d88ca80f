"""Every golden script answers as it is written. `RECORD_SCRIPTS=1` writes down what they answer now: read the
difference before you keep it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.scripts.golden import answer_blocks

SCRIPTS = sorted((Path(__file__).parent).glob("*/*.sql"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_script(path: Path) -> None:
    answered = asyncio.run(answer_blocks(path.read_text()))
    if os.environ.get("RECORD_SCRIPTS"):
        texts = [block.text(lines) if block.statements else "\n".join(block.comments) for block, lines in answered]
        path.write_text("\n\n".join(texts) + "\n")
        return
    for block, lines in answered:
        assert "\n".join(lines) == "\n".join(block.expected), "\n".join(block.statements)


@pytest.mark.parametrize(
    "path",
    [path for path in SCRIPTS if path.parent.name != "plans"],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_both_executors_answer_alike(path: Path) -> None:
    """What runs in rows because its tables are small runs in DuckDB here. Its errors say less."""
    for block, lines in asyncio.run(answer_blocks(path.read_text(), columns=True)):
        assert _without_notes(lines) == _without_notes(block.expected), "\n".join(block.statements)


def _without_notes(answers: list[str]) -> list[str]:
    """The lines of answers, some of which are texts of several."""
    return [line for line in "\n".join(answers).split("\n") if not line.startswith(("  detail: ", "  hint: "))]


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 8
