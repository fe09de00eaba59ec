# What the rules share: the checked settings, the plates there are, and where each plate's map is.

import csv
import sys
from pathlib import Path

from snakemake.utils import validate

from labdata.pipeline import code_of

validate(config, "../config/config.schema.yaml")

RAW_PROFILES = Path(config["profiles"])
METADATA = Path(config["metadata"])


def plates_in(folder):
    """Return the plates in *folder*, each with its file: what stands before the first _ or . of a name is the plate."""
    plates = {}
    for path in sorted(folder.glob("*.csv.gz")):
        if path.name.startswith("."):
            continue  # what macOS leaves beside a file
        plate = path.name.split(".")[0].split("_")[0]
        if plate in plates:
            both = f"{plates[plate].name} and {path.name} are both of plate {plate}"
            sys.exit(f"{both}; leave one of them in {folder.as_posix()}.")
        plates[plate] = path
    return plates


def platemaps_of(plates, barcodes):
    """Return the map of each of *plates*, found in the table *barcodes*; none while that table is missing."""
    if not barcodes.exists():
        return {}
    try:
        with barcodes.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            columns = rows.fieldnames or []
            names = {row.get("Assay_Plate_Barcode"): row.get("Plate_Map_Name") for row in rows}
    except UnicodeDecodeError:
        sys.exit(f"{barcodes.as_posix()} is not UTF-8 text; save it as UTF-8.")
    for column in ("Assay_Plate_Barcode", "Plate_Map_Name"):
        if column not in columns:
            hint = "save it with commas between its columns" if ";" in "".join(columns) else "give that column its name"
            sys.exit(f"{barcodes.as_posix()} has no column {column}; {hint}.")
    for plate in plates:
        if not names.get(plate):
            sys.exit(f"Plate {plate} is not in {barcodes.as_posix()}; add its line, or move its profiles away.")
    return {plate: f"{config['metadata']}/platemap/{names[plate]}.txt" for plate in plates}


PLATES = plates_in(RAW_PROFILES)
PLATEMAPS = platemaps_of(PLATES, METADATA / "barcode_platemap.csv")

if not PLATES:
    print(f"There are no plates in {RAW_PROFILES.as_posix()} yet: bring them with just get-inputs.", file=sys.stderr)


def memory(wildcards, input, attempt):
    """Return the MB that a step may need to hold its *input* as tables; a retry gets more."""
    return attempt * max(1000, round(30 * input.size_mb))


def minutes(wildcards, attempt):
    """Return the minutes that a step may take; a retry gets more."""
    return attempt * 10


wildcard_constraints:
    plate=r"[^/]+",
