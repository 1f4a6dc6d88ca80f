"""Alembic against a live cluster: a schema is made from models, compared with them, changed and taken back, and used by
SQLAlchemy meanwhile, with its retry of 40001."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata, produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "alembic_team"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50), unique=True, comment="its name")
    meta: Mapped[dict[str, Any] | None] = mapped_column(postgresql.JSONB)
    people: Mapped[list[Person]] = relationship(back_populates="team")


class Person(Base):
    __tablename__ = "alembic_person"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("alembic_team.id", ondelete="CASCADE"), index=True)
    pay: Mapped[Any] = mapped_column(sa.Numeric(10, 2), server_default="1.5")
    team: Mapped[Team] = relationship(back_populates="people")
    __table_args__ = (sa.CheckConstraint("pay >= 0", name="alembic_pay"),)


MINE = {"alembic_team", "alembic_person", "alembic_more"}
OPTIONS = {
    "compare_type": True,
    "compare_server_default": True,
    "include_object": lambda thing, name, kind, *_: kind != "table" or name in MINE,
}


@pytest.fixture
def engine(cluster_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(cluster_url.replace("postgresql:", "postgresql+psycopg:", 1))
    yield made
    with made.begin() as connection:
        for name in ("alembic_more", "alembic_person", "alembic_team"):
            connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
    made.dispose()


def differences(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), Base.metadata)


def migrate(engine: sa.Engine) -> None:
    """What autogenerate finds, done."""
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS)
        upgrade = produce_migrations(context, Base.metadata).upgrade_ops
        assert upgrade is not None
        operations = Operations(context)
        for operation in upgrade.ops:
            for one in operation.ops if hasattr(operation, "ops") else [operation]:
                operations.invoke(one)


def test_models_and_schema_agree_once_migrated(engine: sa.Engine) -> None:
    assert {difference[0] for difference in differences(engine)} == {"add_table", "add_index"}
    migrate(engine)
    assert differences(engine) == []
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE alembic_person DROP CONSTRAINT alembic_pay"))
        connection.execute(sa.text("ALTER TABLE alembic_team ALTER COLUMN name DROP NOT NULL"))
    assert [difference[0][0] for difference in differences(engine)] == ["modify_nullable"]


def test_operations(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        operations.add_column("alembic_team", sa.Column("age", sa.Integer()))
        operations.alter_column("alembic_team", "age", new_column_name="years")
        operations.alter_column("alembic_team", "years", type_=sa.BigInteger(), server_default="7")
        operations.create_check_constraint("alembic_years", "alembic_team", "years > 0")
        operations.create_unique_constraint("alembic_years_key", "alembic_team", ["years"])
        operations.drop_constraint("alembic_years_key", "alembic_team")
        operations.create_table(
            "alembic_more", sa.Column("a", sa.Integer, primary_key=True), sa.Column("b", sa.Integer)
        )
        operations.create_foreign_key("alembic_fk", "alembic_more", "alembic_more", ["b"], ["a"])
        operations.bulk_insert(sa.table("alembic_more", sa.column("a"), sa.column("b")), [{"a": 1, "b": 1}])
    inspector = sa.inspect(engine)
    assert [each["sqltext"] for each in inspector.get_check_constraints("alembic_team")] == ["years > 0"]
    assert [each["referred_table"] for each in inspector.get_foreign_keys("alembic_more")] == ["alembic_more"]
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        operations.drop_table("alembic_more")
        operations.drop_column("alembic_team", "years")
    assert differences(engine) == []


def test_a_conflict_is_tried_again(engine: sa.Engine) -> None:
    migrate(engine)
    with Session(engine) as session:
        session.add(Team(name="red", meta={"n": 0}, people=[Person(pay=3), Person(pay=4.25)]))
        session.commit()
    tries = 0
    while True:
        tries += 1
        try:
            with Session(engine) as session:
                team = session.scalars(sa.select(Team).where(Team.name == "red")).one()
                if tries == 1:
                    with engine.begin() as other:
                        other.execute(sa.update(Team).values(meta={"n": 10}))
                team.meta = {"n": (team.meta or {})["n"] + 1}
                session.commit()
            break
        except sa.exc.OperationalError as error:
            assert getattr(error.orig, "sqlstate", "") == "40001"
    with Session(engine) as session:
        assert session.scalar(sa.select(Team.meta)) == {"n": 11}
        assert session.scalar(sa.select(sa.func.sum(Person.pay)).join(Team)) == Decimal("7.25")
    assert tries == 2
