"""The report by e-mail, through a real SMTP server on loopback: plain, with login, with STARTTLS and TLS, and when it fails."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import duckdb
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from etl.errors import ReportError
from etl.settings import Mail, Settings
from reports.mail import send
from reports.render import Rendered, ReportRequest, render
from tests import warehouse_fixture

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)
PASSWORD = "correct horse"


class Inbox:
    """What a server took, and whom it refuses."""

    def __init__(self, refuse: str = "") -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.tls: list[bool] = []
        self.refuse = refuse

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse and self.refuse in address:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.messages.append(email.message_from_bytes(content, policy=email.policy.default))
        self.recipients.append(list(envelope.rcpt_tos))
        self.tls.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 taken"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_login(server: Any, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    is_right = data.login == b"reporter" and data.password == PASSWORD.encode()
    return AuthResult(success=is_right, handled=is_right)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate of localhost, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home")
    warehouse_fixture.build(path)
    return path


@pytest.fixture(scope="module")
def rendered(home: Path) -> list[Rendered]:
    settings = warehouse_fixture.settings(home, per_source=False)
    return render(settings, ReportRequest(FIRST, LAST, None, ("pdf", "csv"), home / "out"))


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    """A plain server."""
    yield from serving(Inbox())


def serving(box: Inbox, **options: Any) -> Iterator[tuple[Inbox, int]]:
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


def configured(home: Path, port: int, **mail: Any) -> Settings:
    values = {"host": "127.0.0.1", "port": port, "sender": "Cloud Discovery <report@example.com>"}
    to = {"recipients": ("security@example.com", "it@example.org")}
    return warehouse_fixture.settings(home, mail=Mail(**(values | to | mail)))


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_mail_arrives(home: Path, rendered: list[Rendered], inbox: tuple[Inbox, int]) -> None:
    """Both recipients get one message: a text, its HTML twin and the PDF, byte for byte; nothing of it was sent twice."""
    box, port = inbox
    sent = send(configured(home, port), rendered)
    [message] = box.messages
    assert sent.recipients == ("security@example.com", "it@example.org") and box.recipients == [list(sent.recipients)]
    assert str(message["From"]) == "Cloud Discovery <report@example.com>"
    assert message["Subject"] == "Cloud Discovery: Contoso Harbour Logistics, 13 – 19 Nov 2026"
    assert message["Date"] and message["Message-ID"]
    [attached] = list(message.iter_attachments())
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_filename() == "cloud-discovery-2026-11-13-2026-11-19.pdf"
    assert attached.get_content() == rendered[0].path.read_bytes()


def test_both_bodies_say_the_same(home: Path, rendered: list[Rendered], inbox: tuple[Inbox, int]) -> None:
    """Text and HTML hold the key figures and the findings; the HTML asks for nothing from outside and runs nothing."""
    box, port = inbox
    send(configured(home, port), rendered)
    text, html = part(box.messages[0], "plain"), part(box.messages[0], "html")
    for body in (text, html):
        assert "dan.levi on lap-0003 uploaded 4.7 GB to MEGA" in body
        assert f"{rendered[0].numbers['devices']:,}" in body
    assert "<script" not in html and "http:" not in html and "src=" not in html.replace("&lt;img src=x", "")
    assert all(len(line) < 900 for line in text.splitlines())


def test_hostile_names_stay_text(home: Path, inbox: tuple[Inbox, int], tmp_path: Path) -> None:
    """A user named like markup is escaped in the HTML and plain in the text; a line break in a name starts no header."""
    path = warehouse_fixture.build(tmp_path, devices=5)
    with duckdb.connect(str(path)) as con:
        con.execute(
            "update fct_usage_daily set user_key = '<b>eve</b>' || chr(13) || chr(10) || 'Bcc: x@example.com' where app_id = 'mega'"
        )
    settings = warehouse_fixture.settings(tmp_path, per_source=False)
    request = ReportRequest(
        FIRST, LAST, None, ("pdf",), tmp_path / "out", "Contoso\r\nBcc: everyone@example.com\r\n\r\n<h1>"
    )
    box, port = inbox
    send(configured(tmp_path, port), render(settings, request))
    [message] = box.messages
    assert message["Bcc"] is None and box.recipients == [["security@example.com", "it@example.org"]]
    assert "&lt;b&gt;eve&lt;/b&gt;" in part(message, "html") and "<b>eve" not in part(message, "html")
    assert "<b>eve</b>" in part(message, "plain")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_login(home: Path, rendered: list[Rendered]) -> None:
    """A server that asks for a login gets it; a wrong password is a sentence without the password in it."""
    for box, port in serving(Inbox(), authenticator=check_login, auth_required=True, auth_require_tls=False):
        send(configured(home, port, user="reporter", password=PASSWORD), rendered)
        assert len(box.messages) == 1
        with pytest.raises(
            ReportError, match=r"refused the login of 'reporter'.*CLOUD_DISCOVERY_SMTP_PASSWORD"
        ) as refused:
            send(configured(home, port, user="reporter", password="hunter2 hunter2"), rendered)
        assert "hunter2" not in str(refused.value)
        assert len(box.messages) == 1


def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted(
    home: Path, rendered: list[Rendered], certificate: tuple[Path, Path], security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS and TLS encrypt the message, when the server's certificate is trusted; else nothing is sent."""
    context = server_context(certificate)
    options = {"tls_context": context, "require_starttls": True} if security == "starttls" else {"ssl_context": context}
    for box, port in serving(Inbox(), **options):
        with pytest.raises(ReportError, match="secure connection fail"):
            send(configured(home, port, host="localhost", security=security), rendered)
        assert box.messages == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        send(configured(home, port, host="localhost", security=security), rendered)
        assert box.tls == [True]


def test_no_encryption_where_it_is_asked_for(home: Path, rendered: list[Rendered], inbox: tuple[Inbox, int]) -> None:
    """A server without STARTTLS is refused when the configuration asks for it: no silent fall-back to plain text."""
    box, port = inbox
    with pytest.raises(ReportError, match="does not offer"):
        send(configured(home, port, security="starttls"), rendered)
    assert box.messages == []


def test_refused_recipients(home: Path, rendered: list[Rendered]) -> None:
    """One refused recipient, or all, is told by name."""
    for box, port in serving(Inbox(refuse="it@")):
        with pytest.raises(ReportError, match=r"refused it@example\.org"):
            send(configured(home, port), rendered)
        assert box.recipients == [["security@example.com"]]
    for box, port in serving(Inbox(refuse="@")):
        with pytest.raises(ReportError, match="refused all recipients"):
            send(configured(home, port), rendered)
        assert box.messages == []


def test_no_server(home: Path, rendered: list[Rendered]) -> None:
    """A server that does not answer is told with its address."""
    port = free_port()
    with pytest.raises(ReportError, match=rf"127\.0\.0\.1:{port} cannot be reached"):
        send(configured(home, port), rendered)


@pytest.mark.parametrize(
    "address", ["nobody", "a@example.com\nBcc: b@example.com", "a@example.com, b@example.com", "", "@example.com"]
)
def test_addresses_are_checked(home: Path, rendered: list[Rendered], inbox: tuple[Inbox, int], address: str) -> None:
    """An address that is none, or hides another, is refused before anything is sent."""
    box, port = inbox
    with pytest.raises(ReportError, match=r"\[mail\] recipients"):
        send(configured(home, port, recipients=(address,)), rendered)
    assert box.messages == []


def test_server_without_recipients(home: Path, rendered: list[Rendered]) -> None:
    """A configured server and nobody to write to is a mistake, said so."""
    with pytest.raises(ReportError, match="no recipients"):
        send(configured(home, 25, recipients=()), rendered)


def test_without_a_server_it_is_a_file(home: Path, rendered: list[Rendered]) -> None:
    """Without a mail server the message lies beside the report, complete, and a mail program opens it."""
    sent = send(warehouse_fixture.settings(home), rendered)
    assert sent.path == home / "out" / "report.eml" and str(sent) == str(sent.path)
    message = email.message_from_bytes(sent.path.read_bytes(), policy=email.policy.default)
    assert [piece.get_content_type() for piece in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]


def test_report_without_data(tmp_path: Path) -> None:
    """An empty warehouse makes a friendly mail."""
    warehouse_fixture.empty(tmp_path)
    settings = warehouse_fixture.settings(tmp_path)
    sent = send(settings, render(settings, ReportRequest(FIRST, LAST, None, ("html", "pdf"), tmp_path / "out")))
    assert sent.path is not None
    message = email.message_from_bytes(sent.path.read_bytes(), policy=email.policy.default)
    assert "There is no data in this period yet" in part(message, "plain")
