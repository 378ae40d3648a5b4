# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What only DLRN knows, asked with its own code: DLRN's Python runs this file, nothing here imports it.

Its argument is a request as JSON; it prints the answer as JSON on standard output. It only reads, but for DLRN's own
cache of rdoinfo.
"""

from __future__ import annotations

import configparser
import json
import os
import sys
import tempfile
import typing as t

COLUMNS = (
    *("id", "project_name", "component", "status", "commit_hash", "distro_hash", "extended_hash", "commit_branch"),
    *("dt_commit", "dt_build", "artifacts", "notes"),
)


def commit_row(commit: t.Any) -> dict[str, t.Any]:
    """A commit as plain data, with the folder of its repository below the data directory."""
    row = {name: getattr(commit, name) for name in COLUMNS}
    return {**row, "repository": os.path.join("repos", commit.getshardedcommitdir())}


class Dlrn:
    """DLRN as one configuration file has it set up."""

    def __init__(self, config_file: str, info_repo: str | None) -> None:
        from dlrn.config import ConfigOptions
        from dlrn.db import getSession
        from dlrn.utils import import_object

        parser = configparser.RawConfigParser()
        parser.read(config_file)
        self.options = ConfigOptions(parser)
        database = self.options.database_connection
        scheme, _slashes, path = database.partition("sqlite:///")
        if not scheme and not os.path.exists(path):
            # Asking must not make the database.
            self._empty = tempfile.TemporaryDirectory()
            database = f"sqlite:///{self._empty.name}/commits.sqlite"
        self.session = getSession(database)
        self.pkginfo = import_object(self.options.pkginfo_driver, cfg_options=self.options)
        self.packages = self.pkginfo.getpackages(local_info_repo=info_repo, tags=self.options.tags, dev_mode=False)

    def foreseeable(self, package: dict[str, t.Any]) -> bool:
        """Whether the heads of the two branches alone say if there is something to build."""
        tags = package.get("tags") or {}
        return (
            self.options.pkginfo_driver == "dlrn.drivers.rdoinfo.RdoInfoDriver"
            and isinstance(package["upstream"], str)
            and not package.get("distgit-path")
            and "build-tags-only" not in package
            and "build-tags-only" not in tags
        )

    def state(self, since: int) -> dict[str, t.Any]:
        """Configuration, packages, the newest commit of each that DLRN has handled, and all after id ``since``."""
        from dlrn.db import Commit, getCommits, getLastProcessedCommit
        from dlrn.repositories import getdistrobranch, getsourcebranch

        options = self.options
        packages = []
        for package in self.packages:
            name = package["name"]
            last = getLastProcessedCommit(self.session, name)
            good = getCommits(self.session, project=name, with_status="SUCCESS").first()
            bad = None
            if last is not None and last.status != "SUCCESS":
                query = self.session.query(Commit).filter(
                    Commit.project_name == name,
                    Commit.status == last.status,
                    Commit.id > (good.id if good else 0),
                )
                bad = query.order_by(Commit.id).first()
            packages.append(
                {
                    "name": name,
                    "component": package.get("component") if options.use_components else None,
                    "upstream": package["upstream"],
                    "distgit": package["master-distgit"],
                    "foreseeable": self.foreseeable(package),
                    "source_branch": getsourcebranch(package, default_branch=options.source),
                    "distro_branch": getdistrobranch(package, default_branch=options.distro),
                    "last": last and commit_row(last),
                    "failing_since": bad and commit_row(bad),
                }
            )
        rows = self.session.query(Commit).filter(Commit.id > since).order_by(Commit.id).all() if since >= 0 else []
        newest = self.session.query(Commit).order_by(Commit.id.desc()).first()
        return {
            "config": {
                "datadir": os.path.realpath(options.datadir),
                "baseurl": options.baseurl,
                "reponame": options.reponame,
                "fallback_to_master": options.fallback_to_master,
                "source": options.source,
            },
            "packages": packages,
            "commits": [commit_row(row) for row in rows],
            "newest_id": newest.id if newest else 0,
        }


def main() -> None:
    request = json.loads(sys.argv[1])
    # Whatever DLRN and its libraries print must not mix with the answer.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    dlrn = Dlrn(request["config_file"], request["info_repo"])
    json.dump(dlrn.state(request["since"]), answer_to)
    answer_to.close()


if __name__ == "__main__":
    main()
