"""Serve health and metrics of one role on a loopback port."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeAlias

from typing_extensions import override

from infra.metrics import exposition

#: Problems in words for an operator, by part of the role; empty if the role is ready.
Problems: TypeAlias = Mapping[str, str]


@contextmanager
def serving(port: int, problems: Callable[[], Problems]) -> Iterator[int]:
    """Serve ``/healthz``, ``/readyz`` and ``/metrics`` until exit; give the port.

    Args:
        port: The port of 127.0.0.1; 0 takes a free one.
        problems: Called at every ``/readyz``, from another thread.

    Raises:
        OSError: The port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path:
                case "/healthz":
                    self._send(HTTPStatus.OK, b'{"status":"ok"}\n')
                case "/readyz":
                    found = problems()
                    status = HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK
                    body = {"status": "not ready" if found else "ready", "problems": dict(found)}
                    self._send(status, json.dumps(body).encode() + b"\n")
                case "/metrics":
                    self._send(HTTPStatus.OK, exposition(), "text/plain; version=0.0.4")
                case _:
                    self._send(HTTPStatus.NOT_FOUND, b'{"status":"not found"}\n')

        def _send(
            self, status: HTTPStatus, body: bytes, content_type: str = "application/json"
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Log nothing, because probes come every few seconds."""

    class Server(ThreadingHTTPServer):
        @override
        def handle_error(self, request: object, client_address: object) -> None:
            """Log nothing if a probe closes its connection before it has its answer."""

    server = Server(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
