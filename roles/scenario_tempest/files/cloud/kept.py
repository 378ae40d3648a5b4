# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users have made in a cloud before it is upgraded, and whether it is still there afterwards."""

from __future__ import annotations

import hashlib
import json
import operator
import pathlib
import re
import typing as t
from xml.etree import ElementTree

from programs import Stopped, say

# Where it is kept in the root meanwhile, what was read in the old version.
NOTES = pathlib.Path("/var/lib/scenario/kept.json")
# A value of something that was made before: <network.id>
VALUE = re.compile(r"<(\w+)\.(\w+)>")


def call(connection: t.Any, function: str, arguments: dict[str, t.Any]) -> t.Any:
    """What a function of openstacksdk returns: of its cloud layer, or of a service's proxy."""
    answer = operator.attrgetter(function)(connection)(**arguments)
    if hasattr(answer, "raise_for_status"):
        answer.raise_for_status()
    return answer


class Kept:
    """Each thing that a service's definition says, by its name.

    :param services: their definitions.
    :param connect: returns a connection of openstacksdk, as the administrator or as the user that it is given.
    """

    def __init__(self, services: list[dict[str, t.Any]], connect: t.Callable[..., t.Any]) -> None:
        self.connect = connect
        self.things = [
            (entry["name"], name, thing)
            for entry in services
            for name, thing in entry.get("upgrade", {}).get("data", {}).items()
        ]
        self.known: dict[str, dict[str, t.Any]] = {}

    def make(self) -> None:
        """Make all of it, and note what is read of it.

        :raises Stopped: one of them cannot be made, or not be read.
        """
        for service, name, thing in self.things:
            say(f"Making what {service} has to keep: {name}")
            try:
                for call in thing.get("make", []):
                    self.call(call)
                self.known[name] = self.read(thing)
                missing = [key for key in thing["keep"] if self.known[name].get(key) is None]
            except Exception as error:  # of openstacksdk, or of what asks for it
                raise Stopped(f"Service {service} could not be given its {name}: {explained(error)}") from error
            if missing:
                raise Stopped(f"Service {service} says nothing of {', '.join(missing)} of its {name}")
        NOTES.parent.mkdir(parents=True, exist_ok=True)
        NOTES.write_text(json.dumps(self.known), encoding="utf-8")

    def judge(self, report: pathlib.Path) -> None:
        """Read all of it again and do with it what can be done with it; each is a test in a report of JUnit's XML."""
        self.known = json.loads(NOTES.read_text(encoding="utf-8"))
        lost = {name: self.lost(name, thing) for _service, name, thing in self.things}
        # What uses one of them may change others: those that were made last come first.
        for _service, name, thing in reversed(self.things):
            lost[name] = lost[name] or self.useless(thing)
        suite = ElementTree.Element("testsuite", name="upgrade", tests=str(len(self.things)))
        for service, name, _thing in self.things:
            case = ElementTree.SubElement(suite, "testcase", classname=f"upgrade.{service}", name=name)
            if lost[name]:
                ElementTree.SubElement(case, "failure").text = lost[name]
            say(f"upgrade.{service}.{name}: {lost[name] or 'kept'}")
        ElementTree.ElementTree(suite).write(report, encoding="utf-8", xml_declaration=True)

    def lost(self, name: str, thing: dict[str, t.Any]) -> str:
        """What of it is not as it was; nothing if all is."""
        before = self.known[name]
        try:
            now = self.read(thing)
        except Exception as error:  # of openstacksdk: the service refuses it, or knows nothing of it
            return f"it cannot be read any more: {explained(error)}"
        return "; ".join(
            f"{key} was {json.dumps(before[key])} and is {json.dumps(now.get(key))}"
            for key in thing["keep"]
            if now.get(key) != before[key]
        )

    def useless(self, thing: dict[str, t.Any]) -> str:
        """Why nothing can be done with it any more; nothing if it can."""
        try:
            for call in thing.get("use", []):
                self.call(call)
        except Exception as error:
            return f"it cannot be used any more: {explained(error)}"
        return ""

    def read(self, thing: dict[str, t.Any]) -> dict[str, t.Any]:
        """What the service says of it.

        :raises LookupError: nothing.
        """
        connection = self.connect(**self.filled(thing["as"])) if "as" in thing else self.connect()
        answer = self.call(thing["read"], connection)
        if answer is None:
            raise LookupError(f"{next(iter(thing['read']))} finds nothing")
        return plain(answer)

    def call(self, step: dict[str, dict[str, t.Any]], connection: t.Any = None) -> t.Any:
        """A function of openstacksdk: of its cloud layer, or of a service's proxy."""
        (function, arguments), *_none = step.items()
        return call(connection or self.connect(), function, self.filled(arguments))

    def filled(self, value: t.Any) -> t.Any:
        """Arguments with the values of what was made before."""
        if isinstance(value, dict):
            return {self.filled(key): self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        return VALUE.sub(lambda match: str(self.known[match[1]][match[2]]), value) if isinstance(value, str) else value


def plain(answer: t.Any) -> dict[str, t.Any]:
    """An answer as data: an object of openstacksdk, JSON of a service, or any other content by its checksum."""
    if hasattr(answer, "headers") and hasattr(answer, "content"):
        if "json" in answer.headers.get("Content-Type", ""):
            return t.cast("dict[str, t.Any]", answer.json())
        return {"bytes": len(answer.content), "sha256": hashlib.sha256(answer.content).hexdigest()}
    data = answer.to_dict() if hasattr(answer, "to_dict") else dict(answer)
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(data, default=str)))


def explained(error: Exception) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
