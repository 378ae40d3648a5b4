# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""mock's command line. The names are those of mock 6 (mock/py/mock.py, mock(1))."""

from __future__ import annotations

import os
import typing as t

from .._module.errors import InvalidInput


def common_argv(params: t.Mapping[str, t.Any]) -> list[str]:
    """The options that every call of mock has.

    :param params: the options of the module mock_build.
    """
    argv = ["mock", "--root", params["root"], f"--isolation={params['isolation']}"]
    if params["config_dir"]:
        argv += ["--configdir", params["config_dir"]]
    if params["unique_ext"]:
        argv += ["--uniqueext", params["unique_ext"]]
    for option, key in (
        ("--addrepo", "repositories"),
        ("--enablerepo", "enable_repos"),
        ("--disablerepo", "disable_repos"),
    ):
        for value in params[key]:
            argv += [option, value]
    for option, key in ("--with", "with_options"), ("--without", "without_options"):
        for value in params[key]:
            argv += [option, value]
    for name, value in sorted(params["defines"].items()):
        argv += ["--define", f"{name} {value}"]
    for name, value in sorted(params["config_opts"].items()):
        argv += ["--config-opts", f"{name}={value}"]
    argv += ["--enable-network"] if params["network"] else []
    argv += ["--offline"] if params["offline"] else []
    argv += ["--rpmbuild_timeout", str(params["timeout"])] if params["timeout"] else []
    return argv


def build_argv(params: t.Mapping[str, t.Any], srpms: t.Sequence[str]) -> list[str]:
    """Build source RPMs: one after the other, or as a chain, where each finds those built before in a repository."""
    argv = common_argv(params)
    argv += [] if params["check"] else ["--nocheck"]
    argv += ["--postinstall"] if params["install_check"] else []
    argv += [] if params["clean"] else ["--no-clean"]
    argv += ["--cleanup-after" if params["clean_after"] else "--no-cleanup-after"]
    if params["chain"]:
        argv += ["--localrepo", params["result_dir"]]
        argv += ["--recurse"] if params["keep_going"] else []
        return [*argv, "--chain", *srpms]
    return [*argv, "--resultdir", params["result_dir"], "--rebuild", *srpms]


def srpm_argv(params: t.Mapping[str, t.Any]) -> list[str]:
    """Make a source RPM of a spec file and its sources."""
    argv = [*common_argv(params), "--resultdir", params["result_dir"]]
    return [*argv, "--buildsrpm", "--spec", params["spec"], "--sources", params["sources"]]


def check_params(params: t.Mapping[str, t.Any]) -> None:
    """:raises InvalidInput: options that do not go together, or a value that mock would take for an option."""
    if bool(params["srpms"]) == bool(params["spec"]):
        raise InvalidInput("Give either srpms, or spec and sources.")
    if params["chain"] and params["spec"]:
        raise InvalidInput("A chain is made of srpms; a spec is one build.")
    if params["keep_going"] and not params["chain"]:
        raise InvalidInput("keep_going is for a chain.")
    for path in [*params["srpms"], *filter(None, (params["spec"], params["sources"]))]:
        if not os.path.exists(path):
            raise InvalidInput(f"{path} is not there.")
    for path in params["srpms"]:
        if not path.endswith(".src.rpm"):
            raise InvalidInput(f"{path} is not a source RPM: its name must end with .src.rpm.")
    words = [params["root"], params["unique_ext"] or "", *params["repositories"], *params["enable_repos"]]
    for word in [*words, *params["disable_repos"], *params["with_options"], *params["without_options"]]:
        if word.startswith("-") or "\n" in word:
            raise InvalidInput(f"{word!r} can be no value here: mock would take it for an option.")
