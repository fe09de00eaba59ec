"""A lab moves from a bucket to the Hub: `migrate-from-s3` against a real S3 server (moto) on this machine."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub.hf_api import RepoFile
from labdata.core import hints

from tests.buckets import KEYS, S3, Answer, Bucket, Request, slow_down
from tests.members import Lab, Member
from tests.once import s3_packages
from tests.terminal import on_a_terminal

RANDOM = random.Random(14)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with S3.started() as running:
        yield running


@pytest.fixture
def bucket(s3: S3, request: pytest.FixtureRequest) -> Bucket:
    return s3.bucket(f"b{hashlib.sha1(request.node.nodeid.encode()).hexdigest()[:12]}")


@pytest.fixture
def ann(lab: Lab, s3: S3) -> Member:
    return with_keys(lab.member("ann"), s3)


def with_keys(member: Member, s3: S3) -> Member:
    member.env |= {"AWS_ENDPOINT_URL": s3.endpoint, **KEYS}
    member.env["PYTHONPATH"] += os.pathsep + str(s3_packages())
    return member


def migrate(member: Member, bucket: Bucket, *arguments: str, prefix: str = "/proj/data", code: int = 0) -> str:
    done = member.run("migrate-from-s3", f"s3://{bucket.name}{prefix}", *arguments, code=code)
    assert bucket.was_only_read
    return done.stdout + done.stderr


def report(member: Member) -> dict[str, dict[str, str]]:
    """The newest report, by the files it is about."""
    newest = max((member.root / "references").glob("migration-*.csv"), key=lambda path: path.stat().st_mtime_ns)
    with newest.open(newline="") as file:
        return {row["file"].removeprefix("data/"): row for row in csv.DictReader(file)}


def on_hub(lab: Lab, repo: str, branch: str = "main") -> dict[str, tuple[int, str]]:
    """The data files of a branch, with their sizes and SHA-256 or git hashes."""
    entries = lab.hub.api("cho").list_repo_tree(repo, recursive=True, revision=branch, repo_type="dataset")
    files = {one.path: one for one in entries if isinstance(one, RepoFile) and "/" in one.path}
    return {path: (one.size, one.lfs.sha256 if one.lfs else one.blob_id) for path, one in files.items()}


def as_git(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def is_as(found: tuple[int, str], data: bytes) -> bool:
    return found[0] == len(data) and found[1] in (hashlib.sha256(data).hexdigest(), as_git(data))


PROJECT = {
    "raw/plate 1/a b+c&d#é漢.csv": b"well,value\nA1,1\n",
    "raw/plate 1/100%25 = it's (1).tiff": RANDOM.randbytes(4_000),
    "raw/empty.txt": b"",
    "raw/large.bin": RANDOM.randbytes(3_000_000),
    "raw/notes.txt": b"one line of text\n" * 100_000,
    "external/map.parquet": RANDOM.randbytes(20_000),
    "processed/pca.png": RANDOM.randbytes(9_000),
}
PARTS = [RANDOM.randbytes(5_300_000), RANDOM.randbytes(5_300_000), b"the end"]


def test_a_project_arrives_whole_and_a_second_run_sends_nothing(lab: Lab, ann: Member, bucket: Bucket) -> None:
    bucket.fill({f"proj/data/{path}": data for path, data in PROJECT.items()})
    bucket.put_in_parts("proj/data/raw/in parts.bin", PARTS)
    left_out = ["raw/con.csv", "raw//twice.csv", "raw/a:b.csv", "raw/.DS_Store", "plots/x.png", "_recycle/old.csv"]
    left_out += ["raw/../up.csv", "raw/RAW.bin", "raw/Raw.bin/x"]
    bucket.fill({f"proj/data/{path}": b"x" for path in (*left_out, "raw/raw.bin")})
    secret = b"token = hf_" + b"a" * 34
    bucket.fill({"proj/data/raw/": b"", "proj/data/raw/.env": secret, "proj/data-old/raw/no.csv": b"no"})

    said = migrate(ann, bucket, "--dry-run")
    assert "to main of" in said
    assert "to ann of" in said
    assert "a name that Windows reserves" in said
    assert "raw/.env" not in said, "a plan reads nothing"
    assert on_hub(lab, lab.inputs) == {}
    assert {one.method for one in bucket.requests} == {"GET"}
    assert len(bucket.requests) == 1

    said = migrate(ann, bucket)
    inputs, results = on_hub(lab, lab.inputs), on_hub(lab, lab.results, "ann")
    expected = PROJECT | {"raw/in parts.bin": b"".join(PARTS)}
    # Of two names that are one on macOS, the first goes.
    arrived = {path: data for path, data in {**inputs, **results}.items() if "raw.bin" not in path.lower()}
    assert arrived.keys() == expected.keys()
    assert all(is_as(arrived[path], data) for path, data in expected.items())
    assert on_hub(lab, lab.results) == {}, "results wait for a review on the member's branch"
    rows = report(ann)
    assert rows["raw/large.bin"]["checked"] == "size and MD5"
    assert rows["raw/in parts.bin"]["checked"] == "size and MD5 of parts"
    assert rows["raw/large.bin"]["sha256"] == hashlib.sha256(PROJECT["raw/large.bin"]).hexdigest()
    assert "secret" in rows["raw/.env"]["reason"]
    assert rows["_recycle/old.csv"]["outcome"] == "left out"
    assert "All but what is left out" in said
    assert not list((ann.root / "data" / "raw").glob("**/*.bin")), "nothing is laid on this disk"

    bucket.forget()
    head = lab.head("main", lab.inputs)
    assert "there already  " in migrate(ann, bucket)
    assert not [one for one in bucket.requests if "large" in one.path]
    assert lab.head("main", lab.inputs) == head
    # The bytes are the same when a get brings them, and nothing then counts as unsaved.
    ann.run("get", "inputs")
    assert all(ann.path(path).read_bytes() == data for path, data in expected.items() if path.startswith("raw/"))
    assert "nothing to publish" in ann.run("put", "inputs").stdout
    ann.get()
    assert ann.path("processed/pca.png").read_bytes() == PROJECT["processed/pca.png"]


@pytest.mark.hint("S3_UNDONE", "other_file", "layers")
def test_a_file_that_the_hub_has_is_never_replaced(lab: Lab, ann: Member, bucket: Bucket) -> None:
    ann.write("raw/same.csv", "same")
    ann.write("raw/other.csv", "mine")
    ann.run("put", "inputs")
    bucket.fill(
        {"proj/data/raw/same.csv": b"same", "proj/data/raw/other.csv": b"them", "proj/data/raw/new.csv": b"new"}
    )
    # A place where nothing can be written is told before anything is moved.
    (ann.root / "file").write_text("")
    for where in ("file/report.csv", "/proc/report.csv", "/dev/full"):
        assert hints.other_file("--report") in migrate(ann, bucket, "--report", where, code=1), where
    (ann.root / "references").write_text("no folder")
    assert hints.other_file("--report") in migrate(ann, bucket, code=1)
    (ann.root / "references").unlink()
    assert lab.on_hub(repo=lab.inputs) == {"raw/same.csv": "same", "raw/other.csv": "mine"}
    said = migrate(ann, bucket, code=3)
    assert "conflict   " in said or "conflict  " in said
    assert hints.S3_UNDONE in said
    assert lab.on_hub(repo=lab.inputs) == {"raw/same.csv": "same", "raw/other.csv": "mine", "raw/new.csv": "new"}
    assert report(ann)["raw/other.csv"]["outcome"] == "conflict"
    # A report takes the place of a report, and of nothing else.
    ann.write("processed/mine.csv", "mine")
    for where, code in (("data/processed/mine.csv", 1), ("again.csv", 3), ("again.csv", 3)):
        said = migrate(ann, bucket, "--report", where, code=code)
        assert (hints.other_file("--report") in said) == (code == 1)
    assert ann.read("processed/mine.csv") == "mine"
    assert "raw/other.csv" in (ann.root / "again.csv").read_text()
    # With notes or without, the later comparison says the same; so does one after the Hub has changed.
    assert "conflict" in migrate(ann, bucket, "--verify", code=3)
    lab.web_commit("cho", {"raw/new.csv": None}, repo=lab.inputs)
    said = migrate(ann, bucket, "--verify", code=3)
    assert "missing on the Hub" in said
    assert "raw/new.csv" not in lab.on_hub(repo=lab.inputs), "to compare is not to send"
    # As the hint says: to another place.
    assert hints.layers(["external", "raw", "interim", "processed"]) in migrate(ann, bucket, "--to", "old/", code=1)
    migrate(ann, bucket, "--to", "external/old/")
    assert lab.on_hub(repo=lab.inputs)["external/old/raw/other.csv"] == "them"
    migrate(ann, bucket, "--to", "external/old/", "--verify")
    # One object by its own name, results to main, and as a program reads it.
    bucket.fill({"proj/data/processed/table.csv": b"a,b\n"})
    said = migrate(ann, bucket, "--main", "--to", "data/processed", "--json", prefix="/proj/data/processed/table.csv")
    assert [one["outcome"] for one in json.loads(said)["outcomes"]] == ["moved"]
    assert lab.on_hub() == {"processed/table.csv": "a,b\n"}


def test_what_changes_while_it_is_moved_is_told_and_not_taken(lab: Lab, ann: Member, bucket: Bucket) -> None:
    old, new = RANDOM.randbytes(12_000_000), RANDOM.randbytes(12_000_000)
    bucket.fill({"raw/moving.bin": old, "raw/early.csv": b"v1", "raw/gone.csv": b"x", "raw/fine.csv": b"fine"})

    def somebody_writes(request: Request) -> Answer | None:
        if request.path.endswith("early.csv") and request.method == "GET":
            bucket.faults.remove(somebody_writes)
            bucket.fill({"raw/early.csv": b"v2"})
            bucket.client.delete_object(Bucket=bucket.name, Key="raw/gone.csv")
        return None

    def in_the_middle(request: Request) -> Answer | None:
        # The line breaks in the middle of the object, which is another one when it is asked for again.
        if (
            request.path.endswith("moving.bin")
            and request.range.startswith("bytes=")
            and not request.range.endswith("511")
        ):
            bucket.faults.remove(in_the_middle)
            bucket.fill({"raw/moving.bin": new})
        elif request.path.endswith("moving.bin") and not request.range:
            bucket.cut_after = 5_000_000
        return None

    bucket.faults += [somebody_writes, in_the_middle]
    said = migrate(ann, bucket, "--jobs", "1", prefix="", code=3)
    assert "3 objects of" in said
    rows = report(ann)
    assert {path: row["outcome"] for path, row in rows.items()} == {
        "raw/moving.bin": "changed", "raw/early.csv": "changed", "raw/gone.csv": "changed", "raw/fine.csv": "moved",
    }  # fmt: skip
    assert "written anew" in rows["raw/early.csv"]["reason"]
    assert "removed" in rows["raw/gone.csv"]["reason"]
    assert on_hub(lab, lab.inputs).keys() == {"raw/fine.csv"}
    migrate(ann, bucket, prefix="")
    found = on_hub(lab, lab.inputs)
    assert is_as(found["raw/moving.bin"], new)
    assert is_as(found["raw/early.csv"], b"v2")


def test_a_thousand_objects_come_from_a_slow_bucket_in_spite_of_a_kill(lab: Lab, ann: Member, bucket: Bucket) -> None:
    files = {f"raw/plate-{i % 20}/image {i}.tiff": RANDOM.randbytes(2_000) for i in range(1_100)}
    bucket.fill(files)
    count = 0

    def too_fast(request: Request) -> Answer | None:
        nonlocal count
        count += 1
        return slow_down() if count % 150 == 20 else None

    bucket.faults.append(too_fast)
    notes = ann.root / "data" / ".labdata" / "migrations"
    process = ann.start("migrate-from-s3", f"s3://{bucket.name}", "--jobs", "4")
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            if any(path.stat().st_size > 100_000 for path in notes.glob("*.jsonl")):
                break
            time.sleep(0.05)
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    noted = {json.loads(line)["key"] for path in notes.glob("*.jsonl") for line in path.read_text().split("\n") if line}
    assert 256 <= len(noted) < 1_100
    assert on_hub(lab, lab.inputs) == {}
    bucket.requests.clear()
    said = migrate(ann, bucket, "--jobs", "4", prefix="")
    assert "asks for fewer requests" in said
    # What was sent before is neither read nor sent again, and is in the one commit with the rest.
    read = {one.path.partition("/")[2].partition("/")[2] for one in bucket.requests}
    assert not {path for path in read if path in noted}
    found = on_hub(lab, lab.inputs)
    assert found.keys() == files.keys()
    assert all(is_as(found[path], data) for path, data in files.items())
    assert "1 commit to inputs" in said


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[list[int]]:
    """Give a folder so much room, or where that needs rights that we lack, watch how much it takes at most."""
    folder.mkdir(parents=True)
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=False, capture_output=True
    ).returncode
    most = [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            with contextlib.suppress(OSError):
                used = sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))
                most[0] = max(most[0], used)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def test_an_object_of_40_mb_passes_a_disk_of_15_mb(lab: Lab, s3: S3, bucket: Bucket) -> None:
    data = RANDOM.randbytes(40_000_000)
    bucket.fill({"raw/large.tar": data, "raw/small.csv": b"a\n"})
    bob = with_keys(lab.member("bob"), s3)
    disk = lab.folder / "small"
    with small_disk(disk, 15) as most:
        # All of it is there: the project, the caches of Hub and Xet, what programs write for a while.
        subprocess.run(["cp", "-r", str(bob.root), str(disk / "project")], check=True)
        places = {name: str(disk / name) for name in ("HF_HOME", "TMPDIR", "HOME")}
        for place in places.values():
            Path(place).mkdir()
        migrate(Member("bob", disk / "project", bob.env | places), bucket, prefix="")
    assert 0 < most[0] < 15_000_000
    assert is_as(on_hub(lab, lab.inputs)["raw/large.tar"], data)


@pytest.mark.hint("S3_URL", "S3_CREDENTIALS", "S3_ACCESS", "S3_NETWORK", "S3_FEWER", "S3_DRY_RUN", "S3_PREFIX")
def test_what_keeps_a_bucket_from_being_read_is_mended_as_the_hint_says(
    lab: Lab, ann: Member, s3: S3, bucket: Bucket
) -> None:
    bucket.fill({"raw/a.csv": b"a"})
    url, plan = f"s3://{bucket.name}", ("--dry-run",)
    for wrong in ("my-bucket", "s3://", "https://s3.amazonaws.com/b", f"s3://{bucket.name}-no", "s3://No_Such.Bucket-"):
        assert hints.S3_URL in ann.run("migrate-from-s3", wrong, *plan, code=1).stderr, wrong
    for arguments in (plan, ("--verify",), ()):
        assert hints.S3_PREFIX in migrate(ann, bucket, *arguments, prefix="/rwa", code=1), "nothing is no success"
    assert "data/raw" in migrate(ann, bucket, *plan, "--all", prefix="")
    good = dict(ann.env)

    ann.env = {name: value for name, value in good.items() if name not in KEYS}
    ann.env |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
    assert hints.S3_CREDENTIALS in migrate(ann, bucket, *plan, prefix="", code=1)
    assert "1 object" in migrate(ann, bucket, *plan, "--anonymous", prefix="")
    assert not bucket.requests[-1].is_signed
    ann.env = good | {"AWS_PROFILE": "of-nobody"}
    assert hints.S3_CREDENTIALS in migrate(ann, bucket, *plan, prefix="", code=1)

    ann.env = good | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "LABDATA_PATIENCE": "1"}
    assert hints.S3_NETWORK in migrate(ann, bucket, *plan, prefix="", code=1)
    # An endpoint that is named wins over one of the environment.
    assert "1 object" in migrate(ann, bucket, *plan, "--endpoint", s3.endpoint, prefix="")

    denied = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    bucket.faults.append(lambda one: None if one.payer == "requester" else ("403 Forbidden", denied))
    ann.env = good
    assert hints.S3_ACCESS in migrate(ann, bucket, *plan, prefix="", code=1)
    assert "1 object" in migrate(ann, bucket, *plan, "--requester-pays", prefix="")

    bucket.faults[:] = [lambda _one: slow_down()]
    ann.env = good | {"LABDATA_PATIENCE": "1"}
    assert hints.S3_FEWER in migrate(ann, bucket, *plan, prefix="", code=1)
    bucket.faults.clear()
    ann.env = good
    code, said = on_a_terminal(ann, "n\n", "migrate-from-s3", url)
    assert code == 1
    assert " ".join(hints.S3_DRY_RUN.split()) in " ".join(said.split())
    assert on_hub(lab, lab.inputs) == {}
    migrate(ann, bucket, "--jobs", "2", "--yes", prefix="")
    assert on_hub(lab, lab.inputs).keys() == {"raw/a.csv"}


@pytest.mark.hint("S3_FEATURE", "XET_ON", "AGAIN_SENDS_ANEW")
def test_what_is_missing_here_or_there_is_said_and_then_sent(lab: Lab, s3: S3, bucket: Bucket) -> None:
    data = RANDOM.randbytes(50_000)
    bucket.fill({"raw/a.bin": data, "raw/b.csv": b"b"})
    ann = lab.slow_member("ann")
    assert hints.S3_FEATURE in migrate(ann, bucket, prefix="", code=1)
    good = dict(with_keys(ann, s3).env)
    ann.env = good | {"HF_HUB_DISABLE_XET": "1"}
    assert hints.XET_ON in migrate(ann, bucket, prefix="", code=1)
    ann.env = good
    # What an earlier command has sent, and the Hub has not kept until it was committed.
    with lab.faults("route=commit,status=403"):
        migrate(ann, bucket, prefix="", code=1)
    notes = next((ann.root / "data" / ".labdata" / "migrations").glob("*.jsonl"))
    other = hashlib.sha256(b"what nobody has").hexdigest()
    notes.write_text(notes.read_text().replace(hashlib.sha256(data).hexdigest(), other) + '\n{"key": "cut o')
    said = migrate(ann, bucket, prefix="", code=1)
    assert hints.AGAIN_SENDS_ANEW in said
    migrate(ann, bucket, prefix="")
    assert is_as(on_hub(lab, lab.inputs)["raw/a.bin"], data)


def test_two_people_who_commit_meanwhile_and_a_lost_answer_lose_nothing(lab: Lab, ann: Member, bucket: Bucket) -> None:
    bucket.fill({f"raw/{name}.csv": name.encode() for name in "abc"})
    there = {"raw/a.csv": "a", "raw/b.csv": "of cho"}

    def meanwhile(request: Request) -> Answer | None:
        if request.path.endswith("c.csv"):
            bucket.faults.remove(meanwhile)
            lab.web_commit("cho", there, repo=lab.inputs)
        return None

    bucket.faults.append(meanwhile)
    with lab.faults("route=commit,user=ann,skip=1,times=1,drop=1"):
        migrate(ann, bucket, prefix="", code=3)
    assert lab.on_hub(repo=lab.inputs) == there | {"raw/c.csv": "c"}
    assert {path: row["outcome"] for path, row in report(ann).items()} == {
        "raw/a.csv": "there already", "raw/b.csv": "conflict", "raw/c.csv": "moved",
    }  # fmt: skip
    titles = [one.title for one in lab.hub.api("cho").list_repo_commits(lab.inputs, repo_type="dataset")]
    assert sum("from S3" in title for title in titles) == 1
