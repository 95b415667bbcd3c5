"""A real OIDC issuer over HTTP on loopback: discovery, keys that rotate, and signed tokens."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from typing_extensions import override

from infra import clock

AUDIENCE = "caretrail-api"


class Provider:
    """An issuer that answers on loopback; its tokens are signed with its newest key."""

    def __init__(self) -> None:
        self.asked: list[str] = []  # paths, in the order of the requests
        self.keys: list[RSAKey | ECKey] = []
        self.claimed_issuer: str | None = None
        self.rotate()
        provider = self

        class Answers(BaseHTTPRequestHandler):
            @override
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                provider.asked.append(self.path)
                document = provider.document(self.path)
                self.send_response(200 if document is not None else 404)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def document(self, path: str) -> dict[str, Any] | None:
        """Return what the issuer answers at a path; None: nothing."""
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.claimed_issuer or self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
            }
        if path == "/keys":
            public = [{**each.as_dict(private=False), "use": "sig"} for each in self.keys]
            return {"keys": [*public, {"kty": "unknown-kind", "kid": "other"}]}
        return None

    def rotate(self, *, keep: bool = False) -> None:
        """Sign with a new key from now on; the old keys are withdrawn unless they are kept."""
        number = len(self.keys) + len(self.asked)
        key = ECKey.generate_key("P-256", {"kid": f"key-{number}"}, auto_kid=False)
        self.keys = [*(self.keys if keep else []), key]

    def token(self, *, key: Any = None, algorithm: str = "ES256", **claims: object) -> str:
        """Return a signed token: valid, unless a claim is given that makes it invalid."""
        now = int(clock.now().timestamp())
        stated: dict[str, Any] = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "nurse-7",
            "exp": now + 300,
            "iat": now,
            "roles": ["coordinator"],
            **claims,
        }
        stated = {name: value for name, value in stated.items() if value is not None}
        signing = key or self.keys[-1]
        header = {"alg": algorithm, "kid": signing.kid}
        return jwt.encode(header, stated, signing, algorithms=[algorithm])

    def close(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A running issuer."""
    made = Provider()
    yield made
    made.close()
