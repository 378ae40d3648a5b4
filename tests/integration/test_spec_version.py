# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module spec_version, with rpm's own parser in the sandbox."""

from __future__ import annotations

import pytest
from stage.modules import run_module

SPEC = """\
%{!?upstream_version: %global upstream_version %{version}%{?milestone}}
Name:           python-widget
Version:        1.0.0
Release:        1%{?dist}
Summary:        Widgets
License:        Apache-2.0
Source0:        https://tarballs.example.org/widget/widget-%{upstream_version}.tar.gz
%{?systemd_requires}
%if %{python3_pkgversion} == 3
BuildRequires:  python%{python3_pkgversion}-devel
%endif

%description
Widgets.

%changelog
* Mon Jan 02 2023 RDO <dev@lists.rdoproject.org> 1.0.0-1
- Update to 1.0.0
"""


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "python-widget.spec"
    path.write_text(SPEC)
    return lambda version, check=False, **options: run_module(
        "spec_version", check, **{"spec": path, "version": version, "date": "2026-04-15", **options}
    )


def test_a_version_is_planned_written_and_there(run, tmp_path):
    path = tmp_path / "python-widget.spec"
    path.chmod(0o640)
    planned = run("1.1.0.0rc1", check=True)
    assert planned["changed"] and path.read_text() == SPEC
    done = run("1.1.0.0rc1")
    assert not done["failed"], done
    assert done["actions"] == planned["actions"] and done["diff"] == planned["diff"]
    assert path.read_text() == done["diff"]["after"]["python-widget.spec"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert (done["evr"], done["version_before"]) == ("1.1.0-0.1.0rc1", "1.0.0")
    assert done["sources"] == ["https://tarballs.example.org/widget/widget-1.1.0.0rc1.tar.gz"]
    again = run("1.1.0.0rc1")
    assert not again["changed"] and again["patch"] == "" and again["sources"] == done["sources"]


def test_nothing_is_written_that_does_not_parse(run, tmp_path):
    path = tmp_path / "python-widget.spec"
    broken = SPEC.replace("%endif\n", "")
    path.write_text(broken)
    found = run("1.1.0")
    assert found["failed"] and "python-widget.spec, line" in found["msg"] and "el9s" in found["msg"], found
    assert path.read_text() == broken


def test_a_spec_runs_confined(run, tmp_path):
    """A macro can run any command: it sees nothing of the host, and waiting has an end."""
    secret = tmp_path / "secret"
    secret.write_text("host's own")
    macro = f"%global seen %(cat {secret} 2>/dev/null; touch {tmp_path}/made /in/made 2>/dev/null; echo none)\n"
    (tmp_path / "python-widget.spec").write_text(macro + SPEC.replace("widget-%{up", "%{seen}-%{up"))
    found = run("1.1.0")
    assert found["sources"] == ["https://tarballs.example.org/widget/none-1.1.0.tar.gz"]
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": "0.9"}, "is at 1.0.0, and 0.9 is older"),
        ({"version": "master"}, "is not a version"),
        ({"version": "1.1", "date": "tomorrow"}, "is not a date"),
        ({"version": "1.1", "distros": ["trixie"]}, "trixie"),
        ({"version": "1.1", "spec": "/nowhere/x.spec"}, "There is no spec file"),
    ],
)
def test_what_is_refused(run, options, message):
    found = run(**options)
    assert found["failed"] and message in found["msg"], found


def test_an_older_version_can_be_allowed(run):
    assert run("0.9", allow_older=True)["evr"] == "0.9-1"
