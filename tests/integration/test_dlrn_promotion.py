# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotions with DLRN's own API: create, again, change, again; races, cut connections, and what must be refused."""

from __future__ import annotations

import fcntl
import json
import shutil
import time

import pytest
from stage.candidates import make_candidate, write_lockfile
from stage.modules import finish_module, start_module
from test_stage import pairs, post

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import utc

ONE = (("alpha", 1), ("gamma", 1), ("delta", 1))
TWO = (("alpha", 2), ("gamma", 2), ("delta", 2))
THREE = (("alpha", 3), ("gamma", 2), ("delta", 2))
LABEL = "tested"


@pytest.fixture
def promote(trunk, api, run_module):
    """Run dlrn_promotion on ``trunk``."""

    def run(candidate, expected="absent", check=False, **arguments):
        given = {"label": LABEL, "trunk_url": trunk.url, "deadline": 30, "retries": 1, **api.arguments, **arguments}
        return run_module("dlrn_promotion", check=check, candidate=candidate, expected=expected, **given)

    return run


@pytest.fixture
def lockfiles(trunk, tmp_path):
    """Lockfiles of three candidates, each a change of the one before."""
    paths = [tmp_path / f"{number}.json" for number in (1, 2, 3)]
    for path, builds in zip(paths, (ONE, TWO, THREE)):
        write_lockfile(path, trunk, *builds)
    return paths


def holds(trunk, *builds):
    """Whether the label is, everywhere, what those builds are."""
    state = trunk.state(LABEL)
    wanted = [trunk.build(*build) for build in builds]
    folders = {f"component/{build['component']}/{LABEL}": build["folder"].split("/", 2)[2] for build in wanted}
    assert state["links"] == folders
    assert [row["commit_hash"] for row in state["rows"]] == [build["commit_hash"] for build in wanted]
    assert all(f"/{build['folder']}\n" in state["files"]["delorean.repo"] for build in wanted)
    assert state["files"]["delorean.repo"].count("[") == len(wanted)
    assert state["aggregate"] == state["files"]["delorean.repo.md5"]
    return True


def test_create_again_change_again(trunk, api, promote, lockfiles):
    first, second, _third = lockfiles
    identifier = json.loads(first.read_text())["id"]
    assert json.loads(first.read_text())["aggregate_hash"] is None

    posts = api.posts()
    planned = promote(first, check=True)
    assert planned["changed"] and planned["components"] == []
    assert planned["diff"]["before"]["components"] == {}
    assert set(planned["diff"]["after"]["components"]) == {"common", "compute", "network"}
    assert api.posts() == posts
    assert trunk.state(LABEL)["rows"] == [] and json.loads(first.read_text())["aggregate_hash"] is None

    created = promote(first)
    assert created["changed"] and not created["failed"], created
    assert created["actions"] == planned["actions"] and created["diff"] == planned["diff"]
    assert holds(trunk, *ONE) and api.posts() == posts + 1
    assert created["aggregate_hash"] == trunk.state(LABEL)["aggregate"]
    assert [one["component"] for one in created["components"]] == ["common", "compute", "network"]
    staged = json.loads(first.read_text())
    assert (staged["id"], staged["aggregate_hash"]) == (identifier, created["aggregate_hash"])

    again = promote(first)
    assert not again["changed"] and again["actions"] == [] and api.posts() == posts + 1
    assert promote(first, expected="absent", check=True)["changed"] is False

    changed = promote(second, expected=created["components"])
    assert changed["changed"] and holds(trunk, *TWO) and api.posts() == posts + 2
    assert not promote(second, expected=str(first))["changed"]
    assert api.posts() == posts + 2


def test_the_same_without_components(flat_trunk, flat_api, run_module, tmp_path):
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    write_lockfile(first, flat_trunk, ("alpha", 1))
    write_lockfile(second, flat_trunk, ("gamma", 2))
    common = {"label": LABEL, "trunk_url": flat_trunk.url, **flat_api.arguments}
    posts = flat_api.posts()
    assert run_module("dlrn_promotion", check=True, candidate=first, expected="absent", **common)["changed"]
    assert flat_api.posts() == posts
    for candidate, expected, build in ((first, "absent", ("alpha", 1)), (second, str(first), ("gamma", 2))):
        done = run_module("dlrn_promotion", candidate=candidate, expected=expected, **common)
        assert done["changed"] and done["aggregate_hash"] is None, done
        assert flat_trunk.state(LABEL)["links"] == {LABEL: flat_trunk.build(*build)["folder"]}
        assert not run_module("dlrn_promotion", candidate=candidate, expected=expected, **common)["changed"]
    assert flat_api.posts() == posts + 2
    assert json.loads(first.read_text())["aggregate_hash"] is None


def test_a_candidate_can_be_given_as_data_and_the_tree_left_out(trunk, promote, api):
    document = make_candidate(trunk, *ONE).document()
    done = promote(document, trunk_url=None)
    assert done["changed"] and holds(trunk, *ONE)
    assert not promote(document, expected=document, trunk_url=None)["changed"]


def test_what_a_label_holds_and_held(trunk, api, promote, lockfiles, run_module):
    where = {"api_url": api.url, "trunk_url": trunk.url, "label": LABEL}
    info = run_module("dlrn_promotion_info", **where)
    assert (info["exists"], info["components"], info["disagreements"]) == (False, [], [])
    promote(lockfiles[0])
    promote(lockfiles[1], expected=str(lockfiles[0]))
    posts = api.posts()
    info = run_module("dlrn_promotion_info", **where)
    assert info["exists"] and info["disagreements"] == [] and info["aggregate_hash"] == trunk.state(LABEL)["aggregate"]
    assert [one["commit_hash"] for one in info["components"]] == [trunk.build(*build)["commit_hash"] for build in TWO]
    assert len(info["history"]) == 6 and info["history"][0]["user"] == api.username
    assert run_module("dlrn_promotion_info", limit=2, **where)["history"] == info["history"][:2]
    assert api.posts() == posts


def refused(result, *words):
    assert result["failed"] and not result.get("changed"), result
    for word in words:
        assert word in result["msg"], result["msg"]
    return result


def test_a_label_that_holds_something_else_than_expected_is_left_alone(trunk, api, promote, lockfiles):
    promote(lockfiles[0])
    posts = api.posts()
    refused(promote(lockfiles[2]), "does not hold what was expected", "compute is", "not nothing")
    result = refused(promote(lockfiles[2], expected=str(lockfiles[1]), check=True), "Nothing was promoted")
    assert len(result["holds"]) == 3
    assert api.posts() == posts and holds(trunk, *ONE)


def test_other_components_than_the_label_has_are_refused(trunk, api, promote, lockfiles, tmp_path):
    promote(lockfiles[0])
    posts = api.posts()
    write_lockfile(tmp_path / "few.json", trunk, ("alpha", 2), ("gamma", 2))
    result = refused(promote(tmp_path / "few.json", expected=str(lockfiles[0])), "only the label has network")
    assert (result["only_label"], result["only_candidate"]) == (["network"], [])
    assert api.posts() == posts and holds(trunk, *ONE)


def test_a_component_that_only_an_old_promotion_left_is_seen_without_the_tree(trunk, api, promote, lockfiles, tmp_path):
    promote(lockfiles[0])
    post(api, "promote-batch", pairs(LABEL, trunk.build("alpha", 2), trunk.build("gamma", 2)))
    last = "insert into promotions (commit_id, promotion_name, timestamp, user, component, aggregate_hash)"
    last += " select commit_id, promotion_name, timestamp, user, component, aggregate_hash from promotions"
    for _promotion in range(60):  # more than a page
        trunk.query(f"{last} where id in (select id from promotions order by id desc limit 2) order by id")
    write_lockfile(tmp_path / "few.json", trunk, ("alpha", 3), ("gamma", 2))
    held = [trunk.build("alpha", 2), trunk.build("gamma", 2), trunk.build("delta", 1)]
    for trunk_url in (None, trunk.url):
        result = promote(tmp_path / "few.json", expected=held, trunk_url=trunk_url)
        refused(result, "only the label has network")


def test_a_component_that_was_taken_from_the_label_does_not_count(trunk, api, promote, lockfiles, tmp_path):
    promote(lockfiles[0])
    trunk.link(LABEL, "network").unlink()
    post(api, "promote-batch", pairs(LABEL, trunk.build("alpha", 1), trunk.build("gamma", 1)))
    few = tmp_path / "few.json"
    write_lockfile(few, trunk, ("alpha", 2), ("gamma", 2))
    result = promote(few, expected=[trunk.build("alpha", 1), trunk.build("gamma", 1)])
    assert result["changed"] and not result["failed"], result
    assert set(trunk.state(LABEL)["links"]) == {f"component/common/{LABEL}", f"component/compute/{LABEL}"}


def test_going_back_needs_leave_and_names_the_components(trunk, api, promote, lockfiles):
    promote(lockfiles[2])
    back = refused(promote(lockfiles[1], expected=str(lockfiles[2])), "is older than", "common (built 2026-01-11T04:")
    assert [one["component"] for one in back["older"]] == ["common"]
    result = promote(lockfiles[1], expected=str(lockfiles[2]), allow_older=True)
    assert result["changed"] and [one["component"] for one in result["older"]] == ["common"] and holds(trunk, *TWO)


def test_what_dlrn_has_purged_is_refused_before_anything_is_written(trunk, api, promote, lockfiles):
    trunk.query("update commits set flags = 2 where commit_hash = ?", trunk.build("gamma", 1)["commit_hash"])
    posts = api.posts()
    result = refused(
        promote(lockfiles[0], check=True), "DLRN has purged what the candidate names: compute", "dlrn_purge"
    )
    assert result["status"] == 410 and api.posts() == posts
    refused(promote(lockfiles[0]), "DLRN has purged")
    assert api.posts() == posts and trunk.state(LABEL)["rows"] == []


def test_what_dlrn_purges_meanwhile_is_said_by_dlrn(trunk, api, proxy, promote, lockfiles):
    def purge():
        trunk.query("update commits set flags = 2 where commit_hash = ?", trunk.build("gamma", 1)["commit_hash"])

    proxy.before[3] = purge
    result = refused(promote(lockfiles[0], api_url=proxy.url), "has been purged")
    assert result["status"] == 410 and proxy.seen[2].startswith("POST") and trunk.state(LABEL)["rows"] == []


@pytest.fixture
def decision(lockfiles):
    return {
        "schema": "rdo.releng/decision/1",
        "promote": True,
        "target": LABEL,
        "candidate": json.loads(lockfiles[0].read_text())["id"],
        "evaluated_at": utc(time.time()),
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"promote": False}, "is not to promote"),
        ({"promote": "yes"}, "is not to promote"),
        ({"target": "other"}, "is for the target other, not for tested"),
        ({"candidate": "f" * 64}, "is for the candidate ffff"),
        ({"schema": "rdo.releng/decision/2"}, "rdo.releng/decision/1' is needed"),
    ],
)
def test_another_decision_than_to_promote_this_candidate_is_refused(
    api, promote, lockfiles, decision, tmp_path, change, words
):
    posts = len(api.requests())
    (tmp_path / "decision.json").write_text(json.dumps({**decision, **change}))
    refused(promote(lockfiles[0], decision=tmp_path / "decision.json"), words)
    assert len(api.requests()) == posts


def test_a_decision_to_promote_this_candidate_lets_it_pass_while_it_holds(trunk, promote, lockfiles, decision):
    over = {**decision, "valid_until": "2026-01-31T12:00:00Z"}
    refused(promote(lockfiles[0], decision=over), "held until 2026-01-31T12:00:00Z")
    old = {**decision, "evaluated_at": utc(time.time() - 25 * 3600)}
    refused(promote(lockfiles[0], decision=old), "it may be 24 hours old")
    refused(promote(lockfiles[0], decision=decision, decision_max_age_hours=-1), "0 or more is needed")
    assert trunk.state(LABEL)["rows"] == []
    assert promote(lockfiles[0], decision=old, decision_max_age_hours=26, check=True)["changed"]
    assert promote(lockfiles[0], decision=decision)["changed"] and holds(trunk, *ONE)
    # Once that is done it does no harm to ask again later.
    assert not promote(lockfiles[0], decision=over)["changed"]
    assert not promote(lockfiles[0], decision=old)["changed"]


@pytest.mark.parametrize("label", ["../evil", "a b", "a\nb", "", "current", "consistent"])
def test_a_name_that_is_no_label_is_refused(api, promote, lockfiles, label):
    requests = len(api.requests())
    assert promote(lockfiles[0], label=label)["failed"]
    assert len(api.requests()) == requests


def test_a_lockfile_that_is_cut_off_is_refused(api, promote, lockfiles):
    lockfiles[0].write_text(lockfiles[0].read_text()[:300])
    refused(promote(lockfiles[0]), str(lockfiles[0]))


def test_a_wrong_password_changes_nothing(trunk, promote, lockfiles):
    result = refused(promote(lockfiles[0], password="wrong"), "401")
    assert "wrong" not in result["msg"].replace("wrong user", "") and trunk.state(LABEL)["rows"] == []


@pytest.mark.parametrize("fault", [500, "html", "hang"])
def test_an_api_that_does_not_answer_as_it_should_changes_nothing(trunk, api, proxy, promote, lockfiles, fault):
    for request in range(1, 4):
        proxy.reset()
        proxy.faults = dict.fromkeys(range(request, 20), fault)
        refused(promote(lockfiles[0], api_url=proxy.url, timeout=0.5, retries=0), "DLRN API")
        assert trunk.state(LABEL)["rows"] == []
    proxy.reset()
    assert promote(lockfiles[0], api_url=proxy.url)["changed"]


# Connections that are cut


def undisturbed(trunk, promote, lockfiles):
    promote(lockfiles[0])
    promote(lockfiles[1], expected=str(lockfiles[0]))
    return trunk.state(LABEL)


@pytest.mark.parametrize("fault", ["cut", "drop"])
def test_whichever_request_is_cut_the_next_run_ends_the_same(trunk, api, proxy, promote, lockfiles, fault):
    wanted = undisturbed(trunk, promote, lockfiles)
    trunk.restore()
    promote(lockfiles[0])
    proxy.reset()
    arguments = {"expected": str(lockfiles[0]), "api_url": proxy.url, "retries": 0}
    promote(lockfiles[1], **arguments)
    requests = len(proxy.seen)
    assert [request.split()[0] for request in proxy.seen] == ["GET", "GET", "POST", "GET"]
    for number in range(1, requests + 1):
        trunk.restore()
        write_lockfile(lockfiles[1], trunk, *TWO)
        promote(lockfiles[0])
        proxy.reset()
        proxy.faults[number] = fault
        result = promote(lockfiles[1], **arguments)
        # A lost answer to the promotion itself is found out by looking, without another run.
        assert result["failed"] == (not (fault == "drop" and number == 3)), (number, result)
        assert not promote(lockfiles[1], **arguments)["failed"]
        assert trunk.state(LABEL) == wanted, number
        assert json.loads(lockfiles[1].read_text())["aggregate_hash"] == wanted["aggregate"]


def test_with_retries_one_cut_connection_is_not_even_noticed(trunk, api, proxy, promote, lockfiles):
    for number in range(1, 5):
        trunk.restore()
        proxy.reset()
        proxy.faults[number] = "cut"
        result = promote(lockfiles[0], api_url=proxy.url, retries=2)
        assert result["changed"] and not result["failed"], (number, result)
        assert holds(trunk, *ONE)


# Races


def test_on_one_host_the_loser_says_who_holds_the_lock(trunk, api, proxy, promote, lockfiles, tmp_path):
    lock = tmp_path / "lock"
    lost = []
    proxy.before[4] = lambda: lost.append(promote(lockfiles[1], lock=lock))
    result = promote(lockfiles[0], api_url=proxy.url, lock=lock)
    assert proxy.seen[3].startswith("POST") and result["changed"] and not result["failed"], result
    identifier = json.loads(lockfiles[0].read_text())["id"]
    refused(lost[0], f"The lock {lock} is held by process", f"candidate {identifier}", f"label {LABEL}")
    assert lost[0]["holder"]["label"] == LABEL
    assert holds(trunk, *ONE) and lock.read_text() == ""


def test_a_loser_that_waits_for_the_lock_finds_the_label_changed(trunk, api, proxy, promote, lockfiles, tmp_path):
    lock = tmp_path / "lock"
    arguments = {"label": LABEL, "trunk_url": trunk.url, **api.arguments, "lock": lock, "lock_timeout": 60}
    with open(lock, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        proxy_arguments = {**arguments, "api_url": proxy.url}
        waiting = start_module("dlrn_promotion", candidate=lockfiles[1], expected="absent", **proxy_arguments)
        while len(proxy.seen) < 2:  # it has made its plan
            assert waiting.poll() is None
        post(api, "promote-batch", pairs(LABEL, *(trunk.build(*build) for build in ONE)))
    refused(finish_module(waiting), "promoted to something else while this promotion waited for the lock by ci")
    assert holds(trunk, *ONE)


def test_a_killed_holder_leaves_no_lock(trunk, promote, lockfiles, tmp_path):
    lock = tmp_path / "lock"
    lock.write_text('{"host": "h", "pid": 7, "user": "ci", "since": "long ago"}')
    assert promote(lockfiles[0], lock=lock)["changed"]


def test_between_hosts_who_is_overwritten_finds_out_by_reading_back(trunk, api, proxy, promote, lockfiles):
    proxy.before[4] = lambda: promote(lockfiles[1], expected=str(lockfiles[0]))
    result = refused(promote(lockfiles[0], api_url=proxy.url), "was promoted to something else meanwhile by ci")
    assert proxy.seen[2].startswith("POST") and len(result["holds"]) == 3
    assert holds(trunk, *TWO)


def test_between_hosts_who_overwrites_finds_out_by_reading_back(trunk, api, proxy, promote, lockfiles):
    proxy.before[3] = lambda: promote(lockfiles[1])
    result = refused(promote(lockfiles[0], api_url=proxy.url), "somebody promoted", "and that was overwritten")
    assert len(result["overwritten"]) == 3
    assert holds(trunk, *ONE)


def test_two_that_promote_the_same_agree(trunk, api, proxy, promote, lockfiles):
    other = make_candidate(trunk, *ONE).document()
    proxy.before[3] = lambda: promote(other)
    assert not promote(lockfiles[0], api_url=proxy.url)["failed"]
    assert holds(trunk, *ONE)


# What the API says and the tree does not


def test_links_that_moved_without_a_row_are_noticed(trunk, api, promote, lockfiles):
    promote(lockfiles[0])
    link = trunk.link(LABEL, "compute")
    link.unlink()
    link.symlink_to(trunk.build("gamma", 2)["folder"].split("/", 2)[2])
    for candidate in lockfiles[:2]:
        result = refused(promote(candidate, expected=str(lockfiles[0])), "do not say the same", "dlrn_repair")
        assert len(result["disagreements"]) == 1 and "component compute is" in result["disagreements"][0]


def test_a_label_that_is_gone_from_the_tree_is_noticed(trunk, api, promote, lockfiles):
    promote(lockfiles[0])
    shutil.rmtree(trunk.repos / LABEL)
    refused(promote(lockfiles[0]), "do not say the same", "but nothing in the tree")
