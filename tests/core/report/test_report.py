"""The report: its figures are those of the command, it says what is not known, and it needs nothing but itself."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from collage import store
from collage.cli.opening import last, marked
from collage.report import Figures, Source, figures, findings, page, sentence
from collage.report.telling import Telling
from tests.core.test_cli import collage

pytestmark = pytest.mark.xdist_group("report")  # the company is made once, not once a worker
HEAD = "touchpoint_id,identifier,occurred_at,kind,channel,department,issue_id,wait_s\n"


@dataclass(frozen=True)
class Made:
    """A company, the page on it, and the figures in the page."""

    company: Path
    html: str
    said: str

    @property
    def figures(self) -> dict[str, Any]:
        found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', self.html, re.DOTALL)
        assert found is not None
        figures: dict[str, Any] = json.loads(found[1])
        return figures

    def score(self, *words: object) -> list[dict[str, Any]]:
        said = collage("score", self.company, *words, "--format", "json")
        assert said.code == 0, said.talk
        rows: list[dict[str, Any]] = json.loads(said.data)
        return rows


def reported(company: Path, *words: object) -> Made:
    file = company.parent / f"{company.name}.html"
    said = collage("report", company, "--out", file, *words)
    assert said.code == 0, said.talk
    return Made(company, file.read_text(encoding="utf-8"), said.text)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    company = tmp_path_factory.mktemp("report") / "company"
    said = collage("simulate", company, "--customers", 600, "--seed", 3)
    assert said.code == 0, said.talk
    return reported(company)


@pytest.fixture(scope="module")
def known(made: Made) -> Figures:
    """Return the figures as the library gives them."""
    engine = store.connect()
    try:
        dataset = store.open_dataset(made.company, engine)
        found = marked(dataset, None)
        kept = engine.kept
        source = Source(
            "company", found.touchpoints, found.customers, kept(found.marks), found.catalogue, None, kept=kept
        )
        return figures(source, at=last(dataset), language="en")
    finally:
        engine.close()


def small(folder: Path, rows: str) -> Path:
    folder.mkdir()
    (folder / "touchpoints.csv").write_text(HEAD + rows, encoding="utf-8")
    return folder


def agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    for name, value in one.items():
        if isinstance(value, float):
            if not math.isclose(value, other[name], rel_tol=1e-9, abs_tol=1e-9):
                return False
        elif name != "at" and other[name] != value:
            return False
    return True


# ---- its figures are those of the command


@pytest.mark.parametrize(("shown", "by"), [("owners", "owner"), ("channels", "channel")])
def test_groups_are_those_of_the_command(made: Made, shown: str, by: str) -> None:
    name = {"owner": "department", "channel": "channel"}[by]
    expected = {row[name]: row for row in made.score("--by", by)}
    found = {row[name]: row for row in made.figures[shown]}
    assert found.keys() == expected.keys()
    assert all(agree(found[each], expected[each]) for each in expected)


def test_the_company_is_that_of_the_command_now_and_week_by_week(made: Made) -> None:
    expected = made.score("--by", "company", "--every", "week")
    weeks = made.figures["weeks"]
    assert len(weeks) > 45
    assert all(agree(one, other) for one, other in zip(weeks[::-1], expected[::-1], strict=False))
    assert agree(made.figures["company"], expected[-1])


def test_ratings_that_nothing_is_fitted_to_are_counted_with_what_to_do(made: Made) -> None:
    ratings = len(pq.read_table(made.company / "ratings.parquet"))
    assert f"There are {ratings:,} ratings, and nothing has been fitted to them yet:" in made.html


def test_who_falls_is_who_falls_by_the_command(made: Made) -> None:
    falling = [row for row in made.score() if row["trend"] <= -0.2]
    falling.sort(key=lambda row: (row["trend"], row["customer_id"]))
    shown = made.figures["falling"]
    assert made.figures["n_falling"] == len(falling) > 15
    assert [row["customer_id"] for row in shown] == [row["customer_id"] for row in falling[:15]]
    assert all(
        row["index"] == pytest.approx(other["index"], abs=1e-9) for row, other in zip(shown, falling, strict=False)
    )
    for row in shown:
        assert 1 <= len(row["reasons"]) <= 3
        assert all(reason["contribution"] < 0 and reason["says"] in made.html for reason in row["reasons"])


def test_losses_add_up_to_those_of_the_departments(made: Made) -> None:
    lost: dict[Any, float] = defaultdict(float)
    won: dict[Any, float] = defaultdict(float)
    for row in made.figures["losses"]:
        (lost if row["strike"] else won)[row["owner"]] += row["value"]
    for row in made.score("--by", "owner"):
        assert lost[row["department"]] == pytest.approx(row["loss"], abs=1e-9)
        assert won[row["department"]] == pytest.approx(row["gain"], abs=1e-9)


def test_the_change_compares_each_customer_with_themselves(made: Made) -> None:
    at = datetime.fromisoformat(made.figures["at"])
    before = at - timedelta(days=90)
    now, then = ({row["customer_id"]: row for row in made.score("--at", each.isoformat())} for each in (at, before))
    year = timedelta(days=365)
    both = [
        name
        for name, row in now.items()
        if datetime.fromisoformat(row["last_touchpoint_at"]) >= at - year and name in then
        and datetime.fromisoformat(then[name]["last_touchpoint_at"]) >= before - year
    ]  # fmt: skip
    gains = [now[name]["experience"] - then[name]["experience"] for name in both]
    mean = math.fsum(gains) / len(gains)
    sd = math.sqrt(math.fsum((each - mean) ** 2 for each in gains) / (len(gains) - 1))
    change = made.figures["change"]
    assert change["customers"] == len(both)
    assert change["change"] == pytest.approx(mean, abs=1e-9)
    assert change["reach"] == pytest.approx(1.96 * sd / math.sqrt(len(gains)), abs=1e-9)


def test_losses_by_hand_on_five_rows(tmp_path: Path) -> None:
    rows = [
        "s:1,user:1,2025-09-20T10:00:00Z,goods.damaged,post,Parcels,order 1,",  # in the 90 days before
        "s:2,user:1,2025-12-01T10:00:00Z,delivery.failed,post,Parcels,order 2,",
        "s:3,user:2,2025-12-30T10:00:00Z,delivery.failed,post,Parcels,order 3,",
        "s:4,user:2,2025-12-31T00:00:00Z,page.viewed,web,Shop,,",
        "s:5,user:3,2024-06-01T10:00:00Z,delivery.failed,post,Parcels,order 4,",  # no customer of the company by now
    ]
    made = reported(small(tmp_path / "hand", "\n".join(rows) + "\n"), "--at", "2025-12-31")
    found = {(row["mark"], row["owner"]): row for row in made.figures["losses"]}
    failed = found["delivery_failed", "Parcels"]
    assert (failed["marks"], failed["customers"], failed["value"]) == (2, 2, pytest.approx(-0.8))
    assert (failed["before"], failed["rise"]) == (0.0, pytest.approx(-0.8))
    # two customers, each with -.4: no spread, so no width
    assert failed["reach"] == pytest.approx(0.0, abs=1e-9)
    assert failed["weeks"][-1] == pytest.approx(-0.4)
    assert failed["weeks"][-5] == pytest.approx(-0.4)
    damaged = found["goods_damaged", "Parcels"]
    assert (damaged["value"], damaged["before"], damaged["rise"]) == (0.0, pytest.approx(-0.6), pytest.approx(0.6))
    assert damaged["reach"] == pytest.approx(1.96 * math.sqrt(0.36 - 0.36 / 2))


# ---- what it says


def test_the_slow_refund_rises_most_and_is_said_first(made: Made) -> None:
    rises = sorted((row for row in made.figures["losses"] if row["strike"]), key=lambda row: row["rise"])
    assert (rises[0]["mark"], rises[0]["owner"]) == ("refund_late", "Billing")
    assert rises[0]["rise"] < 3 * rises[1]["rise"] < 0
    heading = re.search(r'<h1 id="lead">(.*?)</h1>', made.html, re.DOTALL)
    assert heading is not None
    assert "a refund came late” (Billing)" in heading[1]
    assert made.said.splitlines()[1] == "1. Rising: a refund came late"
    # the first row of the first table
    assert re.findall(r'data-mark="(\w+)" data-owner="(\w*)"', made.html)[0] == ("refund_late", "Billing")


def test_the_sentence_says_up_down_or_that_it_could_be_chance(known: Figures) -> None:
    assert known.change is not None
    for later, words in ((0.2, "Up "), (-0.2, "Down ")):
        change = {**known.change, "earlier": 0.0, "later": later, "change": later}
        assert sentence(replace(known, change=change), language="en").startswith(words)
    still = {**known.change, "earlier": 0.1, "later": 0.1, "change": 0.0}
    assert sentence(replace(known, change=still, losses=[]), language="en").startswith("No change since ")
    few = {**known.change, "customers": 9}
    assert sentence(replace(known, change=few), language="en").startswith("Fewer than ten customers were there")
    young = replace(known, span=replace(known.span, days=200.0))  # less could be remembered then than now
    assert "do not reach back far enough" in sentence(young, language="en")
    assert findings(young, language="en")[0].kind == "rise"
    early = replace(known, span=replace(known.span, before=0))
    assert "do not reach back far enough" in sentence(early, language="en")
    assert all(each.kind != "rise" for each in findings(early, language="en"))
    assert "Hardly anything" in sentence(replace(known, span=replace(known.span, recent=0)), language="en")


def test_a_finding_rests_on_ten_customers(known: Figures) -> None:
    few = replace(
        known,
        losses=[{**row, "customers": 9, "customers_before": 9} for row in known.losses],
        owners=[{**row, "customers": 9} for row in known.owners],
        n_falling=0,
    )
    assert findings(few, language="en") == []
    assert "not enough data: fewer than 10 customers" in page(few, language="en")


def test_what_was_not_recorded_before_does_not_rise(known: Figures) -> None:
    new = [{**row, "comparable": row["mark"] != "refund_late"} for row in known.losses]
    told = findings(replace(known, losses=new), language="en")
    assert all("refund" not in each.title for each in told if each.kind == "rise")


def test_a_feed_connected_of_late_is_not_compared(tmp_path: Path) -> None:
    calls = "".join(
        f"c:{n},user:{n % 30},2025-{1 + n // 28:02d}-{1 + n % 28:02d}T10:00:00Z,contact.abandoned,phone,Care,,\n"
        for n in range(330)
    )
    parcels = "".join(
        f"p:{n},user:{n},2025-11-{1 + n % 28:02d}T12:00:00Z,delivery.failed,post,Parcels,order {n},\n"
        for n in range(30)
    )
    made = reported(small(tmp_path / "feeds", calls + parcels))
    found = {row["mark"]: row["comparable"] for row in made.figures["losses"]}
    assert found["abandoned"]
    assert not found["delivery_failed"]
    assert "a delivery did not arrive" not in made.said.splitlines()[0]
    assert "Rising: a delivery did not arrive" not in made.said


def test_a_strike_that_nobody_has_any_more_is_shown_as_nothing(known: Figures) -> None:
    gone = {**known.losses[0], "mark": "outage", "owner": "Service", "strike": True, "value": 0.0, "before": -75.0}
    gone |= {"rise": 75.0, "customers": 0, "customers_before": 500, "marks": 0, "reach": 5.0}
    html = page(replace(known, losses=[gone]), language="en")
    row = re.search(r'<tr data-mark="outage".*?</tr>', html, re.DOTALL)
    assert row is not None
    assert "not enough data" not in row[0]
    assert "−75" in row[0]


def test_the_same_dataset_gives_the_same_page(made: Made, tmp_path: Path) -> None:
    collage("report", made.company, "--out", tmp_path / "again.html")
    again = (tmp_path / "again.html").read_text(encoding="utf-8")
    # what is to be read: sums of doubles differ in their last digits
    unread = re.compile(r"<script.*?</script>|<[^>]*>", re.DOTALL)
    assert unread.sub("", again) == unread.sub("", made.html)


# ---- languages


def test_german_pages_say_nothing_in_english(made: Made, known: Figures) -> None:
    german = page(known, language="de")
    assert '<html lang="de">' in german
    for words in ("Was wehtut", "eine Erstattung kam zu spät", "Kunden, die fallen", "Was nicht bekannt ist"):
        assert words in german
    for words in ("What hurts", "customers who", "not enough data", "Departments"):
        assert words not in german
    assert collage("report", made.company, "--out", made.company.parent / "x.html", "--language", "fr").code == 2


def test_numbers_and_days_are_told_as_each_language_does() -> None:
    english, german, day = Telling("en"), Telling("de"), datetime(2025, 10, 3, tzinfo=UTC)
    assert (english.number(1234.5, 1), german.number(1234.5, 1)) == ("1,234.5", "1.234,5")
    assert (english.signed(-0.04, 1), english.signed(-1.25, 1), german.signed(2.0, 1)) == ("0.0", "−1.2", "+2,0")
    assert (english.day(day), german.day(day)) == ("3 October 2025", "3. Oktober 2025")
    assert (english.share(0.455), german.share(0.455)) == ("46%", "46\u00a0%")
    assert english.between(None, 1.0) == "not enough data"


# ---- what is not known


def test_nothing_that_leaves_a_mark_is_said_with_what_to_do(tmp_path: Path) -> None:
    made = reported(small(tmp_path / "quiet", "s:1,user:1,2025-01-01T10:00:00Z,page.viewed,web,Shop,,\n"))
    assert "No touchpoint left a mark in the last 180 days." in made.html
    assert "collage catalogue show" in made.html
    assert "not enough data: fewer than 10 customers" in made.html
    for heading in ("How it has gone", "What hurts", "What went well", "Departments", "Channels", "What is not known"):
        assert f">{heading}</h2>" in made.html


def test_few_customers_get_not_enough_data_instead_of_a_number(tmp_path: Path) -> None:
    rows = "".join(
        f"s:{n},user:{n},2025-01-{n + 1:02d}T10:00:00Z,delivery.failed,post,Parcels,order {n},\n" for n in range(9)
    )
    made = reported(small(tmp_path / "nine", rows))
    assert 'class="big"' not in made.html
    assert "not enough data: fewer than 10 customers" in made.html
    assert findings_of(made) == []
    ten = rows + "s:9,user:9,2025-01-09T10:00:00Z,delivery.failed,post,Parcels,order 9,\n"
    assert 'class="big"' in reported(small(tmp_path / "ten", ten)).html


def findings_of(made: Made) -> list[str]:
    return re.findall(r'data-finding="(\w+)"', made.html)


def test_records_that_end_long_before_their_last_one_are_noticed(made: Made) -> None:
    late = reported(made.company, "--at", "2026-09-01")
    assert "Hardly anything is recorded in the 90 days before 1 September 2026" in late.html
    assert "ask for an earlier moment: collage report DATASET --at 2025-12-" in late.html


def test_rows_that_could_not_be_used_and_kinds_nobody_asks_for_are_counted(made: Made, tmp_path: Path) -> None:
    assert made.figures["unasked"]["page.viewed"] > 100
    folder = small(tmp_path / "odd", "s:1,user:1,2025-01-01T10:00:00Z,tea.drunk,web,,,\n")
    (folder / "quarantine.csv").write_text("file,row,column,reason,found,raw\na.csv,7,wait_s,is below 0,-5,x\n")
    odd = reported(folder)
    assert odd.figures["quarantine"] == [{"file": "a.csv", "reason": "is below 0", "rows": 1}]
    assert "a.csv: is below 0" in odd.html
    assert "tea.drunk" in odd.html


# ---- what it may not do


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_it_asks_for_nothing_from_anywhere_and_is_small(made: Made) -> None:
    tags = Tags(made.html).seen
    assert not [
        attrs for _, attrs in tags if any(name in attrs for name in ("src", "srcset", "data", "poster", "action"))
    ]
    assert all((attrs["href"] or "").startswith("#") for _, attrs in tags if "href" in attrs)
    assert not [tag for tag, _ in tags if tag in {"link", "img", "iframe", "object", "embed", "form", "base"}]
    assert not [attrs for _, attrs in tags if "style" in attrs or any(name.startswith("on") for name in attrs)]
    assert len(made.html.encode()) <= 3_000_000
    policy = next(attrs["content"] for tag, attrs in tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    rows = "".join(
        f's:{n},user:<b>{n}</b>,2025-01-0{1 + n % 9}T10:00:00Z,delivery.failed,"{evil}",'
        f'"<img src=x onerror=alert(1)>{evil}",order {n},\n'
        for n in range(40)
    )
    made = reported(small(tmp_path / "evil", rows))
    tags = [tag for tag, _ in Tags(made.html).seen]
    assert tags.count("script") == 2
    assert "img" not in tags
    assert "b" not in tags
    assert made.figures["owners"][0]["department"].endswith(evil)


def test_a_place_that_cannot_be_written_is_refused_with_what_to_do_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collage.cli.reporting.marked", None)
    folder = small(tmp_path / "quiet", "s:1,user:1,2025-01-01T10:00:00Z,page.viewed,web,Shop,,\n")
    for place in (folder / "touchpoints.csv" / "report.html", folder, Path(), Path("/")):
        said = collage("report", folder, "--out", place)
        assert said.code == 1
        assert f"could not write {place}" in said.talk
        assert "to do: choose another place with --out" in said.talk
    assert [each.name for each in folder.iterdir()] == ["touchpoints.csv"]
    assert collage("report", tmp_path / "none", "--out", tmp_path / "none" / "report.html").code == 1
    assert [each.name for each in tmp_path.iterdir()] == ["quiet"]
