# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host must have for a build driver, before DLRN takes its lack for the commits' failure."""

from __future__ import annotations

import os

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._dlrn import drivers
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.drivers import DRIVERS, choose_driver, driver_of
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import Refused


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host where only the named programs are installed, and who is at work there."""

    def make(*programs, uid=0, groups=(), environment=()):
        for name in programs:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        for name in ("SUDO_UID", "USERHELPER_UID"):
            monkeypatch.delenv(name, raising=False)
        for name in environment:
            monkeypatch.setenv(name, "1000")
        monkeypatch.setattr(os, "geteuid", lambda: uid)
        monkeypatch.setattr(drivers, "_groups", lambda: set(groups))
        monkeypatch.setattr(drivers, "MOCK", str(tmp_path / "mock"))
        mock = drivers.Driver(
            "mock", DRIVERS["mock"].in_config, (str(tmp_path / "mock"), *DRIVERS["mock"].programs[1:])
        )
        monkeypatch.setitem(DRIVERS, "mock", mock)

    return make


CHROOT = [os.path.basename(name) for name in DRIVERS["chroot"].programs]
MOCK = [os.path.basename(name) for name in DRIVERS["mock"].programs]


def problems(name):
    try:
        drivers.require_usable(DRIVERS[name])
    except Refused as error:
        assert "nothing was begun" in error.message
        return error.data["problems"]
    return []


def test_mock_is_taken_where_it_is(host):
    host("mock")
    assert choose_driver("auto").name == "mock"
    assert choose_driver("chroot").name == "chroot"


def test_without_mock_clean_roots_are_made(host):
    host()
    assert choose_driver("auto").name == "chroot"


@pytest.mark.parametrize(
    ("name", "programs", "who", "said"),
    [
        ("chroot", CHROOT, {}, []),
        ("chroot", CHROOT, {"uid": 12345}, ["as root, and this is 12345"]),
        ("chroot", CHROOT[2:], {}, ["bwrap is not installed", "createrepo_c is not installed"]),
        ("chroot", CHROOT[:-1], {"uid": 12345}, ["tar is not installed", "as root"]),
        ("mock", MOCK, {"uid": 12345, "groups": ["mock"]}, []),
        ("mock", MOCK, {"environment": ["SUDO_UID"]}, []),
        ("mock", MOCK, {}, ["mock does not run as root without sudo"]),
        ("mock", MOCK, {"uid": 12345, "groups": ["users"]}, ["wants a user in the group mock, and 12345 is not"]),
        (
            "mock",
            [name for name in MOCK if name != "spectool"],
            {"uid": 12345, "groups": ["mock"]},
            ["spectool is not installed"],
        ),
        ("mock", MOCK[1:], {"uid": 12345}, ["mock is not installed", "group mock"]),
    ],
)
def test_everything_that_is_missing_is_said_at_once(host, name, programs, who, said):
    host(*programs, **who)
    found = problems(name)
    assert len(found) == len(said), found
    assert [words for words, problem in zip(said, found) if words not in problem] == []


def test_the_driver_is_the_one_that_stands_in_the_configuration(tmp_path):
    path = tmp_path / "projects.ini"
    for text, name in (
        ("[DEFAULT]\nbuild_driver=chroot_driver.ChrootDriver\n", "chroot"),
        ("[DEFAULT]\nbuild_driver=dlrn.drivers.mockdriver.MockBuildDriver\n", "mock"),
        ("[DEFAULT]\ndatadir=x\n", "mock"),
    ):
        path.write_text(text)
        assert driver_of(str(path)).name == name
    path.write_text("[DEFAULT]\nbuild_driver=dlrn.drivers.kojidriver.KojiBuildDriver\n")
    assert driver_of(str(path)) is None
