"""A hub of a few small repositories, by the protocol of the `huggingface_hub` package."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    repositories: Mapping[str, Mapping[str, bytes]]
    """By name, the files."""
    private: Mapping[str, str] = field(default_factory=dict)
    """By name of a repository, the token that opens it."""
    gated: frozenset[str] = frozenset()
    fetched: list[str] = field(default_factory=list)
    """Files that were sent, as REPOSITORY/NAME."""
    url: str = ""

    @contextmanager
    def served(self) -> Iterator[FakeHub]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self)

            def do_HEAD(self) -> None:
                hub.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = request.path.partition("?")[0].strip("/").split("/")
        is_listing = parts[:2] == ["api", "models"]
        at = parts[2:] if is_listing else parts
        name, rest = "/".join(at[:2]), at[2:]
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if name not in self.repositories or self.private.get(name, token) != token:
            return self._send(request, 401, {"X-Error-Code": "RepoNotFound"})
        if name in self.gated:
            return self._send(request, 403, {"X-Error-Code": "GatedRepo"})
        if rest[1:2] not in ([], ["main"], [COMMIT]):
            return self._send(request, 404, {"X-Error-Code": "RevisionNotFound"})
        files = self.repositories[name]
        if is_listing:
            siblings = [{"rfilename": file} for file in files]
            found = {"id": name, "sha": COMMIT, "siblings": siblings}
            return self._send(request, 200, {}, json.dumps(found).encode())
        file = "/".join(rest[2:])
        if file not in files:
            return self._send(request, 404, {"X-Error-Code": "EntryNotFound"})
        if request.command == "GET":
            self.fetched.append(f"{name}/{file}")
        tag = hashlib.sha256(files[file]).hexdigest()
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{tag}"'}
        return self._send(request, 200, headers, files[file])

    def _send(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body)
