# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status site: what its pages say, what it keeps, what it writes again."""

from __future__ import annotations

import datetime
import html
import json
import pathlib
import re

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._gate.decision import refusal
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._service.site.pages import age_words, file_name
from ansible_collections.rdo.releng.plugins.module_utils._service.site.status_site import WriteSite

DAY = 86400
NOW = 1796000000.0


def at(days_ago):
    return int(NOW - days_ago * DAY)


def utc(days_ago):
    return datetime.datetime.fromtimestamp(at(days_ago), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def commit(number, days_ago, project="python-alpha", component="common", status="SUCCESS"):
    return {
        "project": project,
        "component": component,
        "status": status,
        "commit_hash": f"{number:040x}",
        "distro_hash": "d" * 40,
        "extended_hash": None,
        "committed_at": utc(days_ago + 0.5),
        "built_at": utc(days_ago),
        "directory": f"component/common/{number}",
    }


def candidate(name, number, days_ago, votes=(), promoted=False):
    part = commit(number, days_ago)
    keys = (
        "component",
        "commit_hash",
        "distro_hash",
        "extended_hash",
        "project",
        "committed_at",
        "built_at",
        "directory",
    )
    return {
        "name": name * 32,
        "aggregate_hash": name * 32,
        "staged_at": at(days_ago),
        "promoted_at": at(days_ago - 0.1) if promoted else None,
        "promoted_by": "ci" if promoted else None,
        "components": [{key: part[key] for key in keys}],
        "votes": list(votes),
    }


def vote(job, success, days_ago, url="https://logs.example.org/1", notes=""):
    return {
        "job": job,
        "success": success,
        "timestamp": at(days_ago),
        "in_progress": False,
        "url": url,
        "notes": notes,
    }


def history():
    green = [vote("scenario001", True, 8)]
    red = [vote("scenario001", False, 1, notes="tempest: 3 failed"), vote("scenario002", True, 1)]
    candidates = [candidate("b", 3, 2, red), candidate("a", 1, 8.5, green, promoted=True)]
    return {"candidates": candidates, "commits": [commit(3, 2), commit(2, 3, "python-beta"), commit(1, 8.5)]}


def params(tmp_path, **more):
    trunk = {
        "release": "epoxy",
        "distro": "el9s",
        "label": "current-passed-ci",
        "history": history(),
        "holding_back": [],
        "ftbfs": [],
        "decisions": [],
        "other_labels": [],
        "trunk_url": "https://trunk.example.org/el9s",
        "commit_url": "https://review.example.org/q/{commit}",
        **dict.fromkeys(("tags", "tag_plan", "changes")),
        **more,
    }
    return {"path": str(tmp_path / "site"), "data": str(tmp_path / "data"), "trunks": [trunk], "time_lines": []}


def write(given, now=NOW):
    return perform(WriteSite(given, now), False, False)


def text_of(path):
    """What a person reads on a page."""
    page = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", pathlib.Path(path).read_text(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_first_page(tmp_path):
    result = write(params(tmp_path))
    text = text_of(result["index"])
    assert "epoxy el9s current-passed-ci 8 d 9 h old aaaaaaaaaaaa bbbbbbbbbbbb failed: scenario001 0" in text
    assert result["candidates"] == 2


def test_first_page_has_other_labels(tmp_path):
    part = {"commit_hash": "c" * 40, "distro_hash": "d" * 40, "extended_hash": None, "timestamp": at(2)}
    known = {"label": "puppet-passed-ci", "aggregate_hash": "b" * 32, "components": [part]}
    other = {"label": "consistent", "aggregate_hash": None, "components": [part]}
    empty = {"label": "never", "aggregate_hash": None, "components": []}
    result = write(params(tmp_path, other_labels=[known, other, empty]))
    text = text_of(result["index"])
    for words in ("puppet-passed-ci 2 d 0 h old bbbbbbbbbbbb", "consistent 2 d 0 h old cccccccccccc", "never"):
        assert f"epoxy el9s {words}" in text
    page = pathlib.Path(result["index"]).read_text()
    assert page.count(f"candidate-{'b' * 32}.html") == 2 and f"candidate-{'c' * 40}" not in page


def test_each_release_has_its_time_line_and_one_that_has_not_begun_says_so(tmp_path):
    journal = tmp_path / "journal.jsonl"
    line = {"schema": "rdo.releng/journal/1", "what": "", "detail": "", "url": "", "run": "1"}
    lines = [
        {**line, "at": NOW - 3600, "stage": "builds", "state": "begun", "whose": "hub"},
        {**line, "at": NOW - 1800, "stage": "builds", "state": "done", "whose": "hub"},
        {**line, "at": NOW - 1800, "stage": "review", "what": "nova", "state": "waiting", "whose": "people"},
        {**line, "at": NOW, "stage": "review", "what": "glance", "state": "done", "whose": "people"},
    ]
    journal.write_text("".join(json.dumps(one) + "\n" for one in lines))
    given = params(tmp_path)
    given["time_lines"] = [
        {"title": "epoxy", "journal": str(journal)},
        {"title": "flamingo", "journal": str(tmp_path / "none.jsonl")},
    ]
    text = text_of(write(given)["index"])
    assert "took ours hub distribution people waits for epoxy" in text
    assert "1 h 00 min 0.0 s 30 min 00 s 0.0 s 30 min 00 s review nova flamingo it has not begun" in text
    assert (tmp_path / "site/time-line-epoxy.html").exists()
    assert not (tmp_path / "site/time-line-flamingo.html").exists()


def test_a_candidates_page(tmp_path):
    write(params(tmp_path))
    page = tmp_path / "site" / "epoxy-el9s" / f"candidate-{'b' * 32}.html"
    text = text_of(page)
    assert "1 of 2 jobs passed, 2 new commits" in text
    assert "scenario001 failed" in text and "tempest: 3 failed" in text
    assert f"https://review.example.org/q/{3:040x}" in page.read_text()
    assert "https://trunk.example.org/el9s/component/common/2/" in page.read_text()
    assert "python-beta common" in text


def test_what_is_in_the_page_stays_text(tmp_path):
    given = params(tmp_path)
    evil = vote("<script>alert(1)</script>", False, 1, url="javascript:alert(1)", notes='"><img src=x>')
    given["trunks"][0]["history"]["candidates"][0]["votes"].append(evil)
    write(given)
    page = (tmp_path / "site" / "epoxy-el9s" / f"candidate-{'b' * 32}.html").read_text()
    assert "<script" not in page and "<img" not in page and "javascript:" not in page


def test_a_package_that_does_not_build_has_a_page_until_it_does(tmp_path):
    row = {"project": "python-gamma", "component": "common", "status": "FAILED", "since": utc(4)}
    why = {
        "package": "python-gamma",
        "project": "gamma",
        "class": "tests-failed",
        "reason": "2 tests failed",
        "url": None,
    }
    given = params(tmp_path, holding_back=[row], ftbfs=[why])
    write(given)
    page = tmp_path / "site" / "epoxy-el9s" / "package-python-gamma.html"
    assert "2 tests failed" in text_of(page) and "tests-failed" in text_of(page)
    assert "python-gamma common FAILED 4 d 0 h tests-failed" in text_of(page.parent / "index.html")
    foreign = page.parent / "notes.html"
    foreign.write_text("mine")
    assert "remove epoxy-el9s/package-python-gamma.html" in write(params(tmp_path))["actions"]
    assert not page.exists() and foreign.exists()


def build(nvr, highest=True):
    return {"nvr": nvr, "package": nvr.rsplit("-", 2)[0], "latest_by_evr": highest}


def tag(name, *builds, wrong_order=()):
    return {"name": name, "builds": list(builds), "wrong_order": list(wrong_order)}


TAGS = [
    tag(
        "cloud9s-candidate",
        build("openstack-gamma-2-1.el9s"),
        build("openstack-gamma-1-1.el9s", False),
        build("openstack-nova-3-1.el9s"),
        wrong_order=["openstack-gamma"],
    ),
    tag("cloud9s-testing", build("openstack-gamma-1-1.el9s"), build("openstack-nova-3-1.el9s")),
    tag("cloud9s-release"),
]
PLAN = {
    "actions": [
        {
            "action": "tag",
            "tag": "cloud9s-testing",
            "package": "openstack-gamma",
            "build": "openstack-gamma-2-1.el9s",
            "reason": "wanted",
        }
    ],
    "refused": [
        {"action": "tag", "tag": "cloud9s-release", "rule": "not-in-testing", "reason": "nova is not in testing"}
    ],
}


def change(number, project="packages/gamma-distgit", subject="gamma: new version 3", **more):
    return {
        "number": number,
        "project": project,
        "branch": "epoxy-rdo",
        "topic": None,
        "subject": subject,
        "owner": "alice",
        "labels": {"Code-Review": 2, "Verified": -1, "Workflow": 0},
        "updated": "2026-11-29 10:00:00.000000000",
        "url": f"https://review.example.org/c/{number}",
        **more,
    }


def test_what_the_hub_has_is_shown_with_what_it_lacks(tmp_path):
    result = write(params(tmp_path, tags=TAGS, tag_plan=PLAN))
    text = text_of(tmp_path / "site/epoxy-el9s/index.html")
    # Packages, builds, those not in the next tag, and where the hub's latest is not the highest.
    assert "cloud9s-candidate 2 3 1 openstack-gamma cloud9s-testing 2 2 2 cloud9s-release 0 0" in text
    assert "Where the hub differs from rdoinfo" in text
    assert "tag cloud9s-testing openstack-gamma-2-1.el9s wanted" in text
    assert "tag is refused cloud9s-release nova is not in testing" in text
    assert "failed: scenario001 0 2" in text_of(result["index"])


def test_what_nobody_asked_is_left_out_and_what_is_empty_is_not(tmp_path):
    page = tmp_path / "site/epoxy-el9s/index.html"
    write(params(tmp_path))
    assert not re.search("In the hub|Where the hub differs|Open changes", text_of(page))
    write(params(tmp_path, tags=TAGS, changes=[]))
    assert "Open changes" in text_of(page) and "Where the hub differs" not in text_of(page)


def test_open_changes_are_linked_from_the_release_and_from_their_package(tmp_path):
    row = {"project": "gamma", "component": "common", "status": "FAILED", "since": utc(4)}
    why = {"package": "openstack-gamma", "project": "gamma", "gerrit_project": None}
    why.update({"class": "tests-failed", "reason": "2 tests failed", "url": None})
    changes = [change(7), change(8, "packages/nova-distgit", "nova: new version 4", labels={})]
    write(params(tmp_path, holding_back=[row], ftbfs=[why], changes=changes, tags=TAGS))
    overview = tmp_path / "site/epoxy-el9s/index.html"
    voted = "packages/gamma-distgit epoxy-rdo alice Code-Review +2, Verified -1 2026-11-29 10:00"
    assert f"7: gamma: new version 3 {voted} 8: nova: new version 4" in text_of(overview)
    assert "gamma common FAILED 4 d 0 h tests-failed open" in text_of(overview)
    assert 'href="https://review.example.org/c/8"' in overview.read_text()
    page = overview.parent / "package-gamma.html"
    assert "7: gamma: new version 3" in text_of(page) and "nova" not in text_of(page)
    assert "openstack-gamma-2-1.el9s highest cloud9s-candidate openstack-gamma-1-1.el9s" in text_of(page)
    assert "tests-failed open" in text_of(page)


def test_a_package_whose_distgit_nobody_knows_is_not_said_to_have_no_change(tmp_path):
    row = {"project": "openstack-gamma", "component": "common", "status": "FAILED", "since": utc(4)}
    write(params(tmp_path, holding_back=[row], changes=[change(7)]))
    assert "Open changes" not in text_of(tmp_path / "site/epoxy-el9s/package-openstack-gamma.html")


def test_the_change_that_ftbfs_info_found_goes_before_others(tmp_path):
    row = {"project": "gamma", "component": "common", "status": "FAILED", "since": utc(4)}
    why = {"package": "openstack-gamma", "project": "gamma", "class": "x", "reason": "", "gerrit_project": "gamma"}
    found = {**why, "url": "https://review.example.org/c/5"}
    write(params(tmp_path, holding_back=[row], ftbfs=[found], changes=[change(7)]))
    page = (tmp_path / "site/epoxy-el9s/index.html").read_text()
    assert '<a href="https://review.example.org/c/5">open</a>' in page


def test_long_tables_end_and_say_so(tmp_path):
    write(params(tmp_path, changes=[change(number) for number in range(500)]))
    text = text_of(tmp_path / "site/epoxy-el9s/index.html")
    assert "These are the first 200 of 500." in text and "199: gamma" in text and "200: gamma" not in text


def test_what_gerrit_and_the_hub_say_stays_text(tmp_path):
    evil = "<script>alert(1)</script>"
    given = params(
        tmp_path,
        changes=[change(7, subject=evil, url="javascript:alert(1)", owner=evil, labels={evil: 1})],
        tags=[tag(evil, build(f"{evil}-1-1"), wrong_order=[evil])],
        tag_plan={"actions": [{"action": evil, "tag": evil, "reason": evil}], "refused": []},
    )
    write(given)
    page = (tmp_path / "site/epoxy-el9s/index.html").read_text()
    assert "<script" not in page and "javascript:" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tags": [{"name": "x"}]}, "koji_tag_info returns: builds is None"),
        ({"tags": [tag("x", "nova-1-1")]}, "'nova-1-1' is not what rdo.releng.koji_tag_info returns"),
        ({"tags": TAGS, "tag_plan": {"actions": []}}, "koji_tag_builds returns: refused is None"),
        ({"changes": [change("7")]}, "gerrit_change_info returns: number is '7', not of the type int"),
    ],
)
def test_what_no_module_returned_is_refused(tmp_path, given, words):
    with pytest.raises(InvalidInput, match=re.escape(words)):
        write(params(tmp_path, **given))
    assert not (tmp_path / "site").exists()


def test_nothing_is_written_twice_and_check_mode_writes_nothing(tmp_path):
    assert perform(WriteSite(params(tmp_path), NOW), True, True)["changed"]
    assert list(tmp_path.iterdir()) == []
    assert write(params(tmp_path))["changed"]
    assert not write(params(tmp_path))["changed"]


def test_what_dlrn_forgot_is_kept(tmp_path):
    write(params(tmp_path))
    given = params(tmp_path)
    given["trunks"][0]["history"] = {"candidates": [candidate("c", 3, 0.5)], "commits": []}
    result = write(given)
    assert result["candidates"] == 3
    kept = json.loads((tmp_path / "data" / "epoxy-el9s.json").read_text())
    assert [one["name"][0] for one in kept["candidates"]] == ["c", "b", "a"]
    assert "waits for jobs" in text_of(result["index"])


IDS = {"a": "1" * 64, "b": "2" * 64}


def decided(candidate, *unsatisfied):
    told = refusal("current-passed-ci", [], NOW, [])
    why = {"requirement": "scenario001", "distro": "el9s", "explanation": "failed", "reason": "failed", "votes": []}
    return {**told, "candidate": candidate, "unsatisfied": [why], "waived": list(unsatisfied)}


def test_a_decision_is_shown_with_the_candidate_that_was_voted_on_and_kept(tmp_path):
    red = vote("scenario001", False, 1) | {"candidate": IDS["b"]}
    told = {"candidates": [candidate("b", 3, 2, [red]), candidate("a", 1, 8.5, promoted=True)], "commits": []}
    waiver = {"owner": "alice", "until": "2026-12-24", "reason": "the cloud is away", "waives": "scenario002"}
    waived = {"requirement": "scenario002", "distro": "el9s", "explanation": "failed", "votes": [], "waivers": [waiver]}
    (tmp_path / "decision.json").write_text(json.dumps(decided(IDS["b"], waived)))
    files = [str(tmp_path / name) for name in ("decision.json", "not-there.json")]
    write(params(tmp_path, history=told, decisions=[*files, decided("9" * 64)]))
    write(params(tmp_path, history=told))
    text = text_of(tmp_path / "site" / "epoxy-el9s" / f"candidate-{'b' * 32}.html")
    assert f"Do not promote {'2' * 12} to current-passed-ci: scenario001: failed" in text
    assert "scenario002 el9s waived failed; waived by alice until 2026-12-24: the cloud is away" in text
    kept = json.loads((tmp_path / "data" / "epoxy-el9s.json").read_text())
    assert list(kept["decisions"]) == ["b" * 32]


def test_what_is_not_a_decision_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="has schema None"):
        write(params(tmp_path, decisions=[{"promote": True}]))
    damaged = {"schema": "rdo.releng/decision/1", "candidate": IDS["b"]}
    red = vote("scenario001", False, 1) | {"candidate": IDS["b"]}
    told = {"candidates": [candidate("b", 3, 2, [red])], "commits": []}
    with pytest.raises(InvalidInput, match="promotion_gate"):
        write(params(tmp_path, history=told, decisions=[damaged]))


def test_two_releases_never_share_what_is_kept(tmp_path):
    write(params(tmp_path))
    (tmp_path / "data" / "zed-el9s.json").write_bytes((tmp_path / "data" / "epoxy-el9s.json").read_bytes())
    with pytest.raises(InvalidInput, match="not that of zed el9s"):
        write(params(tmp_path, release="zed"))


@pytest.mark.parametrize("given", [{}, {"candidates": [1], "commits": []}, {"candidates": [{}], "commits": []}])
def test_a_history_of_another_shape_is_refused(tmp_path, given):
    with pytest.raises(InvalidInput, match="dlrn_history_info"):
        write(params(tmp_path, history=given))
    assert not (tmp_path / "site").exists()


def test_ages():
    assert [age_words(seconds) for seconds in (59, 3600, 2 * DAY, 3.25 * DAY)] == [
        "1 min",
        "1 h 0 min",
        "2 d 0 h",
        "3 d 6 h",
    ]


@pytest.mark.parametrize("name", ["../../etc/passwd", ".hidden", "a/b", "x" * 500, "ä\n"])
def test_no_name_leads_out_of_the_folder(name):
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}", file_name(name))
