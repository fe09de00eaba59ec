"""Tables on disk, written so that the Hub stores only what changed and shows them well."""

import gzip
import zlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# Names, even where they look like numbers: the plate 00123 is not the plate 123.
NAMES = (
    "Metadata_Plate",
    "Metadata_Well",
    "Metadata_broad_sample",
    "Assay_Plate_Barcode",
    "Plate_Map_Name",
    "plate_map_name",
    "well_position",
    "broad_sample",
)
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class TableError(Exception):
    """A file that is no table to work with, in a sentence that names it."""


def read_table(path: Path) -> pd.DataFrame:
    """Return the table in *path*: parquet, comma-separated (`.csv`) or tab-separated (all else), gzipped or not.

    Raises `TableError` where it is cut off, in another encoding, or separated by something else.
    """
    separator = "," if ".csv" in path.suffixes else "\t"
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        table = pd.read_csv(path, sep=separator, low_memory=False, dtype=dict.fromkeys(NAMES, str))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f"{path} is not whole, or not gzipped; copy it again from where it was made.") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except ValueError as error:
        raise TableError(f"{path} cannot be read as a table ({str(error).splitlines()[0]}).") from error
    if len(table.columns) == 1:
        [header] = table.columns
        used = next((one for one in SEPARATORS if one != separator and one in str(header)), "")
        if used:
            raise TableError(
                f"{path} has {SEPARATORS[used]} between its columns; save it with {SEPARATORS[separator]}."
            )
    return table


def write_parquet(table: pd.DataFrame, path: Path, stamp: str = "") -> None:
    """Write *table* into the parquet file *path*, with a *stamp* that says what it was made of, if there is one.

    Pages are small and cut where the content says so (pyarrow 21 and later), so after a small change most of the file
    is stored and sent already. Numbers get no dictionary: it would differ from its first new value on, and measured
    numbers hardly repeat. The page index lets the Hub's viewer read a part of the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    if stamp:
        arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), b"stamp": stamp.encode()})
    pq.write_table(
        arrow,
        path,
        use_content_defined_chunking={"min_chunk_size": 64 * 1024, "max_chunk_size": 256 * 1024},
        use_dictionary=list(table.select_dtypes(exclude="floating").columns),
        write_page_index=True,
    )


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write *table* into the comma-separated file *path*, the same bytes on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
