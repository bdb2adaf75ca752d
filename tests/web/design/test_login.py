"""The door: who comes in, who does not, and who must show a second thing."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.utils import timezone

from collage_web.design.accounts import address_of
from collage_web.design.turns import one_at_a_time
from collage_web.records.models import Colleague, Role
from collage_web.urls import urlpatterns as every_address
from tests.web.design.conftest import PASSWORD, Made, code_of, log_in

urlpatterns = [path("", lambda request: HttpResponse(f"in as {request.user.email}")), *every_address]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

# what of allauth is open: whoever brings a new version of it looks at what it has opened beside these
OPEN = {
    "account_login", "account_logout", "account_inactive", "account_reauthenticate", "account_change_password",
    "mfa_index", "mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp",
    "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
    "mfa_list_webauthn", "mfa_add_webauthn", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn",
}  # fmt: skip


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def with_app(client: Client) -> tuple[str, list[str]]:
    """Set up the authenticator app by the pages, as somebody who is logged in; return its secret and the codes."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    found = re.search(r'id="authenticator_secret">([A-Z2-7]+)<', page)
    assert found
    done = client.post("/accounts/2fa/totp/activate/", {"code": code_of(found[1])}, follow=True)
    codes = re.findall(r"^(?:.*readonly>)?(\d{8})", done.content.decode(), re.MULTILINE)
    assert len(codes) == 10
    client.post("/accounts/logout/")
    cache.clear()  # allauth remembers which code was used, and takes none twice within its thirty seconds
    return found[1], codes


def test_the_right_password_opens_the_door_and_log_out_closes_it(client: Client, colleague: Made) -> None:
    colleague()
    assert log_in(client, email="  Ada@Example.com ").headers["Location"] == "/"
    assert client.get("/").content == b"in as ada@example.com"
    assert client.get("/accounts/logout/").status_code == 200
    assert is_in(client)
    client.post("/accounts/logout/")
    assert not is_in(client)


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client: Client, colleague: Made) -> None:
    colleague()
    wrong, unknown = log_in(client, "not this one"), log_in(client, email="nobody@example.com")
    for answer in (wrong, unknown):
        assert answer.status_code == 200
        assert 'role="alert"' in answer.content.decode()
        assert not is_in(client)
    said = [re.search(r'role="alert"><ul>(.*?)</ul>', each.content.decode(), re.DOTALL) for each in (wrong, unknown)]
    assert said[0] and said[1] and said[0][1] == said[1][1]  # noqa: PT018  # one sentence: both are there and the same


def test_after_five_wrong_passwords_the_right_one_is_refused_for_fifteen_minutes(
    client: Client, colleague: Made
) -> None:
    colleague()
    answers = [
        log_in(client, f"wrong {each}", email="ADA@example.com" if each % 2 else "ada@example.com") for each in range(5)
    ]
    assert [each.status_code for each in answers] == [200] * 4 + [429]
    locked = log_in(client)
    assert locked.status_code == 429
    assert locked.headers["Retry-After"] == "900"
    assert "15 minutes" in locked.content.decode()
    assert not is_in(client)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert log_in(client).status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert log_in(client).status_code == 302


def test_being_locked_is_about_one_address_from_one_place(client: Client, colleague: Made) -> None:
    colleague()
    colleague(email="bea@example.com")
    for each in range(5):
        log_in(client, f"wrong {each}")
    assert log_in(Client(), email="bea@example.com").status_code == 302
    assert log_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302


def test_from_however_many_places_one_address_is_guessed_ten_times_in_five_minutes_and_no_more(colleague: Made) -> None:
    colleague()
    for each in range(10):
        log_in(Client(REMOTE_ADDR=f"192.0.2.{each}"), "wrong")
    late = Client(REMOTE_ADDR="198.51.100.1")
    log_in(late)
    assert not is_in(late)


def test_what_is_stored_of_a_wrong_try_holds_no_password_and_no_token(client: Client, colleague: Made) -> None:
    colleague()
    log_in(client, "my secret word")
    kept = AccessAttempt.objects.values_list("get_data", "post_data").get()
    assert "my secret word" not in str(kept)
    assert "ada@" not in str(kept)


class Counting(MD5PasswordHasher):
    """Counts how many passwords are looked at."""

    looked = 0
    guard = threading.Lock()

    def verify(self, password: str, encoded: str) -> bool:
        with Counting.guard:
            Counting.looked += 1
        return super().verify(password, encoded)


def at_once(live: str, passwords: list[str]) -> list[int]:
    """Try passwords at the live server, all at the same moment, each in a browser of its own."""
    import requests

    ready, answers = threading.Barrier(len(passwords)), [0] * len(passwords)

    def guess(at: int) -> None:
        with requests.Session() as session:
            page = session.get(f"{live}/accounts/login/", timeout=60).text
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
            assert token
            form = {"login": "ada@example.com", "password": passwords[at], "csrfmiddlewaretoken": token[1]}
            ready.wait(60)
            answers[at] = session.post(f"{live}/accounts/login/", form, timeout=60, allow_redirects=False).status_code

    threads = [threading.Thread(target=guess, args=[each]) for each in range(len(passwords))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return answers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second_factor", [False, True])
def test_fifty_guesses_at_once_are_five_guesses(
    colleague: Made, live_server: Any, settings: Any, *, second_factor: bool
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    settings.ACCOUNT_RATE_LIMITS = False  # so that nothing but the lock holds them
    made = colleague()
    if second_factor:
        client = Client()
        log_in(client)
        with_app(client)
    Counting.looked = 0
    answers = at_once(live_server.url, [f"wrong {each}" for each in range(50)])
    assert Counting.looked == 5
    assert sorted(answers) == [200] * 4 + [429] * 46
    assert at_once(live_server.url, [PASSWORD]) == [429]
    assert made.email == "ada@example.com"


def test_nobody_can_sign_up_or_do_what_needs_mail(client: Client) -> None:
    for closed in ("signup/", "email/", "confirm-email/", "confirm-email/abc/", "password/reset/", "password/set/",
                   "password/reset/done/", "password/reset/key/1-set-password/", "login/code/confirm/",
                   "reauthenticate/code/", "reauthenticate/code/confirm/"):  # fmt: skip
        assert client.get(f"/accounts/{closed}").status_code == 404
        assert client.post(f"/accounts/{closed}", {"email": "x@example.com"}).status_code == 404
    assert Colleague.objects.count() == 0


def test_of_allauth_nothing_is_open_but_what_was_looked_at() -> None:
    def each(resolver: URLResolver, prefix: str = "") -> list[tuple[str, str]]:
        found = []
        for entry in resolver.url_patterns:
            here = prefix + str(entry.pattern)
            if isinstance(entry, URLPattern):
                found.append((here, entry.name or ""))
            else:
                found += each(entry, here)
        return found

    closed = re.compile(r"accounts/(signup|email|confirm-email|password/(re)?set|login/code|reauthenticate/code)\b")
    names = {
        name for where, name in each(get_resolver()) if where.startswith("accounts/") and name
        and not closed.match(where.replace("^", ""))
    }  # fmt: skip
    assert names == OPEN


def test_the_log_in_page_sends_whoever_forgot_the_password_to_the_administrator(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "ask your administrator" in page
    assert "/accounts/password/reset/" not in page
    assert "/accounts/signup/" not in page


def test_with_the_app_a_password_alone_does_not_open_the_door(client: Client, colleague: Made) -> None:
    colleague()
    log_in(client)
    secret, _ = with_app(client)
    assert log_in(client).headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_in(client)
    code = code_of(secret)
    wrong = client.post("/accounts/2fa/authenticate/", {"code": f"{(int(code) + 1) % 10**6:06}"})
    assert wrong.status_code == 200
    assert not is_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_in(client)


def test_a_recovery_code_opens_the_door_once(client: Client, colleague: Made) -> None:
    colleague()
    log_in(client)
    _, codes = with_app(client)
    log_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert is_in(client)
    client.post("/accounts/logout/")
    log_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert not is_in(client)


def test_codes_of_the_app_are_guessed_ten_times_and_no_more(client: Client, colleague: Made) -> None:
    colleague()
    log_in(client)
    secret, _ = with_app(client)
    log_in(client)
    code = code_of(secret)
    for each in range(1, 11):
        client.post("/accounts/2fa/authenticate/", {"code": f"{(int(code) + each) % 10**6:06}"})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert not is_in(client)


def test_confirming_that_it_is_you_is_locked_as_log_in_is(client: Client, colleague: Made) -> None:
    colleague()
    log_in(client)
    answers = [client.post("/accounts/reauthenticate/", {"password": f"wrong {each}"}).status_code for each in range(6)]
    assert answers == [200] * 4 + [429] * 2


def test_an_administrator_without_a_second_factor_is_led_to_it_from_everywhere(client: Client, colleague: Made) -> None:
    colleague(Role.ADMIN)
    log_in(client)
    assert client.get("/").headers["Location"] == "/accounts/2fa/"
    assert client.get("/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/accounts/2fa/"
    assert "needs a second factor" in client.get("/accounts/2fa/").content.decode()
    secret, _ = with_app(client)
    log_in(client)
    client.post(
        "/accounts/2fa/authenticate/",
        {"code": code_of(secret)},
    )
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMIN])
def test_other_roles_may_go_without(client: Client, colleague: Made, role: Role) -> None:
    colleague(role)
    log_in(client)
    assert client.get("/").status_code == 200


def test_a_demonstration_may_switch_that_off(client: Client, colleague: Made, settings: Any) -> None:
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()
    colleague(Role.ADMIN)
    log_in(client)
    assert client.get("/").status_code == 200


def test_who_is_switched_off_is_told_so_and_stays_out(client: Client, colleague: Made) -> None:
    made = colleague()
    made.is_active = False
    made.save()
    assert "switched off" in log_in(client, follow=True).content.decode()
    assert not is_in(client)


def test_a_password_is_changed_by_whoever_knows_the_old_one_and_the_new_one_is_long(
    client: Client, colleague: Made
) -> None:
    made = colleague()
    log_in(client)
    form = {"oldpassword": PASSWORD, "password1": "too short", "password2": "too short"}
    assert "at least 12" in client.post("/accounts/password/change/", form).content.decode()
    new = "a staple is not a horse"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    made.refresh_from_db()
    assert made.check_password(new)


def test_an_address_is_counted_as_it_is_found(rf: RequestFactory) -> None:
    tries = [rf.post("/", {"login": given}) for given in ("Ada@Example.com ", "ada@example.com", "ada@\0example.com")]
    assert {address_of(each) for each in tries} == {"ada@example.com"}
    assert address_of(rf.get("/")) == ""
    assert len(address_of(rf.post("/", {"login": "x" * 5000}))) == 255


def test_one_at_a_time_is_one_at_a_time() -> None:
    inside, most = 0, 0

    def go() -> None:
        nonlocal inside, most
        with one_at_a_time("the same"):
            inside += 1
            most = max(most, inside)
            threading.Event().wait(0.002)
            inside -= 1
        connection.close()

    threads = [threading.Thread(target=go) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == 1


def test_on_postgresql_other_processes_wait_too() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite there is one process; COLLAGE_TEST_DATABASE names a PostgreSQL")
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    with connection.cursor() as cursor:
        with one_at_a_time("the same"):
            assert cursor.execute(held).fetchone() == (1,)
        assert cursor.execute(held).fetchone() == (0,)
