"""What the migration of own recipes moves out of a Justfile, and what it leaves there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from migrations.own_recipes import HEADING, TEMPLATE, migrate, split
from tests.template.releases import released

ROOT = Path(__file__).parents[2]
OURS = """\
# ---- ours

# Count the wells of a plate
[group("ours")]
[no-exit-message]
count plate="P:1" *more:
    #!/usr/bin/env bash
    echo "{{ plate }}"

    echo done: all

@quiet: count
\techo quiet
alias c := count
"""
JUSTFILE = """\
set quiet := true

# List the recipes
default:
    just --list

{}
# Run the pipeline
run *targets:
    echo changed by us
    {{{{ SNAKEMAKE }}}} "$@"

odd := "recipe: x"
"""


def test_own_recipes_move_with_what_stands_above_them_and_all_else_stays() -> None:
    text = JUSTFILE.format(OURS)
    stay, move, names = split(text)
    assert names == ["count", "quiet", "c"]
    assert move == OURS
    assert re.sub(r"\n+", "\n", stay) == re.sub(r"\n+", "\n", JUSTFILE.format(""))
    assert sorted(text.split()) == sorted((stay + move).split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# only a comment\n",
        JUSTFILE.format(""),
        "x := ^\nown:\n    echo\n^\n",
        "own a \\\nb:\n    echo own\n",
        "own a=^\nb:\n^:\n    echo own\n",
    ],
)
@pytest.mark.parametrize("quote", [3 * '"', 3 * "'", 3 * "`"])
def test_what_is_no_own_recipe_for_certain_stays_as_it_is(text: str, quote: str) -> None:
    text = text.replace("^", quote)
    assert split(text) == (text, "", [])


def test_what_is_in_the_local_file_already_stays_and_so_does_what_cannot_be_read(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    justfile, local = tmp_path / "Justfile", tmp_path / "justfile.local"
    justfile.write_text("a:\n    echo new\n\nb:\r\n    echo b\r\n", newline="")
    local.write_text("a:\n    echo old")
    assert migrate(tmp_path) == "Moved to justfile.local, which no update touches: b."
    assert justfile.read_bytes() == b"a:\n    echo new\n"
    assert local.read_bytes() == b"a:\n    echo old\n\nb:\r\n    echo b\r\n"
    assert migrate(tmp_path) == ""
    local.unlink()
    assert migrate(tmp_path) == "Moved to justfile.local, which no update touches: a."
    assert local.read_text().startswith(HEADING)
    justfile.write_bytes(b"c:\n    echo caf\xe9\n")
    with pytest.raises(UnicodeError):
        migrate(tmp_path)
    assert justfile.read_bytes() == b"c:\n    echo caf\xe9\n"


def test_every_recipe_that_a_release_had_is_known_as_the_templates() -> None:
    for version, commit in released().items():
        if tuple(int(part) for part in version.split(".")) >= (0, 5, 0):
            continue
        shown = subprocess.run(
            ["git", "show", f"{commit}:template/Justfile.jinja"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if shown.returncode:
            pytest.skip("this clone does not reach back to the releases")
        text = shown.stdout.replace("{% raw %}", "").replace("{%- endraw %}", "")
        _stay, _move, names = split(text)
        assert names == [], version
        assert {"run", "put-results"} <= TEMPLATE
