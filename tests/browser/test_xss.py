"""What somebody wrote is text on every page: payloads in every field, and none of them is run by a browser.

A payload that got through would call `alert`, or would be stopped by the page's policy, or would at least stand in the
page as an element or an attribute that no template of ours writes: each of the three is looked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from collage_web.actions import figuring
from collage_web.actions.auditing import note
from collage_web.actions.identifying import touched
from collage_web.actions.naming import named
from collage_web.records.models import (
    Arrival,
    Claim,
    Colleague,
    Company,
    Consent,
    Correction,
    Figures,
    Hook,
    Identifier,
    Promise,
    Rating,
    Role,
    Source,
    Touchpoint,
    Trait,
    Upload,
)
from tests.browser.desk import Desk, refunded, somebody
from tests.browser.test_board import Board, board, now
from tests.browser.test_login import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["board"]  # a fixture

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]

RUN = "alert(1)"
VECTORS = (
    "<script>{run}</script>",
    "<ScRiPt/x>{run}</sCrIpT >",
    "<img src=x onerror={run}>",
    '<IMG """><SCRIPT>{run}</SCRIPT>">',
    "<svg onload={run}>",
    "<svg><script>{run}</script></svg>",
    "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.{run}</script>'></iframe>",
    "<iframe src=javascript:parent.{run}></iframe>",
    "<a href=javascript:{run} autofocus onfocus={run}>x</a>",
    "<input autofocus onfocus={run}>",
    "<details open ontoggle={run}>",
    "<video><source onerror={run}></video>",
    "<math><mtext><table><mglyph><style><!--</style><img src=x onerror={run}>",
    "<style>@import 'javascript:{run}';*{{background:url(javascript:{run})}}</style>",
    "<meta http-equiv=refresh content='0;url=javascript:{run}'>",
    "<base href=//evil.example/><link rel=stylesheet href=data:text/css,*>",
    "<form action=javascript:{run}><button autofocus formaction=javascript:{run}>x",
    "<object data=javascript:{run}></object><embed src=javascript:{run}>",
    "{{{{constructor.constructor('{run}')()}}}}${{{run}}}{{% debug %}}#{{{run}}}",
    "<div hx-get=/ hx-trigger=load hx-on::load={run} data-hx-on:click={run}>",
    " onmouseover={run} autofocus onfocus={run} style=animation-name:x onanimationstart={run} x=",
    "javascript:{run}//\u2028\u2029\ufeff\u202e",
    "&lt;script&gt;{run}&#60;/script&#x3e;&#0000060img src=x onerror={run}>&lt<svg onload={run}>",
    "\uff1cscript\uff1e{run}\u02c2/script\u02c3%3Cscript%3E{run}\\x3cscript\\x3e+ADw-script+AD4-<script\u00a0>{run}",
)
OUT_OF = ("", '">', "'>", '"', "'", "</textarea>", "</title></style>", "</script>", "-->", "</svg>]]>")
PAYLOADS = tuple(f"{out}{vector.format(run=RUN)}" for vector in VECTORS for out in OUT_OF)
SHORT = tuple(PAYLOADS[number * len(OUT_OF) + number % len(OUT_OF)] for number in range(len(VECTORS)))

WATCH = """
window.__stopped = [];
document.addEventListener("securitypolicyviolation",
    each => window.__stopped.push(`${each.violatedDirective} ${each.sample} ${each.blockedURI}`));
"""
TAINTED = """() => {
    const found = [...window.__stopped];
    const ours = "a abbr b blockquote body br button circle code datalist dd details dialog div dl dt fieldset " +
        "figcaption figure footer form g h1 h2 h3 head header html img input kbd label legend li line link main meta " +
        "nav ol optgroup option p path polygon polyline pre rect script search section select small span strong " +
        "style summary svg table tbody td text textarea th thead time title tr u ul";
    const known = new Set(ours.split(" "));
    const foreign = (value) => {
        try { return new URL(value, location).origin !== location.origin; } catch { return true; }
    };
    for (const each of document.querySelectorAll("*")) {
        const name = each.tagName.toLowerCase();
        if (!known.has(name)) found.push(each.outerHTML.slice(0, 120));
        if (name === "script" && (!each.nonce || foreign(each.src) || !each.getAttribute("src").startsWith("/static/")))
            found.push(each.outerHTML.slice(0, 120));
        if (name === "style" && !each.nonce) found.push(each.outerHTML.slice(0, 120));
        if (name === "meta" && each.hasAttribute("http-equiv")) found.push(each.outerHTML.slice(0, 120));
        for (const { name: key, value } of each.attributes) {
            if (/^(on|(data-)?hx-on|style$|srcdoc$)/.test(key)) found.push(`${name} ${key}=${value.slice(0, 80)}`);
            if (/^(href|src|action|formaction|xlink:href|data|(data-)?hx-(get|post))$/.test(key)
                && (/^[\\s\\u0000-\\u0020]*(javascript|vbscript|data):/i.test(value)
                    || foreign(value)))
                found.push(`${name} ${key}=${value.slice(0, 80)}`);
        }
    }
    return found;
}"""


@dataclass
class Watched:
    """A page of which it is written down what runs on it, what its policy stops and what nobody of us wrote."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    loads: int = 0

    def see(self, address: str) -> str:
        """Open a page and all that can be unfolded on it; return all the text that it has, also in fields."""
        self.page.goto(address)
        return self.look(address)

    def look(self, what: str) -> str:
        self.loads += 1
        self.page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        self.wrong += [f"{what}: {each}" for each in self.page.evaluate(TAINTED)]
        return str(
            self.page.evaluate(
                "() => document.body.textContent + [...document.querySelectorAll('input, textarea')].map(e => e.value)"
            )
        )


@contextmanager
def watched(browser: Browser) -> Iterator[Watched]:
    said: list[str] = []
    with opened(browser, said, viewport={"width": 1280, "height": 800}) as page:
        found = Watched(page)
        page.add_init_script(WATCH)

        def asked(dialog: Any) -> None:
            found.wrong.append(f"{page.url}: it ran: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", asked)
        try:
            yield found
        finally:
            print(*found.wrong, sep="\n", end="")  # noqa: T201  # also where a page could not be had at all
        page.wait_for_timeout(200)  # what was to run late has run
        found.wrong += [each for each in said if "Content Security" in each or "Error" in each]


# ---- written by somebody


def customer_of(number: int) -> str:
    return f"x{number:019}"


def written(number: int, payload: str, by: Colleague) -> None:
    """Write a payload into all that is kept of one customer, past whatever would refuse it."""
    customer, known, also = customer_of(number), f"user:{payload}", f"email:{payload}@x"
    at = now() - timedelta(days=2)
    for nth, value in enumerate((known, also)):
        home = customer if nth == 0 else f"y{number:019}"
        Identifier.objects.create(value=value, home=home, customer=customer, created_at=now())
    Claim.objects.create(
        claim_id=f"c{number}", one=known, other=also, source=payload, confidence=1.0, claimed_at=at
    )  # fmt: skip
    texts = dict.fromkeys(
        ("channel", "department", "site", "agent", "issue_id", "contact_id", "currency", "outcome", "text"), payload
    )
    more = {"identifier": known, "occurred_at": at, "received_at": at, "source": payload, **texts}
    more["properties"] = json.dumps({payload: payload, "by": payload})
    Touchpoint.objects.create(touchpoint_id=f"a{number}:{payload}", kind="contact.answered", wait_s=900.0, **more)
    Touchpoint.objects.create(touchpoint_id=f"b{number}:{payload}", kind=payload, amount=100, **more)
    Touchpoint.objects.create(touchpoint_id=f"c{number}:{payload}", kind="message.received", **more)
    Rating.objects.create(
        rating_id=f"r{number}:{payload}", identifier=known, rated_at=at, score=1, scale_low=1, scale_high=5,
        department=payload, agent=payload, participants=payload, instrument=payload, item=payload, wording=payload,
        channel=payload, comment=payload, issue_id=payload, contact_id=payload,
    )  # fmt: skip
    of = {"identifier": known, "kind": payload, "department": payload, "agent": payload, "channel": payload}
    for nth, due in ((0, 9), (1, -1)):
        Promise.objects.create(
            promise_id=f"{number}.{nth}:{payload}", made_at=at - timedelta(days=9), due_at=now() - timedelta(days=due),
            issue_id=payload, **of,
        )  # fmt: skip
    for name in Trait.Name.values:
        Trait.objects.create(identifier=known, name=name, value=payload, said_at=at, by=by if name == "name" else None)
    Consent.objects.create(
        identifier=known, purpose="offers", channel=payload[:16], given=True, basis=payload, at=at, by=by
    )
    Correction.objects.create(
        correction_id=f"k{number}", touchpoint_id=f"a{number}:{payload}", mark="long_wait", verdict="contested",
        by=f"colleague:{by.pk}", reason=payload, at=now(),
    )  # fmt: skip
    named([known])
    touched([known, also])


def written_by_machines(desk: Desk, payload: str, number: int, by: Colleague) -> None:
    """Write a payload into what sources send, what was done, and what is set up."""
    Arrival.objects.create(
        source=desk.board.house.source, message_id=payload, type="touchpoint", body=json.dumps({payload: payload}),
        received_at=now(), occurred_at=now(), clock="known", quarantined_at=now(), column=payload, reason=payload,
        found=payload,
    )  # fmt: skip
    Upload.objects.create(
        file=payload, problem=payload, state="failed", by=by, created_at=now(), source=desk.board.house.source
    )
    Hook.objects.create(url=f"https://x.example/{payload}", events=["strike.recorded"], salt="s", created_at=now())
    note(payload[:40], payload, by=by, now=now(), reason=payload, details={payload: payload})
    Source.objects.create(name=f"s{number}", kind="native", map=payload, origins=payload, created_at=now())


# ---- read by somebody


def served(desk: Desk, at: Watched, number: int, payload: str, one_in: int) -> None:
    """Look at pages of one customer; each says all that was written there, letter by letter."""
    path = f"{desk.live}/desk/c/{customer_of(number)}"
    keys = [f"t{each.pk}" for each in Touchpoint.objects.filter(identifier=f"user:{payload}").order_by("id")]
    kept = Promise.objects.filter(identifier=f"user:{payload}").order_by("id")
    strike = f"?i={keys[0]}&mark=long_wait"
    text = at.see(path)
    assert bare(payload) in bare(text), payload
    at.page.locator("li.instance a.open").first.click()
    at.page.wait_for_selector("#panel[open] #panel-body h1")
    assert bare(payload) in bare(at.look(f"{path} beside")), payload
    pages = [
        f"i/{keys[0]}", f"i/{keys[1]}", "about", "consent", "record", "promise", f"promise/{kept[0].pk}/settle",
        f"promise/{kept[1].pk}/withdraw", f"decide{strike}", f"heal{strike}", "apart",
        f"same?other={customer_of(number - 1 if number else 1)}",
    ]  # fmt: skip
    for page in pages[number % one_in :: one_in]:
        assert bare(payload) in bare(at.see(f"{path}/{page}")), (page, payload)


def bare(text: str) -> str:
    """Return a text without blanks, which a page may break or join."""
    return "".join(text.split())


def asked_for(desk: Desk, at: Watched, payload: str) -> None:
    """Look for it, by the box, as it is typed, and by an address that a telephone system makes."""
    at.page.goto(f"{desk.live}/desk/who#name={quote(payload)}")
    at.page.wait_for_url(re.compile(r"/desk/(who|c/\w+)$"))  # an order can be called so: then it is whose it is
    at.page.wait_for_selector("details.more, .collage")
    assert bare(payload) in bare(at.look(f"who {payload}"))
    at.page.fill("[data-search]", payload)
    at.page.wait_for_selector("#finds > [data-asked]", state="attached")
    at.look(f"while typing {payload}")
    with at.page.expect_navigation():
        at.page.locator("[data-search]").evaluate("box => box.form.submit()")
    at.look(f"find {payload}")


def on_the_board(desk: Desk, at: Watched, ten: tuple[str, ...], first: int) -> None:
    """Look at the company's page when ten departments, channels and agents are called so."""
    row = Figures.objects.filter(name="company").latest("id")
    body = json.loads(json.dumps(row.body))
    mark = body["losses"][0]["mark"]
    body["losses"] = [{**body["losses"][0], "owner": each} for each in ten]
    body["owners"] = [{**body["owners"][0], "department": each} for each in ten]
    body["channels"] = [{**body["channels"][0], "channel": each} for each in ten]
    met = {"marks": 20, "customers": 20, "value": -3.0}
    body["agents"][mark] = [{**met, "agent": each, "owner": each} for each in ten]
    body["rows"][mark] = [
        {**body["rows"][mark][0], "customer_id": customer_of(first + nth), "owner": each}
        for nth, each in enumerate(ten)
    ]
    reason = {"mark": mark, "contribution": -1.0}
    falls = {"index": 40.0, "evidence": 0.5, "trend": -1.0, "strikes_90d": 1, "last_touchpoint_at": row.at.isoformat()}
    body["falling"]["rows"] = [
        {**falls, "customer_id": customer_of(first + nth), "reasons": [{**reason, "says": {"en": each, "de": each}}]}
        for nth, each in enumerate(ten)
    ]
    body["sentence"] = {"en": ten[0], "de": ten[0]}
    words = body["marks"][mark]
    words.update(
        agent_controllable=True,
        says={"en": ten[0], "de": ten[0]},
        rule=ten[0],
        severity=ten[0],
        half_life=ten[0],
        cause=ten[0],
    )
    kept = dict(row.body)
    Figures.objects.filter(pk=row.pk).update(body=body)
    for page in ("board/", f"board/strikes/{mark}"):
        text = bare(at.see(f"{desk.live}/{page}"))
        assert [each for each in ten if bare(each) not in text] == [], page
    Figures.objects.filter(pk=row.pk).update(body=kept)


def set_up(desk: Desk, at: Watched, payloads: tuple[str, ...], one_in: int) -> None:
    """Look at what sources sent, what was done, and what is set up, page by page to the end."""
    told = {"quarantine/": "", "uploads/": "", "audit/": "", "hooks/": "", "colleagues/": "", "desk/contested": "",
            "desk/": "", "settings/company": ""}  # fmt: skip
    for address in told:
        nth = 0
        while nth < 30:
            nth += 1
            told[address] += bare(at.see(f"{desk.live}/{address}?page={nth}"))
            if at.page.locator(f"main a[href*='page={nth + 1}']").count() == 0:
                break
    for address in ("quarantine/", "uploads/", "audit/"):
        assert [each for each in payloads if bare(each) not in told[address]] == [], address
    for model, address in ((Arrival, "arrivals"), (Upload, "uploads"), (Hook, "hooks")):
        for each in model.objects.order_by("id")[::one_in]:
            at.see(f"{desk.live}/{address}/{each.pk}")
    for number in range(0, len(payloads), one_in):
        at.see(f"{desk.live}/sources/s{number}")


def proved(board: Board, browser: Browser, payloads: tuple[str, ...], *, one_in: int) -> None:
    """Write payloads everywhere, and look at all pages, or at one in so many of those that each payload has alone."""
    desk = Desk(board)
    by, boss = somebody(Role.AGENT, "Ada"), somebody(Role.MANAGER, "Boss", "")
    admin = somebody(Role.ADMIN, "Admin")
    Company.objects.create(pk=1, zone="Europe/Berlin", region="DE")
    refunded(desk)
    figuring.figure(now)
    for number, payload in enumerate(payloads):
        written(number, payload, by)
        written_by_machines(desk, payload, number, by)
    desk.send()
    with watched(browser) as at:
        at.page.context.add_cookies(board.cookie(boss))
        for first in range(0, len(payloads), 10):
            on_the_board(desk, at, payloads[first : first + 10], first)
        for number, payload in enumerate(payloads):
            # whoever looks is called so themselves, and the company is too
            Colleague.objects.filter(pk=boss.pk).update(
                name=payload[:120], department=payload[:120], agent=payload[:120]
            )
            Company.objects.update(name=payload[:120])
            served(desk, at, number, payload, one_in)
            if number % one_in == 0:
                asked_for(desk, at, payload)
        at.page.context.add_cookies(board.cookie(admin))
        for number, payload in enumerate(payloads):
            Colleague.objects.create(email=f"{number}@x.example", name=payload[:120], department=payload[:120])
        set_up(desk, at, payloads, one_in)
        print(f"{len(payloads)} payloads, {at.loads} pages looked at")  # noqa: T201  # pytest -s shows how much it was
    assert at.wrong == []


def test_there_are_250_payloads_and_a_short_list_has_one_of_every_kind() -> None:
    assert len(set(PAYLOADS)) == 250
    assert len(set(SHORT)) == 25
    assert all(RUN in each or "//evil" in each for each in PAYLOADS)


def test_whoever_watches_would_see_it(browser: Browser) -> None:
    with watched(browser) as at:
        for payload in SHORT:
            at.page.set_content(f'<!doctype html><main><p>{payload}</p><input value="{payload}"></main>')
            at.page.evaluate("window.__stopped ??= []")
            at.look(payload)
            at.page.wait_for_timeout(20)
        seen = {payload for payload in SHORT if any(payload in each for each in at.wrong)}
        ran = [each for each in at.wrong if "it ran" in each]
        at.wrong.clear()
    assert len(seen) >= 20, set(SHORT) - seen
    assert len(ran) >= 5


@pytest.mark.slow
def test_what_somebody_wrote_is_text_on_every_page(
    board: Board, browser: Browser, settings: Any, tmp_path: Path
) -> None:
    settings.VAR = tmp_path
    proved(board, browser, SHORT, one_in=5)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 25))
def test_none_of_250_payloads_is_run_on_any_page(
    board: Board, browser: Browser, settings: Any, tmp_path: Path, first: int
) -> None:
    settings.VAR = tmp_path
    proved(board, browser, PAYLOADS[first : first + 25], one_in=1)
