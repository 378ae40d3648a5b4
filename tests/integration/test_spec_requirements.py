# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spec files beside upstream's requirements, with the real rpm."""

from __future__ import annotations

import pathlib
import re
import sys

import pytest
from stage.modules import run_module

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
from generate import Package, write_repository

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
        "change Requires: python3dist(rfc3986) to python3dist(rfc3986) >= 1.2",
    ]  # fmt: skip
    text = SPEC
    for old, new in [
        ("python3-pbr >= 2.0.0", "python3-pbr >= 6.1.1"),
        ("oslo-i18n >= 3.10.0", "oslo-i18n >= 3.15.3"),
        ("(rfc3986)", "(rfc3986) >= 1.2"),
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
    # The commonest names are known without a file.
    assert "change Requires: python3-yaml >= 5.0 to python3-yaml >= 5.1" in run(spec=yaml, check=True)["actions"]
    other = yaml.replace("python3-yaml", "python3-libyaml-for-us")
    assert "add Requires: python3-pyyaml >= 5.1" in run(spec=other, check=True)["actions"]
    names.write_text("pyyaml: python3-libyaml-for-us\n")
    assert (
        "change Requires: python3-libyaml-for-us >= 5.0 to python3-libyaml-for-us >= 5.1"
        in run(spec=other, check=True, names=names)["actions"]
    )
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
        ({"spec": "Name: x\n%if\n"}, "x.spec, line 2, does not parse for el9s"),
        ({"files": {}}, "has no pyproject.toml, setup.cfg or requirements.txt"),
        ({"files": {"requirements.txt": "a >> 3\n"}}, "requirements.txt, line 1: 'a >> 3' is not a requirement"),
        ({"files": {"pyproject.toml": "[project\n"}}, "pyproject.toml of .* is not valid TOML"),
        ({"names": "list.yml"}, "The file of names .* is not a mapping"),
        ({"names": "bad.yml"}, "'x y', which the file of names has for pyyaml, is not a name in a spec file"),
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


# What shared/cases/spec shows: kombu's epoch, a condition, two names for one package.
WIDGET = """\
%global extra 1
Name: python-gadget
Version: 2.0.0
Release: 1%{?dist}
Summary: Gadgets
License: Apache-2.0

%description
Gadgets.

%package -n python3-gadget
Summary: Gadgets
BuildRequires: python3-kombu >= 1:4.0.0
BuildRequires: python%{python3_pkgversion}-fixtures
Requires: python3-pbr
Requires: python3-yaml >= 3.13
%if 0%{?extra} == 1
Requires: python3-pyngus
%endif

%description -n python3-gadget
Gadgets.

%prep
"""
BUILD = "[build-system]\nrequires = ['kombu>=4.6.6', 'fixtures>=3', 'hacking>=6.1.0']\n"


def gadget(run, requirements, spec=WIDGET, more=None, **options):
    files = {"requirements.txt": requirements, "pyproject.toml": BUILD, **(more or {})}
    return run(spec=spec, files=files, **options)


def test_no_condition_is_entered_and_no_epoch_is_lost(run, tmp_path):
    found = gadget(run, "pbr>=2.0.0\nkombu>=4.6.6\nPyYAML>=3.13\nWebOb>=1.7.1\npyngus>=2\n")
    assert found["actions"] == [
        "add BuildRequires: python%{python3_pkgversion}-hacking",
        "add Requires: python3-kombu >= 1:4.6.6",
        "add Requires: python3-webob >= 1.7.1",
        "change BuildRequires: python3-kombu >= 1:4.0.0 to python3-kombu >= 1:4.6.6",
        "change Requires: python3-pbr to python3-pbr >= 2.0.0",
        "change Requires: python3-pyngus to python3-pyngus >= 2",
    ]
    text = WIDGET
    for old, new in [
        ("kombu >= 1:4.0.0\n", "kombu >= 1:4.6.6\n"),
        ("pbr\n", "pbr >= 2.0.0\n"),
        ("3.13\n", "3.13\nRequires: python3-kombu >= 1:4.6.6\nRequires: python3-webob >= 1.7.1\n"),
        ("pyngus\n", "pyngus >= 2\n"),
        ("-fixtures\n", "-fixtures\nBuildRequires: python%{python3_pkgversion}-hacking\n"),
    ]:
        assert text.count(old) == 1
        text = text.replace(old, new)
    # New lines are spelt as the last one of their kind.
    assert (tmp_path / "x.spec").read_text() == text
    assert not run(spec=None, files={"pyproject.toml": BUILD})["changed"]


@pytest.mark.parametrize(
    ("requirement", "have", "expected"),
    [
        ("!=0.9.0,>=0.7.1", " >= 0.9.1", None),
        (">=2.0", " >= 10", None),
        (">=1.0", " = 1.5", None),
        (">=1.0.0", " >= 1.0", None),
        (">=1.0.0rc1", " >= 0.9", "1.0.0~rc1"),
        (">=1.0.0", " >= 1.0.0~rc1", "1.0.0"),
        (">=1.2.post3", " >= 1.2", "1.2^post3"),
        ("~=1.4.2", " >= 1.4", "1.4.2"),
        ("===1.5", "", "1.5"),
        (">=3", " >= 2:2.5", "2:3"),
        ("", " >= 9", None),
    ],
)
def test_what_satisfies_is_never_lowered(run, requirement, have, expected):
    spec = WIDGET.replace("python3-pbr", f"python3-pbr{have}")
    found = gadget(run, f"pbr{requirement}\n", spec=spec, check=True, changes=["minimum"])
    changes = [action for action in found["actions"] if "Requires: python3-pbr" in action]
    assert changes == ([f"change Requires: python3-pbr{have} to python3-pbr >= {expected}"] if expected else [])


def test_limits_and_extras_are_said(run):
    requirements = "pbr<7,>=2\nPyYAML==5.1\noslo.db[mysql]>=4\nkombu!=4.1,>=4\n"
    spec = WIDGET.replace("Requires: python3-yaml >= 3.13", "Requires: python3-yaml = 5.1\nRequires: python3-oslo-db")
    found = gadget(run, requirements, spec=spec, check=True)
    limits = {row["name"]: row for row in found["differences"] if row["status"] == "limit"}
    assert set(limits) == {"python3-pbr", "python3-oslo-db"}
    assert (limits["python3-pbr"]["specifier"], limits["python3-pbr"]["applies"]) == ("<7,>=2", False)
    assert limits["python3-oslo-db"]["extras"] == ["mysql"]
    whole = spec.replace("python3-oslo-db", "python3-oslo-db >= 4\nRequires: python3-oslo-db+mysql")
    whole = whole.replace("python3-pbr", "python3-pbr >= 2\nRequires: python3-pbr < 7")
    found = gadget(run, requirements, spec=whole, check=True)
    assert "limit" not in {row["status"] for row in found["differences"]}


def test_extras_of_its_own_and_what_they_need_are_not_too_much(run):
    spec = WIDGET.replace(
        "Requires: python3-pbr\n",
        "Requires: python3-pbr\nRequires: python3-gadget+ldap = %{version}-%{release}\nRequires: python3-ldap\n"
        "Requires: (python3-memcached or python3-pymemcache)\nRequires: python3-odd\n",
    )
    setup = {"setup.cfg": "[metadata]\nname = gadget\n[extras]\nldap =\n  python-ldap>=3.0.0 # PSF\n"}
    found = gadget(run, "pbr\nPyYAML\npyngus\npython-memcached\n", spec=spec, more=setup, check=True)
    assert [row["name"] for row in found["differences"] if row["status"] == "excess"] == ["python3-odd"]
    # One of two that will do is not for us to repeat.
    assert not [row for row in found["differences"] if row["status"] == "missing" and row["kind"] == "Requires"]


def test_a_line_in_a_condition_is_changed_where_all_that_see_it_agree(run, tmp_path):
    spec = WIDGET.replace("%if 0%{?extra} == 1", "%if 0%{?rhel} == 9")
    both = "pyngus>=3;python_version<'3.10'\n"
    found = gadget(run, both, spec=spec)
    assert "change Requires: python3-pyngus to python3-pyngus >= 3" in found["actions"]
    assert "%if 0%{?rhel} == 9\nRequires: python3-pyngus >= 3\n%endif\n" in (tmp_path / "x.spec").read_text()


def test_what_stands_in_conditions_only_has_no_place(run):
    lines = [line for line in WIDGET.split("\n") if "pbr" not in line and "yaml" not in line]
    found = gadget(run, "WebOb\n", spec="\n".join(lines))
    assert not found["failed"] and "add Requires: python3-webob" in found["actions"], found
    assert found["diff"]["after"]["x.spec"].index("python3-webob") < found["diff"]["after"]["x.spec"].index("%if")


def test_names_are_what_packages_provide(run, tmp_path):
    pytest.importorskip("solv", reason="libsolv's Python bindings are not installed")
    kombu = Package("python3-kombu", "5.3", "1", "noarch", "src", "python", ["python3dist(kombu) = 5.3"])
    provides = ["python3-our-yaml = 6-1", "python3dist(pyyaml) = 6"]
    yaml = Package("python3-libyaml", "6", "1", "noarch", "src", "python", provides)
    write_repository(tmp_path / "repository", [kombu, yaml])
    repositories = [str(tmp_path / "repository")]
    ours = WIDGET.replace("python3-yaml >= 3.13", "python3-our-yaml >= 3.13")
    found = gadget(run, "PyYAML>=5\nWebOb\n", spec=ours, repositories=repositories)
    assert "change Requires: python3-our-yaml >= 3.13 to python3-our-yaml >= 5" in found["actions"], found
    provided = {row["upstream"]: row["provided"] for row in found["differences"] if row["upstream"]}
    assert (provided["WebOb"], provided["kombu"]) == (False, True)
    without = WIDGET.replace("Requires: python3-yaml >= 3.13\n", "")
    found = gadget(run, "PyYAML>=5\n", spec=without, repositories=repositories)
    assert "add Requires: python3-libyaml >= 5" in found["actions"]
