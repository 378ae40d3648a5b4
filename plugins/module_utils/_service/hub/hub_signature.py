# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Builds of a hub signed by one key, for sites that sign themselves.

What was signed is asked of the hub, so that a run that was killed goes on where it stopped. Files are fetched, compared
with what the hub recorded of them, signed here, and only their signatures go back.
"""

from __future__ import annotations

import os
import shutil
import struct
import typing as t

from ..._koji.session import Hub
from ..._koji.signatures import HubRpm, add_signatures, keys_of, rpms_of, write_copies
from ..._module.errors import InvalidInput, NotFound, RelengError
from ..._module.libraries import load_library
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.work_folder import WorkFolder
from ..._repodata.download import Transport
from ..._rpm.headers import read_header
from ..._rpm.keys import PublicKey
from ..._rpm.signatures import SIGNED, judge_files
from ..._rpm.signing import Signing, cannot_sign

BATCH = 20
_SIGMD5, _LEAD = 1004, 96


class HubSignature(Change):
    """What the module koji_signature brings about.

    :param params: its options.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params

    def plan(self) -> Plan:
        params = self._params
        self._hub = Hub.from_params(params)
        if not self._hub.topurl:
            raise InvalidInput("Where does the hub serve its files? Set topurl, or a profile that has it.")
        self._signing = Signing.from_params(params)
        with PublicKey.of_home(self._signing.home, params["key"]) as public:
            self._key = public.key
        # The newest part that signs is the one that gpg takes; signatures of the others count as well.
        parts = sorted((part for part in self._key.parts if part.signs), key=lambda part: part.created)
        self._names = [part.fingerprint[-8:].lower() for part in reversed(parts)]
        rpms = rpms_of(self._hub, self._builds(), self._names, params["debuginfo"])
        held = keys_of(self._hub, rpms)
        self._todo = [rpm for rpm in rpms if not held[rpm.id] & set(self._names)]
        signed = [rpm for rpm in rpms if held[rpm.id] & set(self._names)]
        self._uncopied = [rpm for rpm in signed if params["write_copies"] and not self._is_copied(rpm)]
        actions = []
        if self._todo:
            actions.append(f"sign {len(self._todo)} of {len(rpms)} RPMs with {self._key.fingerprint}")
        copies = len(self._todo) + len(self._uncopied)
        if params["write_copies"] and copies:
            actions.append(f"write {copies} signed copies")
        result = {"rpms": len(rpms), "signed": [rpm.filename for rpm in self._todo], "sigkey": self._names[0]}
        before = {"signed": len(signed), "copies": len(signed) - len(self._uncopied)}
        return Plan(before, {"signed": len(rpms), "copies": len(rpms)}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        try:
            with PublicKey.of_home(self._signing.home, self._params["key"]) as public:
                for start in range(0, len(self._todo), BATCH):
                    self._sign(self._todo[start : start + BATCH], public)
                    say(f"{min(start + BATCH, len(self._todo))} of {len(self._todo)} RPMs signed")
            if self._uncopied:
                self._write(self._uncopied)
        finally:
            self._hub.close()
        return {}

    def _builds(self) -> list[str]:
        tag = self._params["tag"]
        if not tag:
            return list(dict.fromkeys(self._params["builds"]))
        rows = self._hub.read("listTagged", tag, latest=self._params["latest"], about={"tag": tag})
        return [row["nvr"] for row in rows]

    def _sign(self, rpms: t.Sequence[HubRpm], public: PublicKey) -> None:
        koji = load_library("koji")
        transport = Transport(self._params["timeout"], self._params["deadline"], ca_path=self._params["serverca"])
        with WorkFolder("hub-signature", self._params["work_dir"]) as folder:
            files = {os.path.join(folder, f"{rpm.id}.rpm"): rpm for rpm in rpms}
            for path, rpm in files.items():
                self._fetch(rpm, path, transport)
            fault = self._signing.sign_rpms(list(files), self._key, self._params["log"])
            verdicts = judge_files(list(files), public)
            headers = {files[one.path]: koji.rip_rpm_sighdr(one.path) for one in verdicts if one.status == SIGNED}
        add_signatures(self._hub, headers)
        if self._params["write_copies"]:
            self._write(list(headers))
        left = [files[one.path].filename for one in verdicts if one.status != SIGNED]
        if left:
            error = cannot_sign(self._key, fault)
            raise type(error)(f"{error.message} Not signed: {', '.join(left[:5])}. Run it again for the rest.")

    def _fetch(self, rpm: HubRpm, path: str, transport: Transport) -> None:
        """An RPM as the hub recorded it.

        :raises RelengError: the file that it serves is another one.
        """

        def copy(stream: t.BinaryIO) -> None:
            with open(path, "wb") as file:
                shutil.copyfileobj(stream, file)

        address = f"{self._hub.topurl}{rpm.path}"
        transport.take(address, copy)
        with open(path, "rb") as file:
            found = payload_digest(read_header(file))
        if rpm.payload and found != rpm.payload:
            raise RelengError(
                f"{address} is not the file that the hub recorded: it has {found}, the hub {rpm.payload}. It was not "
                "signed.",
                rpm=rpm.filename,
            )

    def _write(self, rpms: t.Sequence[HubRpm]) -> None:
        held = keys_of(self._hub, rpms)
        for name in self._names:
            write_copies(self._hub, [rpm for rpm in rpms if name in held[rpm.id]], name)

    def _is_copied(self, rpm: HubRpm) -> bool:
        transport = Transport(self._params["timeout"], self._params["deadline"], ca_path=self._params["serverca"])
        try:
            transport.take(f"{self._hub.topurl}{rpm.signed_path}", lambda stream: stream.read(_LEAD))
        except NotFound:
            return False
        return True


def payload_digest(head: bytes) -> str:
    """The MD5 of header and payload that the signature header of an RPM names, in hexadecimal; empty if none."""
    entries, _size = struct.unpack(">II", head[_LEAD + 8 : _LEAD + 16])
    index, store = _LEAD + 16, _LEAD + 16 + 16 * entries
    for number in range(entries):
        tag, _kind, offset, count = struct.unpack(">IIII", head[index + 16 * number : index + 16 * (number + 1)])
        if tag == _SIGMD5:
            return head[store + offset : store + offset + count].hex()
    return ""
