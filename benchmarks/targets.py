"""What the data tool promises, as ratios of times taken in the same run."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import campaign
from benchmarks.measuring import Sample, median

QUARTER = 0.25
FIRST = 1.0
ONE_CHANGE = 0.35
FRESH = 0.7

Medians = dict[str, dict[str, Sample]]


@dataclass(frozen=True)
class Target:
    """One promise: a measured value that must not exceed a limit."""

    what: str
    value: float
    limit: float
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.value <= self.limit

    def __str__(self) -> str:
        return (
            f"{'met   ' if self.met else 'MISSED'}  {self.what}: {self.value:.2f} {self.unit}, at most {self.limit:g}"
        )


def of_race(latency: int, times: Medians) -> list[Target]:
    """The promises about the race at one latency; those without an opponent in this run are left out."""
    found: list[Target] = []
    for operation in (campaign.STATUS, campaign.PUT, campaign.GET):
        _against(found, latency, times, operation, ["dvc"], QUARTER)
    others = [name for name in campaign.CONTENDERS if name != "labdata"]
    _against(found, latency, times, campaign.PUT_ONE, others, QUARTER)
    _against(found, latency, times, campaign.FIRST, ["hf"], FIRST)
    _against(found, latency, times, campaign.GET_ONE, others, ONE_CHANGE)
    _against(found, latency, times, campaign.FRESH, others, FRESH)
    return found


def _against(
    found: list[Target], latency: int, times: Medians, operation: str, others: list[str], limit: float
) -> None:
    row = times.get(operation, {})
    opponents = {name: row[name].seconds for name in others if name in row}
    if "labdata" not in row or not opponents:
        return
    best = min(opponents, key=lambda name: opponents[name])
    ratio = row["labdata"].seconds / opponents[best]
    who = best if len(others) == 1 else f"the best of the others ({best})"
    found.append(Target(f"{operation} at {latency} ms, against {who}", ratio, limit))


def medians(samples: dict[str, dict[str, list[Sample]]]) -> Medians:
    """The median of each operation and program."""
    return {operation: {program: median(taken) for program, taken in row.items()} for operation, row in samples.items()}
