# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What of a trunk or a run is new, and worth telling somebody. Pure: no I/O, no clock of its own.

Nothing is remembered between two looks. Each piece of news has a moment at which it became news, and an id that is made
of what it is about; whoever tells it once by its id can look as often as he likes. What it says is what was known at
that moment, so two looks make the same sentences.

The shapes are those that dlrn_history_info and the journals have; moments are seconds since 1970.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import hashlib
import json
import typing as t

HOUR = 3600.0
#: kinds of news, in the order in which they are documented
KINDS = ("promoted", "red", "still_red", "stuck", "waiting")
_MOST = 12
Document = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Limits:
    """From when on something is news.

    :param window: seconds; what became news earlier is none any more.
    :param still_red: seconds that a job must be red.
    :param stuck: seconds that candidates must wait without any promotion.
    :param waiting: seconds that a step must wait.
    """

    window: float = 48 * HOUR
    still_red: float = 24 * HOUR
    stuck: float = 48 * HOUR
    waiting: float = HOUR


@dataclasses.dataclass(frozen=True)
class News:
    """One piece of it.

    :param kind: one of :data:`KINDS`.
    :param at: when it became news.
    :param about: what it is about; news of the same kind about the same is the same.
    :param subject: all of it in one line.
    :param lines: what there is to say besides, a sentence each.
    """

    kind: str
    at: float
    about: tuple[str, ...]
    subject: str
    lines: tuple[str, ...] = ()
    url: str = ""

    @property
    def id(self) -> str:
        return hashlib.sha256(json.dumps([self.kind, *self.about]).encode()).hexdigest()


def trunk_news(name: str, label: str, candidates: t.Sequence[Document], now: float, limits: Limits) -> list[News]:
    """What happened in a trunk, the oldest first.

    :param name: of the release and distro, such as ``epoxy el9s``.
    :param label: the label that candidates are promoted to.
    :param candidates: what dlrn_history_info returned as such. They must reach back as far as ``limits``.
    """
    found = [*_promoted(name, label, candidates), *_red(name, candidates, limits)]
    found += _stuck(name, label, candidates, limits)
    return recent(found, now, limits)


def waiting_news(name: str, waiting: t.Iterable[Document], now: float, limits: Limits) -> list[News]:
    """Who waits for somebody, the longest first.

    :param name: of the run.
    :param waiting: steps with ``stage``, ``what``, ``whose``, ``began``, ``detail`` and ``url``.
    """
    found = []
    for step in waiting:
        what = " ".join(filter(None, (step["stage"], step["what"])))
        lines = [f"It has waited since {utc(step['began'])}.", *filter(None, [step["detail"]])]
        found.append(
            News(
                "waiting",
                step["began"] + limits.waiting,
                (name, step["stage"], step["what"], utc(step["began"])),
                f"{name}: {what} waits for {_WHOM[step['whose']]}",
                tuple(lines),
                step["url"],
            )
        )
    return recent(found, now, limits)


_WHOM = {"ours": "us", "hub": "the hub", "distribution": "the distribution", "people": "people"}


def recent(news: t.Iterable[News], now: float, limits: Limits) -> list[News]:
    """What became news within the window, the oldest first; what will come is not news yet."""
    return sorted((one for one in news if now - limits.window <= one.at <= now), key=lambda one: (one.at, one.id))


def utc(at: float) -> str:
    """A moment as people read it."""
    try:
        return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return "a time in no year of ours"


def _promoted(name: str, label: str, candidates: t.Sequence[Document]) -> t.Iterator[News]:
    for one in candidates:
        if one["promoted_at"] is None:
            continue
        votes = _verdicts(one, one["promoted_at"])
        lines = [f"It was promoted at {utc(one['promoted_at'])}" + _by(one.get("promoted_by")) + "."]
        for success, said in (True, "Green"), (False, "Red"):
            jobs = sorted(job for job, vote in votes.items() if vote["success"] is success)
            lines += [f"{said}: {_list(jobs)}."] if jobs else []
        held = sorted({str(part["component"]) for part in one["components"] if part["component"]})
        lines += [f"Components: {_list(held)}."] if held else []
        about = (name, label, one["name"], utc(one["promoted_at"]))
        yield News("promoted", one["promoted_at"], about, f"{name}: {one['name']} is {label}", tuple(lines))


def _by(who: t.Any) -> str:
    return f" by {who}" if who else ""


def _red(name: str, candidates: t.Sequence[Document], limits: Limits) -> t.Iterator[News]:
    """Jobs that turned red, and those that have been red for long: by what each said last of each candidate."""
    of_job: dict[str, list[tuple[Document, Document, float]]] = collections.defaultdict(list)
    for one in candidates:
        for job, vote in _verdicts(one).items():
            of_job[job].append((one, vote, _red_since(one, job)))
    for job, said in of_job.items():
        said.sort(key=lambda verdict: _order(verdict[1]))
        greens = [number for number, (_one, vote, _since) in enumerate(said) if vote["success"]]
        streak = said[greens[-1] + 1 if greens else 0 :]
        if not streak:
            continue
        first, vote, began = streak[0]
        before = said[greens[-1]][0]["name"] if greens else ""
        lines = [f"{first['name']} is the first that it was red on, at {utc(began)}."]
        lines += [f"It was green on {before}."] if before else ["It was not seen green before."]
        about, url = (name, job, first["name"]), str(vote.get("url") or "")
        yield News("red", began, about, f"{name}: {job} is red", tuple(lines), url)
        until = began + limits.still_red
        since = [one["name"] for one, later, _since in streak if later["timestamp"] <= until]
        lines += [f"It was red on {_number(len(since), 'candidate')} until {utc(until)}."]
        subject = f"{name}: {job} has been red for {limits.still_red / HOUR:g} hours"
        yield News("still_red", until, about, subject, tuple(lines), url)


def _stuck(name: str, label: str, candidates: t.Sequence[Document], limits: Limits) -> t.Iterator[News]:
    """Candidates that wait, of which none is promoted: one piece of news for the time after each promotion."""
    promoted = [one for one in candidates if one["promoted_at"] is not None]
    last = max(promoted, key=lambda one: one["promoted_at"]) if promoted else None
    after = last["promoted_at"] if last else 0.0
    waiting = [one for one in candidates if one["promoted_at"] is None and (one["staged_at"] or 0.0) > after]
    if not waiting:
        return
    since = min(one["staged_at"] for one in waiting)
    until = since + limits.stuck
    staged = [one for one in waiting if one["staged_at"] <= until]
    newest = max(staged, key=lambda one: one["staged_at"])
    red = sorted(job for job, vote in _verdicts(newest, until).items() if not vote["success"])
    lines = [f"Since {utc(since)}, {_number(len(staged), 'candidate')} waited for {label}, and none got it."]
    lines += [f"Red on the newest of them, {newest['name']}: {_list(red)}."] if red else []
    lines += [f"The last one was {last['name']}, at {utc(after)}."] if last else ["There was never one."]
    subject = f"{name}: nothing was promoted to {label} for {limits.stuck / HOUR:g} hours"
    yield News("stuck", until, (name, label, last["name"] if last else ""), subject, tuple(lines))


def _verdicts(candidate: Document, until: float | None = None) -> dict[str, Document]:
    """What each job said last of a candidate."""
    votes = [one for one in candidate["votes"] if not one["in_progress"]]
    known = [one for one in votes if until is None or one["timestamp"] <= until]
    return {one["job"]: one for one in sorted(known, key=_order)}


def _order(vote: Document) -> tuple[float, bool]:
    """Later is greater; at the same second a failure is, as for the gate."""
    return vote["timestamp"], not vote["success"]


def _red_since(candidate: Document, job: str) -> float:
    """When a job first called a candidate red, after the last time that it called it green."""
    began = None
    for vote in sorted(candidate["votes"], key=_order):
        if vote["job"] == job and not vote["in_progress"]:
            began = None if vote["success"] else vote["timestamp"] if began is None else began
    return began or 0.0


def _list(names: t.Sequence[str]) -> str:
    more = len(names) - _MOST
    return ", ".join([*names[:_MOST], *([f"and {more} more"] if more > 0 else [])])


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
