"""The Hub by its own client: heads, trees, commits, branches. Contents are in ``download`` and ``upload``.

Built on ``huggingface_hub``. What fails for a moment is tried again here, within bounds and not in silence, and every
refusal is turned into one sentence. The client's own tries (of its preupload) are kept short by ``session``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    HfHubHTTPError,
    LocalTokenNotFoundError,
)
from huggingface_hub.utils import build_hf_headers

from labdata.core.content import Content, Tree
from labdata.core.errors import HubError, MissingError, not_known_whether
from labdata.core.refs import Commit, PullRequest, Refs
from labdata.hub import TYPE, requests, session, waiting
from labdata.hub.commit import make
from labdata.hub.commit_lines import Change
from labdata.hub.http import endpoint, token
from labdata.hub.listing import (
    PATHS,
    OddAnswerError,
    access_of,
    commits_of,
    contents_of,
    folders_of,
    items_of,
    next_page,
    replies_of,
)
from labdata.hub.refusals import NO_ANSWERS, explain, surely_undone, waiting_time
from labdata.hub.session import got, posted_json

Result = TypeVar("Result")
_TRIES = 5
_AT_ONCE = 4


class Hub:
    """A Hub as one account sees it. Endpoint and token come from the environment, as for every Hub program."""

    def __init__(self, wait: Callable[[float], None] = time.sleep) -> None:
        # Read here and not by the client: it reads them once, when it is imported.
        self.api = HfApi(endpoint=endpoint(), token=token() or None, library_name="labdata")
        self._pauses = waiting.Pauses(wait)
        session.install()
        # The client tells of each of its own tries; what comes of them is said here, in one sentence.
        logging.getLogger("huggingface_hub.utils._http").setLevel(logging.ERROR)

    @property
    def endpoint(self) -> str:
        """The Hub's address."""
        return str(self.api.endpoint)

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers of a request as this account."""
        return dict(build_hf_headers(token=self.api.token, library_name="labdata"))

    @cached_property
    def account(self) -> str:
        """The account's name; raises ``HubError`` without a token."""
        return str(self.call(self.api.whoami)["name"])

    def wait(self, seconds: float) -> None:
        """Wait before another try; raises ``HubError`` at once where that would take too long."""
        self._pauses.wait(seconds, self.endpoint)

    def call(self, function: Callable[..., Result], *args: Any, again: bool = True, **kwargs: Any) -> Result:
        """Call the client, wait out passing faults, and turn a refusal into a ``HubError``.

        With ``again=False`` the call is made once: repeating it could do its work twice.
        """
        for left in range(_TRIES - 1, -1, -1):
            try:
                return function(*args, **kwargs)
            except (HfHubHTTPError, httpx2.TransportError, LocalTokenNotFoundError, *NO_ANSWERS) as error:
                wait = waiting_time(error, _TRIES - 1 - left)
                if not again or left == 0 or wait is None:
                    explained = self._explained(error)
                    if not (again or surely_undone(error)):
                        explained.say_done("Your files were not touched.")
                    raise explained from error
                self.wait(wait)
        raise AssertionError("unreachable")

    def _explained(self, error: Exception) -> HubError:
        return explain(error, self.endpoint)

    def refs(self, repo: str) -> Refs:
        """Return all branches and tags of a repo in one request."""
        refs = self.call(self.api.list_repo_refs, repo, repo_type=TYPE)
        return Refs(
            {ref.name: ref.target_commit for ref in refs.branches},
            {ref.name: ref.target_commit for ref in refs.tags},
        )

    def resolve(self, repo: str, revision: str) -> str:
        """Return the commit sha of a branch, tag, pull request or shortened sha; raises ``MissingError``."""
        return str(self.call(self.api.repo_info, repo, repo_type=TYPE, revision=revision).sha)

    def tree(self, repo: str, commit: str, _known: Tree) -> dict[str, Content]:
        """Return all files of a commit, 1000 a request; nothing is made of what is known (``LightHub`` does)."""
        url = f"{self.endpoint}/api/{TYPE}s/{repo}/tree/{quote(commit, safe='')}"
        return dict(self._pages(url, {"recursive": "true"}, lambda items: contents_of(items).items()))

    def preupload(self, repo: str, branch: str, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Ask how the Hub will store some files, as its API puts question and answer."""
        url = f"{self.endpoint}/api/{TYPE}s/{repo}/preupload/{quote(branch, safe='')}"
        return self.call(lambda: replies_of(posted_json(url, self.headers, json={"files": files}), files))

    def contents(self, repo: str, commit: str, paths: Sequence[str]) -> dict[str, Content]:
        """Return some files of a commit."""
        url = f"{self.endpoint}/api/{TYPE}s/{repo}/paths-info/{quote(commit, safe='')}"

        def ask(start: int) -> dict[str, Content]:
            form = {"paths": list(paths[start : start + PATHS]), "expand": "false"}
            return self.call(lambda: contents_of(items_of(posted_json(url, self.headers, data=form))))

        # Each answer takes the way to the Hub and back, and after a first put there are many.
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            pages = list(pool.map(ask, range(0, len(paths), PATHS)))
        return {path: content for page in pages for path, content in page.items()}

    def folder_ids(self, repo: str, commit: str) -> dict[str, str]:
        """Return git's id of each folder at the top of a commit."""
        url = f"{self.endpoint}/api/{TYPE}s/{repo}/tree/{quote(commit, safe='')}"
        return dict(self._pages(url, {}, lambda items: folders_of(items).items()))

    def last_changes(self, repo: str, commit: str, paths: Sequence[str]) -> dict[str, tuple[str, datetime]]:
        """Return for some files and folders the commit that last changed each, as ``path: (sha, date)``."""
        entries = self.call(
            self.api.get_paths_info, repo, list(paths[:50]), expand=True, revision=commit, repo_type=TYPE
        )
        return {entry.path: (entry.last_commit.oid, entry.last_commit.date) for entry in entries if entry.last_commit}

    def commits(self, repo: str, revision: str) -> Iterator[Commit]:
        """Give the commits of a revision, newest first, asking for a further page only when it is needed."""
        url = f"{self.endpoint}/api/{TYPE}s/{repo}/commits/{quote(revision, safe='')}"
        return self._pages(url, {}, commits_of)

    def _pages(
        self, url: str, parameters: dict[str, str], read: Callable[[list[dict[str, Any]]], Iterable[Result]]
    ) -> Iterator[Result]:
        """Give what is read of a list that comes in pages, asking for a further page only when it is needed."""
        asked: set[str] = set()

        def page(url: str, parameters: dict[str, str] | None) -> tuple[list[Result], str]:
            response = got(url, self.headers, parameters)
            asked.add(str(response.request.url))
            following = next_page(", ".join(response.headers.get_list("Link")), url, self.endpoint)
            if following in asked:
                raise OddAnswerError("the pages go round in circles")
            return list(read(items_of(response.json()))), following

        items, url = self.call(page, url, parameters)
        yield from items
        while url:
            items, url = self.call(page, url, None)
            yield from items

    def xet_access(self, repo: str, kind: str, revision: str) -> dict[str, Any]:
        """Return what hf_xet needs to ``read`` or ``write`` the contents of a repo: place, token, and how to renew it.

        Asked for here because hf_xet would try for minutes, in silence, before it says that the Hub refuses.
        """
        url = f"{self.endpoint}/api/{TYPE}s/{repo}/xet-{kind}-token/{quote(revision, safe='')}"
        return self.call(lambda: access_of(got(url, self.headers).json(), url, self.headers))

    def create_repo(self, repo: str, *, private: bool) -> bool:
        """Create a dataset repo if there is none; returns whether it is new."""
        try:
            self.call(self.api.create_repo, repo, repo_type=TYPE, private=private, exist_ok=False)
        except HubError as error:
            # 409: there already; the rest say so only through a look at the repo.
            if error.status != 409 and not self.exists(repo):
                raise
            return False
        return True

    def exists(self, repo: str) -> bool:
        """Tell whether a repo is there for this account to see."""
        try:
            self.call(self.api.repo_info, repo, repo_type=TYPE)
        except MissingError:
            return False
        return True

    def created(self, repo: str) -> datetime | None:
        """Return when a repo was made, ``None`` where the Hub does not say."""
        found: datetime | None = self.call(self.api.dataset_info, repo).created_at
        return found

    def organisations(self) -> list[str]:
        """Return the organisations that this account is a member of."""
        return [str(one["name"]) for one in self.call(self.api.whoami).get("orgs") or []]

    def large_files(self, repo: str) -> Iterator[tuple[str, str, int]]:
        """Give the large files that any version holds or held, as ``(path, sha256, size)``; each content once."""
        url = f"{self.endpoint}/api/{TYPE}s/{repo}/lfs-files"
        return self._pages(url, {}, lambda items: [(one["filename"], one["oid"], one["size"]) for one in items])

    def may_write(self, repo: str) -> bool:
        """Tell whether this account may push to a repo."""
        try:
            self.call(self.api.auth_check, repo, repo_type=TYPE, write=True)
        except HubError as error:
            if error.status in (401, 403, 404):
                return False
            raise
        return True

    def create_branch(self, repo: str, branch: str, start: str) -> bool:
        """Create a branch at a commit; returns False if it is there already."""
        try:
            self.call(self.api.create_branch, repo, branch=branch, revision=start, repo_type=TYPE)
        except HubError as error:
            if error.status != 409:
                raise
            return False
        return True

    def open_pull_requests(self, repo: str) -> Iterator[tuple[int, str]]:
        """Give the number and address of each open pull request, newest first."""
        return ((one.number, one.address) for one in requests.listed(self, repo))

    def pull_request(self, repo: str, number: int) -> PullRequest:
        """Return what the Hub says of a pull request; raises ``MissingError`` where there is none of that number."""
        found = requests.as_told(self, repo, number)
        return PullRequest(number, found.status, found.author, found.merge_commit_oid or "")

    def merge(self, repo: str, number: int) -> None:
        """Accept a pull request, opening it first if it is a draft; one that is merged already is left as it is."""
        details = self.call(self.api.get_discussion_details, repo, number, repo_type=TYPE)
        if details.status == "merged":
            return
        if details.status == "draft":
            self.call(self.api.change_discussion_status, repo, number, "open", repo_type=TYPE)
        try:
            self.call(self.api.merge_pull_request, repo, number, repo_type=TYPE, again=False)
        except HubError:
            # The answer may be lost after the work was done.
            with not_known_whether(f"pull request {number} was merged"):
                status = self.call(self.api.get_discussion_details, repo, number, repo_type=TYPE).status
            if status != "merged":
                raise

    def create_tag(self, repo: str, tag: str, commit: str) -> None:
        """Give a commit a name that stays; raises ``HubError`` with status 409 if the name is taken."""
        self.call(self.api.create_tag, repo, tag=tag, revision=commit, repo_type=TYPE)

    def commit(
        self, repo: str, change: Change, *, branch: str, parent: str, title: str, body: str, pull_request: bool = False
    ) -> tuple[str, str]:
        """Make one atomic commit on top of ``parent``; returns its sha and the pull request's address, if any.

        Made once, never repeated here: after a lost answer only the caller can tell whether it landed. Raises
        ``StaleParentError`` if the branch moved.
        """
        return make(self, repo, change, branch=branch, parent=parent, title=title, text=body, pull_request=pull_request)
