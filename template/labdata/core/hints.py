# long because all hints stand together, so that they can be read and tried as a whole
"""Every hint that an error gives: what gets a person on from where the error leaves them.

They stand together so that they can be read, and tried, as a whole: a test that is marked with the name of a hint
(``@pytest.mark.hint``) makes the state in which it is given and does what it says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from labdata.core import words

# --- the Hub and the network

AGAIN = "Run the same command again."
AGAIN_IN_A_MINUTE = "Run the same command again in a minute."
AGAIN_IN_FIVE_MINUTES = "Run the same command again in five minutes."
AGAIN_AFTER_THE_PAUSE = "Run the same command again after that."
AGAIN_KEEPS = "Run the same command again: what has arrived is kept."
AGAIN_LOOKS_FIRST = "Run the same command again; it looks first whether the commit is there."
NEXT_LOOKS_FIRST = "The next put looks first whether the commit is there."
AGAIN_SENDS_THE_REST = (
    "Run the same command again; it sends what differs. If it says so again, take the file out of the repo's "
    ".gitignore on the Hub."
)
NETWORK = "Check the network and HF_ENDPOINT, then run the same command again."
PROXY = (
    "Set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to an HTTP proxy (http://HOST:PORT), or unset it where none is needed; "
    "then run the same command again."
)
ONLINE = "`unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE` where there is a network, then run the same command again."
LOGIN = "Log in with `hf auth login`, or set HF_TOKEN in .env."
ACCESS = "Ask for access on the repo's page."
WRITE_ACCESS = "Ask a maintainer for write access."
MEMBERSHIP = "Ask a maintainer to add you, check who you are with `hf auth whoami`, or create it with `just onboard`."
REFUSED = "Mend what it names, then run the command again."
REVISIONS = "See what there is with `just branch-list` and `just log-main`."
DISK_FULL = "Free some room (`just recycle-empty`, `just cache-clear`) and run it again."
DISK_FULL_PART = "Free some room (`just recycle-empty`, `just cache-clear`) or get a part: `just get-inputs external/`."
SMALLER_COMMITS = "Set a smaller files_per_commit in labdata.toml, or compress or split the largest files."


def slow_hub(seconds: float) -> str:
    """Return what to do about a Hub that did not answer for some seconds."""
    return (
        "Check the network and HF_ENDPOINT, or run the same command again later. "
        f"For a Hub that is only slow: LABDATA_PATIENCE={10 * seconds:.0f} in front of the command."
    )


def maintainer(org: str) -> str:
    """Return whom to ask where this account cannot make the repos of an organisation."""
    return f"Ask a maintainer of {org} to run `just onboard` or to add you, then run it yourself."


CLONE = "Clone it (`git clone ADDRESS`), or make one of it: `git init && git add . && git commit`."
GIT_STATUS = "`git status` says more, and what helps."
HOOKS_PATH = "git is told of other hooks: `git config --unset-all core.hooksPath`, then `just onboard`."
PIXI_INSTALL = "Make the environment whole with `pixi install`, then `just onboard`."
WORKING_TOKEN = "Put a token that works into .env (HF_TOKEN=hf_…), or take that line out and run `hf auth login`."  # noqa: S105 - a sentence
OUTER_TOKEN = (
    "HF_TOKEN is set in the environment, which wins over .env and over a login. Set it to a token that works, or "  # noqa: S105 - a sentence
    "`unset HF_TOKEN` (look for it in ~/.bashrc or ~/.zshrc) and run `hf auth login`."
)
PIXI_GET = "Install pixi (https://pixi.sh), or, where its tools are there without it, put PIXI_RUN= into .env."
PREVIEW = "Look at all that Snakemake says: `just dry`."


FETCH = "Check the network and your access to the code (`git fetch` says more), then `just today` again."
PULL = "Put yours on top of theirs: `git pull --rebase`."
PULL_AFTER = "Commit your edits or `git stash` them; then put yours on top of theirs: `git pull --rebase`."
STASH = "Commit your edits or `git stash` them, and move new files out of the way; then `just today`."
KEEP_COMMITS = "Keep your commits on a branch of their own: `git switch --create NAME`."
MERGE_SAYS = "`git merge --ff-only` says more."
ADD_REMOTE = "Put it on GitHub: `git remote add origin ADDRESS && git push -u origin HEAD`."
RUN = "`just dry` lists them, `just run` makes them."
UPDATE = "`just update` takes it over."


MEND_ENV = "`pixi run doctor --mend` writes it anew, and keeps all that it says."
MEND_ENV_BY_HAND = "Save it as UTF-8 in your editor."
ONBOARD = "`just onboard --no-data` does that."
CLOCK = "Set this computer's clock by the network: `timedatectl set-ntp true`, on macOS `sudo sntp -sS time.apple.com`."
SLOW = "Try another network. `just get-results` moves only what changed; a large first get is best left overnight."
LOCALE = "Put `export LANG=C.UTF-8` into ~/.profile, and log in again."
CACHE = "`just cache-clear` frees what no branch or tag names."
RECYCLE = "`just recycle-empty --older-than 30` removes what was replaced more than 30 days ago, after asking."
NOT_COMMITTED = "Finish the update: look at `git diff`, then commit."
STASH_TOOL = "Put the edit aside: `git stash push --include-untracked -- labdata`."


def learn_again(repo: str) -> str:
    """Return the recipe after which labdata knows again which files are as the Hub has them."""
    return f"`{words.recipe('get', repo)}` learns it again; your own files stay."


def finish(command: str) -> str:
    """Return the command that finishes what was cut off."""
    return f"{command} finishes it."


def restore_tool(commit: str) -> str:
    """Return how the tool becomes what the template brought; the edit stays in git's history."""
    return f"`git restore --source={commit} --staged --worktree -- labdata`, then commit."


def untrack(path: str, *, tracked: bool) -> str:
    """Return how a file is kept out of git; ``path`` is quoted for a shell."""
    ignore = f"echo {path} >> .gitignore"
    return f"`git rm --cached -- {path}; {ignore}`. Revoke it if it was ever pushed." if tracked else f"`{ignore}`"


def switch(branch: str) -> str:
    """Return how a branch of the code is checked out."""
    return f"Check a branch out: `git switch {branch}`."


def finish_code(what: str, back: str, again: str) -> str:
    """Return how a merge, say, that was begun and not ended is finished or taken back."""
    return f"Finish the {what} (`git status` says how) or take it back: `{back}`; then `{again}`."


def unlock_code(path: str) -> str:
    """Return what to do with a lock of git; ``path`` is quoted for a shell."""
    return f"Is no git at work here? Then one was killed: `rm {path}`; then `just today`."


def let_git_see(commands: Sequence[str], first: str = "") -> str:
    """Return how git is shown files that it was told to overlook, if there are any, after what else helps."""
    shown = ", ".join(f"`{command}`" for command in commands[:3])
    others = "; `git ls-files -v` marks all others with h or S" if len(commands) > 3 else ""
    told = [f"git was told to overlook edits of code. Let it see them: {shown}{others}."] if commands else []
    return "\n".join([*([first] if first else []), *told])


def push_branch(branch: str) -> str:
    """Return how a branch of the code is shared."""
    return f"Share it: `git push -u origin {branch}`."


def publish(
    puts: Iterable[str],
    *,
    code: bool,
    elsewhere: bool = False,
    stashed: bool = False,
    removed: bool = False,
    ask: str = "",
) -> str:
    """Return what publishes that which is on this computer only; edits of code are for a person to commit.

    With ``code`` a push publishes commits of code, with ``elsewhere`` some are where a push does not reach. A put
    removes for everyone what is ``removed`` here: nobody is sent there for that, who has perhaps lost a disk. Who may
    not publish some of it is told to ``ask`` a maintainer of an organisation.
    """
    first = ["`git push`"] if code else []
    first += ["`git log HEAD --branches --not --remotes` lists the commits"] if elsewhere else []
    first += ["`git stash list` the edits put aside"] if stashed else []
    last = ["`just data-status` lists what is removed here"] if removed else []
    told = ", ".join([*first, *puts, *last])
    if not ask:
        return told or "`git status` lists it."
    return f"{told}. {write_access(ask)}" if told else write_access(ask)


def view_request(number: int, address: str = "") -> str:
    """Return how a pull request is looked at; with an ``address`` only there, for recipes are about the results."""
    return address or f"`just pr-view {number}`"


def review_request(number: int, repo: str = "results") -> str:
    """Return how the data of a pull request are looked at."""
    return f"`just review {number}`" if repo == "results" else f"`just review {number} --repo {repo}`"


def write_access(org: str) -> str:
    """Return who gives the right to publish."""
    return f"To publish, ask a maintainer of {org} for write access."


def membership(org: str, account: str) -> str:
    """Return who adds a member to an organisation."""
    return f"Ask a maintainer of {org} to add {account}: https://huggingface.co/organizations/{org}/settings/members"


def get_large(repo: str) -> str:
    """Return how a large repo is brought, or a part of it."""
    return f"All of it: `just onboard --yes`. A part: `{words.recipe('get', repo)} FOLDER/`."


JOIN = (
    "If it is this project's: `just onboard --join`. If not, give this project another name (project in labdata.toml, "
    "or HF_PROJECT in .env), then `just onboard`."
)


# --- this computer

FINISH_WRITING = "Wait until the program that writes it is done, then run the command again."
CLOSE_OR_PERMIT = "Close the program that writes it, or give yourself read permission (chmod u+r); then run this again."
OTHER_RUN = (
    "Wait until it has finished, or stop it where it runs; then run the command again. LABDATA_WAIT=86400 in front of "
    "it waits a day."
)
OTHER_COMMAND = "Wait until it has finished, then run the command again."
STOPPED = "Run it again."
MOUNT = "Is its disk not mounted? Mount it, or mend the link, then run the command again."
STATE_DISK = "Check that the disk is neither full nor read-only, then run the command again."
STATE_ANEW = "Run the same command again: the notes are made anew, and what differs from the Hub counts as unsaved."
LEFT_OUT = "Mend what is named, then run the same command again."
BAD_DISK = "Take the Hub's with --restore PATTERN after the get of that repo, and have the disk looked at."

MEND_THAT = "Mend that, then run the same command again."
REPORT = "Run it again with --debug and send what it prints to whoever looks after the project."

# --- settings

ENVIRONMENT = "Run it in the project's environment: `just review`."
LOGIN_NODE = "Run it where jobs are submitted, on the cluster's login node; or print it: `just job-script > job.sh`."
JOB_OPTIONS = (
    "See what there is with `sinfo`, then run it again with --partition, --account, --time, --memory or --cpus."
)
RUN_ENVIRONMENT = "Run it in the project's environment: `just run`, after `pixi install`."
PROJECT_FOLDER = "Change into your project's folder and try again."
SET_BRANCH = "Set HF_BRANCH=<your-name> in .env, then run the same command again."
MEND_LINE = "Mend that line, then run the same command again."
REPO_NAME = "Use letters, digits, '-', '_' and '.' in org and project (labdata.toml, HF_PROJECT in .env)."
REPO_FOLDERS = 'Name folders of data/, for example folders = ["raw", "external"].'
ONE_REPO_A_FOLDER = "Give each folder to one repo."
UTF8 = "Save the file as UTF-8 in your editor, or take it back from git."
UTF8_LINE = "Save the file as UTF-8 in your editor, and look whether that line still is what you mean."
RENAME_FOLDER = "Rename that folder."
PUT_FILE_BACK = "Put the file back (git has it, if it did)."
PERMIT_READING = "Give yourself read permission: chmod u+r."


def tables(names: Iterable[str], wanted: str) -> str:
    """Return which repos a project has, where one was named that it has not."""
    return f"Tables there are: {', '.join(names) or 'none'}; add one to labdata.toml if {wanted} should be shared."


# --- the template and its updates

ANSWERS_BACK = "Take .copier-answers.yml back from git, or update with Copier itself (docs/update.md of the template)."
COMMIT_FIRST = "Commit them, or put them aside with `git stash --include-untracked`, then run `just update` again."
COMMIT_UPDATE = (
    "If it is whole, look at it with `git diff` and commit it. If it was cut off, take it back with "
    "`git restore --staged --worktree .`, remove what `git clean -n` lists, and run `just update` again."
)
SETTLE_FIRST = "Settle them as said, commit, then run `just update` again."
GIT_FIRST = "Make it one: `git init && git add . && git commit`. Then run `just update` again."
TEMPLATE_REACH = "Check the network, and that git may read the template's repository; then run `just update` again."
UPDATE_TOOLS = "Install it (`uvx` comes with `pixi install`, or with `pip install uv`), then run `just update` again."
UPDATE_AGAIN = "Mend what it names, then run `just update` again."
OLDER_TEMPLATE = "Take the update's commit back with `git revert` if the project is to be as before."
SETTLE_THEN_COMMIT = (
    "Settle each as said, look at `git diff`, run `just dry`, then commit: "
    '`git add --all . && git commit -m "chore: update the template"`. To take the update back: '
    "`git restore --staged --worktree .`; `git clean -n` lists the new files."
)
TAKE_BACK = (
    "Take it back with `git restore --staged --worktree .` and remove what `git clean -n` lists. Then run "
    "`just update` again."
)


def template_versions(tags: Iterable[str]) -> str:
    """Return which versions a template has, where one was named that it has not."""
    there = ", ".join(sorted(tags)[-8:])
    return f"Versions are {there}." if there else "Ask whoever looks after the template for a release."


# --- names and paths that were typed

TAG_NAME = "For example: `just tag paper-v1`."
ANOTHER_TAG = "Choose another name: a tag that moves would name two versions."
STALE_RESULTS = (
    "Run `just run`, look at what changed, then `just put-results` and tag again. If the name is for what is published "
    "all the same: --stale-ok."
)
COMMIT_CODE = (
    "Commit and push the code, then tag again. To name only the results, whatever code there is: --results-only."
)
PUSH_CODE = "Push it with `git push`, then tag again."
GIT_IDENTITY = 'Tell git who you are: git config --global user.name "Your Name", user.email "you@example.org".'
MAINTAINER_TAGS = "Ask a maintainer to tag, or for write access. To name only the results: --results-only."
NO_REMOTE = "Give the code a remote (`git remote add origin …`), or tag without --push."
WITHOUT_PUSH = "Tag without --push, and push the tag later."


def publish_to_tag(repo: str) -> str:
    """Return what to do with files that a name would not hold."""
    return (
        f"Publish them with `{words.recipe('put', repo)}`, or discard them with `{words.recipe('get', repo)} --restore "
        "PATTERN`, then tag again."
    )


def get_to_tag(repo: str) -> str:
    """Return how to get what the Hub holds before it is named."""
    return f"Get them with `{words.recipe('get', repo)}`, then tag again."


def finish_get_at(name: str) -> str:
    """Return how a name is shown in full, and how it is left again."""
    return f"`just get-at {name}` again finishes it; `just get-inputs` and `just get-results` return."


def push_tag(name: str) -> str:
    """Return how a tag of the code is pushed later."""
    return f"Push it later: `git push origin {name}`."


ONE_ANALYSIS = (
    "Name a folder of data/processed, or leave the name out of the recipe: `just get-results`, `just put-results`."
)
NEW_FOLDER = "Name a new folder after --to."


def path_in_data(root: object) -> str:
    """Return how a path of the project is typed."""
    return f"Name a path below {root}/data, for example `processed/` or `data/processed/`."


def other_repo(verb: str, repo: str, pattern: str) -> str:
    """Return the recipe of the repo that has the folder which was typed."""
    return f"Run `{words.recipe(verb, repo)} {pattern}`."


def did_you_mean(names: Iterable[str]) -> str:
    """Return what is nearest to what was typed."""
    return f"Did you mean {' '.join(names)}?"


# --- making files again

IN_A_RULE = "Make it in a rule of the pipeline, then `just run` and `just put-results` record how."
AGAIN_AND_PUT = "Make it again with `just run` (--forcerun names its rule), then publish that: `just put-results`."
COMMIT_AND_PUT = "Commit the code (`git init`, `git commit`), then `just put-results --restamp`."
COMMITTED_SINCE = (
    "If a commit holds that code now, check it out and run `just put-results --restamp`; to try the recorded commit as "
    "it is: --anyway."
)
LOST_INPUT = "Look in data/_recycle with `just recycle-list`, or ask who published it; then run the same command again."
COMPARE = "Look at the page that it names; with --keep, all that was made stays to be looked at."
IN_ENVIRONMENT = "Run it in the project's environment: `just reproduce`."
MADE_BEFORE_RECORDS = "Make it again with `just run`, then `just put-results` records how."


def fetch_commit(who: str, *, shallow: bool = False) -> str:
    """Return how to come by a commit of a colleague; a ``shallow`` clone lacks older ones."""
    if shallow:
        return "This clone is a shallow one: `git fetch --unshallow` brings older commits. Then run this again."
    return f"`git fetch --all` may bring it; else ask {who or 'who published it'} to push it. Then run this again."


def look_at_log(log: object) -> str:
    """Return where a run's words are, and how it goes on."""
    return f"All that it said is in {log}. The same command goes on from there."


LIST_DATA = "`just list-data` lists what your branch holds."
NOT_OF_THIS_PROJECT = "Ask again in the project that it was published from; what never was published is known to none."


def folders(names: Iterable[str], repo: str) -> str:
    """Return how the paths of a repo begin, and the recipe that lists them."""
    listing = "just list-data" if repo == "results" else f"just data-diff --repo {repo}"
    return f"Paths start with {' or '.join(f'{name}/' for name in names)}; see `{listing}`."


def versions(tags: Collection[str]) -> str:
    """Return which versions there are, where one was named that is not."""
    there = f"Tags are {', '.join(sorted(tags))}" if tags else "There are no tags"
    return f"{there}; `just branch-list` lists branches, `just log-main` commits."


def names(known: Collection[str]) -> str:
    """Return which names there are, where one was given that is not."""
    return f"Names are {', '.join(sorted(known))}." if known else "None has a name yet; `just tag NAME` gives one."


# --- before a put goes out

SPLIT = "Split what is too large into smaller files."
RENAME_ONE = "Rename one of them."
MORE_FOLDERS = "Spread them over folders, or pack them into one Parquet, Zarr or tar file."
MORE_REPOS = "Give a layer its own repo in labdata.toml, or pack small files together."
SECRET = "Take it out of the file, and revoke it if the file was ever shared."  # noqa: S105 - a sentence
POINTER = (
    "Fetch the content where it comes from (`git lfs pull`, `git annex get`) and copy it again, or take the Hub's: the "
    "get of that repo with `--restore PATTERN`. What is to stay a pointer belongs in exclude in labdata.toml."
)
FINISH_RUN = (
    "Finish with `just run --rerun-incomplete` (after `just run --unlock`, if Snakemake says so), then put again. To "
    "publish what is there as it is: --incomplete."
)
REVIEW_INSTEAD = "For a review: `just put-results`, then `just pr-create`."


def rename(files: Collection[object]) -> str:
    """Return what to do with names that cannot be published."""
    it = words.them(files)
    return f"Rename {it}, or add {it} to exclude in labdata.toml to keep {it} on this disk only."


def missing_files(repo: str, layers: Iterable[str]) -> str:
    """Return what to do where so many files are gone that a disk may be missing."""
    restore = " ".join(f"--restore '{layer}/**'" for layer in layers)
    return (
        f"Is a disk not mounted? Mount it and run the command again. If they were lost, `{words.recipe('get', repo)} "
        f"{restore}` downloads them again; if they are to go, add --remove-many."
    )


def whose(repo: str) -> str:
    """Return how to find out whose files these are, where labdata's notes were lost."""
    return f"Look at them with `just data-status`; if they are yours: `{words.recipe('put', repo)} --yes`."


def branchs_own(repo: str) -> str:
    """Return the recipe that takes what the branch holds."""
    return f"Your branch's own: `{words.recipe('get', repo)}`."


# --- conflicts, other versions, the way back


def sides(repo: str) -> str:
    """Return how a conflict is decided."""
    return (
        f"Keep yours with `{words.recipe('get', repo)} --mine PATTERN`, take the Hub's with `--theirs PATTERN` "
        "(yours then goes to data/_recycle/)."
    )


def get_first(repo: str) -> str:
    """Return the recipe that shows both sides of what a put refused."""
    return f"Get the Hub's version first: `{words.recipe('get', repo)}`."


def own_branch_first(repo: str) -> str:
    """Return the way back to one's branch."""
    return f"Return to your branch with `{words.recipe('get', repo)}` first."


def publish_or_beside(files: Collection[object], repo: str) -> str:
    """Return what to do with unsaved files that another version would hide."""
    it = words.them(files)
    return (
        f"Publish {it} first (`{words.recipe('put', repo)}`), move {it} out of data/, or write the version "
        f"beside {it}: --to DIR."
    )


NOTHING_TO_UNDO = "See what is kept with `just recycle-list`."
CLEAR_THE_WAY_FOR_UNDO = "Move what is in the way out of data/, then run `just undo` again."
CLEAR_THE_WAY = "Move what is in the way out of data/, or close the program that writes it; then run this again."
RECYCLE_LIST = "See `just recycle-list`."
RECYCLE_LIST_AGAIN = "Look with `just recycle-list`, then run it again."
RECYCLE_YES = "Look with `just recycle-list`; if they are to go: `--yes`."


def move_then_undo(files: Collection[object]) -> str:
    """Return what to do with files that were edited since the get."""
    return f"Move {words.them(files)} out of data/, then run `just undo` again."


def look_then_undo(files: Collection[object]) -> str:
    """Return what to do with files that changed while an undo was at work."""
    return f"Look at {words.them(files)}, then run `just undo` again."


# --- review

REVIEW_YES = "`just review … --yes` does not ask."
PUBLISH_FIRST = "Publish your results first: `just put-results`."
MAKE_BRANCH = "Create it with `just branch-create`, or see main with `just log-main`."
FINISH_PUSH = "Finish it first: run `just put-results` again where it was begun. If that cannot be, add --yes."
MERGE_MAIN = "Merge main into your branch: `just get-results`, then `just put-results`, then this command again."
AUTHOR_MERGES = (
    "Its author runs `just get-results`, decides, then `just put-results` and `just pr-create`. Then this one can be "
    "closed."
)


REQUESTS = "`just pr-list` lists those that are open."
CLOSED = "`just pr-create` opens a new one for what your branch holds now."


# --- the move from S3

S3_URL = "Give it as s3://bucket/prefix; with another S3 than AWS's also --endpoint https://… or AWS_ENDPOINT_URL."
S3_PREFIX = "Look at what is there: give a shorter address, or only s3://bucket, with --dry-run --all."
S3_CREDENTIALS = "Log in as for every AWS program (AWS_PROFILE, `aws sso login`), or add --anonymous for a public one."
S3_ACCESS = (
    "Ask its owner for s3:ListBucket and s3:GetObject, or add --anonymous or --requester-pays if it is such one."
)
S3_NETWORK = "Check the network and the endpoint, then run the same command again: it goes on where it was."
S3_FEWER = "Run the same command again later, or with fewer at once: --jobs 2. It goes on where it was."
S3_FEATURE = "`just migrate-from-s3` brings it (the environment s3 of pixi.toml); without pixi: pip install boto3."
S3_DRY_RUN = "See what would be done with --dry-run; --yes does it without asking."
S3_UNDONE = (
    "Run the same command again for what changed or failed; move what is in conflict elsewhere with --to. The report "
    "lists all."
)
XET_ON = "Unset HF_HUB_DISABLE_XET for this command, then run it again."
AGAIN_SENDS_ANEW = "Run the same command again: it sends them anew."


def other_file(option: str) -> str:
    """Return how another place is named for a file that a command writes."""
    return f"Name a file that is not there yet, in a folder that you may write to: {option} FILE."


def layers(names: Iterable[str]) -> str:
    """Return which folders of data/ files can be moved to."""
    return (
        f"Folders there are: {', '.join(f'{name}/' for name in names) or 'none'}; add one to labdata.toml, or see --to."
    )
