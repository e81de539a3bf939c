"""Migrations leave a schema on which processes of the previous release run on."""

from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from tests.architecture.migration_rules import Released, all_faults, faults

NUMBER = models.IntegerField()


def known(**more: "models.Field[Any, Any]") -> ProjectState:
    """A table that the previous release knows, with a name, a note and a count."""
    state = ProjectState()
    columns: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=60)),
        ("note", models.CharField(max_length=60, null=True)),
        ("count", models.IntegerField(db_default=0)),
        *more.items(),
    ]
    state.add_model(ModelState("goods", "Mug", columns))
    return state


def faults_of(*done: Operation, because: str = "", before: ProjectState | None = None) -> str:
    """What the lint says of a migration that does this."""

    class Planned(migrations.Migration):
        operations = list(done)
        compatible_because = because

    return "\n".join(faults(Planned("0009_planned", "goods"), before or known(), Released(known())))


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (migrations.AddField("mug", "tries", NUMBER), "Give it a db_default, or null=True."),
        (migrations.AddField("mug", "tries", models.IntegerField(default=0)), "db_default"),
        (migrations.RemoveField("mug", "note"), "the previous release reads mug.note"),
        (migrations.RenameField("mug", "note", "text"), "the previous release reads mug.note"),
        (migrations.DeleteModel("Mug"), "the previous release reads the table of Mug"),
        (migrations.RenameModel("Mug", "Cup"), "the previous release reads the table of Mug"),
        (migrations.AlterModelTable("mug", "cups"), "the previous release reads the table of mug"),
        (
            migrations.AlterField("mug", "note", models.CharField(max_length=60)),
            "mug.note may not be null any more",
        ),
        (migrations.AlterField("mug", "count", NUMBER), "mug.count loses its db_default"),
        (
            migrations.AlterField("mug", "name", models.CharField(max_length=60, unique=True)),
            "mug.name becomes unique",
        ),
        (
            migrations.AlterField("mug", "name", models.CharField(max_length=20)),
            "mug.name becomes shorter",
        ),
        (
            migrations.AlterField("mug", "name", models.CharField(max_length=60, db_column="n")),
            "mug.name gets another column",
        ),
        (
            migrations.AlterField("mug", "count", models.CharField(max_length=9, db_default="")),
            "mug.count becomes a CharField",
        ),
        (
            migrations.AddConstraint(
                "mug", models.CheckConstraint(condition=models.Q(count__gt=0), name="counts")
            ),
            "may write rows of mug that counts refuses",
        ),
        (
            migrations.AddIndex("mug", models.Index(fields=["name"], name="by_name")),
            "lets nobody write to mug",
        ),
        (migrations.RunSQL("DROP TABLE goods_mug"), "nobody but its author can say"),
        (
            migrations.SeparateDatabaseAndState(
                database_operations=[migrations.AddField("mug", "tries", NUMBER)]
            ),
            "Give it a db_default",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Operation) else "",
)
def test_what_breaks_the_previous_release_is_refused_with_a_way_out(
    operation: Operation, said: str
) -> None:
    assert faults_of(operation).startswith("goods.0009_planned: ")
    assert said in faults_of(operation)
    assert faults_of(operation, because="harmless") == faults_of(operation)
    assert faults_of(operation, because="no release has run on this table yet") == ""


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("mug", "tries", models.IntegerField(db_default=0)),
        migrations.AddField("mug", "tries", models.IntegerField(null=True)),
        migrations.CreateModel("Cup", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AlterField("mug", "name", models.CharField(max_length=90)),
        migrations.AlterField("mug", "name", models.CharField(max_length=60, help_text="short")),
        migrations.AlterField("mug", "count", models.BigIntegerField(db_default=0)),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("mug", "note")]
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_previous_release_does_not_notice_is_allowed(operation: Operation) -> None:
    assert faults_of(operation) == ""


def test_what_no_release_knows_may_change_in_any_way() -> None:
    counts = models.CheckConstraint(condition=models.Q(tries__gte=0), name="tries")
    assert (
        faults_of(
            migrations.AddField("mug", "tries", models.IntegerField(null=True)),
            migrations.AddConstraint("mug", counts),
            migrations.AlterField("mug", "tries", NUMBER),
            migrations.RemoveField("mug", "tries"),
            migrations.CreateModel("Cup", [("id", models.BigAutoField(primary_key=True))]),
            migrations.AddField("cup", "size", NUMBER),
            migrations.DeleteModel("Cup"),
        )
        == ""
    )


def test_the_migrations_of_this_release_leave_the_previous_one_running() -> None:
    assert all_faults() == []
