# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What DLRN (0.26) leaves behind when it, its API or its purge is killed, and how each piece is mended.

- A link is made beside its place and renamed (``current_``, ``delorean.repo_``). A left one makes every later build
  or promotion fail.
- The API moves a label's links, then makes the aggregate, then writes its rows. What the rows say was finished; what
  only the links say was not, and what was asked for is unknown: the links are put back.
- The builder writes SUCCESS, then moves ``current``, then ``consistent``, then makes their aggregates, then votes.
- The purge removes directories, then marks their commits.

``remote.lck`` is not wreckage: the kernel frees it with the process.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import typing as t
from functools import partial

from .._module.errors import Refused
from .._module.libraries import load_library
from .host import DlrnHost

# What may be done on purpose is only told, unless the label is named.
UNNAMED = "Name it in labels to have it mended"
CSV_HEAD = (
    "Project,Source Repo,Source Sha,Dist Repo,Dist Sha,Status,Last Success Timestamp,Component,Extended Sha,Pkg NVR\n"
)


@dataclasses.dataclass
class Finding:
    """One piece of wreckage.

    :param what: what is wrong and what is done about it, in one sentence.
    :param mend: does it; None: nothing is done.
    :param touched: seconds since 1970 when the API last changed something about it; 0: not the API's.
    """

    kind: str
    what: str
    mend: t.Callable[[], None] | None
    path: str | None = None
    commit: str | None = None
    touched: float = 0.0


class Wreckage:
    """Looks through one DLRN.

    :param labels: also mended if there is no row of theirs, or no link.
    """

    def __init__(self, host: DlrnHost, labels: t.Collection[str] = ()) -> None:
        self.host = host
        self.labels = set(labels)
        self._db = host.db

    def find(self) -> list[Finding]:
        """All there is, in the order in which it must be mended."""
        self.host.session.expire_all()
        rows = self._rows()
        known = {name for name, _component in rows} | self.labels
        return [
            *self._left_links(known),
            *self._commits(),
            *self._newest(),
            *(finding for name in sorted(known | self._linked()) for finding in self._label(name, rows)),
        ]

    # Links that should have been renamed

    def _left_links(self, labels: t.Collection[str]) -> t.Iterator[Finding]:
        """Links that were made and not renamed."""
        names = {f"{name}_" for name in {"current", "consistent", *labels}} - set(labels)
        paths = [os.path.join(base, name) for base in self._bases() for name in sorted(names)]
        aggregate = [f"{name}_" for name in self._aggregate_files()]
        paths += [os.path.join(folder.path, name) for folder in self._folders() for name in aggregate]
        for path in paths:
            if os.path.islink(path):
                what = f"{path} was made and not renamed; with it, the next build or promotion fails: it is removed."
                yield Finding("left-link", what, partial(os.unlink, path), path, touched=_touched(path))

    def _bases(self) -> list[str]:
        """The folders that labels' links lie in."""
        if not self.host.components:
            return [self.host.repos]
        return [self.host.base(component) for component in self._component_names()]

    def _component_names(self) -> list[str]:
        folder = os.path.join(self.host.repos, "component")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def _folders(self) -> list[os.DirEntry[str]]:
        """With components: the folders of labels, which hold their aggregates."""
        if not self.host.components:
            return []
        with os.scandir(self.host.repos) as entries:
            folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name != "component"]
        return sorted(folders, key=lambda entry: entry.name)

    def _linked(self) -> set[str]:
        """Labels that have a link."""
        found = set()
        for base in self._bases():
            with os.scandir(base) as entries:
                found |= {entry.name for entry in entries if entry.is_symlink() and not entry.name.endswith("_")}
        return found - {"current", "consistent"}

    # Commits without their repository

    def _commits(self) -> t.Iterator[Finding]:
        """Commits marked SUCCESS whose repository is not there, or not whole."""
        commit_table = self._db.Commit
        commits = [
            commit
            for commit in self._db.getCommits(self.host.session, with_status="SUCCESS", limit=0)
            if not (commit.flags or 0) & self.host.purged
        ]
        if commits and not any(os.path.isdir(self._folder(commit)) for commit in commits):
            raise Refused(
                f"None of the {len(commits)} repositories that DLRN's database knows is below {self.host.repos}. "
                "Is the volume mounted?"
            )
        newest: dict[str, int] = {}
        for commit in commits:
            newest[commit.project_name] = max(newest.get(commit.project_name, 0), commit.id)
        for commit in commits:
            folder = self._folder(commit)
            lacks = self._lacks(commit, folder)
            if lacks == ["commit.yaml"]:
                yield Finding(
                    "no-commit-yaml",
                    f"The repository {folder} of {commit.project_name} has no commit.yaml: it is written anew.",
                    partial(self._write_commit_yaml, commit),
                    folder,
                    commit.commit_hash,
                )
            elif lacks:
                rebuilt = newest[commit.project_name] == commit.id
                how = "the commit is marked RETRY, and DLRN builds it again" if rebuilt else "it is marked as purged"
                values = {"status": "RETRY"} if rebuilt else {"flags": (commit.flags or 0) | self.host.purged}
                lacking = f"is marked SUCCESS, but its repository {folder} lacks {', '.join(lacks)}"
                yield Finding(
                    "half-repository",
                    f"{commit.project_name} {lacking}: {how}.",
                    partial(self._update, commit_table, commit.id, values),
                    folder,
                    commit.commit_hash,
                )

    def _folder(self, commit: t.Any) -> str:
        return os.path.join(self.host.repos, commit.getshardedcommitdir())

    def _lacks(self, commit: t.Any, folder: str) -> list[str]:
        """What a commit's repository must have and does not."""
        if not os.path.isdir(folder):
            return ["everything"]
        artifacts = (commit.artifacts or "").split(",")
        lacks = [os.path.basename(path) for path in artifacts if path and not self._whole(self.host.datadir, path)]
        # Both or none: DLRN can be told to make no repositories.
        parts = [f"{self.host.reponame}.repo", os.path.join("repodata", "repomd.xml")]
        missing = [part for part in parts if not self._whole(folder, part)]
        lacks += missing if len(missing) == 1 else []
        return lacks if lacks or self._whole(folder, "commit.yaml") else ["commit.yaml"]

    @staticmethod
    def _whole(folder: str, path: str) -> bool:
        try:
            return os.stat(os.path.join(folder, path)).st_size > 0
        except OSError:
            return False

    def _write_commit_yaml(self, commit: t.Any) -> None:
        path = os.path.join(self._folder(commit), "commit.yaml")
        self.host.utils.saveYAML_commit(commit, f"{path}_")
        os.replace(f"{path}_", path)

    def _update(self, table: t.Any, row: int, values: dict[str, t.Any]) -> None:
        self.host.session.query(table).filter(table.id == row).update(values)
        self.host.session.commit()

    # current and consistent

    def _newest(self) -> t.Iterator[Finding]:
        """The newest build of each component that did not become ``current``, or ``consistent``, or was not voted."""
        links: dict[str, dict[str, str]] = {"current": {}, "consistent": {}}
        for component in self._component_names() if self.host.components else [None]:
            newest = self._newest_commit(component)
            for name in ("current", "consistent"):
                link = os.path.join(self.host.base(component), name)
                target = os.readlink(link) if os.path.islink(link) else None
                if self._should_move(name, newest, target, component):
                    target = self.host.target(newest)
                    what = (
                        f"The newest build of {component or 'this trunk'}, {newest.project_name} "
                        f"{newest.commit_hash[:8]}, did not become {name}: {link} is moved to it."
                    )
                    yield Finding(f"{name}-behind", what, partial(_point, link, target), link, newest.commit_hash)
                if target is not None and component is not None:
                    links[name][component] = target
                if name == "consistent" and newest is not None and target == self.host.target(newest):
                    yield from self._consistent_vote(newest)
        for name, targets in links.items():
            if self.host.components and targets:
                yield from self._aggregate(name, targets, None)

    def _newest_commit(self, component: str | None) -> t.Any:
        """The commit that was filed last of those that were built, if its repository is whole."""
        commit = self._db.getCommits(self.host.session, with_status="SUCCESS", component=component).first()
        if commit is None or (commit.flags or 0) & self.host.purged or self._lacks(commit, self._folder(commit)):
            return None
        return commit

    def _should_move(self, name: str, newest: t.Any, target: str | None, component: str | None) -> bool:
        """Whether ``current`` or ``consistent`` must become ``newest`` and points to ``target`` instead."""
        if newest is None or not self._behind(newest, target, component):
            return False
        return name == "current" or self._was_consistent(newest, component)

    def _behind(self, newest: t.Any, target: str | None, component: str | None) -> bool:
        """Whether a link points to a commit that was filed before ``newest``, or to nothing."""
        if target is None:
            return True
        table = self._db.Commit
        commit_hash = os.path.basename(target).split("_")[0]
        same = self.host.session.query(table).filter(table.commit_hash == commit_hash)
        if component:
            same = same.filter(table.component == component)
        ids = [commit.id for commit in same if self.host.target(commit) == target]
        return bool(ids) and max(ids) < newest.id

    def _was_consistent(self, commit: t.Any, component: str | None) -> bool:
        """Whether every package was built when ``commit`` was, as its versions.csv and the list of packages say."""
        lines = _lines(os.path.join(self._folder(commit), "versions.csv"))[1:]
        states = {fields[0]: fields[5] for fields in (line.split(",") for line in lines) if len(fields) > 5}
        if not states or set(states.values()) != {"SUCCESS"}:
            return False
        return {
            package["name"] for package in self.host.packages if not component or package.get("component") == component
        } <= set(states)

    def _consistent_vote(self, commit: t.Any) -> t.Iterator[Finding]:
        votes = self._db.CIVote
        query = self.host.session.query(votes).filter(votes.commit_id == commit.id, votes.ci_name == "consistent")
        if query.count() == 0:
            what = (
                f"{commit.project_name} {commit.commit_hash[:8]} is consistent without DLRN's vote for it: it is added."
            )
            yield Finding("no-consistent-vote", what, partial(self._vote, commit), None, commit.commit_hash)

    def _vote(self, commit: t.Any) -> None:
        """The vote that DLRN would have added (``process_build_result_rpm`` of ``dlrn/shell.py``)."""
        vote = self._db.CIVote(
            commit_id=commit.id,
            ci_name="consistent",
            ci_url="",
            ci_vote=True,
            ci_in_progress=False,
            timestamp=int(commit.dt_build),
            notes="",
            component=commit.component,
        )
        self.host.session.add(vote)
        self.host.session.commit()

    # Labels

    def _rows(self) -> dict[tuple[str, str | None], t.Any]:
        """The newest row of each label and component."""
        table = self._db.Promotion
        newest = load_library("sqlalchemy").func.max(table.id)
        ids = self.host.session.query(newest).group_by(table.promotion_name, table.component)
        rows = self.host.session.query(table).filter(table.id.in_([row[0] for row in ids])).order_by(table.id)
        return {(row.promotion_name, row.component if self.host.components else None): row for row in rows}

    def _label(self, name: str, rows: t.Mapping[tuple[str, str | None], t.Any]) -> t.Iterator[Finding]:
        """A label whose links are not what its newest rows say, and its aggregate."""
        own = {component: row for (label, component), row in rows.items() if label == name}
        if self.host.components:
            own.pop(None, None)
        latest = max(own.values(), key=lambda row: row.id, default=None)
        finished = self._sections(name, latest.aggregate_hash if latest is not None else None)
        targets: dict[str, str] = {}
        moved = []
        for component in self._component_names() if self.host.components else [None]:
            link = os.path.join(self.host.base(component), name)
            there = os.readlink(link) if os.path.islink(link) else None
            row = own.get(component)
            purged = row is not None and (row.commit.flags or 0) & self.host.purged
            wanted = there if purged else self.host.target(row.commit) if row is not None else None
            gone = row is not None and there is None and finished is not None and component not in finished
            if gone and (component is not None or name not in self.labels):
                # Taken away on purpose. Without components, that or an end between removing and making it.
                wanted = None
                if row is not None and component is None and not purged:
                    what = f"{link} is not there, but the newest promotion to {name} says it should be. {UNNAMED}."
                    yield Finding("label-missing", what, None, link, row.commit.commit_hash, _touched(link))
            elif wanted != there:
                mended = bool(own) or name in self.labels
                finding = self._link_finding(name, link, there, wanted, row, mended)
                moved.append(link)
                yield finding
                wanted = wanted if mended else there
            if wanted is not None and component is not None:
                targets[component] = wanted
        if self.host.components and (own or name in self.labels):
            yield from self._aggregate(name, targets, latest, moved)

    def _link_finding(
        self, name: str, link: str, there: str | None, wanted: str | None, row: t.Any, mended: bool
    ) -> Finding:
        commit = row.commit.commit_hash if row is not None else None
        touched = _touched(link)
        if wanted is None:
            what = f"{link} points to {there}, and no promotion to {name} says so"
            what += ": it is removed." if mended else f". {UNNAMED}."
            return Finding(
                "label-without-row", what, partial(os.unlink, link) if mended else None, link, commit, touched
            )
        if there is None:
            what = f"{link} is not there, but the newest promotion to {name} says {wanted}: it is made again."
            return Finding("label-missing", what, partial(_point, link, wanted), link, commit, touched)
        what = (
            f"{link} points to {there}, but the newest promotion to {name} says {wanted}. What was asked for is not "
            "known: it is put back, promote again."
        )
        return Finding("label-moved", what, partial(_point, link, wanted), link, commit, touched)

    # Aggregates

    def _aggregate_files(self) -> tuple[str, str, str]:
        return (f"{self.host.reponame}.repo", f"{self.host.reponame}.repo.md5", "versions.csv")

    def _sections(self, name: str, aggregate_hash: str | None) -> set[str | None] | None:
        """The components of a promotion's aggregate; None: it cannot be told, because its file is not whole."""
        if not self.host.components or not os.path.isdir(os.path.join(self.host.repos, name)):
            return set()
        path = os.path.join(self.host.repos, name, _sharded(aggregate_hash or ""), f"{self.host.reponame}.repo")
        content = "".join(_lines(path))
        if hashlib.md5(content.encode(), usedforsecurity=False).hexdigest() != aggregate_hash:
            return None
        return set(re.findall(r"^\[.*-component-(.+)\]$", content, re.MULTILINE))

    def _aggregate(
        self, name: str, targets: dict[str, str], row: t.Any, moved: t.Sequence[str] = ()
    ) -> t.Iterator[Finding]:
        """An aggregate that is not what its links (as they should be) and its row say.

        :param targets: where the link of each component points once it is mended.
        """
        folder = os.path.join(self.host.repos, name)
        paths = [os.path.join(folder, file) for file in self._aggregate_files()]
        touched = max([_touched(path) for path in [*paths, *moved]], default=0.0)
        if not targets:
            for path in paths:
                if os.path.lexists(path):
                    what = f"{path} is of a promotion that was not finished: it is removed."
                    yield Finding("aggregate-stale", what, partial(os.unlink, path), path, touched=touched)
            return
        wanted = self._content(targets)
        if not self._is(folder, wanted) or (row is not None and row.aggregate_hash != wanted[1]):
            # DLRN leaves out components that its list of packages does not have.
            listed = {package.get("component") for package in self.host.packages}
            wanted = self._content({component: target for component, target in targets.items() if component in listed})
        if not self._is(folder, wanted):
            what = f"The aggregate {paths[0]} is not that of its components' links: it is made anew."
            yield Finding("aggregate-stale", what, partial(self._make_aggregate, name), paths[0], touched=touched)
        if row is not None and row.aggregate_hash != wanted[1]:
            what = (
                f"The newest promotion to {name} says the aggregate hash {row.aggregate_hash}, but its components' is "
                f"{wanted[1]}: it is written into the row."
            )
            table, values = self._db.Promotion, {"aggregate_hash": wanted[1]}
            yield Finding("aggregate-row", what, partial(self._update, table, row.id, values), touched=touched)

    def _make_aggregate(self, name: str) -> None:
        self.host.aggregate(name)

    def _content(self, targets: t.Mapping[str, str]) -> tuple[str, str, str]:
        """What the aggregate's three files hold (``aggregate_repo_files`` of ``dlrn/utils.py``)."""
        repo, versions = "", [CSV_HEAD]
        for component, target in sorted(targets.items()):
            folder = os.path.join(self.host.base(component), target)
            path = os.path.join(folder, f"{self.host.reponame}.repo")
            repo += "".join(_lines(path)) + "\n" if os.path.exists(path) else ""
            versions += _lines(os.path.join(folder, "versions.csv"))[1:]
        return repo, hashlib.md5(repo.encode(), usedforsecurity=False).hexdigest(), "".join(versions)

    def _is(self, folder: str, wanted: tuple[str, str, str]) -> bool:
        """Whether the links and files of an aggregate are as wanted."""
        for file, content in zip(self._aggregate_files(), wanted):
            path = os.path.join(folder, file)
            place = os.path.join(_sharded(wanted[1]), file)
            if not os.path.islink(path) or os.readlink(path) != place or "".join(_lines(path)) != content:
                return False
        return True


def _sharded(aggregate_hash: str) -> str:
    return os.path.join(aggregate_hash[:2], aggregate_hash[2:4], aggregate_hash)


def _lines(path: str) -> list[str]:
    """The lines of a file; none if it is not there."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except OSError:
        return []


def _touched(path: str) -> float:
    """When a link was made, or when it, being gone, was taken away at the latest."""
    for one in (path, os.path.dirname(path)):
        try:
            return os.lstat(one).st_mtime
        except OSError:
            continue
    return 0.0


def _point(link: str, target: str) -> None:
    """Let a link point to ``target``, at no moment to nothing."""
    if os.path.lexists(f"{link}_"):
        os.unlink(f"{link}_")
    os.symlink(target, f"{link}_")
    os.replace(f"{link}_", link)
