"""Many rows of values as one table in a statement: one round trip and one plan, however many rows."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    SQLColumnExpression,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine


def rows(session: Session, types: Mapping[str, TypeEngine[Any]], values: Mapping[str, Sequence[Any]]) -> FromClause:
    """A table of the named columns; ``values`` holds each column's values, all of one length.

    PostgreSQL unfolds arrays (``unnest``), SQLite a JSON text (``json_each``). Values are numbers,
    strings or ``None``.
    """
    if session.get_bind().dialect.name == "sqlite":
        return _from_json(types, values)
    arrays = [bindparam(None, list(values[name]), unique=True, type_=ARRAY(kind)) for name, kind in types.items()]
    columns = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="given")


def one_of(
    session: Session, number: SQLColumnExpression[int] | SQLColumnExpression[int | None], numbers: Sequence[int]
) -> ColumnElement[bool]:
    """Whether a number is one of many, handed over as one value: so each of them is looked up by its index.

    A join leaves that to PostgreSQL's planner, who reads the whole table where it has not been analysed lately; so
    does a value that it can look into, of some hundred numbers. Asked for in a statement of its own it is opaque.
    """
    if session.get_bind().dialect.name == "sqlite":
        return number.in_(select(func.json_each(json.dumps(list(numbers))).table_valued("value").c.value))
    array = ARRAY(BigInteger)
    opaque = select(bindparam(None, list(numbers), unique=True, type_=array)).scalar_subquery()
    return number == any_(cast(opaque, array))


def _from_json(types: Mapping[str, TypeEngine[Any]], values: Mapping[str, Sequence[Any]]) -> FromClause:
    text = json.dumps(list(zip(*(values[name] for name in types), strict=True)))
    each = func.json_each(text).table_valued("value")
    columns = [
        type_coerce(func.json_extract(each.c.value, f"$[{place}]"), kind).label(name)
        for place, (name, kind) in enumerate(types.items())
    ]
    return select(*columns).select_from(each).subquery("given")
