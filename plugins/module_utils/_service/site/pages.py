# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The pages of the status site, as what their template shows. Pure: no I/O, no clock of its own."""

from __future__ import annotations

import re
import typing as t

from ..._journal.journal import WHOSE
from ..._metrics.trends import DAY, Point, lead_time, pass_rate
from ..._metrics.trunk import moment
from ..report.time_line import duration, safe_url
from .cells import Context, Document, cell, first_line, utc
from .changes import Changes
from .tags import Tags

TREND_DAYS = 30
# Ages of a label, in days, from which on it is a worry.
FAIR_AGE, BAD_AGE = 3, 7


class Trunk:
    """One release and distro: what was kept, and what holds it back now.

    :param kept: ``rdo.releng/history/1``.
    :param given: the entry of the module's option ``trunks``.
    """

    def __init__(self, kept: Document, given: Document, now: float) -> None:
        self.kept, self.given, self.now = kept, given, now
        self.name = f"{kept['release']} {kept['distro']}"
        self.folder = file_name(f"{kept['release']}-{kept['distro']}")
        self.candidates = [dict(one) for one in kept["candidates"]]
        self.commits = {_hashes(one): one for one in kept["commits"]}
        self.built = _built(kept["commits"])
        before: Document | None = None
        for one in sorted(self.candidates, key=lambda one: one["promoted_at"] or one["staged_at"] or 0):
            one["changes"] = self._changes(before, one)
            if one["promoted_at"]:
                before = one
        promoted = [one for one in self.candidates if one["promoted_at"]]
        self.held = max(promoted, key=lambda one: one["promoted_at"], default=None)
        # None of what nobody asked.
        self.tags = None if given["tags"] is None else Tags(given["tags"], given["tag_plan"])
        self.changes = None if given["changes"] is None else Changes(given["changes"])

    def pages(self) -> dict[str, Context]:
        """Contexts by the path of the page."""
        found = {f"{self.folder}/index.html": self._overview()}
        for one in self.candidates:
            found[f"{self.folder}/{candidate_file(one)}"] = self._candidate(one)
        for row in self._failing():
            found[f"{self.folder}/{package_file(row['project'])}"] = self._package(row)
        return found

    def summary(self) -> list[list[dict[str, str]]]:
        """The trunk's rows on the first page: its label, and then the other labels."""
        return [self._label(), *(self._other_label(one) for one in self.given["other_labels"])]

    def _other_label(self, held: Document) -> list[dict[str, str]]:
        """Name, age and content of a label that something else than the candidates here comes to."""
        at = max((one["timestamp"] for one in held["components"]), default=None)
        # As DLRN's history calls a candidate without components.
        hashes = [
            part[key] for part in held["components"][:1] for key in ("commit_hash", "distro_hash", "extended_hash")
        ]
        name = held["aggregate_hash"] or "_".join(filter(None, hashes))
        known = {one["name"] for one in self.candidates}
        link = f"{self.folder}/{candidate_file({'name': name})}" if name in known else ""
        row = [cell(self.name, f"{self.folder}/index.html"), cell(held["label"]), self._age_cell(at)]
        return [*row, cell(name[:12], link) if name else cell("nothing yet"), *[cell("")] * 5]

    def _label(self) -> list[dict[str, str]]:
        newest = self.candidates[0] if self.candidates else None
        held = self.held
        return [
            cell(self.name, f"{self.folder}/index.html"),
            cell(self.given["label"]),
            self._age_cell(held["promoted_at"] if held else None),
            cell(short(held), f"{self.folder}/{candidate_file(held)}") if held else cell("nothing yet"),
            cell(short(newest), f"{self.folder}/{candidate_file(newest)}") if newest else cell("none yet"),
            cell(*_outcome_cell(newest, held)) if newest else cell(""),
            cell(len(self._failing()), f"{self.folder}/index.html"),
            cell("" if self.tags is None else _known(self.tags.drift())),
            cell("" if self.changes is None else len(self.changes.rows)),
        ]

    def check_front(self) -> None:
        """See that the first page, which has all trunks, will find what it needs of this one."""
        self.summary()
        self.trends()

    def trends(self) -> list[Context]:
        candidates = self.candidates
        return [
            draw("Votes that pass", pass_rate(candidates, self.now, TREND_DAYS), self.now, lambda one: f"{one:.0%}", 1),
            draw("From commit to promotion, median", lead_time(candidates, self.now, TREND_DAYS), self.now, age_words),
        ]

    def _overview(self) -> Context:
        held = self.held
        sections = [
            {
                "title": "What holds it back",
                "text": "Packages whose newest commit is not built. DLRN leaves consistent where it is until they are.",
                "heads": ["package", "component", "status", "since", "class", "change"],
                "rows": [
                    [
                        cell(row["project"], package_file(row["project"])),
                        cell(row["component"] or ""),
                        cell(row["status"], tone="bad"),
                        cell(self._since(row["since"])),
                        cell(row["class"]),
                        self._review(row),
                    ]
                    for row in self._failing()
                ],
            },
            *(self.tags.sections() if self.tags else []),
            *([self.changes.section()] if self.changes else []),
            {
                "title": "Candidates",
                "heads": ["candidate", "outcome", "staged (UTC)", "promoted (UTC)", "jobs", "new commits"],
                "rows": [
                    [
                        cell(short(one), candidate_file(one)),
                        cell(*_outcome_cell(one, held)),
                        cell(utc(one["staged_at"])),
                        cell(utc(one["promoted_at"])),
                        cell(_tally(one)),
                        cell(len(one["changes"])),
                    ]
                    for one in self.candidates
                ],
            },
        ]
        tone, text = self._age(held["promoted_at"] if held else None)
        return self._page(self.name, [("All releases", "../index.html")], self.name, sections, [(tone, text)], True)

    def _candidate(self, one: Document) -> Context:
        decision = self.kept["decisions"].get(one["name"])
        sections = []
        if decision:
            sections.append(
                {
                    "title": "Decision",
                    "text": decision["summary"],
                    "heads": decision["heads"],
                    "rows": [[_decided(text) for text in row] for row in decision["rows"]],
                }
            )
        sections += [
            {
                "title": "Votes",
                "heads": ["job", "result", "at (UTC)", "logs", "notes"],
                "rows": [
                    [
                        cell(vote["job"]),
                        _vote_cell(vote),
                        cell(utc(vote["timestamp"])),
                        cell("logs", safe_url(vote["url"])) if safe_url(vote["url"]) else cell(""),
                        cell(first_line(vote.get("notes", ""))),
                    ]
                    for vote in reversed(one["votes"])
                ],
            },
            {
                "title": "New since the last promotion",
                "heads": ["project", "component", "upstream commit", "committed (UTC)", "repository and logs"],
                "rows": [
                    [
                        cell(change["project"]),
                        cell(change["component"] or ""),
                        cell(change["commit_hash"][:12], self._commit_url(change)),
                        cell(utc(change["committed_at"])),
                        self._directory(change),
                    ]
                    for change in one["changes"]
                ],
            },
            {
                "title": "What it holds",
                "heads": ["component", "newest commit", "built (UTC)", "repository and logs"],
                "rows": [
                    [
                        cell(part["component"] or "all"),
                        cell(f"{part['project'] or ''} {part['commit_hash'][:12]}".strip(), self._commit_url(part)),
                        cell(utc(moment(part["built_at"]))),
                        self._directory(part),
                    ]
                    for part in one["components"]
                ],
            },
        ]
        outcome, _url, tone = _outcome_cell(one, self.held)
        path = [("All releases", "../index.html"), (self.name, "index.html")]
        page = self._page(f"Candidate {short(one)}", path, short(one), sections, [(tone, outcome)])
        page["intro"] = f"{one['name']}: {_tally(one) or 'no job has voted'}, {len(one['changes'])} new commits."
        return page

    def _package(self, row: Document) -> Context:
        project = row["project"]
        rows = [one for one in self.kept["commits"] if one["project"] == project]
        sections = [
            {
                "title": "Why",
                "text": row["reason"] or "DLRN does not say more; the log does.",
                "heads": ["class", "change"],
                "rows": [[cell(row["class"]), self._review(row)]],
            },
            *([self.changes.section_of_package(row["names"])] if self.changes and row["known"] else []),
            *([self.tags.of_package(row["names"])] if self.tags else []),
            {
                "title": "Its commits",
                "heads": ["upstream commit", "status", "committed (UTC)", "built (UTC)", "repository and logs"],
                "rows": [
                    [
                        cell(one["commit_hash"][:12], self._commit_url(one)),
                        cell(one["status"], tone="good" if one["status"] == "SUCCESS" else "bad"),
                        cell(utc(moment(one["committed_at"]))),
                        cell(utc(moment(one["built_at"]))),
                        self._directory(one),
                    ]
                    for one in rows[:50]
                ],
            },
        ]
        path = [("All releases", "../index.html"), (self.name, "index.html")]
        return self._page(project, path, project, sections, [("bad", row["status"])])

    def _page(
        self,
        title: str,
        path: list[tuple[str, str]],
        here: str,
        sections: list[Context],
        badges: list[tuple[str, str]],
        trends: bool = False,
    ) -> Context:
        return page(title, path, here, sections, self.now, badges, self.trends() if trends else [])

    def _failing(self) -> list[dict[str, t.Any]]:
        """What holds consistent back, with what ftbfs_info knows of it."""
        known = {one["package"]: one for one in self.given["ftbfs"]}
        known.update({one["project"]: one for one in self.given["ftbfs"]})
        found = []
        for row in self.given["holding_back"]:
            why = known.get(row["project"], {})
            texts = {key: why.get(key) or "" for key in ("class", "reason", "url")}
            # DLRN and the hub call it by its package's name, Gerrit by its project's.
            names = {why.get(key) for key in ("package", "project", "gerrit_project")} - {None}
            found.append({**row, **texts, "names": {row["project"], *names}, "known": bool(why)})
        return found

    def _review(self, row: Document) -> dict[str, str]:
        """The change about a failure: the one that ftbfs_info found, otherwise any that is open for the package."""
        opened = self.changes.of_package(row["names"]) if self.changes else []
        address = safe_url(row["url"] or (opened[0]["url"] if opened else ""))
        return cell("open", address) if address else cell("none" if row["known"] else "")

    def _changes(self, before: Document | None, one: Document) -> list[dict[str, t.Any]]:
        """Commits that were built after what the promotion before held, and not after what this one holds."""
        old = {part["component"]: self._built_at(part) for part in before["components"]} if before else {}
        found = []
        for part in one["components"]:
            until, since = self._built_at(part), old.get(part["component"])
            if until is None or before is None:
                continue
            for at, commit in self.built.get(part["component"], ()):
                if at <= until and (since is None or at > since):
                    found.append({**commit, "committed_at": moment(commit["committed_at"])})
        return found

    def _built_at(self, part: Document) -> float | None:
        return moment(part["built_at"] or self.commits.get(_hashes(part), {}).get("built_at"))

    def _commit_url(self, one: Document) -> str:
        form = self.given["commit_url"] or ""
        return safe_url(form.replace("{commit}", one["commit_hash"]).replace("{project}", one["project"] or ""))

    def _directory(self, one: Document) -> dict[str, str]:
        base, directory = self.given["trunk_url"], one.get("directory")
        return cell("repository", safe_url(f"{base.rstrip('/')}/{directory}/")) if base and directory else cell("")

    def _age(self, at: float | None) -> tuple[str, str]:
        if at is None:
            return "idle", "never promoted"
        days = (self.now - at) / DAY
        tone = "bad" if days >= BAD_AGE else "fair" if days >= FAIR_AGE else "good"
        return tone, f"{age_words(self.now - at)} old"

    def _age_cell(self, at: float | None) -> dict[str, str]:
        tone, text = self._age(at)
        return cell(text, tone=tone)

    def _since(self, since: t.Any) -> str:
        at = moment(since)
        return "it was never built" if at is None else age_words(self.now - at)


def front(trunks: t.Sequence[Trunk], time_lines: t.Sequence[tuple[str, str | None, Context]], now: float) -> Context:
    """The first page: releases and their labels, trends, and the time lines of releases.

    :param time_lines: title, page and what run_time_line returns of each; neither for one that has not begun.
    """
    heads = ["release", "label", "age", "holds", "newest candidate", "outcome", "packages that hold it back"]
    heads += ["differences in the hub", "open changes"]
    sections = [{"title": "Releases", "heads": heads, "rows": [row for trunk in trunks for row in trunk.summary()]}]
    if time_lines:
        heads = ["release", "began", "took", *WHOSE, "waits for"]
        rows = [[cell(title, path or ""), *_time_cells(line)] for title, path, line in time_lines]
        sections.append({"title": "Where the time of a release went", "heads": heads, "rows": rows})
    trends = [
        {**one, "title": f"{trunk.name}: {one['title'][:1].lower()}{one['title'][1:]}"}
        for trunk in trunks
        for one in trunk.trends()
    ]
    return page("Releases", [], "All releases", sections, now, [], trends)


def _time_cells(line: Context) -> list[dict[str, str]]:
    """When a release began, how long it took, whose time that was, and what it waits for."""
    if not line:
        return [cell("it has not begun"), *[cell("")] * (len(WHOSE) + 2)]
    waits = [" ".join(filter(None, (one["stage"], one["what"]))) for one in line["open"]]
    seconds = [line["seconds"], *(line["sums"][whose] for whose in WHOSE)]
    took = [cell(duration(round(1000 * one))) for one in seconds]
    return [cell(line["began"]), *took, cell(", ".join(waits), tone="fair" if waits else "")]


def page(
    title: str,
    path: list[tuple[str, str]],
    here: str,
    sections: list[Context],
    now: float,
    badges: list[tuple[str, str]],
    trends: list[Context],
) -> Context:
    """What the template wants."""
    sections = [{"text": "", "heads": [], "rows": [], **section} for section in sections]
    return {
        "title": title,
        "path": path,
        "here": here,
        "intro": "",
        "sections": sections,
        "badges": badges,
        "trends": trends,
        "as_of": utc(now),
    }


def draw(
    title: str, points: list[Point], now: float, words: t.Callable[[float], str], most: float | None = None
) -> Context:
    """A trend as the template draws it, from 5 to 595 across and from 90 up to 20."""
    top = max([most or 0.0, *(value for _day, value in points)]) or 1.0
    step = 590 / (TREND_DAYS - 1)
    return {
        "title": title,
        "points": [(f"{5 + day * step:.1f}", f"{90 - 70 * value / top:.1f}") for day, value in points],
        "now": words(points[-1][1]) if points else "",
        "most": words(top) if points else "",
        "from": utc(now - (TREND_DAYS - 1) * DAY)[:10],
        "days": TREND_DAYS,
        "words": f"{title} over {TREND_DAYS} days, {len(points)} of them with a value; the last is "
        + (words(points[-1][1]) if points else "none"),
    }


def age_words(seconds: float) -> str:
    """``3 d 4 h``, ``5 h 10 min``, ``7 min``."""
    minutes = max(0, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def short(candidate: Document) -> str:
    return str(candidate["name"])[:12]


def candidate_file(candidate: Document) -> str:
    return f"candidate-{file_name(candidate['name'])}.html"


def package_file(project: str) -> str:
    return f"package-{file_name(project)}.html"


def file_name(text: str) -> str:
    """``text`` as a part of a file's name and of an address, whatever is in it."""
    return re.sub(r"[^A-Za-z0-9._-]|^\.+", "_", str(text))[:120]


def _built(commits: t.Sequence[Document]) -> dict[t.Any, list[tuple[float, Document]]]:
    """What was built, by component, oldest first."""
    found: dict[t.Any, list[tuple[float, Document]]] = {}
    for one in commits:
        at = moment(one["built_at"])
        if one["status"] == "SUCCESS" and at is not None:
            found.setdefault(one["component"], []).append((at, one))
    return {component: sorted(rows, key=lambda row: row[0]) for component, rows in found.items()}


def _hashes(one: Document) -> tuple[t.Any, ...]:
    return tuple(one[key] for key in ("component", "commit_hash", "distro_hash", "extended_hash"))


def _last_votes(candidate: Document) -> dict[str, Document]:
    """The newest vote of each job that has ended."""
    return {vote["job"]: vote for vote in candidate["votes"] if not vote["in_progress"]}


def _tally(candidate: Document) -> str:
    votes = _last_votes(candidate).values()
    passed = sum(vote["success"] for vote in votes)
    return f"{passed} of {len(votes)} jobs passed" if votes else ""


def _outcome_cell(candidate: Document, held: Document | None) -> tuple[str, str, str]:
    """Text, address and tone of what became of a candidate."""
    if candidate["promoted_at"]:
        return ("promoted, held now" if held and held["name"] == candidate["name"] else "promoted"), "", "good"
    failed = sorted(job for job, vote in _last_votes(candidate).items() if not vote["success"])
    if failed:
        return f"failed: {', '.join(failed[:3])}{' …' if len(failed) > 3 else ''}", "", "bad"
    return ("waits for jobs" if not candidate["votes"] else "not promoted"), "", "fair"


def _vote_cell(vote: Document) -> dict[str, str]:
    if vote["in_progress"]:
        return cell("running", tone="idle")
    return cell("passed", tone="good") if vote["success"] else cell("failed", tone="bad")


TONES = {"satisfied": "good", "waived": "fair", "failed": "bad", "missing": "bad", "stale": "bad", "unbound": "bad"}


def _decided(text: t.Any) -> dict[str, str]:
    text = "" if text is None else str(text)
    return cell(text, safe_url(text), TONES.get(text, ""))


def _known(count: int | None) -> str:
    return "" if count is None else str(count)
