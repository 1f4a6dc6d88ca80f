"""Reads histories in Jepsen's EDN form: a map an operation, one after another or within one vector.

    {:type :invoke, :process 0, :value [[:append 3 1] [:r 4 nil]], :time 100, :index 0}
    {:type :ok,     :process 0, :value [[:append 3 1] [:r 4 [2]]], :time 900, :index 1}

A process has one transaction under way at a time; its next `:ok`, `:fail` or `:info` completes what it invoked. `:ok`
is committed and brings the values read; `:fail` is aborted; `:info`, or no completion at all, is unknown and has no
end. `:time` is in nanoseconds. If any operation lacks it (or has -1, which is how converters write "none"), the order
of the operations serves as the time of all. A transaction is called by the `:index` of its completion, the line to look
at. Operations of processes that are not numbers (`:nemesis`) are passed over.

EDN here is what such files use of it: maps, vectors, lists, sets (read as lists), keywords and symbols (read as strings
without the colon), integers, decimals, strings, nil, true, false, comments, and tags, which are dropped. A character or
`#_` is an error.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workloads.histories.transactions import Append, Operation, Outcome, Read, Transaction

TOKEN = re.compile(r'[\s,]+|;[^\n]*|(#\{|[\[\]{}()]|"(?:[^"\\]|\\.)*"|#?[^\s,\[\]{}()";]+)')
CLOSING = {"[": "]", "(": ")", "{": "}", "#{": "}"}
OUTCOMES: dict[str, Outcome] = {"ok": "committed", "fail": "aborted", "info": "unknown"}
CONSTANTS = {"nil": None, "true": True, "false": False}
NANOSECONDS_IN_US = 1000


class HistoryError(ValueError):
    """The text is not EDN, or not a history of list appends."""


def load(path: Path) -> list[Transaction]:
    """The history in a file, compressed if its name ends in .gz."""
    raw = path.read_bytes()
    return parse((gzip.decompress(raw) if path.suffix == ".gz" else raw).decode())


def parse(text: str) -> list[Transaction]:
    forms = list(read_forms(text))
    if len(forms) == 1 and isinstance(forms[0], list):
        forms = forms[0]
    for form in forms:
        if not isinstance(form, dict):
            raise HistoryError(f"not an operation: {form!r}")
    return list(_pair(forms))


def read_forms(text: str) -> Iterator[Any]:
    """Every top-level form of an EDN text."""
    waiting: list[tuple[str, list[Any]]] = []
    items: list[Any] = []
    position = 0
    for match in TOKEN.finditer(text):
        if match.start() != position:
            break
        position = match.end()
        token = match.group(1)
        if token is None:
            continue
        if token in CLOSING:
            waiting.append((token, items))
            items = []
            continue
        if token in ("]", "}", ")"):
            if not waiting or CLOSING[waiting[-1][0]] != token:
                raise HistoryError(f"a {token} that closes nothing, at character {match.start()}")
            opening, outer = waiting.pop()
            outer.append(_map_of(items) if opening == "{" else items)
            items = outer
        elif token[0] == "#":
            if token == "#_":
                raise HistoryError("#_ is not understood")
            continue
        else:
            items.append(_atom(token))
        if not waiting:
            yield items.pop()
    if waiting or position != len(text):
        raise HistoryError(f"the text ends within a form, or is no EDN at character {position}")


def _map_of(items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise HistoryError(f"a map with a key and no value: {items!r}")
    try:
        return dict(zip(items[::2], items[1::2], strict=True))
    except TypeError as error:
        raise HistoryError(f"a map whose key is a collection: {items!r}") from error


def _atom(token: str) -> Any:
    first = token[0]
    if first == ":":
        return token[1:]
    if first.isdigit() or (first in "+-" and len(token) > 1):
        try:
            return int(token.rstrip("N"))
        except ValueError:
            try:
                return float(token.rstrip("M"))
            except ValueError:
                return token
    if first == '"':
        return json.loads(token)
    if first == "\\":
        raise HistoryError(f"a character: {token}")
    return CONSTANTS.get(token, token)


def _pair(forms: list[dict[str, Any]]) -> Iterator[Transaction]:
    """Invocations with their completions, in the order of invocation."""
    timed = all(isinstance(form.get("time"), int) and form["time"] >= 0 for form in forms)
    invoked: dict[int, int] = {}
    completed: dict[int, int] = {}
    for position, form in enumerate(forms):
        process = form.get("process")
        if not isinstance(process, int):
            continue
        if form.get("type") == "invoke":
            invoked[process] = position
        elif form.get("type") in OUTCOMES:
            if process not in invoked:
                raise HistoryError(f"process {process} completes what it did not invoke: {form!r}")
            completed[invoked.pop(process)] = position
        else:
            raise HistoryError(f"an operation of no known type: {form!r}")
    for position, form in enumerate(forms):
        if form.get("type") != "invoke" or not isinstance(form.get("process"), int):
            continue
        end = completed.get(position)
        completion = form if end is None else forms[end]
        outcome: Outcome = "unknown" if end is None else OUTCOMES[completion["type"]]
        named = completion.get("index")
        yield Transaction(
            process=form["process"],
            operations=_operations((completion if outcome == "committed" else form).get("value")),
            began_us=form["time"] // NANOSECONDS_IN_US if timed else position,
            ended_us=None
            if end is None or outcome == "unknown"
            else forms[end]["time"] // NANOSECONDS_IN_US
            if timed
            else end,
            outcome=outcome,
            index=named if isinstance(named, int) else position if end is None else end,
        )


def _operations(value: Any) -> tuple[Operation, ...]:
    if not isinstance(value, list):
        raise HistoryError(f"not a transaction: {value!r}")
    operations: list[Operation] = []
    for step in value:
        match step:
            case ["append", int(key), int(appended)]:
                operations.append(Append(key, appended))
            case ["r", int(key), None]:
                operations.append(Read(key, None))
            case ["r", int(key), list(values)] if all(isinstance(one, int) for one in values):
                operations.append(Read(key, tuple(values)))
            case _:
                raise HistoryError(f"neither an append nor a read: {step!r}")
    return tuple(operations)
