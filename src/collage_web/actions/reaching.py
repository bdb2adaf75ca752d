"""An address outside is told something: where it leads is looked at first, and there alone we go.

Whoever may name an address could have the server speak to machines that only it can reach: its own, those beside it,
the one that hands out the cloud's keys. So a name is resolved once, every address behind it must be one that anybody
in the world could reach, and the connection goes to the very address that was looked at. Nothing else decides where it
goes: no answer that points elsewhere, no proxy of the environment.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from django.utils.translation import gettext as _

from collage.errors import CollageError

__all__ = ["TOTAL_S", "Address", "AddressError", "Answer", "Resolve", "address", "allowed", "tell"]

TOTAL_S: Final = 10.0  # from the first look at the name to the status of the answer
_PORTS: Final = {"https": 443, "http": 80}
_LONGEST: Final = 500
_MOST_ADDRESSES: Final = 4  # of one name are tried
_NUMBERS: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)  # the last part of what is no name
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_SAFE: Final = "/%:@!$&()*+,;=~-._?[]"  # in a path or a query, beside letters and digits
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_WORLD: Final = ipaddress.ip_network("2000::/3")
_ELSEWHERE: Final = tuple(
    ipaddress.ip_network(each)
    for each in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")  # protocols, an abandoned relay, documentation
)
_ISATAP: Final = (0x00005EFE, 0x02005EFE)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]


class AddressError(CollageError):
    """An address cannot be told anything."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to go: `host` as it is resolved and as its certificate has it, `target` as the request has it."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Return the host and, where it is not the usual one, the port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of telling: the status of an answer, or 0 and one word for what prevented it.

    The word is one of address, name, private, refused, silent, tls, broken.
    """

    status: int
    problem: str = ""


class _Private(Exception):  # noqa: N818  # named for what was found
    """A name leads to where nobody outside could go."""


def address(url: str, *, private: bool) -> Address:
    """Return where an address leads, by its writing alone.

    Parameters
    ----------
    url
        ``https://host[:port]/path?query``.
    private
        Whether machines of one's own network may be told, and http will do.

    Raises
    ------
    AddressError
        When it is written in a way that could be read in two, or leads nowhere.
    """
    asked = "tell an address"
    parts, host, port = _parts(url, asked)
    if parts.scheme not in (_PORTS if private else ("https",)):
        raise AddressError(asked, _("one that does not begin with https://"), _("give one that does"))
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise AddressError(asked, _("one with a name or a password in it"), _("put what it needs into the path"))
    if parts.fragment or url.endswith("#"):
        raise AddressError(asked, _("one with #"), _("leave it and what follows away"))
    literal = _literal(host)
    if literal is not None and not allowed(literal, private=private):
        raise AddressError(asked, _("a machine that only this server can reach"), _("give one that anybody can reach"))
    path, query = quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=_SAFE)
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], f"{path}?{query}" if query else path)


def _parts(url: str, asked: str) -> tuple[SplitResult, str, int | None]:
    """Return an address in its parts, its host as it is resolved, and the port that it names."""
    if len(url) > _LONGEST or not url.isprintable() or any(each in url for each in " \\<>\"'`{}|^"):
        raise AddressError(asked, _("one that is too long, or with characters that no address has"), _("correct it"))
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _host(parts)
    except ValueError as error:
        raise AddressError(asked, _("one that cannot be read"), _("write it like https://example.org/path")) from error
    if port == 0 or not host or parts.netloc.endswith(":"):
        raise AddressError(
            asked, _("one without a host, or with a port that is none"), _("write the host and its port")
        )
    return parts, host, port


def _host(parts: SplitResult) -> str:
    """Return the host in lower case, a name in the letters of the name system; ValueError where it is none."""
    host = parts.hostname or ""
    if ":" in host:
        return str(ipaddress.IPv6Address(host)) if "%" not in host else ""
    host = host.removesuffix(".").encode("idna").decode().lower() if host else ""
    labels = host.split(".")
    if not host or any(not _LABEL.fullmatch(each) for each in labels):
        raise ValueError(host)
    if _NUMBERS.fullmatch(labels[-1]):  # no name ends so: it is an address, and those have one writing
        return str(ipaddress.IPv4Address(host))
    return host


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def allowed(found: IPAddress, *, private: bool) -> bool:
    """Return whether a machine may be spoken to.

    Parameters
    ----------
    found
        Its address.
    private
        Whether those of one's own network may. What is nobody's, everybody's or this link's alone may never.
    """
    each = _within(found)
    if (
        each.is_multicast
        or each.is_unspecified
        or each.is_link_local
        or each == ipaddress.IPv4Address("255.255.255.255")
    ):
        return False
    if private:
        return True
    if isinstance(each, ipaddress.IPv6Address) and each not in _WORLD:
        return False
    return (
        each.is_global
        and not each.is_reserved
        and not any(each in net for net in _ELSEWHERE if net.version == each.version)
    )


def _within(found: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address carries to another network; any other as it is."""
    if isinstance(found, ipaddress.IPv4Address):
        return found
    number = int(found)
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found.sixtofour is not None:
        return found.sixtofour
    if found.teredo is not None:  # a relay of nobody's: never where it says
        return ipaddress.IPv4Address(0)
    if found in _NAT64 or (number >> 32 & 0xFFFFFFFF) in _ISATAP:
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return found


# what prevented it, in a word; the first that fits
_WORDS: Final[Sequence[tuple[type[BaseException], str]]] = (
    (AddressError, "address"),
    (_Private, "private"),
    (socket.gaierror, "name"),
    (UnicodeError, "name"),
    (TimeoutError, "silent"),
    (ssl.SSLError, "tls"),
    (OSError, "refused"),
    (Exception, "broken"),
)


def _resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses behind a name, as the machine resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(each[4][0]) for each in found]


def tell(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    private: bool,
    resolve: Resolve = _resolved,
    total_s: float = TOTAL_S,
) -> Answer:
    """Post something to an address, and return the status that it answers with; no more of the answer is read.

    Parameters
    ----------
    url
        Where.
    headers
        Beside those that every request has.
    body
        What.
    private
        As `address` takes it.
    resolve
        Returns the addresses behind a host and port; OSError where there are none.
    total_s
        So long may all of it take; only the resolver of the machine has a patience of its own.
    """
    until = time.monotonic() + total_s
    try:
        where = address(url, private=private)
        connection = _connected(where, _looked_at(where, resolve, private=private), until)
        with connection:
            return Answer(_status(connection, _request(where, headers, body), until))
    except (AddressError, _Private, OSError, UnicodeError, http.client.HTTPException) as error:
        return Answer(0, next(word for kind, word in _WORDS if isinstance(error, kind)))


def _looked_at(where: Address, resolve: Resolve, *, private: bool) -> list[IPAddress]:
    """Return the addresses behind a host, when we may go to every single one of them."""
    found = [ipaddress.ip_address(each) for each in dict.fromkeys(resolve(where.host, where.port)) if "%" not in each]
    if not found or not all(allowed(each, private=private) for each in found):
        raise _Private
    return found[:_MOST_ADDRESSES]


def _connected(where: Address, found: Sequence[IPAddress], until: float) -> socket.socket:
    """Connect to the first of the addresses that answers."""
    last: OSError = TimeoutError()
    for each in found:
        family = socket.AF_INET if each.version == 4 else socket.AF_INET6  # noqa: PLR2004  # the version of the protocol
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.settimeout(_left(until))
            raw.connect((str(each), where.port))
            return _secured(raw, where, until)
        except ssl.SSLError:
            raw.close()
            raise
        except OSError as error:
            raw.close()
            last = error
    raise last


def _secured(raw: socket.socket, where: Address, until: float) -> socket.socket:
    if where.scheme != "https":
        return raw
    made = _trusting().wrap_socket(raw, server_hostname=where.host, do_handshake_on_connect=False)
    try:
        made.settimeout(_left(until))
        made.do_handshake()  # its timeout is that of the whole of it
    except OSError:
        made.close()
        raise
    return made


@cache
def _trusting() -> ssl.SSLContext:
    """Return whom the machine trusts: the certificate must be good, and be the host's."""
    return ssl.create_default_context()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _request(where: Address, headers: Mapping[str, str], body: bytes) -> bytes:
    every = {
        "Host": where.authority,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "Collage",
        "Connection": "close",
        **headers,
    }
    lines = [f"POST {where.target} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items()), "", ""]
    return "\r\n".join(lines).encode("ascii") + body


class _Patient(io.RawIOBase):
    """What arrives on a connection until a moment, however slowly it comes."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection, self._until = connection, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._until))
        return self._connection.recv_into(buffer)

    def makefile(self, _: str) -> io.BufferedReader:
        """Return it as `http.client` asks a socket for it."""
        return io.BufferedReader(self)


def _status(connection: socket.socket, request: bytes, until: float) -> int:
    connection.settimeout(_left(until))
    connection.sendall(request)
    response = http.client.HTTPResponse(_Patient(connection, until), method="POST")  # type: ignore[arg-type]  # it needs no more of a socket
    response.begin()
    return response.status
