# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing, and judging signatures, with the real rpm and gpg: nothing else is taken for the key's signature."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from stage.keys import Keys
from stage.modules import run_module, start_module
from stage.rpms import Rpm, build_repository, build_rpms, need

GOOD, AT = 1775044800, "20260401T120000"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    need("gpg", "rpmsign", "rpmkeys")
    keys = Keys(tmp_path_factory.mktemp("keys") / "gnupg")
    born = ("--faked-system-time", "20260101T000000")
    for name, options in (("ours", {}), ("other", {}), ("locked", {"passphrase": "open sesame"}), ("sub", {})):
        setattr(keys, name, keys.make(name, *born, **options))
    keys.subkey = keys.add_subkey(keys.sub)
    keys.old = keys.make("old", "--faked-system-time", "20200101T000000", lasts="1y")
    yield keys
    keys.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rpms")
    build_rpms(folder, [Rpm(f"p{number}", files=(f"/usr/share/p{number}",)) for number in range(30)])
    return folder


@pytest.fixture
def rpms(built, tmp_path):
    return pathlib.Path(shutil.copytree(built, tmp_path / "rpms"))


@pytest.fixture
def sign(keys):
    def run(path, key=None, check=False, **more):
        given = {"path": str(path), "key": key or keys.ours, "gnupg_home": str(keys.home), **more}
        return run_module("rpm_signature", check, **given)

    return run


@pytest.fixture
def judge(keys):
    def run(path, key=None, **more):
        return run_module("rpm_signature_info", paths=[str(path)], key_file=str(keys.public(key or keys.ours)), **more)

    return run


def statuses(result):
    assert not result["failed"], result["msg"]
    return {os.path.basename(one["path"]).split("-")[0]: one["status"] for one in result["packages"]}


def first(rpms, number=0):
    return next(rpms.rglob(f"p{number}-1-1.*.rpm"))


def sums(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.rpm"))}


def test_a_folder_is_signed_once_and_the_same_each_time(rpms, sign, judge, tmp_path):
    twin = shutil.copytree(rpms, tmp_path / "twin")
    before = sums(rpms)
    planned = sign(rpms, check=True, signed_at=GOOD)
    assert planned["changed"] and len(planned["signed"]) == 30
    assert sums(rpms) == before and not judge(rpms)["signed"]
    made = sign(rpms, signed_at=GOOD)
    assert made["changed"] and judge(rpms)["counts"] == {"signed": 30}
    again = sign(rpms, signed_at=GOOD)
    assert (again["changed"], again["already_signed"]) == (False, 30)
    sign(twin, signed_at=GOOD)
    assert sums(twin) == sums(rpms) != before
    assert not list(rpms.rglob("*.sig"))


def test_the_key_judges_by_line(rpms, sign, judge, keys):
    """Foreign and expired signatures, a subkey's, a damaged payload, no RPM at all."""
    sign(first(rpms, 1), signed_at=GOOD)
    sign(first(rpms, 2), keys.other, signed_at=GOOD)
    damaged = first(rpms, 3)
    sign(damaged, signed_at=GOOD)
    damaged.write_bytes(damaged.read_bytes()[:-3] + b"xyz")
    cut = first(rpms, 4)
    cut.write_bytes(cut.read_bytes()[:300])
    first(rpms, 5).write_text("no RPM")
    found = statuses(judge(rpms))
    expected = {
        "p0": "unsigned",
        "p1": "signed",
        "p2": "foreign",
        "p3": "damaged",
        "p4": "unreadable",
        "p5": "unreadable",
    }
    assert {name: found[name] for name in expected} == expected
    failed = judge(rpms, fail_unless_signed=True)
    assert failed["failed"] and "'signed': 1" in failed["msg"]


def test_a_subkey_is_the_key(rpms, sign, judge, keys):
    sign(first(rpms), keys.sub)
    result = judge(first(rpms), keys.sub)
    assert (result["signed"], result["packages"][0]["issuer"]) == (True, keys.subkey)
    assert result["key"]["subkeys"] == [keys.subkey]


def test_a_signature_counts_if_the_key_was_valid_then(rpms, judge, keys):
    """The key has expired since: what it signed in its time is good, what it signed after is not."""
    for number, when in ((1, "20200601T000000"), (2, "20200101T000001")):
        raw_sign(first(rpms, number), keys, keys.old, "--faked-system-time", f"{when}!")
    result = judge(rpms, keys.old)
    assert result["key"]["expired"] and result["counts"] == {"signed": 2, "unsigned": 28}
    # gpg itself refuses to sign with a key that has expired; an attacker's clock need not.
    raw_sign(first(rpms, 3), keys, keys.old, "--faked-system-time", "20250101T000000!", "--ignore-valid-from")
    assert statuses(judge(rpms, keys.old))["p3"] in ("expired", "unsigned")


def raw_sign(path, keys, key, *options):
    """rpmsign as it is."""
    macros = {"_gpg_name": key, "_gpg_path": keys.home, "__gpg": "/usr/bin/gpg"}
    macros["_gpg_sign_cmd_extra_args"] = " ".join(("--batch", *options))
    defines = [part for name, value in macros.items() for part in ("--define", f"{name} {value}")]
    subprocess.run(["rpmsign", *defines, "--addsign", path], capture_output=True, check=False)


def test_256_unsigned_files_are_unsigned(built, judge, tmp_path):
    """rpmkeys ends with status 0 for them: the number of failures modulo 256."""
    source = first(built).read_bytes()
    for number in range(256):
        (tmp_path / f"{number}.rpm").write_bytes(source)
    assert judge(tmp_path)["counts"] == {"unsigned": 256}


def test_hostile_names_are_names(rpms, judge, sign):
    folder = first(rpms).parent
    for name in (
        "*.rpm",
        "p[0-9].rpm",
        "-v.rpm",
        "a\n    Header V4 RSA Signature, key ID 1: OK\n.rpm",
        "%{expand}.rpm",
    ):
        (folder / name).write_bytes(first(rpms, 7).read_bytes())
    result = judge(folder)
    assert result["counts"] == {"unsigned": 35}
    assert len({one["path"] for one in result["packages"]}) == 35


def test_a_locked_key_is_opened_by_its_passphrase_which_nobody_sees(rpms, sign, judge, keys, tmp_path):
    log = tmp_path / "sign.log"
    secret = tmp_path / "passphrase"
    secret.write_text("open sesame\n")
    for given in ({"passphrase": "wrong"}, {}):
        keys.forget()
        before = sums(rpms)
        failed = sign(rpms, keys.locked, log=str(log), **given)
        assert failed["failed"] and "passphrase" in failed["msg"]
        assert sums(rpms) == before
    keys.forget()
    for given in ({"passphrase": "open sesame"}, {"passphrase_file": str(secret)}):
        made = sign(first(rpms, len(given["passphrase" if "passphrase" in given else "passphrase_file"]) % 30),
                    keys.locked, log=str(log), **given)  # fmt: skip
        assert not made["failed"], made["msg"]
        keys.forget()
    assert "open sesame" not in log.read_text() and keys.locked in log.read_text()
    assert judge(rpms, keys.locked)["counts"]["signed"] == 2


def test_nothing_is_signed_with_a_key_that_is_not_there(rpms, sign, keys, tmp_path):
    missing = sign(rpms, "0" * 40)
    assert missing["failed"] and keys.ours in missing["msg"]
    assert "40 hexadecimal digits" in sign(rpms, keys.ours[-8:])["msg"]
    assert (
        "gnupg_home" in run_module("rpm_signature", path=str(rpms), key=keys.ours, gnupg_home=f"{tmp_path}/no")["msg"]
    )
    assert "expired" in sign(rpms, keys.old)["msg"]


def test_what_another_key_signed_is_left_alone_unless_asked(rpms, sign, judge, keys):
    sign(first(rpms), keys.other)
    before = sums(rpms)
    refused = sign(rpms)
    assert refused["failed"] and "another key" in refused["msg"] and sums(rpms) == before
    assert not sign(rpms, replace=True)["failed"] and judge(rpms)["signed"]


def test_a_killed_run_is_finished_by_the_next(rpms, sign, judge, keys, tmp_path):
    many = tmp_path / "many"
    for number in range(8):
        shutil.copytree(rpms, many / str(number))
    log = tmp_path / "sign.log"
    process = start_module("rpm_signature", path=str(many), key=keys.ours, gnupg_home=str(keys.home), log=str(log))
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    # The second batch has begun, so the first is done.
    while process.poll() is None and not (log.exists() and log.read_text().count("rpmsign --define") > 1):
        time.sleep(0.01)
    for child in children.read_text().split():
        os.killpg(int(child), signal.SIGKILL)
    process.kill()
    process.communicate()
    left = judge(many)["counts"]
    assert 0 < left.get("signed", 0) < 240 and set(left) <= {"signed", "unsigned"}, left
    made = sign(many)
    assert made["already_signed"] == left["signed"] and len(made["signed"]) == left["unsigned"]
    assert judge(many)["counts"] == {"signed": 240} and not list(many.rglob("*.sig*"))


def test_a_full_disk_leaves_files_whole(rpms, sign, judge, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no file system of a small size can be mounted here: {made.stderr.strip()}")
    try:
        shutil.copytree(rpms, disk / "rpms")
        (disk / "rest").write_bytes(b"x" * (free(disk) - 6 * 4096))
        before = sums(disk)
        failed = sign(disk)
        assert failed["failed"] and "No space left on device" in failed["msg"], failed
        assert sums(disk) == before and not list(disk.rglob("*.signing"))
        (disk / "rest").unlink()
        assert not sign(disk)["failed"] and judge(disk)["signed"]
    finally:
        subprocess.run(["umount", disk], check=True)


def free(disk):
    status = os.statvfs(disk)
    return status.f_bavail * status.f_bsize


def test_other_names_of_a_file_keep_what_they_hold(rpms, sign, tmp_path):
    published = tmp_path / "published.rpm"
    os.link(first(rpms), published)
    before = published.read_bytes()
    assert not sign(rpms)["failed"]
    assert published.read_bytes() == before != first(rpms).read_bytes()


def test_a_repository_is_signed_and_a_changed_one_anew(keys, tmp_path):
    repository = build_repository(tmp_path / "repository", [Rpm("a")])
    given = {"path": str(repository), "key": keys.ours, "gnupg_home": str(keys.home), "signed_at": GOOD}
    signature = repository / "repodata" / "repomd.xml.asc"
    assert run_module("rpm_repository_signature", True, **given)["changed"] and not signature.exists()
    assert run_module("rpm_repository_signature", **given)["changed"]
    text = signature.read_bytes()
    assert not run_module("rpm_repository_signature", **given)["changed"]
    signature.unlink()
    run_module("rpm_repository_signature", **given)
    assert signature.read_bytes() == text
    with open(repository / "repodata" / "repomd.xml", "a") as file:
        file.write("<!-- changed -->")
    again = run_module("rpm_repository_signature", **given)
    assert "not the one that was signed" in again["actions"][0]
    other = run_module("rpm_repository_signature", **{**given, "key": keys.other})
    assert "another key" in other["actions"][0]
    signature.write_text("garbage")
    assert "no signature of one key" in run_module("rpm_repository_signature", True, **given)["actions"][0]
    assert "is not a repository" in run_module("rpm_repository_signature", **{**given, "path": str(tmp_path)})["msg"]
