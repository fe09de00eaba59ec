"""Content goes through the real hf_xet and comes back byte by byte; what is known is not sent again."""

from __future__ import annotations

import os
import random
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from localhub.content import xorbs
from tests.localhub.people import run_together, type_in
from tests.localhub.test_files import commit, contents

if TYPE_CHECKING:
    from pathlib import Path

    from localhub.testing import Hub

UPLOAD = """
import sys
from huggingface_hub import HfApi
path, repo, name, _ = sys.argv[1:]
print(HfApi().upload_file(path_or_fileobj=path, path_in_repo=name, repo_id=repo, repo_type="dataset").oid)
"""


def get(hub: Hub, path: str, wanted: str = "", user: str | None = None) -> tuple[int, bytes]:
    """What curl would get: status and body."""
    headers = {"Range": wanted} if wanted else {}
    if user:
        headers["Authorization"] = f"Bearer {hub.tokens[user]}"
    try:
        with urllib.request.urlopen(urllib.request.Request(hub.endpoint + path, headers=headers)) as response:
            return int(response.status), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code), b""


def sent_to_cas(hub: Hub) -> int:
    """Bytes of content that clients sent since the log was last cleared."""
    return sum(request.bytes_in for request in hub.requests("cas-xorb"))


def test_20_mb_changed_by_50_bytes_send_less_than_1_mb(hub: Hub, tmp_path: Path) -> None:
    repo = hub.new_repo()
    file = tmp_path / "profiles.parquet"
    data = bytearray(os.urandom(20 * 1024 * 1024))
    file.write_bytes(data)
    run_together(hub, [("ann", tmp_path / "ann")], UPLOAD, str(file), repo, file.name)
    assert sent_to_cas(hub) > len(data)

    def edit_and_upload(position: int, user: str, home: Path, name: str) -> int:
        data[position : position + 50] = os.urandom(50)
        file.write_bytes(data)
        hub.reset_requests()
        run_together(hub, [(user, home)], UPLOAD, str(file), repo, name)
        return sent_to_cas(hub)

    assert 0 < edit_and_upload(9_000_000, "ann", tmp_path / "ann", file.name) < 1_000_000
    # Bob's computer has never seen the file, and he gives it another name: the Hub tells him what it knows.
    assert 0 < edit_and_upload(3_000_000, "bob", tmp_path / "bob", "renamed.parquet") < 1_000_000
    status, body = get(hub, f"/datasets/{repo}/resolve/main/renamed.parquet")
    assert (status, body) == (200, bytes(data))


def test_plain_http_gets_every_kind_of_chunk_and_any_range(shared_hub: Hub) -> None:
    random.seed(7)
    floats = b"".join(random.randint(0, 2**20).to_bytes(4, "little") for _ in range(300_001)) + b"end"
    files = {
        "random.npy": os.urandom(700_000),
        "text.parquet": b"the same words again and again, " * 30_000,
        "floats.bin": floats,
        "plain.txt": b"0123456789",
    }
    repo = shared_hub.new_repo()
    commit(shared_hub.api("ann"), repo, files)
    schemes = set()
    for xorb in (shared_hub.root / "xorbs").rglob("*"):
        if xorb.is_file():
            table, data = xorbs.read_table(xorb), xorb.read_bytes()
            schemes |= {data[table.packed_range(number, number + 1)[0] + 4] for number in range(len(table))}
    assert schemes == {0, 1, 2}, "the client no longer uses all ways to store a chunk; find data for which it does"

    for name, data in files.items():
        path = f"/datasets/{repo}/resolve/main/{name}"
        size = len(data)
        assert get(shared_hub, path) == (200, data)
        for start, end in ((0, 0), (5, 9), (size // 2, size - 2), (size - 1, size - 1)):
            assert get(shared_hub, path, f"bytes={start}-{end}") == (206, data[start : end + 1])
        assert get(shared_hub, path, f"bytes={size // 3}-") == (206, data[size // 3 :])
        assert get(shared_hub, path, "bytes=-4") == (206, data[-4:])
        assert get(shared_hub, path, f"bytes={size}-")[0] == 416


def test_the_store_opens_with_a_token_only(hub: Hub) -> None:
    repo = hub.new_repo(private=True)
    commit(hub.api("ann"), repo, {"a.parquet": os.urandom(10_000)})
    [entry] = hub.api("ann").get_paths_info(repo, "a.parquet", repo_type="dataset")
    route = f"/cas/v1/reconstructions/{getattr(entry, 'xet_hash')}"  # noqa: B009 (files have it, folders do not)
    assert get(hub, route)[0] == 401
    assert get(hub, route, user="ann")[0] == 401
    assert get(hub, f"/api/datasets/{repo}/xet-read-token/main")[0] == 401
    assert get(hub, f"/api/datasets/{repo}/xet-read-token/main", user="rea")[0] == 200
    assert get(hub, f"/api/datasets/{repo}/xet-write-token/main", user="rea")[0] == 403
    assert get(hub, f"/api/datasets/{repo}/xet-write-token/None?create_pr=1", user="rea")[0] == 200
    hub.api("ann").hf_hub_download(repo, "a.parquet", repo_type="dataset")
    [ranges] = {request.path for request in hub.requests("cas-range")}
    assert get(hub, ranges)[0] == 403


def test_clients_without_xet_and_with_it_share_files(shared_hub: Hub, tmp_path: Path) -> None:
    repo = shared_hub.new_repo()
    by_lfs, by_xet = os.urandom(60_000), os.urandom(60_000)
    (tmp_path / "old.parquet").write_bytes(by_lfs)
    (tmp_path / "again.parquet").write_bytes(by_xet)
    commit(shared_hub.api("ann"), repo, {"new.parquet": by_xet})
    program = f"""
import os
os.environ["HF_HUB_DISABLE_XET"] = "1"
from huggingface_hub import HfApi
for name in ("old.parquet", "again.parquet"):
    HfApi().upload_file(path_or_fileobj={str(tmp_path)!r} + "/" + name, path_in_repo=name, repo_id={repo!r},
                        repo_type="dataset")
root = HfApi().snapshot_download({repo!r}, repo_type="dataset")
print(open(root + "/new.parquet", "rb").read() == open(root + "/again.parquet", "rb").read())
"""
    assert run_together(shared_hub, [("bob", tmp_path / "bob")], program) == ["True"]
    assert contents(shared_hub.api("ann"), repo) == {
        "new.parquet": by_xet,
        "old.parquet": by_lfs,
        "again.parquet": by_xet,
    }


def test_an_open_file_goes_by_lfs_too(hub: Hub, tmp_path: Path) -> None:
    repo = hub.new_repo()
    (tmp_path / "a.parquet").write_bytes(b"lfs" * 9000)
    with (tmp_path / "a.parquet").open("rb") as file:
        hub.api("ann").upload_file(path_or_fileobj=file, path_in_repo="a.parquet", repo_id=repo, repo_type="dataset")
    assert [request.status for request in hub.requests("lfs-put")] == [200]
    assert [request.status for request in hub.requests("lfs-verify")] == [200]
    assert contents(hub.api("ann"), repo) == {"a.parquet": b"lfs" * 9000}


def test_a_resumed_download_is_whole(hub: Hub, tmp_path: Path) -> None:
    repo = hub.new_repo()
    data = os.urandom(13_000_000)
    commit(hub.api("ann"), repo, {"a.parquet": data})
    # The client writes to disk every 10 MB; what came after the last time is lost with the connection.
    hub.set_faults(["route=resolve,method=GET,path=a.parquet,cut=12000000,times=1"])
    words = ("hf", "download", repo, "--type", "dataset", "--local-dir", "here")
    done = type_in(hub, "ann", tmp_path, *words, HF_HUB_DISABLE_XET="1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here" / "a.parquet").read_bytes() == data
    assert [rule["struck"] for rule in hub.faults()] == [1]
    assert 206 in {request.status for request in hub.requests("resolve")}
