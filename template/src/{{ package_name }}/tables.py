"""Tables on disk, written so that the Hub stores only what changed and shows them well."""

from pathlib import Path

import pandas as pd


def read_table(path: Path) -> pd.DataFrame:
    """Return the table in *path*: parquet, comma-separated (`.csv`) or tab-separated (all else), gzipped or not."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    separator = "," if ".csv" in path.suffixes else "\t"
    return pd.read_csv(path, sep=separator, low_memory=False)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write *table* into the parquet file *path*.

    Pages are small and cut where the content says so (pyarrow 21 and later), so after a small change most of the file
    is stored and sent already. Numbers get no dictionary: it would differ from its first new value on, and measured
    numbers hardly repeat. The page index lets the Hub's viewer read a part of the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(
        path,
        index=False,
        use_content_defined_chunking={"min_chunk_size": 64 * 1024, "max_chunk_size": 256 * 1024},
        use_dictionary=list(table.select_dtypes(exclude="floating").columns),
        write_page_index=True,
    )


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write *table* into the comma-separated file *path*, the same bytes on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
