"""What stands between a member and the Hub: login pages of guest networks, slow lines, proxies that damage answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from labdata.core import hints

from tests.between import Between, Passing, Twist, between, untouched
from tests.endurance.runner import Conditions, Quick
from tests.members import Lab, Member


def login_page(passing: Passing) -> None:
    """Answer as a guest network does to whoever has not signed in, or not any more."""
    passing.status, passing.headers, passing.body = 200, {"Content-Type": "text/html"}, b"<html>Please sign in</html>"


def at(text: str) -> Twist:
    """A login page for requests whose path contains a text."""
    return lambda passing: login_page(passing) if text in passing.path else None


def saying(part: str, answer: object) -> Twist:
    """JSON, but not the Hub's, for requests whose path contains a text."""

    def twist(passing: Passing) -> None:
        if part in passing.path:
            passing.status, passing.headers = 200, {"Content-Type": "application/json"}
            passing.body = json.dumps(answer).encode()

    return twist


def refused(bob: Member) -> str:
    """What a put says that fails, without the pauses between its tries."""
    assert isinstance(bob, Quick)
    return " ".join(bob.under(Conditions(impatient=True), "put", "results", code=1).stderr.split())


@pytest.fixture
def line(lab: Lab) -> Iterator[Between]:
    """What stands between Bob and the Hub."""
    with between(lab.hub.endpoint) as line:
        yield line


@pytest.fixture
def bob(lab: Lab, line: Between) -> Member:
    """Bob, who has what Ann put on main, and a file of his own on his branch."""
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob = lab.member("bob")
    bob.get()
    bob.write("processed/mine.csv", "mine")
    bob.put()
    bob.env["HF_ENDPOINT"] = line.endpoint
    return bob


# --- what is copied from one branch to the other passes this computer, and what came in its place is not published


def test_a_login_page_is_not_proposed_in_place_of_a_file(lab: Lab, line: Between, bob: Member) -> None:
    line.twist = at("/resolve/")
    said = bob.run("pr", "create", "-m", "my results", code=1)
    assert "is not what the Hub's own listing promises" in " ".join(said.stderr.split())
    assert "Nothing was published." in said.stderr
    line.twist = untouched
    bob.run("pr", "create", "-m", "my results")
    assert lab.on_hub("refs/pr/1")["processed/mine.csv"] == "mine"


def test_a_login_page_is_not_merged_in_place_of_mains_file(lab: Lab, line: Between, bob: Member) -> None:
    lab.web_commit("cho", {"processed/a.csv": "two"})
    bob.get()
    bob.write("processed/mine.csv", "mine, changed")
    line.twist = at("/resolve/")
    before = lab.on_hub("bob")
    bob.put(code=1)
    assert lab.on_hub("bob") == before
    line.twist = untouched
    bob.put()
    assert lab.on_hub("bob") == {"processed/a.csv": "two", "processed/mine.csv": "mine, changed"}


# --- a repo that was renamed sends on


def test_what_is_only_removed_is_removed_from_a_renamed_repo(lab: Lab, bob: Member) -> None:
    was, now = lab.results, f"{lab.results}-2026"
    lab.hub.api("cho").move_repo(was, now, repo_type="dataset")
    bob.remove("processed/mine.csv")
    bob.put()
    files = lab.hub.api("cho").list_repo_files(now, revision="bob", repo_type="dataset")
    assert "processed/mine.csv" not in files


# --- a line that is slow, and on which all arrives


def test_files_that_take_longer_than_an_answer_may_come_all_the_same(lab: Lab, line: Between, bob: Member) -> None:
    big = "0.123456," * 40_000
    lab.web_commit("cho", {f"processed/table-{n}.csv": f"{n},{big}" for n in range(3)})
    line.down, bob.env["LABDATA_PATIENCE"] = 120_000, "2"
    bob.get()
    assert bob.read("processed/table-2.csv") == f"2,{big}"


def test_tables_that_take_longer_to_send_than_an_answer_may(lab: Lab, line: Between, bob: Member) -> None:
    tables = {f"processed/table-{n}.csv": f"{n}," + "0.123456," * 100_000 for n in range(2)}
    for path, text in tables.items():
        bob.write(path, text)
    line.up, bob.env["LABDATA_PATIENCE"] = 600_000, "2"
    bob.put()
    assert lab.on_hub("bob").items() >= tables.items()
    assert len([one for one in line.seen if "/commit/" in one.path]) == 1


# --- what answers is not the Hub


def test_what_is_sent_is_not_sent_on_to_a_server_that_i_did_not_name(lab: Lab, line: Between, bob: Member) -> None:
    bob.write("processed/mine.csv", "not for everybody")
    with between(lab.hub.endpoint) as elsewhere:

        def send_on(passing: Passing) -> None:
            if passing.method == "POST":
                there = elsewhere.endpoint.replace("127.0.0.1", "localhost")
                passing.status, passing.headers = 307, {"Location": f"{there}{passing.path}"}

        line.before = send_on
        assert "does not speak as the Hub does" in refused(bob)
        assert not elsewhere.seen
    line.before = untouched
    bob.put()
    assert lab.on_hub("bob")["processed/mine.csv"] == "not for everybody"


def test_a_branch_that_a_login_page_created_is_not_told_as_created(lab: Lab, line: Between, bob: Member) -> None:
    def welcome(passing: Passing) -> None:
        if "/branch/" in passing.path:
            login_page(passing)

    line.before = welcome
    said = bob.run("branch", "create", "other", code=1)
    assert "does not list it" in " ".join(said.stderr.split())
    assert "Created" not in said.stdout
    line.before = untouched
    assert "Created branch other" in bob.run("branch", "create", "other").stdout
    assert "other" in lab.branches()


@pytest.mark.parametrize("command", [("get", "results"), ("put", "results"), ("log",), ("diff",), ("pr", "list")])
def test_a_login_page_is_told_as_what_it_is(command: tuple[str, ...], line: Between, bob: Member) -> None:
    bob.write("processed/mine.csv", "changed")
    line.twist = login_page
    said = bob.run(*command, code=None)
    told = " ".join((said.stdout + said.stderr).split())
    assert "does not speak as the Hub does" in told
    assert hints.NETWORK in told
    assert "something it does not know" not in told
    line.twist = untouched
    bob.run(*command)


def test_what_is_damaged_on_its_way_or_sent_round_in_circles_is_told(line: Between, bob: Member) -> None:
    def damaged(passing: Passing) -> None:
        passing.headers["Content-Encoding"] = "gzip"

    def in_circles(passing: Passing) -> None:
        passing.status, passing.headers["Location"], passing.body = 307, passing.path, b""

    for twist in (damaged, in_circles):
        line.twist = twist
        assert "does not speak as the Hub does" in " ".join(bob.get(code=1).split())


def test_a_commit_answered_by_a_login_page_is_looked_for(lab: Lab, line: Between, bob: Member) -> None:
    bob.write("processed/mine.csv", "changed")
    line.twist = at("/commit/")
    bob.put()
    assert lab.on_hub("bob")["processed/mine.csv"] == "changed"
    assert len([one for one in line.seen if "/commit/" in one.path]) == 1


@pytest.mark.parametrize("part", ["/refs", "/preupload/", "/xet-write", "/paths-info/"])
def test_a_login_page_that_speaks_json_is_told_as_what_it_is(part: str, lab: Lab, line: Between, bob: Member) -> None:
    for answer in ({"error": "please sign in"}, ["please sign in"]):
        bob.write("processed/mine.csv", f"changed {answer}")
        bob.write("processed/large.bin", f"{type(answer)}" * 120_000)
        line.twist = saying(part, answer)
        told = refused(bob)
        assert "does not speak as the Hub does" in told
        assert hints.NETWORK in told
        # What was made by then is said to be so; nobody is told that a file changed.
        assert ("was made all the same" in told) == (part == "/paths-info/")
        line.twist = untouched
        bob.put()
        assert lab.on_hub("bob")["processed/mine.csv"] == f"changed {answer}"


def test_a_hub_that_forgets_a_file_when_asked_how_to_store_it(lab: Lab, line: Between, bob: Member) -> None:
    bob.write("processed/large.bin", "0123456789" * 120_000)
    for files in ([], [{"path": "processed/other.bin", "uploadMode": "lfs", "shouldIgnore": False}]):
        line.twist = saying("/preupload/", {"files": files})
        assert "does not speak as the Hub does" in refused(bob)
    line.twist = untouched
    bob.put()
    assert "processed/large.bin" in lab.on_hub("bob")


@pytest.mark.parametrize("sha", [None, "", 3, "unknown"])
def test_a_commit_whose_answer_does_not_name_it_is_looked_for(
    sha: object, lab: Lab, line: Between, bob: Member
) -> None:
    bob.write("processed/mine.csv", "changed")
    line.twist = saying("/commit/", {"success": True, "commitOid": sha})
    said = bob.put()
    assert lab.head("bob")[:8] in said
    assert lab.on_hub("bob")["processed/mine.csv"] == "changed"
    assert len([one for one in line.seen if "/commit/" in one.path]) == 1


@pytest.mark.hint("NEXT_LOOKS_FIRST")
@pytest.mark.parametrize("then", ["refuse=1", "status=503", "status=401"])
def test_a_line_that_breaks_while_a_commit_is_made_leaves_open_whether_it_was(then: str, lab: Lab, bob: Member) -> None:
    bob.write("processed/mine.csv", "changed")
    with lab.faults("route=commit,drop=1", f"route=commits,path=commits/bob,{then}"):
        told = refused(bob)
    assert "Whether the commit was made is not known." in told
    assert "Nothing was changed" not in told
    assert hints.NEXT_LOOKS_FIRST in told
    made = lab.head("bob")
    assert lab.on_hub("bob")["processed/mine.csv"] == "changed"
    assert "nothing to publish" in bob.put()
    assert lab.head("bob") == made


def test_a_token_that_ends_before_the_commit_is_told_as_that(lab: Lab, bob: Member) -> None:
    bob.write("processed/mine.csv", "changed")
    before = lab.head("bob")
    with lab.faults("route=commit,status=401", "route=commits,path=commits/bob,status=401"):
        told = refused(bob)
    assert "does not accept this token" in told
    assert "Nothing was changed." in told
    assert lab.head("bob") == before
    bob.put()
    assert lab.on_hub("bob")["processed/mine.csv"] == "changed"


# --- a list that comes in pages


@pytest.fixture
def many(lab: Lab, bob: Member) -> set[str]:
    """More files on main than one answer of the Hub lists."""
    assert "processed/a.csv" in bob.files()
    files: dict[str, str | None] = {f"processed/many/{n:04}.csv": "many" for n in range(1010)}
    lab.web_commit("cho", files)
    return set(files)


def test_a_header_that_a_proxy_adds_does_not_end_a_list(many: set[str], line: Between, bob: Member) -> None:
    def adding(passing: Passing) -> None:
        passing.headers = {"LINK": '</style.css>; rel="preload"', **passing.headers}

    line.twist = adding
    bob.get()
    assert many <= bob.files().keys()
    assert "nothing" in bob.put()


def test_the_next_page_is_asked_of_the_hub_that_i_named(many: set[str], lab: Lab, line: Between, bob: Member) -> None:
    # Behind a proxy the Hub does not know by what name it is asked.
    with between(lab.hub.endpoint) as elsewhere:

        def renaming(passing: Passing) -> None:
            link = passing.headers.pop("link", "")
            if link:
                passing.headers["Link"] = link.replace(line.endpoint, elsewhere.endpoint)
                renamed.append(passing.headers["Link"])

        renamed: list[str] = []
        line.twist = renaming
        bob.get()
        assert elsewhere.endpoint in renamed[0]
        assert not elsewhere.seen
    assert many <= bob.files().keys()


def test_pages_that_go_round_in_circles_come_to_an_end(many: set[str], line: Between, bob: Member) -> None:
    def circling(passing: Passing) -> None:
        if "/tree/" in passing.path:
            passing.headers["link"] = f'<{line.endpoint}{passing.path}>; rel="next"'

    line.twist = circling
    assert "does not speak as the Hub does" in " ".join(bob.get(code=1).split())
    line.twist = untouched
    bob.get()
    assert many <= bob.files().keys()


# --- what the environment says of the Hub is read in one way, by small requests and by the client


@pytest.mark.parametrize("odd", ["slash", "space", "token on two lines", "older name"])
def test_odd_settings_hold_for_all_requests(odd: str, lab: Lab, bob: Member) -> None:
    token, address = bob.env["HF_TOKEN"], lab.hub.endpoint
    if odd == "slash":
        bob.env["HF_ENDPOINT"] = f"{address}/"
    elif odd == "space":
        bob.env["HF_ENDPOINT"] = f" {address} "
    elif odd == "token on two lines":
        bob.env["HF_TOKEN"] = f"{token[:9]}\r\n{token[9:]}\n"
    else:
        bob.env["HUGGING_FACE_HUB_TOKEN"] = bob.env.pop("HF_TOKEN")
    # A table goes by a small request, the other by the client and Xet.
    bob.write("processed/mine.csv", odd)
    bob.write("processed/large.bin", "0123456789" * 120_000)
    bob.put()
    assert lab.on_hub("bob")["processed/mine.csv"] == odd


def test_a_token_that_cannot_be_sent_is_told_as_that(bob: Member) -> None:
    bob.env["HF_TOKEN"] = "hf_zwölf"
    for command in (("get", "results"), ("put", "results"), ("pr", "list")):
        said = bob.run(*command, code=1).stderr
        assert "The Hub token holds a letter that none has" in said
        assert "hf_zw" not in said


@pytest.mark.hint("ONLINE")
def test_who_is_offline_by_choice_is_told_so(lab: Lab, line: Between, bob: Member) -> None:
    bob.write("processed/mine.csv", "changed")
    bob.env["HF_HUB_OFFLINE"] = "1"
    line.seen.clear()
    for command in ("get", "put"):
        assert hints.ONLINE in " ".join(bob.run(command, "results", code=1).stderr.split())
    assert "only on this disk" in bob.run("status").stdout
    assert not line.seen
    del bob.env["HF_HUB_OFFLINE"]
    bob.put()
    assert lab.on_hub("bob")["processed/mine.csv"] == "changed"


@pytest.mark.hint("PROXY")
@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "nonsense://127.0.0.1:9", "http://127.0.0.1:port"])
def test_a_proxy_that_cannot_be_used_is_told_as_that(proxy: str, lab: Lab, bob: Member) -> None:
    bob.write("processed/mine.csv", "changed")
    bob.env["HTTP_PROXY"] = proxy
    for command in (("get", "results"), ("put", "results"), ("pr", "list")):
        said = " ".join(bob.run(*command, code=1).stderr.split())
        assert "The proxy that the environment names cannot be used" in said
        assert hints.PROXY in said
    del bob.env["HTTP_PROXY"]
    bob.put()
    assert lab.on_hub("bob")["processed/mine.csv"] == "changed"
