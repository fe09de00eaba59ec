"""Figures that are the same file, byte for byte, whenever they are drawn from the same data."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import matplotlib
import pandas as pd
from labdata.pipeline import figure_metadata, stamp
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .profiles import principal_components

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def save(
    figure: Figure,
    path: Path,
    inputs: Iterable[Path] = (),
    params: Mapping[str, object] | None = None,
    rule: str = "",
    step: str = "",
) -> None:
    """Save *figure* as PNG, PDF or SVG, with a stamp that says what it was made of.

    Name the files it was drawn from as *inputs*, and in *params* what else decides how it looks. `just which` finds the
    stamp in any copy of the file, and leads from it to the commit and the people.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = figure_metadata(path, stamp(path, inputs, params, rule, step))
    with matplotlib.rc_context({"svg.hashsalt": "figures"}):
        figure.savefig(path, metadata=metadata or None)


def pca_figure(profiles: pd.DataFrame, control: str = "DMSO") -> Figure:
    """Draw the wells of *profiles* on their first two principal components.

    The *control* wells are dark; the commonest mechanisms of action have a colour each, all others are pale.
    """
    components = principal_components(profiles)
    points = pd.DataFrame(components.scores, columns=["x", "y"], index=profiles.index)
    is_control = profiles["Metadata_broad_sample"] == control
    moa = profiles["Metadata_moa"].where(~is_control, "")
    # Sorted by name first: of two that are as common, the same one gets the colour every time.
    counts = moa[moa != ""].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    commonest = counts.index[: len(COLOURS)]

    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    groups = [("other", ~is_control & ~moa.isin(commonest), "#d0d0d0"), (control, is_control, "#202020")]
    groups += [(name, moa == name, colour) for name, colour in zip(commonest, COLOURS, strict=False)]
    for label, chosen, colour in groups:
        wells = points[chosen]
        axes.scatter(wells["x"], wells["y"], s=18, color=colour, linewidths=0, label=f"{label} ({len(wells)})")
    for name, share, label in zip("xy", components.explained, ("PC1", "PC2"), strict=True):
        axes.set(**{f"{name}label": f"{label} ({share:.2%} of the variance)"})
    axes.set_title(", ".join(sorted(profiles["Metadata_Plate"].astype(str).unique())))
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    return figure
