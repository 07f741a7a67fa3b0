"""Serves the page for grading answers to one person on this machine, and stores what they give at once.

Bound to 127.0.0.1; every address begins with a random token; a request that changes anything has to send the token
again in a header, which a stranger's page can't. `grader.commands.manual` starts it.
"""

import hmac
import json
import urllib.parse
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from grader.answers.backend import PAGE_FOLDER, PageBackend
from grader.errors import ManualError, StoreError

TOKEN_HEADER = "X-Grader-Token"  # noqa: S105 - the header's name
_MOST_BYTES = 256 * 1024
_FILES = {"page.js": "text/javascript", "marks.js": "text/javascript", "page.css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class MarkPages(Protocol):
    """Answer with pages for the automatic marks of submissions, and keep what a person gives in their place."""

    def index(self) -> str:
        """Return the page that lists submissions."""

    def submission(self, position: int) -> str:
        """Return the page of one submission. Raises ManualError if there is none."""

    def give(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what was given. Raises ManualError."""


def open_server(backend: PageBackend, *, marks: MarkPages | None = None, port: int = 0) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 that is ready for `serve_forever`; port 0 takes a free one.

    `marks` are the pages for automatic marks, None where there are none.
    """

    class Handler(_Handler):
        """Answer the requests of one page."""

    Handler.backend, Handler.marks = backend, marks
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise ManualError(
            f"Port {port} of 127.0.0.1 can't be used: {error.strerror}.", remedy="Name another with --port."
        ) from error


class _Handler(BaseHTTPRequestHandler):
    """Check where a request comes from before anything else looks at it."""

    backend: PageBackend
    marks: MarkPages | None
    protocol_version = "HTTP/1.1"
    server_version = "grader"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        """Answer with a page or a file of it."""
        path = self._trusted_path()
        if path is None:
            return
        address = urllib.parse.urlsplit(path)
        wanted = dict(urllib.parse.parse_qsl(address.query))
        if address.path == "":
            self._answer(lambda: self.backend.index())
        elif address.path in _FILES:
            self._send(HTTPStatus.OK, (PAGE_FOLDER / address.path).read_bytes(), kind=_FILES[address.path])
        elif self.marks is not None and address.path == "marks":
            self._answer(self.marks.index)
        elif self.marks is not None and _is_numbered(address.path, "m/"):
            marks = self.marks
            self._answer(lambda: marks.submission(int(address.path[2:])))
        elif address.path.startswith("picture/"):
            self._show(address.path.removeprefix("picture/"))
        elif _is_numbered(address.path, "q/"):
            position, has_names = int(address.path[2:]), wanted.get("names") == "shown"
            self._answer(lambda: self.backend.question(position, order=wanted.get("order", ""), has_names=has_names))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such page.")

    def do_POST(self) -> None:
        """Store what the page sends."""
        path = self._trusted_path()
        if path is None:
            return
        given = self.headers.get(TOKEN_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self.backend.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "The token is missing.")
            return
        actions = {
            "give": self.backend.give,
            "zero": self.backend.give_zero,
            "undo": self.backend.undo,
            "remarks": self.backend.keep_remarks,
        }
        actions |= {"override": self.marks.give} if self.marks is not None else {}
        action = actions.get(path)
        length = self.headers.get("Content-Length", "")
        if action is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such action.")
        elif not length.isdecimal() or int(length[:9]) > _MOST_BYTES or len(length) > 9:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {_MOST_BYTES} bytes.")
        else:
            self._act(action, self.rfile.read(int(length)))

    def _trusted_path(self) -> str | None:
        """Return the path behind the token; refuse another host's name (DNS rebinding), origin or token."""
        port = self.connection.getsockname()[1]
        hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        origin = self.headers.get("Origin")
        if self.headers.get_all("Host", []) not in [[host] for host in hosts]:
            self._refuse(HTTPStatus.FORBIDDEN, "This host's name is not known here.")
        elif origin is not None and origin not in [f"http://{host}" for host in hosts]:
            self._refuse(HTTPStatus.FORBIDDEN, "This page comes from elsewhere.")
        else:
            token, slash, rest = self.path.removeprefix("/").partition("/")
            if slash and hmac.compare_digest(token.encode("utf-8", "replace"), self.backend.token.encode()):
                return rest
            self._refuse(HTTPStatus.NOT_FOUND, "The address needs the token that `grader manual` printed.")
        return None

    def _act(self, action: Callable[[Mapping[str, Any]], dict[str, Any]], body: bytes) -> None:
        try:
            sent = json.loads(body)
            if not isinstance(sent, dict):
                raise ManualError("What was sent is not an object.")
            reply = action(sent)
        except (ValueError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST, "What was sent is not JSON.")
        except ManualError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except StoreError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self._send(HTTPStatus.OK, json.dumps(reply).encode(), kind="application/json")

    def _answer(self, page: Callable[[], str]) -> None:
        try:
            text = page()
        except ManualError as error:
            self._refuse(HTTPStatus.NOT_FOUND, str(error))
        except StoreError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self._send(HTTPStatus.OK, text.encode("utf-8", "replace"), kind="text/html")

    def _show(self, digest: str) -> None:
        """Answer with a picture, which was checked before it was stored."""
        try:
            content = self.backend.picture(digest)
        except ManualError as error:
            self._refuse(HTTPStatus.NOT_FOUND, str(error))
        except StoreError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self._send(HTTPStatus.OK, content, kind="image/png" if content.startswith(b"\x89PNG") else "image/jpeg")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self.close_connection = True
        self._send(status, json.dumps({"error": message}).encode(), kind="application/json")

    def _send(self, status: HTTPStatus, body: bytes, *, kind: str) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind if kind.startswith("image/") else f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_arguments: object) -> None:
        """Keep the terminal quiet."""


def _is_numbered(path: str, kind: str) -> bool:
    """Tell whether a path names one page of a kind by its number."""
    return path.startswith(kind) and path[2:].isdecimal() and path[2:].isascii() and len(path) < 9
