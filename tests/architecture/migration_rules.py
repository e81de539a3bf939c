"""What a migration may do while processes of the previous release still run on its schema.

Those processes write rows without columns that they do not know, and read columns and tables that
they know. So a release may add what they can leave out, and take away only what no running
release knows any more: expand, move, contract (docs/operating.md, Upgrade). What only a person
can judge, a migration justifies in a sentence, ``compatible_because``.

Tables and columns that no release has yet may change in any way.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import CheckConstraint, Field, GeneratedField, ManyToManyField

from tests.support.previous_release import last_tagged

#: The newest migration of each app that was there before this rule.
BASELINE: Mapping[str, str] = {
    "catalog": "0004_price_correction",
    "checkout": "0003_disputes_have_money",
    "sales": "0005_deal_was_as_of",
    "staff": "0001_initial",
}
#: The least that says why a migration is compatible all the same.
LEAST_WORDS = 5

#: Conversions of a column that lose nothing and that old code does not notice.
_WIDER = {
    ("PositiveSmallIntegerField", "PositiveIntegerField"),
    ("SmallIntegerField", "IntegerField"),
    ("PositiveIntegerField", "PositiveBigIntegerField"),
    ("IntegerField", "BigIntegerField"),
    ("CharField", "TextField"),
}
#: Operations that leave every row and column as old code needs it.
_HARMLESS = (
    operations.CreateModel,
    operations.AlterModelOptions,
    operations.AlterModelManagers,
    operations.AlterModelTableComment,
    operations.AlterConstraint,
    operations.RemoveConstraint,
    operations.RemoveIndex,
    operations.RenameIndex,
    operations.RunPython,
)
_LATER = "Stop using it in this release, and take it away in the next."


@dataclass(frozen=True)
class Released:
    """The schema that running processes of the previous release know."""

    state: ProjectState

    def has(self, app: str, model: str, field: str = "") -> bool:
        """Whether they know a table, or a column of it."""
        known = self.state.models.get((app, model.lower()))
        return known is not None and (not field or field in known.fields)


@dataclass
class _Step:
    """An operation, and what was there before it."""

    app: str
    before: ProjectState
    released: Released

    def field(self, model: str, name: str) -> "Field[Any, Any]":
        found: Field[Any, Any] = self.before.models[self.app, model.lower()].fields[name]
        return found


def _unreleased(loader: MigrationLoader, released: set[tuple[str, str]]) -> list[Migration]:
    """The shop's migrations that no release has, in the order in which they are applied."""
    return [
        each
        for each in _in_order(loader)
        if _is_ours(each) and (each.app_label, each.name) not in released
    ]


def all_faults() -> list[str]:
    """What in the migrations that no release has breaks processes of the last release."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = _released(loader)
    schema = _schema_of(loader, known)
    return [
        fault
        for each in _unreleased(loader, known)
        for fault in faults(
            each, loader.project_state((each.app_label, each.name), at_end=False), schema
        )
    ]


def _released(loader: MigrationLoader) -> set[tuple[str, str]]:
    """The migrations of the last release; of the baseline where there is no tag of one."""
    if release := last_tagged():
        labels = {each.name.replace(".", "/"): each.label for each in apps.get_app_configs()}
        paths = [Path(each) for each in release.migrations()]
        return {(labels.get(str(path.parents[1]), ""), path.stem) for path in paths}
    return {
        (app, name) for app, name in loader.graph.nodes if app in BASELINE and name <= BASELINE[app]
    }


def _in_order(loader: MigrationLoader) -> list[Migration]:
    """All migrations, each after those that it depends on."""
    plans = [loader.graph.forwards_plan(node) for node in loader.graph.leaf_nodes()]
    keys = dict.fromkeys(key for plan in plans for key in plan)
    return [loader.graph.nodes[key] for key in keys]


def _is_ours(migration: Migration) -> bool:
    return type(migration).__module__.startswith(("shop.", "offers."))


def _schema_of(loader: MigrationLoader, migrations: set[tuple[str, str]]) -> Released:
    """The schema that these migrations make."""
    state = ProjectState()
    for each in _in_order(loader):
        if (each.app_label, each.name) in migrations or not _is_ours(each):
            state = each.mutate_state(state, preserve=False)
    return Released(state)


def faults(migration: Migration, before: ProjectState, released: Released) -> list[str]:
    """What in a migration breaks processes of the previous release, each with the way out."""
    reason = getattr(migration, "compatible_because", "")
    if len(reason.split()) >= LEAST_WORDS:
        return []
    state = before.clone()
    found = []
    for operation in migration.operations:
        for each, step in _database_steps(operation, _Step(migration.app_label, state, released)):
            if fault := _fault_of(each, step):
                found.append(f"{migration.app_label}.{migration.name}: {fault}")
        operation.state_forwards(migration.app_label, state)
    return found


def _database_steps(operation: Operation, step: _Step) -> Iterator[tuple[Operation, _Step]]:
    if not isinstance(operation, operations.SeparateDatabaseAndState):
        yield operation, step
        return
    state = step.before.clone()
    for each in operation.database_operations:
        yield from _database_steps(each, _Step(step.app, state.clone(), step.released))
        each.state_forwards(step.app, state)


def _fault_of(operation: Operation, step: _Step) -> str:
    for kind, judge in _JUDGES.items():
        if isinstance(operation, kind):
            return judge(operation, step)
    if isinstance(operation, _HARMLESS):
        return ""
    what = operation.describe() or type(operation).__name__
    return (
        f"{what}: nobody but its author can say whether the previous release runs on with it. "
        "Say in the migration why it does: compatible_because = '…'."
    )


def _add_field(operation: operations.AddField, step: _Step) -> str:
    field = operation.field
    is_left_out = field.null or field.has_db_default()
    if is_left_out or isinstance(field, GeneratedField | ManyToManyField):
        return ""
    if not step.released.has(step.app, operation.model_name):
        return ""
    return (
        f"{operation.model_name}.{operation.name} may not be null, and the previous release writes "
        "rows without it. Give it a db_default, or null=True."
    )


def _alter_field(operation: operations.AlterField, step: _Step) -> str:
    model, name = operation.model_name, operation.name
    if not step.released.has(step.app, model, name):
        return ""
    old, new = step.field(model, name), operation.field
    where = f"{model}.{name}"
    if old.null and not new.null:
        return (
            f"{where} may not be null any more, and the previous release may write null. "
            "Write values in this release, and alter the column in the next."
        )
    if old.has_db_default() and not new.has_db_default():
        return f"{where} loses its db_default, which the previous release relies on. {_LATER}"
    if new.unique and not old.unique:
        return f"{where} becomes unique, and the previous release may write it twice. {_REASON}"
    if _column(name, old) != _column(name, new):
        return f"{where} gets another column. {_LATER}"
    types = old.get_internal_type(), new.get_internal_type()
    if types[0] != types[1] and types not in _WIDER:
        return f"{where} becomes a {types[1]}. Add another column in its place. {_LATER}"
    lengths = getattr(old, "max_length", None), getattr(new, "max_length", None)
    if lengths[1] is not None and (lengths[0] is None or lengths[1] < lengths[0]):
        return f"{where} becomes shorter than what the previous release writes. {_REASON}"
    return ""


def _column(name: str, field: "Field[Any, Any]") -> str:
    return field.db_column or name


def _take_away_field(
    operation: operations.RemoveField | operations.RenameField, step: _Step
) -> str:
    name = getattr(operation, "old_name", None) or operation.name
    if not step.released.has(step.app, operation.model_name, name):
        return ""
    return f"the previous release reads {operation.model_name}.{name}. {_LATER} {_REASON}"


def _take_away_model(operation: Any, step: _Step) -> str:
    name = getattr(operation, "old_name", None) or operation.name
    if not step.released.has(step.app, name):
        return ""
    return f"the previous release reads the table of {name}. {_LATER} {_REASON}"


def _add_constraint(operation: operations.AddConstraint, step: _Step) -> str:
    model, constraint = operation.model_name, operation.constraint
    if not step.released.has(step.app, model):
        return ""
    names = _names_in(constraint)
    if names and not any(step.released.has(step.app, model, name) for name in names):
        return ""  # Of columns that the previous release leaves to their defaults.
    return (
        f"the previous release may write rows of {model} that {constraint.name} refuses, and "
        f"PostgreSQL locks the table while it reads all rows. {_REASON}"
    )


def _names_in(constraint: Any) -> set[str]:
    if isinstance(constraint, CheckConstraint):
        return _names_of(constraint.condition)
    return {*getattr(constraint, "fields", ()), *_names_of(getattr(constraint, "condition", None))}


def _names_of(condition: Any) -> set[str]:
    return set(getattr(condition, "referenced_base_fields", ()))


def _add_index(operation: operations.AddIndex, step: _Step) -> str:
    if not step.released.has(step.app, operation.model_name):
        return ""
    return (
        f"PostgreSQL lets nobody write to {operation.model_name} while it builds "
        f"{operation.index.name}. Say how long that takes, or build it concurrently. {_REASON}"
    )


_REASON = "Where that is no harm, say why in the migration: compatible_because = '…'."
_JUDGES: Mapping[type[Operation], Callable[[Any, _Step], str]] = {
    operations.AddField: _add_field,
    operations.AlterField: _alter_field,
    operations.RemoveField: _take_away_field,
    operations.RenameField: _take_away_field,
    operations.DeleteModel: _take_away_model,
    operations.RenameModel: _take_away_model,
    operations.AlterModelTable: _take_away_model,
    operations.AddConstraint: _add_constraint,
    operations.AddIndex: _add_index,
}
