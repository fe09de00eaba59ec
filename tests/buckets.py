"""An S3 on this machine (moto) for tests: it counts what is asked, and fails, waits or changes things when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_READING = {"GET", "HEAD"}

Answer = tuple[str, bytes]
Fault = Callable[["Request"], Answer | None]
"""Looks at a request before it is answered; may answer it itself, with a status and a body."""


@dataclass(frozen=True)
class Request:
    """A request: its method, path and header fields, and whether it is signed."""

    method: str
    path: str
    range: str
    payer: str
    is_signed: bool


def slow_down() -> Answer:
    """The answer of a bucket that is asked too much."""
    return "503 Slow Down", _SLOW_DOWN


@dataclass
class Bucket:
    """A bucket: what it holds, what was asked of it, and how it fails."""

    name: str
    endpoint: str
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    cut_after: int = 0
    """With a number, the next answer with more bytes ends after so many."""

    @property
    def client(self) -> Any:
        """boto3's client, as its owner."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="owner",
            aws_secret_access_key="owner",
        )

    def fill(self, files: dict[str, bytes]) -> None:
        """Put objects into it, past the network: thousands in a second."""
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for key, data in files.items():
            backend.put_object(self.name, key, data)

    def put_in_parts(self, key: str, parts: Iterable[bytes]) -> None:
        """Put an object as programs put large ones."""
        client = self.client
        upload = client.create_multipart_upload(Bucket=self.name, Key=key)["UploadId"]
        made = [
            {
                "PartNumber": number,
                "ETag": client.upload_part(Bucket=self.name, Key=key, UploadId=upload, PartNumber=number, Body=data)[
                    "ETag"
                ],
            }
            for number, data in enumerate(parts, 1)
        ]
        client.complete_multipart_upload(Bucket=self.name, Key=key, UploadId=upload, MultipartUpload={"Parts": made})

    def read(self, key: str) -> list[Request]:
        """The GETs of an object, whole or in part."""
        path = f"/{self.name}/{quote(key)}"
        return [one for one in self.asked() if one.method == "GET" and one.path in (path, unquote(path))]

    def asked(self) -> list[Request]:
        """What others than the owner asked."""
        return list(self.requests)

    def forget(self) -> None:
        """Forget the requests and faults so far."""
        self.requests.clear()
        self.faults.clear()

    @property
    def was_only_read(self) -> bool:
        """Whether nobody but the owner asked for anything else than to read."""
        return all(one.method in _READING for one in self.requests)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class S3:
    """The server, in threads of the tests' own process; it ends with it."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._buckets: dict[str, Bucket] = {}
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[S3]:
        """Serve while the block runs."""
        s3 = cls()
        s3._thread.start()
        try:
            yield s3
        finally:
            s3._server.shutdown()
            s3._server.server_close()

    def bucket(self, name: str) -> Bucket:
        """A new bucket."""
        bucket = self._buckets[name] = Bucket(name, self.endpoint)
        bucket.client.create_bucket(Bucket=name)
        return bucket

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        bucket = self._buckets.get(environ["PATH_INFO"].split("/")[1])
        signature = environ.get("HTTP_AUTHORIZATION", "")
        if bucket is None or "Credential=owner/" in signature:
            answer: Iterable[bytes] = self._app(environ, start)
            return answer
        asked = Request(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ.get("HTTP_RANGE", ""),
            environ.get("HTTP_X_AMZ_REQUEST_PAYER", ""),
            bool(signature),
        )
        bucket.requests.append(asked)
        for fault in list(bucket.faults):
            if (told := fault(asked)) is not None:
                status, body = told
                start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
                return [body]
        return self._cut(bucket, self._app(environ, start))

    def _cut(self, bucket: Bucket, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            if bucket.cut_after and len(part) > bucket.cut_after:
                end, bucket.cut_after = bucket.cut_after, 0
                yield part[:end]
                # Fewer bytes than the answer has promised: the connection is closed.
                raise ConnectionResetError
            yield part
