"""Names are found although they are not written quite so; what is typed is known by its looks."""

from __future__ import annotations

import random
import string

import pytest

from collage.customers import meant, tail
from collage.customers.naming import beginnings, closeness, keys, likeness, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "Mueller"), ("Müller", "Muller"), ("MÜLLER", "müller"), ("Strauß", "Strauss"), ("Łukasz", "Lukasz"),
        ("O’Brien", "O'Brien"), ("O'Brien", "OBrien"), ("Søren", "Soren"), ("José", "Jose\u0301"), ("Goethe", "Göthe"),
    ],
)  # fmt: skip
def test_a_name_has_one_writing(one: str, other: str) -> None:
    assert words(one) == words(other) != []


def test_a_name_is_its_words_without_titles_of_punctuation() -> None:
    assert words(" Meyer-Landrut,  Anna\tB. ") == ["meyer", "landrut", "anna", "b"]
    assert words("王小明") == ["王小明"]
    assert words("— …") == []
    assert len(words(" ".join(string.ascii_lowercase))) == 6
    assert max(map(len, words("x" * 500))) == 40


def wrong(word: str, errors: int, chance: random.Random) -> str:
    """Return a word with typing errors: a letter wrong, too many, too few, two in each other's place."""
    for _ in range(errors):
        at, letter = chance.randrange(len(word)), chance.choice(string.ascii_lowercase)
        word = chance.choice(
            [
                word[:at] + letter + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + word[at + 1 :],
                word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
            ]
        )  # fmt: skip
    return word


@pytest.mark.parametrize(("errors", "least"), [(1, 3), (2, 7)])
def test_a_word_shares_a_key_with_whatever_it_becomes_by_typing_errors(errors: int, least: int) -> None:
    chance = random.Random(errors)
    for _ in range(3_000):
        word = "".join(chance.choices(string.ascii_lowercase, k=chance.randint(least, 14)))
        typed = wrong(word, errors, chance)
        if len(typed) >= least:
            assert keys(word) & keys(typed), (word, typed)
            assert closeness(typed, word) > 0, (word, typed)


def test_words_have_few_keys() -> None:
    assert keys("li") == {"li"}
    assert keys("anna") == {"anna", "nna", "ana", "ann"}
    assert len(keys("schneider")) <= 1 + 8 + 28
    assert beginnings("schneider") == ["sch", "schn", "schne", "schnei", "schneid", "schneide"]
    assert beginnings("li") == []


def test_two_neighbours_in_each_others_place_are_one_error() -> None:
    assert closeness("anan", "anna") == 1 - 1 / 4
    assert closeness("nnaa", "anna") == 0  # two, of four letters
    assert closeness("schn", "schneider") == 0.9
    assert closeness("karl", "anna") == 0


def test_the_order_of_words_does_not_matter_and_the_likelier_comes_first() -> None:
    asked = words("Mueler Ana")
    every = ["Anna Müller", "Anna Maria Müller", "Anne Miller", "Hanna Moeller", "Karl Schmidt"]
    likes = [likeness(asked, words(each)) for each in every]
    assert likes[0] == max(likes)
    assert likes[0] > likes[1] > likes[4] == 0
    assert likeness(words("Anna Müller"), words("Müller, Anna")) == 1
    assert likeness([], words("Anna")) == likeness(words("Anna"), []) == 0


def test_a_word_of_the_name_stands_for_one_word_alone() -> None:
    assert likeness(["anna", "anne"], ["anna"]) == 0.5


@pytest.mark.parametrize(
    ("typed", "region", "is_"),
    [
        ("+49 (30) 123456", None, "phone:+4930123456"), ("0049-30-123456", None, "phone:+4930123456"),
        ("tel:+4930123456", None, "phone:+4930123456"), ("030/123456", "DE", "phone:+4930123456"),
        ("030 123456", None, None), ("Some.One@Example.ORG ", None, "email:some.one@example.org"),
        ("mailto:a@example.org", None, "email:a@example.org"), ("user:4711", None, "user:4711"), ("4711", "DE", None),
        ("Anna Berg", None, None), ("", None, None), ("user:", None, None), ("a@", None, None),
    ],
)  # fmt: skip
def test_what_is_typed_is_known_by_its_looks(typed: str, region: str | None, is_: str | None) -> None:
    assert meant(typed, region=region) == is_


def test_the_end_of_a_number_is_its_last_six_digits() -> None:
    assert tail("phone:+49 30 12-34 56;ext=789") == "123456"
    assert tail("12345") is None
