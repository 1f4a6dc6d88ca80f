"""`workload run`, as far as it comes without a server: every bad input is one line on stderr, and a non-zero exit."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

import eagleray.workload
import workloads
from eagleray.command.main import cli
from eagleray.workload.workload import WorkloadError

NOWHERE = "postgresql://nobody@127.0.0.1:1/postgres"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "orders"),
        (("no/such.py",), "no such Python file"),
        (("bank", "--curve", "ramp:x"), "ramp:x"),
        (("bank", "--curve", "no/such/file"), "neither a file"),
        (("bank", "--scale", "0"), "scale"),
        (("bank", "--scale", "nan"), "scale"),
        (("bank", "--url", "mysql://localhost/x"), "postgresql://"),
        (("bank", "--url", "postgresql://localhost:port/x"), "URL"),
        (("bank", "--url", "postgresql://[::1/x"), "URL"),
        (("bank", "--url", "postgresql://localhost/x?sslmode=wild"), "sslmode"),
        (("bank", "--json", "/no/such/folder/file"), "cannot be written"),
        (("bank",), "bank: "),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(cli, ["workload", "run", "--url", NOWHERE, *arguments])
    assert isinstance(done.exception, SystemExit) and done.exit_code != 0
    assert done.output.count("\n") == 1 and said in done.output, done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "holds 0 subclasses"),
        ("import nothing_such\n", "nothing_such"),
        ("def (\n", "SyntaxError"),
        (
            "from eagleray.workload import Workload\nclass A(Workload):\n    name = 'a'\n    mix = {'go': 1}\n",
            "no such method",
        ),
    ],
)
def test_files_that_hold_no_workload(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(WorkloadError, match=said):
        workloads.load(str(file))


@pytest.mark.parametrize("name", ["YCSB-A", "ycsb a", "ycsb_a", "ycsb:a", "ycsba", "ycsb"])
def test_names_as_people_write_them(name: str) -> None:
    assert workloads.load(name).name == "ycsb-a"


def test_all_are_listed() -> None:
    names = [name for name, _ in workloads.describe()]
    assert {"bank", "orders", "tpcb", *(f"ycsb-{letter}" for letter in "abcdef")} <= set(names)
    assert all(text for _, text in workloads.describe())


def test_the_page_and_the_package_show_one_example() -> None:
    """A live test runs the page's (tests/cluster/test_workloads.py)."""
    page = (Path(__file__).parents[3] / "docs" / "workloads.md").read_text()
    example = page.partition("```python\n")[2].partition("```")[0]
    assert example.startswith("from") and textwrap.indent(example, "    ") in (eagleray.workload.__doc__ or "")
    assert {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")} >= {
        "orders",
        "bank",
        "tpcb",
        "tpcc",
    }
