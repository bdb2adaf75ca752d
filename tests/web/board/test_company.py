"""The company's page: what it says to whom, what is behind each figure, what it hands out; and the settings."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from collage_web.board import charts
from collage_web.board.csvs import cell
from collage_web.board.figure import DEFINITIONS
from collage_web.bridge import figures
from collage_web.design.clocks import Clocks
from collage_web.records.models import AuditEntry, Colleague, Company, Consent, Figures, Identifier, Role, Trait
from tests.web.actions.test_figuring import customer_of, made, peopled
from tests.web.board.test_pages import as_
from tests.web.conftest import NOW, House

__all__ = ["as_"]  # a fixture

As = Callable[[str | None], Client]


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> None:
    settings.VAR = tmp_path


_ONCE: dict[str, Any] = {}


@pytest.fixture
def figured(house: House) -> House:
    """A house whose figures are worked out: thirteen customers, of whom all had late refunds.

    They are worked out once: the same touchpoints make the same figures, and chance gives the same ids.
    """
    peopled(house, 13)
    if not _ONCE:
        row = made(house)
        _ONCE.update({name: getattr(row, name) for name in ("name", "at", "made_at", "catalogue", "body")})
    else:
        Figures.objects.create(**_ONCE)
    assert customer_of("user:12") in str(_ONCE["body"])
    return house


def text(client: Client, at: str) -> str:
    answer = client.get(at)
    assert answer.status_code == 200, (at, answer.status_code)
    return str(answer.content.decode())


def changed(**body: Any) -> None:
    row = Figures.objects.latest("made_at")
    Figures.objects.filter(pk=row.pk).update(body={**row.body, **body})


# ---- what it says


def test_an_empty_house_says_what_to_connect(house: House, as_: As) -> None:  # noqa: ARG001  # for its database
    page = text(as_("admin"), "/board/")
    assert page.count("<li>") >= 3
    assert "/sources/new" in page
    assert "/uploads/new" in page
    assert "/sources/new" not in text(as_("lead"), "/board/")


def test_until_figures_are_there_the_page_says_that_they_are_on_their_way(house: House, as_: As) -> None:
    peopled(house, 2)
    client = as_("manager")
    page = text(client, "/board/")
    assert "being worked out" in page
    assert 'hx-get="/board/age?made="' in page
    assert "HX-Refresh" not in client.get("/board/age?made=").headers
    made(house)
    assert client.get("/board/age?made=").headers["HX-Refresh"] == "true"


def test_the_page_shows_the_index_with_its_interval_and_n(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    page = text(as_("manager"), "/board/")
    company = figures.known()[0].body["company"]  # type: ignore[union-attr]  # they are there
    for value in (company["index"], company["index_low"], company["index_high"]):
        assert f"{value:.1f}" in page
    assert "n = 13" in page
    assert "Billing" in page


def test_below_ten_customers_there_is_not_enough_data_and_it_says_why(house: House, as_: As) -> None:
    peopled(house, 4)
    made(house)
    page = text(as_("manager"), "/board/")
    assert "not enough data" in page
    assert "fewer than ten customers" in page
    assert "None has ten customers yet" in page


def test_a_late_refund_is_three_clicks_from_the_board_to_the_customer(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    client = as_("manager")
    (strike,) = set(re.findall(r'href="(/board/strikes/refund_late)"', text(client, "/board/")))
    customers = re.findall(r'href="/desk/c/(\w+)"', text(client, strike))
    assert customers[0] == customer_of("user:12")  # the latest of all refunds were theirs
    assert len(customers) == 13


def test_customers_are_called_by_their_names(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    Trait.objects.create(identifier="user:12", name="name", value="Ada <b>Lovelace</b>", said_at=NOW)
    page = text(as_("lead"), "/board/strikes/refund_late")
    assert "Ada &lt;b&gt;Lovelace" in page
    assert "Ada &lt;b&gt;Lovelace" in text(as_("lead"), "/board/")


def test_an_analyst_sees_figures_and_no_customers(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    client = as_("analyst")
    for at in ("/board/", "/board/strikes/refund_late", "/board/export/falling.csv", "/board/strikes/refund_late.csv"):
        page = text(client, at)
        assert "/desk/c/" not in page
        for home in Identifier.objects.values_list("customer", flat=True):
            assert home not in page
    assert "customer_id" not in text(client, "/board/export/falling.csv")


def test_who_objects_after_figures_were_made_is_listed_nowhere(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    client, out = as_("manager"), customer_of("user:12")
    places = ("/board/", "/board/strikes/refund_late", "/board/export/falling.csv", "/board/strikes/refund_late.csv")
    assert all(out in text(client, at) for at in places)
    Consent.objects.create(identifier="user:12", purpose="scoring", given=False, at=NOW)
    assert not any(out in text(client, at) for at in places)


def test_every_figure_has_a_definition_and_its_rows(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    client = as_("lead")
    board = text(client, "/board/")
    for name, each in DEFINITIONS.items():
        assert f'href="/board/figure/{name}"' in board
        page = text(client, f"/board/figure/{name}")
        assert str(each.worked_out)[:40] in page
        assert f'id="{each.anchor}"' in board
        assert text(client, f"/board/export/{name}.csv").count("\r\n") > 1
    assert client.get("/board/figure/nonsense").status_code == 404
    assert client.get("/board/strikes/nonsense").status_code == 404
    assert client.get("/board/export/nonsense.csv").status_code == 404


def test_the_page_asks_the_database_at_most_fifteen_times(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    client, asked = as_("manager"), 0

    def count(execute: Any, *given: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*given)

    for at in ("/board/", "/board/strikes/refund_late"):
        asked = 0
        with connection.execute_wrapper(count):
            text(client, at)
        assert 0 < asked <= 15, at


def test_the_worker_is_asked_for_figures_by_a_button(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    client = as_("manager")
    assert 'action="/board/ask"' in text(client, "/board/")
    assert 'action="/board/ask"' not in text(as_("lead"), "/board/")
    assert client.post("/board/ask").status_code == 302
    assert figures.due(now=NOW + timedelta(minutes=1))
    page = text(client, "/board/")
    assert "New ones are being worked out" in page
    assert 'action="/board/ask"' not in page
    assert AuditEntry.objects.latest("id").verb == "figures.ask"


def test_what_is_heard_is_shown_to_a_lead_without_ways_that_are_closed(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    assert 'href="/sources/till"' in text(as_("manager"), "/board/")
    page = text(as_("lead"), "/board/")
    assert "till" in page
    assert "/sources/" not in page


# ---- agents

AGENTS = [
    {"owner": "Care", "agent": "agent-x", "marks": 30, "customers": 25, "value": 4.5},
    {"owner": "Billing", "agent": "agent-y", "marks": 20, "customers": 15, "value": 2.5},
    {"owner": "Care", "agent": "agent-z", "marks": 3, "customers": 3, "value": 0.77},
]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("manager", {"agent-x", "agent-y", "agent-z"}),
        ("lead", {"agent-x", "agent-z"}),
        ("analyst", set()),
        ("admin", set()),
    ],
)
def test_agents_figures_are_for_whom_they_are_meant(figured: House, as_: As, role: str, seen: set[str]) -> None:  # noqa: ARG001  # for its database
    changed(agents={"resolved": AGENTS, "resolved_first_contact": AGENTS})
    mark = next(
        name
        for name in figures.known()[0].body["marks"]  # type: ignore[union-attr]  # they are there
        if name.startswith("resolved")
    )
    changed(agents={mark: AGENTS})
    client = as_(role)
    Colleague.objects.filter(role="lead").update(department="Care")
    page = text(client, f"/board/strikes/{mark}")
    assert set(re.findall(r"agent-\w", page)) == seen
    assert ("agent 1" in page) is (role == "analyst")
    assert "+0.8<" not in page  # of three customers
    assert ("too few customers" in page) is (role != "admin")


def test_an_agent_sees_their_own_figures_and_nobody_elses(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    changed(agents={"refund_late": AGENTS})
    client = as_("agent")
    assert "agent-" not in text(client, "/board/own")
    Colleague.objects.filter(role="agent").update(agent="agent-y")
    page = text(client, "/board/own")
    assert "2.5" in page
    assert "4.5" not in page
    assert client.get("/board/strikes/refund_late").status_code == 403


# ---- files


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_run_is_a_text(begin: str) -> None:
    assert cell(f"{begin}1+1") == f"'{begin}1+1"


def test_numbers_stay_numbers_and_nothing_is_empty() -> None:
    assert [cell(-1.5), cell(0), cell(None), cell("a=b"), cell(True)] == [-1.5, 0, "", "a=b", "true"]  # noqa: FBT003  # a cell


def test_a_file_has_the_columns_of_the_contract(figured: House, as_: As) -> None:  # noqa: ARG001  # for its database
    known = figures.known()[0]
    assert known is not None
    changed(owners=[{**known.body["owners"][0], "department": '=HYPERLINK("http://x")'}])
    answer = as_("manager").get("/board/export/departments.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Cache-Control"] == "no-store, private"
    head, row = csv.reader(io.StringIO(answer.content.decode()))
    assert head == ["department", "at", "customers", "marks", "experience", "low", "high", "loss", "gain"]
    assert row[0] == '\'=HYPERLINK("http://x")'
    assert float(row[4]) == known.body["owners"][0]["experience"]


# ---- pictures


def week(at: datetime, value: float) -> dict[str, Any]:
    return {"at": at, "index": value, "index_low": value - 1, "index_high": value + 1}


def test_the_course_lies_within_its_axis_and_ends_on_the_right() -> None:
    begin = datetime(2026, 1, 4, tzinfo=UTC)
    weeks = [week(begin + timedelta(weeks=n), 50 + n) for n in range(10)]
    before = [week(begin - timedelta(weeks=10 - n), 40) for n in range(10)]
    found = charts.course(weeks, before, shift=timedelta(weeks=10))
    assert found is not None
    points = [tuple(map(float, each.split(","))) for each in f"{found.line} {found.band} {found.ghost}".split()]
    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in points)
    assert found.line.split()[-1].startswith("100.00,")
    assert (found.levels[0].value, found.levels[-1].value) == (40, 60)
    assert [tick.value.month for tick in found.months] == [2, 3]
    assert charts.course(weeks[:1], [], shift=timedelta(weeks=10)) is None


def test_bars_share_one_scale_on_which_nothing_is_in_the_same_place() -> None:
    rows = [{"experience": -0.2, "low": -0.3, "high": -0.1}, {"experience": 0.1, "low": 0.0, "high": 0.2}]
    one, other = charts.bars(rows)
    assert one.zero == other.zero == 60.0
    assert (one.kind, one.x, one.width, one.low, one.reach) == ("strike", 20.0, 40.0, 0.0, 40.0)
    assert (other.kind, other.x, other.width) == ("credit", 60.0, 20.0)


def test_columns_of_the_distribution_are_as_high_as_customers_are_many() -> None:
    rows = [{"tenth": 0, "strength": "faint", "customers": 1}, {"tenth": 0, "strength": "strong", "customers": 3}]
    strong, faint = charts.spread(rows)
    assert (strong.kind, strong.y, strong.height) == ("strong", 25.0, 75.0)
    assert (faint.kind, faint.y, faint.height) == ("faint", 0.0, 25.0)
    assert charts.spread([]) == []


# ---- settings

FORM = {"name": "Muster", "zone": "Europe/Berlin", "region": "DE", "opens_0": "09:00-12:00, 13:00–17:30"}


def test_the_company_is_set_up_by_an_administrator(house: House, as_: As) -> None:  # noqa: ARG001  # for its database
    client = as_("admin")
    assert client.post("/settings/company", FORM).status_code == 302
    company = Company.objects.get()
    assert (company.name, company.zone, company.region) == ("Muster", "Europe/Berlin", "DE")
    assert company.opens == {"0": [["09:00", "12:00"], ["13:00", "17:30"]]}
    assert "09:00-12:00, 13:00-17:30" in text(client, "/settings/company")
    told = AuditEntry.objects.latest("id")
    assert (told.verb, told.details) == ("company.change", {"changed": ["name", "opens", "region", "zone"]})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"opens_3": "9-17"}, "The hours 9-17: write them such as 09:00-17:00."),
        ({"opens_3": "17:00-09:00"}, "each begins before it ends"),
        ({"opens_3": "09:00-13:00, 12:00-17:00"}, "after the one before has ended"),
        ({"opens_3": "09:00"}, "The hours 09:00"),
        ({"zone": "Europe/Nowhere"}, "not one of the available choices"),
        ({"region": "XX"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_to_do(
    house: House,  # noqa: ARG001  # for its database
    as_: As,
    wrong: dict[str, str],
    says: str,
) -> None:
    assert says in as_("admin").post("/settings/company", FORM | wrong).content.decode()
    assert not Company.objects.exists()


def test_times_are_shown_where_the_company_is_or_where_a_colleague_is(
    figured: House,  # noqa: ARG001  # for its database
    as_: As,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collage_web.design.clocks._KEPT_S", -1.0)
    client = as_("manager")
    assert "12:00 (UTC)" in text(client, "/board/")
    Company.objects.create(pk=1, zone="Asia/Tokyo")
    assert "21:00 (Asia/Tokyo)" in text(client, "/board/")
    assert client.post("/settings/own", {"language": "de", "zone": "America/New_York"}).status_code == 302
    page = text(client, "/board/")
    assert "07:00 (America/New_York)" in page
    assert '<html lang="de">' in page
    assert "21:00 (Asia/Tokyo)" in text(as_("lead"), "/board/")
    assert '<html lang="en">' in text(as_("lead"), "/board/")
    assert AuditEntry.objects.filter(verb="colleague.choose", subject__startswith="colleague ").count() == 1


def test_where_the_company_is_is_not_asked_for_each_page(house: House, as_: As) -> None:  # noqa: ARG001  # for its database
    asked = 0

    def count(execute: Any, query: str, *given: Any) -> Any:
        nonlocal asked
        asked += "records_company" in query
        return execute(query, *given)

    client = as_("manager")
    with connection.execute_wrapper(count):
        for _ in range(5):
            text(client, "/settings/own")
    assert asked <= 1


def test_a_machine_costs_no_look_at_any_clock() -> None:
    class Request:
        COOKIES: dict[str, str] = {}  # noqa: RUF012  # read only

        @property
        def user(self) -> None:
            raise AssertionError

    assert Clocks(lambda _: "answer")(Request()) == "answer"  # type: ignore[arg-type,return-value,comparison-overlap]  # what is needed of a request
    assert Role.AGENT in Role
