"""Many clients at the same time, and a Hub that stops, is killed, and goes on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd
from huggingface_hub.errors import HfHubHTTPError

import localhub
from localhub.api import app
from localhub.testing import Hub
from tests.localhub.people import run_together
from tests.localhub.test_files import commit, contents
from tests.localhub.test_pull_requests import propose

BUSY = """
import hashlib, os, sys
from pathlib import Path
from huggingface_hub import HfApi
repo, digest, number = sys.argv[1:]
api = HfApi()
if int(number) < 4:
    folder = Path(os.environ["HF_HOME"], "work")
    folder.mkdir(parents=True)
    (folder / f"{number}.parquet").write_bytes(os.urandom(2_000_000))
    (folder / f"{number}.txt").write_text(number)
    api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=folder, path_in_repo=f"from/{number}")
    print("uploaded")
else:
    path = api.hf_hub_download(repo, "big.parquet", repo_type="dataset", revision="v1")
    print("intact" if hashlib.sha256(Path(path).read_bytes()).hexdigest() == digest else "damaged")
"""


def test_four_upload_while_four_download(hub: Hub, tmp_path: Path) -> None:
    import hashlib

    repo = hub.new_repo()
    big = os.urandom(6_000_000)
    commit(hub.api("ann"), repo, {"big.parquet": big})
    hub.api("ann").create_tag(repo, tag="v1", repo_type="dataset")
    homes = [("ann" if number % 2 else "bob", tmp_path / str(number)) for number in range(8)]
    said = run_together(hub, homes, BUSY, repo, hashlib.sha256(big).hexdigest())
    assert said == ["uploaded"] * 4 + ["intact"] * 4
    found = contents(hub.api("ann"), repo)
    assert {path for path in found if path.startswith("from/")} == {
        f"from/{number}/{number}.{ending}" for number in range(4) for ending in ("parquet", "txt")
    }
    assert len(hub.api("ann").list_repo_commits(repo, repo_type="dataset")) == 6


RACE = """
import sys
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
repo, start, number = sys.argv[1:]
try:
    HfApi().create_commit(repo, [CommitOperationAdd("a.txt", number.encode())], commit_message=number,
                          parent_commit=start, repo_type="dataset")
    print("won")
except HfHubHTTPError as error:
    print(error.response.status_code)
"""


def test_of_three_pushes_from_the_same_start_one_wins(shared_hub: Hub, tmp_path: Path) -> None:
    repo = shared_hub.new_repo()
    start = str(shared_hub.api("ann").repo_info(repo, repo_type="dataset").sha)
    homes = [("ann", tmp_path / str(number)) for number in range(3)]
    assert sorted(run_together(shared_hub, homes, RACE, repo, start)) == ["412", "412", "won"]
    assert len(shared_hub.api("ann").list_repo_commits(repo, repo_type="dataset")) == 2


def test_a_killed_hub_goes_on_where_it_was(hub: Hub) -> None:
    api = hub.api("ann")
    repo = hub.new_repo(private=True)
    data = os.urandom(400_000)
    head = commit(api, repo, {"a.parquet": data, "b.txt": b"b"})
    number = propose(api, repo, {"c.txt": b"c"})
    tokens, endpoint = dict(hub.tokens), hub.endpoint
    hub.kill()
    hub.restart()
    assert (hub.tokens, hub.endpoint) == (tokens, endpoint)
    assert api.repo_info(repo, repo_type="dataset").sha == head
    assert contents(api, repo) == {"a.parquet": data, "b.txt": b"b"}
    hub.reset_requests()
    commit(api, repo, {"copy.parquet": data})
    assert sum(request.bytes_in for request in hub.requests("cas-xorb")) == 0
    api.merge_pull_request(repo, number, repo_type="dataset")
    assert api.file_exists(repo, "c.txt", repo_type="dataset")


def test_the_hub_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = f"""
import os, sys
from pathlib import Path
import localhub
from localhub.api import app
from localhub.testing import Hub
with Hub.start(Path({str(tmp_path / "hub")!r})) as hub:
    print(hub.endpoint, flush=True)
    os._exit(9)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 9, done.stderr
    port = int(done.stdout.rsplit(":", 1)[1])
    for _ in range(100):
        if not answers("127.0.0.1", port):
            break
        time.sleep(0.1)
    assert not answers("127.0.0.1", port)


def test_it_listens_on_this_machine_only(hub: Hub) -> None:
    port = int(hub.endpoint.rsplit(":", 1)[1])
    assert answers("127.0.0.1", port)
    # Who listens on all addresses also listens here.
    assert not answers("127.0.0.2", port)


def answers(address: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, port)) == 0


def test_faults_strike_when_and_how_they_are_told(hub: Hub) -> None:
    api = hub.api("ann")
    repo = hub.new_repo()
    add = [CommitOperationAdd("a.txt", b"a")]

    hub.set_faults(["status=503,route=commit,method=POST,retry-after=1,times=1", "status=429,route=merge"])
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_commit(repo, add, commit_message="x", repo_type="dataset")
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["retry-after"] == "1"
    assert not api.file_exists(repo, "a.txt", repo_type="dataset")

    hub.set_faults(["route=commit,after=1"])
    with pytest.raises(Exception, match="disconnected"):
        api.create_commit(repo, add, commit_message="it landed", repo_type="dataset")
    assert api.list_repo_commits(repo, repo_type="dataset")[0].title == "it landed"
    assert [request.status for request in hub.requests("commit")][-1] == 0

    # Closed before it has read what is sent: the kernel may say so with a reset.
    hub.set_faults(["route=commit,refuse=1", "route=refs,status=500,after=1"])
    with pytest.raises(Exception, match=r"disconnected|reset by peer|[Bb]roken pipe"):
        api.create_commit(repo, [CommitOperationAdd("b.txt", b"b")], commit_message="y", repo_type="dataset")
    assert not api.file_exists(repo, "b.txt", repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="500"):
        api.list_repo_refs(repo, repo_type="dataset")

    hub.set_faults(["route=repo-info,status=418,skip=1,every=2,user=ann"])
    statuses = []
    for _ in range(5):
        try:
            api.repo_info(repo, repo_type="dataset")
            statuses.append(200)
        except HfHubHTTPError as error:
            statuses.append(error.response.status_code)
    assert statuses == [200, 200, 418, 200, 418]
    assert hub.api("bob").repo_info(repo, repo_type="dataset").id == repo
    hub.set_faults()
    assert api.repo_info(repo, repo_type="dataset").id == repo


def test_a_far_away_hub_keeps_its_clients_waiting(hub: Hub) -> None:
    hub.set_faults(latency_ms=2000)
    asking = threading.Thread(target=hub.api("ann").whoami)
    asking.start()
    while not hub.requests("whoami"):
        time.sleep(0.01)
    assert hub.requests("whoami")[0].status == 0
    asking.join()
    assert hub.requests("whoami")[0].status == 200


def test_a_hub_is_started_with_its_own_people_and_faults(tmp_path: Path) -> None:
    rules = ["status=503,route=create-repo,times=1"]
    with Hub.start(tmp_path / "hub", users={"zoe": "admin"}, orgs=("one", "two"), fail=rules, latency_ms=5) as hub:
        zoe = hub.api("zoe")
        with pytest.raises(HfHubHTTPError, match="503"):
            zoe.create_repo("two/data", repo_type="dataset")
        assert zoe.create_repo("two/data", repo_type="dataset").repo_id == "two/data"
        assert [org["name"] for org in zoe.whoami()["orgs"]] == ["one", "two"]


def test_an_admin_secret_guards_the_faults(hub: Hub) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{hub.endpoint}/_localhub/requests")


def test_the_readme_names_every_route() -> None:
    text = Path(localhub.__file__).with_name("README.md").read_text(encoding="utf-8")
    names = {one.name for topic in app.TOPICS for one in topic.ROUTES}
    assert {name for name in names if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("rule", ["sometimes", "route=commit", "status=x,route=commit", "status=500,every=0", ""])
def test_a_fault_rule_that_makes_no_sense_is_refused(shared_hub: Hub, rule: str) -> None:
    with pytest.raises(ValueError, match="fault rule"):
        shared_hub.set_faults([rule])


def test_mistakes_on_the_command_line_get_one_sentence(hub: Hub, tmp_path: Path) -> None:
    port = hub.endpoint.rsplit(":", 1)[1]
    for words, sentence in (
        (["--user", "ann:boss"], "'boss' is not a role"),
        (["--user", "ann", "--fail", "nonsense"], "'nonsense' in the fault rule"),
        (["--user", "ann", "--port", port], "choose another with --port"),
        (["--user", "ann", "--root", str(hub.root)], "is in use by another localhub"),
    ):
        command = [sys.executable, "-m", "localhub", "serve", "--root", str(tmp_path / "other"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode != 0
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
