"""What an error tells people to do gets them on from that very state.

Each test is marked with the hints that it follows; `tests/unit/test_hints.py` sees that none is left out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

import pytest
from filelock import FileLock
from labdata.core import hints

from tests.endurance.runner import Conditions, Quick
from tests.members import Lab

Join = Callable[..., Quick]
IMPATIENT = Conditions(impatient=True)
OBEDIENT = Conditions(obey_modes=True)


@pytest.fixture
def ann(join: Join) -> Quick:
    """Ann, who has published two files to her branch."""
    ann = join("ann")
    for name in "ab":
        ann.write(f"processed/{name}.csv", name)
    ann.put()
    return ann


def recipes(said: str) -> list[list[str]]:
    """The commands of the tool behind the recipes that a text names in backticks."""
    found = []
    for line in re.findall(r"`just ([^`]+)`", said):
        recipe, *rest = (word.strip("'") for word in line.split())
        verb, _, repo = recipe.partition("-")
        translated = {
            "get": ["get", repo or "results"],
            "put": ["put", repo or "results"],
            "branch-create": ["branch", "create"],
            "branch-list": ["branch", "list"],
            "log-main": ["log", "--main"],
            "list-data": ["files"],
            "recycle-list": ["recycle", "list"],
            "data-status": ["status"],
            "data-diff": ["diff"],
            "pr-create": ["pr", "create"],
        }
        found.append([*translated.get(recipe, translated.get(verb, [recipe])), *rest])
    return found


@pytest.mark.hint("NETWORK", "OUTER_TOKEN", "PROJECT_FOLDER", "MEMBERSHIP")
def test_who_cannot_reach_the_hub_mends_what_is_named(ann: Quick) -> None:
    good = dict(ann.env)
    for broken, hint in (
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, hints.NETWORK),
        ({"HF_TOKEN": "hf_" + "x" * 34}, hints.OUTER_TOKEN),
        ({"HF_PROJECT": "elsewhere"}, hints.MEMBERSHIP),
    ):
        ann.env = good | broken
        assert hint in ann.get(code=1)
    ann.run("setup")
    assert "downloaded" not in ann.get()
    ann.env, root = good, ann.root
    ann.root = root.parent
    assert hints.PROJECT_FOLDER in ann.get(code=1)
    ann.root = root
    ann.get()


@pytest.mark.hint("AGAIN", "AGAIN_IN_FIVE_MINUTES", "AGAIN_AFTER_THE_PAUSE", "WRITE_ACCESS", "REFUSED")
def test_what_the_hub_refuses_for_a_while_is_done_by_the_same_command(ann: Quick, lab: Lab) -> None:
    for number, (fault, hint) in enumerate(
        (
            ("route=refs,status=500", hints.AGAIN),
            ("route=refs,status=429,retry-after=1", hints.AGAIN_IN_FIVE_MINUTES),
            ("route=refs,status=429,retry-after=86400", hints.AGAIN_AFTER_THE_PAUSE),
            ("route=refs,status=403", hints.WRITE_ACCESS),
            ("route=refs,status=400", hints.REFUSED),
        )
    ):
        ann.write("processed/a.csv", str(number))
        with lab.faults(fault):
            ended = ann.under(IMPATIENT, "put", "results", code=1)
        assert hint in ended.stderr, fault
        ann.put()
        assert lab.on_hub("ann")["processed/a.csv"] == str(number)


@pytest.mark.hint("AGAIN_KEEPS")
def test_contents_that_broke_off_come_with_the_same_command(ann: Quick, lab: Lab) -> None:
    ann.write("processed/large.bin", b"\0x" * 1_000_000)
    with lab.faults("route=cas-xorb,status=403"):
        ended = ann.under(IMPATIENT, "put", "results", code=1)
    assert hints.AGAIN_KEEPS in ended.stderr
    assert "nothing to publish" not in ann.put()


@pytest.mark.hint("REVISIONS", "versions", "did_you_mean", "ANOTHER_TAG", "TAG_NAME", "MAKE_BRANCH")
def test_a_version_that_is_not_there_is_found_by_what_is_listed(ann: Quick) -> None:
    assert hints.TAG_NAME in ann.run("tag", "paper v1", "--results-only", code=1).stderr
    said = ann.get("--at", "paper-v1", code=1)
    assert hints.versions([]) in said
    for command in recipes(said):
        ann.run(*command)
    ann.run("tag", "paper-v1", "--results-only")
    assert hints.did_you_mean(["paper-v1"]) in ann.get("--at", "papr-v1", code=1)
    ann.get("--at", "paper-v1")
    ann.get()
    ann.write("processed/a.csv", "edited")
    ann.put()
    assert hints.ANOTHER_TAG in ann.run("tag", "paper-v1", "--results-only", code=1).stderr
    ann.run("tag", "paper-v2", "--results-only")
    ann.env["HF_BRANCH"] = "zoe"
    said = ann.run("log", code=1).stderr
    assert hints.MAKE_BRANCH in said
    for command in recipes(said):
        ann.run(*command)
    ann.run("log")


@pytest.mark.hint("tables", "folders", "other_repo", "path_in_data", "ONE_ANALYSIS", "NEW_FOLDER")
def test_what_was_mistyped_is_typed_as_the_hint_has_it(ann: Quick) -> None:
    assert hints.tables(["inputs", "results"], "images") in ann.run("get", "images", code=1).stderr
    said = ann.get("nonsense/", code=1)
    assert hints.folders(["interim", "processed"], "results") in said
    for command in recipes(said):
        ann.run(*command)
    ann.get("processed/")
    said = ann.get("raw/", code=1)
    assert hints.other_repo("get", "inputs", "raw/") in said
    assert "has no" not in said
    assert hints.path_in_data(ann.root) in ann.get("/etc", code=1)
    ann.get("data/processed/")
    said = ann.get("--for", "processed", code=1)
    assert hints.ONE_ANALYSIS in said
    for command in recipes(said):
        ann.run(*command)
    (ann.root / "beside").mkdir()
    (ann.root / "beside" / "x").write_text("taken")
    assert hints.NEW_FOLDER in ann.get("--from", "main", "--to", "beside", code=1)
    ann.get("--from", "main", "--to", "new")


@pytest.mark.hint("sides", "get_first")
def test_a_refused_put_and_a_conflict_are_settled_by_what_they_name(ann: Quick, lab: Lab) -> None:
    lab.web_commit("ann", {"processed/a.csv": "the web's", "processed/b.csv": "the web's"}, "ann")
    for name in "ab":
        ann.write(f"processed/{name}.csv", "mine")
    said = ann.put(code=3)
    assert hints.get_first("results") in said
    [get] = recipes(said)
    said = ann.run(*get, code=3).stderr
    assert hints.sides("results") in said
    ann.run(*get, "--mine", "processed/a.csv", "--theirs", "processed/b.csv")
    ann.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "mine", "processed/b.csv": "the web's"}


@pytest.mark.hint("publish_or_beside", "own_branch_first")
def test_another_version_is_shown_once_the_hint_is_followed(ann: Quick) -> None:
    ann.run("tag", "v1", "--results-only")
    ann.write("processed/a.csv", "edited")
    said = ann.get("--at", "v1", code=3)
    assert hints.publish_or_beside(["a"], "results") in said
    ann.get("--at", "v1", "--to", "beside")
    [put] = recipes(said)
    ann.run(*put)
    ann.get("--at", "v1")
    ann.write("processed/new.csv", "made while looking")
    said = ann.put(code=1)
    assert hints.own_branch_first("results") in said
    [get] = recipes(said)
    ann.run(*get)
    ann.put()
    assert ann.read("processed/a.csv") == "edited"


@pytest.mark.hint(
    "NOTHING_TO_UNDO", "move_then_undo", "CLEAR_THE_WAY_FOR_UNDO", "RECYCLE_LIST", "CLEAR_THE_WAY", "RECYCLE_YES"
)
def test_the_way_back_is_cleared_as_it_is_told(ann: Quick, lab: Lab) -> None:
    assert hints.NOTHING_TO_UNDO in ann.run("undo", code=1).stderr
    ann.run("recycle", "list")
    assert hints.RECYCLE_LIST in ann.run("recycle", "restore", "nothing/**", code=1).stderr
    ann.path("processed/folder").mkdir()
    ann.path("processed/a.csv").rename(ann.path("processed/folder/a.csv"))
    ann.put()
    lab.web_commit("ann", {"processed/folder/a.csv": None, "processed/b.csv": "the web's"}, "ann")
    ann.get()
    ann.write("processed/b.csv", "edited since")
    assert hints.move_then_undo(["b"]) in ann.run("undo", code=3).stderr
    ann.path("processed/b.csv").rename(ann.root / "b.csv")
    ann.write("processed/folder", "in the way")
    assert hints.CLEAR_THE_WAY_FOR_UNDO in ann.run("undo", code=3).stderr
    assert hints.CLEAR_THE_WAY in ann.run("recycle", "restore", "processed/folder/a.csv", code=1).stderr
    ann.path("processed/folder").rename(ann.root / "out")
    ann.run("undo")
    assert ann.files() == {"processed/folder/a.csv": "a", "processed/b.csv": "b"}
    ann.write("processed/b.csv", "mine alone")
    ann.get("--restore", "processed/b.csv")
    said = ann.run("recycle", "empty", code=1).stderr
    assert hints.RECYCLE_YES in said
    ann.run("recycle", "list")
    ann.run("recycle", "empty", "--yes")


@pytest.mark.hint("rename", "RENAME_ONE", "MORE_FOLDERS", "SECRET", "POINTER")
def test_what_cannot_be_published_is_mended_as_it_is_told(ann: Quick, lab: Lab) -> None:
    ann.write("processed/what?.csv", "x")
    assert hints.rename(["x"]) in ann.put(code=1)
    ann.path("processed/what?.csv").rename(ann.path("processed/what.csv"))
    ann.write("processed/WHAT.csv", "y")
    assert hints.RENAME_ONE in ann.put(code=1)
    ann.path("processed/WHAT.csv").rename(ann.path("processed/other.csv"))
    ann.write("processed/notes.txt", "hf_" + "a" * 34)
    assert hints.SECRET in ann.put(code=1)
    ann.write("processed/notes.txt", "none")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
    ann.write("processed/a.csv", pointer)
    assert hints.POINTER in ann.put(code=1)
    ann.get("--restore", "processed/a.csv")
    ann.put()
    assert lab.on_hub("ann") == ann.files()
    for number in range(10_001):
        ann.write(f"interim/many/{number}", "")
    assert hints.MORE_FOLDERS in ann.put(code=1)
    for number in range(5_000):
        ann.path(f"interim/many/{number}").unlink()
    ann.put("--dry-run")


@pytest.mark.hint("whose", "missing_files")
def test_doubts_before_a_put_are_answered_as_it_is_told(ann: Quick, lab: Lab) -> None:
    shutil.rmtree(ann.root / "data" / ".labdata")
    ann.write("processed/new.csv", "new")
    said = ann.put(code=1)
    assert hints.whose("results") in said
    status, put = recipes(said)
    ann.run(*status)
    ann.run(*put)
    assert lab.on_hub("ann")["processed/new.csv"] == "new"
    shutil.rmtree(ann.root / "data" / "processed")
    said = ann.put(code=1)
    assert hints.missing_files("results", ["processed"]) in said
    [get] = recipes(said)
    ann.run(*get)
    assert ann.files() == lab.on_hub("ann")


@pytest.mark.hint("PUBLISH_FIRST", "MERGE_MAIN", "FINISH_PUSH", "REQUESTS", "CLOSED", "AUTHOR_MERGES")
def test_a_pull_request_gets_on_by_what_is_told(ann: Quick, join: Join, lab: Lab) -> None:
    bob = join("bob")
    said = bob.run("pr", "create", code=1).stderr
    assert hints.PUBLISH_FIRST in said
    bob.write("processed/a.csv", "bob's")
    [put] = recipes(said)
    bob.run(*put)
    bob.run("pr", "create")
    ann.put("--main")
    assert hints.AUTHOR_MERGES in bob.run("pr", "merge", "1", code=1).stderr
    assert hints.REQUESTS in bob.run("pr", "merge", "9", code=1).stderr
    bob.run("pr", "list")
    bob.run("pr", "close", "1", "Superseded")
    assert hints.CLOSED in bob.run("pr", "merge", "1", code=1).stderr
    said = bob.run("pr", "create", code=3).stderr
    assert hints.MERGE_MAIN in said
    bob.get(code=3)
    bob.get("--mine", "**")
    bob.put()
    bob.run("pr", "create")
    lab.merge(2)
    assert lab.on_hub()["processed/a.csv"] == "bob's"


@pytest.mark.hint("SET_BRANCH", "MEND_LINE", "REPO_NAME", "REPO_FOLDERS", "ONE_REPO_A_FOLDER", "UTF8", "UTF8_LINE")
def test_a_slip_in_the_settings_is_mended_as_it_is_told(ann: Quick) -> None:
    ann.env["HF_BRANCH"] = "my branch"
    assert hints.SET_BRANCH in ann.get(code=1)
    ann.env["HF_BRANCH"] = "ann"
    toml = ann.root / "labdata.toml"
    good = toml.read_text()
    for broken, hint in (
        (good + "\nfolders = [\n", hints.MEND_LINE),
        (good.replace(f'org = "{good.split(chr(34))[1]}"', 'org = "my lab"'), hints.REPO_NAME),
        (good.replace('"raw"]', '"/raw"]'), hints.REPO_FOLDERS),
        (good.replace('"raw"]', '"processed"]'), hints.ONE_REPO_A_FOLDER),
    ):
        toml.write_text(broken)
        assert hint in ann.get(code=1), broken
    toml.write_bytes(b"\xff\xfe" + good.encode("utf-16-be")[:-1])
    assert hints.UTF8 in ann.get(code=1)
    toml.write_bytes(good.replace('org = "', '# M\xfcller\norg = "M\xfcller', 1).encode("latin-1"))
    assert hints.UTF8_LINE in ann.get(code=1)
    toml.write_text(good)
    ann.get()


@pytest.mark.hint("RENAME_FOLDER", "PUT_FILE_BACK", "PERMIT_READING", "OTHER_COMMAND", "MOUNT")
def test_what_is_in_the_way_on_this_computer_is_put_right_as_it_is_told(ann: Quick) -> None:
    toml = ann.root / "labdata.toml"
    aside = toml.rename(ann.root / "aside.toml")
    toml.mkdir()
    assert hints.RENAME_FOLDER in ann.get(code=1)
    toml.rmdir()
    toml.symlink_to(ann.root / "gone.toml")
    assert hints.PUT_FILE_BACK in ann.get(code=1)
    toml.unlink()
    aside.rename(toml)
    toml.chmod(0)
    assert hints.PERMIT_READING in ann.under(OBEDIENT, "get", "results", code=1).stderr
    toml.chmod(0o644)
    ann.env["LABDATA_WAIT"] = "0.1"
    with FileLock(ann.root / "data" / ".labdata" / "lock"):
        assert hints.OTHER_COMMAND in ann.get(code=1)
    interim = ann.path("interim")
    shutil.rmtree(interim)
    interim.symlink_to(ann.root / "not-mounted")
    assert hints.MOUNT in ann.put(code=1)
    (ann.root / "not-mounted").mkdir()
    ann.put()


@pytest.mark.hint("AGAIN_SENDS_THE_REST")
def test_what_the_hub_ignores_is_published_once_it_does_not(ann: Quick, lab: Lab) -> None:
    lab.web_commit("cho", {".gitignore": "*.parquet\n"}, "ann")
    ann.write("processed/x.parquet", "x")
    said = ann.put(code=1)
    assert hints.AGAIN_SENDS_THE_REST in said
    lab.web_commit("cho", {".gitignore": None}, "ann")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


@pytest.mark.hint("CLOSE_OR_PERMIT")
def test_an_undo_of_what_may_not_be_read_goes_on_with_the_permission(ann: Quick, lab: Lab) -> None:
    lab.web_commit("ann", {"processed/a.csv": "the web's"}, "ann")
    ann.get()
    ann.write("processed/a.csv", "the web's")
    ann.path("processed/a.csv").chmod(0)
    assert hints.CLOSE_OR_PERMIT in ann.under(OBEDIENT, "undo", code=1).stderr
    ann.path("processed/a.csv").chmod(0o644)
    ann.run("undo")
    assert ann.read("processed/a.csv") == "a"


@pytest.mark.hint("maintainer")
def test_who_may_not_make_the_repos_is_told_whom_to_ask(lab: Lab) -> None:
    rea = lab.member("rea", ready=False)
    assert hints.maintainer(lab.org) in rea.run("setup", code=1).stderr
    lab.member("ann")
    rea.run("setup")


@pytest.mark.hint("slow_hub")
def test_a_slow_hub_is_given_the_time_that_is_named(ann: Quick, lab: Lab) -> None:
    ann.env["LABDATA_PATIENCE"] = "1"
    with lab.faults("route=refs,delay-ms=1500"):
        said = ann.run("get", "results", code=1).stderr
        found = re.search(r"LABDATA_PATIENCE=(\d+)", said)
        assert found
        ann.env["LABDATA_PATIENCE"] = found[1]
        ann.get()
