"""File names are UTF-8 whatever the locale says: no name is published, or written, as another."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.members import Lab, Member

NAMES = {"processed/résumé.csv": "é", "processed/Größe/日本.csv": "ö", "processed/plain.csv": "a"}
PLAIN_C = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "LANG": "C"}


@functools.cache
def latin1() -> dict[str, str]:
    """The environment of someone whose computer speaks Latin-1; the locale is made where the system lacks it."""
    name = "en_US.ISO-8859-1"
    env = {"LC_ALL": name, "LANG": name}
    if not _is_latin1(env):
        if shutil.which("localedef") is None:
            pytest.skip("this computer has no Latin-1 locale and no localedef to make one")
        folder = tempfile.mkdtemp(prefix="locales-")
        made = ["localedef", "--no-archive", "-i", "en_US", "-f", "ISO-8859-1", f"{folder}/{name}"]
        done = subprocess.run(made, capture_output=True, text=True, check=False)
        env["LOCPATH"] = folder
        if not _is_latin1(env):
            pytest.skip(f"localedef made no Latin-1 locale: {done.stderr.strip()[:200]}")
    return env


def _is_latin1(env: dict[str, str]) -> bool:
    ask = [sys.executable, "-c", "import sys; print(sys.getfilesystemencoding())"]
    told = subprocess.run(ask, env={**os.environ, **env}, capture_output=True, text=True, check=True)
    return told.stdout.strip() == "iso8859-1"


LOCALES = pytest.mark.parametrize(
    "locale", [lambda: PLAIN_C, latin1, lambda: {**latin1(), "PYTHONUTF8": "0"}], ids=["c", "latin1", "latin1-forced"]
)
Locale = Callable[[], dict[str, str]]


def under(lab: Lab, name: str, env: dict[str, str]) -> Member:
    """A member whose every command, the first one too, runs in an environment of its own."""
    member = lab.member(name, ready=False)
    there = Member(name, member.root, {**member.env, **env})
    there.run("setup")
    return there


@LOCALES
def test_no_name_on_the_hub_changes_with_the_locale(locale: Locale, lab: Lab) -> None:
    ann, bob = lab.member("ann"), under(lab, "bob", locale())
    for path, text in NAMES.items():
        ann.write(path, text)
    ann.put("--main")
    bob.get()
    assert bob.files() == NAMES
    bob.write("processed/naïve.csv", "bob's")
    assert "processed/naïve.csv" in bob.put()
    assert lab.on_hub("bob") == {**NAMES, "processed/naïve.csv": "bob's"}
    assert "nothing to publish" in bob.put()
    ann.get("--from", "bob")
    assert ann.read("processed/naïve.csv") == "bob's"


@LOCALES
def test_a_computer_whose_locale_changes_sees_the_same_files(locale: Locale, lab: Lab) -> None:
    """`LC_ALL=en_US.ISO-8859-1 just put-results`, once, in a copy that was used in UTF-8 until then."""
    ann = lab.member("ann")
    for path, text in NAMES.items():
        ann.write(path, text)
    ann.put()
    there = Member(ann.name, ann.root, {**ann.env, **locale()})
    assert "nothing to publish" in there.put()
    there.get()
    assert lab.on_hub("ann") == ann.files() == NAMES
    assert "nothing to publish" in ann.put()


@LOCALES
def test_what_is_typed_means_the_same(locale: Locale, lab: Lab) -> None:
    ann, bob = lab.member("ann"), under(lab, "bob", locale())
    for path, text in NAMES.items():
        ann.write(path, text)
    ann.put("--main")
    bob.get("processed/Größe/**")
    assert bob.files() == {"processed/Größe/日本.csv": "ö"}


def test_what_is_typed_in_latin1_means_the_name_in_utf8(lab: Lab) -> None:
    """A terminal that really is in Latin-1 sends its bytes, not those of UTF-8."""
    ann, bob = lab.member("ann"), under(lab, "bob", latin1())
    for path, text in NAMES.items():
        ann.write(path, text)
    ann.put("--main")
    typed = "processed/résumé.csv".encode("latin-1")
    command = [os.fsencode(sys.executable), b"-m", b"labdata", b"get", b"results", typed]
    subprocess.run(command, cwd=bob.root, env=bob.env, check=True, capture_output=True, timeout=60)
    assert bob.files() == {"processed/résumé.csv": "é"}


@pytest.mark.parametrize("locale", [dict, lambda: PLAIN_C, latin1], ids=["utf8", "c", "latin1"])
def test_a_name_on_disk_that_is_not_utf8_is_left_out_by_name(locale: Locale, lab: Lab) -> None:
    ann = under(lab, "ann", locale())
    layer = os.fsencode(ann.path("processed"))
    for odd in (b"caf\xe9.csv", b"b\xfccher/in.csv"):
        where = Path(os.fsdecode(layer + b"/" + odd))
        where.parent.mkdir(exist_ok=True)
        where.write_text("from an old computer")
    ann.write("processed/good.csv", "good")
    said = ann.put()
    assert "data/processed/caf\\udce9.csv is not named in UTF-8: left out" in said
    assert "data/processed/b\\udcfccher is not named in UTF-8: left out" in said
    assert lab.on_hub("ann") == {"processed/good.csv": "good"}
    ann.get()
    ann.run("status")
    assert sorted(path.name for path in os.scandir(layer)) == [b"b\xfccher", b"caf\xe9.csv", b"good.csv"]


@pytest.mark.parametrize("how", ["ascii", "ascii:strict", "latin-1:strict"])
def test_a_terminal_that_cannot_show_a_name_is_told_it_in_escapes(how: str, lab: Lab) -> None:
    ann = lab.member("ann", "", PYTHONIOENCODING=how)
    ann.write("processed/日本.csv", "x")
    command = [sys.executable, "-m", "labdata", "put", "results"]
    done = subprocess.run(command, cwd=ann.root, env=ann.env, check=True, capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr
    assert b".csv" in done.stdout
    assert lab.on_hub("ann") == {"processed/日本.csv": "x"}


def test_what_is_asked_on_standard_input_and_the_exit_code_pass_through(lab: Lab) -> None:
    ann = under(lab, "ann", PLAIN_C)
    assert ann.run("no-such-command", code=2).returncode == 2
    ann.run("put", "nothing", code=1)
    ann.write("processed/a.csv", "one")
    ann.put()
    ann.write("processed/a.csv", "two")
    ann.get("--restore", "processed/a.csv")
    for answer, code, left in (("n\n", 1, ["two"]), ("y\n", 1, ["two"])):
        command = [sys.executable, "-m", "labdata", "recycle", "empty"]
        done = subprocess.run(
            command, cwd=ann.root, env=ann.env, input=answer, text=True, check=False, capture_output=True, timeout=60
        )
        assert (done.returncode, ann.recycled()) == (code, left), done.stderr


def test_where_python_will_not_have_it_nothing_is_done(lab: Lab) -> None:
    """As in a Python that was told UTF-8 and does otherwise: it is not asked again and again."""
    ann = lab.member("ann")
    ann.write("processed/résumé.csv", "é")
    code = (
        "import runpy, sys; sys.getfilesystemencoding = lambda: 'iso8859-1'; sys.argv = ['labdata', 'put', 'results'];"
        "runpy.run_module('labdata', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-X", "utf8", "-c", code]
    done = subprocess.run(command, cwd=ann.root, env=ann.env, text=True, check=False, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert "Nothing was done. Set LC_ALL=C.UTF-8" in done.stderr
    assert lab.on_hub("ann") == {}
