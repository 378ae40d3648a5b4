# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Module streams: which packages of a repository dnf would not see, as it belongs to a stream that is not active.

Follows libdnf (ModulePackageContainer and dnf_sack_filter_modules_v2): active are the enabled streams, else a module's
default stream, and what active streams require. Artifacts of other streams are hidden, and so is every package that
has or provides the name of an active stream's artifact without being one. ``module_hotfixes`` exempts a repository.
"""

from __future__ import annotations

import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library

# {streams: [{name, stream, version, context, requires: {name: [stream]}, artifacts: [NEVRA]}],
#  defaults: {name: stream}}
ModuleData = dict[str, t.Any]


def read_module_data(content: bytes, what: str) -> ModuleData:
    """What modules.yaml says about streams and defaults, as plain data.

    :param what: the file, for messages.
    :raises InvalidInput: it is not what modulemd defines.
    """
    yaml = load_library("yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data: ModuleData = {"streams": [], "defaults": {}}
    try:
        for document in yaml.load_all(content, Loader=loader):
            if not isinstance(document, dict):
                continue
            body: dict[str, t.Any] = document["data"]
            if document.get("document") == "modulemd":
                data["streams"].append(_stream(body))
            elif document.get("document") == "modulemd-defaults" and body.get("stream") is not None:
                data["defaults"][str(body["module"])] = str(body["stream"])
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{what} is no modules metadata: {error}") from error
    return data


def _stream(body: dict[str, t.Any]) -> dict[str, t.Any]:
    requires = {
        str(name): [str(stream) for stream in streams]
        for block in body.get("dependencies") or []
        for name, streams in (block.get("requires") or {}).items()
    }
    return {
        "name": str(body["name"]),
        "stream": str(body["stream"]),
        "version": int(body.get("version") or 0),
        "context": str(body.get("context") or ""),
        "requires": requires,
        "artifacts": [str(rpm) for rpm in (body.get("artifacts") or {}).get("rpms") or []],
    }


class ActiveModules:
    """The active streams of several repositories together.

    :param enabled: ``name:stream`` of streams that win over the defaults.
    :raises InvalidInput: an enabled stream that no repository has.
    """

    def __init__(self, data: t.Iterable[ModuleData], enabled: t.Iterable[str]) -> None:
        streams: dict[tuple[str, str], list[dict[str, t.Any]]] = {}
        active: dict[str, str] = {}
        for one in data:
            for stream in one["streams"]:
                streams.setdefault((stream["name"], stream["stream"]), []).append(stream)
            active.update(one["defaults"])
        for name in enabled:
            module, _colon, stream = name.partition(":")
            if (module, stream) not in streams:
                known = ", ".join(sorted(":".join(key) for key in streams)) or "none"
                raise InvalidInput(f"There is no module stream {name!r}; there are: {known}.")
            active[module] = stream
        active = {module: stream for module, stream in active.items() if (module, stream) in streams}
        pending = list(active.items())
        while pending:
            for stream in streams.get(pending.pop(), []):
                for module, wanted in stream["requires"].items():
                    if module not in active and len(wanted) == 1 and (module, wanted[0]) in streams:
                        active[module] = wanted[0]
                        pending.append((module, wanted[0]))
        shown: set[str] = set()
        every: set[str] = set()
        for (module, name), versions in streams.items():
            newest: dict[str, dict[str, t.Any]] = {}
            for stream in versions:
                every.update(stream["artifacts"])
                if stream["version"] >= newest.get(stream["context"], stream)["version"]:
                    newest[stream["context"]] = stream
            if active.get(module) == name:
                shown.update(artifact for stream in newest.values() for artifact in stream["artifacts"])
        #: NEVRAs (with the epoch always written) of active streams
        self.shown = shown
        #: NEVRAs of streams that are not active
        self.hidden = every - shown
        #: names that belong to active streams: other packages of that name, or providing it, are hidden
        self.names = {artifact.rsplit("-", 2)[0] for artifact in shown if not artifact.endswith(".src")}
