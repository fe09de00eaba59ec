"""`just get-from-sources`: original files come checked, and nothing that is there is overwritten."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.template.generating import environment, generate, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"Metadata_Well,broad_sample\nA01,BRD-1\n"
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
