# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release definitions: what they make, that they always make the same, and what is wrong with a wrong one."""

from __future__ import annotations

import copy
import os
import pathlib

import pytest
import yaml

from ansible_collections.rdo.releng.plugins.module_utils._gate.criteria import load_criteria
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, RelengError
from ansible_collections.rdo.releng.plugins.module_utils._zuul.definition import filled, read_release, read_site
from ansible_collections.rdo.releng.plugins.module_utils._zuul.rendering import RenderedReleases, render

ROOT = pathlib.Path(__file__).resolve().parents[5]
EXAMPLE = ROOT / "docs" / "zuul-tenant"
RELEASES = sorted((EXAMPLE / "releases").glob("*.yml"))
RDOINFO = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data" / "rdoinfo" / "rdo.yml"

SITE = {
    "schema": "rdo.releng/site/1",
    "project": "config",
    "promote": "promote",
    "distros": {"el9s": {"nodeset": "node", "base": [{"id": "base", "url": "https://example.org/{release}"}]}},
    "scenarios": {
        "tests": {"role": "a.b.c", "variables": {"text": "{upstream_branch} of {distro}", "left": "{{ zuul.job }}"}},
        "smoke": {"role": "smoke", "repository": "https://example.org/smoke", "version": "{upstream_branch}"},
    },
}
RELEASE = {
    "schema": "rdo.releng/release/1",
    "release": "epoxy",
    "branch": "epoxy-rdo",
    "upstream_branch": "stable/2025.1",
    "timer": "0 3 * * *",
    "labels": {"source": "consistent", "staging": "passed-testing", "target": "passed"},
    "distros": {"el9s": {"python": "3.9", "trunk_url": "https://example.org/trunk", "secret": "dlrn"}},
    "scenarios": ["tests", "smoke"],
}


class Folder:
    """A checkout with a site and one release."""

    def __init__(self, path):
        self.path = path
        (path / "releases").mkdir()
        self.write(SITE, RELEASE)

    def write(self, site, release):
        (self.path / "site.yml").write_text(yaml.safe_dump(site))
        (self.path / "releases" / "epoxy.yml").write_text(yaml.safe_dump(release))

    def read(self):
        site = read_site(str(self.path / "site.yml"))
        return site, read_release(str(self.path / "releases" / "epoxy.yml"), site)

    def change(self):
        releases = str(self.path / "releases")
        return RenderedReleases(str(self.path / "site.yml"), [releases], str(self.path))

    def changes_by_file(self):
        releases = [str(path) for path in (self.path / "releases").glob("*.y*ml")]
        return RenderedReleases(str(self.path / "site.yml"), releases, str(self.path))


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def rendered(folder):
    files = render(*folder.read())
    found = {}
    for stanza in yaml.safe_load(files["zuul.d/release-epoxy.yaml"]):
        ((kind, content),) = stanza.items()
        found[kind, content["name"]] = content
    return found


def test_a_folder_of_definitions_means_all_in_it(folder):
    (folder.path / "releases" / "notes.txt").write_text("not a definition")
    assert folder.change().plan().actions == folder.changes_by_file().plan().actions != []


def test_a_release_is_rendered(folder):
    found = rendered(folder)
    assert list(found) == [
        ("pipeline", "periodic-epoxy"),
        ("semaphore", "releng-epoxy-el9s-passed"),
        ("job", "epoxy-el9s-candidate"),
        ("job", "epoxy-el9s-tests"),
        ("job", "epoxy-el9s-smoke"),
        ("job", "epoxy-el9s-promote"),
        ("project-template", "epoxy-el9s-promotion"),
        ("project", "config"),
    ]
    candidate, tests = found["job", "epoxy-el9s-candidate"], found["job", "epoxy-el9s-tests"]
    assert candidate["semaphores"] == found["job", "epoxy-el9s-promote"]["semaphores"] == "releng-epoxy-el9s-passed"
    assert candidate["vars"]["candidate_base"] == [{"id": "base", "url": "https://example.org/epoxy"}]
    assert candidate["vars"]["candidate_scenarios"] == [
        {"name": "smoke", "repository": "https://example.org/smoke", "version": "stable/2025.1"}
    ]
    assert tests["dependencies"] == ["epoxy-el9s-candidate"]
    assert tests["vars"]["text"] == "stable/2025.1 of el9s"
    assert tests["vars"]["left"] == "{{ zuul.job }}"


def test_jobs_with_the_secret_are_as_they_are_and_only_here(folder):
    for (kind, name), content in rendered(folder).items():
        if kind == "job":
            assert content["branches"] == "^main$"
            assert content["final"] and content["post-review"] and content["allowed-projects"] == ["config"], name
            assert content["secrets"] == [{"name": "releng_dlrn", "secret": "dlrn", "pass-to-parent": True}]


PACKAGE_JOBS = {
    "distgit": {
        "parent": "releng-distgit",
        "pipelines": ["check", "gate"],
        "variables": {"root": "{root}", "repository": "{trunk_url}/{target}"},
    },
    "name": {"parent": "releng-koji-nvr", "pipelines": ["post"]},
    "build": {
        "parent": "releng-koji-build",
        "pipelines": ["post"],
        "needs": ["name"],
        "secret": "koji",
        "job": {"nodeset": "executor"},
    },
}


def test_jobs_for_changes_of_packages(folder):
    distros = {"el9s": {**SITE["distros"]["el9s"], "placeholders": {"root": "stream-9"}}}
    folder.write({**SITE, "distros": distros, "packages": ["nova"], "package_jobs": PACKAGE_JOBS}, RELEASE)
    found = rendered(folder)
    distgit, build = found["job", "epoxy-el9s-distgit"], found["job", "epoxy-el9s-build"]
    assert distgit["vars"] == {"root": "stream-9", "repository": "https://example.org/trunk/passed"}
    assert (distgit["branches"], distgit["nodeset"]) == (r"^epoxy\-rdo$", "node")
    assert "secrets" not in distgit
    assert (build["final"], build["post-review"], build["allowed-projects"]) == (True, True, ["nova"])
    assert build["secrets"] == [{"name": "releng_koji", "secret": "koji", "pass-to-parent": True}]
    assert found["project-template", "epoxy-packages"] == {
        "name": "epoxy-packages",
        "check": {"jobs": ["epoxy-el9s-distgit"]},
        "gate": {"jobs": ["epoxy-el9s-distgit"]},
        "post": {"jobs": ["epoxy-el9s-build", "epoxy-el9s-name"]},
    }
    assert found["project", "nova"] == {"name": "nova", "templates": ["epoxy-packages"]}
    assert build["dependencies"] == ["epoxy-el9s-name"] and "dependencies" not in found["job", "epoxy-el9s-name"]
    folder.write({**SITE, "package_jobs": {"build": {**PACKAGE_JOBS["build"], "needs": ["nmae"]}}}, RELEASE)
    with pytest.raises(InvalidInput, match="package job build needs nmae, and there are build"):
        folder.read()


def test_criteria_are_all_scenarios_or_what_the_definition_says(folder):
    criteria = yaml.safe_load(render(*folder.read())["criteria/epoxy.yml"])
    assert criteria["promotions"]["passed"]["criteria"] == ["tests", "smoke"]
    folder.write(SITE, {**RELEASE, "criteria": [{"any": ["tests", "smoke"]}]})
    criteria = yaml.safe_load(render(*folder.read())["criteria/epoxy.yml"])
    assert criteria["promotions"]["passed"]["criteria"] == [{"any": ["tests", "smoke"]}]
    assert load_criteria(criteria, "rendered").target("passed", [])


def test_it_is_written_once_and_removed_with_its_definition(folder):
    by_hand = folder.path / "zuul.d" / "pipelines.yaml"
    by_hand.parent.mkdir()
    by_hand.write_text("# by hand\n")
    change = folder.change()
    plan = change.plan()
    assert plan.actions == ["write zuul.d/release-epoxy.yaml", "write criteria/epoxy.yml"]
    change.apply(plan)
    assert folder.change().plan().actions == []
    (folder.path / "releases" / "epoxy.yml").unlink()
    change = folder.change()
    change.apply(change.plan())
    assert [path.name for path in folder.path.rglob("*") if path.is_file()] == ["site.yml", "pipelines.yaml"]


def test_a_file_by_hand_is_not_overwritten(folder):
    (folder.path / "criteria").mkdir()
    (folder.path / "criteria" / "epoxy.yml").write_text("promotions: {}\n")
    with pytest.raises(InvalidInput, match="criteria/epoxy.yml .* was not rendered"):
        folder.change().plan()


@pytest.mark.parametrize(
    "path, value, message",
    [
        (("distros", "el10s"), {}, "lacks python, trunk_url, secret"),
        (("distros",), {}, "distros: a mapping from names is needed"),
        (("distros",), {"el8s": RELEASE["distros"]["el9s"]}, "no distribution el8s. There are el9s"),
        (("scenarios",), ["tests", "smokee"], "no scenario smokee. There are smoke, tests"),
        (("scenarios",), ["tests", "tests"], "names a scenario twice"),
        (("scenarios",), "tests", "scenarios is 'tests'; list is needed"),
        (("criteria",), ["other"], "no scenario other"),
        (("criteria",), [{"most": ["tests"]}], "is not a requirement"),
        (("criteria",), [{"at_least": {"of": ["nothing"]}}], "no scenario nothing"),
        (("release",), "../epoxy", "is not a name"),
        (("labels",), {"source": "a", "target": "b"}, "labels lacks staging"),
        (("labels",), None, "labels is None, not a mapping"),
        (("timers",), "0 3 * * *", "unknown keys: timers. Known are release, branch"),
        (("release",), "flamingo", "is of the release flamingo: call the file flamingo.yml"),
        (("timer",), "0 3 * *", "has 4 parts"),
        (("timer",), "daily", "has 1 parts"),
        (("timer",), "0 3 * * * * 60 0", "has 8 parts"),
        (("timer",), "60 3 * * *", "has the minute '60': 0 to 59 is needed"),
        (("timer",), "0 24 * * *", "has the hour '24'"),
        (("timer",), "0 3 0 * *", "has the day of the month '0'"),
        (("timer",), "0 3 * 13 *", "has the month '13': 1 to 12 or jan"),
        (("timer",), "0 3 * * 7", "has the day of the week '7': 0 to 6 or mon"),
        (("timer",), "0 3 * * 5-1", "the range ends before it begins"),
        (("timer",), "*/0 3 * * *", "a step is from 1 to 60"),
        (("timer",), "0,x 3 * * *", "has the minute 'x'"),
        (("timer",), "0 3 * * * * soon", "has the jitter 'soon'"),
        (("max_age_hours",), True, "max_age_hours is True; int is needed"),
        (("schema",), "rdo.releng/release/2", "has schema 'rdo.releng/release/2'"),
    ],
)
def test_a_wrong_definition_is_refused(folder, path, value, message):
    release = copy.deepcopy(RELEASE)
    place = release
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    folder.write(SITE, release)
    with pytest.raises(RelengError) as error:
        folder.read()
    assert message in error.value.message


@pytest.mark.parametrize(
    "site, message",
    [
        ({"parents": {"candidates": "x"}}, "parents has candidates"),
        ({"scenarios": {"tests": {"role": "x", "repository": "y"}}}, "needs both repository and version"),
        ({"scenarios": {"a b": {"role": "x"}}}, "'a b' is not a name"),
        ({"pipeline": "x"}, "unknown keys: pipeline"),
    ],
)
def test_a_wrong_site_is_refused(folder, site, message):
    folder.write({**SITE, **site}, RELEASE)
    with pytest.raises(RelengError) as error:
        folder.read()
    assert message in error.value.message


@pytest.mark.parametrize("text, message", [("{nothing}", "no placeholder nothing"), ("{", "cannot be filled in")])
def test_a_wrong_placeholder_is_refused(text, message):
    with pytest.raises(RelengError) as error:
        filled([text], {"release": "epoxy"}, "A scenario")
    assert message in error.value.message


@pytest.mark.parametrize(
    "timer",
    [
        "0 3 * * *",
        "*/15 0-6,22 1,last jan-jun/2 mon-fri",
        "5 4 * * 0",
        "* * * * * */10",
        "0 0 * * * * 60",
        "1/2 * * * SUN",
    ],
)
def test_times_that_zuul_begins_at(folder, timer):
    folder.write(SITE, {**RELEASE, "timer": timer})
    assert folder.read()[1].timer == timer


@pytest.mark.parametrize(("key", "misspelt"), [("labels", "labls"), ("distros", "distro"), ("timer", "timers")])
def test_a_misspelt_key_is_told_before_the_one_that_is_missing_for_it(folder, key, misspelt):
    release = {misspelt if name == key else name: value for name, value in RELEASE.items()}
    folder.write(SITE, release)
    with pytest.raises(InvalidInput, match=f"has unknown keys: {misspelt}[.] Known are .*{key}"):
        folder.read()
    folder.write({("distro" if name == "distros" else name): value for name, value in SITE.items()}, RELEASE)
    with pytest.raises(InvalidInput, match=r"site.yml has unknown keys: distro[.]"):
        folder.read()


def test_two_definitions_of_one_release_are_refused(folder):
    (folder.path / "releases" / "epoxy.yaml").write_text(yaml.safe_dump(RELEASE))
    with pytest.raises(InvalidInput, match=r"Two release definitions make zuul.d/release-epoxy.yaml"):
        folder.change().plan()


def test_the_example_has_small_files_and_always_the_same_result():
    site = read_site(str(EXAMPLE / "site.yml"))
    assert len(RELEASES) >= 4
    for path in RELEASES:
        assert len(path.read_text().splitlines()) <= 30
        release = read_release(str(path), site)
        assert set(release.scenarios) == set(site.scenarios)
        assert render(site, release) == render(site, read_release(str(path), site))


@pytest.mark.skipif(not RDOINFO.exists(), reason=f"there is no rdoinfo at {RDOINFO}")
@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_the_example_is_what_rdoinfo_has(path):
    release = read_release(str(path), read_site(str(EXAMPLE / "site.yml")))
    (known,) = (each for each in yaml.safe_load(RDOINFO.read_text())["releases"] if each["name"] == release.release)
    assert (release.branch, release.upstream_branch) == (known["branch"], known["upstream_branch"])
    assert set(release.distros) == {repository["name"] for repository in known["repos"]}


def test_services_deployed_from_a_candidate_are_a_job_with_a_vote_and_a_criterion(folder):
    """As docs/services.md has it."""
    guide = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")
    example = yaml.safe_load(guide.split("<!-- site.yml -->")[1].split("```yaml\n")[1].split("```")[0])
    folder.write({**SITE, **example}, {**RELEASE, "scenarios": ["tempest-cloud", "tempest-network-upgrade"]})
    found = rendered(folder)
    job = next(content for (kind, name), content in found.items() if kind == "job" and name.endswith("tempest-cloud"))
    assert job["vars"]["scenario_role"] == "rdo.releng.scenario_tempest"
    assert job["vars"]["scenario_tempest_definition"] == "clouds/cloud.yml"
    assert job["vars"]["scenario_tempest_repositories"][2]["baseurl"] == "https://example.org/trunk/deps/latest"
    (criteria,) = [text for name, text in render(*folder.read()).items() if "criteria" in name]
    assert "tempest-cloud" in criteria
    assert "tempest-network-upgrade" in criteria
    job = next(content for (kind, name), content in found.items() if kind == "job" and name.endswith("network-upgrade"))
    label = (job["vars"]["scenario_label"], job["vars"]["scenario_trunk_url"])
    assert label == (RELEASE["labels"]["target"], "https://example.org/trunk")
