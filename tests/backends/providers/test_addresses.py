"""Which addresses are public, and that a checked one is the one that is connected to."""

from __future__ import annotations

import datetime
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from synth.backends.providers.addresses import is_public, vetted
from synth.backends.providers.secret import Token
from synth.backends.providers.watch import Watch
from synth.backends.providers.wire import Wire
from synth.errors import Unavailable

NAME = "clips.example"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("::ffff:8.8.8.8", True),
        ("127.0.0.1", False), ("127.9.9.9", False), ("0.0.0.0", False), ("10.0.0.1", False),
        ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False),
        ("100.64.0.1", False), ("224.0.0.1", False), ("255.255.255.255", False),
        ("::1", False), ("::", False), ("fe80::1%eth0", False), ("fc00::1", False),
        ("ff02::1", False), ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False), ("2002:7f00:1::", False), ("2002:a00:1::", False),
        ("::127.0.0.1", False), ("::a9fe:a9fe", False), ("64:ff9b:1::a00:1", False),
        ("fec0::1", False), ("::ffff:0:a9fe:a9fe", False), ("64:ff9b::808:808", True),
        ("not an address", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) == public


def test_every_address_of_a_name_must_be_public() -> None:
    def look_up(*addresses: str) -> object:
        return lambda _host, _port: addresses

    good = vetted(f"https://{NAME}/a", "x", look_up=look_up("8.8.8.8", "8.8.4.4"))  # type: ignore[arg-type]
    assert good.addresses == ("8.8.8.8", "8.8.4.4")
    for addresses in (("8.8.8.8", "10.0.0.1"), ("::1",), ()):
        with pytest.raises(Unavailable, match="private network"):
            vetted(f"https://{NAME}/a", "x", look_up=look_up(*addresses))  # type: ignore[arg-type]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the name that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


def test_a_checked_address_is_the_one_that_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up once; certificate and Host header are still those of the name."""
    public, private = certificate(tmp_path)
    hosts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["host"])
            assert "authorization" not in self.headers
            self.send_response(200)
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"clip")

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(public, private)
    server.socket = inside.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    port = server.server_address[1]
    trusting = ssl.create_default_context(cafile=str(public))
    monkeypatch.setattr(httpx2, "create_ssl_context", lambda: trusting)
    # For once, this machine's own address counts as a public one.
    monkeypatch.setattr("synth.backends.providers.addresses.is_public", lambda _: True)
    asked: list[str] = []

    def look_up(host: str, _: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",)

    token = Token("hf_never_sent_to_a_stranger")
    with Wire("fal-ai", token, Watch(), look_up=look_up) as wire:
        wire.fetch(
            f"https://{NAME}:{port}/a", tmp_path / "a", most=10, report=lambda _done, _all: None
        )
        assert (tmp_path / "a").read_bytes() == b"clip"
        assert (asked, hosts) == ([NAME], [f"{NAME}:{port}"])
        # Another name at the same place has no right to that certificate.
        with pytest.raises(Unavailable, match="cannot be reached"):
            wire.fetch(
                f"https://other.example:{port}/a", tmp_path / "b", most=10,
                report=lambda _done, _all: None,
            )  # fmt: skip
    server.shutdown()
    server.server_close()
