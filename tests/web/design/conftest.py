"""Who knocks at the door in these tests."""

from __future__ import annotations

import hashlib
import hmac
import struct
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from collage_web.records.models import Colleague, Role

PASSWORD = "correct horse battery staple"  # noqa: S105  # of the tests' own cast

Made = Callable[..., Colleague]


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Forget how often somebody knocked: allauth counts in the cache."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def colleague(db: None) -> Made:  # noqa: ARG001  # the rows need the database
    """Return a way to make colleagues."""

    def make(role: Role = Role.AGENT, email: str = "ada@example.com") -> Colleague:
        made = Colleague(email=email, name="Ada Agent", role=role, department="Care")
        made.set_password(PASSWORD)
        made.save()
        return made

    return make


def log_in(client: Client, password: str = PASSWORD, email: str = "ada@example.com", **more: Any) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password}, **more)


def code_of(secret: str, now: float | None = None) -> str:
    """Return the six digits of RFC 6238 for a secret."""
    counter = int((time.time() if now is None else now) // 30)
    digest = hmac.digest(b32decode(secret), struct.pack(">Q", counter), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"
