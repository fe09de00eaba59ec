"""Who am I, and the small questions every `hf` command asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localhub import errors
from localhub.api import cards
from localhub.api.repos import Repo
from localhub.api.repository import MAIN, find_commit, iso_time
from localhub.api.trees import blob_facts, files
from localhub.api.web import Call, answer, route

if TYPE_CHECKING:
    from starlette.responses import Response


def whoami(call: Call) -> Response:
    """`HfApi.whoami`, `hf auth whoami`."""
    account = call.signed_in()
    role = account.role.name.lower()
    orgs = [{"type": "org", "name": org, "fullname": org, "roleInOrg": role} for org in account.orgs]
    token = {"displayName": "localhub", "role": "write", "createdAt": "2026-01-01T00:00:00.000Z"}
    return answer(
        {
            "type": "user",
            "id": account.name,
            "name": account.name,
            "fullname": account.name,
            "isPro": False,
            "orgs": orgs,
            "auth": {"type": "access_token", "accessToken": token},
        },
    )


def agent_harnesses(_: Call) -> Response:
    """Every `hf` command asks this until it gets a 200 (hub-api §2)."""
    return answer({"standardEnvVars": [], "harnesses": {}})


def validate_yaml(call: Call) -> Response:
    """The check of a README before it is uploaded."""
    found, warned = cards.problems(str(call.json().get("content", "")))
    body = {"errors": [{"message": one} for one in found], "warnings": [{"message": one} for one in warned]}
    return answer(body, status=400 if found else 200)


def own_repositories(call: Call) -> Response:
    """`hf repos list`: the repos of the sender's own namespace."""
    return _repositories(call, call.signed_in().name)


def org_repositories(call: Call) -> Response:
    """`hf repos list --namespace ORG`, for members."""
    namespace = call.segment("namespace")
    if call.signed_in().role_in(namespace) is None:
        raise errors.forbidden()
    return _repositories(call, namespace)


def _repositories(call: Call, namespace: str) -> Response:
    repos = [repo for repo in call.store.repos.visible_to(call.account) if repo.namespace.lower() == namespace.lower()]
    page, headers = call.page(repos, 100)
    return answer([_listed(repo) for repo in page], headers)


def _listed(repo: Repo) -> dict[str, Any]:
    git = repo.git()
    head = find_commit(git, MAIN)
    size = sum(blob_facts(git, file.oid).content_size for file in files(git, head))
    return {
        "id": repo.id,
        "type": "dataset",
        "updatedAt": iso_time(head),
        "visibility": "private" if repo.private else "public",
        "storage": size,
        "storagePercent": 0,
    }


ROUTES = [
    route("/api/whoami-v2", whoami),
    route("/api/agent-harnesses", agent_harnesses, name="agent-harnesses"),
    route("/api/validate-yaml", validate_yaml, "POST", "validate-yaml"),
    route("/api/settings/repositories", own_repositories, name="repositories"),
    route("/api/organizations/{namespace}/settings/repositories", org_repositories, name="repositories"),
]
