# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract with mock's command line: each option of the module and what it becomes."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import yaml

from ansible_collections.rdo.releng.plugins.module_utils._build.mock import build_argv, check_params, srpm_argv
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.modules import mock_build

DEFAULTS = {
    "root": "el9",
    "srpms": ["/s/a-1-1.src.rpm"],
    "spec": None,
    "sources": None,
    "chain": False,
    "keep_going": False,
    "result_dir": "/r",
    "isolation": "auto",
    "repositories": [],
    "enable_repos": [],
    "disable_repos": [],
    "with_options": [],
    "without_options": [],
    "defines": {},
    "config_opts": {},
    "config_dir": None,
    "unique_ext": None,
    "network": False,
    "offline": False,
    "check": True,
    "install_check": False,
    "clean": True,
    "clean_after": True,
    "timeout": 0,
    "time_limit": 0,
    "log": "/l",
}
BASE = [
    "mock",
    "--root",
    "el9",
    "--isolation=auto",
    "--cleanup-after",
    "--resultdir",
    "/r",
    "--rebuild",
    "/s/a-1-1.src.rpm",
]


def inserted(argv):
    """What is there besides the plainest call; its own options are expected to be there as well."""
    rest = list(argv)
    for word in BASE:
        rest.remove(word)
    return rest


def test_the_plainest_call():
    assert build_argv(DEFAULTS, DEFAULTS["srpms"]) == BASE


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"repositories": ["http://a", "http://b"]}, ["--addrepo", "http://a", "--addrepo", "http://b"]),
        ({"enable_repos": ["crb"]}, ["--enablerepo", "crb"]),
        ({"disable_repos": ["epel"]}, ["--disablerepo", "epel"]),
        ({"with_options": ["doc"]}, ["--with", "doc"]),
        ({"without_options": ["tests"]}, ["--without", "tests"]),
        ({"defines": {"dist": ".el9", "a": 1}}, ["--define", "a 1", "--define", "dist .el9"]),
        ({"config_opts": {"use_bootstrap": False}}, ["--config-opts", "use_bootstrap=False"]),
        ({"config_dir": "/c"}, ["--configdir", "/c"]),
        ({"unique_ext": "7"}, ["--uniqueext", "7"]),
        ({"network": True}, ["--enable-network"]),
        ({"offline": True}, ["--offline"]),
        ({"check": False}, ["--nocheck"]),
        ({"install_check": True}, ["--postinstall"]),
        ({"clean": False}, ["--no-clean"]),
        ({"timeout": 60}, ["--rpmbuild_timeout", "60"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_each_option_becomes(options, words):
    assert inserted(build_argv({**DEFAULTS, **options}, DEFAULTS["srpms"])) == words


def test_options_that_take_the_place_of_others():
    assert "--no-cleanup-after" in build_argv({**DEFAULTS, "clean_after": False}, ["/s/a-1-1.src.rpm"])
    assert "--isolation=simple" in build_argv({**DEFAULTS, "isolation": "simple"}, ["/s/a-1-1.src.rpm"])
    assert build_argv({**DEFAULTS, "root": "x.cfg"}, [])[:3] == ["mock", "--root", "x.cfg"]


def test_a_chain_keeps_its_own_repository():
    argv = build_argv({**DEFAULTS, "chain": True, "keep_going": True}, ["/s/a.src.rpm", "/s/b.src.rpm"])
    assert argv[-6:] == ["--localrepo", "/r", "--recurse", "--chain", "/s/a.src.rpm", "/s/b.src.rpm"]
    assert "--resultdir" not in argv


def test_a_source_rpm_of_a_spec():
    argv = srpm_argv({**DEFAULTS, "spec": "/d/a.spec", "sources": "/d", "with_options": ["doc"]})
    assert argv[-7:] == ["--resultdir", "/r", "--buildsrpm", "--spec", "/d/a.spec", "--sources", "/d"]
    assert argv[4:6] == ["--with", "doc"]


def test_every_option_of_the_module_is_covered():
    assert set(yaml.safe_load(mock_build.DOCUMENTATION)["options"]) == set(DEFAULTS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"srpms": []}, "either srpms"),
        ({"spec": "/s"}, "either srpms"),
        ({"srpms": [], "spec": "/s", "chain": True}, "A chain is made of srpms"),
        ({"keep_going": True}, "keep_going is for a chain"),
        ({}, "/s/a-1-1.src.rpm is not there"),
        ({"srpms": ["/dev/null"]}, "not a source RPM"),
    ],
)
def test_options_that_do_not_go_together(options, message):
    with pytest.raises(InvalidInput, match=message):
        check_params({**DEFAULTS, **options})


@pytest.mark.parametrize("key", ["repositories", "enable_repos", "disable_repos", "with_options", "without_options"])
def test_a_value_that_mock_would_take_for_an_option(key, tmp_path):
    srpm = tmp_path / "a-1-1.src.rpm"
    srpm.touch()
    with pytest.raises(InvalidInput, match="--shell"):
        check_params({**DEFAULTS, "srpms": [str(srpm)], key: ["--shell"]})


def test_the_installed_mock_knows_every_option():
    if not shutil.which("mock"):
        pytest.skip("mock is not installed: it is packaged for RPM hosts only")
    known = subprocess.run(["mock", "--help"], capture_output=True, text=True, check=True).stdout
    everything = {**DEFAULTS, "network": True, "offline": True, "check": False, "install_check": True, "clean": False}
    everything |= {
        "repositories": ["x"],
        "enable_repos": ["x"],
        "disable_repos": ["x"],
        "timeout": 1,
        "unique_ext": "x",
    }
    everything |= {
        "with_options": ["x"],
        "without_options": ["x"],
        "defines": {"x": 1},
        "config_opts": {"x": 1},
        "config_dir": "x",
    }
    argv = [
        *build_argv(everything, []),
        *build_argv({**everything, "chain": True, "keep_going": True}, []),
        *srpm_argv({**everything, "spec": "x", "sources": "x"}),
    ]
    assert not [word for word in argv if word.startswith("--") and word.split("=")[0] not in known]
