"""What a commit is called, where its member has not said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata.core.packs import is_pack
from labdata.core.verdicts import verdicts_in

if TYPE_CHECKING:
    from labdata.core.plan.put import PutPlan

_NAMED = 3


def title_of(part: PutPlan) -> str:
    """Return the title of a commit after the folders that it changes, such as ``Update processed/plates``."""
    paths = [path for path in (*part.send, *part.copy, *part.delete) if not is_pack(path)]
    if not paths:
        what = "what was reproduced" if verdicts_in(part.send) == sorted(part.send) else "how files were made"
        return f"Record {what}"
    folders = sorted({"/".join(path.split("/")[:2]) for path in paths})
    what = ", ".join(folders[:_NAMED]) + (" and more" if len(folders) > _NAMED else "")
    return f"Update {what}"
