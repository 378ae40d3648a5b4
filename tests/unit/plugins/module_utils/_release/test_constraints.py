# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._release.constraints import (
    PackageNames,
    constraints_for,
    parse_constraints,
    python_of,
)
from ansible_collections.rdo.releng.plugins.module_utils._release.constraints_compare import compare_pins, status_of

TEXT = """\
# a comment
cliff===4.9.1;python_version=='3.9'
cliff===4.11.0;python_version>='3.10'
oslo.config===10.0.0
pywin32===306;sys_platform=='win32'
rc===2.0.0.0rc1  # behind
"""


def test_markers_choose_the_line_for_each_python():
    constraints, invalid = parse_constraints(TEXT, "uc.txt")
    assert invalid == []
    for python, version, line in (("3.9", "4.9.1", 2), ("3.12", "4.11.0", 3), ("3.6", None, None)):
        found = constraints_for(constraints, python, "uc.txt")
        cliff = found.get("cliff")
        assert (cliff and cliff.version, cliff and cliff.line) == (version, line)
        assert sorted(set(found) - {"cliff"}) == ["oslo-config", "rc"]


@pytest.mark.parametrize(
    "line", ["cliff", "cliff>=4", "cliff===4.*", "cliff==4,!=4.1", "cliff===4;python=='3'", "<html>"]
)
def test_a_line_that_is_no_constraint_is_named_or_left_out(line):
    with pytest.raises(InvalidInput, match=r"uc\.txt has lines that are not constraints: line 2: ") as caught:
        parse_constraints(f"a===1\n{line}\n", "uc.txt")
    constraints, invalid = parse_constraints(f"a===1\n{line}\n", "uc.txt", skip_invalid=True)
    assert [constraint.name for constraint in constraints] == ["a"]
    assert invalid == caught.value.data["invalid_lines"] and len(invalid) == 1


def test_a_file_without_constraints_is_the_wrong_one():
    with pytest.raises(InvalidInput, match="no constraints at all"):
        parse_constraints("# nothing\n", "uc.txt")


def test_two_versions_for_one_python_are_not_chosen_between():
    constraints, _invalid = parse_constraints("a===1\nA===2;python_version>='3.9'\n", "uc.txt")
    with pytest.raises(InvalidInput, match=r"two versions for Python 3\.9: 1 on line 1 and 2 on line 2"):
        constraints_for(constraints, "3.9", "uc.txt")


def test_the_python_of_a_distro_is_known_or_given():
    assert python_of("el9s", {}) == "3.9" and python_of("el9s", {"el9s": "3.11"}) == "3.11"
    with pytest.raises(InvalidInput, match="Python of el11s is not known"):
        python_of("el11s", {})
    with pytest.raises(InvalidInput, match="'3' is not a version of Python"):
        constraints_for([], "3", "uc.txt")


PACKAGES = {
    "openstackclient": {"name": "python-openstackclient", "upstream": "https://opendev.org/openstack/python-openstackclient"},
    "oslo-config": {"name": "python-oslo-config", "upstream": "https://opendev.org/openstack/oslo.config"},
    "glance_store": {"name": "python-glance-store", "upstream": "https://opendev.org/openstack/glance_store"},
    "pyasn": {"name": "python-pyasn1", "upstream": "https://example.com/pyasn1.git"},
    "horizon": {"name": "openstack-horizon", "upstream": "https://opendev.org/openstack/horizon"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "project"),
    [
        ("python-openstackclient", "openstackclient"),
        ("oslo.config", "oslo-config"),
        ("Oslo_Config", "oslo-config"),
        ("glance-store", "glance_store"),
        ("pyasn1", "pyasn"),
        ("horizon", "horizon"),  # pymod2pkg says openstack-dashboard, which is not a package here
        ("flask", None),
    ],
)
def test_names_on_pypi_are_packages(name, project):
    packages = {key: {"project": key, **value} for key, value in PACKAGES.items()}
    assert PackageNames(packages).project(name) == project


def test_overrides_decide():
    packages = {key: {"project": key, **value} for key, value in PACKAGES.items()}
    names = PackageNames(packages, {"Oslo.Config": None, "flask": "horizon"})
    assert (names.project("oslo-config"), names.project("Flask")) == (None, "horizon")
    with pytest.raises(InvalidInput, match=r"does not have: \['flaks'\]"):
        PackageNames(packages, {"flask": "flaks"})


@pytest.mark.parametrize(
    ("version", "constraint", "status"),
    [
        ("1.0", "1.0.0", "equal"),
        ("1.9", "1.10", "bump"),
        ("2.0.0", "2.0.0.0rc1", "ahead"),
        ("2.0.0~rc1", "2.0.0.0rc1", "equal"),
        ("1.0-git", "1.0.1", "bump"),
        (None, "1", "missing"),
    ],
)
def test_versions_are_compared_as_python_has_them(version, constraint, status):
    assert status_of(version, constraint) == status


def pinned(project, pin=None, **tags):
    package = {"project": project, "name": f"python-{project}", "tags": {"epoxy": None, **tags}}
    return {**package, "source-branch": pin} if pin else package


def test_a_pin_is_proposed_only_where_one_serves_every_distro():
    packages = {
        name: pinned(name, pin, **tags)
        for name, pin, tags in [
            ("cliff", "4.10.0", {}),
            ("same", "1.0", {}),
            ("old", "1.0", {}),
            ("none", None, {}),
            ("hash", "0" * 40, {}),
            ("branch", "stable/1.x", {}),
            ("locked", "1.0", {"version-locked": None}),
            ("locked-elsewhere", "1.0", {"version-locked": {"zed": None}}),
            ("number", 1.1, {}),
            ("unconstrained", "1.0", {}),
        ]
    }
    lines = [f"{name}===2.0" for name in packages if name not in ("cliff", "same", "unconstrained")]
    text = "cliff===4.9.1;python_version=='3.9'\ncliff===4.11.0;python_version>='3.10'\nsame===1.0\n" + "\n".join(lines)
    constraints, _invalid = parse_constraints(text, "uc.txt")
    found = {
        distro: constraints_for(constraints, python, "") for distro, python in (("el9s", "3.9"), ("el10s", "3.12"))
    }
    rows, proposals, conflicts = compare_pins(packages, "epoxy", "epoxy", found)
    assert proposals == {"old": "2.0", "none": "2.0", "locked-elsewhere": "2.0"}
    assert conflicts == [
        {
            "project": "cliff",
            "name": "cliff",
            "pin": "4.10.0",
            "versions": {"el9s": "4.9.1", "el10s": "4.11.0"},
            "reason": "one pin cannot be 4.9.1 for el9s (line 1), 4.11.0 for el10s (line 2)",
        }
    ]
    assert {(row["project"], row["distro"]): row["status"] for row in rows if row["distro"] == "el9s"} == {
        ("cliff", "el9s"): "ahead",
        ("same", "el9s"): "equal",
        ("old", "el9s"): "bump",
        ("none", "el9s"): "missing",
        ("hash", "el9s"): "hold",
        ("branch", "el9s"): "hold",
        ("locked", "el9s"): "hold",
        ("locked-elsewhere", "el9s"): "bump",
        ("number", "el9s"): "hold",
    }
