"""labdata.toml, .env and the environment, and what each slip in them says."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from labdata.cli.console import Console
from labdata.core import project
from labdata.core.errors import LabdataError
from labdata.local import environment, settings
from labdata.local.state import State
from labdata.onboarding.setup import make_env
from labdata.workspace import Workspace

from tests.endurance.forkserver import obey_modes

TOML = 'org = "lab"\nproject = "mito"\n\n[repos.results]\nfolders = ["interim", "processed"]\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in environment.PERSONAL:
        monkeypatch.delenv(name, raising=False)
        # What .env lays into the environment is taken out again after the test.
        monkeypatch.setenv(name, "")
    (tmp_path / "labdata.toml").write_text(TOML)
    return tmp_path


def test_repos_are_named_after_org_project_and_table(root: Path) -> None:
    loaded = settings.load(root)
    assert loaded.repo("results").id == "lab/mito-results"
    assert loaded.repo("results").per_member
    assert loaded.repo("results").fetch("processed/any/thing")
    assert loaded.branch is None


def test_env_wins_over_the_project_and_the_environment_over_env(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".env").write_text("# mine\nexport HF_PROJECT='other'  \nHF_BRANCH=ann # that is me\nHF_TOKEN=\n")
    assert settings.load(root).repo("results").id == "lab/other-results"
    assert settings.load(root).branch == "ann"
    monkeypatch.setenv("HF_PROJECT", "third")
    assert settings.load(root).repo("results").id == "lab/third-results"


def test_the_project_is_found_from_any_folder_in_it(root: Path) -> None:
    deep = root / "notebooks" / "deep"
    deep.mkdir(parents=True)
    assert settings.find_root(deep) == root


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("org = \n", "labdata.toml cannot be read"),
        ('project = "x"\n', "org"),
        (TOML.replace('"lab"', '"my lab"'), "'my lab/mito-results'"),
        (TOML + 'branch = "mine"\n', "'mine'"),
        (TOML + 'fetch = "raw"\n', "fetch"),
        ("files_per_commit = 0\n" + TOML, "files_per_commit"),
    ],
)
def test_a_slip_in_labdata_toml_is_named(root: Path, text: str, says: str) -> None:
    (root / "labdata.toml").write_text(text)
    with pytest.raises(LabdataError) as stopped:
        settings.load(root)
    assert says in stopped.value.message


@pytest.mark.parametrize("name", ["main", "HEAD", "my branch", "-x", "a/b", "a..b", "x.lock", "ü", ""])
def test_a_name_that_cannot_be_a_branch_is_echoed(name: str) -> None:
    with pytest.raises(LabdataError) as stopped:
        project.check_branch(name)
    assert repr(name) in stopped.value.message


def test_a_table_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(LabdataError, match=r"\[repos.images\]"):
        settings.load(root).repo("images")


# --- whatever program wrote the files


def test_labdata_toml_is_read_as_any_editor_writes_it(root: Path) -> None:
    text = TOML.replace('"processed"]', '"processed", "plätze"]')
    written = {
        "crlf": text.replace("\n", "\r\n").encode(),
        "bom": text.encode("utf-8-sig"),
        "bom and crlf": text.replace("\n", "\r\n").encode("utf-8-sig"),
        "utf-16, as Windows writes it": text.encode("utf-16"),
        "utf-16, the other way round": "\ufeff".encode("utf-16-be") + text.encode("utf-16-be"),
        "utf-32": text.encode("utf-32"),
    }
    for how, raw in written.items():
        (root / "labdata.toml").write_bytes(raw)
        assert settings.load(root).repo("results").folders == ("interim", "processed", "plätze"), how


def test_utf16_without_a_mark_is_read_where_all_of_it_is_ascii(root: Path) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        (root / "labdata.toml").write_bytes(TOML.encode(encoding))
        assert settings.load(root).org == "lab"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "mac-roman"])
def test_an_old_encoding_does_no_harm_in_a_comment(encoding: str, root: Path) -> None:
    (root / "labdata.toml").write_bytes(f"# für Ann\n{TOML}".encode(encoding))
    assert settings.load(root).org == "lab"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "mac-roman"])
def test_an_old_encoding_in_a_folders_name_is_not_guessed(encoding: str, root: Path) -> None:
    (root / "labdata.toml").write_bytes(TOML.replace("interim", "plätze").encode(encoding))
    with pytest.raises(LabdataError, match=r"labdata\.toml is not in UTF-8, and line 5 holds"):
        settings.load(root)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b'org = "lab"\nproject = "m\0to"\n', "line 2 holds a NUL byte"),
        (TOML.encode("utf-16")[:-1], "goes on as something else"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "goes on as something else"),
        (b'org = "lab"\rproject = "x"\r', "at line 1"),
        (b'\xef\xbb\xbforg = "lab"\nproject = \n', "at line 2"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"a = " + b"9" * 5000, "labdata.toml cannot be read"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "NUL byte"),
        (b"", "org"),
    ],
)
def test_what_is_no_toml_at_all_gets_a_sentence(raw: bytes, says: str, root: Path) -> None:
    (root / "labdata.toml").write_bytes(raw)
    with pytest.raises(LabdataError) as stopped:
        settings.load(root)
    assert says in stopped.value.message
    assert "\n" not in stopped.value.message


@given(st.binary(max_size=60), st.booleans())
@example(b"\xff\xfe\x00\x00\x01", False)
def test_whatever_is_in_labdata_toml_and_env_is_read_or_told_in_a_sentence(raw: bytes, after: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "labdata.toml"
        file.write_bytes(TOML.encode() + raw if after else raw)
        for read in (settings.load, lambda root: environment.read_env(root / "labdata.toml")):
            with contextlib.suppress(LabdataError):
                read(Path(folder))


def test_a_labdata_toml_that_is_a_folder_or_a_link_to_nothing(root: Path) -> None:
    deep = root / "inner"
    (deep / "labdata.toml").mkdir(parents=True)
    assert settings.find_root(deep) == deep, "not the project further up"
    with pytest.raises(LabdataError, match="is a folder, not a file"):
        settings.load(deep)
    (deep / "labdata.toml").rmdir()
    (deep / "labdata.toml").symlink_to("gone")
    with pytest.raises(LabdataError, match="is a link to nothing"):
        settings.load(settings.find_root(deep))


def test_a_labdata_toml_that_nobody_may_read(root: Path) -> None:
    (root / "labdata.toml").chmod(0)

    def load() -> str:
        obey_modes()
        with pytest.raises(LabdataError) as stopped:
            settings.load(root)
        return stopped.value.message

    with ThreadPoolExecutor(1) as pool:
        assert "cannot be read (Permission denied)" in pool.submit(load).result()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("HF_BRANCH=ann", "ann"),
        ("  export HF_BRANCH = ann  ", "ann"),
        ("HF_BRANCH='ann'", "ann"),
        ('HF_BRANCH="ann" # that is me', "ann"),
        ("HF_BRANCH='ann'   # that's me", "ann"),
        ("HF_BRANCH=ann# no comment", "ann# no comment"),
        ("HF_BRANCH='a # b'", "a # b"),
        ('HF_BRANCH="say \\"a\\""', 'say "a"'),
        ("HF_BRANCH='a\\b'", "a\\b"),
        ("HF_BRANCH=# nothing", None),
        ("HF_BRANCH=''", None),
        ("HF_BRANCH=\t\t", None),
        ("# HF_BRANCH=ann", None),
    ],
)
def test_a_line_of_env(line: str, value: str | None, tmp_path: Path) -> None:
    for raw in (
        f"A=1\n{line}\nB=2\n".encode(),
        f"A=1\r\n{line}\r\nB=2".encode("utf-8-sig"),
        f"{line}\r\nA=1\r\nB=2\r\n".encode("utf-16"),
        f"# für mich\n{line}\nA=1\nB=2 # größer".encode("latin-1"),
    ):
        (tmp_path / ".env").write_bytes(raw)
        read = environment.read_env(tmp_path / ".env")
        assert read.get("HF_BRANCH") == value
        assert (read["A"], read["B"]) == ("1", "2")


def test_an_env_that_cannot_be_read_for_certain_says_which_line(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_bytes("OTHER=größer\nHF_HOME=/größer\n".encode("latin-1"))
    with pytest.raises(LabdataError, match=r"\.env is not in UTF-8, and line 2 holds"):
        environment.read_env(env)
    env.write_bytes(b"OTHER=1\nHF_BRANCH=a\0b\n")
    with pytest.raises(LabdataError, match="line 2 holds a NUL byte"):
        environment.read_env(env)


def test_an_env_that_is_a_python_environment_is_no_settings(tmp_path: Path) -> None:
    (tmp_path / ".env/bin").mkdir(parents=True)
    assert environment.read_env(tmp_path / ".env") == {}
    assert environment.read_env(tmp_path / "none") == {}


# --- folders


def folders_of(root: Path, **repos: list[str]) -> dict[str, tuple[str, ...]]:
    tables = "".join(f"\n[repos.{name}]\nfolders = {json.dumps(folders)}\n" for name, folders in repos.items())
    (root / "labdata.toml").write_text('org = "lab"\nproject = "mito"\n' + tables)
    return {name: repo.folders for name, repo in settings.load(root).repos.items()}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["raw/", " external ", "./notes", "data/deep/er/"], ("raw", "external", "notes", "deep/er")),
        (["raw", "raw/", "data/raw", "raw//"], ("raw",)),
        (["raw/images", "raw", "rawer"], ("raw", "rawer")),
        (["raw/**"], ("raw",)),
        (["raw\\images"], ("raw/images",)),
        (["results/_recycle", ".labdata-x"], ("results/_recycle", ".labdata-x")),
        ([], ()),
    ],
)
def test_a_folder_is_taken_as_it_is_meant(written: list[str], meant: tuple[str, ...], root: Path) -> None:
    assert folders_of(root, results=written) == {"results": meant}


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("/scratch/raw", "an absolute path"),
        ("C:\\raw", "an absolute path"),
        ("../raw", "leaves its folder"),
        ("raw/../../x", "leaves its folder"),
        ("data", "all of data/"),
        (".", "all of data/"),
        ("", "all of data/"),
        ("**", "pattern"),
        ("raw/*.csv", "pattern"),
        ("_recycle", "belongs to a tool"),
        ("data/_recycle/", "belongs to a tool"),
        (".labdata", "belongs to a tool"),
        ("raw/.git", "belongs to a tool"),
        ("ra\nw", "control character"),
    ],
)
def test_a_folder_that_cannot_be_one_is_named(written: str, why: str, root: Path) -> None:
    with pytest.raises(LabdataError) as stopped:
        folders_of(root, results=["processed", written])
    assert why in stopped.value.message
    assert repr(written) in stopped.value.message


@pytest.mark.parametrize(
    ("inputs", "results"),
    [(["raw"], ["raw/"]), (["raw"], ["raw/images"]), (["raw/images"], ["data/raw"]), (["raw"], ["Raw"])],
)
def test_no_folder_belongs_to_two_repos(inputs: list[str], results: list[str], root: Path) -> None:
    with pytest.raises(LabdataError, match=r"\[repos.inputs\] and data/.* of \[repos.results\] overlap"):
        folders_of(root, inputs=inputs, results=results)


def test_two_folders_that_a_mac_takes_for_one(root: Path) -> None:
    with pytest.raises(LabdataError, match="one folder on macOS and Windows"):
        folders_of(root, inputs=["raw", "Raw/images"])


# --- .env is added to


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"HF_BRANCH=ann\n"),
        (b"A=1", b"A=1\nHF_BRANCH=ann\n"),
        (b"A=1\r\nB=2\r\n", b"A=1\r\nB=2\r\nHF_BRANCH=ann\r\n"),
        (b"A=1\r\nB=2", b"A=1\r\nB=2\r\nHF_BRANCH=ann\r\n"),
        (b"\xef\xbb\xbfA=1\n", b"\xef\xbb\xbfA=1\nHF_BRANCH=ann\n"),
        ("A=1\r\n".encode("utf-16"), "A=1\r\nHF_BRANCH=ann\r\n".encode("utf-16")),
        (b"# f\xfcr\nA=1", b"# f\xfcr\nA=1\nHF_BRANCH=ann\n"),
        (b"HF_BRANCH=\n", b"HF_BRANCH=\nHF_BRANCH=ann\n"),
        (b"HF_BRANCH=bob\r\n", b"HF_BRANCH=bob\r\n"),
    ],
)
def test_the_branch_is_added_to_an_env_as_it_was_written(before: bytes, after: bytes, root: Path) -> None:
    env = root / ".env"
    env.write_bytes(before)
    env.chmod(0o640)
    add_branch(root)
    assert env.read_bytes() == after
    assert stat.S_IMODE(env.stat().st_mode) == 0o640
    assert sorted(path.name for path in root.iterdir()) == [".env", "labdata.toml"]


def test_a_new_env_is_its_owners_alone_and_a_file_beside_it_stays(root: Path) -> None:
    (root / ".env.example").write_bytes(b"# yours\r\n# HF_BRANCH=\r\n")
    (root / ".env.new").write_bytes(b"HF_TOK")
    add_branch(root)
    assert (root / ".env").read_bytes() == b"# yours\r\n# HF_BRANCH=\r\nHF_BRANCH=ann\r\n"
    assert stat.S_IMODE((root / ".env").stat().st_mode) == 0o600
    assert (root / ".env.new").read_bytes() == b"HF_TOK"


def test_an_env_that_is_a_link_stays_one(root: Path) -> None:
    (root / "mine").write_bytes(b"A=1\n")
    (root / ".env").symlink_to("mine")
    add_branch(root)
    assert (root / ".env").is_symlink()
    assert (root / "mine").read_bytes() == b"A=1\nHF_BRANCH=ann\n"


def test_an_env_that_is_a_folder_is_left_alone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / ".env").mkdir()
    add_branch(root)
    assert "set HF_BRANCH=ann yourself" in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_the_env_as_it_was(root: Path) -> None:
    (root / ".env").write_bytes(b"HF_TOKEN=secret\n" + b"#" * 500_000)
    code = (
        "import resource, signal, sys; from pathlib import Path; from tests.unit.test_settings import add_branch;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000));"
        "add_branch(Path(sys.argv[1]))"
    )
    env = {**os.environ, "HF_HOME": str(root / "hf")}
    command = [sys.executable, "-c", code, str(root)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert "OSError" in done.stderr
    assert (root / ".env").read_bytes() == b"HF_TOKEN=secret\n" + b"#" * 500_000


def add_branch(root: Path) -> None:
    """What `labdata setup` does to .env once it knows the member's branch."""
    data = root.parent / f"{root.name}-data"
    data.mkdir(exist_ok=True)
    state = State(data / "state.db")
    workspace = Workspace(settings.load(root), state, Console())
    make_env(workspace, branch="")
    make_env(workspace, branch="ann")
    state.close()


@pytest.mark.parametrize(
    "text",
    ['private = "no"\n' + TOML, "files_per_commit = true\n" + TOML, 'org = "l"\nproject = "p"\nrepos = "results"\n'],
)
def test_a_value_of_another_kind_is_named(text: str, root: Path) -> None:
    (root / "labdata.toml").write_text(text)
    with pytest.raises(LabdataError, match=r"labdata.toml: (private|files_per_commit|repos)"):
        settings.load(root)
