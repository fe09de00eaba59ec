"""Plates for tests, laid out as a project expects them: a small made-up one, and the real one where it is at hand."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tests.once import once
from tests.template.generating import SHARED, environment, generate, run

if TYPE_CHECKING:
    from pathlib import Path

REAL = SHARED / "realdata"
REAL_PLATE = "SQ00015054"
ROWS, COLUMNS = "ABCDEFGH", range(1, 13)
COMPOUNDS = {"BRD-STRONG": "strong inhibitor", "BRD-WEAK": "weak inhibitor"}


def synthetic_plate(data: Path, plate: str = "P0001", seed: int = 0) -> None:
    """Write a plate of 96 wells and its metadata into the folder *data*.

    The first three columns of wells hold DMSO, the others one of two compounds: one changes every feature, one does
    nothing. One feature is a copy of another with a little noise, and one never varies.
    """
    rng = np.random.default_rng(seed)
    wells = [f"{row}{column:02d}" for row in ROWS for column in COLUMNS]
    samples = ["" if int(well[1:]) <= 3 else list(COMPOUNDS)[int(well[1:]) % 2] for well in wells]
    effect = rng.normal(0, 8, 40)
    values = rng.normal(0, 1, (96, 40)) + np.array([effect if name == "BRD-STRONG" else 0 * effect for name in samples])
    features = {f"{('Cells', 'Cytoplasm', 'Nuclei')[i % 3]}_Feature_{i:02d}": values[:, i] for i in range(40)}
    features["Nuclei_Twin_00"] = values[:, 0] + rng.normal(0, 0.01, 96)
    features["Nuclei_Constant"] = np.ones(96)

    metadata = data / "external" / "metadata"
    (metadata / "platemap").mkdir(parents=True, exist_ok=True)
    (data / "raw" / "profiles").mkdir(parents=True, exist_ok=True)
    raw = pd.DataFrame({"Metadata_Plate": plate, "Metadata_Well": wells, **features}).round(6)
    raw.to_csv(data / "raw" / "profiles" / f"{plate}.csv.gz", index=False, compression={"method": "gzip", "mtime": 0})
    layout = {
        "plate_map_name": "MAP-1",
        "well_position": wells,
        "broad_sample": samples,
        "mmoles_per_liter": ["" if not name else "10.0" for name in samples],
    }
    pd.DataFrame(layout).to_csv(metadata / "platemap" / "MAP-1.txt", sep="\t", index=False)
    moa = pd.DataFrame({"broad_sample": COMPOUNDS.keys(), "pert_iname": ["strong", "weak"], "moa": COMPOUNDS.values()})
    moa.assign(target="T").to_csv(metadata / "repurposing_info_external_moa_map_resolved.tsv", sep="\t", index=False)
    barcodes = metadata / "barcode_platemap.csv"
    known = pd.read_csv(barcodes, dtype=str) if barcodes.exists() else pd.DataFrame()
    this = pd.DataFrame({"Assay_Plate_Barcode": [plate], "Plate_Map_Name": ["MAP-1"]})
    pd.concat([known, this]).to_csv(barcodes, index=False)


def finished_project() -> Path:
    """Return a project whose pipeline has run on such a plate, made once in a test session: copy it."""
    return once("finished", _finish) / "project"


def _finish(folder: Path) -> None:
    project = generate(folder / "project")
    synthetic_plate(project / "data")
    run(["just", "run"], project, environment(folder / "home"))


def real_plate(data: Path) -> None:
    """Copy the real plate and its metadata into the folder *data*."""
    metadata = data / "external" / "metadata"
    (metadata / "platemap").mkdir(parents=True, exist_ok=True)
    (data / "raw" / "profiles").mkdir(parents=True, exist_ok=True)
    for file in (REAL / "raw").iterdir():
        shutil.copyfile(file, data / "raw" / "profiles" / file.name)
    for file in (REAL / "external").iterdir():
        shutil.copyfile(file, (metadata / "platemap" if file.suffix == ".txt" else metadata) / file.name)
