# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build may say of itself to pass the checks of the pending gate."""

from __future__ import annotations

import shutil
import subprocess
import types

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import CommandFailed
from ansible_collections.rdo.releng.plugins.module_utils._service.react import pending_checks
from ansible_collections.rdo.releng.plugins.module_utils._service.react.pending_checks import (
    file_conflicts,
    lint_errors,
)

SPEC = """Name: NAME
Version: 1
Release: 1
Summary: x
License: x
BuildArch: noarch
%description
x
%install
mkdir -p %{buildroot}/usr/bin
echo CONTENT > %{buildroot}/usr/bin/tool
ln -s "TARGET" %{buildroot}/usr/bin/NAME-link
%files
/usr/bin/*
"""
NONE = types.SimpleNamespace(repositories=[])


@pytest.fixture
def build(tmp_path):
    if not (shutil.which("bwrap") and shutil.which("rpmbuild")):
        pytest.skip("bubblewrap or rpmbuild is not installed")

    def built(name, content="good", target="tool"):
        spec = tmp_path / f"{name}.spec"
        spec.write_text(SPEC.replace("NAME", name).replace("CONTENT", content).replace("TARGET", target))
        options = ["--define", f"_topdir {tmp_path}/{name}", "--define", "__os_install_post %{nil}"]
        subprocess.run(["rpmbuild", "-bb", "--quiet", *options, spec], check=True, capture_output=True)
        [rpm] = (tmp_path / name / "RPMS/noarch").glob("*.rpm")
        return str(rpm)

    return built


def conflicts(**rpms):
    headers = {f"{name}-1-1": [path] for name, path in rpms.items()}
    return {one.build: one.because for one in file_conflicts(NONE, None, headers, list(headers), [])}


def test_the_earlier_of_two_that_differ_wins(build):
    assert conflicts(first=build("first"), second=build("second")) == {}
    held = conflicts(first=build("other"), second=build("evil", "evil"))
    assert held == {"second-1-1": ("/usr/bin/tool of evil-1-1.noarch is not that of other-1-1.noarch",)}


@pytest.mark.parametrize("end", ["\n", "\t\t\t\n"])
def test_a_link_cannot_say_what_another_file_holds(build, end):
    """What a link leads to is one line of the answer, and the next one would be that of a file."""
    honest = build("honest")
    digest = pending_checks._read(honest)[1]["/usr/bin/tool"].digest
    evil = build("evil", "evil", f"x\t0{end}/usr/bin/tool\t33188\t{digest}\t\t0\n/usr/bin/y\t33188\t{digest}\t")
    held = conflicts(honest=honest, evil=evil)
    assert list(held) == ["evil-1-1"] and "evil-1-1.noarch has 2 files, and names and links of" in held["evil-1-1"][0]


def test_a_link_to_many_columns_is_no_file(build):
    held = conflicts(evil=build("evil", "evil", "x\ty\tz"))
    assert list(held) == ["evil-1-1"] and "has a strange name or link" in held["evil-1-1"][0]


def test_what_rpm_cannot_read_holds_that_build_alone(build, tmp_path):
    (tmp_path / "broken.rpm").write_bytes(b"\xed\xab\xee\xdb" + bytes(200))
    held = conflicts(broken=str(tmp_path / "broken.rpm"), honest=build("honest"))
    assert list(held) == ["broken-1-1"] and "cannot be read" in held["broken-1-1"][0]


def test_many_headers_are_read_as_each_by_itself(build, tmp_path):
    (tmp_path / "broken.rpm").write_bytes(b"\xed\xab\xee\xdb" + bytes(200))
    honest, strange = build("honest"), build("strange", target="x\n/usr/bin/tool\t33188\tff\t\t0")
    for some in ([honest, strange, honest], [honest, str(tmp_path / "broken.rpm"), strange]):
        alone = [pending_checks._or_doubt(pending_checks._read, one) for one in some]
        assert list(map(str, pending_checks._read_all(some))) == list(map(str, alone))
        assert [isinstance(one, pending_checks.Doubtful) for one in alone] == [one != honest for one in some]


def test_what_rpmlint_cannot_read_holds_that_build_alone(tmp_path, monkeypatch):
    def confined(argv, *_more, **_options):
        if "evil" in argv[-1]:
            raise CommandFailed("rpmlint ended with status 1: ValueError.")
        return types.SimpleNamespace(output=b"")

    monkeypatch.setattr(pending_checks, "confined", confined)
    monkeypatch.setattr(pending_checks, "find_program", str)
    held = lint_errors({"evil-1-1": [f"{tmp_path}/evil.rpm"], "good-1-1": [f"{tmp_path}/good.rpm"]}, None)
    assert [one.build for one in held] == ["evil-1-1"] and "status 1" in held[0].because[0]
