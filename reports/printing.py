"""HTML to PDF in a process of its own: WeasyPrint lays out one report while this process writes the pages of the next.

The printer may fetch nothing but `data:`; every date in the file comes from the data, so the same HTML gives the same bytes.
Run as `python -m reports.printing` it prints what it is given: one JSON object a line on standard input, one line in answer.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from etl.errors import ReportError

STYLE = Path(__file__).parent / "executive" / "document.css"
_LOG = logging.getLogger("weasyprint")


def print_document(html: str, path: Path, identifier: str) -> None:
    """Write the PDF of an HTML document. `identifier` makes two files the same document."""
    from weasyprint import CSS, HTML, urls

    fetcher = urls.URLFetcher(allowed_protocols=["data"])
    style = CSS(string=STYLE.read_text(encoding="utf-8"), url_fetcher=fetcher)
    HTML(string=html, url_fetcher=fetcher).write_pdf(path, stylesheets=[style], pdf_identifier=identifier.encode())


_ahead: list[subprocess.Popen[str]] = []  # processes that wait for a printer


def start_ahead() -> None:
    """Start a process for the next printer, so that it has loaded what it needs. It ends with this one, if none takes it."""
    if not _ahead:
        _ahead.append(_started())


def _started() -> subprocess.Popen[str]:
    # A fresh interpreter instead of a fork: engines and renderers hold threads that do not survive one.
    return subprocess.Popen(
        [sys.executable, "-m", "reports.printing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


class Printer:
    """Prints documents in order, behind the caller's back. Use as a context: on leaving, all of them are written.

    Raises ReportError on leaving when one could not be.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._hand = ThreadPoolExecutor(1, "printer")
        self._printed: list[Future[None]] = []

    def __enter__(self) -> Printer:
        return self

    def start(self) -> subprocess.Popen[str]:
        """Start the process, so that it has loaded what it needs when the first document comes."""
        if self._process is None:
            waiting = _ahead.pop() if _ahead else None
            self._process = waiting if waiting and waiting.poll() is None else _started()
        return self._process

    def print(self, html: str, path: Path, identifier: str) -> None:
        """Have a document printed to `path`; returns at once."""
        process = self.start()
        job = json.dumps({"html": html, "path": str(path.absolute()), "identifier": identifier})
        self._printed.append(self._hand.submit(self._ask, process, job, path))

    @staticmethod
    def _ask(process: subprocess.Popen[str], job: str, path: Path) -> None:
        assert process.stdin and process.stdout  # noqa: S101 - opened as pipes
        try:
            process.stdin.write(job + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline() or "{}")
        except OSError:
            answer = {}
        for warning in answer.get("warnings", ()):
            _LOG.warning("%s", warning)
        if not answer.get("is_printed"):
            found = answer.get("error") or "the printing process ended"
            raise ReportError(f"{path}: cannot be printed ({found}). See cloud-discovery doctor.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            self._hand.shutdown()
            return
        if kind is not None:
            self._process.kill()
        self._hand.shutdown()
        self._process.communicate()
        if kind is None:
            for one in self._printed:
                one.result()


class _Complaints(logging.Handler):
    """Collects what WeasyPrint says while it prints."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def main() -> None:
    """Print what comes in; answer each line with what became of it."""
    import weasyprint  # noqa: F401 - while the first document is being put together

    complaints = _Complaints()
    _LOG.handlers, _LOG.propagate = [complaints], False
    for line in sys.stdin:
        job = json.loads(line)
        complaints.said.clear()
        answer: dict[str, object] = {"is_printed": True, "warnings": complaints.said}
        try:
            print_document(job["html"], Path(job["path"]), job["identifier"])
        except Exception as error:
            answer |= {"is_printed": False, "error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    main()
