# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A tag at an event as a candidate, so that what is tested is exactly what will be tagged further."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..._dlrn.candidate import Base, Build, Candidate, utc
from ..._dlrn.names import check_url
from ..._dlrn.trunk import read_repomd
from ..._koji.session import Hub
from ..._module.errors import InvalidInput, NotFound
from ..candidate.pinning import PinnedCandidate, web_of


class TaggedCandidate(PinnedCandidate):
    """A lockfile that names the builds of a tag, and pins its repository as the base repository of the tag's name.

    :param params: options of the module koji_candidate.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        reading = {**params, "api_url": None, "ca_path": params["serverca"]}
        own = ("path", "release", "distro", "dependencies", "base", "scenarios")
        given = {name: params[name] for name in own}
        super().__init__(connect=lambda: web_of(reading), trunk_url="", label=None, commits=None, **given)
        self._params = params
        self.tag: str = params["tag"]

    def _resolve(self) -> Candidate:
        hub = Hub.from_params(self._params)
        repository, event = self._params["repository"], self._params["event"]
        if repository is None:
            repository, event = self._own_repository(hub)
        elif event is None:
            event = hub.read("getLastEvent")["id"]
        builds = hub.read("listTagged", self.tag, event=event, inherit=False, latest=True, about={"tag": self.tag})
        if not builds:
            raise InvalidInput(f"The tag {self.tag} held no builds at event {event}: there is nothing to test.")
        url = check_url(repository, f"address of the repository of {self.tag}")
        candidate = Candidate(
            kind="koji",
            release=self.release,
            distro=self.distro,
            resolved_at=utc(self.clock()),
            source={"hub": hub.address, "tag": self.tag, "event": event},
            builds=tuple(Build(build["nvr"], build["build_id"]) for build in builds),
            dependencies=self._dependencies(),
            base=(Base(self.tag, url, read_repomd(self.web, url)), *(self._base(**base) for base in self.base)),
            scenarios=tuple(self._scenario(**scenario) for scenario in self.scenarios),
        )
        if self._params["event"] is None and self.path and os.path.exists(self.path):
            there = self._existing(self.path)
            if there.id == candidate.id and there.source["tag"] == self.tag:
                # The hub has gone on elsewhere: these are the same bits still.
                return dataclasses.replace(candidate, source=there.source)
        return candidate

    def _own_repository(self, hub: Hub) -> tuple[str, int]:
        """The hub's repository of the tag, by its number, and the event that it shows.

        :raises NotFound: there is none, or none of the event that was asked for.
        """
        about = {"tag": self.tag}
        repo = hub.read("getRepo", self.tag, about=about)
        if repo is None:
            raise NotFound(
                f"The hub has no repository of {self.tag}: make one with koji_repo, or set repository.", **about
            )
        if not hub.topurl:
            raise InvalidInput("Where does the hub serve its files? Set topurl, or repository.")
        event = repo["begin_event"]
        wanted = self._params["event"]
        if wanted not in (None, event):
            raise NotFound(f"The repository of {self.tag} is of event {event}, not {wanted}.", **about)
        return f"{hub.topurl}/repos/{self.tag}/{repo['id']}/{self._params['arch']}", event
