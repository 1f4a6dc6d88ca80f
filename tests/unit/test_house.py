"""The house rules that can be read off the text."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
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


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_are_short_and_documented(path: Path) -> None:
    text = path.read_text()
    lines = text.count("\n")
    assert lines <= LINES_MAX or name_of(path) in LONG_FILES, f"{lines} lines: split it, or say why in LONG_FILES"
    tree = ast.parse(text)
    if text.strip() and path.name != "__init__.py":
        assert ast.get_docstring(tree), "a module says what it promises"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX or f"{name_of(path)}:{node.name}" in LONG_FUNCTIONS, (
                f"{node.name}: {length} lines"
            )


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_unfinished_work_and_no_swallowed_errors(path: Path) -> None:
    text = path.read_text()
    unfinished = re.findall(r"\b(TODO|FIXME|HACK|NotImplementedError)\b", text)
    assert not unfinished, unfinished
    assert not re.search(r"except( Exception| BaseException)?:\s*pass", text)


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
