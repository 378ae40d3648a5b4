# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What a distribution's compose says of itself: composeinfo.json, as productmd 1.x defines it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import typing as t
import urllib.parse

from .._module.errors import InvalidInput, NotFound
from .._module.json_text import load_json
from .download import Transport

_SUFFIX = "/metadata/composeinfo.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}")
_PATH = re.compile(r"(?!\.\.?/)[\w.+~-]+(?:/(?!\.\.?(?:/|$))[\w.+~-]+)*/?")


@dataclasses.dataclass(frozen=True)
class Compose:
    """A compose, and where its repositories lie.

    :param label: what the distribution calls it besides, ``RC-1.0`` for example; None: nothing.
    :param repositories: for each variant the path of its repository of each architecture, below the compose.
    """

    id: str
    kind: str
    date: str
    respin: int
    label: str | None
    release: str
    repositories: dict[str, dict[str, str]]

    def base(self, url: str, arch: str, variants: t.Sequence[str]) -> list[dict[str, str]]:
        """The repositories of ``variants`` (all unless given) as the base of a candidate that must not change.

        :raises NotFound: it has no such variant, or none for the architecture; it is named with what there is.
        """
        found = []
        for variant in variants or [name for name, paths in self.repositories.items() if arch in paths]:
            paths = self.repositories.get(variant)
            if paths is None:
                known = ", ".join(self.repositories) or "none"
                raise NotFound(f"The compose {self.id} has no variant {variant!r}; there are: {known}.")
            if arch not in paths:
                known = ", ".join(sorted(paths)) or "none"
                raise NotFound(f"The variant {variant} of the compose {self.id} has no {arch}; there are: {known}.")
            found.append(
                {"id": variant.lower(), "url": f"{url.rstrip('/')}/{paths[arch].rstrip('/')}", "drift": "fail"}
            )
        if not found:
            raise NotFound(f"The compose {self.id} has no repository for {arch}.")
        return found


def read_compose(location: str, transport: Transport) -> tuple[Compose, str]:
    """The compose that lies at ``location``, and the folder or address that its repositories are below.

    That is the compose's own where ``location`` is a name that another compose will have tomorrow
    (``latest-CentOS-Stream``) and the compose lies beside it by its id.

    :param location: of the compose, of the ``compose`` in it, or of its composeinfo.json.
    :raises RelengError: it cannot be read, or is none.
    """
    top = location[: -len(_SUFFIX)] if location.endswith(_SUFFIX) else location.rstrip("/")
    if top.endswith(".json"):
        raise InvalidInput(
            f"{location} does not end in compose{_SUFFIX}: the repositories' places are not known by it."
        )
    if not top.endswith("/compose"):
        top += "/compose"
    compose = _read(top, transport)
    above, _slash, name = top[: -len("/compose")].rpartition("/")
    if name != compose.id:
        own = f"{above}/{compose.id}/compose"
        with contextlib.suppress(NotFound):
            if _read(own, transport) == compose:
                return compose, own
    return compose, top


def _read(top: str, transport: Transport) -> Compose:
    place = f"{top}{_SUFFIX}"
    return parse_compose(transport.read_text(place, "The composeinfo"), place)


def parse_compose(text: str, what: str) -> Compose:
    """What composeinfo.json says.

    :param what: where it was read, for messages.
    :raises InvalidInput: it is none, or of a version that is not known.
    """
    data = load_json(text, f"The composeinfo {what}")
    try:
        header, payload = data["header"], data["payload"]
        kind, version = header.get("type", "productmd.composeinfo"), str(header["version"])
        if kind != "productmd.composeinfo" or not version.startswith("1."):
            raise ValueError(f"it is {kind!r} of version {version!r}; productmd.composeinfo 1.x is read")
        compose, release = payload["compose"], payload.get("release") or {}
        repositories = {
            _checked(_NAME, variant): {
                _checked(_NAME, arch): _checked(_PATH, path)
                for arch, path in ((one.get("paths") or {}).get("repository") or {}).items()
            }
            for variant, one in payload["variants"].items()
        }
        return Compose(
            _checked(_NAME, compose["id"]),
            str(compose["type"]),
            str(compose["date"]),
            int(compose.get("respin") or 0),
            str(compose["label"]) if compose.get("label") else None,
            f"{release.get('name', '')} {release.get('version', '')}".strip(),
            repositories,
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        missing = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise InvalidInput(f"The composeinfo {what} cannot be understood: {missing}.") from error


def _checked(pattern: re.Pattern[str], text: t.Any) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ValueError(f"{text!r} is not a name or path of a compose")
    return text


def compose_info(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the module compose_info returns."""
    transport = Transport(params["timeout"], params["deadline"], params["retries"], params["ca_path"])
    location: str = params["compose"]
    if location.startswith("file://"):
        location = urllib.parse.unquote(urllib.parse.urlsplit(location).path)
    compose, url = read_compose(location, transport)
    # A candidate names its repositories by their addresses.
    url = url if "://" in url else pathlib.Path(os.path.abspath(url)).as_uri()
    base = compose.base(url, params["arch"], params["variants"])
    return {
        "id": compose.id,
        "url": url,
        "type": compose.kind,
        "date": compose.date,
        "respin": compose.respin,
        "label": compose.label,
        "release": compose.release,
        "variants": sorted(compose.repositories),
        "base": base,
        "repositories": [{"id": one["id"], "baseurl": one["url"]} for one in base],
    }
