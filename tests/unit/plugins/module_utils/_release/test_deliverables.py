# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._release.deliverables import (
    is_pre_release,
    not_packaged,
    read_deliverables,
    readiness,
)

NOVA = """\
release-model: cycle-with-rc
type: service
releases:
- {version: 32.0.0.0rc1, projects: [{repo: openstack/nova}]}
- {version: 32.0.0, projects: [{repo: openstack/nova}]}
- {version: 32.1.0, projects: [{repo: openstack/nova}]}
"""
HEAT = """\
release-model: cycle-with-rc
type: service
releases:
- {version: 25.0.0.0rc1, projects: [{repo: openstack/heat}]}
"""
LATE = "release-model: cycle-with-intermediary\ntype: library\nrepository-settings: {openstack/late: {}}\n"
DEVSTACK = "release-model: untagged\ntype: other\nrepository-settings: {openstack/devstack: {}}\n"
RALLY = "type: other\nreleases:\n- {version: 5.1.1, projects: [{repo: openstack/rally}]}\n"


@pytest.fixture
def folder(tmp_path):
    files = {"flamingo/nova": NOVA, "flamingo/heat": HEAT, "flamingo/late": LATE, "flamingo/devstack": DEVSTACK}
    for name, text in {**files, "_independent/rally": RALLY}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_the_last_final_release_counts(folder):
    found = read_deliverables(str(folder), "flamingo")
    assert (found["openstack/nova"].version, found["openstack/nova"].pre_release) == ("32.1.0", None)
    assert (found["openstack/heat"].version, found["openstack/heat"].pre_release) == (None, "25.0.0.0rc1")
    assert (found["openstack/late"].version, found["openstack/late"].model) == (None, "cycle-with-intermediary")
    assert (found["openstack/rally"].version, found["openstack/rally"].model) == ("5.1.1", "independent")


def test_a_version_is_what_reads_as_one(folder):
    """Series end in tags that are names, and an older branch may be released after a newer one."""
    versions = ("3.1.4", "3.0.7", "3.2.0rc1", "4.0.0", "2024.1-eom", "zed-eol", "ussuri-em", "zed-last")
    branch = "branches: [{name: stable/2025.2, location: 3.1.0}]\n"
    for name, model, more in [
        ("flamingo/ended", "cycle-with-rc", ""),
        ("flamingo/branched", "cycle-with-rc", branch),
        ("_independent/free", "independent", branch),
    ]:
        text = f"release-model: {model}\ntype: service\n{more}releases:\n"
        for version in versions:
            text += f"- {{version: {version}, projects: [{{repo: openstack/{name.rpartition('/')[2]}}}]}}\n"
        (folder / f"{name}.yaml").write_text(text)
    found = read_deliverables(str(folder), "flamingo")
    highest = {name: found[f"openstack/{name}"].version for name in ("ended", "branched", "free")}
    # The stable branch was made at 3.1.0: 4.0.0 cannot be of it.
    assert highest == {"ended": "4.0.0", "branched": "3.1.4", "free": "4.0.0"}
    assert found["openstack/branched"].pre_release == "3.2.0rc1"


def package(name, pin=None, upstream=None):
    row = {
        "project": name,
        "name": f"openstack-{name}",
        "upstream": upstream or f"https://opendev.org/openstack/{name}",
    }
    return {**row, "source-branch": pin} if pin else row


@pytest.mark.parametrize(
    ("name", "pin", "built", "tagged", "status", "reason"),
    [
        ("nova", None, ["32.1.0"], ["32.1.0"], "ready", None),
        ("nova", None, ["32.1.0", "33.0.0"], ["33.0.0"], "ready", None),
        ("nova", None, ["32.1.0"], ["32.0.0"], "not-tagged", "openstack-nova-32.1.0-1.el9s is not in testing"),
        ("nova", None, ["32.0.0"], ["32.0.0"], "not-built", "32.1.0 is not built for el9s"),
        (
            *("nova", "32.0.0", ["32.0.0"], ["32.0.0"], "pin-behind"),
            "it is pinned to 32.0.0, and upstream released 32.1.0 in the series",
        ),
        (
            *("nova", "33.0.0", ["32.1.0"], ["32.1.0"], "pin-ahead"),
            "it is pinned to 33.0.0, and upstream released 32.1.0 in the series, and 33.0.0 is not built for el9s",
        ),
        (
            *("nova", "v33.0.0", ["33.0.0"], [], "pin-ahead"),
            "it is pinned to v33.0.0, and upstream released 32.1.0 in the series, and openstack-nova-33.0.0-1.el9s is "
            "not in testing",
        ),
        ("nova", "33.0.0", ["33.0.0"], ["33.0.0"], "ready", None),
        ("nova", "32.1.0", ["32.1.0"], ["32.1.0"], "ready", None),
        ("nova", None, [], [], "not-built", "32.1.0 is not built for el9s"),
        ("heat", None, ["25.0.0"], [], "not-released", "upstream released only 25.0.0.0rc1 in the series"),
        ("late", None, [], [], "not-released", "upstream released nothing in the series"),
        ("devstack", None, [], [], "unknown", "upstream makes no releases of it"),
        ("rally", None, ["5.1.1"], ["5.1.1"], "unpinned", "upstream is independent, and it is not pinned"),
        ("rally", "5.0.0", ["5.0.0"], ["5.0.0"], "ready", None),
        ("rally", "5.1.1", ["5.0.0"], ["5.0.0"], "not-built", "5.1.1 is not built for el9s"),
        ("rally", "master", ["5.1.1"], [], "unknown", "upstream is independent, and it is pinned to master"),
        ("other", "v1.0.1", ["1.0.1"], ["1.0.1"], "ready", None),
        ("other", None, [], [], "unpinned", "it is not a deliverable of OpenStack, and it is not pinned"),
    ],
)
def test_how_far_a_package_is(folder, name, pin, built, tagged, status, reason):
    def builds(versions):
        return [f"openstack-{name}-{version}-1.el9s" for version in versions]

    found = read_deliverables(str(folder), "flamingo")
    (row,) = readiness({name: package(name, pin)}, found, "el9s", builds(built), builds(tagged), "testing")
    assert (row["status"], row["reason"]) == (status, reason)


def test_what_nobody_packaged(folder):
    found = read_deliverables(str(folder), "flamingo")
    rows = not_packaged({"heat": package("heat")}, found)
    assert rows == [
        {"deliverable": "flamingo/nova.yaml", "repository": "openstack/nova", "type": "service", "released": "32.1.0"}
    ]


@pytest.mark.parametrize(
    ("version", "pre"), [("32.0.0", False), ("32.0.0.0rc1", True), ("1.0.0.0b2", True), ("2a", False)]
)
def test_pre_releases(version, pre):
    assert is_pre_release(version) is pre


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "flamingo/bad.yaml is not a mapping"),
        ("releases: x", "flamingo/bad.yaml has no list of releases"),
        ("releases: [{projects: []}]", "A release of the deliverable flamingo/bad.yaml has no version"),
        (
            "releases: [{version: 1.0.0, projects: [nova]}]",
            "A project of the deliverable flamingo/bad.yaml has no repo",
        ),
        ("releases: [", "bad.yaml is not valid YAML"),
    ],
)
def test_bad_files_are_named(folder, text, message):
    (folder / "flamingo" / "bad.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=message):
        read_deliverables(str(folder), "flamingo")


def test_a_series_that_is_not_there(folder):
    with pytest.raises(NotFound, match=r"has no series gazpacho\. There is: _independent, flamingo\."):
        read_deliverables(str(folder), "gazpacho")
