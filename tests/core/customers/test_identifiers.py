"""The one way to write an identifier, beside published numbers; and that Python, Arrow and the engines agree on it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import ibis
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collage.customers import in_normal_form, normalised
from collage.customers.identifiers import are_irregular, irregular

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FORMATS = phonenumbers.PhoneNumberFormat
# Published numbers: fictitious ones set aside by regulators (Ofcom, BNetzA, FCC, ACMA), the examples of RFC 3966 and
# of libphonenumber's README. Region, as written, E.164.
PUBLISHED = [
    ("GB", "020 7946 0958", "+442079460958"),
    (None, "+44 (0)20 7946 0958", "+442079460958"),
    (None, "+4402079460958", "+442079460958"),
    ("DE", "(0)30 23125 000", "+493023125000"),
    ("DE", "030/23125-000", "+493023125000"),
    (None, "0049 30 23125000", "+493023125000"),
    ("DE", "0049 30 23125000", "+493023125000"),
    ("US", "(202) 555-0123", "+12025550123"),
    ("US", "1-202-555-0123", "+12025550123"),
    ("US", "011 44 20 7946 0958", "+442079460958"),
    ("AU", "0491 570 006", "+61491570006"),
    (None, "tel:+1-201-555-0123", "+12015550123"),
    (None, "tel:+358-555-1234567", "+3585551234567"),
    ("CH", "044 668 18 00", "+41446681800"),
    ("CH", "+44 20 7946 0958", "+442079460958"),
    (None, "+39 06 698 12345", "+390669812345"),
    (None, "+1 800 FLOWERS", "+18003569377"),
    (None, "\uff0b\uff14\uff19 \uff13\uff10 \uff12\uff13\uff11\uff12\uff15\uff10\uff10\uff10", "+493023125000"),
]
AS_THEY_ARE = ["030 23125000", "12345", "anonymous", "+49 1", "+999 1234567", "0000", "+49 30 1234567890123456", "*21#"]
MAILS = {
    " Bob@X.org ": "bob@x.org",
    "mailto:Bob@X.org": "bob@x.org",
    "MAILTO: mailto:bob@x.org": "bob@x.org",
    "\uff22\uff4f\uff42\uff20x.org": "bob@x.org",
    "ﬁona@x.org": "fiona@x.org",
    "JO\u0308RG@x.org": "jörg@x.org",
    "İ@x.org": "i̇@x.org",
    "bob.smith+news@x.org": "bob.smith+news@x.org",
    "ΣΑΣ@x.org": "σας@x.org",
}
OTHERS = {
    "user: 4711\u00a0": "user:4711",
    "user:Ab C": "user:Ab C",
    "anon:A\u0308": "anon:Ä",
    "device:ﬁ": "device:ﬁ",
    "call:0049 30": "call:0049 30",
    "user:email:Bob": "user:email:Bob",
}
EMPTY = ["user:", "user: ", "email:", "email:mailto:", "phone:", "phone: ", "nobody", "", ":", ": "]
REGIONS = st.sampled_from([None, "DE", "US", "IT", "AU", "MX", "AR", "BR", "RU", "CI"])
SEEDED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], phases=[Phase.explicit, Phase.reuse, Phase.generate]
)


def some(seed: int) -> list[str]:
    """Return a thousand identifiers, most of them odd in one way or another."""
    random = Random(seed)
    pieces = "0 00 + +49 +1 (0) - / . ( ) ; ext. ext=7 x 1 12 345 6789 030 15 9 8 ٣ \uff15 A b É e\u0301 İ ﬁ ß Σ @x.org"
    odd = [*pieces.split(), " ", "\u00a0", "\t", "\n", "\u0085", "\u2028", "mailto:", "Mailto:", ":", "\\", "^", "`"]
    odd += ["[", "]", "_", "~", "\x7f", "\u3000"]

    def one() -> str:
        namespace = random.choice(
            ["phone", "phone", "phone", "email", "email", "user", "anon", "e", "phones", "email2"]
        )
        if namespace == "phone" and random.random() < 0.5:
            digits = "".join(random.choices("0123456789", k=random.randint(3, 14)))
            return f"phone:{random.choice(['+', '00', '', '0', '+49', '+1', '+52', '+54'])}{digits}"
        code = random.choice([0x7F, 0xFF, 0x3000, 0xFFFF, 0x10FFFF])
        strange = "".join(c for c in map(chr, random.choices(range(1, code), k=2)) if not "\ud800" <= c <= "\udfff")
        return f"{namespace}:{''.join(random.choices([*odd, strange], k=random.randint(0, 8)))}"

    return [one() for _ in range(1000)]


@pytest.mark.parametrize(("region", "written", "number"), PUBLISHED)
def test_a_published_number_becomes_e164(region: str | None, written: str, number: str) -> None:
    assert normalised(f"phone:{written}", region=region) == f"phone:{number}"


def test_every_example_number_of_the_library_becomes_e164_from_each_of_its_formats() -> None:
    kinds = phonenumbers.PhoneNumberType.values()
    examples = [
        (region, number)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in kinds
        if (number := phonenumbers.example_number_for_type(region, kind)) is not None
        # of which one, Canada's 310-1234, is whole only within its town
        and phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    ]
    assert len(examples) > 1000
    wrong = []
    for region, number in examples:
        whole = phonenumbers.format_number(number, FORMATS.E164)
        ways = [(phonenumbers.format_number(number, FORMATS.NATIONAL), region), (f"00{whole[1:]}", None), (whole, None)]
        ways += [(phonenumbers.format_number(number, how), None) for how in (FORMATS.INTERNATIONAL, FORMATS.RFC3966)]
        wrong += [(w, r, whole) for w, r in ways if normalised(f"phone:{w}", region=r) != f"phone:{whole}"]
    assert wrong == []


def test_a_number_of_every_country_is_seen_to_be_e164_and_a_zero_after_its_code_is_looked_at() -> None:
    codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    assert are_irregular(pa.array([f"phone:+{code}2345678" for code in codes])).to_pylist() == [False] * len(codes)
    zeros = zip(codes, are_irregular(pa.array([f"phone:+{code}02345678" for code in codes])).to_pylist(), strict=True)
    assert [code for code, odd in zeros if not odd] == [39]


@pytest.mark.parametrize("written", AS_THEY_ARE)
def test_what_is_no_whole_number_is_only_stripped(written: str) -> None:
    assert normalised(f"phone: {written} ") == f"phone:{written}"


def test_a_number_that_is_whole_only_within_its_town_stays_as_it_is() -> None:
    assert normalised("phone:555-0123", region="US") == "phone:555-0123"


def test_an_extension_tells_two_people_of_one_company_apart_however_it_is_written() -> None:
    ways = ["+49 30 23125 ext. 56", "+493023125x56", "0049 30 23125 extension 56", "+49 30 23125;ext=56"]
    assert {normalised(f"phone:{way}") for way in ways} == {"phone:+493023125;ext=56"}
    assert normalised("phone:+49 30 23125 ext. 57") != normalised("phone:+49 30 23125 ext. 56")


@pytest.mark.parametrize(("written", "normal"), MAILS.items())
def test_a_mail_address_is_stripped_compatible_and_in_lower_case(written: str, normal: str) -> None:
    assert normalised(f"email:{written}") == f"email:{normal}"


@pytest.mark.parametrize(("written", "normal"), OTHERS.items())
def test_other_identifiers_keep_their_case_and_are_stripped_and_composed(written: str, normal: str) -> None:
    assert normalised(written) == normal


@pytest.mark.parametrize("written", EMPTY)
def test_what_has_no_value_stays_as_it_is(written: str) -> None:
    assert normalised(written) == written


@SEEDED
@given(st.integers(0, 2**32 - 1), REGIONS)
def test_a_second_time_changes_nothing_with_the_region_or_without(seed: int, region: str | None) -> None:
    once = [normalised(identifier, region=region) for identifier in some(seed)]
    assert [normalised(identifier, region=region) for identifier in once] == once
    assert [normalised(identifier) for identifier in once] == once


@SEEDED
@given(st.integers(0, 2**32 - 1), REGIONS)
def test_arrow_and_duckdb_find_irregular_what_python_would_change(duckdb: Any, seed: int, region: str | None) -> None:
    identifiers = sorted(set(some(seed)))
    table = ibis.memtable(pa.table({"identifier": identifiers}))
    asked = table.mutate(odd=irregular(table.identifier), normal=in_normal_form(table.identifier, region=region))
    found = duckdb.to_pyarrow(asked).sort_by("identifier")
    assert found["normal"].to_pylist() == [normalised(each, region=region) for each in found["identifier"].to_pylist()]
    assert found["odd"].to_pylist() == are_irregular(found["identifier"].combine_chunks()).to_pylist()
    regular = [row["identifier"] for row in found.to_pylist() if not row["odd"]]
    assert 10 < len(regular) < len(identifiers) - 100
    assert [each for each in regular if normalised(each, region=region) != each] == []


def test_what_is_not_known_stays_not_known(duckdb: Any) -> None:
    table = ibis.memtable(pa.table({"identifier": pa.array([None, "email:B@x.org"], pa.string())}))
    assert duckdb.to_pyarrow(in_normal_form(table.identifier).name("who")).to_pylist() == [None, "email:b@x.org"]


@pytest.mark.spark
@pytest.mark.slow
def test_spark_finds_irregular_what_arrow_does(spark: SparkSession) -> None:
    identifiers = sorted({each for seed in range(5) for each in some(seed)} | set(MAILS) | set(OTHERS) | set(EMPTY))
    frame = spark.createDataFrame([(each,) for each in identifiers], "identifier string")
    frame.createOrReplaceTempView("written")
    table = ibis.pyspark.connect(spark).table("written")
    found = table.mutate(odd=irregular(table.identifier)).to_pyarrow().sort_by("identifier")
    assert found["odd"].to_pylist() == are_irregular(found["identifier"].combine_chunks()).to_pylist()
    spark.catalog.dropTempView("written")
