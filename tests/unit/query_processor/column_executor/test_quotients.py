"""Quotients of texts, as those of datums; and the signs of texts' differences."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pyarrow as pa
import pytest

from actors.common.errors import DatabaseError
from actors.query_processor.column_executor.comparing import sign_udf
from actors.query_processor.column_executor.numerics import quotient
from actors.sql.expressions.numerics import divide
from actors.sql.types.numeric import format_numeric


def drawn(random: Random) -> str:
    digits = str(random.randrange(10 ** random.randrange(1, 30)))
    fraction = "." + "".join(random.choices("0123456789", k=random.randrange(1, 25))) if random.random() < 0.6 else ""
    return random.choice(("", "", "-")) + digits + fraction


def test_quotients_are_those_of_the_datums() -> None:
    random = Random(5)
    texts = ["0.01", "-0.5", "NaN", "Infinity", "-Infinity", "1", "9999", "10000", "-1.50", "2"]
    for number in range(3000):
        one = drawn(random) if number % 10 else random.choice(texts)
        other = drawn(random) if number % 7 else random.choice(texts)
        if Decimal(other) == 0:
            continue
        assert quotient(one, other) == format_numeric(divide(Decimal(one), Decimal(other))), (one, other)
    with pytest.raises(DatabaseError, match="division by zero"):
        quotient("1.5", "0.00")


@pytest.mark.parametrize("odd", [[], ["NaN", "Infinity", "-Infinity", "1e-3", "9" * 60]])
def test_signs_are_those_of_the_differences(odd: list[str]) -> None:
    random = Random(6)
    texts: list[str | None] = [drawn(random) for _ in range(50)]
    texts += ["1.0", "1.00", "0", "-0.0", "-1", None, *odd]
    pairs = [(random.choice(texts), random.choice(texts)) for _ in range(400)]

    def rank(text: str) -> tuple[bool, Decimal]:
        number = Decimal(text)
        return (True, Decimal(0)) if number.is_nan() else (False, number)

    expected = [
        None if one is None or other is None else (rank(one) > rank(other)) - (rank(one) < rank(other))
        for one, other in pairs
    ]
    ones, others = (pa.array(list(side), pa.string()) for side in zip(*pairs, strict=True))
    assert sign_udf().make(lambda: None)(ones, others).to_pylist() == expected  # type: ignore[arg-type, return-value]
