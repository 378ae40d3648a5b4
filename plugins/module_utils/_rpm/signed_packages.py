# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""RPM files signed by one key, in place, each whole or not at all: who is killed goes on."""

from __future__ import annotations

import collections
import contextlib
import os
import shutil
import typing as t

from .._module.errors import Conflict, NotFound, RelengError, Unavailable
from .._module.lock import held_lock
from .._module.progress import say
from .._module.runner import Change, Plan
from .keys import PublicKey
from .rpmfiles import rpm_files
from .signatures import DAMAGED, FOREIGN, SIGNED, UNREADABLE, Verdict, judge_files
from .signing import BATCH, Signing, cannot_sign

# Seconds that another who signs the same files is waited for.
WAIT = 3600.0


def files_of(paths: t.Iterable[str]) -> list[str]:
    """Files as they are, folders as the RPM files in and below them.

    :raises NotFound: one is not there, or a folder holds none.
    """
    found: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            found += rpm_files(path)
        elif os.path.isfile(path):
            found.append(path)
        else:
            raise NotFound(f"There is no file or folder {path}.", path=path)
    return list(dict.fromkeys(found))


def signature_info(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module rpm_signature_info returns."""
    paths = files_of(params["paths"])
    with PublicKey.of_file(params["key_file"], params["key"]) as public:
        verdicts = judge_files(paths, public)
        key = public.key
    return {
        "key": {
            "fingerprint": key.fingerprint,
            "user": key.user,
            "subkeys": [part.fingerprint for part in key.parts[1:]],
            "expired": key.is_over(),
        },
        "packages": [as_data(verdict) for verdict in verdicts],
        "signed": all(verdict.status == SIGNED for verdict in verdicts),
        "counts": dict(sorted(collections.Counter(verdict.status for verdict in verdicts).items())),
    }


def as_data(verdict: Verdict) -> dict[str, t.Any]:
    """A verdict as modules return it."""
    return {
        "path": verdict.path,
        "status": verdict.status,
        "reason": verdict.reason,
        "issuer": verdict.issuer,
        "signed_at": verdict.signed_at,
    }


class SignedPackages(Change):
    """What the module rpm_signature brings about.

    :param params: its options.
    """

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self._params = params

    def plan(self) -> Plan:
        params = self._params
        self._signing = Signing.from_params(params)
        paths = files_of([params["path"]])
        with PublicKey.of_home(self._signing.home, params["key"]) as public:
            self._key = public.key
            verdicts = judge_files(paths, public)
        self._refuse(verdicts)
        self._todo = [verdict.path for verdict in verdicts if verdict.status != SIGNED]
        before = {"signed": len(paths) - len(self._todo), "unsigned": len(self._todo)}
        after = {"signed": len(paths), "unsigned": 0}
        actions = (
            [f"sign {len(self._todo)} of {len(paths)} packages with {self._key.fingerprint}"] if self._todo else []
        )
        result = {"packages": len(paths), "signed": self._todo, "already_signed": before["signed"]}
        if actions and self._signing.at is None and self._key.is_over():
            raise Unavailable(f"The key {self._key.fingerprint} has expired or was revoked: gpg signs nothing with it.")
        return Plan(before, after, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        path = os.path.abspath(self._params["path"])
        lock = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.signing.lock")
        with contextlib.ExitStack() as stack:
            # A module in the background outlives the playbook that was killed: it is at the same files.
            stack.enter_context(held_lock(lock, {"signs": path}, WAIT))
            public = stack.enter_context(PublicKey.of_home(self._signing.home, self._params["key"]))
            verdicts = judge_files(self._todo, public)
            self._todo = [verdict.path for verdict in verdicts if verdict.status != SIGNED]
            for start in range(0, len(self._todo), BATCH):
                batch = self._todo[start : start + BATCH]
                try:
                    self._sign(batch, start, public)
                finally:
                    for path in batch:
                        _remove(_copy_of(path))
                say(f"{start + len(batch)} of {len(self._todo)} packages signed")
        return {}

    def _sign(self, batch: t.Sequence[str], before: int, public: PublicKey) -> None:
        """Sign copies, look at them, and put them in the places of the files.

        rpmsign writes into the file: who is killed then would leave half a signature, and a file that has other names
        (a snapshot that is published, say) would change under all of them.
        """
        for path in batch:
            _remove(_copy_of(path))
            shutil.copyfile(path, _copy_of(path))
            shutil.copymode(path, _copy_of(path))
        copies = [_copy_of(path) for path in batch]
        fault = self._signing.sign_rpms(copies, self._key, self._params["log"])
        verdicts = judge_files(copies, public)
        for path, verdict in zip(batch, verdicts):
            if verdict.status == SIGNED:
                self._put_in_place(path)
        left = [as_data(verdict) for verdict in verdicts if verdict.status != SIGNED]
        if left:
            error = cannot_sign(self._key, fault)
            done = before + len(batch) - len(left)
            raise type(error)(
                f"{error.message} {done} of {len(self._todo)} packages were signed before; run it again for the rest.",
                **error.data,
                packages=left,
                changed=done > 0,
            )

    def _put_in_place(self, path: str) -> None:
        copy = _copy_of(path)
        with open(copy, "rb") as file:
            os.fsync(file.fileno())
        if self._signing.at is not None:
            # Metadata of the same packages is the same then as well.
            os.utime(copy, (self._signing.at, self._signing.at))
        os.replace(copy, path)

    def _refuse(self, verdicts: t.Sequence[Verdict]) -> None:
        """:raises Conflict: somebody else signed a file. :raises RelengError: one is none that can be signed."""
        broken = [verdict for verdict in verdicts if verdict.status in (DAMAGED, UNREADABLE)]
        if broken:
            names = ", ".join(os.path.basename(verdict.path) for verdict in broken[:5])
            raise RelengError(
                f"{len(broken)} files cannot be signed, nothing was: {names}. The first: {broken[0].reason}.",
                packages=[as_data(verdict) for verdict in broken],
            )
        others = [verdict for verdict in verdicts if verdict.status == FOREIGN]
        if others and not self._params["replace"]:
            raise Conflict(
                f"{len(others)} packages are signed by another key, nothing was signed: "
                f"{os.path.basename(others[0].path)}, {others[0].reason}. Set replace to sign them anew.",
                packages=[as_data(verdict) for verdict in others],
            )


def _copy_of(path: str) -> str:
    """Where a file is signed: beside it, under a name that is not a package's."""
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.signing")


def _remove(copy: str) -> None:
    """Remove a copy, and what rpmsign leaves beside one when it is killed."""
    for path in (copy, f"{copy}.sig"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
