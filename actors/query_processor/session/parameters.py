"""Run-time parameters of a session: SET, SHOW, RESET, SET LOCAL, with PostgreSQL's names, defaults and errors.

A SET inside a transaction block lasts if the block commits, SET LOCAL until it ends either way. Reported ones are told
through `on_parameter(name, value)` whenever their value changes, as ParameterStatus wants it.

Values are kept as the text that SHOW answers; what the session itself reads of them (zone and styles, search path,
timeouts, staleness) is derived when they change. Sessions that have changed nothing share one table of values: each
would take five kilobytes, and a thousand may be resumed at once. sql/settings/parameter_table.py lists them,
parameter_values.py reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import lru_cache
from typing import NamedTuple

from actors.common.errors import CANT_CHANGE_RUNTIME_PARAM, INVALID_PARAMETER_VALUE, UNDEFINED_OBJECT, DatabaseError
from actors.query_processor.deadlines import Timeouts
from actors.sql.settings.parameter_table import ADVICE, DEFAULTS, DEFINITIONS, INTERNAL
from actors.sql.settings.parameter_values import canonical, milliseconds, not_supported
from actors.sql.types.styles import Style, read_date_style, styled
from actors.sql.types.time_zones import find_zone

CUSTOM_PARAMETERS_MAX = 256
"""Own parameters (with a dot in the name) of one session."""

_TIMEOUTS = {
    "statement_timeout": "statement_ms",
    "transaction_timeout": "transaction_ms",
    "idle_session_timeout": "idle_ms",
    "idle_in_transaction_session_timeout": "idle_in_transaction_ms",
}
REFUSED_BY_DSQL = frozenset({*_TIMEOUTS, "lock_timeout"})
STYLES = frozenset({"timezone", "datestyle", "intervalstyle", "extra_float_digits", "bytea_output"})
"""What `zone` is made of."""
IDENTITY = ("session_authorization", "role")
MAX_STALENESS = "eagleray.max_staleness"
_DERIVED = ("search_path", *IDENTITY, *sorted(STYLES), *_TIMEOUTS, MAX_STALENESS)
"""What `_derive` makes something of that is kept beside the values."""
_SEVERITIES = ("debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error")
"""Of client_min_messages, in order. INFO is always sent."""


class ParameterMark(NamedTuple):
    """All values, and what the end of the block returns to, at a savepoint."""

    values: dict[str, str]
    before: dict[str, str]
    local: dict[str, str]


class RunTimeParameters:
    """One session's. `values` is keyed by lower-case name; `dsql`: what DSQL does not let a session set is refused;
    `on_notice(message)`: a NOTICE."""

    __slots__ = (
        "_before", "_dsql", "_local", "_on_notice", "_on_parameter", "_own", "_session_defaults", "check_identity",
        "current_user",
        "on_identity", "search_path", "staleness_ms", "timeouts", "user", "values", "zone",
    )  # fmt: skip

    def __init__(
        self,
        user: str,
        on_parameter: Callable[[str, str], None],
        *,
        dsql: bool = False,
        on_notice: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.user = self.current_user = user
        self.check_identity: Callable[[str, str], str] | None = None
        """Of `role` and `session_authorization`: the value as SHOW answers it (identity.py). None: they cannot be
        changed."""
        self.on_identity: Callable[[], None] | None = None
        """One of the two has changed."""
        self.values: Mapping[str, str] = _common(user)
        """Never changed in place but by `_change`, which copies them where they are shared."""
        self._session_defaults = self.values
        self._own: dict[str, str] | None = None
        """`values`, where nobody else has them."""
        self._on_parameter = on_parameter
        self._on_notice = on_notice
        self._dsql = dsql
        self._before: dict[str, str] = {}
        """Values from before the transaction block, of what it has set."""
        self._local: dict[str, str] = {}
        """Values to return to at a commit, of what it has SET LOCAL."""
        self.search_path: tuple[str, ...] = ()
        self.timeouts = Timeouts()
        self.staleness_ms = 0
        """How old what READ ONLY transactions read may be."""
        self.zone: tzinfo
        """Time zone and styles (types/styles.py) of what is read and shown."""
        self._derive("search_path", self.values["search_path"])
        self._derive("timezone", self.values["timezone"])

    def start(self, options: dict[str, str]) -> None:
        """Values from the start-up message or the settings: the session's defaults, what RESET returns to. Raises as
        SET does."""
        for name, value in options.items():
            self._change(name.lower(), self.checked(name, value))
        self._session_defaults, self._own = self.values, None

    def parked(self) -> tuple[dict[str, str], dict[str, str]]:
        """(values, the session's defaults) that are not PostgreSQL's: what `restore` takes. Outside of a transaction
        block."""
        values = self._uncommon(self.values)
        return values, values if self._session_defaults is self.values else self._uncommon(self._session_defaults)

    def _uncommon(self, known: Mapping[str, str]) -> dict[str, str]:
        common = _common(self.user)
        return {} if known is common else {name: value for name, value in known.items() if common.get(name) != value}

    def restore(self, values: dict[str, str], defaults: dict[str, str]) -> None:
        """As `parked` gave them, perhaps in another build: what this one does not know is passed over. Nothing is told
        to the client, who knows."""
        before = self.values
        self.values = self._merged(values)
        self._session_defaults = self.values if defaults == values else self._merged(defaults)
        self._own = None
        self._derive("default_transaction_read_only", "")
        for name in _DERIVED if self.values is not before else ():
            if self.values[name] != before[name]:
                self._derive(name, self.values[name])

    def _merged(self, given: Mapping[str, str]) -> Mapping[str, str]:
        common = _common(self.user)
        known = {name: value for name, value in given.items() if name in common or "." in name}
        return {**common, **known} if known else common

    def reported(self) -> dict[str, str]:
        """Name -> value of what ParameterStatus tells at the start."""
        return {definition.name: self.values[name] for name, definition in DEFINITIONS.items() if definition.reported}

    def now(self) -> Mapping[str, str]:
        """All values, as they are now."""
        return self.values

    def show(self, name: str) -> tuple[str, str]:
        """(the name as PostgreSQL writes it, value). Raises 42704."""
        value = self.values.get(name.lower())
        if value is None:
            raise _unknown(name)
        return (DEFINITIONS[name.lower()].name if name.lower() in DEFINITIONS else name), value

    def set(self, name: str, value: str | None, *, local: bool = False, in_block: bool = False) -> None:
        """SET; None is DEFAULT (and RESET). Raises 42704, 55P02, 22023, 0A000."""
        lower = name.lower()
        text = self._session_defaults.get(lower) if value is None else None
        if text is None or (lower in DEFINITIONS and DEFINITIONS[lower].use == INTERNAL):
            text = self.checked(name, value if value is not None else "")
        if in_block:
            self._before.setdefault(lower, self.values.get(lower, ""))
            if local:
                self._local.setdefault(lower, self.values.get(lower, ""))
            else:
                self._local.pop(lower, None)
        elif local:
            return
        self._change(lower, text)

    def reset_all(self, in_block: bool) -> None:
        """But for who the session is, which RESET ALL leaves."""
        for name in sorted(self.values.keys() - set(IDENTITY)):
            if self.values[name] != self._session_defaults.get(name, ""):
                self.set(name, None if name in self._session_defaults else "", in_block=in_block)

    def end_block(self, committed: bool) -> None:
        """The transaction block ended."""
        if self._before:
            back = self._local if committed else self._before
            for name, value in back.items():
                self._change(name, value)
            self._before, self._local = {}, {}

    def mark(self) -> ParameterMark:
        """What `return_to` takes."""
        return ParameterMark(dict(self.values), dict(self._before), dict(self._local))

    def return_to(self, mark: ParameterMark) -> frozenset[str]:
        """Forget what was set since; the names whose values have changed."""
        known = mark.values
        changed = frozenset(name for name, value in self.values.items() if known.get(name) != value)
        for name in sorted(changed):
            self._change(name, known.get(name, ""))
        self._before, self._local = dict(mark.before), dict(mark.local)
        return changed

    def checked(self, name: str, value: str) -> str:
        """`value` as SHOW would answer it. Raises 42704, 55P02, 22023, 0A000."""
        lower = name.lower()
        definition = DEFINITIONS.get(lower)
        if definition is None:
            if "." not in name:
                raise _unknown(name)
            if lower not in self.values and len(self.values) >= len(DEFINITIONS) + CUSTOM_PARAMETERS_MAX:
                raise DatabaseError(INVALID_PARAMETER_VALUE, "too many customized parameters in this session")
            return value
        if definition.use == INTERNAL:
            raise DatabaseError(CANT_CHANGE_RUNTIME_PARAM, f'parameter "{definition.name}" cannot be changed')
        if definition.kind == "identity":
            if self.check_identity is None:
                raise DatabaseError(CANT_CHANGE_RUNTIME_PARAM, f'parameter "{definition.name}" cannot be changed now')
            return self.check_identity(lower, value)
        text = self._date_style(value) if lower == "datestyle" else canonical(definition, value)
        if text != self.values[lower]:
            if self._dsql and not definition.dsql and (lower in REFUSED_BY_DSQL or definition.use == ADVICE):
                raise not_supported(definition)
            if definition.use == ADVICE:
                self._on_notice(f'parameter "{definition.name}" has no effect here')
        return text

    def shows(self, severity: str) -> bool:
        """Whether a message of this severity is sent (client_min_messages)."""
        lower = severity.lower()
        return lower not in _SEVERITIES or _SEVERITIES.index(lower) >= _SEVERITIES.index(
            self.values["client_min_messages"]
        )

    def transaction_reads_only(self, value: bool | None) -> None:
        """What transaction_read_only shows; None: the session's default."""
        shown = self.values["default_transaction_read_only"] if value is None else "on" if value else "off"
        if self.values["transaction_read_only"] != shown:
            self._put("transaction_read_only", shown)

    def _put(self, name: str, value: str) -> None:
        if self._own is None:
            self.values = self._own = dict(self.values)
        self._own[name] = value

    def _date_style(self, value: str) -> str:
        style, order = self.values["datestyle"].split(", ")
        try:
            return ", ".join(read_date_style(value, style, order))
        except ValueError as wrong:
            message = f'invalid value for parameter "DateStyle": "{value}"'
            raise DatabaseError(INVALID_PARAMETER_VALUE, message, detail=str(wrong)) from None

    def _change(self, name: str, value: str) -> None:
        if self.values.get(name) == value:
            return
        self._put(name, value)
        self._derive(name, value)
        definition = DEFINITIONS.get(name)
        if definition is not None and definition.reported:
            self._on_parameter(definition.name, value)

    def _derive(self, name: str, value: str) -> None:
        if name == "search_path":
            names = [part.strip() for part in value.split(",")]
            unquoted = [
                part[1:-1].replace('""', '"') if part.startswith('"') else part.lower() for part in names if part
            ]
            self.search_path = tuple(self.current_user if part == "$user" else part for part in unquoted)
        elif name in IDENTITY:
            if self.on_identity is not None:
                self.on_identity()
            self._derive("search_path", self.values["search_path"])
        elif name in STYLES:
            values = self.values
            self.zone = _zone(
                values["timezone"],
                values["datestyle"],
                values["intervalstyle"],
                values["extra_float_digits"],
                values["bytea_output"],
            )
        elif name == "default_transaction_read_only":
            self.transaction_reads_only(None)
        elif name == MAX_STALENESS:
            self.staleness_ms = milliseconds(value)
        elif name in _TIMEOUTS:
            length = milliseconds(value)
            setattr(self.timeouts, _TIMEOUTS[name], length)
            self.timeouts.used = self.timeouts.used or length > 0


@lru_cache(maxsize=256)
def _common(user: str) -> Mapping[str, str]:
    """PostgreSQL's defaults for a session of this user. One table for all who ask."""
    return dict(DEFAULTS, session_authorization=user)


@lru_cache(maxsize=256)
def _zone(name: str, date_style: str, interval_style: str, extra_float_digits: str, bytea_output: str) -> tzinfo:
    """Most sessions have the same; a thousand may be resumed at once."""
    found = find_zone(name)
    assert found is not None
    date, order = date_style.split(", ")
    return styled(found[1], Style(date, order, interval_style, int(extra_float_digits), bytea_output))


def _unknown(name: str) -> DatabaseError:
    return DatabaseError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{name}"')
