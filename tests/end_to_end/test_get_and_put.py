"""Two members, one project: what each command brings, sends, keeps and refuses."""

from __future__ import annotations

from tests.members import Lab


def test_ann_publishes_and_bob_gets_the_same(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/table.csv", "well,moa\n")
    ann.write("interim/profiles.parquet", "not really parquet, but large files go by Xet")
    ann.put()
    assert lab.on_hub("ann") == ann.files()
    assert lab.on_hub("main") == {}
    ann.run("pr", "create", "First results")
    lab.merge()
    bob.get()
    assert bob.files() == ann.files()


def test_an_unsaved_edit_is_kept_and_nothing_else_changes_when_the_same_file_moved(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.write("processed/b.csv", "one")
    ann.put("--main")
    bob.get()
    ann.write("processed/a.csv", "two")
    ann.write("processed/b.csv", "two")
    ann.put("--main")
    bob.write("processed/a.csv", "bob's edit")
    said = bob.get(code=3)
    assert "data/processed/a.csv" in said
    assert "by ann" in said
    assert bob.files() == {"processed/a.csv": "bob's edit", "processed/b.csv": "one"}


def test_theirs_takes_the_hubs_file_and_keeps_mine_in_recycle(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.get()
    ann.write("processed/a.csv", "two")
    ann.put("--main")
    bob.write("processed/a.csv", "bob's edit")
    bob.get("--theirs", "processed/a.csv")
    assert bob.read("processed/a.csv") == "two"
    assert "bob's edit" in bob.recycled()


def test_mine_keeps_my_file_and_the_next_put_sends_it(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.get()
    ann.write("processed/a.csv", "two")
    ann.put("--main")
    bob.write("processed/a.csv", "bob's edit")
    bob.get("--mine", "**")
    assert bob.read("processed/a.csv") == "bob's edit"
    bob.get()
    bob.put()
    assert lab.on_hub("bob") == {"processed/a.csv": "bob's edit"}


def test_a_file_removed_upstream_goes_here_too_but_not_if_i_changed_it(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    for name in "ab":
        ann.write(f"processed/old/{name}.csv", "one")
    ann.put("--main")
    bob.get()
    ann.remove("processed/old/a.csv")
    ann.put("--main")
    bob.get()
    assert bob.files() == {"processed/old/b.csv": "one"}
    ann.remove("processed/old/b.csv")
    ann.put("--main")
    bob.write("processed/old/b.csv", "still needed")
    bob.get(code=3)
    assert bob.files() == {"processed/old/b.csv": "still needed"}


def test_my_removal_travels_to_my_branch(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.write("processed/b.csv", "one")
    ann.put()
    ann.remove("processed/a.csv")
    ann.put()
    assert lab.on_hub("ann") == {"processed/b.csv": "one"}


def test_a_file_that_was_never_fetched_here_is_not_my_removal(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("raw/images/1.csv", "pixels")
    ann.write("raw/profiles/1.csv", "numbers")
    ann.run("put", "inputs")
    bob.run("get", "inputs", "raw/profiles/")
    assert bob.files() == {"raw/profiles/1.csv": "numbers"}
    bob.write("raw/profiles/2.csv", "more numbers")
    bob.run("put", "inputs")
    assert sorted(lab.on_hub(repo=lab.inputs)) == ["raw/images/1.csv", "raw/profiles/1.csv", "raw/profiles/2.csv"]


def test_two_computers_of_one_member_merge_where_they_touch_different_files(lab: Lab) -> None:
    desk, laptop = lab.member("ann"), lab.member("ann", "-laptop")
    desk.write("processed/a.csv", "one")
    desk.write("processed/b.csv", "one")
    desk.put()
    laptop.get()
    laptop.write("processed/a.csv", "from the laptop")
    laptop.put()
    desk.write("processed/b.csv", "from the desk")
    said = desk.put()
    assert "newer file" in said
    assert lab.on_hub("ann") == {"processed/a.csv": "from the laptop", "processed/b.csv": "from the desk"}
    desk.get()
    laptop.get()
    assert desk.files() == laptop.files() == lab.on_hub("ann")


def test_a_push_is_refused_when_my_other_computer_changed_the_same_file(lab: Lab) -> None:
    desk, laptop = lab.member("ann"), lab.member("ann", "-laptop")
    desk.write("processed/a.csv", "one")
    desk.put()
    laptop.get()
    laptop.write("processed/a.csv", "from the laptop")
    laptop.put()
    desk.write("processed/a.csv", "from the desk")
    desk.put(code=3)
    assert lab.on_hub("ann") == {"processed/a.csv": "from the laptop"}
    assert desk.read("processed/a.csv") == "from the desk"


def test_a_teammates_merge_arrives_and_reaches_my_branch_without_bytes(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/big.parquet", "ann's table" * 1000)
    ann.put()
    ann.run("pr", "create", "A table")
    lab.merge()
    bob.get()
    bob.write("processed/mine.csv", "bob's own")
    lab.hub.reset_requests()
    bob.put()
    assert lab.on_hub("bob") == bob.files()
    sent = sum(record.bytes_in for record in lab.hub.requests() if record.route.startswith("cas"))
    assert sent == 0


def test_after_a_merged_pull_request_work_goes_on_without_false_conflicts(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.put()
    ann.run("pr", "create", "one")
    lab.merge(1)
    bob.get()
    bob.write("processed/a.csv", "two, by bob")
    bob.put()
    bob.run("pr", "create", "two")
    lab.merge(2)
    ann.get()
    assert ann.read("processed/a.csv") == "two, by bob"
    ann.write("processed/a.csv", "three, by ann")
    ann.put()
    ann.run("pr", "create", "three")
    lab.merge(3)
    bob.get()
    assert bob.files() == ann.files() == lab.on_hub()


def test_when_main_and_my_branch_disagree_i_am_asked(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.get()
    bob.write("processed/a.csv", "bob's, published")
    bob.put()
    ann.write("processed/a.csv", "ann's, merged")
    ann.put("--main")
    said = bob.get(code=3)
    assert "main: changed" in said
    bob.get("--mine", "processed/a.csv")
    assert bob.read("processed/a.csv") == "bob's, published"
    assert "up to date" in bob.get()
    bob.write("processed/b.csv", "more")
    bob.put()
    assert "up to date" in bob.get()
    bob.run("pr", "create", "settled")
    lab.merge(1)
    assert lab.on_hub() == {"processed/a.csv": "bob's, published", "processed/b.csv": "more"}


def test_a_file_of_main_that_i_removed_stays_removed_for_me(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    ann.write("processed/b.csv", "one")
    ann.put("--main")
    bob.get()
    bob.remove("processed/a.csv")
    bob.put()
    bob.get()
    ann.write("processed/c.csv", "one")
    ann.put("--main")
    bob.get()
    assert sorted(bob.files()) == ["processed/b.csv", "processed/c.csv"]
    bob.put()
    bob.get()
    bob.run("pr", "create", "remove a")
    lab.merge()
    assert sorted(lab.on_hub()) == ["processed/b.csv", "processed/c.csv"]


def test_excluded_files_never_travel(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    for junk in (
        ".DS_Store",
        "__pycache__/z.pyc",
        "deep/__pycache__/y.txt",
        ".ipynb_checkpoints/n.csv",
        "x.tmp",
        ".gitkeep",
    ):
        ann.write(f"processed/{junk}", "junk")
    ann.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "one"}


def test_nothing_changed_means_no_commit(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    before = lab.hub.api().list_repo_commits(lab.results, revision="ann", repo_type="dataset")
    assert "nothing to publish" in ann.put()
    assert "up to date" in ann.get()
    after = lab.hub.api().list_repo_commits(lab.results, revision="ann", repo_type="dataset")
    assert [commit.commit_id for commit in after] == [commit.commit_id for commit in before]


def test_one_push_is_one_commit_that_names_code_inputs_and_main(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("raw/plate.csv", "raw")
    ann.run("put", "inputs")
    for number in range(300):
        ann.write(f"processed/{number}.csv", str(number))
    ann.put("-m", "Three hundred tables")
    api = lab.hub.api()
    commits = api.list_repo_commits(lab.results, revision="ann", repo_type="dataset")
    main = api.repo_info(lab.results, repo_type="dataset").sha
    inputs = api.repo_info(lab.inputs, repo_type="dataset").sha
    assert [commit.title for commit in commits] == ["Three hundred tables", "initial commit"]
    assert f"Main: {main}" in commits[0].message
    assert f"Inputs: {lab.inputs}@{inputs}" in commits[0].message


def test_another_branch_is_shown_and_home_is_one_command_away(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "ann's draft")
    ann.put()
    bob.write("processed/b.csv", "bob's")
    bob.put()
    bob.get("--from", "ann")
    assert bob.files() == {"processed/a.csv": "ann's draft"}
    assert "nothing was published" in bob.put(code=1)
    bob.get()
    assert bob.files() == {"processed/b.csv": "bob's"}


def test_another_version_is_not_shown_over_unsaved_work(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "ann's draft")
    ann.put()
    bob.write("processed/new.csv", "unsaved")
    said = bob.get("--from", "ann", code=3)
    assert "data/processed/new.csv" in said
    assert bob.files() == {"processed/new.csv": "unsaved"}


def test_a_tag_brings_back_what_it_named(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "as in the paper")
    ann.put()
    ann.run("tag", "paper-v1", "--results-only")
    ann.write("processed/a.csv", "later")
    ann.put()
    ann.get("--at", "paper-v1")
    assert ann.files() == {"processed/a.csv": "as in the paper"}
    assert "already a tag" in ann.run("tag", "paper-v1", "--results-only", code=1).stderr
    ann.get()
    assert ann.files() == {"processed/a.csv": "later"}


def test_publish_in_labdata_toml_limits_what_a_put_may_send(lab: Lab) -> None:
    ann = lab.member("ann")
    toml = ann.root / "labdata.toml"
    head, results = toml.read_text().split("[repos.results]")
    toml.write_text(head + "[repos.results]" + results.replace('publish = ["**"]', 'publish = ["processed/"]'))
    ann.write("processed/a.csv", "mine to publish")
    ann.write("interim/b.csv", "the pipeline's")
    ann.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "mine to publish"}


def test_fetch_in_labdata_toml_says_what_a_plain_get_brings(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    for path in ("raw/images/1.csv", "raw/profiles/1.csv", "external/m.csv"):
        ann.write(path, "x")
    ann.run("put", "inputs")
    toml = bob.root / "labdata.toml"
    everything = toml.read_text()
    toml.write_text(everything.replace('fetch = ["**"]', 'fetch = ["external/", "raw/profiles/**"]', 1))
    bob.run("get", "inputs")
    assert sorted(bob.files()) == ["external/m.csv", "raw/profiles/1.csv"]
    toml.write_text(everything)
    bob.run("get", "inputs")
    assert "raw/images/1.csv" in bob.files()


def test_a_further_table_is_a_further_repo(lab: Lab) -> None:
    ann, bob = lab.member("ann", ready=False), lab.member("bob", ready=False)
    for member in (ann, bob):
        with (member.root / "labdata.toml").open("a") as toml:
            toml.write('\n[repos.images]\nfolders = ["images"]\nbranch = "main"\n')
        member.run("setup")
    ann.write("images/plate.csv", "pixels")
    ann.run("put", "images")
    bob.run("get", "images")
    assert bob.read("images/plate.csv") == "pixels"
    assert lab.on_hub(repo=f"lab/{lab.project}-images") == {"images/plate.csv": "pixels"}


def test_a_dry_run_changes_nothing_anywhere(lab: Lab) -> None:
    ann, bob = lab.member("ann"), lab.member("bob")
    ann.write("processed/a.csv", "one")
    assert "data/processed/a.csv" in ann.put("--dry-run")
    assert lab.on_hub("ann") == {}
    ann.put()
    assert "data/processed/a.csv" in ann.run("pr", "create", "-n").stdout
    assert list(lab.hub.api().get_repo_discussions(lab.results, repo_type="dataset")) == []
    ann.put("--main")
    assert "data/processed/a.csv" in bob.get("--dry-run")
    assert bob.files() == {}
    bob.get()
    assert "data/processed/a.csv" in bob.run("undo", "-n").stdout
    assert bob.files() == {"processed/a.csv": "one"}
