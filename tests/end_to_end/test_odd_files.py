"""One odd thing in a layer stops nothing: it is left out by name, never taken for removed, and the rest goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.members import Lab, Member
from tests.template.generating import REPOSITORY

AS_ANYONE = (
    "import runpy; from tests.endurance.forkserver import obey_modes; obey_modes();"
    "runpy.run_module('labdata', run_name='__main__')"
)


def as_anyone(member: Member, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run labdata without root's right to read everything."""
    env = {**member.env, "PYTHONPATH": os.pathsep.join([member.env["PYTHONPATH"], str(REPOSITORY)])}
    command = [sys.executable, "-c", AS_ANYONE, *arguments]
    done = subprocess.run(command, cwd=member.root, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def circle(where: Path) -> None:
    """A link to itself."""
    where.symlink_to(where.name)


def through_a_file(where: Path) -> None:
    """A link that needs a folder where a file is."""
    where.symlink_to("good.csv/inner")


def to_nothing(where: Path) -> None:
    """A link whose disk is away."""
    where.symlink_to("/mnt/away/file.csv")


def to_a_folder(where: Path) -> None:
    """A link to a folder."""
    where.symlink_to("..")


def broken(where: Path) -> None:
    """A file that answers reading with "Input/output error"."""
    where.symlink_to("/proc/self/mem")


ODD = pytest.mark.parametrize("odd", [circle, through_a_file, to_nothing, to_a_folder, os.mkfifo, broken])
Odd = Callable[[Path], None]


@ODD
def test_what_is_new_and_odd_stays_here_and_the_rest_is_published(odd: Odd, lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/good.csv", "good")
    ann.put()
    odd(ann.path("processed/odd"))
    ann.write("processed/more.csv", "more")
    assert "data/processed/odd is " in ann.put()
    assert lab.on_hub("ann") == {"processed/good.csv": "good", "processed/more.csv": "more"}
    ann.get()
    assert "data/processed/odd is " in ann.run("status").stderr
    assert "data/processed/odd is " in ann.run("diff").stderr
    assert os.path.lexists(ann.path("processed/odd"))


@ODD
def test_what_was_published_and_is_odd_now_was_not_removed(odd: Odd, lab: Lab) -> None:
    ann = lab.member("ann")
    for name in ("good", "odd", "edited"):
        ann.write(f"processed/{name}.csv", name)
    ann.put()
    ann.remove("processed/odd.csv")
    odd(ann.path("processed/odd.csv"))
    ann.write("processed/edited.csv", "edited again")
    done = ann.run("put", "results", code=None)
    assert "data/processed/odd.csv is " in done.stderr
    assert lab.on_hub("ann") == {
        "processed/good.csv": "good",
        "processed/odd.csv": "odd",
        "processed/edited.csv": "edited again",
    }
    assert "to remove" not in ann.run("status").stdout


@pytest.mark.hint("LEFT_OUT")
@ODD
def test_news_for_what_is_odd_here_are_told_and_the_other_news_come(odd: Odd, lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    for name in ("good", "odd"):
        ann.write(f"processed/{name}.csv", name)
    ann.put("--main")
    bob.get()
    bob.remove("processed/odd.csv")
    odd(bob.path("processed/odd.csv"))
    before = os.lstat(bob.path("processed/odd.csv"))
    for name in ("good", "odd", "new"):
        ann.write(f"processed/{name}.csv", f"{name} 2")
    ann.put("--main")
    done = bob.run("get", "results", code=1)
    assert "data/processed/odd.csv" in done.stderr
    assert bob.read("processed/good.csv") == "good 2"
    assert bob.read("processed/new.csv") == "new 2"
    after = os.lstat(bob.path("processed/odd.csv"))
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    # Told again, not "up to date", for as long as it is so.
    assert "data/processed/odd.csv" in bob.run("get", "results", code=1).stderr
    bob.remove("processed/odd.csv")
    bob.run("get", "results", "--restore", "processed/odd.csv")
    assert bob.read("processed/odd.csv") == "odd 2"


def test_a_folder_that_is_not_named_in_utf8_stops_no_command(lab: Lab) -> None:
    ann = lab.member("ann")
    folder = Path(os.fsdecode(os.fsencode(ann.path("processed")) + b"/caf\xe9"))
    folder.mkdir()
    (folder / "in.csv").write_text("from an old computer")
    ann.write("processed/good.csv", "good")
    for command in (["status"], ["diff"], ["put", "results"], ["get", "results"], ["verify"]):
        said = ann.run(*command)
        assert "data/processed/caf\\udce9 is not named in UTF-8: left out" in said.stderr or command[0] == "get"
    assert lab.on_hub("ann") == {"processed/good.csv": "good"}
    assert (folder / "in.csv").read_text() == "from an old computer"


def test_a_folder_that_became_unreadable_was_not_removed(lab: Lab) -> None:
    ann = lab.member("ann")
    for path in ("shut/a.csv", "shut/b.csv", "secret.csv", "good.csv"):
        ann.write(f"processed/{path}", path)
    ann.put()
    ann.write("processed/good.csv", "edited")
    ann.path("processed/shut").chmod(0)
    ann.path("processed/secret.csv").chmod(0)
    said = as_anyone(ann, "put", "results").stderr
    ann.path("processed/shut").chmod(0o755)
    ann.path("processed/secret.csv").chmod(0o644)
    for path in ("shut", "secret.csv"):
        assert f"data/processed/{path} is not readable (this account has no permission): left out" in said
    assert lab.on_hub("ann") == {
        "processed/good.csv": "edited",
        "processed/secret.csv": "secret.csv",
        "processed/shut/a.csv": "shut/a.csv",
        "processed/shut/b.csv": "shut/b.csv",
    }


@pytest.mark.parametrize("odd", [circle, through_a_file, to_nothing])
def test_a_layer_whose_disk_is_away_leaves_the_other_layers_at_work(odd: Odd, lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("interim/a.csv", "a")
    ann.write("processed/b.csv", "b")
    ann.put()
    scratch = ann.path("interim").rename(ann.root.parent / "scratch")
    if odd is through_a_file:
        ann.path("good.csv").touch()
    odd(ann.path("interim"))
    ann.write("processed/b.csv", "b 2")
    ann.run("status")
    done = ann.run("put", "results", code=None)
    assert "data/interim is a link" in done.stderr
    assert lab.on_hub("ann") == {"interim/a.csv": "a", "processed/b.csv": "b 2"}
    ann.path("interim").unlink()
    scratch.rename(ann.path("interim"))
    assert "nothing to publish" in ann.put()


def test_a_tools_folder_in_a_layer_is_left_out_and_its_likes_are_data(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    data = [".labdata.json", ".labdata-x", "_recycle/a.csv", "x/.gitkeep", "_recycle/.labdata.json"]
    for name in (*data, "clone/.git/config", "x/.labdata/state.db", ".gitkeep"):
        ann.write(f"processed/{name}", name)
    said = ann.put("--main")
    for name in ("clone/.git", "x/.labdata"):
        assert f"data/processed/{name} is a folder that belongs to a tool: left out" in said
    assert lab.on_hub() == {f"processed/{name}": name for name in data}
    bob.get()
    assert bob.files() == {f"processed/{name}": name for name in data}
    bob.write("processed/.labdata.json", "bob's")
    bob.write("processed/_recycle/a.csv", "bob's")
    bob.put()
    assert lab.on_hub("bob")["processed/.labdata.json"] == "bob's"
    assert lab.on_hub("bob")["processed/_recycle/a.csv"] == "bob's"


def test_a_name_too_long_for_any_disk_is_refused_and_the_rest_comes(lab: Lab) -> None:
    bob = lab.member("bob")
    api = lab.hub.api("cho")
    for path in (f"processed/{'n' * 256}.csv", "processed/good.csv"):
        api.upload_file(path_or_fileobj=b"good", path_in_repo=path, repo_id=lab.results, repo_type="dataset")
    assert "a name longer than 255 bytes" in bob.get()
    assert bob.files() == {"processed/good.csv": "good"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_project_whose_settings_another_editor_wrote_works_as_before(encoding: str, lab: Lab) -> None:
    ann = lab.member("ann", HF_BRANCH="")
    for name in ("labdata.toml", ".env"):
        text = (ann.root / name).read_text().replace("\n", "\r\n")
        (ann.root / name).write_bytes(text.encode(encoding))
    ann.write("processed/a.csv", "one")
    assert " on ann as " in ann.put()
    ann.run("setup")
    assert lab.on_hub("ann") == {"processed/a.csv": "one"}


def test_settings_in_an_old_encoding_stop_with_a_sentence_that_names_the_line(lab: Lab) -> None:
    ann = lab.member("ann")
    toml = (ann.root / "labdata.toml").read_text().replace('"raw"', '"plätze"')
    (ann.root / "labdata.toml").write_bytes(toml.encode("cp1252"))
    line = toml.splitlines().index('folders = ["external", "plätze"]') + 1
    for command in (["status"], ["put", "results"], ["get", "inputs"]):
        assert f"labdata.toml is not in UTF-8, and line {line} holds" in ann.run(*command, code=1).stderr
