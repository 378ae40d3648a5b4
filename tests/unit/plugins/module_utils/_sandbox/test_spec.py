# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spec files, read by the real rpm in the sandbox."""

from __future__ import annotations

import shutil

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, Refused
from ansible_collections.rdo.releng.plugins.module_utils._sandbox.spec import View, expand, query

if not (shutil.which("bwrap") and shutil.which("rpmspec")):
    pytest.skip("bubblewrap or rpm is not installed", allow_module_level=True)

SPEC = """%{?first}
Name: python-x
Version: 1.2
Release: 3%{?dist}
Summary: x
License: x
%description
x
%package -n python3-x
Summary: x
%description -n python3-x
VALUE %{?rhel:on rhel %{rhel}}%{?fedora:on fedora %{fedora}}
%files -n python3-x
"""
VIEWS = [
    View("el9", {"rhel": "9", "dist": ".el9", "fedora": None}),
    View("fc42", {"fedora": "42", "dist": ".fc42", "rhel": None}),
]


@pytest.fixture
def write(tmp_path):
    def spec(value="", **first):
        path = tmp_path / "python-x.spec"
        path.write_text(SPEC.replace("VALUE", value))
        return str(path)

    return spec


def test_each_distro_sees_its_own(write):
    texts = expand(write(), VIEWS)
    assert "on rhel 9" in texts["el9"] and "on fedora 42" in texts["fc42"] and "rhel" not in texts["fc42"]
    assert query(write(), "%{name}-%{version}-%{release}\n", VIEWS) == {
        "el9": "python-x-1.2-3.el9\n",
        "fc42": "python-x-1.2-3.fc42\n",
    }
    assert query(write(), "%{name}\n", VIEWS[:1], source=False)["el9"].split() == ["python3-x"]


def test_its_commands_run_in_the_sandbox(write, tmp_path, monkeypatch):
    monkeypatch.setenv("DLRNAPI_PASSWORD", "s3cr3t")
    (tmp_path / "secret").write_text("s3cr3t")
    value = f"%(cat {tmp_path}/secret /tmp/in/secret; env; touch {tmp_path}/written; id -u)"
    value += f"%{{lua: local f = io.open('{tmp_path}/secret'); print(f and f:read('*a') or 'unread')}}"
    text = expand(write(value), VIEWS[:1])["el9"]
    assert "unread" in text and "s3cr3t" not in text
    assert not (tmp_path / "written").exists()


def test_files_beside_it_only_if_told_so(write, tmp_path):
    (tmp_path / "more").write_text("more lines")
    (tmp_path / "link").symlink_to("/etc/shadow")
    assert "more lines" in expand(write("\n%include %{_sourcedir}/more\n"), [View("x", {"_sourcedir": "/tmp/in"})],
                                  sources=True)["x"]  # fmt: skip
    with pytest.raises(InvalidInput, match="cannot be parsed for x: .*more"):
        expand(write("\n%include %{_sourcedir}/more\n"), [View("x", {"_sourcedir": "/tmp/in"})])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("\n%endif", "%endif with no %if"),
        ("%(exit 3)%{error:so it is}", "so it is"),
        ("%(sleep 100)", "was ended after"),
        ("%(kill -9 -1)", "ended with status"),
        ("%(rm -rf /tmp/out/*; ln -s /etc/passwd /tmp/out/0)%{error:x}", "There is no|is not taken|cannot be parsed"),
        ("%(yes >/tmp/out/0)", "ended with status|more than"),
    ],
)
def test_what_cannot_be_parsed(write, monkeypatch, value, reason):
    import dataclasses

    from ansible_collections.rdo.releng.plugins.module_utils._sandbox import spec

    monkeypatch.setattr(spec, "LIMITS", dataclasses.replace(spec.LIMITS, seconds=3))
    with pytest.raises((InvalidInput, Refused), match=reason):
        expand(write(value), VIEWS)


def test_a_link_is_no_spec_file(write, tmp_path):
    write()
    (tmp_path / "link.spec").symlink_to(tmp_path / "python-x.spec")
    with pytest.raises(Refused):
        expand(str(tmp_path / "link.spec"), VIEWS)
    with pytest.raises(InvalidInput, match="not a name of a macro"):
        expand(write(), [View("x", {"a b": "c"})])
