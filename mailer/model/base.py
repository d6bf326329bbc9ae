"""What all tables share: types by annotation, and names for constraints that migrations can rely on."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, Enum, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase

from mailer.db.types import Id, Instant

State = TypeVar("State", bound=StrEnum)


def _values(states: type[StrEnum]) -> list[str]:
    """States are stored as they are spelt, so that a person can read the table."""
    return [state.value for state in states]


def long_words(words: type[StrEnum]) -> Enum:
    """The column type of words of which some are longer than a state's name."""
    return Enum(words, native_enum=False, length=24, values_callable=_values)


class Base(DeclarativeBase):
    """A table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 — SQLAlchemy reads it as a class attribute
        int: Id,
        str: String(),
        bytes: LargeBinary(),
        datetime: Instant(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        StrEnum: Enum(StrEnum, native_enum=False, length=12, values_callable=_values),
    }


def allowed(table: Mapping[State, frozenset[State]], before: State, after: State) -> bool:
    """Whether a transition table lets ``before`` become ``after``."""
    return after in table[before]
