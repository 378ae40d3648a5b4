# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The pending gate: which builds of a tag can go to stable together, and why the others cannot.

A batch is what is pending and what is in quarantine; whoever was held comes back as soon as what he lacked is there.
The decision is a document that depends on the batch and on the repositories alone.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
import typing as t

from ..._closure.engine import Change as Entering
from ..._closure.engine import Engine
from ..._closure.packages import Packages, Rules
from ..._closure.subset import Batch, Subset, largest_good_subset
from ..._dlrn.candidate import Build as PinnedBuild
from ..._dlrn.candidate import Candidate, utc, write_candidate
from ..._gate.waivers import Waiver
from ..._koji.files import rpm_addresses
from ..._koji.plan import Build
from ..._koji.session import Hub
from ..._module.documents import digest, read_document, write_document
from ..._module.errors import Conflict, InvalidInput, NotFound, RelengError
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.work_folder import WorkFolder
from ..._repodata.cache import Cache
from ..._repodata.download import Transport
from ..._repodata.remote_headers import fetch_headers
from ..._repodata.sources import Source, SourceReader
from ..._rpm.rpmfiles import indexed
from ..repository.closure_waivers import read_waivers
from ..repository.reading import cache_folder
from .pending_checks import Held, file_conflicts, lint_errors, older_builds, unsigned_builds

SCHEMA = "rdo.releng/pending/1"
CHECKS = ("closure", "installability", "upgrade-path", "file-conflicts", "signatures", "rpmlint")
OFFERED = "builds that are pending"
DEADLINE = 3600.0
# Of one RPM that rpmlint should look at.
MOST_BYTES = 2 << 30


class PendingDecision(Change):
    """Decide, write the decision, and pin what may move as a candidate to vote on.

    :param params: options of the module koji_pending.
    :param check_mode: nothing is written, the cache included.
    """

    def __init__(self, params: dict[str, t.Any], check_mode: bool) -> None:
        self._params, self._check_mode = params, check_mode
        tags = [params["pending"], params["stable"], params["quarantine"]]
        if len(set(tags)) < len(tags):
            raise InvalidInput(f"pending, stable and quarantine must be three tags, not {', '.join(tags)}.")
        self._checks = [check for check in CHECKS if check in params["checks"]]
        if "signatures" in self._checks and not params["public_key"]:
            raise InvalidInput("To check signatures, set public_key to the file of the key that signs.")
        self._waivers, self._expired = read_waivers(params["waivers"], time.time())

    def plan(self) -> Plan:
        params = self._params
        self._hub = Hub.from_params(params)
        with contextlib.closing(self._hub), contextlib.ExitStack() as stack:
            event = self._hub.read("getLastEvent")["id"]
            builds = {name: self._builds(params[name]) for name in ("pending", "stable", "quarantine")}
            batch, gone = _batch(builds)
            decision = self._decide(batch, gone, builds, stack)
        candidate = self._candidate(decision, batch, event)
        self._writes: dict[str, t.Any] = {}
        actions = []
        if params["path"] and _there(params["path"]) != decision:
            self._writes["decision"] = decision
            moves, held = len(decision["moves"]), len(decision["held"])
            actions.append(
                f"write the decision on {len(batch)} builds to {params['path']}: {moves} move, {held} are held"
            )
        if candidate and params["candidate"] and not _same_candidate(params["candidate"], candidate):
            self._writes["candidate"] = candidate
            actions.append(
                f"pin the {len(candidate.builds)} builds that may go to {params['stable']} as {candidate.id}"
            )
        result = {
            "decision": decision,
            "candidate": candidate.id if candidate else None,
            "summary": _summary(decision, params),
            "held": [{**one, "owner": self._owners.get(one["build"])} for one in decision["held"]],
            "votes": [
                {"job": f"pending-{name}", "success": True, "notes": check["notes"]}
                for name, check in decision["checks"].items()
            ],
            "expired_waivers": [waiver.as_data() for waiver in self._expired],
        }
        return Plan({}, decision, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        if "decision" in self._writes:
            write_document(self._params["path"], self._writes["decision"])
        if "candidate" in self._writes:
            write_candidate(self._params["candidate"], self._writes["candidate"])
        return {}

    # Reading

    def _builds(self, tag: str) -> list[dict[str, t.Any]]:
        """What is tagged itself, the earliest first."""
        if self._hub.read("getTag", tag, about={"tag": tag}) is None:
            raise NotFound(f"The hub {self._hub.address} has no tag {tag}.", tag=tag)
        rows = self._hub.read("listTagged", tag, about={"tag": tag})
        return sorted(rows, key=lambda row: (row["create_event"], row["nvr"]))

    # Deciding

    def _decide(
        self,
        batch: list[dict[str, t.Any]],
        gone: dict[str, Held],
        builds: dict[str, list[dict[str, t.Any]]],
        stack: contextlib.ExitStack,
    ) -> dict[str, t.Any]:
        params = self._params
        self._owners = {row["nvr"]: row["owner_name"] for rows in builds.values() for row in rows}
        stable = [_build(row) for row in builds["stable"]]
        there = {build.nvr for build in stable}
        order = [row["nvr"] for row in batch if row["nvr"] not in there]
        held = dict(gone)
        repomds: dict[str, str | None] = {}
        exact = True
        lost: list[str] = []
        downgraded: list[str] = []
        if order:
            question = _Question(self._hub, params, self._check_mode, stack)
            headers = question.headers(order)
            self._hold(held, older_builds([_build(row) for row in batch if row["nvr"] in order], stable))
            if "signatures" in self._checks:
                self._hold(held, unsigned_builds(headers, params["public_key"]))
            if "rpmlint" in self._checks:
                rpms = question.rpms([nvr for nvr in order if nvr not in held])
                self._hold(held, lint_errors(rpms, params["rpmlint_config"]))
            subset: Subset | None = None
            while True:
                left = [nvr for nvr in order if nvr not in held]
                if not left:
                    break
                engine, subset = question.subset(left, headers, [build.nvr for build in stable], stack)
                repomds = question.repomds
                more = question.conflicts(engine, subset, headers) if "file-conflicts" in self._checks else []
                if not self._hold(held, more):
                    break
                exact = False  # of two that have a file in common the earlier won, which need not be the best choice
            if subset and left:
                exact = exact and subset.exact
                lost = [engine.name(number) for number in subset.effect.lost]
                downgraded = [f"{engine.name(now)} -> {engine.name(then)}" for now, then in subset.effect.downgraded]
                check = "installability" if "installability" in self._checks else "closure"
                mend = (
                    f"Bring what is missing in the last line to {params['pending']}, or a build that does without it."
                )
                for nvr, because in subset.held.items():
                    held[nvr] = Held(nvr, check, tuple(because), mend)
        places = {row["nvr"]: name for name in ("quarantine", "pending") for row in builds[name]}
        return {
            "schema": SCHEMA,
            "batch": digest({"builds": sorted(places), "stable": sorted(there), "repositories": repomds}),
            "moves": self._moves(places, held),
            "held": [
                {"build": one.build, "check": one.check, "because": list(one.because), "mend": one.mend}
                for one in sorted(held.values(), key=lambda one: one.build)
            ],
            "exact": exact,
            "lost": sorted(lost),
            "downgraded": sorted(downgraded),
            "checks": {
                check: {
                    "held": sorted(one.build for one in held.values() if one.check == check),
                    "notes": f"{len(order)} builds, {sum(one.check == check for one in held.values())} held",
                }
                for check in self._checks
            },
        }

    def _hold(self, held: dict[str, Held], found: t.Iterable[Held]) -> bool:
        """Whether something is held that was not, and that no waiver lets go."""
        more = [one for one in found if one.build not in held and not self._waived(one)]
        more = [one for one in more if one.check in self._checks]
        held.update((one.build, one) for one in more)
        return bool(more)

    def _waived(self, one: Held) -> Waiver | None:
        name = one.build.rsplit("-", 2)[0]
        return next(
            (
                waiver
                for waiver in self._waivers
                if waiver.waives == f"pending-{one.check}" and waiver.package in (name, one.build)
            ),
            None,
        )

    def _moves(self, places: dict[str, str], held: dict[str, Held]) -> list[dict[str, str]]:
        moves = []
        for nvr, place in sorted(places.items()):
            target = "quarantine" if nvr in held else "stable"
            if place != target:
                moves.append({"build": nvr, "from": self._params[place], "to": self._params[target]})
        return moves

    def _candidate(self, decision: dict[str, t.Any], batch: list[dict[str, t.Any]], event: int) -> Candidate | None:
        """What may go to stable, as a lockfile that votes are bound to."""
        going = {move["build"] for move in decision["moves"] if move["to"] == self._params["stable"]}
        builds = tuple(PinnedBuild(row["nvr"], row["build_id"]) for row in batch if row["nvr"] in going)
        if not builds:
            return None
        return Candidate(
            kind="koji",
            release=self._params["release"],
            distro=self._params["distro"],
            resolved_at=utc(time.time()),
            source={"hub": self._hub.address, "tag": self._params["pending"], "event": event},
            builds=builds,
        )


def _copy(stream: t.BinaryIO, file: t.BinaryIO) -> None:
    """All of an RPM file, of a size that a build can have; a read that failed in passing begins anew."""
    file.seek(0)
    file.truncate()
    size = 0
    while piece := stream.read(1 << 20):
        size += len(piece)
        if size > MOST_BYTES:
            raise InvalidInput(f"An RPM is larger than {MOST_BYTES} bytes.")
        file.write(piece)


class _Question:
    """The repositories as they are, and the batch on offer to them."""

    def __init__(self, hub: Hub, params: dict[str, t.Any], check_mode: bool, stack: contextlib.ExitStack) -> None:
        self._hub, self._params = hub, params
        self._transport = Transport(deadline=DEADLINE, ca_path=params["serverca"])
        self._reader = SourceReader(self._transport, {"basearch": params["arch"], "arch": params["arch"]})
        self._cache = Cache(cache_folder(params["cache_dir"]), writable=not check_mode)
        self._folder = stack.enter_context(WorkFolder("pending"))
        self.repomds: dict[str, str | None] = {}

    def headers(self, nvrs: t.Sequence[str]) -> dict[str, list[str]]:
        """Files with the headers of each build's RPMs.

        :raises InvalidInput: it is not known where the hub serves them, or a build has none.
        """
        addresses = self._addresses(nvrs)
        found = {}
        say(f"Reading the headers of {sum(map(len, addresses.values()))} RPMs of {len(nvrs)} builds")
        for number, nvr in enumerate(nvrs):
            folder = os.path.join(self._folder, str(number))
            os.mkdir(folder)
            places = [self._reader.location(address, "RPM of a build") for address in addresses[nvr]]
            found[nvr] = fetch_headers(places, folder, self._transport)
        return found

    def rpms(self, nvrs: t.Sequence[str]) -> dict[str, list[str]]:
        """The whole RPM files of each build; errors as of :meth:`headers`."""
        found: dict[str, list[str]] = {}
        addresses = self._addresses(nvrs) if nvrs else {}
        for number, nvr in enumerate(nvrs):
            folder = os.path.join(self._folder, f"whole-{number}")
            os.mkdir(folder)
            say(f"Reading {len(addresses[nvr])} RPMs of {nvr}, {number} of {len(nvrs)} builds done")
            found[nvr] = []
            for place, address in enumerate(addresses[nvr]):
                path = os.path.join(folder, f"{place:06d}.rpm")
                location = self._reader.location(address, "RPM of a build")
                with open(path, "wb") as file:
                    self._transport.take(location, functools.partial(_copy, file=file))
                found[nvr].append(path)
        return found

    def _addresses(self, nvrs: t.Sequence[str]) -> dict[str, list[str]]:
        if not self._hub.topurl:
            raise InvalidInput("Where does the hub serve its files? Set topurl.")
        addresses = rpm_addresses(self._hub, nvrs, self._params["arch"])
        empty = [nvr for nvr in nvrs if not addresses.get(nvr)]
        if empty:
            raise InvalidInput(f"{', '.join(empty[:5])} has nothing for {self._params['arch']}.", builds=empty)
        return addresses

    def subset(
        self, nvrs: list[str], headers: dict[str, list[str]], stable: list[str], stack: contextlib.ExitStack
    ) -> tuple[Engine, Subset]:
        """The most of ``nvrs`` that can go together."""
        params = self._params
        given = params["repository"] or f"{self._hub.topurl}/repos/{params['stable']}/latest/{params['arch']}"
        into = Source(params["stable"], (self._reader.location(given, "repository of stable"),), checked=True)
        files = [file for nvr in nvrs for file in headers[nvr]]
        offered = Source(OFFERED, (stack.enter_context(indexed(files, OFFERED)),))
        sources = [into, *self._reader.read(params["provide"], False)]
        packages = Packages(sources, Rules(params["arch"]), self._cache, self._transport, [offered])
        self.repomds = {one.source.id: one.repomd.sha256 for one in packages.repositories if not one.offered}
        self._refuse_what_lags(packages, stable)
        batch = Batch(Engine(packages), OFFERED, params["stable"], nvrs)
        say(f"Looking for the largest good subset of {len(nvrs)} builds")
        subset = largest_good_subset(batch, installability="installability" in params["checks"])
        self._batch = batch
        return batch.engine, subset

    def _refuse_what_lags(self, packages: Packages, stable: list[str]) -> None:
        """A repository that does not show what was tagged last would let the same be decided twice."""
        own = packages.repositories[0]
        shown = {packages.source_nvr(number) for number in range(own.first, own.end)}
        # What a later one of its package has taken the place of, no repository shows.
        latest = {nvr.rsplit("-", 2)[0]: nvr for nvr in stable}
        behind = sorted(set(latest.values()) - shown)
        if behind and not self._params["allow_stale"]:
            raise Conflict(
                f"The repository of {self._params['stable']} does not show {', '.join(behind[:5])} yet. Bring it up "
                "to date "
                "with koji_repo, and decide then.",
                builds=behind,
            )

    def conflicts(self, engine: Engine, subset: Subset, headers: dict[str, list[str]]) -> list[Held]:
        places = {nvr: number for number, nvr in enumerate(self._batch.builds)}
        change: Entering = self._batch.change(places[nvr] for nvr in subset.good)
        staying = set(engine.seen_after(change)) - set(change.add)
        say(f"Comparing the files of {len(subset.good)} builds with those of {len(staying)} packages")
        return file_conflicts(engine.packages, self._transport, headers, subset.good, staying)


def _build(row: dict[str, t.Any]) -> Build:
    return Build(row["nvr"], row["name"], int(row["epoch"] or 0), "")


def _batch(builds: dict[str, list[dict[str, t.Any]]]) -> tuple[list[dict[str, t.Any]], dict[str, Held]]:
    """What is decided on, the earliest first; and what a later build of its package has taken the place of."""
    latest: dict[str, dict[str, t.Any]] = {}
    rows = [*builds["quarantine"], *builds["pending"]]
    for row in rows:
        latest[row["name"]] = row
    chosen = {row["nvr"] for row in latest.values()}
    gone = {}
    for row in rows:
        if row["nvr"] not in chosen:
            reason = f"{latest[row['name']]['nvr']} has taken its place"
            gone[row["nvr"]] = Held(row["nvr"], "superseded", (reason,), "Nothing needs to be done.")
    order = sorted(latest.values(), key=lambda row: (row["create_event"], row["nvr"]))
    return order, gone


def _there(path: str) -> dict[str, t.Any] | None:
    try:
        return read_document(path, SCHEMA, "decision")
    except RelengError:
        return None


def _same_candidate(path: str, candidate: Candidate) -> bool:
    try:
        return bool(read_document(path, "rdo.releng/candidate/1", "candidate").get("id") == candidate.id)
    except RelengError:
        return False


def _summary(decision: dict[str, t.Any], params: dict[str, t.Any]) -> str:
    to_stable = sum(move["to"] == params["stable"] for move in decision["moves"])
    to_quarantine = sum(move["to"] == params["quarantine"] for move in decision["moves"])
    search = "" if decision["exact"] else " The search was not carried to the end: there may be a larger set."
    return (
        f"{to_stable} builds can go to {params['stable']}, {to_quarantine} go to {params['quarantine']}, "
        f"{len(decision['held'])} are held in all.{search}"
    )
