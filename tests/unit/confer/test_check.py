"""confer check: its catalogue, its command, and what it says where no EHR is at hand."""

import ast
import ipaddress
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import confer.check
from confer.check import report, transport
from confer.check.findings import GROUPS, LEVELS, WHO, Finding, catalogue, found
from confer.check.report import Report
from runtime import clock, outbound_tls
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.outbound import OutboundRules
from tests.support.ports import free_ports
from tests.unit.confer.conftest import Run

SOURCES = Path(confer.check.__file__).parent
PAGE = Path(__file__).resolve().parents[3] / "docs" / "integrate" / "check.md"
_CODE = re.compile(r"([a-z_]+)\.[a-z0-9_]+")


def _codes_in_the_source() -> set[str]:
    texts = {
        node.value
        for path in SOURCES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if (match := _CODE.fullmatch(text)) and match.group(1) in GROUPS}


def test_every_finding_is_used_and_every_code_in_use_is_a_finding() -> None:
    assert _codes_in_the_source() == set(catalogue())


def test_every_finding_has_plain_words_and_a_fix_where_something_is_wrong() -> None:
    for known in catalogue().values():
        assert known.group in GROUPS
        assert known.level in LEVELS
        assert known.who in WHO
        assert known.says.endswith(".")
        assert known.means.endswith(".")
        assert "{" not in known.means + known.fix
        if known.level in ("warn", "fail"):
            assert known.fix.endswith("."), known.code


def test_the_page_explains_every_finding() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [
        known.code
        for known in catalogue().values()
        if f"`{known.code}`" not in page or known.means not in page or known.fix not in page
    ]
    assert missing == []


def test_a_finding_takes_exactly_its_facts_and_cleans_what_a_server_said() -> None:
    with pytest.raises(KeyError):
        found("transport.clock_ok")
    with pytest.raises(KeyError):
        found("transport.tls_ok", host="a", version="b", days=1, more="c")
    odd = found("discovery.relative_endpoints", names="a\nb\x00<c>" + "d" * 500)
    assert "\n" not in odd.says
    assert len(str(odd.facts["names"])) <= 400


def _report(*codes: str) -> Report:
    findings = tuple(Finding(known=catalogue()[code]) for code in codes)
    return Report(issuer="https://e.example", site="", at=clock.now(), seconds=0, findings=findings)


@pytest.mark.parametrize(
    ("codes", "worst", "exit_code"),
    [
        (("discovery.data_needs_token",), "pass", 0),
        (("discovery.data_needs_token", "sign_in.not_asked"), "pass", 0),
        (("pkce.not_announced",), "warn", 1),
        (("pkce.not_announced", "discovery.no_sign_in"), "fail", 8),
        (("discovery.no_sign_in", "registration.secret_missing"), "fail", 3),
    ],
)
def test_the_exit_code_follows_the_worst_finding_and_who_must_act(
    codes: tuple[str, ...], worst: str, exit_code: int
) -> None:
    made = _report(*codes)
    assert (made.worst, made.exit_code) == (worst, exit_code)


def test_the_page_of_a_report_escapes_what_a_server_said_and_asks_nothing_of_the_outside() -> None:
    hostile = found("discovery.foreign_endpoint", name="<script>", origin="https://x.example")
    made = Report(
        issuer="https://e.example/<b>", site="", at=clock.now(), seconds=0, findings=(hostile,)
    )
    page = report.html(made).decode()
    assert "<script" not in page
    assert "<b>" not in page
    assert not re.search(r'(?:src|href)="https?://', page)


# ---------------------------------------------------------------- the command


def test_an_issuer_that_nobody_registered_is_not_called_unless_its_origin_is_named(
    run: Run,
) -> None:
    port = free_ports(1)[0]
    base = f"http://127.0.0.1:{port}/fhir"
    assert run("check", base).exception.code == "confer.issuer_not_registered"  # type: ignore[union-attr]
    other = run("check", base, "--origin", "https://elsewhere.example")
    assert other.exception.code == "confer.origin_not_named"  # type: ignore[union-attr]
    said = run("check", base, "--origin", f"http://127.0.0.1:{port}", "--json")
    found_codes = {one["code"] for one in json.loads(said.stdout)["findings"]}
    assert "transport.unreachable" in found_codes
    assert said.exit_code == 8


@pytest.mark.parametrize("base", ["file:///etc/passwd", "http://ehr.example/fhir", "no address"])
def test_what_is_no_fhir_base_is_refused(run: Run, base: str) -> None:
    said = run("check", base, "--origin", "http://ehr.example")
    assert said.exception is not None
    assert "confer." in said.exception.code  # type: ignore[attr-defined]


# ---------------------------------------------------------------- clock and TLS


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(30, "clock_ok"), (31, "clock_drifts"), (-120, "clock_drifts"), (121, "clock_off")],
)
def test_clocks_are_compared(seconds: int, code: str) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    date = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    assert transport.clock_finding(date, now=now).code == f"transport.{code}"


def test_a_server_without_a_clock_is_not_blamed() -> None:
    assert transport.clock_finding(None, now=clock.now()).code == "transport.clock_unknown"


def _certificate(folder: Path, *, name: str, days: int) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "127.0.0.1":
        names = [x509.IPAddress(ipaddress.ip_address(name))]
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.{days}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def _tls_server(certificate: Path | None) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _rules(url: str) -> OutboundRules:
    return OutboundRules(allowed_origins={url}, allow_loopback_http=False, connect_seconds=2)


def _look(url: str, *, trusted: Path | None = None) -> outbound_tls.TlsSeen:
    if trusted is None:
        return outbound_tls.look(_rules(url), url, label="test")
    return outbound_tls.look(_rules(url), url, label="test", trusted=str(trusted))


def test_what_is_wrong_with_a_certificate_is_told_apart(tmp_path: Path) -> None:
    good = _certificate(tmp_path, name="127.0.0.1", days=10)
    with _tls_server(good) as url:
        assert _look(url).problem == "self-signed"
        seen = _look(url, trusted=good)
    assert (seen.problem, seen.version) == (None, "TLSv1.3")
    assert seen.ends_at is not None
    assert 8 <= (seen.ends_at - clock.now()).days <= 10
    for name, days, problem in (
        ("127.0.0.1", -1, "expired"),
        ("other.example", 10, "other host name"),
    ):
        certificate = _certificate(tmp_path, name=name, days=days)
        with _tls_server(certificate) as url:
            assert _look(url, trusted=certificate).problem == problem


def test_a_server_without_tls_is_told_from_one_that_is_not_there() -> None:
    with _tls_server(None) as url:
        assert _look(url).problem in ("no TLS at all", "unusable")
    closed = f"https://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(OutboundDown):
        _look(closed)
    with pytest.raises(OutboundForbidden):
        outbound_tls.look(_rules(closed), "https://elsewhere.example", label="test")
