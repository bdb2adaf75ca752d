"""What is in the audit log stays as it is: the database itself refuses to change or remove a row."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

_SAID = "the audit log is only ever added to"
_SQLITE = [
    f"CREATE TRIGGER audit_{what.lower()} BEFORE {what} ON records_auditentry BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    for what in ("UPDATE", "DELETE")
]
_POSTGRESQL = [
    f"CREATE FUNCTION audit_only_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$",
    "CREATE TRIGGER audit_only_added BEFORE UPDATE OR DELETE ON records_auditentry FOR EACH STATEMENT EXECUTE FUNCTION audit_only_added()",
]
_BACK = {
    "sqlite": ["DROP TRIGGER audit_update", "DROP TRIGGER audit_delete"],
    "postgresql": ["DROP TRIGGER audit_only_added ON records_auditentry", "DROP FUNCTION audit_only_added"],
}


def _run(statements: dict[str, list[str]], schema_editor: Any) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def _forth(_: Any, schema_editor: Any) -> None:
    _run({"sqlite": _SQLITE, "postgresql": _POSTGRESQL}, schema_editor)


def _back(_: Any, schema_editor: Any) -> None:
    _run(_BACK, schema_editor)


class Migration(migrations.Migration):
    """Triggers on the audit log."""

    dependencies: ClassVar[list[Any]] = [("records", "0001_initial")]
    operations: ClassVar[list[Any]] = [migrations.RunPython(_forth, _back)]
