# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Module streams: which packages of a repository dnf would not see, as it belongs to a stream that is not active.

Follows libdnf (ModulePackageContainer and dnf_sack_filter_modules_v2): active are the enabled streams, else a module's
default stream, and what active streams require. A default stream whose own requirements nobody meets is not active;
which platform it is for is not asked. Artifacts of other streams are hidden, and so is every package that
has or provides the name of an active stream's artifact without being one. ``module_hotfixes`` exempts a repository.
"""

from __future__ import annotations

import typing as t

from .._module.errors import InvalidInput
from .._module.yaml_text import Limits, YamlReader

# {streams: [{name, stream, version, context, requires: {name: [stream]}, artifacts: [NEVRA]}],
#  defaults: {name: stream}}
ModuleData = dict[str, t.Any]
# The largest that is published has ten megabytes.
_LIMITS = Limits(bytes=64 << 20, nodes=4_000_000)


def read_module_data(content: bytes, what: str) -> ModuleData:
    """What modules.yaml says about streams and defaults, as plain data.

    :param what: the file, for messages.
    :raises InvalidInput: it is not what modulemd defines.
    """
    data: ModuleData = {"streams": [], "defaults": {}}
    try:
        for document in YamlReader(_LIMITS).read_all(content, what):
            if not isinstance(document, dict):
                continue
            body: dict[str, t.Any] = document["data"]
            if document.get("document") == "modulemd":
                data["streams"].append(_stream(body))
            elif document.get("document") == "modulemd-defaults" and body.get("stream") is not None:
                data["defaults"][str(body["module"])] = str(body["stream"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{what} is not metadata of modules: {error}") from error
    return data


def _stream(body: dict[str, t.Any]) -> dict[str, t.Any]:
    requires = {
        str(name): [str(stream) for stream in streams]
        for block in body.get("dependencies") or []
        for name, streams in (block.get("requires") or {}).items()
        if name != "platform"
    }
    return {
        "name": str(body["name"]),
        "stream": str(body["stream"]),
        "version": int(body.get("version") or 0),
        "context": str(body.get("context") or ""),
        "requires": requires,
        "artifacts": [str(rpm) for rpm in (body.get("artifacts") or {}).get("rpms") or []],
    }


Context = dict[str, t.Any]  # one build of a stream: an entry of "streams" in ModuleData


class ActiveModules:
    """The active streams of several repositories together.

    :param enabled: ``name:stream`` of streams that win over the defaults.
    :raises InvalidInput: an enabled stream that no repository has, or whose own requirements nobody meets.
    """

    def __init__(self, data: t.Iterable[ModuleData], enabled: t.Iterable[str]) -> None:
        self._streams: dict[tuple[str, str], list[Context]] = {}
        self._without: set[tuple[str, str]] = set()
        every: set[str] = set()
        wanted: dict[str, str] = {}
        for one in data:
            for stream in one["streams"]:
                self._streams.setdefault((stream["name"], stream["stream"]), []).append(stream)
                every.update(stream["artifacts"])
            wanted.update(one["defaults"])
        wanted = {module: stream for module, stream in wanted.items() if (module, stream) in self._streams}
        chosen = dict(map(self._known, enabled))
        shown: set[str] = set()
        for contexts in self._active({**wanted, **chosen}, chosen).values():
            shown.update(artifact for context in contexts for artifact in context["artifacts"])
        #: NEVRAs (with the epoch always written) of active streams
        self.shown = shown
        #: NEVRAs of streams that are not active
        self.hidden = every - shown
        #: names that belong to active streams: other packages of that name, or providing it, are hidden
        self.names = {artifact.rsplit("-", 2)[0] for artifact in shown if not artifact.endswith(".src")}

    def _known(self, name: str) -> tuple[str, str]:
        """Module and stream of ``name:stream``."""
        module, _colon, stream = name.partition(":")
        if (module, stream) not in self._streams:
            known = ", ".join(sorted(":".join(key) for key in self._streams)) or "none"
            raise InvalidInput(f"There is no module stream {name!r}; there are: {known}.")
        return module, stream

    def _active(self, wanted: dict[str, str], chosen: dict[str, str]) -> dict[str, list[Context]]:
        """Of each module the builds of its stream that is active: those whose requirements are met.

        A stream of ``wanted`` is left out when nobody can meet what it requires; one of ``chosen`` may not be.
        """
        while True:
            streams = self._with_requirements(wanted)
            active = {module: self._fitting(module, stream, streams) for module, stream in streams.items()}
            lacking = sorted(module for module, contexts in active.items() if not contexts)
            for module in lacking:
                if module in chosen:
                    requires = "; or ".join(map(_requirements, self._newest(module, chosen[module])))
                    raise InvalidInput(
                        f"The module stream {module}:{chosen[module]} is enabled, and no repository meets what it "
                        f"requires: {requires}."
                    )
            if not lacking:
                return active
            # What only such a stream asked for goes with it, as all begins anew; what asks for it may not get it.
            self._without.update((module, streams[module]) for module in lacking)
            wanted = {module: stream for module, stream in wanted.items() if module not in lacking}

    def _with_requirements(self, wanted: dict[str, str]) -> dict[str, str]:
        """``wanted`` and, where nothing fits yet, what a build of a stream requires of modules that are not active."""
        streams, pending = dict(wanted), sorted(wanted)
        while pending:
            module = pending.pop()
            if self._fitting(module, streams[module], streams):
                continue
            for context in self._newest(module, streams[module]):
                more = self._missing(context, streams)
                if more is not None:
                    streams.update(more)
                    pending += [module, *more]
                    break
        return streams

    def _missing(self, context: Context, streams: dict[str, str]) -> dict[str, str] | None:
        """What would have to be active for a build of a stream; None: another stream of it is, or nobody has it."""
        more: dict[str, str] = {}
        for module, allowed in context["requires"].items():
            if module in streams and not _allows(allowed, streams[module]):
                return None
            if module not in streams:
                known = [
                    one for one in self._streams.keys() - self._without if one[0] == module and _allows(allowed, one[1])
                ]
                if len(known) != 1:
                    return None
                more[module] = known[0][1]
        return more

    def _fitting(self, module: str, stream: str, streams: dict[str, str]) -> list[Context]:
        """The newest build of a stream in each context whose requirements ``streams`` meet."""
        return [
            context
            for context in self._newest(module, stream)
            if all(name in streams and _allows(allowed, streams[name]) for name, allowed in context["requires"].items())
        ]

    def _newest(self, module: str, stream: str) -> list[Context]:
        newest: dict[str, Context] = {}
        for context in self._streams[module, stream]:
            if context["version"] >= newest.get(context["context"], context)["version"]:
                newest[context["context"]] = context
        return list(newest.values())


def _allows(allowed: list[str], stream: str) -> bool:
    """Whether a requirement takes a stream: of a list, of none that is excluded (``-1.0``), or any."""
    excluded = [one[1:] for one in allowed if one.startswith("-")]
    return stream in allowed or (len(excluded) == len(allowed) and stream not in excluded)


def _requirements(context: Context) -> str:
    return ", ".join(f"{module}:{'|'.join(streams) or 'any'}" for module, streams in context["requires"].items())
