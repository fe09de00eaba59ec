"""The Hub's own errors. The client tells them apart by `X-Error-Code`, not by status (hub-api §1)."""

from __future__ import annotations


class HubError(Exception):
    """An answer that is not a success.

    Takes the HTTP status, the sentence for the user, the Hub's error code if it has one, and further headers and body
    fields.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        fields: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}
        self.fields = fields or {}


class RepoMoved(Exception):  # noqa: N818  (an answer, not an error)
    """The repo lives under another id now: the request goes on there."""

    def __init__(self, new_id: str) -> None:
        super().__init__(new_id)
        self.new_id = new_id


def repo_not_found(*, signed_in: bool) -> HubError:
    """A repo that is missing, or private and not the asker's: the Hub makes no difference."""
    if signed_in:
        return HubError(404, "Repository not found", "RepoNotFound")
    return HubError(401, "Invalid username or password.", "RepoNotFound")


def revision_not_found(revision: str) -> HubError:
    """An unknown branch, tag or commit."""
    return HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def entry_not_found(message: str, commit: str | None = None) -> HubError:
    """A file or folder that is not in that commit; the commit lets clients remember the absence."""
    return HubError(404, message, "EntryNotFound", headers={"X-Repo-Commit": commit} if commit else None)


def bad_request(message: str) -> HubError:
    """A request that makes no sense."""
    return HubError(400, message)


def forbidden(message: str = "Forbidden: you don't have the required permissions to perform this action") -> HubError:
    """A known account that may not do this."""
    return HubError(403, message)


def invalid_token() -> HubError:
    """A token this Hub never gave out. This exact text keeps the client from reporting a missing repo."""
    return HubError(401, "Invalid credentials in Authorization header")


def sign_in_first() -> HubError:
    """An action that needs an account."""
    return HubError(401, "Invalid username or password.")
