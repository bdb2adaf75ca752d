"""What the company's figures do not tell: of whoever objects or is one with another, and of fewer than ten."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from collage_web.actions.claiming import merge
from collage_web.bridge import figures
from collage_web.bridge.whole import say, whole
from collage_web.records.models import Catalogue, Colleague, Consent, Figures
from tests.web.actions.test_desk_verbs import QUOTING
from tests.web.actions.test_figuring import customer_of, made
from tests.web.board.test_company import As, changed, figured, place, text  # noqa: F401  # two of them fixtures
from tests.web.board.test_pages import as_
from tests.web.conftest import NOW, House, touchpoint

__all__ = ["as_"]  # a fixture


def rows_of(page: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(page)))


FALLING, STRIKE = "/board/export/falling.csv", "/board/strikes/refund_late.csv"


# ---- whoever objects


@pytest.mark.parametrize("at", [FALLING, STRIKE])
def test_an_analyst_gets_no_row_of_who_objects_and_no_time_of_day(figured: House, as_: As, at: str) -> None:  # noqa: ARG001, F811  # a fixture, for its database
    before = rows_of(text(as_("analyst"), at))
    when = "last_touchpoint_at" if at == FALLING else "last_at"
    assert before
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row[when]) for row in before)
    assert all("T" in row[when] for row in rows_of(text(as_("manager"), at)))
    Consent.objects.create(identifier="user:12", purpose="scoring", given=False, at=NOW)
    assert len(rows_of(text(as_("analyst"), at))) == len(before) - 1


def test_an_analysts_page_of_a_strike_has_no_row_of_who_objects_and_no_time_of_day(figured: House, as_: As) -> None:  # noqa: ARG001, F811  # as above
    times = re.compile(r'data-is="last"><time datetime="([^"]+)"')
    before = times.findall(text(as_("analyst"), "/board/strikes/refund_late"))
    assert len(before) == 13
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", each) for each in before)
    Consent.objects.create(identifier="user:12", purpose="scoring", given=False, at=NOW)
    assert len(times.findall(text(as_("analyst"), "/board/strikes/refund_late"))) == 12


@pytest.mark.parametrize("role", ["manager", "analyst"])
def test_who_is_one_with_somebody_who_objects_is_listed_nowhere(figured: House, as_: As, role: str) -> None:  # noqa: F811  # a fixture
    out, before = customer_of("user:12"), len(rows_of(text(as_(role), STRIKE)))
    merge("user:12", "user:0", by=None, now=NOW, reason="said so")
    figured.digest()
    Consent.objects.create(identifier="user:0", purpose="scoring", given=False, at=NOW)
    for at in ("/board/", "/board/strikes/refund_late", FALLING, STRIKE):
        assert out not in text(as_(role), at)
    assert len(rows_of(text(as_(role), STRIKE))) == before - 2


# ---- of too few


def test_what_rests_on_fewer_than_ten_customers_is_not_handed_out(figured: House, as_: As) -> None:  # noqa: ARG001, F811  # for its database
    known = figures.known()[0]
    assert known is not None
    for name, of in (("owners", "departments"), ("channels", "channels"), ("weeks", "weeks"), ("losses", "losses")):
        enough, few = dict(known.body[name][-1]), {**known.body[name][-1], "customers": 9}
        enough["customers"] = 10
        changed(**{name: [few, enough]})
        first, second = rows_of(text(as_("manager"), f"/board/export/{of}.csv"))
        told = "value" if name == "losses" else "experience"
        assert (first["customers"], first[told]) == ("9", ""), name
        assert second[told] != "", name
        assert not any(first.get(each) for each in ("index", "loss", "gain", "low", "high", "rise", "before")), name


def test_what_too_few_customers_lost_is_shown_nowhere(figured: House, as_: As) -> None:  # noqa: ARG001, F811  # for its database
    known = figures.known()[0]
    assert known is not None
    late = next(row for row in known.body["losses"] if row["mark"] == "refund_late")
    changed(losses=[{**late, "customers": 9, "value": -123.4, "before": -77.7}])
    for at in ("/board/", "/board/strikes/refund_late"):
        page = text(as_("manager"), at)
        table = page[page.index("<table") :] if at == "/board/" else page
        assert "too few customers" in table
        assert "77.7" not in page
        assert "123.4" not in page, at


# ---- what was said in confidence


@pytest.fixture
def quoted(house: House) -> House:
    """A house whose catalogue quotes what was said: one of two customers said it in confidence."""
    text = f'extends = "default"\nversion = "q"\n{QUOTING.replace("-0.1", "-0.9")}'
    Catalogue.objects.create(version="q", digest="q" * 64, text=text, since=NOW)
    house.send(
        touchpoint(1, "user:1", "complaint.filed", text="word1", properties='{"sensitive": true}'),
        touchpoint(2, "user:2", "complaint.filed", text="word2"),
    )
    house.digest()
    return house


def test_no_figure_quotes_a_sensitive_text(quoted: House) -> None:
    body = str(made(quoted).body)
    assert "word2" in body
    assert "word1" not in body


def test_no_machine_that_asks_is_told_a_sensitive_text(quoted: House) -> None:
    said = []
    for who in ("user:1", "user:2"):
        of = whole(customer_of(who), at=quoted.now)
        assert of is not None
        said.append(str(say(of, of.reasons, language="en")))
    assert "said (not known)" in said[0]
    assert "word2" in said[1]
    assert "word1" not in said[0]


# ---- how old they are


def test_how_old_figures_are_is_read_without_them(figured: House, as_: As) -> None:  # noqa: ARG001, F811  # for its database
    client, asked = as_("manager"), list[str]()

    def note(execute: Callable[..., Any], sql: str, *given: Any) -> Any:
        asked.append(sql)
        return execute(sql, *given)

    row = Figures.objects.latest("made_at")
    with connection.execute_wrapper(note):
        answer = client.get("/board/age", {"made": row.made_at.isoformat()})
    assert "HX-Refresh" not in answer.headers
    assert figures.standing()[0] is not None
    whole = [sql for sql in asked if re.search(r', "records_figures"."body"(,| FROM)', sql)]
    assert any("figures" in sql for sql in asked)
    assert whole == []
    Figures.objects.filter(pk=row.pk).update(body={**row.body, "form": 0})
    assert figures.standing()[0] is None


# ---- raw arrivals


@pytest.mark.parametrize(
    ("department", "seen"), [("", 0), ("Sales", 0), ("Care", 1)], ids=["none", "another", "its own"]
)
@pytest.mark.parametrize("properties", ['{"sensitive": true}', {"sensitive": True}], ids=["written", "as they are"])
def test_a_sensitive_text_is_not_shown_as_it_came_but_to_its_department(
    house: House, as_: As, department: str, seen: int, properties: Any
) -> None:
    house.send(
        touchpoint(1, "user:1", wait_s=-5, text="my secret", department="Care", properties=properties),
        touchpoint(2, "user:1", wait_s=-5, text="no secret", department="Care"),
    )
    house.digest()
    client = as_("manager")
    Colleague.objects.update(department=department)
    pages = [
        client.get(f"/arrivals/{each.pk}").content.decode() for each in house.source.arrivals.order_by("message_id")
    ]
    assert pages[0].count("my secret") == seen
    assert pages[0].count("texts are left out") == 1 - seen
    assert "wait_s" in pages[0]
    assert "no secret" in pages[1]
    assert "texts are left out" not in pages[1]
