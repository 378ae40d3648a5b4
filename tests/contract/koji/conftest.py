# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hub that the contract is tried on: the double, or the one that KOJI_HUB_URL names.

For a real hub also set KOJI_USER and KOJI_PASSWORD (or KOJI_CERT) to somebody with the permission admin, and
KOJI_PLAIN_USER and KOJI_PLAIN_PASSWORD to somebody with none. Everything made there carries a random prefix, and what
can be removed is removed in the end.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
import subprocess
import sys
import typing as t

import koji
import pytest
from koji_double import Hub, Server

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(TESTS / "integration"), str(TESTS / "events")]  # stage runs modules, lab has a daemon of rsync
REAL = os.environ.get("KOJI_HUB_URL")


# The client logs out when it is collected. That must not happen in a thread of the double, which would wait for itself.
SESSIONS: list[koji.ClientSession] = []


def connect(url: str, who: str | None) -> koji.ClientSession:
    """A session of ``admin``, ``plain``, or nobody (None)."""
    options: dict[str, t.Any] = {"timeout": 60, "max_retries": 1, "retry_interval": 0, "anon_retry": False}
    if who is None:
        return _kept(koji.ClientSession(url, options))
    if not REAL:
        name = {"admin": "kojiadmin", "plain": "alice"}[who]
        options.update(user=name, password=name)
    else:
        prefix = {"admin": "KOJI_", "plain": "KOJI_PLAIN_"}[who]
        options.update(user=os.environ.get(f"{prefix}USER"), password=os.environ.get(f"{prefix}PASSWORD"))
        if who == "admin" and os.environ.get("KOJI_CERT"):
            session = _kept(koji.ClientSession(url, options))
            session.ssl_login(os.environ["KOJI_CERT"], None, os.environ.get("KOJI_SERVERCA"))
            return session
        if not options["user"]:
            pytest.skip(f"{prefix}USER is not set: nobody to log in to {url} as")
    session = _kept(koji.ClientSession(url, options))
    session.login()
    return session


def _kept(session: koji.ClientSession) -> koji.ClientSession:
    SESSIONS.append(session)
    return session


class World:
    """Tags, packages and builds as the recording had them, under a prefix of their own."""

    def __init__(self, url: str, server: Server | None = None) -> None:
        self.url, self.server = url, server
        self.prefix = f"contract{secrets.token_hex(4)}-" if REAL else ""
        self.admin, self.plain, self.anonymous = (connect(url, who) for who in ("admin", "plain", None))
        self.plain_name = self.plain.getLoggedInUser()["name"]
        self.admin_name = self.admin.getLoggedInUser()["name"]
        admin = self.admin
        admin.createTag(self("cloud9-common"), arches="x86_64 aarch64")
        admin.createTag(self("cloud9-candidate"), parent=self("cloud9-common"))
        admin.createTag(self("cloud9-testing"), parent=self("cloud9-common"))
        admin.createTag(self("cloud9-release"), parent=self("cloud9-testing"))
        admin.createTag(self("cloud9-build"), arches="x86_64", extra={"mock.package_manager": "dnf"})
        for name in ("no-tagging-here", "cloud9-locked-by-policy", "cloud9-locked"):
            admin.createTag(self(name))
        for package in ("alpha", "beta"):
            admin.packageListAdd(self("cloud9-common"), self(package), self.plain_name)
        admin.packageListAdd(self("cloud9-testing"), self("gamma"), self.plain_name)
        for name, version in (("alpha", "1.0"), ("alpha", "1.1"), ("beta", "2.0"), ("beta", "2.1"), ("gamma", "3.0")):
            admin.createEmptyBuild(self(name), version, "1.el9", None)

    @classmethod
    def recorded(cls, read_in_source: t.Iterable[str] = ()) -> World:
        """On a double of its own, or on the real hub."""
        if REAL:
            return cls(REAL)
        server = Server(Hub(read_in_source))
        return cls(server.url, server)

    def __call__(self, name: str) -> str:
        """A name under this world's prefix."""
        return f"{self.prefix}{name}"

    def close(self) -> None:
        """Stop the double, or remove from the real hub what can be removed."""
        if self.server:
            self.server.stop()
            return
        for target in self.anonymous.getBuildTargets():
            if target["name"].startswith(self.prefix):
                with contextlib.suppress(koji.GenericError):
                    self.admin.deleteBuildTarget(target["id"])
        for repository in ("ext", "ext-base", "ext-other"):
            with contextlib.suppress(koji.GenericError):
                self.admin.deleteExternalRepo(self(repository))
        for tag in self.anonymous.listTags(pattern=f"{self.prefix}*"):
            for build in self.anonymous.listTagged(tag["name"]):
                with contextlib.suppress(koji.GenericError):
                    self.admin.untagBuildBypass(tag["name"], build["nvr"], force=True)
            with contextlib.suppress(koji.GenericError):
                self.admin.deleteTag(tag["name"])


@pytest.fixture
def double():
    """A double of its own for a test."""
    server = Server(Hub())
    yield server
    server.stop()


@pytest.fixture
def only_double():
    """For what a real hub would have to be set up for: its policies, its failures, its own past."""
    if REAL:
        pytest.skip("needs the double: a real hub cannot be made to do this from outside")


@pytest.fixture(scope="module")
def world():
    """The recorded world, shared by the tests of a module."""
    world = World.recorded()
    yield world
    world.close()


@pytest.fixture
def fresh_world():
    """The recorded world, for one test."""
    world = World.recorded()
    yield world
    world.close()


SPEC = """
Name: {name}
Version: 1.0
Release: 1.el9
Summary: Nothing
License: MIT
BuildArch: noarch
%description
Nothing.
%files
"""


@pytest.fixture(scope="session")
def tiny_rpms(tmp_path_factory) -> t.Callable[[str], list[pathlib.Path]]:
    """Makes the source and the noarch RPM of a package with nothing in it."""

    def make(name: str) -> list[pathlib.Path]:
        folder = tmp_path_factory.mktemp("rpm")
        (folder / "tiny.spec").write_text(SPEC.format(name=name))
        try:
            subprocess.run(
                ["rpmbuild", "-ba", "-D", f"_topdir {folder}", "-D", "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}"
                 ".%%{ARCH}.rpm", str(folder / "tiny.spec")],
                check=True, capture_output=True,
            )  # fmt: skip
        except FileNotFoundError:
            pytest.skip("rpmbuild is not installed: no RPM to import")
        return [*folder.glob("SRPMS/*.rpm"), *folder.glob("RPMS/**/*.rpm")]

    return make
