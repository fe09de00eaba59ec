"""A made-up plate, and how any plate is put where a project expects it.

The made-up one has the shape, the file names and the columns of a real Cell Painting plate of 384 wells, so that the
tour needs no download. What it shows is invented, and its names say so.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from demo.errors import TourError

if TYPE_CHECKING:
    from pathlib import Path

BARCODE, PLATE_MAP = "SYNTH00001", "C-SYNTH-001"
MOA_TABLE = "repurposing_info_external_moa_map_resolved.tsv"
WELLS = [f"{row}{column:02d}" for row in "ABCDEFGHIJKLMNOP" for column in range(1, 25)]
DOSES = (0.041152, 0.12346, 0.37037, 1.1111, 3.3333, 10.0)
CONTROL_DOSE = 20.0
CONTROL_WELLS, DMSO_WELLS = 12, 24
# (name, mechanism) of the two positive controls; the compounds are invented, the mechanisms are the commonest kinds.
CONTROLS = (("madeupzomib", "proteasome inhibitor"), ("inventomib", "proteasome inhibitor"))
MECHANISMS = (
    "tubulin inhibitor",
    "HDAC inhibitor",
    "glucocorticoid receptor agonist",
    "adrenergic receptor antagonist",
    "cyclooxygenase inhibitor",
    "dopamine receptor antagonist",
    "sodium channel blocker",
)
MEASURES = {
    "Cells": ("AreaShape_Zernike", "Texture_Correlation_ER", "RadialDistribution_MeanFrac_Mito"),
    "Cytoplasm": ("Texture_Entropy_RNA", "Granularity_AGP", "Correlation_K_Mito_ER"),
    "Nuclei": ("AreaShape_Zernike", "Texture_Variance_DNA", "Intensity_MassDisplacement_AGP"),
}
FEATURES = [f"{part}_{name}_{n}" for part, names in MEASURES.items() for name in names for n in range(50)]


@dataclass(frozen=True)
class PlateFiles:
    """The files of one plate, as they lie in a folder like that of `--data`."""

    profiles: Path
    platemaps: tuple[Path, ...]
    metadata: tuple[Path, ...]

    @property
    def plate(self) -> str:
        """The plate's barcode: what stands before the first `_` or `.` of its file, as the pipeline reads it."""
        return self.profiles.name.split(".")[0].split("_")[0]

    def copy_into(self, data: Path) -> None:
        """Copy the files to where a project's pipeline looks for them, below its folder *data*."""
        metadata = data / "external" / "metadata"
        folders = {data / "raw" / "profiles": (self.profiles,), metadata: self.metadata}
        for folder, files in {**folders, metadata / "platemap": self.platemaps}.items():
            folder.mkdir(parents=True, exist_ok=True)
            for file in files:
                shutil.copyfile(file, folder / file.name)


def find_plate(folder: Path) -> PlateFiles:
    """Find a plate in *folder*: `raw/*.csv.gz`, `external/*.txt`, `external/barcode_platemap.csv` and the MoA table.

    Raises `TourError` that names what is missing.
    """
    profiles = sorted(folder.glob("raw/*.csv.gz"))
    platemaps = tuple(sorted(folder.glob("external/*.txt")))
    metadata = tuple(folder / "external" / name for name in ("barcode_platemap.csv", MOA_TABLE))
    missing = [path.relative_to(folder).as_posix() for path in metadata if not path.is_file()]
    missing += [] if platemaps else ["external/*.txt (the plate map)"]
    missing += [] if profiles else ["raw/*.csv.gz (the profiles)"]
    if missing:
        raise TourError(
            f"There is no plate in {folder}: {', '.join(missing)} not found. Nothing was started.",
            "Name another folder with --data, or leave it out for a made-up plate.",
        )
    return PlateFiles(profiles[0], platemaps, metadata)


def synthetic_plate(folder: Path, seed: int = 20160517) -> PlateFiles:
    """Write a made-up plate into *folder*, as `find_plate` expects it; the same *seed* gives the same bytes."""
    rng = np.random.default_rng(seed)
    compounds = _compounds()
    wells = _wells(compounds, rng)
    profiles = pd.concat([_described(wells), _features(wells, rng)], axis=1)
    for name in ("raw", "external"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    gzip = {"method": "gzip", "mtime": 0}
    raw = folder / "raw" / f"{BARCODE}_normalized_feature_select.csv.gz"
    profiles.to_csv(raw, index=False, float_format="%.5g", lineterminator="\n", compression=gzip)
    external = folder / "external"
    _platemap(wells).to_csv(external / f"{PLATE_MAP}.txt", sep="\t", index=False, lineterminator="\n")
    _barcodes().to_csv(external / "barcode_platemap.csv", index=False, lineterminator="\n")
    compounds.to_csv(external / MOA_TABLE, sep="\t", index=False, lineterminator="\n")
    return find_plate(folder)


def _compounds() -> pd.DataFrame:
    """The two controls, then one compound for each dose series, in the columns of the MoA table."""
    series = (len(WELLS) - DMSO_WELLS - 2 * CONTROL_WELLS) // len(DOSES)
    named = [*CONTROLS, *((f"invented-{n:02d}", MECHANISMS[n % len(MECHANISMS)]) for n in range(1, series + 1))]
    table = pd.DataFrame(named, columns=["pert_iname", "moa"])
    table["broad_id"] = [f"BRD-K{n:08d}" for n in range(len(named))]
    return pd.DataFrame(
        {
            "broad_sample": table["broad_id"] + "-001-01-1",
            "broad_id": table["broad_id"],
            "pert_iname": table["pert_iname"],
            "InChIKey14": [f"MADEUP{n:08d}" for n in range(len(named))],
            "moa": table["moa"],
            "target": [f"GENE{n % 9}" for n in range(len(named))],
            "broad_date": "broad_id_20170327",
            "clinical_phase": "Preclinical",
            "alternative_moa": "",
            "alternative_target": "",
        }
    )


def _wells(compounds: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Which compound is in which well at which dose; DMSO in one of sixteen wells, as on the real plate."""
    samples = compounds["broad_sample"].tolist()
    content = [("DMSO", 0.0)] * DMSO_WELLS
    content += [(sample, CONTROL_DOSE) for sample in samples[:2] for _ in range(CONTROL_WELLS)]
    content += [(sample, dose) for sample in samples[2:] for dose in DOSES]
    order = rng.permutation(len(WELLS))
    wells = pd.DataFrame([content[i] for i in order], columns=["broad_sample", "dose"])
    wells.insert(0, "well", WELLS)
    return wells.merge(compounds, on="broad_sample", how="left")


def _features(wells: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A fingerprint for each mechanism, stronger with the dose, on top of what varies from well to well anyway."""
    moa = wells["moa"].fillna("")
    kinds = sorted(set(moa) - {""})
    fingerprints = rng.normal(0, 1, (len(kinds), len(FEATURES)))
    strengths = rng.uniform(0.2, 2.0, len(kinds))
    values = rng.normal(0, 1, (len(wells), len(FEATURES)))
    for n, kind in enumerate(kinds):
        strength = 2.5 if kind == CONTROLS[0][1] else strengths[n]
        dose = np.where(wells["dose"] >= CONTROL_DOSE, 1.0, np.log10(wells["dose"].clip(lower=0.01) / 0.01) / 3)
        rows = (moa == kind).to_numpy()
        values[rows] += strength * dose[rows, None] * fingerprints[n]
    return pd.DataFrame(values, columns=FEATURES)


def _described(wells: pd.DataFrame) -> pd.DataFrame:
    """The 26 columns that describe the wells, as in the real profile."""
    dmso = wells["broad_sample"] == "DMSO"
    kind = np.where(dmso, "control", "trt")
    described = {
        "plate_map_name": PLATE_MAP,
        "broad_sample": wells["broad_sample"],
        "mg_per_ml": wells["dose"] * 0.0003,
        "mmoles_per_liter": wells["dose"],
        "solvent": "DMSO",
        "pert_id": wells["broad_id"],
        "pert_mfc_id": wells["broad_sample"].where(~dmso),
        "pert_well": wells["well"],
        "pert_id_vendor": "",
        "cell_id": "A549",
        "broad_sample_type": kind,
        "pert_vehicle": "DMSO",
        "pert_type": kind,
        **{name: wells[name] for name in ("broad_id", "InChIKey14", "moa", "target", "broad_date")},
        **{name: wells[name] for name in ("alternative_moa", "alternative_target")},
        "Plate": BARCODE,
        "Well": wells["well"],
        "Assay_Plate_Barcode": BARCODE,
        "Plate_Map_Name": PLATE_MAP,
        "Batch_Number": 1,
        "Batch_Date": "2016-05-17",
    }
    return pd.DataFrame({f"Metadata_{name}": values for name, values in described.items()})


def _platemap(wells: pd.DataFrame) -> pd.DataFrame:
    """The layout of the plate; wells with DMSO name no sample."""
    dmso = wells["broad_sample"] == "DMSO"
    return pd.DataFrame(
        {
            "plate_map_name": PLATE_MAP,
            "well_position": wells["well"],
            "broad_sample": wells["broad_sample"].where(~dmso),
            "mg_per_ml": (wells["dose"] * 0.0003).round(6).where(~dmso),
            "mmoles_per_liter": wells["dose"].where(~dmso),
            "solvent": "DMSO",
        }
    )


def _barcodes() -> pd.DataFrame:
    row = {
        "Assay_Plate_Barcode": BARCODE,
        "Plate_Map_Name": PLATE_MAP,
        "Batch_Number": 1,
        "Batch_Date": "2016-05-17",
    }
    return pd.DataFrame([row])
