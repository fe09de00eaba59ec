"""What people read is text and nothing more, whoever chose the names in it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from labdata.cli import app, run
from labdata.cli.console import Console
from labdata.core import hints
from labdata.core.words import aligned, wrapped
from labdata.hub import notices

EVIL = "a\x1b]0;owned\x07\r\x9b2J\u202egpj.csv"
SEEN = "a\\x1b]0;owned\\x07\\r\\x9b2J\\u202egpj.csv"


def test_a_name_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.say(f"data/{EVIL}")
    console.good(f"data/{EVIL}")
    console.warn(f"data/{EVIL}")
    said = capsys.readouterr()
    assert said.out == f"data/{SEEN}\n" * 2
    assert said.err == f"data/{SEEN}\n"


def test_the_tools_own_line_breaks_stay(capsys: pytest.CaptureFixture[str]) -> None:
    Console().say("one\ntwo: Plätze")
    assert capsys.readouterr().out == "one\ntwo: Plätze\n"


def test_a_cell_stays_in_its_row_and_the_columns_stay_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["title\n  merged  #7", "ann"], [EVIL, "bob"]]
    Console().rows(rows)
    first, second = capsys.readouterr().out.splitlines()
    title = "title\\n  merged  #7"
    assert first == f"  {title.ljust(len(SEEN))}  ann"
    assert second == f"  {SEEN}  bob"
    assert all(line.isprintable() for line in aligned(rows))


def test_a_name_that_is_no_text_can_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    Console().warn("data/caf\udce9.csv")
    assert capsys.readouterr().err == "data/caf\\udce9.csv\n"


def test_what_is_said_while_a_command_waits_is_written_as_all_warnings_are(capsys: pytest.CaptureFixture[str]) -> None:
    """The address of a Hub comes from outside: nothing in it may reach the terminal as it is."""
    run(["--help"])
    notices.warn("waiting for the Hub at http://hub\x1b[2J")
    assert capsys.readouterr().err == "waiting for the Hub at http://hub\\x1b[2J\n"


def test_a_long_sentence_breaks_between_words_and_never_within_a_command() -> None:
    said = "Keep yours with `just get-results --mine PATTERN`, take the other with `--theirs`.\n  a/list  as it is"
    broken = "Keep yours with\n`just get-results --mine PATTERN`, take the\nother with `--theirs`.\n  a/list  as it is"
    assert wrapped(said, 48) == broken
    assert wrapped("short\n\n", 80) == "short\n\n"
    assert wrapped(f"`{'x' * 90}` and more", 80) == f"`{'x' * 90}`\nand more"


@pytest.mark.parametrize("name", [name for name in vars(hints) if name.isupper()])
def test_a_hint_fits_on_a_terminal_also_below_a_line_of_the_doctor(name: str) -> None:
    for width in (80, 68):
        assert all(len(line) <= width for line in wrapped(getattr(hints, name), width).splitlines())


def test_what_no_terminal_shows_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    said = "word " * 40
    Console().say(said)
    assert capsys.readouterr().out == f"{said}\n"


def test_each_command_is_in_the_module_that_it_is_imported_from() -> None:
    folder = Path(app.__file__).parent
    for module in sorted(folder.glob("[a-z]*.py")):
        import_module(f"labdata.cli.{module.stem}")
    found = {name: command.callback.__module__.rpartition(".")[2] for name, command in app.cli.commands.items()}
    assert found == app.COMMANDS
