"""The one way to write an identifier: mail addresses and phone numbers in their normal form.

What is in normal form already is told by regular expressions, which the engines, Arrow and Python read alike; only
the rest goes through Python.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

__all__ = ["are_irregular", "in_normal_form", "irregular", "normalised"]

_MAIL, _PHONE, _SCHEME = "email", "phone", "mailto:"
# Something that normalising may change: in a mail address a capital, a blank, a colon (mailto:) or what is not ASCII,
# in a phone number all but + and digits, anywhere a character that is not printed or not ASCII, a blank at either end.
# No backslash (Spark's SQL has its own use for it), and no $ beside what may be a line's end (Java's stands before it).
_ODD = "^email:.*[^!-9;-@^-~]|^phone:.*[^+0-9]|[^ -~]|^[^:]*: | $"
# E.164: + and seven to fifteen digits (ITU-T E.164, 11/2010, 6.2), a country's code before them, and after it no zero
# but in Italy: elsewhere that is most often the zero with which the number is dialled from within the country.
_E164 = (
    "^phone:[+]([17][1-9][0-9]{5,13}|39[0-9]{5,13}"
    "|(2[07]|3[0-46]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])[1-9][0-9]{4,12}"
    "|(2[1-689]|3[578]|42|5[09]|6[7-9]|8[0578]|9[679])[0-9][1-9][0-9]{3,11})$"
)
_ASCII_MAIL = "^email:[!-9;-~]+$"
_IS_ODD, _IS_E164 = re.compile(_ODD), re.compile(_E164)
_TURNS, _NUMBERS = 5, 2**16  # rewritings of one text at most; phone numbers remembered


def normalised(identifier: str, *, region: str | None = None) -> str:
    """Return an identifier as it is written when nothing about its writing is left to chance.

    Parameters
    ----------
    identifier
        ``namespace:value``, the namespace in lower case. ``email:`` is stripped, put into NFKC and lower case, and
        loses a leading ``mailto:``. ``phone:`` becomes E.164 (``+4930123456``): what begins with ``+`` or ``00`` is
        international, everything else is read as dialled within `region`. An extension is kept, as ``;ext=56``, for it
        tells two people of one company apart. All others are stripped and put into NFC.
    region
        Two letters (ISO 3166-1), such as ``DE``; None: a number without ``+`` or ``00`` stays as it is.

    Returns
    -------
    str
        Unchanged by a second time, with the same region or none. A phone number that cannot be read or has not the
        length of one is only stripped; what has no value behind its namespace stays as it is.
    """
    if not _is_irregular(identifier):
        return identifier
    namespace, _, value = identifier.partition(":")
    value = value.strip()
    if namespace == _PHONE:
        value = _phone(value, region)
    elif namespace == _MAIL:
        value = _settled(_mail, value)
    else:
        value = unicodedata.normalize("NFC", value).strip()
    return f"{namespace}:{value}" if value else identifier


def irregular(identifier: ir.StringValue) -> ir.BooleanValue:
    """Return whether `normalised` may change an identifier, asked of an engine.

    Parameters
    ----------
    identifier
        Identifiers.

    Returns
    -------
    BooleanValue
        False: it is in normal form. True: it has to be looked at.
    """
    phone = identifier.startswith(f"{_PHONE}:")
    return identifier.re_search(_ODD) | (phone & ~identifier.re_search(_E164))


def are_irregular(identifiers: pa.Array) -> pa.BooleanArray:
    """Return the same as `irregular`, asked of Arrow.

    Parameters
    ----------
    identifiers
        Texts, none of them null.

    Returns
    -------
    BooleanArray
        As long as `identifiers`.
    """
    phone = pc.starts_with(identifiers, f"{_PHONE}:")
    other = pc.invert(pc.match_substring_regex(identifiers, _E164))
    return pc.or_(pc.match_substring_regex(identifiers, _ODD), pc.and_(phone, other))


def in_normal_form(identifier: ir.StringValue, *, region: str | None = None) -> ir.StringValue:
    """Return identifiers normalised, within a query (DuckDB).

    Parameters
    ----------
    identifier
        Identifiers, or what is to become some; null stays null.
    region
        As `normalised` takes it.

    Returns
    -------
    StringValue
        As `normalised` gives them. Only what is irregular leaves the engine, and of that not the mail addresses whose
        capitals are all there is to mend.
    """
    return ibis.cases(
        (~irregular(identifier), identifier),
        (identifier.re_search(_ASCII_MAIL), identifier.lower()),
        else_=_in_python(region)(identifier),
    )


@cache
def _in_python(region: str | None) -> Callable[[ir.StringValue], ir.StringValue]:
    """Return `normalised` as a function of the engine; one for each region, under a name of its own."""

    def one(identifier: str) -> str:
        return normalised(identifier, region=region)

    made: Any = ibis.udf.scalar.python(one, name=f"collage_normalised_{region or 'anywhere'}".lower())
    return made  # type: ignore[no-any-return]  # Ibis publishes no types


def _is_irregular(identifier: str) -> bool:
    if _IS_ODD.search(identifier):
        return True
    return identifier.startswith(f"{_PHONE}:") and not _IS_E164.search(identifier)


def _settled(step: Callable[[str], str], value: str) -> str:
    """Return what a step makes of a value when it is taken until nothing changes; the value where that never comes."""
    last = value
    for _ in range(_TURNS):
        last, before = step(last), last
        if last == before:
            return last
    return value


def _mail(value: str) -> str:
    return unicodedata.normalize("NFKC", value).lower().strip().removeprefix(_SCHEME)


@lru_cache(_NUMBERS)
def _phone(value: str, region: str | None) -> str:
    return _settled(lambda text: _dialled(text, region), value)


def _dialled(value: str, region: str | None) -> str:
    """Return a phone number as E.164, the same where it is none."""
    if _IS_E164.search(f"{_PHONE}:{value}"):
        return value
    number = _number(value, region)
    if number is None and value.startswith("00"):
        number = _number(f"+{value[2:]}", None)
    if number is None:
        return value
    import phonenumbers  # noqa: PLC0415  # a sixth of a second, for numbers that are not in normal form alone

    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else plain


def _number(value: str, region: str | None) -> PhoneNumber | None:
    """Return what a text dials, None where it cannot be read or has not the length of a whole number."""
    import phonenumbers  # noqa: PLC0415  # as above

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    # a number that is whole only within its town would be another's in the next town
    whole = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    return number if whole else None
