"""One odd file on its way up or down: it is named, the others travel, and nothing half-made is ever committed."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd
from labdata.core.errors import HubError, LabdataError
from labdata.hub.client import Hub as Client
from labdata.hub.download import Download
from labdata.sync import checks

from localhub.testing import Hub
from tests.members import Lab

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n"
LONG = "raw/" + "é" * 120 + "{}"


def noise(seed: object, size: int = 100_000) -> bytes:
    return random.Random(str(seed)).randbytes(size)


@pytest.fixture
def hub(shared_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_ENDPOINT", shared_hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", shared_hub.tokens["ann"])
    yield shared_hub
    shared_hub.set_faults([])


class Fetched:
    """A commit of some files, fetched as a get would."""

    def __init__(self, hub: Hub, folder: Path, files: dict[str, bytes]) -> None:
        self.hub, self.folder, self.files = hub, folder, files
        self.repo = hub.new_repo()
        operations = [CommitOperationAdd(path, data) for path, data in files.items()]
        made = hub.api().create_commit(self.repo, operations, commit_message="all", repo_type="dataset")
        self.commit = made.oid
        self.client = Client(wait=lambda _seconds: None)
        tree = self.client.tree(self.repo, self.commit, {})
        self.tree = {path: content for path, content in tree.items() if path in files}

    def fetch(self, *rules: str) -> tuple[set[str], dict[str, str]]:
        """The paths that came (with the right bytes) and what failed, with the reason, under fault rules."""
        self.hub.set_faults(rules)
        download = Download(self.client, self.repo, self.commit, self.folder / "staging", lambda _size: None)
        staged = download.fetch(self.tree)
        for path, (where, content) in staged.items():
            assert where.read_bytes() == self.files[path]
            assert content.sha256 == hashlib.sha256(self.files[path]).hexdigest()
        assert staged.keys() | download.failed.keys() == self.tree.keys()
        assert not staged.keys() & download.failed.keys()
        return set(staged), download.failed


@pytest.fixture
def some(hub: Hub, tmp_path: Path) -> Fetched:
    files = {f"raw/{number}.csv": f"table {number}".encode() for number in range(30)}
    return Fetched(hub, tmp_path, files | {f"raw/{number}.bin": noise(number) for number in range(30)})


def test_a_text_file_that_is_gone_from_the_hub_does_not_stop_the_others(some: Fetched) -> None:
    came, failed = some.fetch("route=resolve,path=raw/3.csv,status=404")
    assert len(came) == 59
    assert failed.keys() == {"raw/3.csv"}
    assert "not on the Hub" in failed["raw/3.csv"]
    assert some.fetch() == (set(some.files), {})


def test_large_contents_that_are_gone_from_the_hub_do_not_stop_the_others(some: Fetched) -> None:
    gone = ["raw/7.bin", "raw/20.bin"]
    came, failed = some.fetch(*(f"route=cas-reconstruction,path={some.tree[path].xet},status=404" for path in gone))
    assert len(came) == 58
    assert failed == dict.fromkeys(gone, "its content is not on the Hub")
    assert some.fetch() == (set(some.files), {})


def test_a_file_that_the_hub_cannot_send_does_not_stop_the_others(some: Fetched) -> None:
    xet = some.tree["raw/7.bin"].xet
    came, failed = some.fetch(
        "route=resolve,path=raw/3.csv,status=500", f"route=cas-reconstruction,path={xet},status=500"
    )
    assert len(came) == 58
    assert failed == {"raw/3.csv": "the Hub answered 500", "raw/7.bin": "the Hub answered 500"}


def test_a_hub_that_can_send_nothing_is_no_fault_of_the_files(some: Fetched) -> None:
    of_texts = ("route=resolve,status=500", "route=resolve,path=raw/3.csv,status=403", "route=resolve,status=401")
    for rule in (*of_texts, "route=cas-reconstruction,status=403", "route=xet-token,status=404"):
        # What has arrived under an earlier rule would not be asked for again.
        shutil.rmtree(some.folder / "staging", ignore_errors=True)
        with pytest.raises(HubError):
            some.fetch(rule)


def test_what_the_hub_has_damaged_is_named_and_the_rest_comes(hub: Hub, tmp_path: Path) -> None:
    good = {"raw/good.csv": b"good", "raw/good.bin": noise("good")}
    some = Fetched(hub, tmp_path, good | {"raw/bad.csv": b"a very special text", "raw/bad.bin": b"numbers " * 30_000})
    for path in hub.root.rglob("*"):
        if path.is_file() and (b"numbers " in (data := path.read_bytes()) or b"a very special text" in data):
            path.write_bytes(data.replace(b"numbers ", b"nonsense").replace(b"special", b"damaged"))
    came, failed = some.fetch()
    assert "raw/bad.bin" in failed
    assert {"raw/good.csv", "raw/good.bin"} <= came


def test_a_pointer_that_someone_committed_in_place_of_the_content_does_not_stop_the_others(
    hub: Hub, tmp_path: Path
) -> None:
    some = Fetched(hub, tmp_path, {"raw/pointer.csv": POINTER, "raw/a.csv": b"one", "raw/b.bin": noise("b")})
    came, failed = some.fetch()
    assert came == {"raw/a.csv", "raw/b.bin"}
    assert "not on the Hub" in failed["raw/pointer.csv"]


def test_a_name_that_this_disk_does_not_take_is_named_and_the_rest_comes(hub: Hub, tmp_path: Path) -> None:
    """240 bytes fit, but not with what a folder of 20 more letters adds; 300 fit nowhere on Linux."""
    long = {"raw/" + "é" * 150 + kind: data for kind, data in ((".csv", b"text"), (".bin", noise("long")))}
    fits = {LONG.format(".csv"): b"text", LONG.format(".bin"): noise("fits")}
    folder = {"raw/" + "ü" * 140 + "/inside.csv": b"inside"}
    some = Fetched(hub, tmp_path, {"raw/a.csv": b"one", "raw/b.bin": noise("b"), **long, **fits, **folder})
    came, failed = some.fetch()
    assert failed.keys() == {*long, *folder}
    assert all("File name too long" in reason for reason in failed.values())
    assert came == {"raw/a.csv", "raw/b.bin", *fits}


# --- pointers on their way up


@pytest.mark.parametrize(
    "data",
    [
        POINTER,
        POINTER.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + POINTER,
        POINTER.decode().encode("utf-16"),
        POINTER.replace(b"https://git-lfs.github.com/spec/v1", b"https://hawser.github.com/spec/v1"),
        POINTER.replace(b"https://git-lfs.github.com/spec/v1", b"http://git-media.io/v/2"),
        POINTER.replace(b"oid", b"ext-0-foo sha256:" + b"b" * 64 + b"\noid"),
        POINTER + b"\n",
        b"/annex/objects/SHA256E-s31390--f50d7ac4c6b9031379986bc362fcefb65f1e52621ce1708d537e740fefc59cc0.mp3\n",
    ],
)
def test_a_pointer_is_no_data(data: bytes) -> None:
    with pytest.raises(LabdataError, match=r"data/raw/table\.csv is only a pointer") as stopped:
        checks.contents([("raw/table.csv", data)])
    assert "git lfs pull" in stopped.value.hint
    assert "--restore" in stopped.value.hint


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"version,oid\n1,2\n",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"how to: version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\n",
        POINTER + b"and a long text after it " * 60,
        b"see /annex/objects/SHA256E-s31390--f50d.mp3\n",
        b"\xff\xfe\x00",
    ],
)
def test_data_is_no_pointer(data: bytes) -> None:
    checks.contents([("raw/table.csv", data)])


def test_pointers_are_told_all_at_once() -> None:
    files = [(f"raw/{number}.csv", POINTER) for number in range(7)]
    with pytest.raises(LabdataError, match=r"data/raw/0.csv, data/raw/1.csv, data/raw/2.csv, and 4 more are only"):
        checks.contents(files)


# --- on the way up


@pytest.mark.parametrize("xet_is_off", ["", "1"])
def test_all_kinds_of_files_go_up_and_come_down_as_they_are(xet_is_off: str, lab: Lab) -> None:
    ann, bob = lab.slow_member("ann", HF_HUB_DISABLE_XET=xet_is_off), lab.slow_member("bob")
    files = {
        "processed/empty.csv": b"",
        "processed/empty.parquet": b"",
        "processed/small.csv": b"text",
        "processed/small.parquet": noise("small", 2_000),
        "processed/large.csv": b"text," * 500_000,
        "processed/huge.csv": b"text," * 2_500_000,
        "processed/large.parquet": noise(f"large {xet_is_off}", 2_500_000),
    }
    for path, data in files.items():
        ann.write(path, data)
    ann.put("--main")
    bob.get()
    for path, data in files.items():
        assert bob.path(path).read_bytes() == data
    assert "nothing to publish" in ann.put("--main")


def test_a_hub_cache_that_cannot_be_written_is_named_and_gone_without(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("in the way")
    home = str(tmp_path / "no-folder/hf")
    ann, bob = lab.slow_member("ann", HF_HOME=home), lab.slow_member("bob", HF_HOME=home)
    ann.write("processed/large.parquet", noise("cache", 2_500_000))
    ann.write("processed/small.parquet", noise("cache too", 2_000))
    put = ann.run("put", "results", "--main")
    get = bob.run("get", "results")
    for said in (put.stderr, get.stderr):
        assert f"{tmp_path}/no-folder/hf/xet cannot be written" in said
        assert "HF_HOME" in said
        assert len(said.strip().splitlines()) == 1, said
    assert bob.path("processed/large.parquet").read_bytes() == noise("cache", 2_500_000)


def test_a_small_get_needs_no_cache(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("in the way")
    ann, bob = lab.slow_member("ann"), lab.slow_member("bob", HF_HOME=str(tmp_path / "no-folder/hf"))
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    assert bob.run("get", "results").stderr == ""
    bob.run("cache-clear")
