"""The bucket, which is only ever listed and read. The one module that speaks S3, by boto3, and its words as sentences.

Credentials, region and endpoint are found as every AWS program finds them. boto3 is imported when a bucket is opened:
it is no part of the project's usual environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata.core import hints
from labdata.core.errors import LabdataError, LeftOutError
from labdata.migration.digests import parts_of
from labdata.migration.model import CHANGED, FAILED, Item, Source
from labdata.migration.patience import Patience

if TYPE_CHECKING:
    from types import ModuleType

CHUNK = 4 * 1024 * 1024
"""Bytes that are read at once, and held for each file on its way."""

_CREDENTIALS = {
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "InvalidToken",
    "TokenRefreshRequired", "AuthorizationHeaderMalformed",
}  # fmt: skip
_SLOW = {"SlowDown", "503", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestLimitExceeded", "429"}
_AGAIN = {"InternalError", "500", "502", "504", "RequestTimeout", "RequestTimeTooSkewed", "OperationAborted"}
_CHANGED = {"PreconditionFailed", "412", "NoSuchKey", "404"}


@dataclass(frozen=True, slots=True)
class Access:
    """How a bucket is spoken to; an empty ``endpoint`` is what the environment names, or AWS."""

    anonymous: bool = False
    requester_pays: bool = False
    endpoint: str = ""

    @property
    def is_aws(self) -> bool:
        """Whether nothing names another S3 than AWS's own."""
        return not (self.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))


class Bucket:
    """The objects below a prefix, listed and read by several threads at once; waits are told by ``say``."""

    def __init__(self, source: Source, access: Access, workers: int, say: Callable[[str], None]) -> None:
        self.source = source
        self._boto = _boto3()
        self._payer = {"RequestPayer": "requester"} if access.requester_pays else {}
        self._patience = Patience(source.url, say)
        self._client = self._opened(access, workers)

    def _opened(self, access: Access, workers: int) -> Any:
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        settings: dict[str, Any] = {
            # Tried again here: within bounds, told, and from where a file broke off.
            "retries": {"mode": "standard", "total_max_attempts": 1},
            "connect_timeout": 10,
            "read_timeout": 30,
            "max_pool_connections": workers + 2,
        }
        if access.anonymous:
            settings["signature_version"] = UNSIGNED
        if not access.is_aws:
            # A name for each bucket is what AWS's own DNS gives; most others have none.
            settings["s3"] = {"addressing_style": "path"}
        try:
            session = self._boto.session.Session()
            # A region is asked for by every signature; AWS says itself where a bucket really is.
            region = session.region_name or "us-east-1"
            return session.client(
                "s3", endpoint_url=access.endpoint or None, region_name=region, config=Config(**settings)
            )
        except (BotoCoreError, ValueError) as error:
            raise LabdataError(
                f"The settings for S3 cannot be used ({_said(error)}). Nothing was done.", hints.S3_CREDENTIALS
            ) from None

    def items(self) -> Iterator[Item]:
        """Give the objects below the prefix in order of their keys; the one of that very name if there are none."""
        prefix = self.source.prefix
        found = False
        for item in self._listed(f"{prefix}/" if prefix else ""):
            found = True
            yield item
        if prefix and not found:
            first = next(self._listed(prefix), None)
            if first and first.key == prefix:
                yield first

    def _listed(self, prefix: str) -> Iterator[Item]:
        more: dict[str, Any] = {}
        while True:
            page = self._call(self._client.list_objects_v2, Prefix=prefix, **more)
            for found in page.get("Contents", ()):
                etag = str(found.get("ETag", "")).strip('"')
                storage = str(found.get("StorageClass") or "STANDARD")
                yield Item(found["Key"], int(found["Size"]), etag, found.get("LastModified"), storage)
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def first(self, item: Item, size: int) -> bytes:
        """Return the first bytes of an object that has some."""
        data: bytes = self._call(
            lambda **one: self._client.get_object(**one)["Body"].read(),
            Key=item.key,
            IfMatch=_quoted(item),
            Range=f"bytes=0-{size - 1}",
        )
        return data

    def part_size(self, item: Item, heard: Callable[[], None]) -> int:
        """Return the size of an object's first part if it was uploaded in parts and the store tells, else 0."""
        if not parts_of(item.etag):
            return 0
        try:
            # Some stores give a part an ETag of its own: that it is the listed object is asked where it is read.
            head = self._call(self._client.head_object, Key=item.key, PartNumber=1, heard=heard)
        except LeftOutError:
            return 0
        return int(head.get("ContentLength") or 0)

    def open(self, item: Item, heard: Callable[[], None]) -> Reading:
        """Return an object to be read; raises ``LeftOutError`` where it is not any more what was listed."""
        answer = self._open_at(item, 0, heard)
        sealed = str(answer.get("ServerSideEncryption") or "")
        is_md5 = not sealed.startswith("aws:kms") and "SSECustomerAlgorithm" not in answer
        return Reading(self._chunks(item, answer["Body"], heard), is_md5)

    def _chunks(self, item: Item, body: Any, heard: Callable[[], None]) -> Iterator[bytes]:
        done = 0
        tries = 0
        while True:
            try:
                for data in body.iter_chunks(CHUNK):
                    done += len(data)
                    tries = 0
                    heard()
                    yield data
                return
            except Exception as error:
                if not _is_broken(error):
                    raise
                tries += 1
                if tries > self._patience.tries:
                    raise self._unreachable(error) from error
                self._patience.wait(tries, heard)
            # From where it broke off, and only if it still is the same object.
            body = self._open_at(item, done, heard)["Body"]

    def _open_at(self, item: Item, start: int, heard: Callable[[], None]) -> Any:
        where = {"Range": f"bytes={start}-"} if start else {}
        return self._call(self._client.get_object, Key=item.key, IfMatch=_quoted(item), heard=heard, **where)

    def _call(self, function: Callable[..., Any], *, heard: Callable[[], None] = lambda: None, **arguments: Any) -> Any:
        """Ask the bucket, patiently where it asks for that; raises ``LeftOutError`` or ``LabdataError``."""
        tries = 0
        while True:
            self._patience.pause(heard)
            try:
                answer = function(Bucket=self.source.bucket, **self._payer, **arguments)
            except Exception as error:
                if _code(error) in _SLOW:
                    # All threads wait, for it is all of them together that are too fast.
                    self._patience.slow_down(heard)
                    continue
                tries += 1
                if tries > self._patience.tries or not (_code(error) in _AGAIN or _is_broken(error)):
                    raise self._explained(error, arguments.get("Key", "")) from error
                self._patience.wait(tries, heard)
            else:
                self._patience.went_well()
                return answer

    def _unreachable(self, error: Exception) -> LabdataError:
        return LabdataError(
            f"{self.source.url} cannot be reached ({_said(error)}). What was moved until here is kept.",
            hints.S3_NETWORK,
        )

    def _explained(self, error: Exception, key: str) -> Exception:
        from botocore.exceptions import (
            ClientError,
            CredentialRetrievalError,
            NoCredentialsError,
            ParamValidationError,
            TokenRetrievalError,
        )

        code = _code(error)
        if (
            isinstance(error, NoCredentialsError | CredentialRetrievalError | TokenRetrievalError)
            or code in _CREDENTIALS
        ):
            why = "there are no AWS credentials" if isinstance(error, NoCredentialsError) else _said(error)
            return LabdataError(
                f"{self.source.url} was not read: {why}. The bucket is as it was.", hints.S3_CREDENTIALS
            )
        if key and code in _CHANGED:
            what = "it was removed from the bucket" if code in ("NoSuchKey", "404") else "it was written anew"
            return LeftOutError(CHANGED, f"{what} since it was listed")
        if key and isinstance(error, ClientError):
            return LeftOutError(FAILED, f"S3 answered {_said(error)}")
        if code in ("NoSuchBucket", "404"):
            return LabdataError(f"There is no bucket {self.source.bucket!r} there. Nothing was done.", hints.S3_URL)
        if code in ("AccessDenied", "403", "AllAccessDisabled"):
            return LabdataError(f"S3 does not let you list {self.source.url}. Nothing was done.", hints.S3_ACCESS)
        if _is_broken(error) or code in _AGAIN:
            return self._unreachable(error)
        if isinstance(error, ParamValidationError | ClientError | ValueError):
            return LabdataError(f"{self.source.url} was not read: {_said(error)}. Nothing was done.", hints.S3_URL)
        return error


@dataclass(frozen=True, slots=True)
class Reading:
    """An object's bytes in order, and whether its ETag is made of MD5 sums (it is not where AWS's KMS encrypts it)."""

    chunks: Iterator[bytes]
    is_md5: bool


def _boto3() -> ModuleType:
    try:
        import boto3
    except ImportError:
        raise LabdataError(
            "Reading a bucket needs boto3, which is not here. Nothing was done.", hints.S3_FEATURE
        ) from None
    module: ModuleType = boto3
    return module


def _quoted(item: Item) -> str:
    return f'"{item.etag}"'


def _code(error: Exception) -> str:
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return ""
    code = str(answer.get("Error", {}).get("Code", ""))
    status = str(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    return status if code in ("", "Unknown") or (code not in _SLOW and status in ("503", "429")) else code


def _is_broken(error: Exception) -> bool:
    """Tell whether an error is of the line, so that the same request may succeed a little later."""
    import urllib3
    from botocore import exceptions as boto

    lines = (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, boto.ResponseStreamingError)
    return isinstance(
        error, (*lines, boto.ReadTimeoutError, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError)
    )


def _said(error: Exception) -> str:
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        about = answer.get("Error", {})
        return f"{about.get('Code', '?')}: {' '.join(str(about.get('Message', '')).split())[:160]}".rstrip(": .")
    return " ".join(str(error).split())[:200].rstrip(".")
