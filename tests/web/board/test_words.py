"""The web in German: nothing is left in English, and its pages say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from django.test import Client
from django.utils.translation import override, trans_real

import collage_web
from collage import experience
from collage_web.actions import claiming, consenting, contesting, healing, hooking, keying, welcoming
from collage_web.board.figure import DEFINITIONS
from collage_web.board.heard import heard
from collage_web.records.models import (
    Claim,
    Colleague,
    Figures,
    Hook,
    Identifier,
    Mark,
    Promise,
    Role,
    Touchpoint,
    Trait,
)
from tests.web.actions.test_figuring import made, peopled
from tests.web.conftest import NOW, House, touchpoint

HERE = Path(collage_web.__file__).parent
GERMAN = HERE / "design" / "locale" / "de" / "LC_MESSAGES" / "django.mo"
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    "ngettext": (1, 2),
    "npgettext": ((1, "c"), 2, 3),
}
HOLE = re.compile(r"%\((\w+)\)[sd]|%%")
PASSWORD = "correct horse battery staple"  # noqa: S105  # of nobody
# what nobody translates: names, addresses, units
PROMISED = {"callback": -1.0, "refund": 0.2, "delivery": 5.0}  # by when, in days
DATA = re.compile(r"\{[^{}]*\}|\b[a-z]+:[^\s⟦⟧|]+|\bmsg_\w+")
NAMES = """
    Collage UTC CSV EUR min Tag Tage Std
    Ada Bo Lo Al ada bea bo lo user example org till tel desk touchpoint Care Shop Logistics Billing
"""
HEARD = ("aria-label", "placeholder", "title", "alt", "data-is")
ROOMS = {"board": 350, "desk": 380, "design": 90, "records": 35, "actions": 100}


def words(room: str) -> set[tuple[str, str | None]]:
    """Return the words of a room, each with its context."""
    found = extract_from_dir(
        HERE / room,
        [("**.py", "python"), ("**/templates/**.html", "collage_web.design.words:extract")],
        keywords=KEYWORDS,
    )
    return {(each[2][0] if isinstance(each[2], tuple) else each[2], each[4]) for each in found}


@pytest.mark.parametrize(("room", "least"), ROOMS.items())
def test_every_word_of_a_room_is_in_german(room: str, least: int) -> None:
    with GERMAN.open("rb") as file:
        compiled = GNUTranslations(file)
    known = {key if isinstance(key, str) else key[0] for key in compiled._catalog}  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way to ask what it knows
    every = words(room)
    assert len(every) > least
    assert {word for word, of in every if (word if of is None else f"{of}\x04{word}") not in known} == set()


def test_what_is_filled_into_a_sentence_has_its_place_in_german_too() -> None:
    with GERMAN.with_suffix(".po").open("rb") as file:
        every = [each for each in read_po(file, locale="de") if each.id]
    for each in every:
        english, german = ([str(one)] if isinstance(one, str) else list(one or ()) for one in (each.id, each.string))
        assert all(german), english
        assert not each.fuzzy, english
        assert len(english) == len(german)
        for one, other in zip(english, german, strict=True):
            assert sorted(HOLE.findall(one)) == sorted(HOLE.findall(other)), (one, other)
    assert len(every) > 900


# ---- pages


@pytest.fixture
def lived_in(house: House, settings: Any, tmp_path: Path) -> House:
    """A house in which about everything has happened that pages have words for."""
    settings.VAR, settings.COLLAGE_SECOND_FACTOR_ROLES = tmp_path, frozenset()
    peopled(house, 13)
    made(house)
    house.now = datetime.now(UTC)
    told: list[dict[str, Any]] = [
        {"kind": "order.placed", "amount": 488_600, "currency": "EUR", "channel": "web", "days": 9},
        {"kind": "delivery.arrived", "late_s": 259_200, "department": "Logistics", "issue_id": "o1", "days": 5},
        {"kind": "contact.answered", "wait_s": 840, "department": "Care", "channel": "phone", "agent": "bo", "days": 2},
        {"kind": "delivery.failed", "department": "Logistics", "channel": "email", "days": 40},
        {"kind": "refund.made", "late_s": 700_000, "department": "Billing", "days": 35},
        {"kind": "contact.abandoned", "department": "Care", "wait_s": 300, "days": 400},
    ]  # fmt: skip
    rows = []
    for number, each in enumerate(told):
        at = house.now - timedelta(days=each.pop("days"))
        rows.append({**touchpoint(number, "user:ada", **each), "occurred_at": at.isoformat()})
    house.send(*rows, touchpoint(90, "user:bea"))
    house.client.post(
        "/api/v1/touchpoints", "[{}]", content_type="application/json", headers={"Authorization": f"Bearer {house.key}"}
    )
    house.digest()
    return house


def of(identifier: str) -> str:
    return Identifier.objects.get(value=identifier).customer


@pytest.fixture
def agent() -> Colleague:
    return welcoming.admit(
        "bo@example.org", "Bo", Role.AGENT, PASSWORD, department="Care", agent="bo", by=None, now=NOW
    )


@pytest.fixture
def manager() -> Colleague:
    return welcoming.admit("m@example.org", "M", Role.MANAGER, PASSWORD, by=None, now=NOW)


def served(who: Colleague, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text(client: Client, at: str) -> str:
    """Return what a page says, also to those who hear it."""
    answer = client.get(at)
    assert answer.status_code == 200, (at, answer.status_code)
    return said(answer.content.decode())


class Said(HTMLParser):
    """What a page says, also to those who hear it; but for what is code, or says of itself that it is English."""

    SILENT: ClassVar = {"script", "style", "code", "pre", "kbd", "textarea"}
    VOID: ClassVar = {"meta", "link", "input", "br", "img", "hr"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = [False]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        silent = self.silent[-1] or tag in self.SILENT or (tag != "html" and given.get("lang") == "en")
        silent = silent or (tag == "select" and given.get("name") in {"zone", "region"})  # names of places
        if not silent:
            self.words += [given[name] or "" for name in HEARD if name in given]
        if tag not in self.VOID:
            self.silent.append(silent)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent[-1]:
            self.words.append(data)


def said(page: str) -> str:
    return re.sub(r"\s+", " ", " | ".join(Said(page).words))


def test_a_page_of_the_board_is_in_german_for_whoever_reads_german(house: House, settings: Any) -> None:
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()
    house.send(touchpoint(1, "user:1"))
    who = welcoming.admit("m@example.org", "M", Role.ADMIN, PASSWORD, by=None, now=NOW)
    page = served(who, **{"Accept-Language": "de"}).get("/sources/till").content.decode()
    for german in ("Die letzten 48 Stunden", "angenommen", "Wie sie gelesen wird", "eigene Schnittstelle von Collage"):
        assert german in page
    assert re.search(r"<time datetime=[^>]+>\d+\. \w+\.? \d{4}, \d\d:\d\d:\d\d</time>", page)
    for english in ("accepted", "Heard last", "Web pages", "Everything", "touchpoint at most"):
        assert english not in re.sub(r"<[^>]*>", " ", page)


@pytest.mark.slow
def test_the_customers_page_a_verb_and_the_company_are_in_german_for_whoever_chose_it_or_whose_browser_asks(
    lived_in: House, agent: Colleague, manager: Colleague
) -> None:
    promised(1, "callback", -1.0, lived_in.now)
    customer = f"/desk/c/{of('user:ada')}"
    pages = {
        customer: ["wartete 14 min auf eine Antwort", "zurückrufen, fällig seit", "Erfassen", "4.886,00 EUR"],
        f"{customer}/record": ["Was war es?", "Nach den Uhren des Unternehmens", "ein Anruf", "Abbrechen"],
        f"{customer}/promise": ["Wir versprechen", "Bis wann", "zurückrufen"],
        "/board/": ["Wo Erlebnis verloren geht", "zuständig", "Kunden, die jetzt fallen", "Verteilung des Index"],
        "/board/strikes/refund_late": ["Wen es am meisten kostete", "Eine Erstattung kam", "der Ablauf"],
    }
    english = {word for room in ROOMS for word, _ in words(room) if " " in word and not HOLE.search(word)}
    for chosen, asked in (("", "de"), ("de", "en")):
        Colleague.objects.update(language=chosen)
        desk, board = (served(each, **{"Accept-Language": asked}) for each in (agent, manager))
        for at, german in pages.items():
            page = text(desk if at.startswith("/desk") else board, at)
            assert [each for each in german if each not in page] == [], (at, asked)
            assert [each for each in english if re.search(rf"\b{re.escape(each)}\b", page)] == [], (at, asked)
            assert re.findall(r"\b(?:strikes?|promises?|owners?|customers?|credits?|marks?)\b", page) == [], at
    board_page = text(board, "/board/")
    assert re.search(r"\b\d+,\d bis \d+,\d\b", board_page)
    assert not re.search(r"\d\.\d(?!\d)", re.sub(r"Collage [\d.]+", "", board_page))


@pytest.mark.parametrize(
    ("ago", "english", "german"),
    [
        (timedelta(seconds=-2), "heard just now", "gerade eben gehört"),
        (timedelta(seconds=59), "heard just now", "gerade eben gehört"),
        (timedelta(minutes=1), "last heard 1 minute ago", "zuletzt vor 1 Minute gehört"),
        (timedelta(hours=2, minutes=59), "last heard 2 hours ago", "zuletzt vor 2 Stunden gehört"),
        (timedelta(days=3), "last heard 3 days ago", "zuletzt vor 3 Tagen gehört"),
    ],
)
def test_when_something_was_heard_last_is_told_in_the_largest_unit(ago: timedelta, english: str, german: str) -> None:
    with override("en"):
        assert heard(NOW - ago, now=NOW) == english
    with override("de"):
        assert heard(NOW - ago, now=NOW) == german
        assert heard(None, now=NOW) == "nie gehört"


# ---- nothing that is seen has been left out of what is translated


class Marked:
    """A language in which every word that is asked for stands in brackets."""

    def __init__(self, german: Any) -> None:
        self.german = german

    def __getattr__(self, name: str) -> Any:
        return getattr(self.german, name)

    def gettext(self, message: str) -> str:
        context, _, word = message.rpartition("\x04")
        return word if context.startswith("how a ") else f"⟦{word}⟧"  # how a day is written is no word

    def ngettext(self, one: str, more: str, n: int) -> str:
        return f"⟦{(one if n == 1 else more).rpartition(chr(4))[2]}⟧"


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    german = trans_real.translation("de")
    monkeypatch.setitem(vars(trans_real)["_translations"], "de", Marked(german))  # where Django keeps them


@dataclass
class Done:
    """What was done in a house, and by whom: enough to find every page of it."""

    promises: list[Promise]
    claim: Claim
    hook: Hook
    strikes: dict[str, str]
    keys: list[str]

    @classmethod
    def by(cls, agent: Colleague, admin: Colleague, house: House) -> Done:
        now, ada, bea = house.now, of("user:ada"), of("user:bea")
        for name, value in (("name", "Ada"), ("channel", "chat"), ("language", "de"), ("hours", "9")):
            Trait.objects.create(identifier="user:ada", name=name, value=value, said_at=now)
        for purpose, given in (("offers", True), ("surveys", False)):
            consenting.say(ada, purpose, "email", given=given, basis="9", by=agent, now=now)
        promises = [promised(number, kind, days, now) for number, (kind, days) in enumerate(PROMISED.items())]
        marks = {mark.mark: mark for mark in Mark.objects.filter(customer=ada)}
        late, waited = marks["delivered_late"], marks["long_wait"]
        contesting.contest(waited.touchpoint_id, waited.mark, ada, by=agent, now=now, reason="9")
        healing.confirm(late.touchpoint_id, ada, by=agent, now=now, reason="9")
        claim = claiming.join(ada, bea, by=agent, now=now, reason="9")
        house.digest()
        hook = hooking.create(
            "https://example.org/", ["strike.recorded"], private=False, by=admin, now=now, chance=bytes
        )
        hooking.test(hook, by=admin, now=now, chance=bytes)
        keying.create("tel", by=admin, now=now, new_key=lambda: "9" * 40)
        keys = {each.touchpoint_id: f"t{each.pk}" for each in Touchpoint.objects.filter(identifier="user:ada")}
        return cls(
            promises,
            claim, hook,
            {name: f"?i={keys[mark.touchpoint_id]}&mark={name}" for name, mark in marks.items()}, list(keys.values()),
        )  # fmt: skip


def promised(number: int, kind: str, days: float, now: datetime) -> Promise:
    return Promise.objects.create(
        promise_id=f"desk:{number}", identifier="user:ada", kind=kind, department="Care",
        made_at=now - timedelta(days=3), due_at=now + timedelta(days=days),
    )  # fmt: skip


@pytest.fixture
def clients(agent: Colleague, manager: Colleague) -> dict[str, Client]:
    more = {"name": "Lo", "role": Role.LEAD, "department": "Care"}
    every = [
        agent,
        Colleague.objects.create(email="lo@example.org", **more),
        manager,
        welcoming.admit("a@example.org", "Al", Role.ADMIN, PASSWORD, by=None, now=NOW),
    ]
    return {each.role: served(each, **{"Accept-Language": "de"}) for each in every}


def everywhere(done: Done, ada: str) -> dict[str, str]:
    """Return the address of about every page, each with who looks at it."""
    desk = [
        "", *(f"/i/{key}" for key in done.keys), "?show=strikes", "?show=said&days=30", "?mark=delivered_late",
        "/record", "/about", f"/about?remove={Identifier.objects.get(value='user:bea').pk}", "/consent", "/promise",
        *(f"/promise/{each.pk}/{deed}" for each in done.promises for deed in ("settle", "withdraw")),
        *(f"/contest{done.strikes[name]}" for name in ("delivered_late", "long_wait", "abandoned")), "/same",
        f"/heal{done.strikes['abandoned']}", "/apart", f"/apart?claim={done.claim.pk}",
    ]  # fmt: skip
    of_admin = [
        "/settings/company", "/settings/own", "/sources/", "/sources/new", "/sources/till", "/quarantine/", "/uploads/",
        "/uploads/new", "/colleagues/", "/colleagues/new", "/hooks/", "/hooks/new", f"/hooks/{done.hook.pk}",
        "/read-keys/", "/read-keys/new", "/accounts/2fa/",
    ]  # fmt: skip
    of_manager = ["/board/", "/board/strikes/refund_late", "/board/strikes/resolved_first_contact"]
    return {
        **{f"/desk/c/{ada}{each}": "agent" for each in desk},
        **dict.fromkeys(["/desk/", "/desk/who", "/desk/new", "/board/own"], "agent"),
        **dict.fromkeys(["/desk/contested", f"/desk/c/{ada}/decide{done.strikes['long_wait']}"], "lead"),
        **dict.fromkeys([*of_manager, *(f"/board/figure/{each}" for each in DEFINITIONS)], "manager"),
        **dict.fromkeys(of_admin, "admin"),
    }


def left_over(page: str) -> set[str]:
    """Return the words of a page that nobody asked for in the reader's language."""
    by = experience.default()
    sentences = [experience.in_words(mark, by).says["de"] for mark in by.marks]
    sentences.append(Figures.objects.latest("made_at").body["sentence"]["de"])  # these are the core's
    known = set(re.findall(r"[^\W\d_]+", " ".join([NAMES, *sentences])))
    rest = DATA.sub("", page)
    while (less := re.sub(r"⟦[^⟦⟧]*⟧", "", rest)) != rest:
        rest = less
    return set(re.findall(r"[^\W\d_]{2,}", rest)) - known - {each.capitalize() for each in known}


@pytest.mark.slow
@pytest.mark.usefixtures("marked")
def test_all_that_pages_say_has_been_asked_for_in_the_readers_language(
    lived_in: House, agent: Colleague, clients: dict[str, Client]
) -> None:
    done = Done.by(agent, Colleague.objects.get(role=Role.ADMIN), lived_in)
    pages = everywhere(done, of("user:ada"))
    left = {at: left_over(text(clients[role], at)) for at, role in pages.items()}
    assert {at: words_ for at, words_ in left.items() if words_} == {}
    assert "⟦" in text(clients["agent"], "/desk/")


@pytest.mark.slow
@pytest.mark.usefixtures("marked")
def test_what_is_refused_is_refused_in_the_readers_language(
    lived_in: House, agent: Colleague, clients: dict[str, Client]
) -> None:
    done = Done.by(agent, Colleague.objects.get(role=Role.ADMIN), lived_in)
    ada, late = f"/desk/c/{of('user:ada')}", done.promises[0].pk
    strike = dict(re.findall(r"(\w+)=(\w+)", done.strikes["long_wait"]))
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("agent", f"{ada}/record", {"what": "note", "text": "9", "occurred_at": "1999-01-01T00:00"}),
        ("agent", f"{ada}/promise", {"kind": "callback", "due_at": "1999-01-01T00:00"}),
        ("agent", f"{ada}/promise/{late}/withdraw", {"reason": "9"}),
        ("agent", f"{ada}/about", {"do": "add", "namespace": "email", "value": "9", "reason": "9"}),
        ("agent", f"{ada}/about", {"do": "add", "namespace": "user", "value": "12", "reason": "9"}),
        ("agent", f"{ada}/consent", {"purpose": "scoring", "channel": "email", "given": "yes", "basis": "9"}),
        ("agent", f"{ada}/heal", {"i": strike["i"], "reason": ""}),
        ("agent", "/desk/new", {"identifier": "?"}),
        ("lead", f"{ada}/decide", {**strike, "verdict": "", "reason": ""}),
        ("admin", "/hooks/new", {"url": "http://example.org/", "events": ["strike.recorded"]}),
        ("admin", "/read-keys/new", {"name": "tel"}),
        ("admin", "/sources/new", {"name": "till", "kind": "native"}),
        ("admin", "/settings/company", {"zone": "UTC", "region": "", "opens_0": "18:00-09:00"}),
        ("admin", "/colleagues/new", {"email": "bo@example.org", "name": "Bo", "role": "agent", "password": PASSWORD}),
    ]
    for role, at, given in asked:
        answer = clients[role].post(at, given, follow=True)
        page = answer.content.decode()
        assert re.search(r'class="(errorlist|notice bad"( role="alert")?><(p|ul)>)', page), at
        assert left_over(said(page)) == set(), at
