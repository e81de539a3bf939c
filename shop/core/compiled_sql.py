"""Querysets that are compiled to SQL once, and run with other values each time.

Django takes longer to write a large statement than a database to answer it. Values that change
are named in the queryset (``Parameter``, ``InParameter``), and given when it is run.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Field, Lookup, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.subqueries import DeleteQuery, UpdateQuery

from shop.core.statements import Row, SqlStatement, run_together

type Value = datetime | int | str | list[str] | None
type Values = Mapping[str, Value]


class Parameter(Expression):
    """A value that is given by its name when the statement is run."""

    def __init__(self, name: str, output_field: "Field[Any, Any] | None" = None) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


class InParameter(Lookup):
    """Whether a column is in a list of texts that is given when the statement is run.

    A lookup, as SQLite compares any other condition with 1, and finds nothing by an index then.
    """

    lookup_name = "in_parameter"

    def __init__(self, column: str, name: str) -> None:
        super().__init__(F(column), Parameter(name))

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        return self._around(compiler, connection, "{} = ANY({})")

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        return self._around(compiler, connection, "{} IN (SELECT value FROM json_each({}))")

    def _around(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, template: str
    ) -> tuple[str, tuple[Any, ...]]:
        column, of_column = self.process_lhs(compiler, connection)
        texts, named = compiler.compile(self.rhs)
        return template.format(column, texts), (*of_column, *named)


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A statement in the default database's dialect, and its parameters, named ones included."""

    sql: str
    parameters: tuple[Any, ...]

    @classmethod
    def select(cls, queryset: QuerySet[Any, Any]) -> "CompiledQuery":
        """Compile a queryset. Its columns are as the database gives them."""
        sql, parameters = queryset.query.get_compiler(connection=connection).as_sql()
        return cls(sql, tuple(parameters))

    @classmethod
    def update(cls, queryset: QuerySet[Any, Any], **values: Expression) -> "CompiledQuery":
        """Compile an update of a queryset's rows."""
        query = queryset.query.chain(UpdateQuery)
        assert isinstance(query, UpdateQuery)
        query.add_update_values(values)
        sql, parameters = query.get_compiler(connection=connection).as_sql()
        return cls(sql, tuple(parameters))

    @classmethod
    def delete(cls, queryset: QuerySet[Any, Any]) -> "CompiledQuery":
        """Compile the deletion of a queryset's rows: as they are, without what refers to them."""
        query = queryset.query.chain(DeleteQuery)
        sql, parameters = query.get_compiler(connection=connection).as_sql()
        return cls(sql, tuple(parameters))

    def rows(self, values: Values) -> list[Row]:
        """The rows of a select."""
        [result] = run_together([self.statement(values)])
        return result.rows

    def statement(self, values: Values) -> SqlStatement:
        """The statement with its named parameters filled.

        :raises KeyError: a value is not given
        """
        parameters = [
            adapt_value(values[each.name]) if isinstance(each, Parameter) else each
            for each in self.parameters
        ]
        return SqlStatement(self.sql, parameters)


def adapt_value(value: Value) -> Any:
    """A value as the default database takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, list) and connection.vendor == "sqlite":
        return json.dumps(value)
    return value
