"""A server on 127.0.0.1 that answers as huggingface.co does where it matters to a download, and misbehaves if told to.

Large files of the hub lie with a content network: the hub redirects to it, here to the same server by another name.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REVISION = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "someone/model"


@dataclass
class Hub:
    """What the server holds, does and was asked.

    Attributes:
        files: of REPOSITORY at REVISION, and below ``/plain/``.
        token: the one that opens the repository; None for a public one.
        allowed: whether that token's account has accepted the terms.
        cuts: after how many bytes the next answers break off.
        broken: answer 503 to everything.
        asked: the headers of each request for a file's content.
    """

    files: dict[str, bytes]
    token: str | None = None
    allowed: bool = True
    cuts: list[int] = field(default_factory=list)
    broken: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def refusal(self, path: str, token: str | None) -> tuple[int, str] | None:
        """Status and error code, as the hub gives them, where a request is not answered."""
        if self.broken:
            return 503, ""
        asked = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if asked is None:
            return None if path.rpartition("/")[2] in self.files else (404, "")
        repository, revision, name = asked.groups()
        if repository != REPOSITORY:
            return 401, "RepoNotFound"
        if self.token is not None and token is None:
            return 401, "GatedRepo"
        if self.token is not None and (token != self.token or not self.allowed):
            return 403, "GatedRepo"
        if revision != REVISION:
            return 404, "RevisionNotFound"
        return None if name.rpartition("/")[2] in self.files else (404, "EntryNotFound")


@contextmanager
def serve(files: dict[str, bytes]) -> Iterator[Hub]:
    """A running hub with these files."""
    hub = Hub(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            refusal = hub.refusal(self.path, self._token())
            if refusal is not None:
                self._answer(refusal[0], b"", {"X-Error-Code": refusal[1]})
            elif "/resolve/" in self.path:
                name = self.path.rpartition("/")[2]
                location = f"http://localhost:{hub.port}/content/{name}"
                self._answer(302, b"", {"Location": location, "X-Repo-Commit": REVISION})
            else:
                self._content()

        def _token(self) -> str | None:
            given: str | None = self.headers["Authorization"]
            return given.removeprefix("Bearer ") if given else None

        def _content(self) -> None:
            hub.asked.append(dict(self.headers.items()))
            data = hub.files[self.path.rpartition("/")[2]]
            start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                return self._answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            extra = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
            body = data[start:]
            if not hub.cuts:
                return self._answer(206 if start else 200, body, extra)
            self.send_response(206 if start else 200)
            for name, value in ({"Content-Length": str(len(body))} | extra).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: hub.cuts.pop(0)])
            self.close_connection = True
            return None

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
