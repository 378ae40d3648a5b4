# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Removing old builds without those that a label holds.

``dlrn-purge --exclude-dirs`` keeps a commit if one of its packages is in one of the folders, or, with components, in
the folder of that name of any component (``is_commit_in_dirs`` of ``dlrn/purge.py``). A label's folder has links to
the packages of all commits that were current when it was built, so these are kept with it.
"""

from __future__ import annotations

import configparser
import contextlib
import dataclasses
import os
import re
import typing as t

from .._module.command import run_command
from .._module.errors import InvalidInput, NotFound
from .._module.files import decode, read_input
from .._module.lock import held_lock
from .._module.progress import say
from .._module.runner import Change, Plan
from .._module.text import ini_problem
from .names import check_name

REMOVED = re.compile(r"^\S+ \S+ INFO:dlrn-purge:Remove (.+)$", re.MULTILINE)


@dataclasses.dataclass
class Purge(Change):
    """Builds of some age, removed unless a label holds them.

    :param config: DLRN's projects.ini.
    :param older_than: days.
    :param keep: labels that must be there, before and after.
    :param forget: labels that need not be kept. All others that are found are.
    :param executable: the program dlrn-purge.
    :param time_limit: seconds that it may take; 0: no limit.
    """

    config: str
    older_than: int
    keep: t.Sequence[str]
    forget: t.Sequence[str]
    executable: str
    lock: str | None
    lock_timeout: float
    log: str | None
    time_limit: float = 0.0
    check_mode: bool = False

    def __post_init__(self) -> None:
        self._locks = contextlib.ExitStack()

    def plan(self) -> Plan:
        if self.older_than < 1:
            raise InvalidInput(f"older_than is {self.older_than} days; at least 1 is needed.")
        both = sorted(set(self.keep) & set(self.forget))
        if both:
            raise InvalidInput(f"Labels cannot be kept and forgotten: {', '.join(both)}.")
        self._read_config()
        if self.lock and not self.check_mode:
            # A candidate that is staged after the labels were looked at would not be kept.
            purpose = {"purpose": "purge", "config": self.config}
            self._locks.enter_context(held_lock(self.lock, purpose, self.lock_timeout))
        self._labels = sorted(self._find_labels() - {check_name(label, "label") for label in self.forget})
        self._whole = self._whole_links(self._labels)
        self._check_labels(self._links(self.keep), "Nothing was removed.")
        folders = [os.path.join(self._repos, label) for label in self._labels]
        say(f"dlrn-purge looks for builds of {self.older_than} days that no label holds; log: {self.log or 'none'}")
        removed = self._run(["--dry-run"])
        actions = [f"remove {path}" for path in removed]
        result = {"removed": removed, "kept_labels": self._labels, "exclude_dirs": folders}
        return Plan({"folders": removed}, {"folders": []}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        say(f"dlrn-purge removes {len(plan.actions)} folders")
        removed = self._run([])
        self._check_labels(self._whole, "It was there before; see what dlrn-purge says.")
        return {"removed": removed}

    def _read_config(self) -> None:
        parser = configparser.RawConfigParser()
        text = decode(read_input(self.config, "configuration of DLRN"), f"The configuration of DLRN {self.config}")
        try:
            parser.read_string(text, self.config)
            datadir = parser.get("DEFAULT", "datadir")
            self._reponame = parser.get("DEFAULT", "reponame")
            # dlrn-purge itself needs these two, too.
            self._components = parser.getboolean("DEFAULT", "use_components")
        except (configparser.Error, ValueError) as error:
            raise InvalidInput(f"{self.config} does not say what dlrn-purge needs: {ini_problem(error)}.") from error
        # The very path that dlrn-purge makes, from the folder it is run in.
        self._folder = os.path.dirname(os.path.abspath(self.config))
        self._repos = os.path.abspath(os.path.join(self._folder, datadir, "repos"))
        if "," in self._repos:
            raise InvalidInput(f"dlrn-purge cannot exclude folders below {self._repos}: there is a comma in it.")

    def _bases(self) -> list[str]:
        """The folders that labels' links lie in."""
        if not self._components:
            return [self._repos]
        folder = os.path.join(self._repos, "component")
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))] if os.path.isdir(folder) else []

    def _find_labels(self) -> set[str]:
        """Everything that points to a repository, ``current`` and ``consistent`` among them."""
        found = set()
        for base in self._bases():
            if os.path.isdir(base):
                with os.scandir(base) as entries:
                    found |= {entry.name for entry in entries if entry.is_symlink() and not entry.name.endswith("_")}
        missing = sorted({check_name(label, "label") for label in self.keep} - found)
        if missing:
            raise NotFound(
                f"Labels that must be kept are not below {self._repos}: {', '.join(missing)}. "
                f"There are: {', '.join(sorted(found)) or 'none'}.",
                missing=missing,
            )
        return {check_name(label, "label") for label in found}

    def _links(self, labels: t.Collection[str]) -> set[str]:
        links = (os.path.join(base, label) for base in self._bases() for label in labels)
        return {link for link in links if os.path.islink(link)}

    def _whole_links(self, labels: t.Collection[str]) -> set[str]:
        """Links of labels whose repository is there."""
        links = self._links(labels)
        return {link for link in links if os.path.exists(os.path.join(link, "repodata", "repomd.xml"))}

    def _check_labels(self, needed: set[str], advice: str) -> None:
        gone = sorted(needed - self._whole_links(self._labels))
        if gone:
            raise NotFound(
                f"The repository of a label that must be kept is gone, DLRN has purged it: {', '.join(gone)}. {advice}",
                gone=gone,
            )

    def _run(self, options: t.Sequence[str]) -> list[str]:
        """Run dlrn-purge; the folders it removed, or would."""
        argv = [
            self.executable,
            "--config-file",
            os.path.abspath(self.config),
            "--older-than",
            str(self.older_than),
            "-y",
        ]
        argv += options
        if self._labels:
            # It breaks down at an empty list.
            argv += ["--exclude-dirs", ",".join(os.path.join(self._repos, label) for label in self._labels)]
        finished = run_command(argv, cwd=self._folder, log=self.log, tail=10_000_000, timeout=self.time_limit or None)
        return sorted(set(REMOVED.findall(finished.output)))
