"""Controller <-> adjudicators and crossbar: adjudicators and their journals are born and retired (docs/ranges.md)."""

from __future__ import annotations

from actors.common.messages.base import Message


class Announce(Message, frozen=True):
    """Controller -> adjudicator of a journal that counts: whoever reads that journal from now on has to know version
    `set_version` of the set of journals (common/journal_set.py). May come again, and to its successor. Answer:
    Announced, once that is durable in the journal."""

    set_version: int


class Announced(Message, frozen=True):
    """No reader's watermark passes `at` who does not know that set."""

    at: int


class Retire(Message, frozen=True):
    """Controller -> adjudicator that owns no key any more: its journal ends. May come again, and to its successor.
    Answer: Retired, once that is durable in the journal. Failure 55000: something is under way still; ask again."""


class Retired(Message, frozen=True):
    """Nothing is or will be committed in the adjudicator's journal above `until`."""

    until: int


class AskHeld(Message, frozen=True):
    """Controller -> adjudicator: whether it holds marks of transactions that adjudicator `coordinator` coordinates.
    Answer: HeldIs."""

    coordinator: int


class HeldIs(Message, frozen=True):
    """`count`: of undecided transactions."""

    count: int


class AddAdjudicator(Message, frozen=True):
    """A person -> controller: adjudicator `number`, which is the next one, is to be born, with its journal; may come
    again. Answer: AdjudicatorIs, once ranges can go to it. Failure 55000: another one is on its way in or out, or has
    got this number."""

    number: int


class AdjudicatorIs(Message, frozen=True):
    number: int


class RemoveAdjudicator(Message, frozen=True):
    """A person -> controller: adjudicator `number` gives its ranges to others and ends, with its journal; may come
    again. Answer: Done, once nothing can be committed there any more. Failures: 22023 where there is none, or no other
    one; 55000 while another one is on its way in or out."""

    number: int
