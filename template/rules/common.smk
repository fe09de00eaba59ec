# What the rules share: the checked settings, the plates there are, and where a plate's map is.

import csv
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

validate(config, "../config/config.schema.yaml")

RAW_PROFILES = Path(config["profiles"])
METADATA = Path(config["metadata"])


def plates_in(folder):
    """Return the plates in *folder*, each with its file: what stands before the first _ or . of a name is the plate."""
    plates = {}
    for path in sorted(folder.glob("*.csv.gz")):
        plate = path.name.split(".")[0].split("_")[0]
        if plate in plates:
            both = f"{plates[plate].name} and {path.name} are both of plate {plate}"
            raise WorkflowError(f"{both}; leave one of them in {folder.as_posix()}.")
        plates[plate] = path
    return plates


def platemap_of(wildcards):
    """Return the plate map of a plate, found through its barcode; nothing while the barcode table itself is missing."""
    barcodes = METADATA / "barcode_platemap.csv"
    if not barcodes.exists():
        return []
    with barcodes.open(encoding="utf-8", newline="") as lines:
        maps = {row["Assay_Plate_Barcode"]: row["Plate_Map_Name"] for row in csv.DictReader(lines)}
    if wildcards.plate not in maps:
        unknown = f"Plate {wildcards.plate} is not in {barcodes.as_posix()}"
        raise WorkflowError(f"{unknown}; add its line, or move its profiles away.")
    return (METADATA / "platemap" / f"{maps[wildcards.plate]}.txt").as_posix()


PLATES = plates_in(RAW_PROFILES)

if not PLATES:
    print(f"There are no plates in {RAW_PROFILES.as_posix()} yet: bring them with just get-inputs.", file=sys.stderr)


wildcard_constraints:
    plate=r"[^/]+",
