# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spec files beside upstream's requirements, with the real rpm and specfile."""

from __future__ import annotations

import re

import pytest
from stage.modules import run_module

pytest.importorskip("rpm", reason="rpm's Python bindings are not installed: make system-packages")

REQUIREMENTS = """\
# The order of packages is significant
stevedore>=1.20.0 # Apache-2.0
oslo.i18n>=3.15.3
rfc3986>=1.2.0
PyYAML>=5.1
importlib_metadata>=1.7.0;python_version<'3.10'
netaddr>=0.7.18,!=0.7.20
pywin32>=300;sys_platform=='win32'
"""
SETUP_CFG = "[metadata]\nname = oslo.config\n"
PYPROJECT = "[build-system]\nrequires = ['pbr>=6.1.1']\n[project]\nname = 'x'\ndynamic = ['dependencies']\n"
SPEC = """\
%global common_desc Words.

Name:       python-oslo-config
Version:    9.7.1
Release:    1%{?dist}
Summary:    Words

License:    Apache-2.0
BuildArch:  noarch
BuildRequires:  python3-devel
BuildRequires:  python3-pbr >= 2.0.0
BuildRequires:  git-core

%description
%{common_desc}

%package -n python3-oslo-config
Summary:    Words
# for plugins
Requires:   python3-stevedore >= 1.20.0
Requires:   python3-oslo-i18n >= 3.10.0
Requires:   python3dist(rfc3986)
Requires:   python3-PyYAML >= 5.1
Requires:   python3-debtcollector >= 1.2.0
Requires:   python-oslo-config-lang = %{version}-%{release}
%if 0%{?rhel} == 9
Requires:   python3-importlib-metadata >= 1.7.0
%endif

%description -n python3-oslo-config
%{common_desc}

%package -n python-oslo-config-doc
Summary:    Words
Requires:   python3-oslotest

%description -n python-oslo-config-doc
%{common_desc}

%prep
%build
%install
%files -n python3-oslo-config
%changelog
"""


@pytest.fixture
def run(tmp_path):
    """Runs the module on the usual spec file and sources, with other texts where they are named."""

    def start(spec=SPEC, check=False, files=None, **options):
        sources = tmp_path / "sources"
        sources.mkdir(exist_ok=True)
        usual = {"requirements.txt": REQUIREMENTS, "setup.cfg": SETUP_CFG, "pyproject.toml": PYPROJECT}
        for name, text in (usual if files is None else files).items():
            (sources / name).write_text(text)
        if spec is not None:
            (tmp_path / "x.spec").write_text(spec)
        return run_module(
            "spec_requirements", check, spec=tmp_path / "x.spec", upstream=sources, cache_dir=tmp_path, **options
        )

    return start


def test_missing_and_minimum_are_applied_and_the_rest_is_left_alone(run, tmp_path):
    planned = run(check=True)
    assert not planned["failed"], planned
    assert planned["changed"] and (tmp_path / "x.spec").read_text() == SPEC
    found = run(spec=None)
    assert found["actions"] == planned["actions"] == [
        "add Requires: python3-netaddr >= 0.7.18",
        "change BuildRequires: python3-pbr >= 2.0.0 to python3-pbr >= 6.1.1",
        "change Requires: python3-oslo-i18n >= 3.10.0 to python3-oslo-i18n >= 3.15.3",
        "change Requires: python3dist(rfc3986) to python3dist(rfc3986) >= 1.2.0",
    ]  # fmt: skip
    text = SPEC
    for old, new in [
        ("python3-pbr >= 2.0.0", "python3-pbr >= 6.1.1"),
        ("oslo-i18n >= 3.10.0", "oslo-i18n >= 3.15.3"),
        ("(rfc3986)", "(rfc3986) >= 1.2.0"),
        ("debtcollector >= 1.2.0\n", "debtcollector >= 1.2.0\nRequires:   python3-netaddr >= 0.7.18\n"),
    ]:
        text = text.replace(old, new)
    assert (tmp_path / "x.spec").read_text() == text
    again = run(spec=None)
    assert not again["changed"] and again["patch"] == ""
    # Upstream does not name debtcollector: that is for a person to look at, unless asked for.
    assert [(row["status"], row["name"]) for row in again["differences"]] == [("excess", "python3-debtcollector")]
    assert run(spec=None, changes=["excess"])["actions"] == ["remove Requires: python3-debtcollector >= 1.2.0"]


def test_what_is_so_for_one_distro_needs_a_person(run, tmp_path):
    without = SPEC.replace("%if 0%{?rhel} == 9\nRequires:   python3-importlib-metadata >= 1.7.0\n%endif\n", "")
    found = run(spec=without)
    row = next(row for row in found["differences"] if row["upstream"] == "importlib_metadata")
    assert (row["status"], row["distros"], row["applies"]) == ("missing", ["el9s"], False)
    assert row["source"] == "requirements.txt, line 6"
    assert "importlib" not in (tmp_path / "x.spec").read_text()
    found = run(spec=without, distros=["el9s"])
    assert "add Requires: python3-importlib-metadata >= 1.7.0" in found["actions"]


def test_generated_build_requirements_are_left_to_rpm(run):
    generated = SPEC.replace("%build\n", "%generate_buildrequires\n%pyproject_buildrequires\n%build\n")
    found = run(spec=generated, check=True)
    assert found["generates_buildrequires"]
    assert {row["kind"] for row in found["differences"]} == {"Requires"}
    assert "missing" not in {row["status"] for row in found["differences"]}


def test_a_file_of_names_says_what_spec_files_call_it(run, tmp_path):
    yaml = SPEC.replace("python3-PyYAML >= 5.1", "python3-yaml >= 5.0")
    names = tmp_path / "names.yml"
    assert "add Requires: python3-pyyaml >= 5.1" in run(spec=yaml, check=True)["actions"]
    names.write_text("pyyaml: python3-yaml\nNetAddr: python3dist(netaddr)\nstevedore: null\ndebtcollector: null\n")
    found = run(spec=yaml.replace("stevedore >= 1.20.0", "stevedore >= 3"), check=True, names=names)
    assert "change Requires: python3-yaml >= 5.0 to python3-yaml >= 5.1" in found["actions"]
    assert "add Requires: python3dist(netaddr) >= 0.7.18" in found["actions"]
    # What is not to be compared is neither wrong nor too much.
    assert not {"python3-stevedore", "python3-debtcollector"} & {row["name"] for row in found["differences"]}


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[project]\ndependencies = ['oslo.i18n>=3.15.3']\n"},
        {"setup.cfg": "[options]\ninstall_requires =\n  oslo.i18n>=3.15.3\n"},
        {"requirements.txt": "-r other.txt\noslo.i18n>=3.15.3\n"},
    ],
    ids=lambda files: next(iter(files)),
)
def test_upstream_says_it_in_several_ways(run, files):
    found = run(check=True, files=files, distros=["el9s"])
    assert found["actions"] == [
        "change Requires: python3-oslo-i18n >= 3.10.0 to python3-oslo-i18n >= 3.15.3"
    ], found  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spec": None}, "There is no spec file"),
        ({"spec": "Name: x\n%if\n"}, "can not be parsed"),
        ({"files": {}}, "has no pyproject.toml, setup.cfg or requirements.txt"),
        ({"files": {"requirements.txt": "a >> 3\n"}}, "requirements.txt, line 1: 'a >> 3' is no requirement"),
        ({"files": {"pyproject.toml": "[project\n"}}, "pyproject.toml of .* is no valid TOML"),
        ({"names": "list.yml"}, "The file of names .* is no mapping"),
        ({"names": "bad.yml"}, "'x y', which the file of names has for pyyaml, is no name in a spec file"),
        ({"distros": ["el11s"]}, "Python of el11s is not known"),
    ],
)  # fmt: skip
def test_bad_input_is_named(run, tmp_path, options, message):
    (tmp_path / "list.yml").write_text("- pyyaml\n")
    (tmp_path / "bad.yml").write_text("pyyaml: x y\n")
    if "names" in options:
        options = {"names": tmp_path / options["names"]}
    found = run(**options)
    assert found["failed"] and re.search(message, found["msg"]), found["msg"]
