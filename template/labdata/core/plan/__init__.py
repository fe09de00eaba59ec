"""Decisions: trees in, actions and conflicts out. No disk, no network, no clock.

Everywhere, *base* is what was last synced (per file), *mine* what is on disk and *theirs* what the Hub holds.
The table that these functions follow is in docs/how-it-works.md of the project.
"""

from __future__ import annotations

from labdata.core.plan.conflict import Conflict, Side
from labdata.core.plan.get import GetPlan, plan_get, times_after_get
from labdata.core.plan.merge import Base, Merge, agreeing, merge
from labdata.core.plan.proposal import Proposal, plan_proposal
from labdata.core.plan.put import (
    PutPlan,
    add_merge,
    base_against,
    last_seen,
    parts,
    plan_put,
    refuse_collisions,
    refuse_unseen,
)

__all__ = [
    "Base",
    "Conflict",
    "GetPlan",
    "Merge",
    "Proposal",
    "PutPlan",
    "Side",
    "add_merge",
    "agreeing",
    "base_against",
    "last_seen",
    "merge",
    "parts",
    "plan_get",
    "plan_proposal",
    "plan_put",
    "refuse_collisions",
    "refuse_unseen",
    "times_after_get",
]
