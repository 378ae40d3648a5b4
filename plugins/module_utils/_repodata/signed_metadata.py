# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The signature of a repository's repomd.xml, by which clients know that the metadata is the one that was published."""

from __future__ import annotations

import os
import re
import typing as t

from .._module.command import run_command
from .._module.errors import NotFound
from .._module.runner import Change, Plan
from .._rpm.keys import PublicKey
from .._rpm.signing import Signing

_VALID = re.compile(r"^\[GNUPG:\] VALIDSIG (.*)$", re.MULTILINE)


def objection_to(signature: str, file: str, public: PublicKey) -> str | None:
    """Why ``signature`` is not a good signature of ``file`` by a key, or None."""
    argv = ["gpgv", "--homedir", public.folder, "--keyring", public.binary, "--status-fd", "1", "--", signature, file]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    # Its status is 0 for a key that has expired since, and for any key of the keyring.
    done = run_command(argv, expected=range(256), timeout=120, environment=environment)
    valid = _VALID.findall(done.output)
    if len(valid) != 1 or "[GNUPG:] BADSIG" in done.output:
        if "[GNUPG:] BADSIG" in done.output:
            return "the file is not the one that was signed"
        if "NO_PUBKEY" in done.output:
            return f"it is signed by another key than {public.key.fingerprint}"
        return "it holds no signature of one key that can be verified"
    fields = valid[0].split()
    return public.key.objection(fields[0], int(fields[2]))


class SignedMetadata(Change):
    """``repomd.xml.asc`` of the repository ``path``.

    :param params: options of the module rpm_repository_signature.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params

    def plan(self) -> Plan:
        self._file = os.path.join(self._params["path"], "repodata", "repomd.xml")
        self._signature = f"{self._file}.asc"
        if not os.path.isfile(self._file):
            raise NotFound(f"{self._params['path']} is not a repository: there is no {self._file}.", path=self._file)
        self._signing = Signing.from_params(self._params)
        with PublicKey.of_home(self._signing.home, self._params["key"]) as public:
            self._key = public.key
            there = os.path.isfile(self._signature)
            why: str | None = objection_to(self._signature, self._file, public) if there else "there is none"
        after = {"signature": self._signature, "key": self._key.fingerprint}
        if why is None:
            return Plan(after, after, [], after)
        return Plan({"signature": None, "reason": why}, after, [f"sign {self._file}: {why}"], after)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        self._signing.sign_file(self._file, self._key, self._signature)
        return {}
