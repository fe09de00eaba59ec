"""`just get-from-sources`: original files come checked, and nothing that is there is overwritten."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.template.generating import at_hub, environment, generate, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localhub.testing import Hub

CONTENT = b"Metadata_Well,broad_sample\nA01,BRD-1\n"
PATH = "external/metadata/platemap.csv"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; the tests look at what arrives."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve one file on this machine, and return its address."""
    folder = tmp_path_factory.mktemp("source")
    (folder / "platemap.csv").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/platemap.csv"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("sources") / "project")


@pytest.fixture
def target(project: Path) -> Iterator[Path]:
    target = project / "data" / "external" / "metadata" / "platemap.csv"
    yield target
    target.unlink(missing_ok=True)


def get(
    project: Path, home: Path, *entries: tuple[str, str, str], check: bool = True
) -> subprocess.CompletedProcess[str]:
    listed = [f'[[source]]\npath = "{path}"\nurl = "{url}"\nsha256 = "{sha256}"\n' for path, url, sha256 in entries]
    (project / "config" / "sources.toml").write_text("\n".join(listed), encoding="utf-8")
    return run(["just", "get-from-sources"], project, environment(home), check)


def test_a_fresh_project_says_where_to_list_its_sources(project: Path, tmp_path: Path) -> None:
    said = run(["just", "get-from-sources"], project, environment(tmp_path)).stdout
    assert said.startswith("No sources are listed yet. Add them to config/sources.toml")


def test_a_source_is_brought_once(project: Path, source: str, target: Path, tmp_path: Path) -> None:
    entry = ("external/metadata/platemap.csv", source, SHA256)
    assert "data/external/metadata/platemap.csv: downloaded" in get(project, tmp_path, entry).stdout
    assert target.read_bytes() == CONTENT
    before = target.stat().st_mtime_ns
    assert "data/external/metadata/platemap.csv: already here" in get(project, tmp_path, entry).stdout
    assert target.stat().st_mtime_ns == before


def test_a_corrected_file_is_never_overwritten(project: Path, source: str, target: Path, tmp_path: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"corrected by hand")
    refused = get(project, tmp_path, ("external/metadata/platemap.csv", source, SHA256), check=False)
    assert refused.returncode == 1
    assert "was left as it is" in refused.stderr
    assert target.read_bytes() == b"corrected by hand"


def test_a_source_that_changed_is_not_taken_and_the_others_are(
    project: Path, source: str, target: Path, tmp_path: Path
) -> None:
    changed = ("external/metadata/changed.csv", source, "0" * 64)
    failed = get(project, tmp_path, changed, ("external/metadata/platemap.csv", source, SHA256), check=False)
    assert failed.returncode == 1
    assert "data/external/metadata/changed.csv could not be downloaded" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (target.parent / "changed.csv").exists()
    assert target.read_bytes() == CONTENT


def test_a_source_that_is_gone_is_one_sentence(project: Path, source: str, target: Path, tmp_path: Path) -> None:
    failed = get(project, tmp_path, ("external/metadata/platemap.csv", f"{source}.gone", SHA256), check=False)
    assert failed.returncode == 1
    assert len(failed.stderr.strip().splitlines()) == 1
    assert "404" in failed.stderr
    assert not target.exists()


@pytest.mark.parametrize("path", ["../out.csv", "/tmp/out.csv", "processed/out.csv", "external/../../out.csv"])
def test_a_source_cannot_be_written_outside_the_inputs(path: str, project: Path, source: str, tmp_path: Path) -> None:
    refused = get(project, tmp_path, (path, source, SHA256), check=False)
    assert refused.returncode == 1
    assert f"'{path}' is not below data/external or data/raw" in refused.stderr


@dataclass
class Slow:
    """A server that sends half of a file, and the rest when it is let go."""

    address: str
    half_sent: threading.Event
    go_on: threading.Event


@pytest.fixture
def slow() -> Iterator[Slow]:
    half_sent, go_on = threading.Event(), threading.Event()

    class Half(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:10])
            self.wfile.flush()
            half_sent.set()
            go_on.wait(timeout=60)
            with suppress(OSError):
                self.wfile.write(CONTENT[10:])

    with ThreadingHTTPServer(("127.0.0.1", 0), Half) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Slow(f"http://127.0.0.1:{server.server_port}/slow.csv", half_sent, go_on)
        go_on.set()
        server.shutdown()
        thread.join()


@contextmanager
def at_work(project: Path, home: Path, slow: Slow) -> Iterator[subprocess.Popen[str]]:
    """`just get-from-sources` while half of `external/metadata/platemap.csv` has come."""
    (project / "config" / "sources.toml").write_text(
        f'[[source]]\npath = "{PATH}"\nurl = "{slow.address}"\nsha256 = "{SHA256}"\n', encoding="utf-8"
    )
    pipe, env = subprocess.PIPE, environment(home)
    process = subprocess.Popen(
        ["just", "get-from-sources"],
        cwd=project,
        env=env,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )
    try:
        assert slow.half_sent.wait(timeout=60)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def killed(project: Path, home: Path, slow: Slow) -> None:
    with at_work(project, home, slow) as process:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    slow.go_on.set()


def test_what_a_killed_download_left_is_never_published(hub: Hub, slow: Slow, source: str, tmp_path: Path) -> None:
    """`kill -9` during `just get-from-sources`, then `just put-inputs` published external/tmpyg0pjqfq."""
    home = tmp_path / "home"
    env = at_hub(hub, "ann", home)
    project = generate(tmp_path / "project", env=env)
    killed(project, home, slow)
    assert not below(project / "data" / "external")
    assert len(below(project / "data" / ".labdata" / "sources")) == 1

    (project / "data" / "external" / "notes.csv").write_text("a\n")
    run(["just", "put-inputs"], project, env)
    listed = hub.api("ann").list_repo_files("lab/mito-screen-inputs", repo_type="dataset")
    assert [name for name in listed if name.startswith("external/")] == ["external/notes.csv"]

    assert "downloaded" in get(project, home, (PATH, source, SHA256)).stdout
    assert (project / "data" / PATH).read_bytes() == CONTENT
    run(["just", "put-inputs"], project, env)
    listed = hub.api("ann").list_repo_files("lab/mito-screen-inputs", repo_type="dataset")
    assert [name for name in listed if name.startswith("external/")] == [PATH, "external/notes.csv"]


def test_what_a_killed_download_left_goes_once_it_is_old(
    project: Path, slow: Slow, source: str, target: Path, tmp_path: Path
) -> None:
    killed(project, tmp_path, slow)
    folder = project / "data" / ".labdata" / "sources"
    (left,) = (folder / name for name in below(folder))
    # Another one may be at work at this moment.
    get(project, tmp_path, (PATH, source, SHA256))
    assert left.exists()
    for path in (left, left.parent):
        os.utime(path, (time.time() - 7200,) * 2)
    target.unlink()
    get(project, tmp_path, (PATH, source, SHA256))
    assert not below(project / "data" / ".labdata" / "sources")


def test_where_external_is_on_another_disk_half_a_file_is_there_too(
    project: Path, slow: Slow, source: str, tmp_path: Path
) -> None:
    """The last step has to be a rename, on one disk."""
    external, disk = project / "data" / "external", tmp_path / "disk"
    disk.mkdir()
    external.rename(tmp_path / "before")
    external.symlink_to(disk)
    try:
        killed(project, tmp_path / "home", slow)
        (half,) = below(disk)
        assert half.startswith(".labdata/sources/")
        assert not below(project / "data" / ".labdata" / "sources")
        (disk / half).unlink()
        get(project, tmp_path / "home", (PATH, source, SHA256))
        assert (disk / PATH.removeprefix("external/")).read_bytes() == CONTENT
        disk.rename(tmp_path / "not-mounted")
        refused = get(project, tmp_path / "home", (PATH, source, SHA256), check=False)
        assert refused.returncode == 1
        assert f"external is a link to {disk}, which is not there" in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
    finally:
        external.unlink()
        (tmp_path / "before").rename(external)


def test_a_file_that_somebody_makes_meanwhile_stays(project: Path, slow: Slow, target: Path, tmp_path: Path) -> None:
    with at_work(project, tmp_path, slow) as process:
        target.write_bytes(b"made by hand")
        slow.go_on.set()
        _said, failed = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "was left as it is" in failed
    assert target.read_bytes() == b"made by hand"
    assert not below(project / "data" / ".labdata" / "sources")


def test_a_folder_or_a_link_to_nothing_in_the_way_is_a_sentence(
    project: Path, source: str, target: Path, tmp_path: Path
) -> None:
    target.mkdir(parents=True)
    try:
        refused = get(project, tmp_path, (PATH, source, SHA256), check=False)
    finally:
        target.rmdir()
    target.symlink_to("nowhere")
    assert "was left as it is" in refused.stderr
    refused = get(project, tmp_path, (PATH, source, SHA256), check=False)
    assert refused.returncode == 1
    assert "was left as it is" in refused.stderr
    assert target.is_symlink()


@pytest.mark.parametrize(("umask", "mode"), [("022", 0o644), ("002", 0o664), ("077", 0o600)])
def test_a_source_has_the_mode_of_any_new_file(
    umask: str, mode: int, project: Path, source: str, target: Path, tmp_path: Path
) -> None:
    (project / "config" / "sources.toml").write_text(
        f'[[source]]\npath = "{PATH}"\nurl = "{source}"\nsha256 = "{SHA256}"\n', encoding="utf-8"
    )
    run(["sh", "-c", f"umask {umask} && just get-from-sources"], project, environment(tmp_path))
    assert target.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("path", ["external/.labdata/x.csv", "raw/a/.git/hooks/pre-commit"])
def test_a_source_cannot_be_written_where_a_tool_keeps_its_own(
    path: str, project: Path, source: str, tmp_path: Path
) -> None:
    refused = get(project, tmp_path, (path, source, SHA256), check=False)
    assert refused.returncode == 1
    assert "belongs to a tool" in refused.stderr
