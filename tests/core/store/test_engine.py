"""The engines are set alike: zone UTC, memory limited, what does not fit spilled to disk and removed at the end."""

from pathlib import Path

import pytest

from collage.errors import EngineError
from collage.store import connect


def setting(backend: object, name: str) -> str:
    return str(backend.raw_sql(f"SELECT current_setting('{name}')").fetchall()[0][0])  # type: ignore[attr-defined]  # Ibis publishes no types


def test_the_sessions_zone_is_utc_whatever_the_machines_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    engine = connect()
    assert setting(engine.backend, "TimeZone") == "UTC"
    found = engine.backend.raw_sql("SELECT CAST(TIMESTAMP '2024-05-01 10:00' AS TIMESTAMPTZ)::VARCHAR").fetchall()
    assert found == [("2024-05-01 10:00:00+00",)]
    engine.close()


def test_memory_is_limited_and_what_does_not_fit_goes_to_a_folder_that_is_removed(tmp_path: Path) -> None:
    engine = connect(memory="80MiB", spill=tmp_path)
    assert setting(engine.backend, "memory_limit") == "80.0 MiB"
    (folder,) = tmp_path.iterdir()
    assert setting(engine.backend, "temp_directory") == str(folder)
    query = "SELECT count(*) FROM (SELECT DISTINCT hash(i)::VARCHAR || repeat('x', 50) FROM range(1200000) t(i))"
    engine.backend.raw_sql("SET threads = 2").fetchall()
    assert engine.backend.raw_sql(query).fetchall() == [(1_200_000,)]
    engine.close()
    assert list(tmp_path.iterdir()) == []


def test_limits_come_from_the_environment_unless_they_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLLAGE_MEMORY", "256MiB")
    monkeypatch.setenv("COLLAGE_SPILL", str(tmp_path))
    engine = connect()
    assert setting(engine.backend, "memory_limit") == "256.0 MiB"
    assert Path(setting(engine.backend, "temp_directory")).parent == tmp_path
    engine.close()
    engine = connect(memory="1GiB")
    assert setting(engine.backend, "memory_limit") == "1.0 GiB"
    assert engine.memory == 2**30
    engine.close()


def test_a_limit_or_a_folder_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"limit DuckDB's memory\n  found: 'much'\n  to do: give a size such as"):
        connect(memory="much")
    with pytest.raises(EngineError, match="set COLLAGE_SPILL to a folder that can be written"):
        connect(spill=tmp_path / "nowhere")
    with pytest.raises(EngineError, match=r"open the engine postgres\n  found: no engine of this name"):
        connect("postgres")
    monkeypatch.setenv("COLLAGE_MEMORY", "-1")
    with pytest.raises(EngineError, match="limit DuckDB's memory"):
        connect()


def test_without_pyspark_the_engine_spark_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(
        EngineError, match=r"PySpark is not installed\n  to do: install the extra: pip install 'collage\[spark\]'"
    ):
        connect("spark")


@pytest.mark.spark
def test_sparks_zone_is_utc_too(spark: object) -> None:
    assert spark is not None
    engine = connect("spark")
    assert engine.backend._session.conf.get("spark.sql.session.timeZone") == "UTC"  # noqa: SLF001  # Ibis has no other door
