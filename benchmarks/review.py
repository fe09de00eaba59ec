"""`python -m benchmarks.review`: what a review of large data costs in time, memory and bytes.

Each case runs in a process of its own, so that its memory is its own. Targets are printed beside the figures; the
command ends with 1 where one is missed.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[1]
CASES: dict[str, tuple[float, float]] = {
    "table 1,000,000 x 20": (5, 1.2),
    "table 100,000 x 1,000": (20, 1.2),
    "table 1,000,000 x 100": (60, 1.2),
    "200 pictures": (90, 1.2),
    "10,000 files": (60, 1.0),
    "request of 10,000 files": (120, 1.0),
}
"""What is measured, with the seconds and the GB that it may take."""

ON_THE_HUB = "request"
"""How the names of cases begin that run `labdata review` on localhub, and so fetch."""


@click.command()
@click.option("--small", is_flag=True, help="Little data: does it all work?")
@click.option("--only", type=click.Choice(list(CASES)), help="Only this case.")
@click.option("--case", hidden=True, help="Run one case in this process, on the data of --folder.")
@click.option("--folder", type=click.Path(path_type=Path), hidden=True)
def main(small: bool, only: str | None, case: str | None, folder: Path | None) -> None:
    """Measure the review of large tables, of pictures and of many files."""
    if case and folder:
        is_on_the_hub = case.startswith(ON_THE_HUB)
        click.echo(json.dumps(_of_a_request(folder, _files(small)) if is_on_the_hub else _measured(case, folder)))
        return
    missed = False
    for name, (seconds, memory) in CASES.items():
        if only in (None, name):
            found = _in_a_process(name, small)
            is_met = small or (found["seconds"] <= seconds and found["gb"] <= memory)
            missed |= not is_met
            fetched = f"{found['fetched'] / 1e6:.1f} MB fetched, " if "fetched" in found else ""
            click.echo(
                f"{'met   ' if is_met else 'MISSED'}  {name}: {found['seconds']:.1f} s (at most {seconds:g}), "
                f"{found['gb']:.2f} GB (at most {memory:g}), {fetched}a page of {found['page'] / 1e6:.1f} MB; "
                f"{found['said']}"
            )
    sys.exit(int(missed))


def _in_a_process(case: str, small: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hublab-review-") as folder:
        if not case.startswith(ON_THE_HUB):
            _make(case, Path(folder), 100 if small else 1)
        paths = os.pathsep.join([str(ROOT / "template"), str(ROOT)])
        command = [sys.executable, "-m", "benchmarks.review", "--case", case, "--folder", folder]
        command += ["--small"] if small else []
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, check=True, cwd=ROOT
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _files(small: bool) -> int:
    return 10_000 // (100 if small else 1)


def _of_a_request(folder: Path, count: int) -> dict[str, Any]:
    """Review a request that changes many small files, in a working copy that holds none of them."""
    from localhub.testing import Hub
    from tests.members import new_lab

    with Hub.start(folder / "hub") as hub:
        lab = new_lab(hub, folder)
        ann, bob = lab.member("ann"), lab.member("bob")
        size = 0
        for side, put in (("before", ("--main", "--yes")), ("after", ())):
            for number in range(count):
                text = f"{side}\n{number}\n" * 20
                size += len(text)
                ann.write(f"processed/{number // 1_000}/{number}.txt", text)
            ann.put(*put)
            ann.get()
        ann.run("pr", "create", "Many files", "--no-review")
        start = time.perf_counter()
        page = bob.root / "page.html"
        done = bob.run("review", "1", "--json", "--output", str(page))
        seconds = time.perf_counter() - start
        found = json.loads(done.stdout)
        if found["fetched"] != size:
            raise click.ClickException(f"It fetched {found['fetched']} bytes, and {size} are in the files that differ.")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        told = {"seconds": seconds, "gb": peak / 1e9, "page": page.stat().st_size, "fetched": found["fetched"]}
        return told | {"said": found["verdict"][1]}


def _make(case: str, folder: Path, divisor: int) -> None:
    for side in ("before", "after"):
        (folder / side).mkdir()
    if case.startswith("table"):
        rows, columns = (int(part.replace(",", "")) for part in case.removeprefix("table ").split(" x "))
        _make_table(folder, rows // divisor, columns)
    elif "pictures" in case:
        _make_pictures(folder, 200 // divisor)
    else:
        for number in range(_files(divisor > 1)):
            for side in ("before", "after"):
                (folder / side / f"{number}.txt").write_text(f"{side}\n{number}\n" * 20)


def _make_table(folder: Path, rows: int, columns: int) -> None:
    """One in a hundred cells changed, a thousandth of the rows replaced, all of them shuffled."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    names = np.char.add("cell-", np.arange(rows).astype(str))
    order, fresh = rng.permutation(rows)[rows // 1000 :], rows // 1000
    before: dict[str, Any] = {"id": names}
    after: dict[str, Any] = {"id": np.concatenate([names[order], np.char.add("new-", names[:fresh])])}
    for number in range(columns):
        old = rng.normal(size=rows)
        new = old + (rng.random(rows) < 0.01)
        before[f"feature_{number}"] = old
        after[f"feature_{number}"] = np.concatenate([new[order], rng.normal(size=fresh)])
    pq.write_table(pa.table(before), folder / "before" / "table.parquet")
    pq.write_table(pa.table(after), folder / "after" / "table.parquet")


def _make_pictures(folder: Path, count: int) -> None:
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 200, 1600, dtype=np.float32)[None, :, None] * np.ones((1200, 1, 3), np.float32)
    pixels = (ramp + rng.normal(0, 5, ramp.shape)).clip(0, 255).astype(np.uint8)
    for number in range(count):
        other = pixels.copy()
        other[number : number + 100] = 0
        Image.fromarray(pixels).save(folder / "before" / f"{number}.png", compress_level=1)
        Image.fromarray(other).save(folder / "after" / f"{number}.png", compress_level=1)


def _measured(case: str, folder: Path) -> dict[str, float | str]:
    from labdata.compare.files import Comparer
    from labdata.compare.model import FileChange, Review, Version
    from labdata.review.report.page import page
    from labdata.review.report.verdict import verdict

    names = sorted(path.name for path in (folder / "before").iterdir())
    start = time.perf_counter()
    comparer = Comparer(folder / "scratch")
    review = Review(case, Version("before"), Version("after"), "now", "benchmark")
    for name in names:
        sides = folder / "before" / name, folder / "after" / name
        sizes = [side.stat().st_size for side in sides]
        review.files.append(comparer.compare(FileChange(name, "change", "", *sides, sizes[0], sizes[1])))
    made = page(review)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "gb": _peak() / 1e9, "page": len(made), "said": verdict(review)[1]}


def _peak() -> int:
    """Return the most bytes that this process held; what Linux says of its children counts their parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
