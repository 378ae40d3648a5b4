# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of ``zuul.d`` on a real Zuul: promotion runs, and checks of changes.

All in one file, because it takes a minute to have a Zuul. The tests follow each other, as runs do on one trunk.
"""

from __future__ import annotations

import collections

import pytest
import yaml
from release_world import ReleaseWorld
from site_of_test import PERIODIC, STAGING, TAGS, TARGET, rdoinfo
from stage import modules
from zuul_server import TENANT

CANDIDATE, UPSTREAM_TESTS, SMOKE = (f"quickstart-stand-in-{name}" for name in ("candidate", "upstream-tests", "smoke"))
DISTGIT, KOJI_NVR, KOJI_BUILD = (f"quickstart-stand-in-{name}" for name in ("distgit", "koji-nvr", "koji-build"))
GREEN = dict.fromkeys((CANDIDATE, UPSTREAM_TESTS, SMOKE), "SUCCESS")
TRUNK_BUILD, CLOSURE, ALONE = (f"quickstart-{name}" for name in ("trunk-build", "closure", "closure-alone"))
NEXT_COMPOSE, DROPS = "quickstart-next-compose", "quickstart-next-compose-drops"
GOOD, BAD, BREAKS = (f"refs/heads/change/{name}" for name in ("good", "bad", "breaks"))


def runs(site, count):
    """Wait until ``count`` promotion runs have ended; the builds of each by job, in the order of their beginning."""

    def ended():
        return [each for each in site.zuul.buildsets(project="config") if each["pipeline"] in (PERIODIC, "manual")]

    def builds():
        return [each for each in site.zuul.builds(project="config") if each["pipeline"] in (PERIODIC, "manual")]

    site.zuul.wait(f"run {count}", lambda: len(ended()) >= count)
    # Of a run that was taken out, the jobs end after it.
    site.zuul.wait(f"the jobs of run {count}", lambda: all(build["result"] for build in builds()))
    found = collections.defaultdict(dict)
    for build in builds():
        found[build["buildset"]["uuid"]][build["job_name"]] = build
    return sorted(found.values(), key=lambda builds: builds[CANDIDATE]["start_time"])


def outcome(builds):
    return {name: build["result"] for name, build in builds.items()}


def votes_for(site, candidate):
    """Job and success of each vote for a candidate, in the order of the names."""
    return sorted(vote[:2] for vote in site.votes() if vote[2] == candidate["id"])


@pytest.fixture(scope="module")
def timer_run(site):
    """The builds of the run that the timer began."""
    (builds,) = runs(site, 1)
    return builds


@pytest.fixture(scope="module")
def asked(site):
    """What zuul_enqueue returns when it asks for trunk, and when it is to ask for the same again."""
    given = {"zuul_url": site.zuul.url, "tenant": TENANT, "project": "config", "pipeline": "trunk"}
    given.update(ref="refs/heads/main", newrev=site.zuul.revision("config"), token=site.zuul.token.split()[-1])
    return [modules.run_module("zuul_enqueue", **given) for _again in range(2)]


@pytest.fixture(scope="module", autouse=True)
def beside_the_first(site, asked):
    """Let what asks for no label run beside it: trunk is built, changes are pushed and merged."""
    push = site.zuul.commit
    push("stevedore-distgit", {"README": "Merged.\n"})
    push("installer", {"README": "Ours.\n"}, "change/good")
    push("config", {"README": "Ours.\n"}, "change/good")
    definition = site.file("config", "releases/quickstart.yml")
    push("config", {"releases/quickstart.yml": definition.replace("[upstream-tests, smoke]", "[smoke]")}, "change/bad")


@pytest.fixture(scope="module")
def trunk(site):
    """What came of building trunk: by job."""
    site.zuul.wait("trunk", lambda: site.zuul.buildsets(pipeline="trunk"))
    return {build["job_name"]: build for build in site.zuul.builds(pipeline="trunk")}


@pytest.fixture(scope="module")
def beside_the_others(site, timer_run):
    """Push the other changes. Those of a package are tested with what was promoted."""
    push = site.zuul.commit
    spec = site.file("stevedore-distgit", "python-stevedore.spec")
    good = spec.replace("by entry points", "found by their entry points")
    push("stevedore-distgit", {"python-stevedore.spec": good}, "change/good")
    bad = spec.replace("%description -n", "Requires: python3dist(nobody-packaged-it)\n\n%description -n", 1)
    push("stevedore-distgit", {"python-stevedore.spec": bad}, "change/bad")
    push("rdoinfo", {"rdo-full.yml": rdoinfo(testing="openstack-nova-2-1.el9s")}, "change/good")
    bad = rdoinfo(testing="openstack-nova-9-1.el9s").replace("maintainers:", "maintainer: nobody\n  maintainers:")
    push("rdoinfo", {"rdo-full.yml": bad}, "change/bad")
    push("rdoinfo", {"rdo-full.yml": rdoinfo(testing="openstack-nova-3-1.el9s")}, "change/breaks")


@pytest.fixture(scope="module")
def checks(site, beside_the_others):
    """The builds of all changes: by project, change and job."""
    pushed = ("config", "stevedore-distgit", "rdoinfo")

    def ended():
        return [each for name in pushed for each in site.zuul.buildsets(pipeline="check", project=name)]

    site.zuul.wait("the checks", lambda: len(ended()) == 7)
    found = collections.defaultdict(dict)
    for build in site.zuul.builds(pipeline="check"):
        found[build["ref"]["project"], build["ref"]["ref"]][build["job_name"]] = build
    return found


def test_the_tenant_is_without_errors(site):
    assert site.zuul.get("tenant/releng/config-errors") == []


def test_zuul_is_asked_for_a_revision_once(site, asked, trunk):
    assert [one.get("changed") for one in asked] == [True, False], asked
    assert len(site.zuul.buildsets(pipeline="trunk")) == 1


def test_a_merged_change_of_a_package_is_built_in_koji(site):
    site.zuul.wait("the build", lambda: site.zuul.buildsets(pipeline="post", project="stevedore-distgit"))
    builds = {build["job_name"]: build for build in site.zuul.builds(pipeline="post", project="stevedore-distgit")}
    assert {name: build["result"] for name, build in builds.items()} == {KOJI_NVR: "SUCCESS", KOJI_BUILD: "SUCCESS"}
    assert builds[KOJI_NVR]["end_time"] <= builds[KOJI_BUILD]["start_time"]
    (task,) = site.hub.hub.tasks.values()
    revision = site.zuul.revision("stevedore-distgit")
    assert task["request"][:2] == [f"git+https://git.example.org/stevedore-distgit#{revision}", "el9s"]


def test_nobody_else_can_use_the_secrets(site):
    """A project that puts a job with a secret into a pipeline of its own gets no build of it."""
    stanza = [{"project": {"check": {"jobs": [KOJI_NVR, KOJI_BUILD]}}}]
    site.zuul.commit("thief", {"zuul.d/project.yaml": yaml.safe_dump(stanza)}, "change/steal")
    site.zuul.wait("the attempt", lambda: site.zuul.buildsets(project="thief"))
    (attempt,) = site.zuul.buildsets(project="thief")
    assert attempt["result"] == "CONFIG_ERROR"
    assert f"Project thief is not allowed to run job {KOJI_BUILD}" in attempt["message"]
    assert not site.zuul.builds(project="thief")


def test_a_run_of_the_timer_promotes_what_it_tested(site, timer_run):
    builds = timer_run
    assert outcome(builds) == GREEN
    # The label holds what the source held, and all jobs voted for that.
    assert site.label() == site.label("source")
    candidate = site.zuul.document(builds[CANDIDATE], "candidate.json")
    assert sorted(part["repo_url"] for part in candidate["components"]) == sorted(site.label().values())
    assert set(site.votes()) == {(job, 1, candidate["id"]) for job in (CANDIDATE, "upstream-tests", "smoke")}
    # The scenarios ran at the same time.
    first, second = sorted((builds[UPSTREAM_TESTS], builds[SMOKE]), key=lambda build: build["start_time"])
    assert second["start_time"] < first["end_time"]


def test_trunk_is_built_and_then_looked_at(site, trunk):
    """The next versions, which nothing has built before; their requirements are met, unless nobody provides them."""
    builds = trunk
    assert outcome({name: builds[name] for name in (TRUNK_BUILD, CLOSURE, ALONE)}) == {
        TRUNK_BUILD: "SUCCESS",
        CLOSURE: "SUCCESS",
        ALONE: "FAILURE",
    }
    assert "2 commits built, 0 of them failed" in site.zuul.output(builds[TRUNK_BUILD])
    assert (site.zuul.logs / builds[TRUNK_BUILD]["uuid"] / "dlrn.log").stat().st_size > 0
    assert site.rows("select status, count(*) from commits group by status") == [("SUCCESS", 4)]
    assert "packages checked, 0 requirements waived, all others met" in site.zuul.output(builds[CLOSURE])
    assert "nothing provides python3dist(testtools)" in site.zuul.output(builds[ALONE])


def test_the_next_compose_is_judged_before_it_arrives(site, trunk):
    good, drops = trunk[NEXT_COMPOSE], trunk[DROPS]
    assert (good["result"], drops["result"]) == ("SUCCESS", "FAILURE")
    assert "good for 1 of 1 releases, and is the last good one now." in site.zuul.output(good)
    (artifact,) = [one for one in good["artifacts"] if one["name"] == "last good compose"]
    assert artifact["url"].endswith("next-compose/good-compose.json")
    kept = site.zuul.document(good, "next-compose/good-compose.json")
    assert kept["files"][0]["url"] == f"file://{site.composes}/good/compose/metadata/composeinfo.json"
    assert "drops python3-testtools" in site.zuul.output(drops)
    assert not (site.zuul.logs / drops["uuid"] / "next-compose/good-compose.json").exists()


def test_an_installer_takes_roles_alone(site):
    site.zuul.wait("the installer", lambda: site.zuul.buildsets(project="installer"))
    (build,) = site.zuul.builds(project="installer")
    assert build["result"] == "SUCCESS", site.zuul.output(build)
    folder = site.zuul.logs / build["uuid"]
    (written,) = folder.glob("*.repo")
    assert all(url in written.read_text() for url in site.label("source").values())
    assert (folder / "collected/index.html").is_file()


def test_of_two_runs_the_second_goes_on_with_what_the_first_left_red(site, trunk, beside_the_others):
    before = site.label()
    released = site.release(1, 0)
    assert released != before
    site.zuul.play("fail")
    for pipeline in (PERIODIC, "manual"):
        site.zuul.enqueue("config", pipeline)
    site.zuul.wait("the red vote", lambda: [vote for vote in site.votes() if not vote[1]])
    # Red it stays, whatever comes now.
    assert site.label() == before
    site.zuul.play("pass")
    _first, red, green = runs(site, 3)
    assert outcome(red) == {CANDIDATE: "POST_FAILURE", UPSTREAM_TESTS: "SUCCESS", SMOKE: "FAILURE"}
    assert outcome(green) == GREEN
    decision = site.zuul.document(red[CANDIDATE], "decision.json")
    assert [(entry["requirement"], entry["reason"]) for entry in decision["unsatisfied"]] == [("smoke", "failed")]
    assert "the node is broken" in (site.zuul.logs / red[SMOKE]["uuid"] / "smoke/tests/smoke.xml").read_text()
    # The second did not begin before the first had ended, and then went on with its candidate.
    assert green[CANDIDATE]["start_time"] >= red[CANDIDATE]["end_time"]
    tested = [site.zuul.document(builds[CANDIDATE], "candidate.json") for builds in (red, green)]
    assert tested[0] == tested[1]
    assert "it was not run again" in site.zuul.output(green[UPSTREAM_TESTS])
    assert votes_for(site, tested[0]) == [(CANDIDATE, 1), ("smoke", 0), ("smoke", 1), ("upstream-tests", 1)]
    assert site.label() == released


def test_a_good_change_of_rdoinfo_shows_its_plan(site, checks):
    builds = checks["rdoinfo", GOOD]
    assert outcome(builds) == {"releng-rdoinfo": "SUCCESS", "releng-tag-plan": "SUCCESS"}
    plan = site.zuul.document(builds["releng-tag-plan"], "tag-plan.json")
    assert [(each["action"], each["tag"]) for each in plan["actions"]] == [
        ("tag", TAGS[2]),
        ("untag", TAGS[1]),
        ("untag", TAGS[2]),
    ]
    assert plan["actions"][0]["build"] == "openstack-nova-2-1.el9s"
    assert plan["closure"]["tags"][TAGS[2]]["gains"] == ["openstack-nova-2-1.el9s.noarch"]


def test_a_bad_change_of_rdoinfo_is_rejected_with_the_reason(site, checks):
    builds = checks["rdoinfo", BAD]
    assert outcome(builds) == {"releng-rdoinfo": "FAILURE", "releng-tag-plan": "FAILURE"}
    assert "maintainer is not a key of a package" in site.zuul.output(builds["releng-rdoinfo"])
    assert "openstack-nova-9-1.el9s: the hub has no such build" in site.zuul.output(builds["releng-tag-plan"])


def test_a_change_of_rdoinfo_that_breaks_what_is_tagged_is_rejected_with_the_reason(site, checks):
    builds = checks["rdoinfo", BREAKS]
    assert outcome(builds) == {"releng-rdoinfo": "SUCCESS", "releng-tag-plan": "FAILURE"}
    printed = site.zuul.output(builds["releng-tag-plan"])
    assert "The plan would break 1 requirements that are met now" in printed
    assert "openstack-client-1-1.el9s.noarch" in printed and "nova-api" in printed


def test_what_is_rendered_is_what_the_definitions_say(site, checks):
    assert outcome(checks["config", GOOD]) == {"releng-render": "SUCCESS"}
    assert outcome(checks["config", BAD]) == {"releng-render": "FAILURE"}
    printed = site.zuul.output(checks["config", BAD]["releng-render"])
    assert "commit what it writes: write zuul.d/release-quickstart.yaml, write criteria/quickstart.yml" in printed


def test_a_change_of_a_package_is_built_and_tested(site, checks):
    build = checks["stevedore-distgit", GOOD][DISTGIT]
    assert build["result"] == "SUCCESS"
    folder = site.zuul.logs / build["uuid"]
    assert {"python3-stevedore", "python3-stevedore-tests"} <= {
        path.name.rsplit("-", 2)[0] for path in folder.glob("packages/*.noarch.rpm")
    }
    assert list(folder.glob("upstream-tests/tests/stevedore.subunit"))
    # The scenario installed these packages, not those that the label holds.
    assert "rdo-releng-change" in (folder / "upstream-tests/logs/root.log").read_text()


def test_a_change_that_breaks_a_package_is_rejected_with_the_reason(site, checks):
    build = checks["stevedore-distgit", BAD][DISTGIT]
    assert build["result"] == "FAILURE"
    assert "nobody-packaged-it" in site.zuul.output(build)


@pytest.mark.long
def test_a_run_that_is_taken_out_leaves_its_votes_to_promote(site):
    before = site.label()
    released = site.release(1, 1)
    site.zuul.play("hang")
    site.zuul.enqueue("config", "manual")
    site.zuul.wait(
        "the vote of upstream's tests", lambda: [vote[0] for vote in site.votes()].count("upstream-tests") == 3, 200
    )
    site.zuul.wait("the tests that hang", site.zuul.hanging)
    site.zuul.dequeue("config", "manual")
    *_before, builds = runs(site, 4)
    assert (builds[CANDIDATE]["result"], builds[SMOKE]["result"]) == ("ABORTED", "ABORTED")
    assert site.label() == before
    # A vote is missing; it was asked for again, by hand.
    assert promote(site, 1)["result"] == "FAILURE"
    assert site.label() == before
    staged = modules.run_module(
        "dlrn_staged_candidate",
        label=STAGING,
        target=TARGET,
        job=CANDIDATE,
        path=str(site.folder / "staged.json"),
        api_url=site.api.url,
    )
    assert votes_for(site, staged["candidate"]) == [(CANDIDATE, 1), ("upstream-tests", 1)]
    voted = modules.run_module(
        "dlrn_vote",
        candidate=str(site.folder / "staged.json"),
        job="smoke",
        success=True,
        url="https://example.org/by-hand",
        **site.api.arguments,
    )
    assert not voted["failed"], voted
    assert promote(site, 2)["result"] == "SUCCESS"
    assert site.label() == released


def promote(site, count):
    """Let pipeline promote run for the ``count``-th time; the build."""
    site.zuul.enqueue("config", "promote")
    site.zuul.wait(f"promote {count}", lambda: len(site.zuul.buildsets(pipeline="promote")) == count)
    return site.zuul.builds(pipeline="promote")[-1]


GA, AFTER_GA = "quickstart-ga", "quickstart-after-ga"


@pytest.fixture
def release(site):
    """Four packages, of which one is not built yet; all that people have to review for them, they have."""
    folder = site.folder / "release"
    folder.mkdir()
    chain = {f"pkg{number}-1.0-1.el9": [f"pkg{number - 1}-1.0-1.el9"] if number else [] for number in range(4)}
    world = ReleaseWorld(folder, chain, ["pkg0-1.0-1.el9"])
    world.review_rows()
    world.review_tag()
    yield world
    world.close()


@pytest.mark.long
def test_a_release_goes_on_where_its_last_build_stopped(site, release):
    """Its job has the hub's password, which is in no log, and begins nothing after it until the release is made."""
    account = {"server": release.server.url, "user": "kojiadmin", "password": "kojiadmin"}
    job = {"name": GA, "parent": "releng-ga", "nodeset": "host", "semaphores": GA, "pre-run": "playbooks/pre.yaml"}
    job.update(
        secrets=[{"name": "releng_koji", "secret": GA, "pass-to-parent": True}],
        vars=yaml.safe_load(release.variables.read_text()),
    )
    after = {"name": AFTER_GA, "parent": "base", "run": "playbooks/after.yaml"}
    pipeline = {"name": "ga", "manager": "independent", "post-review": True, "trigger": {}}
    jobs = [GA, {AFTER_GA: {"dependencies": [GA]}}]
    project = {"name": "config", "ga": {"jobs": jobs}}
    parts = ({"semaphore": {"name": GA}}, {"pipeline": pipeline}, {"job": job}, {"job": after}, {"project": project})
    site.zuul.commit(
        "config",
        {
            "zuul.d/ga-secret.yaml": site.zuul.encrypt("config", {GA: account}),
            "zuul.d/ga.yaml": yaml.safe_dump(list(parts)),
            "playbooks/after.yaml": "- hosts: localhost\n  tasks: []\n",
        },
    )
    site.zuul.wait("the pipeline", lambda: "ga" in [each["name"] for each in site.zuul.get("tenant/releng/pipelines")])

    def build(count):
        site.zuul.enqueue("config", "ga")
        site.zuul.wait(f"build {count}", lambda: len(site.zuul.buildsets(pipeline="ga")) == count)
        last = site.zuul.buildsets(pipeline="ga")[-1]
        return {
            each["job_name"]: each
            for each in site.zuul.builds(pipeline="ga")
            if each["buildset"]["uuid"] == last["uuid"]
        }

    for count, whom in enumerate(("gate waits for people", "published waits for distribution"), start=1):
        waiting = build(count)
        assert outcome(waiting) == {GA: "SUCCESS", AFTER_GA: "SKIPPED"}, site.zuul.output(waiting[GA])
        assert whom in site.zuul.output(waiting[GA])
        release.help(whom)
    done = build(3)
    assert outcome(done) == {GA: "SUCCESS", AFTER_GA: "SUCCESS"}, site.zuul.output(done[GA])
    assert "epoxy on el9s: done until announcement." in site.zuul.output(done[GA])
    release.check_end()
