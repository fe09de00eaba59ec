"""The S3 server as the benchmark starts it."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import BenchmarkError


@dataclass(frozen=True)
class Store:
    """A running S3 server."""

    endpoint: str

    def make_bucket(self, name: str) -> None:
        """Create a bucket."""
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT", data=b"")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()

    def env(self, env: Mapping[str, str]) -> dict[str, str]:
        """An environment with keys for this server and nothing of the user's own."""
        own = {name: value for name, value in env.items() if not name.startswith("AWS_")}
        keys = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark"}
        return {**own, **keys, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def running(python: str | Path) -> Iterator[Store]:
    """Run an S3 server for a while, by a Python that has moto; raises ``BenchmarkError`` where it does not start."""
    process = subprocess.Popen(
        [python, Path(__file__).with_name("s3_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        endpoint = process.stdout.readline().strip()
        if not endpoint:
            raise BenchmarkError("The S3 server did not start.")
        yield Store(endpoint)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
