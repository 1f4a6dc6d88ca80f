"""Jepsen's list-append histories: EDN, one operation (a map) after the other.

    {:index 0 :process 1 :type :invoke :value [[:append 253 1] [:r 253 nil]]}
    {:index 1 :process 1 :type :ok     :value [[:append 253 1] [:r 253 [1]]]}

Only what such files hold is read: maps, vectors, keywords, integers, nil, strings. Every process has one transaction at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workloads.histories.transactions import Append, Read, Transaction

_TOKEN = re.compile(r"""[\[\]{}()]|"(?:[^"\\]|\\.)*"|[^\s,\[\]{}()"]+""")
_CLOSING = {"[": "]", "{": "}", "(": ")"}
_OUTCOMES = {":ok": "committed", ":fail": "aborted", ":info": "unknown"}


def read_history(text: str) -> list[Transaction]:
    """The transactions in the order in which they began. Times are microseconds where the file has `:time` (nanoseconds), else places in the file.
    Raises ValueError where it is no such history."""
    open_transactions: dict[Any, tuple[int, int, Any]] = {}
    found: list[Transaction] = []
    count = 0
    for place, operation in enumerate(_operations(text)):
        time = operation[":time"] // 1000 if ":time" in operation else place
        process, kind = operation[":process"], operation[":type"]
        if kind == ":invoke":
            open_transactions[process] = (count, time, operation[":value"])
            count += 1
            continue
        if process not in open_transactions or kind not in _OUTCOMES:
            raise ValueError(f"operation {place}: {kind} of a process that has invoked nothing")
        index, began, planned = open_transactions.pop(process)
        value = operation[":value"] if kind == ":ok" else planned
        ended = None if kind == ":info" else time
        found.append(Transaction(_number(process), _steps(value, kind == ":ok"), began, ended, _OUTCOMES[kind], index))
    for process, (index, began, planned) in open_transactions.items():
        found.append(Transaction(_number(process), _steps(planned, False), began, None, "unknown", index))
    return sorted(found, key=lambda transaction: transaction.index)


def _number(process: Any) -> int:
    return process if isinstance(process, int) else -1


def _steps(value: list[Any], answered: bool) -> tuple[Append | Read, ...]:
    steps: list[Append | Read] = []
    for kind, key, argument in value or ():
        if kind == ":append":
            steps.append(Append(key, argument))
        else:
            steps.append(Read(key, tuple(argument or ()) if answered else None))
    return tuple(steps)


def _operations(text: str) -> Iterator[dict[Any, Any]]:
    for value in _values(_TOKEN.findall(text)):
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from value


def _values(tokens: list[str]) -> Iterator[Any]:
    """Every value at the top level. Raises ValueError."""
    stack: list[tuple[str, list[Any]]] = []
    for token in tokens:
        if token in _CLOSING:
            stack.append((token, []))
            continue
        if token in "]})":
            if not stack or _CLOSING[stack[-1][0]] != token:
                raise ValueError(f"{token} closes nothing")
            opening, items = stack.pop()
            value: Any = dict(zip(items[::2], items[1::2], strict=True)) if opening == "{" else items
        else:
            value = _atom(token)
        if stack:
            stack[-1][1].append(value)
        else:
            yield value
    if stack:
        raise ValueError(f"{stack[-1][0]} is never closed")


def _atom(token: str) -> Any:
    if token == "nil":
        return None
    if token in ("true", "false"):
        return token == "true"
    if token[0] == '"':
        return token[1:-1]
    try:
        return int(token)
    except ValueError:
        return token
