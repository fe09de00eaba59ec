"""`python -m benchmarks.moving`: a bucket moves to the Hub, by `migrate-from-s3` and by way of a disk.

The other way is what people do without it: `rclone copy` down, then `hf upload`. Each is measured from nothing, and
once more with a SIGKILL in the middle and the same commands again, on a new Hub each time. labdata has a disk of its
own that holds a third of the large object (a tmpfs, where the user may mount one). All files are compared on the Hub at
the end. S3 is moto, which is slow, and the Hub is localhub: both run on this machine, and their own work is in every
time. localhub tells of connections that a kill has cut.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import click
from huggingface_hub.hf_api import RepoFile

from benchmarks import machine
from benchmarks.measuring import Command, HubCounter
from benchmarks.store import running
from localhub.testing import Hub
from tests.members import Lab

KEYS = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark", "AWS_DEFAULT_REGION": "us-east-1"}
RESULTS = Path(__file__).parent / "results"
WAYS = ("labdata", "rclone and hf")
HEAD = ("objects", "way", "seconds", "disk at most", "read from S3", "sent to the Hub", "after a kill", "", "")
_LONGEST = 3600.0
_KILLED_AT = 0.6  # of the bytes that are sent to the Hub
_PART = 64_000_000


@dataclass(frozen=True)
class Measured:
    """What one way has cost: seconds, the largest disk space that it took, bytes from S3 and to the Hub."""

    seconds: float
    disk: int
    read: int
    sent: int


@dataclass
class Ground:
    """The servers, a bucket with its objects, and room for files."""

    store: str
    bucket: str
    hashes: dict[str, str]
    folder: Path
    rclone: str
    disk: int

    @property
    def size(self) -> int:
        """The bytes of all objects."""
        found = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return sum(item["Size"] for page in found for item in page["Contents"])

    @property
    def client(self) -> Any:
        """boto3's client for the bucket."""
        return client(self.store)


def client(endpoint: str) -> Any:
    """boto3's client for the S3 server."""
    names = {"aws_access_key_id": "benchmark", "aws_secret_access_key": "benchmark", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=endpoint, **names)


def filled(endpoint: str, bucket: str, files: int, size: int) -> dict[str, str]:
    """Make a bucket with random objects below ``data/raw``; returns the SHA-256 of each by its path there."""
    s3, rng = client(endpoint), random.Random(files + size)
    s3.create_bucket(Bucket=bucket)
    hashes = {}
    for number in range(files):
        path, digest = f"raw/plate-{number % 20}/{number}.tiff", hashlib.sha256()
        if size <= _PART:
            data = rng.randbytes(size)
            digest.update(data)
            s3.put_object(Bucket=bucket, Key=f"data/{path}", Body=data)
        else:
            upload = s3.create_multipart_upload(Bucket=bucket, Key=f"data/{path}")["UploadId"]
            about = {"Bucket": bucket, "Key": f"data/{path}", "UploadId": upload}
            parts: list[dict[str, Any]] = []
            for start in range(0, size, _PART):
                data = rng.randbytes(min(_PART, size - start))
                digest.update(data)
                one = s3.upload_part(**about, PartNumber=len(parts) + 1, Body=data)
                parts.append({"PartNumber": len(parts) + 1, "ETag": one["ETag"]})
            s3.complete_multipart_upload(**about, MultipartUpload={"Parts": parts})
        hashes[path] = digest.hexdigest()
    return hashes


def s3_read(endpoint: str, topic: str = "counts") -> int:
    """The bytes that the S3 server has given since it was asked to reset."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{endpoint}/_benchmark/{topic}", timeout=30) as answer:
        return int(json.load(answer)["received"])


@contextmanager
def watched(folder: Path) -> Iterator[list[int]]:
    """Watch how much disk space a folder takes at most."""
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            used = 0
            for here, _folders, names in os.walk(folder):
                for name in names:
                    with suppress(OSError):
                        used += Path(here, name).lstat().st_blocks * 512
            most[0] = max(most[0], used)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Give a folder only so much room (0: no bound); gives whether that could be done."""
    folder.mkdir(parents=True)
    if not megabytes:
        yield False
        return
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    mounted = (
        shutil.which("mount") is not None and not subprocess.run(command, check=False, capture_output=True).returncode
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def by_labdata(ground: Ground, lab: Lab, place: Path) -> list[Command]:
    """The project, its home and its temporary files, all on the small disk."""
    # Made elsewhere, for `setup` needs the Hub only.
    member = lab.member("ann")
    shutil.copytree(member.root, place / "project")
    env = {**without_aws(member.env), **KEYS, **places(place), "AWS_ENDPOINT_URL": ground.store}
    command = [sys.executable, "-m", "labdata", "migrate-from-s3", f"s3://{ground.bucket}/data", "--yes"]
    return [Command(command, place / "project", env)]


def by_disk(ground: Ground, lab: Lab, place: Path) -> list[Command]:
    """Down with rclone, up with hf."""
    lab.hub.api("ann").create_repo(lab.inputs, repo_type="dataset", private=True, exist_ok=True)
    env = {**without_aws(lab.hub.env("ann", place / "home")), **KEYS, **places(place)}
    env |= {
        "RCLONE_CONFIG": str(place / "rclone.conf"),
        "RCLONE_CONFIG_STORE_TYPE": "s3",
        "RCLONE_CONFIG_STORE_PROVIDER": "Other",
        "RCLONE_CONFIG_STORE_ENV_AUTH": "true",
        "RCLONE_CONFIG_STORE_ENDPOINT": ground.store,
    }
    remote = f"store:{ground.bucket}/data"
    down = [ground.rclone, "copy", "--quiet", "--transfers=16", "--checkers=16", remote, str(place / "data")]
    hf = Path(sys.executable).with_name("hf")
    up = [str(hf), "upload", lab.inputs, str(place / "data" / "raw"), "raw", "--repo-type", "dataset", "--quiet"]
    return [Command(down, place, env), Command(up, place, env)]


def without_aws(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with nothing in it of a user's own S3."""
    return {name: value for name, value in env.items() if not name.startswith(("AWS_", "RCLONE_"))}


def places(place: Path) -> dict[str, str]:
    """The folders for caches and temporary files, all below one."""
    found = {name: str(place / name.lower()) for name in ("HF_HOME", "TMPDIR", "HOME")}
    for one in found.values():
        Path(one).mkdir(exist_ok=True)
    return found


def run(commands: list[Command], counter: HubCounter, kill_at: int = 0) -> bool:
    """Run commands one after another; with ``kill_at``, SIGKILL once so many bytes have come to the Hub.

    Returns whether one was killed.
    """
    for command in commands:
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                [str(one) for one in command.arguments],
                cwd=command.folder,
                env=dict(command.env),
                stdout=said,
                stderr=said,
            )
            until = time.monotonic() + _LONGEST
            try:
                while process.poll() is None and time.monotonic() < until:
                    if kill_at and counter.read().sent >= kill_at:
                        process.send_signal(signal.SIGKILL)
                        process.wait()
                        return True
                    time.sleep(0.05)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            if process.returncode:
                said.seek(0)
                raise click.ClickException(
                    f"{command.arguments[:4]} ended with {process.returncode}:\n{said.read()[-2000:]}"
                )
    return False


def measured(ground: Ground, way: str, *, killed: bool) -> Measured:
    """Move everything by one way, from nothing; with ``killed``, with a kill in the middle, and again."""
    folder = ground.folder / uuid.uuid4().hex
    # A Hub that has none of it: contents that another repo has are known to Xet.
    with Hub.start(folder / "hub") as hub:
        lab = Lab(hub, folder, "moving")
        counter, place = HubCounter(hub), folder / "place"
        with small_disk(place, ground.disk if way == "labdata" else 0):
            commands = (by_labdata if way == "labdata" else by_disk)(ground, lab, place)
            counter.reset()
            s3_read(ground.store, "reset")
            start = time.perf_counter()
            with watched(place) as most:
                if killed and not run(commands, counter, int(ground.size * _KILLED_AT)):
                    click.echo(f"  {way} was done before it was killed: the second run finds nothing to do")
                run(commands, counter)
            seconds = time.perf_counter() - start
            found = Measured(seconds, most[0], s3_read(ground.store), counter.read().sent)
        _check(ground, lab)
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _check(ground: Ground, lab: Lab) -> None:
    entries = lab.hub.api("ann").list_repo_tree(lab.inputs, recursive=True, repo_type="dataset")
    there = {one.path: one.lfs.sha256 for one in entries if isinstance(one, RepoFile) and one.lfs}
    if any(there.get(path) != sha256 for path, sha256 in ground.hashes.items()):
        raise click.ClickException("The Hub does not hold what the bucket holds.")


def row(what: str, way: str, plain: Measured, killed: Measured) -> list[str]:
    """Return a line of the report."""

    def mb(size: int) -> str:
        return f"{size / 1e6:,.{0 if size >= 100_000_000 else 1}f} MB"

    return [
        what, way, f"{plain.seconds:.1f}", mb(plain.disk), mb(plain.read), mb(plain.sent), f"{killed.seconds:.1f} s",
        f"read {mb(killed.read)}", f"sent {mb(killed.sent)}",
    ]  # fmt: skip


@click.command()
@click.option("--files", default=2_000, show_default=True, help="Small objects, of 8 kB.")
@click.option("--large", default=1_000, show_default=True, help="MB of the one large object.")
@click.option("--disk", default=300, show_default=True, help="MB of disk that labdata has.")
@click.option("--write", is_flag=True, help="Write the report to benchmarks/results.")
def main(files: int, large: int, disk: int, write: bool) -> None:
    """Measure the move of a bucket to the Hub."""
    rclone = shutil.which("rclone")
    if rclone is None:
        raise click.ClickException("rclone is not here: apt install rclone.")
    rows: list[list[str]] = []
    cases = ((f"{files:,} of 8 kB", files, 8_000), (f"1 of {large:,} MB", 1, large * 1_000_000))
    with tempfile.TemporaryDirectory(prefix="hublab-moving-") as folder, running(sys.executable) as store:
        for what, count, size in cases:
            bucket = f"b{uuid.uuid4().hex[:10]}"
            hashes = filled(store.endpoint, bucket, count, size)
            ground = Ground(store.endpoint, bucket, hashes, Path(folder), rclone, disk)
            for way in WAYS:
                plain, killed = (measured(ground, way, killed=is_killed) for is_killed in (False, True))
                rows.append(row(what, way, plain, killed))
                click.echo("  ".join(rows[-1]))
    if write:
        _write(rows, files, large, disk)


def _write(rows: list[list[str]], files: int, large: int, disk: int) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    lines = [
        f"# A bucket moves to the Hub, {today}",
        "",
        f"`python -m benchmarks.moving --files {files} --large {large} --disk {disk}` on {machine.describe()}; "
        f"load at the end {machine.load():.1f}.",
        "",
        " ".join((__doc__ or "").split("\n\n", 1)[1].split()),
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{'---|' * len(HEAD)}",
        *(f"| {' | '.join(one)} |" for one in rows),
    ]
    path = RESULTS / f"{today}-moving.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    click.echo(f"Written: {path}")


if __name__ == "__main__":
    main()
