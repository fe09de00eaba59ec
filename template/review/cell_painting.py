"""Checks of Cell Painting profiles with one row a well. They are yours: change names and limits as your screen needs.

Numbers are compared before and after, so that a plate with known weaknesses does not complain each time.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from labdata.review.checks import File, Finding, check, error, note, warning

PLATE, WELL, SAMPLE, MECHANISM = "Metadata_Plate", "Metadata_Well", "Metadata_broad_sample", "Metadata_moa"
DOSE = "Metadata_mmoles_per_liter"
CONTROL = "DMSO"
PROFILES = ("**/*.parquet", "**/*.csv", "**/*.csv.gz")

FULL = (6, 12, 24, 48, 96, 384, 1536)  # wells of a plate
MISSING = 0.01  # share of values that may become missing
SCALE = 10.0  # times that the spread of a feature may grow or shrink
ALIKE = 0.9  # correlation of a feature with itself before
FALL = 0.1  # by which the share of treatments that replicate, or their correlation, may fall
POSITION = 0.2  # by which the controls of a row or column may become more alike than the others

CONSTANT = "hold one value in all wells"


def profiles(file: File | None) -> pd.DataFrame | None:
    """Return a table of profiles by plate and well; ``None`` where it is none, or holds cells instead of wells."""
    if file is None:
        return None
    table = file.table()
    if WELL not in table or len(features(table)) < 2:
        return None
    if PLATE not in table:
        table[PLATE] = "the plate"
    table[PLATE] = table[PLATE].astype(str)
    rows = table.groupby([PLATE, WELL]).size()
    return table if len(rows) and rows.median() == 1 else None


def features(table: pd.DataFrame) -> list[str]:
    """Return the columns that were measured."""
    numbers = table.select_dtypes("number").columns
    return [name for name in numbers if not str(name).startswith("Metadata_")]


def both(before: File | None, after: File | None) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return both versions, limited to the wells that both have and in one order."""
    old, new = profiles(before), profiles(after)
    if old is None or new is None:
        return None
    old, new = (table.drop_duplicates([PLATE, WELL]).set_index([PLATE, WELL]) for table in (old, new))
    shared = old.index.intersection(new.index).sort_values()
    return (old.loc[shared].reset_index(), new.loc[shared].reset_index()) if len(shared) else None


@check(*PROFILES)
def wells(before: File | None, after: File | None) -> Iterator[Finding]:
    """Wells that are missing, came, or are there twice."""
    old, new = profiles(before), profiles(after)
    if new is None:
        return
    doubled = new[new.duplicated([PLATE, WELL], keep=False)]
    if len(doubled):
        counts = doubled.groupby([PLATE, WELL]).size().rename("rows").reset_index()
        yield error(f"Wells that are there more than once: {len(counts)}.", table=counts)
    if old is None:
        for plate, rows in new.groupby(PLATE):
            count = rows[WELL].nunique()
            if count not in FULL:
                yield warning(f"Plate {plate} has {count} wells, which is no full plate.", figure=plate_map(rows))
        return
    for plate in sorted(set(old[PLATE]) | set(new[PLATE])):
        was, now = (set(table.loc[table[PLATE] == plate, WELL]) for table in (old, new))
        lost, come = sorted(was - now), sorted(now - was)
        if lost:
            shown = ", ".join(lost[:12]) + (f" and {len(lost) - 12} more" if len(lost) > 12 else "")
            figure = plate_map(pd.DataFrame({WELL: [*sorted(now), *lost], "lost": [0] * len(now) + [1] * len(lost)}))
            yield error(f"{len(lost)} of {len(was)} wells of plate {plate} are missing: {shown}.", figure=figure)
        if come and was:
            yield note(f"New wells on plate {plate}: {len(come)}.")


@check(*PROFILES)
def feature_values(before: File | None, after: File | None) -> Iterator[Finding]:
    """Features that came, went, or hold what no analysis can use."""
    old, new = profiles(before), profiles(after)
    if new is None:
        return
    names = features(new)
    known = features(old) if old is not None else names
    if lost := sorted(set(known) - set(names)):
        yield warning(f"{len(lost)} of {len(known)} features are gone.", table=pd.DataFrame({"feature": lost}))
    if come := sorted(set(names) - set(known)):
        yield note(f"New features: {len(come)}.", table=pd.DataFrame({"feature": come}))
    now = useless(new)
    was = useless(old) if old is not None else {}
    for kind, bad in now.items():
        if fresh := sorted(set(bad) - set(was.get(kind, []))):
            # In a new table they may be what a later step leaves out; in one that was clean before they are a fault.
            tell = error if old is not None else note if kind == CONSTANT else warning
            yield tell(f"Features that {kind}: {len(fresh)}.", table=pd.DataFrame({"feature": fresh}))
    usable = [name for name in names if name not in now["hold no value at all"]]
    share = float(new[usable].isna().to_numpy().mean()) if usable else 0.0
    before_share = (
        float(old[[name for name in usable if name in old]].isna().to_numpy().mean()) if old is not None else 0.0
    )
    if share > before_share + MISSING:
        most = new[usable].isna().mean().sort_values(ascending=False).head(10)
        table = most.rename("share missing").rename_axis("feature").reset_index()
        yield error(f"{share:.1%} of the values are missing, {before_share:.1%} before.", table=table)


def useless(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the features that cannot be used, by the reason."""
    values = table[features(table)]
    numbers = values.to_numpy(float)
    infinite = np.isinf(numbers).any(axis=0)
    empty = np.isnan(numbers).all(axis=0)
    constant = (values.min() == values.max()).to_numpy() & ~infinite & (len(values) > 1)
    masks = {"hold infinite values": infinite, "hold no value at all": empty, CONSTANT: constant}
    return {kind: list(values.columns[mask]) for kind, mask in masks.items()}


@check(*PROFILES)
def features_against_before(before: File | None, after: File | None) -> Iterator[Finding]:
    """Each feature against itself before: its scale, and its correlation over the wells that both versions have."""
    pair = both(before, after)
    if pair is None:
        return
    old, new = pair
    told = {name for bad in useless(new).values() for name in bad}
    usable = set(features(new)) - told
    names = [name for name in features(old) if name in usable]
    left, right = (table[names].to_numpy(float) for table in (old, new))
    left, right = np.where(np.isfinite(left), left, np.nan), np.where(np.isfinite(right), right, np.nan)
    gone = np.isnan(left) | np.isnan(right)
    left, right = np.where(gone, np.nan, left), np.where(gone, np.nan, right)
    left, right = (values[:, (~gone).sum(axis=0) > 2] for values in (left, right))
    names = [name for name, count in zip(names, (~gone).sum(axis=0), strict=True) if count > 2]
    if not names:
        return
    with np.errstate(all="ignore"):
        spreads = np.nanstd(right, axis=0) / np.nanstd(left, axis=0)
        one, two = (values - np.nanmean(values, axis=0) for values in (left, right))
        alike = np.nansum(one * two, axis=0) / np.sqrt(np.nansum(one**2, axis=0) * np.nansum(two**2, axis=0))
    table = pd.DataFrame({"feature": names, "spread, after to before": spreads, "correlation": alike})
    scaled = table[(spreads > SCALE) | (spreads < 1 / SCALE)]
    if len(scaled):
        most = scaled.iloc[np.argsort(-np.abs(np.log(np.maximum(scaled.iloc[:, 1], 1e-300))))].head(10)
        yield error(
            f"Features that changed their scale: {len(scaled)}, most by a factor of {most.iloc[0, 1]:.4g}.", table=most
        )
    unlike = table[table["correlation"] < ALIKE].sort_values("correlation")
    if len(unlike):
        yield warning(
            f"{len(unlike)} of {len(names)} features correlate with themselves before by less than {ALIKE}.",
            table=unlike.head(10),
        )


@check(*PROFILES)
def plate_layout(before: File | None, after: File | None) -> Iterator[Finding]:
    """Wells that hold another treatment than before."""
    pair = both(before, after)
    if pair is None or SAMPLE not in pair[0] or SAMPLE not in pair[1]:
        return
    old, new = pair
    moved = (treatment(old) != treatment(new)).to_numpy()
    if moved.any():
        shares = [replicating(table)["share"] for table in (old, new)]
        table = pd.DataFrame({PLATE: old[PLATE], WELL: old[WELL], "before": treatment(old), "after": treatment(new)})
        yield error(
            f"{moved.sum()} of {len(old)} wells hold another treatment than before; "
            f"{shares[0]:.1%} of the treatments replicated, {shares[1]:.1%} do now.",
            table=table[moved],
            figure=plate_maps({"before": old.assign(at=_numbers(old)), "after": new.assign(at=_numbers(new, old))}),
        )


@check(*PROFILES)
def mechanisms(before: File | None, after: File | None) -> Iterator[Finding]:
    """Treatments that have another mechanism than before."""
    pair = both(before, after)
    if pair is None or not {SAMPLE, MECHANISM} <= set(pair[0]) & set(pair[1]):
        return
    known, now = ({name: texts(rows[MECHANISM]) for name, rows in table.groupby(SAMPLE)} for table in pair)
    other = sorted(name for name in known.keys() & now.keys() if known[name] != now[name])
    if other:
        table = pd.DataFrame(
            {"treatment": other, "before": [known[n] for n in other], "after": [now[n] for n in other]}
        )
        yield error(f"{len(other)} of {len(known)} treatments have another mechanism than before.", table=table)


@check(*PROFILES)
def replicates(before: File | None, after: File | None) -> Iterator[Finding]:
    """How well wells of one treatment agree, before and after."""
    pair = both(before, after)
    if pair is None or SAMPLE not in pair[0] or SAMPLE not in pair[1]:
        return
    if (treatment(pair[0]) != treatment(pair[1])).any():
        return  # plate_layout tells what became of the replicates
    was, now = (replicating(table) for table in pair)
    falls = (was["correlation"] - now["correlation"]).dropna().sort_values(ascending=False)
    table = pd.DataFrame({"before": was["correlation"], "after": now["correlation"]}).loc[falls.index].head(10)
    table = table.rename_axis("treatment").reset_index()
    if was["share"] - now["share"] > FALL:
        yield error(f"{was['share']:.1%} of the treatments replicated, {now['share']:.1%} do now.", table=table)
    elif len(falls) and falls.iloc[0] > 2 * FALL:
        name = falls.index[0]
        ends = f"{was['correlation'][name]:.2f} → {now['correlation'][name]:.2f}"
        yield warning(f"The replicate correlation of {name} fell: {ends}.", table=table)


@check(*PROFILES)
def position(before: File | None, after: File | None) -> Iterator[Finding]:
    """Whether controls of one row or column are more alike than others, as they are where the place matters."""
    old, new = profiles(before), profiles(after)
    if new is None:
        return
    now, was = position_effect(new), position_effect(old) if old is not None else None
    if now is None:
        return
    said = f"Controls in one row or column correlate by {now[0]:.2f}, others by {now[1]:.2f}"
    if was is None:
        if now[0] - now[1] > POSITION:
            yield note(f"{said}: the place on the plate matters.")
    elif (now[0] - now[1]) - (was[0] - was[1]) > POSITION:
        yield warning(f"{said}; before by {was[0]:.2f} and {was[1]:.2f}: the place on the plate matters more.")


def texts(values: pd.Series) -> str:
    """Return the different values of a column as one text."""
    return ", ".join(sorted(set(values.dropna().astype(str))))


def treatment(table: pd.DataFrame) -> pd.Series:
    """Return what each well was given."""
    dose = (
        table[DOSE].map(
            lambda value: "" if pd.isna(value) else f" {value:.6g}" if isinstance(value, float) else f" {value}"
        )
        if DOSE in table
        else ""
    )
    return table[SAMPLE].fillna("").astype(str) + dose


def standardized(table: pd.DataFrame) -> np.ndarray:
    """Return profiles whose features all count the same, whatever their scale; what is missing is in the middle."""
    values = table[features(table)].to_numpy(float)
    values = np.where(np.isfinite(values), values, np.nan)
    values = values[:, ~np.isnan(values).all(axis=0)]
    middle = np.nanmedian(values, axis=0)
    spread = 1.4826 * np.nanmedian(np.abs(values - middle), axis=0)
    values = (values - middle) / np.where(spread > 0, spread, np.inf)
    values = np.nan_to_num(values)
    values = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(length > 0, length, 1.0)


def replicating(table: pd.DataFrame) -> dict:
    """Return the median correlation of the wells of each treatment, and the ``share`` of treatments that replicate.

    One does where its wells agree more than 95 % of as many wells that were drawn by lot. Doses of a treatment count
    as its replicates where few doses have replicates of their own.
    """
    values = standardized(table)
    samples = table[SAMPLE].fillna("").astype(str)
    named = (samples != "") & (samples != CONTROL)
    doses = treatment(table)
    groups = (doses if (doses[named].value_counts() > 1).sum() >= 10 else samples).to_numpy()
    rows = np.flatnonzero(named)
    found, beaten, chance = {}, [], {}
    for name in sorted(set(groups[rows])):
        wells = np.flatnonzero(named & (groups == name))
        if len(wells) < 2:
            continue
        size = min(len(wells), 12)
        if size not in chance:
            rng = np.random.default_rng(size)
            lots = [rng.choice(rows, size, replace=False) for _ in range(500)]
            chance[size] = np.quantile([agreement(values[lot]) for lot in lots], 0.95)
        found[name] = agreement(values[wells])
        beaten.append(found[name] > chance[size])
    return {"correlation": pd.Series(found, dtype=float), "share": float(np.mean(beaten)) if beaten else 0.0}


def agreement(rows: np.ndarray) -> float:
    """Return the median correlation of standardized profiles with each other."""
    return float(np.median((rows @ rows.T)[np.triu_indices(len(rows), 1)]))


def position_effect(table: pd.DataFrame) -> tuple[float, float] | None:
    """Return the mean correlation of controls in one row or column of a plate, and of the others."""
    if SAMPLE not in table:
        return None
    values = standardized(table)
    mask = (table[SAMPLE] == CONTROL).to_numpy()
    controls = table[mask]
    if len(controls) < 6 or len(controls) > 3_000:
        return None
    rows, columns = controls[WELL].str.extract(r"^([A-Za-z]+)(\d+)$").to_numpy().T
    plates = controls[PLATE].to_numpy()
    same_plate = plates[:, None] == plates
    near = ((rows[:, None] == rows) | (columns[:, None] == columns)) & same_plate
    pairs = np.triu(np.ones_like(near), 1).astype(bool) & same_plate
    alike = values[mask] @ values[mask].T
    if not (near & pairs).any() or not (~near & pairs).any():
        return None
    return float(alike[near & pairs].mean()), float(alike[~near & pairs].mean())


def _numbers(table: pd.DataFrame, known: pd.DataFrame | None = None) -> np.ndarray:
    """Return a number from 0 to 1 for each treatment, the same as in the table that is known."""
    names = sorted(set(treatment(table if known is None else known)))
    return pd.Categorical(treatment(table), names).codes / max(len(names) - 1, 1)


def plate_map(table: pd.DataFrame):
    """Draw one plate (see ``plate_maps``)."""
    return plate_maps({"": table})


def plate_maps(tables: dict[str, pd.DataFrame]):
    """Draw plates side by side: each well in the colour of the last column, from 0 to 1; wells not there in grey."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(tables), 4))
    for number, (title, table) in enumerate(tables.items()):
        places = table[WELL].astype(str).str.extract(r"^([A-Za-z]+)(\d+)$")
        good = places.notna().all(axis=1)
        rows = places.loc[good, 0].map(row_number)
        columns = places.loc[good, 1].astype(int)
        last = table.iloc[:, -1]
        grid = np.full((max(rows, default=1), max(columns, default=1)), np.nan)
        grid[rows - 1, columns - 1] = last[good] if pd.api.types.is_numeric_dtype(last) else 0.0
        axes = figure.add_subplot(1, len(tables), number + 1, title=title, facecolor="#bbbbbb")
        axes.imshow(grid, cmap="coolwarm", vmin=0, vmax=1)
        axes.set_xticks(range(0, grid.shape[1], 2), range(1, grid.shape[1] + 1, 2))
        axes.set_yticks(
            range(grid.shape[0]), [chr(65 + row) if row < 26 else f"A{chr(39 + row)}" for row in range(len(grid))]
        )
        axes.tick_params(labelsize=7)
    return figure


def row_number(letters: str) -> int:
    """Return the number of a row of a plate: 1 for A, 27 for AA."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
