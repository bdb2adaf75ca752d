"""What every page has and none has: a policy that holds, the ways that are open, one's own language, plain errors."""

from __future__ import annotations

import re
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import path

import collage_web
from collage import __version__
from collage_web.records.models import Role
from collage_web.urls import urlpatterns as every_address
from tests.web.design.conftest import PASSWORD, Made, log_in

TEMPLATES = sorted(Path(collage_web.__file__).parent.glob("**/templates/**/*.html"))


def wrong(_request: HttpRequest, kind: str) -> HttpResponse:
    """Go wrong, in the way that is asked for."""
    raise {"400": SuspiciousOperation, "403": PermissionDenied, "500": RuntimeError}[kind]


def some(request: HttpRequest) -> HttpResponse:
    """Answer with the base, as any room would."""
    return render(request, "design/base.html")


urlpatterns = [
    path("wrong/<str:kind>", wrong),
    path("", some),
    *(path(f"{name}/", some, name=name) for name in ("sources", "quarantine", "uploads", "colleagues", "audit")),
    *every_address,
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Found(HTMLParser):
    """What of a page its policy would have to allow, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.nonces: set[str | None] = set()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        data = tag == "script" and (has.get("type") or "").endswith("json")  # data: no browser runs it
        if tag == "style" or (tag == "script" and "src" not in has and not data):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in has if name == "style" or name.startswith(("on", "hx-on"))]
        self.inline += [f"{tag} {name}" for name, value in has.items() if (value or "").startswith("javascript:")]
        self.outside += [
            value for name, value in has.items() if name in {"src", "href", "action"} and value and "//" in value
        ]
        if "nonce" in has:
            self.nonces.add(has["nonce"])


def looked_at(html: str) -> Found:
    found = Found()
    found.feed(html)
    return found


def test_no_template_has_a_script_or_a_style_within() -> None:
    assert len(TEMPLATES) > 30
    for file in TEMPLATES:
        text = re.sub(r"{%.*?%}|{#.*?#}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        found = looked_at(text)
        assert (found.inline, found.outside) == ([], []), file


def pages(client: Client, colleague: Made) -> dict[str, Any]:
    """Return all pages of this room, as somebody sees them who sets up a second factor."""
    seen = {"login": client.get("/accounts/login/"), "inactive": client.get("/accounts/inactive/")}
    seen["wrong password"] = log_in(client, "wrong")
    colleague(Role.MANAGER)
    log_in(client)
    seen["confirm"] = client.get("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for name in ("", "accounts/logout/", "accounts/password/change/", "accounts/2fa/", "accounts/2fa/totp/activate/",
                 "accounts/2fa/webauthn/", "accounts/2fa/webauthn/add/", "not-here"):  # fmt: skip
        seen[name] = client.get(f"/{name}")
    for kind in ("400", "403", "500"):
        seen[kind] = client.get(f"/wrong/{kind}")
    return seen


def test_every_page_has_a_policy_with_a_nonce_and_keeps_to_it(client: Client, colleague: Made) -> None:
    client.raise_request_exception = False
    for name, page in pages(client, colleague).items():
        policy = page.headers["Content-Security-Policy"]
        found = looked_at(page.content.decode())
        assert (found.inline, found.outside) == ([], []), name
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        if page.status_code in {400, 500}:
            continue  # drawn without the request, which may be what is wrong: all their files are our own
        assert len(found.nonces) == 1, name
        assert f"'nonce-{found.nonces.pop()}'" in policy, name


def test_every_page_says_its_language_its_title_and_its_one_heading(client: Client, colleague: Made) -> None:
    client.raise_request_exception = False
    for name, page in pages(client, colleague).items():
        html = page.content.decode()
        assert '<html lang="en">' in html
        assert html.count("<h1") == (0 if name == "" else 1), name  # the base alone has none: its content has
        assert name == "" or re.search(r"<title>\s*\w[^<]* · Collage</title>", html), name
        assert f"Collage {__version__}" in html


@pytest.mark.parametrize(
    ("role", "open_to"),
    [
        (Role.AGENT, ["Customers"]),
        (Role.LEAD, ["Customers", "Contested", "Company"]),
        (Role.ANALYST, ["Company", "Sources", "Quarantine"]),
        (Role.MANAGER, ["Customers", "Contested", "Company", "Sources", "Quarantine", "Uploads", "Audit log"]),
        (
            Role.ADMIN,
            ["Customers", "Company", "Sources", "Quarantine", "Uploads", "Colleagues", "Webhooks", "Audit log"],
        ),
    ],
)
def test_a_role_is_shown_the_ways_that_are_open_to_it(
    client: Client, colleague: Made, settings: Any, role: Role, open_to: list[str]
) -> None:
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()
    client.force_login(colleague(role), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/", follow=True).content.decode()
    nav = re.search(r'<nav class="ways".*?</nav>', page, re.DOTALL)
    assert re.findall(r">([^<>]+)</a>", nav[0] if nav else "") == open_to
    assert "Ada Agent" in page
    assert 'action="/accounts/logout/"' in page


def test_where_one_is_is_said(client: Client, colleague: Made) -> None:
    client.force_login(colleague(Role.MANAGER), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/sources/").content.decode()
    assert re.findall(r'href="([^"]+)" aria-current="page"', page) == ["/sources/"]


def test_a_stranger_is_shown_no_way_in_but_the_door(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert 'class="ways"' not in page
    assert "/accounts/logout/" not in page


def test_a_browser_that_asks_for_german_is_answered_in_german(client: Client) -> None:
    page = client.get("/accounts/login/", headers={"Accept-Language": "de-AT, de;q=0.9, en;q=0.5"}).content.decode()
    assert '<html lang="de">' in page
    assert "<h1>Anmelden</h1>" in page
    assert "Zum Inhalt" in page
    french = client.get("/accounts/login/", headers={"Accept-Language": "fr"}).content.decode()
    assert '<html lang="en">' in french


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ("/nowhere", 404, "There is nothing at this address"),
        ("/wrong/400", 400, "This request could not be understood"),
        ("/wrong/403", 403, "Log in to see this page"),
        ("/wrong/500", 500, "Collage made a mistake"),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(client: Client, asked: str, status: int, says: str) -> None:
    client.raise_request_exception = False
    answer = client.get(asked)
    page = answer.content.decode()
    assert answer.status_code == status
    assert says in page
    assert re.search('class="btn btn-primary" href="/(accounts/login/.next=/wrong/403)?"', page)
    assert "Traceback" not in page
    assert "RuntimeError" not in page


def test_a_form_from_elsewhere_is_refused_in_plain_words() -> None:
    answer = log_in(Client(enforce_csrf_checks=True))
    assert answer.status_code == 403
    assert "too old to be accepted" in answer.content.decode()


def test_an_empty_state_says_what_to_do() -> None:
    told = {"title": "No source yet", "text": "Make one.", "href": "/sources/new", "act": "New source"}
    assert '<a class="btn btn-primary" href="/sources/new">New source</a>' in render_to_string(
        "design/empty.html", told
    )
    assert "<a" not in render_to_string("design/empty.html", {"title": "Nothing", "text": "All is well."})


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_figure_has_its_interval_its_n_and_its_definition() -> None:
    whole = render_to_string(
        "design/figure.html", {"label": "Index", "value": 38.5, "low": 35, "high": 41, "n": 1214, "means": "#index"}
    )
    assert text_of(whole) == "Index 38.5 35 to 41 · n = 1214"
    assert '<a class="means" href="#index">Index</a>' in whole
    assert text_of(render_to_string("design/figure.html", {"label": "Index", "value": 0, "n": 0})) == "Index 0 n = 0"
    none = {"label": "Index", "value": None, "why": "fewer than 5 ratings", "n": 3}
    assert text_of(render_to_string("design/figure.html", none)) == "Index not enough data fewer than 5 ratings · n = 3"


def test_pages_of_a_list_keep_what_the_address_says(rf: RequestFactory) -> None:
    request = rf.get("/quarantine/", {"reason": "no time", "page": "2"})
    turns = render_to_string("design/pages.html", {"page": Paginator(range(45), 20).page(2)}, request=request)
    assert re.findall(r'href="([^"]+)"', turns) == ["?reason=no+time&amp;page=1", "?reason=no+time&amp;page=3"]
    assert "Page 2 of 3, 45 rows" in turns
    one = render_to_string("design/pages.html", {"page": Paginator(range(5), 20).page(1)}, request=request)
    assert one.strip() == ""


def test_a_strike_is_told_by_sign_and_word_and_a_credit_too() -> None:
    def shown(weight: float) -> str:
        return Template("{% load look %}{% mark weight %}").render(Context({"weight": weight}))

    assert text_of(shown(-0.312)) == "✕ strike −0.31"
    assert text_of(shown(0.22)) == "✓ credit +0.22"
    assert text_of(shown(-0.001)) == "0.00"
    assert 'class="strike"' in shown(-1)


def test_every_word_of_this_room_is_in_german() -> None:
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    here = Path(collage_web.__file__).parent / "design"
    with (here / "locale" / "de" / "LC_MESSAGES" / "django.po").open("rb") as file:
        known = {
            (each.id[0] if isinstance(each.id, tuple) else each.id, each.context): each
            for each in read_po(file, locale="de")
        }
    found = extract_from_dir(
        here,
        [("**.py", "python"), ("**/templates/**.html", "collage_web.design.words:extract"),
         ("**/templates/**.txt", "collage_web.design.words:extract")],
        keywords={"_": None, "gettext": None, "gettext_noop": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)},
    )  # fmt: skip
    words = {(each[2][0] if isinstance(each[2], tuple) else each[2], each[4]) for each in found}
    assert len(words) > 90
    for word in words:
        assert word in known, word
        assert known[word].string, word
        assert not known[word].fuzzy, word
    with (here / "locale" / "de" / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for (name, context), each in known.items():  # `make words` has compiled what is written there
        text = str(name)
        said = compiled.pgettext(context, text) if context else compiled.gettext(text)
        assert said == each.string or isinstance(each.string, tuple) or not each.string or not text, text
