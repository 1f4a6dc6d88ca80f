"""Jepsen's EDN: the forms, and how operations become transactions."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from workloads.histories.edn import HistoryError, load, parse, read_forms
from workloads.histories.transactions import Append, Read, Transaction

LINES = """
{:type :invoke, :f :txn, :process 0, :value [[:append 1 5] [:r 2 nil]], :time 1000, :index 10}
{:type :invoke :f :txn :process 1 :value [[:append 2 6] [:r 1 nil]] :time 2999 :index 11}
{:type :info, :f :start, :process :nemesis, :value "a \\"quoted\\" [ note", :time 3000, :index 12} ; a comment {
{:type :ok, :f :txn, :process 0, :value [[:append 1 5] [:r 2 [6 -7]]], :time 4000, :index 13}
{:type :fail, :f :txn, :process 1, :value [[:append 2 6] [:r 1 nil]], :time 5000, :error [:lock 1.5 true], :index 14}
{:type :invoke, :f :txn, :process 0, :value [[:r 1 nil]], :time 6000, :index 15}
{:type :invoke, :f :txn, :process 2, :value [[:append 1 9]], :time 7000, :index 16}
{:type :info, :f :txn, :process 2, :value [[:append 1 9]], :time 8000, :index 17}
"""
READ = [
    Transaction(0, (Append(1, 5), Read(2, (6, -7))), 1, 4, "committed", 13),
    Transaction(1, (Append(2, 6), Read(1, None)), 2, 5, "aborted", 14),
    Transaction(0, (Read(1, None),), 6, None, "unknown", 15),
    Transaction(2, (Append(1, 9),), 7, None, "unknown", 17),
]


def test_lines() -> None:
    assert parse(LINES) == READ


def test_one_vector_and_tagged_records() -> None:
    assert parse(f"[{LINES}]") == READ
    assert parse(LINES.replace("{:type", "#jepsen.history.Op{:type")) == READ


def test_files_plain_and_compressed(tmp_path: Path) -> None:
    (tmp_path / "one.edn").write_text(LINES)
    (tmp_path / "two.edn.gz").write_bytes(gzip.compress(LINES.encode()))
    assert load(tmp_path / "one.edn") == load(tmp_path / "two.edn.gz") == READ


@pytest.mark.parametrize("missing", ["", ":time -1"])
def test_without_a_time_the_order_of_operations_is_the_time(missing: str) -> None:
    first, second = parse(LINES.replace(":time 8000", missing))[:2]
    assert (first.began_us, first.ended_us, second.began_us, second.ended_us) == (0, 3, 1, 4)


def test_without_an_index_the_place_of_the_completion_is_the_name() -> None:
    text = "{:type :invoke :process 0 :value [[:r 1 nil]]} {:type :ok :process 0 :value [[:r 1 []]]}"
    assert parse(text) == [Transaction(0, (Read(1, ()),), 0, 1, "committed", 1)]


def test_forms() -> None:
    text = '[:a b/c 12 -3 +4 5N 1.5 2M nil true false "x\\ny"] {:k [1 2]} #{1} (2 3), #inst "2020"'
    forms = list(read_forms(text))
    assert forms == [["a", "b/c", 12, -3, 4, 5, 1.5, 2, None, True, False, "x\ny"], {"k": [1, 2]}, [1], [2, 3], "2020"]
    assert list(read_forms("")) == []


@pytest.mark.parametrize(
    "text",
    [
        "[1",
        "1]",
        "[1}",
        "{:a}",
        '"open',
        "{[1] 2}",
        "#_ [1]",
        "\\a",
        "[1 2]",
        "{:type :ok :process 0 :value []}",
        "{:type :invoked :process 0 :value []}",
        "{:type :invoke :process 0 :value nil}",
        "{:type :invoke :process 0 :value [[:w 1 2]]}",
        "{:type :invoke :process 0 :value [[:append 1 :x]]}",
        "{:type :invoke :process 0 :value [[:append 1 nil]]}",
        '{:type :invoke :process 0 :value [[:r 1 ["a"]]]}',
    ],
)
def test_what_is_no_history_is_an_error(text: str) -> None:
    with pytest.raises(HistoryError):
        parse(text)
