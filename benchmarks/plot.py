"""The picture of the race."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from benchmarks.campaign import OPERATIONS
from benchmarks.targets import Medians

_COLOURS = {"labdata": "#0b6e4f", "hf": "#f2a900", "dvc": "#7a5195", "rclone": "#4c9be8", "s5cmd": "#9aa0a6"}


def draw(by_latency: dict[str, Medians], where: Path) -> None:
    """Draw the medians, one panel for each latency, on a logarithmic scale."""
    figure, panels = plt.subplots(
        1, len(by_latency), figsize=(5.2 * len(by_latency), 4.2), sharey=True, sharex=True, squeeze=False
    )
    operations = list(reversed(OPERATIONS))
    for panel, (latency, rows) in zip(panels[0], by_latency.items(), strict=True):
        programs = [name for name in _COLOURS if any(name in row for row in rows.values())]
        height = 0.8 / max(1, len(programs))
        for place, program in enumerate(programs):
            there = [(y, rows[op][program].seconds) for y, op in enumerate(operations) if program in rows.get(op, {})]
            heights = [y + 0.4 - height * (place + 0.5) for y, _seconds in there]
            panel.barh(heights, [s for _y, s in there], height, color=_COLOURS[program], label=program)
        panel.set_xscale("log")
        panel.set_xlabel("seconds")
        panel.set_title(f"{latency} ms added to each request", fontsize=10)
        panel.set_yticks(range(len(operations)), operations)
        panel.grid(axis="x", color="#dddddd", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=9, loc="upper center", ncols=len(labels))
    figure.tight_layout(rect=(0, 0, 1, 0.94))
    figure.savefig(where, dpi=110)
    plt.close(figure)
