# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""DLRN on its own host: configuration, database and repositories, all through DLRN's own code.

This needs the Python that DLRN is installed for. The database can be of any kind that DLRN knows, and an aggregate
gets the very hash that DLRN gives it.
"""

from __future__ import annotations

import configparser
import contextlib
import functools
import os
import typing as t

from .._module.errors import Conflict, InvalidInput, NotFound
from .._module.files import decode, read_input
from .._module.libraries import load_library
from .._module.lock import describe_holder, held_lock
from .._module.text import ini_problem


class DlrnHost:
    """One DLRN, as its ``projects.ini`` describes it. Relative paths there are taken from the folder it lies in.

    :raises NotFound: there is no such file, or no data.
    """

    def __init__(self, config: str) -> None:
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(decode(read_input(config, "configuration of DLRN"), config), config)
        except configparser.Error as error:
            raise InvalidInput(f"{config} is not a configuration of DLRN: {ini_problem(error)}", path=config) from error
        os.chdir(os.path.dirname(os.path.abspath(config)))
        self.utils = load_library("dlrn.utils")
        self.db = load_library("dlrn.db")
        self.purged = load_library("dlrn.purge").FLAG_PURGED
        self.options = load_library("dlrn.config").ConfigOptions(parser)
        self.datadir = os.path.realpath(self.options.datadir)
        self.repos = os.path.join(self.datadir, "repos")
        self.reponame: str = self.options.reponame
        self.components: bool = self.options.use_components
        if not os.path.isdir(self.repos):
            raise NotFound(f"{config} says that DLRN's repositories are in {self.repos}, but there is no such folder.")
        self.session = self.db.getSession(self.options.database_connection)

    @contextlib.contextmanager
    def lock(self, timeout: float, create: bool) -> t.Iterator[None]:
        """Hold the lock that DLRN's builder takes while it files a build (``lock_file`` of ``dlrn/utils.py``).

        :param create: make its file if DLRN has not yet; otherwise, without a file, there is nothing to hold.
        :raises Conflict: DLRN held it all the time.
        """
        path = os.path.join(self.datadir, "remote.lck")
        if not create and not os.path.exists(path):
            yield
            return
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(held_lock(path, None, timeout, create=create))
            except Conflict as error:
                who = describe_holder(error.data["holder"])
                raise Conflict(
                    f"DLRN has held its lock {path} for {timeout:g} s, as {who}: it is filing a build. Try again when "
                    "it has done so.",
                    **error.data,
                ) from error
            yield

    @functools.cached_property
    def packages(self) -> list[dict[str, t.Any]]:
        """What DLRN builds, as its API asks for it."""
        driver = self.utils.import_object(self.options.pkginfo_driver, cfg_options=self.options)
        try:
            return driver.getpackages(tags=self.options.tags)
        except Exception as error:
            raise InvalidInput(
                f"DLRN's list of packages cannot be read ({self.options.pkginfo_driver}): {error}"
            ) from error

    def aggregate(self, name: str) -> str:
        """Make the aggregate of a label, of ``current`` or ``consistent`` anew; its hash."""
        return self.utils.aggregate_repo_files(
            name, self.datadir, self.session, self.reponame, self.packages, hashed_dir=True
        )

    def base(self, component: str | None) -> str:
        """The folder that the links of a component lie in."""
        return os.path.join(self.repos, "component", component) if component else self.repos

    def target(self, commit: t.Any) -> str:
        """Where a link to a commit's repository points, from :meth:`base` of its component."""
        folder = os.path.join(self.repos, commit.getshardedcommitdir())
        return os.path.relpath(folder, self.base(commit.component if self.components else None))
