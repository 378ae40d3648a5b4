# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a plan for a hub's tags would do to the tags' repositories, before anything is tagged or regenerated."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import time
import typing as t

from ..._closure.closure import Unresolved
from ..._closure.engine import Change, Effect, Engine
from ..._closure.packages import Packages, Rules
from ..._koji.files import rpm_addresses
from ..._koji.plan import State
from ..._koji.session import Hub
from ..._module.documents import canonical
from ..._module.errors import InvalidInput
from ..._module.progress import say
from ..._module.work_folder import WorkFolder
from ..._repodata.cache import Cache
from ..._repodata.download import Transport
from ..._repodata.remote_headers import fetch_headers
from ..._repodata.sources import Source, SourceReader
from ..._rpm.headers import find_packages
from ..._rpm.rpmfiles import indexed
from ..repository.closure_waivers import covers, read_waivers
from ..repository.reading import cache_folder

OFFERED = "RPM files of offers"
FROM_HUB = "builds of the hub"
# Seconds for all RPM headers together.
DEADLINE = 3600.0


@dataclasses.dataclass(frozen=True)
class Content:
    """The builds of a tag of which a repository made from it holds the packages: package → NVR."""

    now: dict[str, str]
    then: dict[str, str]
    untagged: frozenset[str] = frozenset()

    @classmethod
    def of(cls, tag: str, state: State, actions: t.Sequence[dict[str, t.Any]]) -> Content:
        """What ``actions`` make of a tag; the one that was tagged last is a package's latest."""
        held = state.tags[tag]
        order = [(build.name, build.nvr) for build in held.builds] if held else []
        now = dict(reversed(order))
        untagged = set()
        for action in actions:
            if action["tag"] == tag and action["action"] in ("tag", "retag", "untag"):
                one = (action["package"], action["build"])
                order = [other for other in order if other != one]
                if action["action"] == "untag":
                    untagged.add(action["build"])
                else:
                    order.insert(0, one)
        return cls(now, dict(reversed(order)), frozenset(untagged))


def prove(
    hub: Hub, state: State, actions: t.Sequence[dict[str, t.Any]], options: dict[str, t.Any], **reading: t.Any
) -> dict[str, t.Any]:
    """What ``actions`` would do to the repository of each tag that they act on, beside what the hub holds now.

    The metadata is that of the tags' repositories as they are. A build that its tag's repository does not show, because
    it comes by this plan or came after the repository was made, is taken from the repository of another tag, from what
    is on offer, or by the headers of its RPMs from where the hub serves them.

    :param options: the module's option ``closure``.
    :param reading: ``cache_dir``, ``writable`` (whether the cache may be written to) and ``ca_path`` (of the hub).
    :raises InvalidInput: a tag has no repository, or what a build holds can be told from nowhere.
    """
    tags = sorted({action["tag"] for action in actions if action.get("build")})
    waivers, expired = read_waivers(options["waivers"], time.time())
    closure: dict[str, t.Any] = {"asked": question_of(options), "tags": {}, "before": 0, "after": 0}
    closure.update(introduced=[], fixed=[], waived=[], expired_waivers=[waiver.as_data() for waiver in expired])
    with contextlib.ExitStack() as stack:
        contents = {tag: Content.of(tag, state, actions) for tag in tags}
        proof = _Proof(hub, contents, options, reading, stack)
        for tag in tags:
            say(f"Closure of {tag}")
            before, after = proof.effects(tag, closure)
            known = {_lasting(one) for one, _cause in before.introduced}
            for one, cause in after.introduced:
                if _lasting(one) in known:
                    continue
                row = {**_as_data(tag, one), "introduced_by": cause}
                waiver = next((waiver for waiver in waivers if covers(waiver, one)), None)
                if waiver:
                    closure["waived"].append({**row, "waiver": waiver.as_data()})
                else:
                    closure["introduced"].append(row)
            left = {_lasting(one) for one in after.unresolved}
            closure["fixed"] += [_as_data(tag, one) for one in before.unresolved if _lasting(one) not in left]
            closure["before"] += len(before.unresolved)
            closure["after"] += len(after.unresolved)
    return closure


def question_of(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """``options`` as a plan carries them, so that the same can be asked again when it is applied.

    :raises InvalidInput: an address holds a password, which must not be in a plan.
    """
    names = ("repositories", "base", "offers", "arch", "waivers")
    question = {name: options[name] for name in names}
    secret = re.search(r'://[^/@\s"]*:[^/@\s"]*@([^/\s"]*)', canonical(question).decode())
    if secret:
        raise InvalidInput(f"An address at {secret[1]} in closure holds a password: plans must not hold any.")
    return question


class _Proof:
    """The question about some tags, with everything read that is needed to answer it."""

    def __init__(
        self,
        hub: Hub,
        contents: t.Mapping[str, Content],
        options: dict[str, t.Any],
        reading: dict[str, t.Any],
        stack: contextlib.ExitStack,
    ) -> None:
        self._arch = options["arch"] or os.uname().machine
        self._hub, self._contents, self._options, self._stack = hub, contents, options, stack
        self._transport, self._ca_path = Transport(), reading["ca_path"]
        self._cache = Cache(cache_folder(reading["cache_dir"]), 1024 << 20, reading["writable"])
        self._reader = SourceReader(self._transport, {"basearch": self._arch, "arch": self._arch})
        self._base = self._reader.read(options["base"], False)
        self._repositories = {
            name: self._repository(name)
            for name in {*contents, *filter(options["repositories"].get, options["repositories"])}
        }
        self._offers = self._read_offers()
        self._offers += self._of_hub()

    def _repository(self, tag: str) -> Source:
        given = self._options["repositories"].get(tag)
        if given is None and not self._contents[tag].now:
            # Nothing was made of a tag that holds nothing.
            given = self._stack.enter_context(indexed([], f"repository of {tag}"))
        if given is None and self._hub.topurl:
            given = f"{self._hub.topurl}/repos/{tag}/latest/{self._arch}"
        if given is None:
            raise InvalidInput(
                f"closure needs the repository of {tag}: name it in closure.repositories, or set topurl to the "
                "address that the hub serves its own at.",
                tag=tag,
            )
        return Source(tag, (self._reader.location(given, f"repository of {tag}"),), checked=True)

    def _read_offers(self) -> list[Source]:
        """Repositories, and folders of RPMs, with builds that no tag's repository has."""
        files: list[str] = []
        given: list[t.Any] = []
        for item in self._options["offers"]:
            if isinstance(item, str) and os.path.isdir(item) and not os.path.exists(os.path.join(item, "repodata")):
                files += find_packages(item)
            else:
                given.append(item)
        offers = self._reader.read(given, True)
        if files:
            offers.append(Source(OFFERED, (self._stack.enter_context(indexed(files, OFFERED)),)))
        return offers

    def _of_hub(self) -> list[Source]:
        """What is still missing, from the hub: the headers of the RPMs as a repository of their own."""
        sources = [*self._repositories.values(), *self._offers]
        packages = Packages(sources, Rules(self._arch), self._cache, self._transport)
        places = {one.source.id: {packages.source_nvr(number) for number in range(one.first, one.end)}
                  for one in packages.repositories}  # fmt: skip
        anywhere = set[str]().union(*places.values())
        missing = {
            tag: sorted({*content.now.values(), *content.then.values()} - anywhere)
            for tag, content in self._contents.items()
        }
        self._empty: set[str] = set()
        nvrs = sorted(set().union(*missing.values()))
        if not nvrs:
            return []
        if not self._hub.topurl:
            tag, builds = next((tag, builds) for tag, builds in missing.items() if builds)
            raise InvalidInput(
                f"What {tag} would be cannot be told: {', '.join(builds[:10])}{' and others' * (len(builds) > 10)} is "
                "in no repository. Set topurl to where the hub serves its files, or name a repository or a folder with "
                "the RPMs in closure.offers.",
                tag=tag,
                builds=builds,
            )
        addresses = rpm_addresses(self._hub, nvrs, self._arch)
        self._empty = {nvr for nvr in nvrs if not addresses.get(nvr)}
        what = "RPM of a build"
        files = [self._reader.location(address, what) for nvr in nvrs for address in addresses.get(nvr, ())]
        say(f"Reading the headers of {len(files)} RPMs of {len(nvrs)} builds that are in no repository")
        folder = self._stack.enter_context(WorkFolder("tag-closure"))
        headers = fetch_headers(files, folder, Transport(deadline=DEADLINE, ca_path=self._ca_path))
        return [Source(FROM_HUB, (self._stack.enter_context(indexed(headers, FROM_HUB)),))]

    def effects(self, tag: str, closure: dict[str, t.Any]) -> tuple[Effect, Effect]:
        """A tag's repository as it would be if it were made now, and if it were made after the plan."""
        others = [source for name, source in sorted(self._repositories.items()) if name != tag]
        packages = Packages(
            [self._repositories[tag], *self._base],
            Rules(self._arch),
            self._cache,
            self._transport,
            [*others, *self._offers],
        )
        view = _View(packages, tag)
        content = self._contents[tag]
        later = sorted(nvr for nvr in content.now.values() if nvr not in view.own and nvr not in self._empty)
        now = view.change(content.now.values(), frozenset())
        then = view.change(content.then.values(), content.untagged)
        closure["tags"][tag] = {
            "gains": sorted(view.engine.name(number) for number in then.add),
            "loses": sorted(view.engine.name(number) for number in then.remove),
            "not_shown_yet": later,
        }
        return view.engine.what_if(now), view.engine.what_if(then)


class _View:
    """A tag's repository, with all that could come into it on offer."""

    def __init__(self, packages: Packages, tag: str) -> None:
        self.engine, self._tag = Engine(packages), tag
        self.own: dict[str, set[int]] = {}
        self._offered: dict[str, set[int]] = {}
        for one in packages.repositories:
            here: dict[str, set[int]] = {}
            for number in range(one.first, one.end):
                here.setdefault(packages.source_nvr(number), set()).add(number)
            if one.offered:
                self._offered = {**here, **self._offered}  # each build of the first repository that has it
            elif one.source.id == tag:
                self.own = here

    def change(self, builds: t.Iterable[str], untagged: t.Collection[str]) -> Change:
        """What must enter for the repository to show ``builds``, and what makes room for it."""
        add = frozenset[int]().union(*(self._offered.get(nvr, ()) for nvr in builds if nvr not in self.own))
        remove = frozenset[int]().union(*(self.own.get(nvr, ()) for nvr in untagged))
        return Change(remove | self.engine.of_sources_like(add, self._tag), add, self._tag)


def _lasting(one: Unresolved) -> tuple[str, str, str]:
    """The same for all versions of a package that lack the same."""
    name, _version, rest = one.package.rsplit("-", 2)
    return name, rest.rsplit(".", 1)[1], one.requirement


def _as_data(tag: str, one: Unresolved) -> dict[str, t.Any]:
    return {
        "tag": tag,
        "package": one.package,
        "source": one.source,
        "requirement": one.requirement,
        "reason": one.reason,
    }
