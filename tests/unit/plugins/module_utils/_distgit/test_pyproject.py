# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spec files brought to pyproject macros: what the file itself tells is done, the rest is listed."""

from __future__ import annotations

import re

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._distgit.pyproject import migrate
from ansible_collections.rdo.releng.plugins.module_utils._distgit.spec_text import SpecText
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, Refused

SPEC = """\
%global pypi_name widget
%{!?upstream_version: %global upstream_version %{version}%{?milestone}}
%if 0%{?rhel}
%global with_doc 0
%endif

Name:           python-%{pypi_name}
Version:        1.0.0
Release:        1%{?dist}
Summary:        Widgets
License:        Apache-2.0
Source0:        https://tarballs.example.org/%{pypi_name}/%{pypi_name}-%{upstream_version}.tar.gz
BuildArch:      noarch

BuildRequires:  git-core
BuildRequires:  python3-devel
BuildRequires:  python3-pbr >= 2.0.0
BuildRequires:  python3dist(oslo.config)
BuildRequires:  gettext

%description
Widgets.

%package -n python3-%{pypi_name}
Summary:        Widgets
Requires:       python3-oslo-config >= 2:5.2.0
Requires:       python3-pbr
Requires:       python-%{pypi_name}-lang = %{version}-%{release}
Requires:       openssl
%if 0%{?with_doc}
BuildRequires:  python3-sphinx
%endif

%description -n python3-%{pypi_name}
Widgets.

%package -n python3-%{pypi_name}-tests
Summary:        Tests
Requires:       python3-%{pypi_name} = %{version}-%{release}
Requires:       python3-stestr

%description -n python3-%{pypi_name}-tests
Tests.

%prep
%autosetup -n %{pypi_name}-%{upstream_version} -S git
# Let RPM handle the requirements
%py_req_cleanup
rm -rf *.egg-info
rm -f requirements.txt test-requirements.txt

%build
%{py3_build}
%if 0%{?with_doc}
sphinx-build -b html doc/source doc/build/html
%endif

%install
%{py3_install}

%check
PYTHON=%{__python3} stestr run

%files -n python3-%{pypi_name}
%{python3_sitelib}/%{pypi_name}
%{python3_sitelib}/%{pypi_name}-*.egg-info
%exclude %{python3_sitelib}/%{pypi_name}/tests

%files -n python3-%{pypi_name}-tests
%{python3_sitelib}/%{pypi_name}/tests

%changelog
"""


def lines(text):
    return [line.rstrip() for line in text.split("\n")]


def test_what_the_file_tells_is_done():
    done = migrate(SpecText(SPEC), ["doc8", "bandit"], ["pbr"])
    found = lines(done.text)
    for line in [
        "%global excluded_brs doc8 bandit",
        "%global excluded_reqs pbr",
        "%pyproject_wheel",
        "%pyproject_install",
        "%tox -e %{default_toxenv}",
        "%{python3_sitelib}/%{pypi_name}-*.dist-info",
        "BuildRequires:  pyproject-rpm-macros",
        "BuildRequires:  openstack-macros",
        "BuildRequires:  git-core",
        "BuildRequires:  python3-devel",
        "BuildRequires:  gettext",
        "Requires:       openssl",
        "Requires:       python-%{pypi_name}-lang = %{version}-%{release}",
        "Requires:       python3-%{pypi_name} = %{version}-%{release}",
        "Requires:       python3-stestr",
        "BuildRequires:  python3-sphinx",
    ]:
        assert found.count(line) == 1, (line, done.text)
    at = found.index("%generate_buildrequires")
    assert found[at + 1 : at + 4] == ["%pyproject_buildrequires -t -e %{default_toxenv}", "", "%build"]
    assert not re.search(r"py3_|py_req_cleanup|rm -|egg-info", done.text)
    assert [(one["kind"], one["value"]) for one in done.removed] == [
        ("BuildRequires", "python3-pbr >= 2.0.0"),
        ("BuildRequires", "python3dist(oslo.config)"),
        ("Requires", "python3-oslo-config >= 2:5.2.0"),
        ("Requires", "python3-pbr"),
    ]
    assert lines(SPEC)[done.removed[0]["line"] - 1] == "BuildRequires:  python3-pbr >= 2.0.0"


def test_what_is_left_to_decide_is_listed_with_its_line():
    done = migrate(SpecText(SPEC))
    found = lines(done.text)
    assert [text for _line, text, _why in done.decide] == [
        "python3-sphinx",
        "python3-stestr",
        "sphinx-build -b html doc/source doc/build/html",
    ]
    assert all(found[line - 1].endswith(text) for line, text, _why in done.decide)


def test_what_has_the_metadata_among_all_is_known_too():
    files = "%{python3_sitelib}/%{pypi_name}\n%{python3_sitelib}/%{pypi_name}-*.egg-info\n"
    done = migrate(SpecText(SPEC.replace(files, "%{python3_sitelib}/*\n")))
    assert len(done.removed) == 4


def test_what_is_required_in_a_condition_alone_is_required_for_every_build_as_well():
    condition = "%if 0%{?sources_gpg} == 1\nBuildRequires:  openstack-macros\n%endif\nBuildRequires:  git-core"
    done = migrate(SpecText(SPEC.replace("BuildRequires:  git-core", condition)))
    assert lines(done.text).count("BuildRequires:  openstack-macros") == 2


def test_again_changes_nothing():
    done = migrate(SpecText(SPEC), ["doc8"], ["pbr"])
    again = migrate(SpecText(done.text), ["doc8"], ["pbr"])
    assert (again.text, again.actions, again.removed) == (done.text, [], []) and again.decide == done.decide


def test_lines_that_are_not_named_stay_byte_for_byte():
    done = migrate(SpecText(SPEC), tox=False)
    kept = [line for line in SPEC.split("\n") if line in done.text.split("\n")]
    gone = [line for line in SPEC.split("\n") if line not in kept]
    assert len(gone) == 4 + 3 + 2 + 1, gone
    assert "openstack-macros" not in done.text and "stestr run" in done.text


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("%{python3_sitelib}/widget-%{version}-py?.?.egg-info", "%{python3_sitelib}/widget-%{version}.dist-info"),
        ("%{python3_sitelib}/widget-*-py%{python3_version}.egg-info/", "%{python3_sitelib}/widget-*.dist-info/"),
        ("%{python3_sitearch}/widget*.egg-info", "%{python3_sitearch}/widget*.dist-info"),
    ],
)
def test_each_way_to_name_the_metadata(line, new):
    done = migrate(SpecText(SPEC.replace("%{python3_sitelib}/%{pypi_name}-*.egg-info", line)))
    assert new in lines(done.text)


@pytest.mark.parametrize(
    "line",
    [
        "stestr --test-path widget run",
        "%{__python3} -m stestr run",
        "%{__python3} setup.py test",
        "stestr run --slowest",
    ],
)
def test_each_way_to_run_tests(line):
    done = migrate(SpecText(SPEC.replace("PYTHON=%{__python3} stestr run", line)))
    assert "%tox -e %{default_toxenv}" in lines(done.text)


def test_tests_that_are_more_than_a_line_are_for_a_person():
    done = migrate(SpecText(SPEC.replace("stestr run", "stestr run \\\n  -E thing")))
    assert "runs tests by hand: would tox do?" in [why for _line, _text, why in done.decide]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (SPEC.replace("%{py3_build}", "make"), "has 0 lines with %py3_build"),
        (SPEC.replace("%{py3_install}", "%{py3_install}\n%{py3_install}"), "has 2 lines with %py3_install"),
        (SPEC.replace("%{py3_build}", "%if 1\n%{py3_build}\n%endif"), "stands in a condition"),
        (SPEC.replace("%autosetup", "tar -x"), "has no %autosetup or %setup"),
    ],
)
def test_what_is_no_plain_python_project_is_refused(spec, message):
    with pytest.raises(Refused, match=message):
        migrate(SpecText(spec))


def test_a_name_cannot_bring_its_own_commands():
    with pytest.raises(InvalidInput, match="cannot be the name"):
        migrate(SpecText(SPEC), ["x; rm"])
