"""Figures that are the same file, byte for byte, whenever they are drawn from the same data."""

from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .profiles import principal_components

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def pca_figure(profiles: pd.DataFrame, path: Path, control: str = "DMSO") -> None:
    """Draw the wells of *profiles* on their first two principal components into the PNG *path*.

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
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
