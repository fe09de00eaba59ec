"""What the pipeline does to profiles: tables in, tables out; nothing here reads or writes a file.

A profile table has one row for each well. Columns that begin with `Metadata_` describe the well; the features are the
columns that begin with a compartment's name, as CellProfiler writes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

COMPARTMENTS = ("Cells_", "Cytoplasm_", "Nuclei_")
# Scales a median absolute deviation to the standard deviation of a normal distribution.
MAD_TO_SD = 1.4826


class ProfileError(Exception):
    """A table that cannot be worked with, in a sentence for the person whose table it is."""


def features_of(profiles: pd.DataFrame, prefixes: Sequence[str] = COMPARTMENTS) -> list[str]:
    """Return the names of the feature columns; raise `ProfileError` if there are none."""
    features = [column for column in profiles.columns if column.startswith(tuple(prefixes))]
    if not features:
        raise ProfileError(f"The table has no feature columns: none begins with {', '.join(prefixes)}.")
    return features


def values_of(profiles: pd.DataFrame) -> np.ndarray:
    """Return the features as numbers, a row for each well; raise `ProfileError` on what is no number."""
    features = profiles[features_of(profiles)]
    try:
        return features.to_numpy(float)
    except (TypeError, ValueError) as error:
        for feature, column in features.items():
            wrong = pd.to_numeric(column, errors="coerce").isna() & column.notna()
            if wrong.any():
                first = wrong.idxmax()
                where = f"{feature} of well {profiles.at[first, 'Metadata_Well']}"
                raise ProfileError(f"{where} is {column[first]!r}, which is no number.") from error
        raise


def drop_missing(profiles: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Drop what has no value: wells that miss more than half of the features, then features that any well misses.

    Infinite counts as missing. Returns the rest, and a sentence on each of the two if there was something to drop.
    Raises `ProfileError` if nothing is left.
    """
    features = features_of(profiles)
    missing = ~np.isfinite(values_of(profiles))
    is_empty = missing.mean(axis=1) > 0.5
    said = []
    if is_empty.any():
        names = ", ".join(profiles.loc[is_empty, "Metadata_Well"].astype(str)[:5])
        said.append(f"{is_empty.sum()} wells miss more than half of their values and were dropped: {names}")
    profiles, missing = profiles[~is_empty], missing[~is_empty]
    lost = [feature for feature, is_lost in zip(features, missing.any(axis=0), strict=True) if is_lost]
    if lost:
        well, feature = np.argwhere(missing)[0]
        where = f"{features[feature]} of well {profiles['Metadata_Well'].iloc[well]} for one"
        said.append(f"{len(lost)} features have missing or infinite values and were dropped, {where}")
    if profiles.empty or len(lost) == len(features):
        raise ProfileError(f"Nothing is left to work with: {'; '.join(said)}.")
    return profiles.drop(columns=lost).reset_index(drop=True), said


def needed(table: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return *columns* of *table*; raise `ProfileError`, which calls the table *name*, if one is missing."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ProfileError(f"The {name} has no column {', '.join(missing)}.")
    return table[list(columns)]


def as_name(column: pd.Series) -> pd.Series:
    """Return a column of names as text, also where all of them are numbers."""
    return column.astype(str) if pd.api.types.is_numeric_dtype(column) else column


def joined(wells: pd.DataFrame, known: pd.DataFrame, name: str, **keys: Any) -> pd.DataFrame:
    """Return *wells* with the columns of *known*; raise `ProfileError` if *known*, called *name*, has a key twice."""
    try:
        return wells.merge(known, how="left", validate="m:1", **keys)
    except pd.errors.MergeError as error:
        raise ProfileError(f"The {name} lists the same {keys.get('right_on', keys.get('on'))} twice.") from error


def annotate(
    profiles: pd.DataFrame, barcodes: pd.DataFrame, platemap: pd.DataFrame, moa: pd.DataFrame, control: str = "DMSO"
) -> pd.DataFrame:
    """Say of each well what is in it: barcode to plate map, well to sample, sample to mechanism of action.

    A well without a sample in the plate map holds the *control*. Raises `ProfileError` when a well cannot be found, or
    when the profiles already name another sample than the plate map does.
    """
    features = features_of(profiles)
    wells = needed(profiles, ["Metadata_Plate", "Metadata_Well"], "profile table").apply(as_name)
    plates = needed(barcodes, ["Assay_Plate_Barcode", "Plate_Map_Name"], "barcode table").apply(as_name)
    layout = needed(platemap, ["plate_map_name", "well_position", "broad_sample", "mmoles_per_liter"], "plate map")
    names = needed(moa, ["broad_sample", "pert_iname", "moa", "target"], "MoA table")

    by_plate = {"left_on": "Metadata_Plate", "right_on": "Assay_Plate_Barcode"}
    by_well = {"left_on": ["Plate_Map_Name", "Metadata_Well"], "right_on": ["plate_map_name", "well_position"]}
    described = joined(joined(wells, plates, "barcode table", **by_plate), layout, "plate map", **by_well)
    lost = described["well_position"].isna()
    if lost.any():
        where = described.loc[lost, ["Metadata_Plate", "Metadata_Well"]].iloc[0]
        raise ProfileError(f"{lost.sum()} wells are in no plate map, {' '.join(where)} for one.")
    described["broad_sample"] = described["broad_sample"].fillna(control)
    described = joined(described, names, "MoA table", on="broad_sample")
    check_samples(profiles, described["broad_sample"])

    metadata = pd.DataFrame(
        {
            "Metadata_Plate": described["Metadata_Plate"],
            "Metadata_Well": described["Metadata_Well"],
            "Metadata_Plate_Map_Name": described["Plate_Map_Name"],
            "Metadata_broad_sample": described["broad_sample"],
            "Metadata_mmoles_per_liter": described["mmoles_per_liter"].fillna(0.0),
            "Metadata_pert_iname": described["pert_iname"].fillna(""),
            "Metadata_moa": described["moa"].fillna(""),
            "Metadata_target": described["target"].fillna(""),
        }
    )
    return pd.concat([metadata, profiles[features].reset_index(drop=True)], axis=1)


def check_samples(profiles: pd.DataFrame, samples: pd.Series) -> None:
    """Raise `ProfileError` if the profiles name their samples and those are not *samples*."""
    if "Metadata_broad_sample" not in profiles.columns:
        return
    differ = profiles["Metadata_broad_sample"].to_numpy() != samples.to_numpy()
    if differ.any():
        first = profiles.loc[differ, "Metadata_Well"].iloc[0]
        raise ProfileError(f"{differ.sum()} wells hold another sample than the plate map says, {first} for one.")


def recenter(profiles: pd.DataFrame, control: str = "DMSO") -> pd.DataFrame:
    """Return the features as distances from the median of the *control* wells, in units of their scaled MAD.

    A feature that does not vary between control wells has no such unit and is dropped. Raises `ProfileError` without
    control wells.
    """
    features = features_of(profiles)
    wells = profiles["Metadata_broad_sample"] == control
    if not wells.any():
        raise ProfileError(f"No well holds the control {control}, so there is nothing to centre on.")
    values = values_of(profiles)
    controls = values[wells.to_numpy()]
    centre = np.median(controls, axis=0)
    spread = np.median(np.abs(controls - centre), axis=0) * MAD_TO_SD
    varies = spread > 0
    scaled = (values[:, varies] - centre[varies]) / spread[varies]
    kept = [feature for feature, vary in zip(features, varies, strict=True) if vary]
    centred = pd.DataFrame(scaled, columns=kept, index=profiles.index)
    return pd.concat([profiles.drop(columns=features), centred], axis=1)


def drop_correlated(profiles: pd.DataFrame, threshold: float = 0.9) -> pd.DataFrame:
    """Drop, of each pair of features that correlate beyond *threshold*, the one that correlates more with all features.

    The rule is that of pycytominer's `feature_select(operation="correlation_threshold")`, which compares the signed
    correlation of a pair but sums absolute ones. Of two features with equal sums the earlier column stays.
    """
    features = features_of(profiles)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.nan_to_num(np.corrcoef(values_of(profiles), rowvar=False))
    # Rounded, so that equal sums stay equal on every machine.
    total = np.round(np.abs(correlation).sum(axis=0), 9)
    order = np.lexsort((np.arange(len(features)), total))
    rank = np.empty(len(features), int)
    rank[order] = np.arange(len(features))
    redundant = ((correlation > threshold) & (rank[:, None] > rank[None, :])).any(axis=1)
    return profiles.drop(columns=[feature for feature, drop in zip(features, redundant, strict=True) if drop])


@dataclass(frozen=True)
class Components:
    """The first principal components: a row of *scores* for each well, and the share of the variance of each."""

    scores: np.ndarray
    explained: np.ndarray


def principal_components(profiles: pd.DataFrame, count: int = 2) -> Components:
    """Return the first *count* principal components of the features, the sign of each fixed by its largest loading."""
    values = values_of(profiles)
    left, singular, right = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    explained = singular**2 / (singular**2).sum()
    return Components((left * singular * signs)[:, :count], explained[:count])


def replicate_correlation(profiles: pd.DataFrame) -> pd.Series:
    """Return, for each sample in more than one well, the mean Pearson correlation over all pairs of its wells."""
    found = {}
    for sample, wells in profiles.groupby("Metadata_broad_sample", sort=True):
        if len(wells) > 1:
            pairs = np.triu_indices(len(wells), k=1)
            found[sample] = np.corrcoef(values_of(wells))[pairs].mean()
    return pd.Series(found, name="correlation", dtype=float).rename_axis("Metadata_broad_sample")


def replicate_table(delivered: pd.DataFrame, selected: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each replicated sample, best first: how its wells agree as *delivered* and as *selected*."""
    samples = selected.groupby("Metadata_broad_sample").agg(
        name=("Metadata_pert_iname", "first"), moa=("Metadata_moa", "first"), wells=("Metadata_Well", "size")
    )
    table = samples.join(replicate_correlation(delivered).rename("correlation_as_delivered"), how="inner")
    table = table.join(replicate_correlation(selected).rename("correlation"))
    return table.sort_values(["correlation", "name"], ascending=[False, True]).rename_axis("sample").reset_index()
