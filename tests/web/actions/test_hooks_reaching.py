"""Where webhooks may lead: whatever address somebody names, no machine that only the server can reach is spoken to."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from collage_web.actions import reaching
from collage_web.actions.reaching import AddressError, Answer, address, allowed, tell

PUBLIC = "93.184.216.34"
PRIVATE = {
    "private-a.example": ["10.0.0.1"], "private-b.example": ["172.16.9.9"], "private-c.example": ["192.168.1.1"],
    "loopback.example": ["127.0.0.1"], "loopback6.example": ["::1"], "metadata.example": ["169.254.169.254"],
    "carrier.example": ["100.64.0.1"], "this.example": ["0.0.0.0"],  # noqa: S104  # nobody listens there
    "mapped.example": ["::ffff:127.0.0.1"],
    "mixed.example": [PUBLIC, "10.0.0.1"], "mixed6.example": [PUBLIC, "::1"], "nat64.example": ["64:ff9b::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::"], "teredo.example": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "unique.example": ["fd00::1"], "link.example": ["fe80::1"], "zone.example": ["fe80::1%eth0"],
    "many.example": ["224.0.0.1"], "broad.example": ["255.255.255.255"], "nothing.example": [],
    "isatap.example": ["2a00:1450::5efe:7f00:1"], "translated.example": ["::ffff:0:7f00:1"],
    "old-relay.example": ["192.88.99.1"], "site.example": ["fec0::1"], "doc.example": ["3fff::1"],
}  # fmt: skip

LITERALS = """
https://127.0.0.1/ https://127.1/ https://127.0.1/ https://2130706433/ https://0x7f000001/ https://0x7f.0.0.1/
https://0177.0.0.1/ https://017700000001/ https://0x7f.1/ https://00000177.0.0.1/ https://127.0.0.1:22/ https://0/
https://0.0.0.0/ https://0.0.0.0:6379/ https://127.255.255.254/ https://localhost/ https://localhost./
https://LOCALHOST/ https://127.0.0.1./ https://10.0.0.1/ https://10.1/ https://172.16.0.1/ https://172.31.255.255/
https://192.168.0.1/ https://192.168.257/ https://169.254.169.254/latest/meta-data/ https://169.254.169.254./
https://2852039166/ https://0xa9fea9fe/ https://0xA9.0xFE.0xA9.0xFE/ https://0251.0376.0251.0376/ https://100.64.0.1/
https://100.100.100.200/ https://198.18.0.1/ https://192.0.2.1/ https://198.51.100.1/ https://203.0.113.1/
https://224.0.0.1/ https://239.255.255.250:1900/ https://240.0.0.1/ https://255.255.255.255/ https://192.0.0.192/
https://192.88.99.1/ https://[::]/ https://[::1]/ https://[0:0:0:0:0:0:0:1]/ https://[::ffff:127.0.0.1]/
https://[::ffff:7f00:1]/ https://[::ffff:169.254.169.254]/ https://[::127.0.0.1]/ https://[::ffff:0:127.0.0.1]/
https://[64:ff9b::127.0.0.1]/ https://[64:ff9b::a9fe:a9fe]/ https://[64:ff9b:1::1]/ https://[2002:7f00:1::]/
https://[2002:a9fe:a9fe::]/ https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/ https://[fe80::1]/ https://[fe80::1%25eth0]/
https://[fc00::1]/ https://[fd00:ec2::254]/ https://[fec0::1]/ https://[ff02::1]/ https://[2001:db8::1]/
https://[3fff::1]/ https://[100::1]/ https://[2a00:1450::5efe:7f00:1]/ https://user@127.0.0.1/
https://example.org@127.0.0.1/ https://example.org:443@127.0.0.1/ https://127.0.0.1@private-a.example/
https://@127.0.0.1/ https://example.org\\@127.0.0.1/ https://127.0.0.1\\@example.org/ https://127.0.0.1#@example.org/
https://127.0.0.1?@example.org/ https://127。0。0。1/ https://①②⑦.⓪.⓪.①/ https://ⓛocalhost/
http://127.0.0.1/ http://example.org/ file:///etc/passwd unix:///var/run/docker.sock http+unix://%2Frun%2Fdocker.sock/v1
gopher://127.0.0.1:6379/_FLUSHALL ftp://127.0.0.1/ dict://127.0.0.1:11211/ ldap://127.0.0.1/ //127.0.0.1/ 127.0.0.1
https: https:/// https:127.0.0.1 https:///127.0.0.1/ https://:443/ https://example.org:0/ https://example.org:65536/
https://example.org:-1/ https://example.org:/ https://[::1 https://::1/ https://[127.0.0.1]/ https://%31%32%37.0.0.1/
https://127.0.0.1%00.example.org/ https://.example.org/ https://example..org/ https://-example.org/ javascript:alert(1)
data:text/plain,x https://{private-a.example}/ https://1.1.1.1.1/ https://256.256.256.256/ https://0x/
""".split()  # noqa: SIM905  # a hundred texts are read best without their quotation marks
ODD = [
    "", " ", "https://127.0.0.1/\r\nHost: example.org", "https://exam\tple.org/", " https://127.0.0.1/",
    "https://127.0.0.1 .example.org/", "https://example.org/\x00", "https://" + "a" * 600 + ".example/",
    "https://" + "a" * 64 + ".example/", "\x01https://127.0.0.1/", "https://example.org/#", "https://example.org/#x",
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
]  # fmt: skip
EVERY = [*LITERALS, *ODD, *(f"https://{name}/hook" for name in PRIVATE)]


def resolve(host: str, port: int) -> Sequence[str]:  # noqa: ARG001  # as the machine's own
    """Resolve as the machine does what is an address however written, and names as they are said here."""
    if host in PRIVATE:
        return PRIVATE[host]
    if "localhost" in host:
        return ["127.0.0.1"]
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]  # as the C library reads 127.1, 0x7f.1 and 2130706433
    except OSError:
        pass
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return [PUBLIC]


@dataclass
class Spy:
    """Sees every connection that is tried, and lets none be made."""

    tried: list[Any] = field(default_factory=list)

    def connect(self, _: socket.socket, where: Any) -> None:
        self.tried.append(where)
        raise ConnectionRefusedError


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    seen = Spy()

    class Watched(socket.socket):
        def connect(self, where: Any) -> None:
            seen.connect(self, where)

        def connect_ex(self, where: Any) -> int:
            seen.connect(self, where)
            return 1

    monkeypatch.setattr(socket, "socket", Watched)
    return seen


@pytest.mark.parametrize("url", EVERY)
def test_no_connection_is_made_to_what_only_the_server_can_reach(url: str, spy: Spy) -> None:
    answer = tell(url, {}, b"{}", private=False, resolve=resolve)
    assert spy.tried == []
    assert answer.status == 0
    assert answer.problem in {"address", "private", "name"}


def test_there_are_at_least_eighty_such_addresses_and_all_are_different() -> None:
    assert len(set(EVERY)) == len(EVERY) >= 150


@pytest.mark.parametrize(
    "url", ["https://example.org/hook", f"https://{PUBLIC}:8443/", "https://[2606:4700::1111]/a?b=c"]
)
def test_the_spy_sees_a_connection_where_one_is_allowed(url: str, spy: Spy) -> None:
    assert tell(url, {}, b"{}", private=False, resolve=resolve) == Answer(0, "refused")
    assert len(spy.tried) == 1


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_looked_at(spy: Spy) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:  # noqa: ARG001  # as above
        asked.append(host)
        return next(answers)

    tell("https://rebinding.example/", {}, b"{}", private=False, resolve=rebinding)
    assert asked == ["rebinding.example"]
    assert spy.tried == [(PUBLIC, 443)]
    tell("https://rebinding.example/", {}, b"{}", private=False, resolve=rebinding)
    assert spy.tried == [(PUBLIC, 443)]


def test_proxies_of_the_environment_are_not_asked(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:3128")
    tell("https://example.org/", {}, b"{}", private=False, resolve=resolve)
    assert spy.tried == [(PUBLIC, 443)]


@pytest.mark.parametrize("found", ["169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255"])  # noqa: S104  # nobody listens there
def test_even_where_ones_own_network_may_be_told_links_and_nobodys_addresses_may_not(found: str) -> None:
    assert not allowed(ipaddress.ip_address(found), private=True)
    assert allowed(ipaddress.ip_address("10.0.0.1"), private=True)
    assert allowed(ipaddress.ip_address("::1"), private=True)


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("https://Example.ORG", "example.org", "/"),
        ("https://example.org:8443/a b?c=d e".replace(" ", "%20"), "example.org:8443", "/a%20b?c=d%20e"),
        ("https://bücher.example/straße", "xn--bcher-kva.example", "/stra%C3%9Fe"),
        ("https://example.org./x", "example.org", "/x"),
        ("https://[2606:4700::1111]:444/", "[2606:4700::1111]:444", "/"),
    ],
)
def test_an_address_is_read_in_one_way(url: str, authority: str, target: str) -> None:
    found = address(url, private=False)
    assert (found.authority, found.target) == (authority, target)


def test_what_is_wrong_with_an_address_is_said() -> None:
    with pytest.raises(AddressError) as refused:
        address("https://me:secret@example.org/", private=False)
    assert "password" in refused.value.found
    assert "secret" not in str(refused.value)


# ---- a machine of one's own, which is really spoken to


@dataclass
class Machine:
    """A machine that answers as it is told to, and keeps what it was sent."""

    port: int
    answer: Callable[[socket.socket], None]
    got: list[bytes] = field(default_factory=list)


@pytest.fixture
def machine() -> Iterator[Machine]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Machine(server.getsockname()[1], lambda _: None)

        def serve() -> None:
            while True:
                try:
                    there, _ = server.accept()
                except OSError:
                    return
                with there:
                    there.settimeout(5)
                    try:
                        made.got.append(there.recv(65_536))
                        made.answer(there)
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield made
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def saying(text: bytes) -> Callable[[socket.socket], None]:
    return lambda there: there.sendall(text)


def told(machine: Machine, path: str = "/hook", total_s: float = 5.0) -> Answer:
    return tell(
        f"http://127.0.0.1:{machine.port}{path}", {"webhook-id": "msg_1"}, b'{"type":"test"}', private=True,
        total_s=total_s,
    )  # fmt: skip


def test_what_is_sent_arrives_whole_and_the_status_comes_back(machine: Machine) -> None:
    machine.answer = saying(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert told(machine, "/hook?a=b") == Answer(204)
    (got,) = machine.got
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nwebhook-id: msg_1" in head
    assert f"\r\nContent-Length: {len(body)}".encode() in head
    assert body == b'{"type":"test"}'


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_answer_leads_anywhere_else(machine: Machine, status: int) -> None:
    moved = f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{machine.port}/other\r\nContent-Length: 0\r\n\r\n"
    machine.answer = saying(moved.encode())
    assert told(machine) == Answer(status)
    assert len(machine.got) == 1


@pytest.mark.parametrize(
    ("said", "word"),
    [(b"220 mail.example ESMTP\r\n", "broken"), (b"HTTP/1.1 abc\r\n\r\n", "broken"), (b"", "refused")],
)
def test_what_is_no_answer_is_none(machine: Machine, said: bytes, word: str) -> None:
    machine.answer = saying(said)
    assert told(machine) == Answer(0, word)


def test_who_answers_drop_by_drop_is_left_when_the_time_is_up(machine: Machine) -> None:
    def dripping(there: socket.socket) -> None:
        for each in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000:
            there.sendall(bytes([each]))
            time.sleep(0.02)

    machine.answer = dripping
    began = time.monotonic()
    assert told(machine, total_s=0.3) == Answer(0, "silent")
    assert time.monotonic() - began < 3


def test_who_takes_the_connection_and_says_nothing_is_left_when_the_time_is_up(machine: Machine) -> None:
    machine.answer = lambda there: there.recv(1)  # type: ignore[assignment]  # whatever it gives
    assert told(machine, total_s=0.2) == Answer(0, "silent")


def test_a_body_without_end_is_not_read(machine: Machine) -> None:
    def pouring(there: socket.socket) -> None:
        there.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1_000):
            there.sendall(b"x" * 65_536)

    machine.answer = pouring
    assert told(machine) == Answer(200)


def over_tls(with_key: Path) -> Answer:
    """Speak TLS to a machine of a certificate, as ``hook.example``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(with_key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            there, _ = server.accept()
            try:
                with context.wrap_socket(there, server_side=True) as secured:
                    secured.recv(65_536)
                    secured.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            except OSError:
                there.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        found = tell(
            f"https://hook.example:{port}/", {}, b"{}", private=True, resolve=lambda _host, _port: ["127.0.0.1"]
        )
        thread.join(5)
    return found


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate of a name that signs itself, with its key."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{name}.pem"
    file.write_bytes(made.public_bytes(pem) + private)
    return file


def test_a_certificate_that_nobody_trusts_is_refused(tmp_path: Path) -> None:
    assert over_tls(certificate(tmp_path, "hook.example")) == Answer(0, "tls")


@pytest.mark.parametrize(("name", "answer"), [("hook.example", Answer(200)), ("other.example", Answer(0, "tls"))])
def test_a_certificate_must_be_that_of_the_name_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, answer: Answer
) -> None:
    with_key = certificate(tmp_path, name)
    monkeypatch.setattr(reaching, "_trusting", lambda: ssl.create_default_context(cafile=str(with_key)))
    assert over_tls(with_key) == answer


def test_the_port_of_an_http_address_is_its_own(spy: Spy) -> None:
    tell("http://10.0.0.1/", {}, b"{}", private=True, resolve=resolve)
    assert spy.tried == [("10.0.0.1", 80)]
