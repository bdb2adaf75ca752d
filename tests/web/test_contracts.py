"""The columns of the contracts stand in the database as they are: by name, by kind of value, by what may be missing."""

from __future__ import annotations

from typing import Any, Final

import ibis.expr.datatypes as dt
import pytest
from django.db import models

from collage.tables import CONTRACTS
from collage_web.bridge.snapshot import TABLES
from collage_web.records.models import Mark, Score

KEPT: Final[dict[str, type[models.Model]]] = {**TABLES, "marks": Mark, "scores": Score}
OURS: Final = {"id", "arrival_id", "upload_id", "customer"}  # of the database alone
ELSEWHERE: Final = {"scores": {"customer_id"}}  # the id of a customer is random here, and called `customer`
KINDS: Final[tuple[tuple[type[dt.DataType], tuple[type[models.Field[Any, Any]], ...]], ...]] = (
    (dt.Timestamp, (models.DateTimeField,)),
    (dt.Floating, (models.FloatField,)),
    (dt.Boolean, (models.BooleanField,)),
    (dt.Integer, (models.BigIntegerField,)),
    (dt.String, (models.TextField, models.CharField)),
)


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_table_has_the_columns_of_its_contract_and_no_others(name: str) -> None:
    columns = {field.column for field in KEPT[name]._meta.concrete_fields}  # noqa: SLF001  # Django's public way to it
    assert columns - OURS == set(CONTRACTS[name].schema().names) - ELSEWHERE.get(name, set())


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_column_holds_what_its_contract_says(name: str) -> None:
    fields = {field.column: field for field in KEPT[name]._meta.concrete_fields}  # noqa: SLF001  # as above
    for column, kind in CONTRACTS[name].schema().items():
        if column in ELSEWHERE.get(name, set()):
            continue
        wanted = next(fields_ for type_, fields_ in KINDS if isinstance(kind, type_))
        assert isinstance(fields[column], wanted), (column, kind)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_what_a_contract_requires_the_database_requires(name: str) -> None:
    fields = {field.column: field for field in TABLES[name]._meta.concrete_fields}  # noqa: SLF001  # as above
    for column in CONTRACTS[name].columns:
        assert fields[column.name].null is not column.required, column.name
