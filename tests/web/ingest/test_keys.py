"""Keys of sources."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collage_web.ingest.keys import key_in, key_of
from collage_web.records.keys import PREFIX, digest, new_key


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic YWJjMTIzOg=="},  # as Segment's documentation has it
        {"authorization": "basic YWJjMTIzOg"},
        basic("abc123"),
        basic("abc123:a password"),
        basic("abc123::"),
        {"Authorization": "Bearer abc123"},
        {"Authorization": "  bearer  abc123 "},
    ],
)
def test_the_header_has_the_key_in_every_form(headers: dict[str, str]) -> None:
    assert key_in(headers, None, None) == "abc123"


def test_the_header_goes_before_the_body_and_the_body_before_the_address() -> None:
    assert key_in(basic("one:"), "two", "three") == "one"
    assert key_in({}, "two", "three") == "two"
    assert key_in({}, None, "three") == "three"
    assert key_in({}, "", " three ") == "three"
    assert key_in({}, None, None) is None


@pytest.mark.parametrize(
    "header",
    [
        "", "Basic", "Basic ", "Basic %%%", "Basic ÄÖ", "Basic YWJjMTIzOg==x", "Basic /////w==", "Basic Og==",
        "Digest abc", "abc123", "Bearer", "Bearer \x00", "Bearer " + "x" * 201, "Basic AAAA",
    ],
)  # fmt: skip
def test_what_could_be_no_key_is_none(header: str) -> None:
    assert key_in({"Authorization": header}, None, None) is None
    assert key_in({"Authorization": header}, "two", None) == "two"


@given(header=st.text(max_size=60) | st.text(max_size=60).map(lambda given: f"Basic {given}"))
def test_no_header_breaks_it(header: str) -> None:
    key = key_in({"Authorization": header}, None, None)
    assert key is None or digest(key)


@pytest.mark.parametrize("body", [None, [], "writeKey", {}, {"writeKey": None}, {"writeKey": 7}, [{"writeKey": "k"}]])
def test_a_body_without_a_key_has_none(body: object) -> None:
    assert key_of(body) is None


def test_a_body_may_have_the_key() -> None:
    assert key_of({"writeKey": "k", "batch": []}) == "k"


def test_of_a_key_its_sha_256_is_kept() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    assert digest("ü") == hashlib.sha256("ü".encode()).hexdigest()


def test_a_new_key_has_the_prefix_that_scanners_know_and_all_the_chance_it_was_given() -> None:
    assert new_key(lambda n: bytes(range(n))) == PREFIX + bytes(range(24)).hex()
    keys = {new_key(secrets.token_bytes) for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch("clg_live_[0-9a-f]{48}", key) for key in keys)
    assert all(key_in({"Authorization": f"Bearer {key}"}, None, None) == key for key in keys)
