"""The house rules that can be read off the text."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("actors", "cluster", "eagleray", "workloads", "benchmarks")
LINES_MAX = 500
FUNCTION_LINES_MAX = 70
LONG_FILES: dict[str, str] = {}
"""file -> why it is longer."""
LONG_FUNCTIONS: dict[str, str] = {}
"""file:function -> why it is longer."""

SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


UNFINISHED = re.compile(r"\b(TODO|FIXME|HACK|NotImplementedError)\b")
POSSESSIVE_GROUP = re.compile(r"\)[*+?]\+")
"""Of a regular expression: Python before 3.11.5 goes on at a wrong place behind it. An atomic group does not."""
SWALLOWED = re.compile(r"except( Exception| BaseException)?:\s*pass")


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements below `tree`, those in functions and classes among them; no expressions, of which most trees
    are."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from statements(child)


def faults_of(text: str, name: str) -> Iterator[str]:
    """What the house does not allow in this file."""
    lines = text.count("\n")
    if lines > LINES_MAX and name not in LONG_FILES:
        yield f"{lines} lines: split it, or say why in LONG_FILES"
    tree = ast.parse(text)
    if text.strip() and not name.endswith("__init__.py") and not ast.get_docstring(tree):
        yield "a module says what it promises"
    for node in statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > FUNCTION_LINES_MAX and f"{name}:{node.name}" not in LONG_FUNCTIONS:
                yield f"{node.name}: {length} lines"
    if unfinished := UNFINISHED.findall(text):
        yield f"unfinished: {unfinished}"
    if POSSESSIVE_GROUP.search(text):
        yield "a possessive group"
    if SWALLOWED.search(text):
        yield "an error is swallowed"


def test_files_and_functions_are_short_finished_and_documented() -> None:
    assert len(SOURCES) > 100
    faults = {name_of(path): found for path in SOURCES if (found := [*faults_of(path.read_text(), name_of(path))])}
    assert not faults, "\n".join(f"{name}: {'; '.join(found)}" for name, found in faults.items())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('"""A module."""\n' + "x = 1\n" * LINES_MAX, "501 lines: split it, or say why in LONG_FILES"),
        ("x = 1\n", "a module says what it promises"),
        ('"""A module."""\nclass A:\n def f(self):\n  if x:\n   def g():\n' + "    y\n" * 70, "g: 71 lines"),
        ('"""A module."""\nraise NotImplementedError\n', "unfinished: ['NotImplementedError']"),
        ('"""A module."""\nx = r"(?:ab?c)++"\n', "a possessive group"),
        ('"""A module."""\ntry:\n    x\nexcept Exception:\n    pass\n', "an error is swallowed"),
    ],
)
def test_a_fault_is_told(text: str, fault: str) -> None:
    assert fault in [*faults_of(text, "module.py")]


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "ARCHITECTURE.md",
        "HACKING.md",
        *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
    ],
)
def test_links_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text())
    missing = [link for link in links if "://" not in link and not (folder / link).exists()]
    assert not missing, missing
