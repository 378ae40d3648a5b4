# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The signatures that a hub keeps of RPMs: those it has, those that are left, the copies that carry them.

A hub names a key by the last eight digits of what signed, so those of a key's subkeys count as well. It keeps the
signature's header alone and puts it on the file when a signed copy is written.
"""

from __future__ import annotations

import base64
import typing as t

from .._module.libraries import load_library
from .session import Hub, HubFault, call

# Headers of signatures have some kilobytes each; so many travel in one request.
AT_ONCE = 20


class HubRpm(t.NamedTuple):
    """An RPM of a build.

    :param payload: what the hub says its signature header holds as MD5 of header and payload.
    :param path: below the hub's topurl.
    """

    id: int
    build: str
    filename: str
    arch: str
    payload: str
    path: str
    signed_path: str
    size: int


def rpms_of(hub: Hub, nvrs: t.Sequence[str], keys: t.Sequence[str], debuginfo: bool) -> list[HubRpm]:
    """All RPMs of builds; sources too.

    :raises HubFault: a build is not there.
    """
    koji = load_library("koji")
    files = koji.PathInfo(topdir="")
    calls = [
        one
        for nvr in nvrs
        for one in (
            call("getBuild", nvr, strict=True, about={"build": nvr}),
            call("listBuildRPMs", nvr, about={"build": nvr}),
        )
    ]
    answers = _all(hub.read_many(calls))
    found = []
    for nvr, build, rpms in zip(nvrs, answers[::2], answers[1::2]):
        for rpm in rpms:
            if debuginfo or not koji.is_debuginfo(rpm["name"]):
                place = files.build(build)
                path, signed = f"{place}/{files.rpm(rpm)}", f"{place}/{files.signed(rpm, keys[0])}"
                name = path.rsplit("/", 1)[1]
                found.append(HubRpm(rpm["id"], nvr, name, rpm["arch"], rpm["payloadhash"], path, signed, rpm["size"]))
    return found


def keys_of(hub: Hub, rpms: t.Sequence[HubRpm]) -> dict[int, set[str]]:
    """The keys that each RPM carries a signature of, by the RPM's number; empty for one without."""
    answers = hub.read_many([call("queryRPMSigs", rpm_id=rpm.id, about={"rpm": rpm.filename}) for rpm in rpms])
    return {rpm.id: {row["sigkey"] for row in rows if row["sigkey"]} for rpm, rows in zip(rpms, _all(answers))}


def add_signatures(hub: Hub, headers: t.Mapping[HubRpm, bytes]) -> None:
    """Give the hub the signature headers of signed files. One that it has already is not an error.

    :raises HubFault: the hub refuses one.
    :raises Unavailable: no answer: some may have been added. :func:`keys_of` shows which.
    """
    rpms = list(headers)
    for start in range(0, len(rpms), AT_ONCE):
        batch = rpms[start : start + AT_ONCE]
        calls = [
            call("addRPMSig", rpm.id, base64.b64encode(headers[rpm]).decode(), about={"rpm": rpm.filename})
            for rpm in batch
        ]
        for answer in hub.write_many(calls):
            if isinstance(answer, HubFault) and "already exists" not in answer.text:
                raise answer


def write_copies(hub: Hub, rpms: t.Sequence[HubRpm], key: str) -> None:
    """Have the hub write signed copies; repeating it is harmless."""
    for start in range(0, len(rpms), AT_ONCE):
        batch = rpms[start : start + AT_ONCE]
        _all(hub.write_many([call("writeSignedRPM", rpm.id, key, about={"rpm": rpm.filename}) for rpm in batch]))


def _all(answers: list[t.Any]) -> list[t.Any]:
    for answer in answers:
        if isinstance(answer, HubFault):
            raise answer
    return answers
