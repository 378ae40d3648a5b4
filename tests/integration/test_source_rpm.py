# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules source_rpm and spec_order_info, with the real rpmbuild in the sandbox."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from stage.modules import run_module

pytestmark = pytest.mark.skipif(
    not (shutil.which("bwrap") and shutil.which("rpmbuild")), reason="bwrap or rpmbuild is not installed"
)
SPEC = """\
Name: widget
Version: 1.0
Release: 1%{?dist}
Summary: x
License: x
Source0: https://example.org/widget-1.0.tar.gz
Source1: widget.conf
BuildRequires: python%{python3_pkgversion}-devel
BuildArch: noarch
%description
x
%generate_buildrequires
%pyproject_buildrequires
%files
"""


@pytest.fixture
def distgit(tmp_path):
    folder = tmp_path / "distgit"
    folder.mkdir()
    (folder / "widget.spec").write_text(SPEC)
    (folder / "widget.conf").write_text("x\n")
    (tmp_path / "sources").mkdir()
    return folder


def make(distgit, check=False, **options):
    folder = distgit.parent
    usual = {"spec": distgit / "widget.spec", "sources": folder / "sources", "dest": folder / "out"}
    return run_module("source_rpm", check, **{**usual, **options})


def test_the_same_files_make_the_same_package(distgit, tmp_path):
    found = make(distgit)
    assert found["failed"] and "neither beside it nor in" in found["msg"] and "widget-1.0.tar.gz" in found["msg"], found
    (tmp_path / "sources" / "widget-1.0.tar.gz").write_text("archive")
    planned = make(distgit, check=True)
    assert planned["changed"] and not (tmp_path / "out").exists()
    done = make(distgit)
    assert done["changed"] and done["nvr"] == "widget-1.0-1.el9s" and done["sha256"] == planned["sha256"], done
    assert not make(distgit)["changed"]
    listed = subprocess.run(["rpm", "-qpl", done["path"]], capture_output=True, text=True, check=True).stdout
    assert listed.split() == ["widget-1.0.tar.gz", "widget.conf", "widget.spec"]
    query = ["rpm", "-qp", "--queryformat", "[%{fileusername}:%{filegroupname} ]", done["path"]]
    owners = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    assert set(owners.split()) == {"root:root"}, "whoever builds it has no other users"
    assert make(distgit, distro="el10s")["nvr"] == "widget-1.0-1.el10s"


def test_a_spec_has_nothing_of_the_host(distgit, tmp_path):
    (tmp_path / "secret").write_text("host's own")
    (distgit / "widget.conf").unlink()
    (distgit / "widget.conf").symlink_to(tmp_path / "secret")
    (tmp_path / "sources" / "widget-1.0.tar.gz").write_text("archive")
    found = make(distgit)
    assert found["failed"] and "widget.conf" in found["msg"], "a link of a stranger is not followed"
    (distgit / "widget.conf").unlink()
    (distgit / "widget.conf").write_text("x\n")
    macro = f"%global seen %(cat {tmp_path}/secret 2>/dev/null || echo none; touch {tmp_path}/made 2>/dev/null)\n"
    (distgit / "widget.spec").write_text(macro + SPEC.replace("Summary: x", "Summary: %{seen}"))
    done = make(distgit)
    assert not done["failed"] and not (tmp_path / "made").exists(), done
    query = ["rpm", "-qp", "--queryformat", "%{summary}", done["path"]]
    assert subprocess.run(query, capture_output=True, text=True, check=True).stdout == "none"


def test_what_does_not_parse_is_named(distgit):
    (distgit / "widget.spec").write_text(SPEC + "%if 1\n")
    assert "makes no source package" in make(distgit)["msg"]
    assert "There is no spec file" in make(distgit, spec=distgit / "other.spec")["msg"]


def test_the_order_of_specs(distgit, tmp_path):
    other = tmp_path / "gadget.spec"
    other.write_text("Name: gadget\nRequires: widget\n")
    found = run_module("spec_order_info", specs={"gadget": str(other), "widget": str(distgit / "widget.spec")})
    assert found["order"] == ["widget", "gadget"] and found["waves"] == [["widget"], ["gadget"]]
    assert found["needs"] == {"gadget": ["widget"], "widget": []}
