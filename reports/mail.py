"""Send a report by e-mail: key figures and findings in the text, the PDF attached. Without a mail server: a file."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import ReportError
from etl.settings import Mail, Settings
from reports import wording
from reports.swap import replacing
from reports.templates import fill

if TYPE_CHECKING:
    from reports.render import Rendered

TIMEOUT_SECONDS = 30.0
MOST_FINDINGS = 12
MOST_MATCHES = 20  # of policies; the page Alerts and fct_policy_matches have all
MOST_ATTACHED_BYTES = 20_000_000  # what mail servers commonly take, with room for base64


@dataclass(frozen=True)
class Sent:
    """What became of the mail: sent to `recipients`, or written to `path`."""

    recipients: tuple[str, ...]
    path: Path | None
    subject: str

    def __str__(self) -> str:
        return str(self.path) if self.path else f"mail to {', '.join(self.recipients)}"


def send(settings: Settings, rendered: Sequence[Rendered]) -> Sent:
    """Send the report, or write `report.eml` beside it when no server is configured. Raises ReportError."""
    if not rendered:
        raise ReportError("mail: found no report to send; expected one. Ask for the format pdf, html or csv.")
    mail = settings.mail
    if mail.host and not mail.recipients:
        raise ReportError(
            "mail: found a server and no recipients; expected addresses. Fill [mail] recipients, or empty [mail] host."
        )
    message = compose(settings, rendered)
    subject = str(message["Subject"])
    if not mail.host:
        path = folder_of(rendered) / "report.eml"
        with replacing(path) as temporary:
            temporary.write_bytes(message.as_bytes())
        return Sent((), path, subject)
    _deliver(mail, message)
    return Sent(mail.recipients, None, subject)


def folder_of(rendered: Sequence[Rendered]) -> Path:
    """The report's folder: where its start page, PDF or CSV folder lies."""
    return rendered[0].path.parent


def compose(settings: Settings, rendered: Sequence[Rendered]) -> EmailMessage:
    """The message. Addresses come from the configuration only; no text of a log reaches a header."""
    whole = rendered[0]
    message = EmailMessage()
    message["Subject"] = _one_line(f"Cloud Discovery: {whole.title}, {wording.period(whole.first_day, whole.last_day)}")
    message["From"] = _address(settings.mail.sender, "[mail] sender")
    recipients = [_address(one, "[mail] recipients") for one in settings.mail.recipients]
    message["To"] = ", ".join(recipients) if recipients else "undisclosed-recipients:;"
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=parseaddr(settings.mail.sender)[1].rpartition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    values = _values(rendered)
    message.set_content(fill("letter/letter.txt", **values))
    message.add_alternative(fill("letter/letter.html", **values), subtype="html")
    pdf = next((one for one in rendered if one.format == "pdf"), None)
    if values["is_attached"] and pdf is not None:
        name = f"cloud-discovery-{whole.first_day}-{whole.last_day}.pdf"
        message.add_attachment(pdf.path.read_bytes(), maintype="application", subtype="pdf", filename=name)
    return message


def _values(rendered: Sequence[Rendered]) -> dict[str, Any]:
    whole = rendered[0]
    kinds: dict[str, list[dict[str, Any]]] = {}
    for one in whole.findings:
        kinds.setdefault(one["kind"], []).append(one)
    pdf = next((one for one in rendered if one.format == "pdf"), None)
    html = next((one for one in rendered if one.format == "html"), None)
    return {
        "title": whole.title,
        "first_day": whole.first_day,
        "last_day": whole.last_day,
        "numbers": whole.numbers,
        "is_empty": not whole.numbers.get("transactions"),
        "findings": [(found[0], len(found)) for found in kinds.values()][:MOST_FINDINGS],
        "matches": whole.matches[:MOST_MATCHES],
        "more_matches": max(len(whole.matches) - MOST_MATCHES, 0),
        "is_attached": pdf is not None and pdf.path.stat().st_size <= MOST_ATTACHED_BYTES,
        "page": html.path if html else None,
    }


def _one_line(text: str) -> str:
    """A header's text: control characters become blanks, so that no line break can start another header."""
    return "".join(char if char.isprintable() else " " for char in text)[:200]


def _address(text: str, key: str) -> str:
    """An address of the configuration, checked: one `@`, no control character, no second address."""
    name, address = parseaddr(text)
    local, at, domain = address.rpartition("@")
    if (
        not (at and local and domain)
        or not text.isprintable()
        or "," in text
        or any(char.isspace() for char in address)
    ):
        raise ReportError(f"mail: {key}: found {text!r}; expected an address such as security@example.com. Correct it.")
    del name
    return text


def _deliver(mail: Mail, message: EmailMessage) -> None:
    try:
        with _connect(mail) as server:
            if mail.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if mail.user:
                server.login(mail.user, mail.password)
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:  # ssl.SSLError is an OSError
        raise ReportError(
            f"mail: {mail.host}:{mail.port} {_trouble(mail, error)} The report itself is written."
        ) from None
    if refused:
        who = ", ".join(refused)
        raise ReportError(
            f"mail: {mail.host}:{mail.port} took the message but refused {who}. Correct [mail] recipients."
        )


def _trouble(mail: Mail, error: smtplib.SMTPException | OSError) -> str:
    """What went wrong and what to do, as the rest of a sentence that begins with the server's name."""
    match error:
        case smtplib.SMTPAuthenticationError():
            said = _text(error.smtp_error)
            return (
                f"refused the login of {mail.user!r} ({said}). Correct [mail] user and CLOUD_DISCOVERY_SMTP_PASSWORD."
            )
        case smtplib.SMTPRecipientsRefused():
            who = ", ".join(error.recipients)
            return f"refused all recipients ({who}). Correct [mail] recipients, or allow this sender to relay."
        case smtplib.SMTPNotSupportedError():
            return f"does not offer what [mail] asks for ({error}). Correct [mail] security or user."
        case smtplib.SMTPResponseException():
            return f"answered {error.smtp_code} ({_text(error.smtp_error)}). Send again when the server takes it."
        case ssl.SSLError():
            why = error.reason or error
            return f"let the secure connection fail ({why}). Correct [mail] security, or trust its certificate here."
        case _:
            return f"cannot be reached or broke off ({error}). Correct [mail] host and port."


def _connect(mail: Mail) -> smtplib.SMTP:
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_SECONDS)


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
