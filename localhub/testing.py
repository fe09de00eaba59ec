"""A Hub for tests. In a conftest.py: `pytest_plugins = ["localhub.testing"]`, then use the fixtures below.

The server is a process of its own, so that a test may kill it and many client processes may use it at once. It stops
when the test's process ends, however that ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localhub.api.routes.admin import HEADER
from localhub.api.traffic import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from huggingface_hub import HfApi

USERS = {"ann": "write", "bob": "write", "rea": "read", "cho": "admin"}
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


@dataclass
class Hub:
    """A running Hub: where it is, who its users are, and the handles a test needs."""

    root: Path
    users: Mapping[str, str] = field(default_factory=lambda: dict(USERS))
    orgs: Sequence[str] = ("lab",)
    latency_ms: int = 0
    fail: Sequence[str] = ()
    endpoint: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict, repr=False)
    _admin: str = field(default="", repr=False)
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @classmethod
    @contextmanager
    def start(
        cls,
        root: Path,
        users: Mapping[str, str] | None = None,
        orgs: Sequence[str] = ("lab",),
        latency_ms: int = 0,
        fail: Sequence[str] = (),
    ) -> Iterator[Hub]:
        """Run a Hub that keeps everything in `root`; `users` maps names to roles, `fail` holds fault rules."""
        hub = cls(root, users or dict(USERS), orgs, latency_ms, fail)
        hub._launch(port=0)
        try:
            yield hub
        finally:
            hub.stop()

    def api(self, user: str | None = "ann") -> HfApi:
        """The real client, signed in as a user; None is a stranger."""
        from huggingface_hub import HfApi

        return HfApi(endpoint=self.endpoint, token=self.tokens[user] if user else False)

    def env(self, user: str | None, home: Path) -> dict[str, str]:
        """The environment of a person's own process: this Hub, their token, and nothing of the real home."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
        tools = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")])
        env = {**inherited, **_QUIET, "PATH": tools, "HF_ENDPOINT": self.endpoint, "HF_HOME": str(home / "huggingface")}
        if user:
            env["HF_TOKEN"] = self.tokens[user]
        return env

    def new_repo(self, user: str = "ann", *, private: bool = False) -> str:
        """A new dataset repo of the first organisation with a name nobody else uses; returns its id."""
        repo_id = f"{self.orgs[0]}/d{uuid.uuid4().hex[:12]}"
        self.api(user).create_repo(repo_id, repo_type="dataset", private=private)
        return repo_id

    def set_faults(self, rules: Sequence[str] = (), latency_ms: int | None = None) -> None:
        """Put these fault rules in force instead of the former ones; raises ValueError for a bad rule."""
        self._ask("PUT", "faults", {"rules": list(rules), "latency_ms": latency_ms})

    def faults(self) -> list[dict[str, Any]]:
        """The fault rules in force, each with how often it was met and how often it struck."""
        found: list[dict[str, Any]] = self._ask("GET", "faults")["rules"]
        return found

    def requests(self, route: str | None = None, *, method: str | None = None) -> list[Record]:
        """The requests since the start or the last reset, oldest first; of one route or method if given."""
        records = [Record(**one) for one in self._ask("GET", "requests")]
        return [one for one in records if route in {None, one.route} and method in {None, one.method}]

    def reset_requests(self) -> None:
        """Forget the requests so far."""
        self._ask("DELETE", "requests")

    def kill(self) -> None:
        """SIGKILL: the Hub vanishes in the middle of whatever it does."""
        assert self._process is not None
        self._process.kill()
        self._gone()

    def stop(self) -> None:
        """Stop the Hub as its user would; nothing happens if it is stopped already."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._gone()

    def restart(self) -> None:
        """Stop if need be, and serve the same root at the same endpoint again, with the same tokens."""
        self.stop()
        self._launch(port=int(self.endpoint.rsplit(":", 1)[1]))

    def _launch(self, port: int) -> None:
        command = [sys.executable, "-m", "localhub", "serve", "--root", str(self.root), "--stop-with-stdin"]
        command += ["--port", str(port), "--latency-ms", str(self.latency_ms)]
        command += [part for org in self.orgs for part in ("--org", org)]
        command += [part for name, role in self.users.items() for part in ("--user", f"{name}:{role}")]
        command += [part for rule in self.fail for part in ("--fail", rule)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._gone()
            raise RuntimeError("localhub did not start; its reason is on stderr")
        ready = json.loads(line)
        self.endpoint, self.tokens, self._admin = ready["endpoint"], ready["tokens"], ready["admin"]
        self.links = ready["links"]

    def _gone(self) -> None:
        process, self._process = self._process, None
        assert process is not None
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _ask(self, method: str, topic: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 (our own server)
            f"{self.endpoint}/_localhub/{topic}",
            method=method,
            headers={HEADER: self._admin},
            data=json.dumps(body).encode() if body is not None else None,
        )
        try:
            # Without the proxies of the environment: this is 127.0.0.1.
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from None


_home = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the client in the tests' own process away from the real home, token and endpoint."""
    home = tempfile.mkdtemp(prefix="localhub-home-")
    config.stash[_home] = home
    for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING"))]:
        del os.environ[name]
    os.environ.update(_QUIET, HF_HOME=home)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the client left."""
    shutil.rmtree(config.stash[_home], ignore_errors=True)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A Hub of the test's own, with the users of USERS and the organisation `lab`."""
    with Hub.start(tmp_path / "hub") as running:
        yield running


@pytest.fixture(scope="session")
def shared_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub for all tests of a session: use `new_repo`, and leave faults and the log alone or as they were."""
    with Hub.start(tmp_path_factory.mktemp("shared") / "hub") as running:
        yield running
