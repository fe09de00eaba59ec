"""Whether two versions of a file say the same, though their bytes are not the same."""

from __future__ import annotations

from labdata.compare.model import FileReview, TableDiff


def is_equal(review: FileReview) -> bool:
    """Tell whether all values, pixels or cells that were compared are the same, but for noise.

    Floats of a table count as the same up to its tolerance (relative), pixels as long as no eye sees a difference. What
    was not looked into counts as different.
    """
    if review.table is not None:
        return _is_equal_table(review.table)
    if review.kind == "picture":
        return bool(review.pictures) and all(one.share is not None and not one.is_visible for one in review.pictures)
    if review.kind == "arrays":
        return review.grid is not None and not review.grid.rows
    return False


def _is_equal_table(table: TableDiff) -> bool:
    is_in_order = not (table.is_reordered or table.columns_moved)
    has_same_rows = table.is_compared and not (table.rows_added or table.rows_removed or table.cells_changed)
    return is_in_order and table.has_same_columns and has_same_rows
