# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures, signed copies and dist-repos: as recorded of a real hub, and the modules that use them."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import shutil
import subprocess
import threading
import time

import koji
import pytest
from conftest import REAL
from stage.keys import Keys
from stage.modules import run_module
from test_faults import DENIED, GENERIC

ALL = {
    "comp": None, "delta": [], "event": None, "volume": None, "inherit": False, "latest": True, "multilib": False,
    "split_debuginfo": False, "skip_missing_signatures": False, "allow_missing_signatures": False, "zck": False,
    "zck_dict_dir": None, "write_signed_rpms": False, "skip_stat": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    for program in ("gpg", "rpmsign"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: nothing can be signed")
    keys = Keys(tmp_path_factory.mktemp("keys") / "gnupg")
    keys.ours = keys.make("ours")
    yield keys
    keys.close()


def signed_header(path, keys, folder):
    """The signature header of a signed copy of an RPM."""
    copy = shutil.copy(path, folder)
    macros = {"_gpg_name": keys.ours, "_gpg_path": keys.home, "__gpg": shutil.which("gpg")}
    defines = [part for name, value in macros.items() for part in ("--define", f"{name} {value}")]
    subprocess.run(["rpmsign", *defines, "--addsign", copy], check=True, capture_output=True)
    return koji.rip_rpm_sighdr(copy)


def refused(error, code, text, call):
    with pytest.raises(error) as raised:
        call()
    assert (raised.type, raised.value.faultCode, str(raised.value)) == (error, code, text)


@pytest.fixture(scope="module")
def imported(world, tiny_rpms):
    """A build with its RPMs on the hub, in a tag: (its NVR, the noarch RPM's row, its file)."""
    files = tiny_rpms(world("signed"))
    for file in files:
        world.admin.uploadWrapper(str(file), world("to-sign"))
        world.admin.importRPM(world("to-sign"), file.name)
    nvr = world("signed-1.0-1.el9")
    world.admin.packageListAdd(world("cloud9-release"), world("signed"), world.plain_name)
    world.admin.massTag(world("cloud9-release"), [nvr])
    row = next(row for row in world.anonymous.listBuildRPMs(nvr) if row["arch"] == "noarch")
    return nvr, row, next(file for file in files if file.name.endswith(".noarch.rpm"))


def test_a_signature_is_added_once_and_carried_by_copies(world, imported, keys, tmp_path):
    _nvr, row, file = imported
    header = signed_header(file, keys, tmp_path)
    data, key, rpm = base64.b64encode(header).decode(), koji.get_sighdr_key(header), row["id"]
    assert key == keys.ours[-8:].lower()
    name = file.name.removesuffix(".rpm")
    unsigned = world.anonymous.queryRPMSigs(rpm_id=rpm)
    assert [sorted(one) for one in unsigned] == [["rpm_id", "sighash", "sigkey"]] and unsigned[0]["sigkey"] == ""
    assert world.anonymous.queryRPMSigs(rpm) == unsigned
    refused(DENIED, 1004, f"sign permission required (logged in as {world.plain_name})",
            lambda: world.plain.addRPMSig(rpm, data))  # fmt: skip
    refused(DENIED, 1004, "sign permission required (user not logged in)",
            lambda: world.anonymous.addRPMSig(rpm, data))  # fmt: skip
    nonsense = base64.b64encode(b"nonsense").decode()
    refused(GENERIC, 1000, "Invalid rpm header: bad magic: b'non'", lambda: world.admin.addRPMSig(rpm, nonsense))
    refused(GENERIC, 1000, "No such rpm: {'id': 2000000000}", lambda: world.admin.addRPMSig(2000000000, data))
    refused(GENERIC, 1000, f"No cached signature for package {name}, key deadbeef",
            lambda: world.admin.writeSignedRPM(rpm, "deadbeef"))  # fmt: skip
    assert world.admin.addRPMSig(rpm, data) is None
    refused(GENERIC, 1000, f"Signature already exists for package {name}, key {key}",
            lambda: world.admin.addRPMSig(rpm, data))  # fmt: skip
    rows = {one["sigkey"]: one["sighash"] for one in world.anonymous.queryRPMSigs(rpm_id=rpm)}
    assert set(rows) == {"", key} and rows[key] == hashlib.md5(header).hexdigest()
    assert rpm in [one["rpm_id"] for one in world.anonymous.queryRPMSigs(sigkey=key)]
    refused(DENIED, 1004, f"sign permission required (logged in as {world.plain_name})",
            lambda: world.plain.writeSignedRPM(rpm, key))  # fmt: skip
    for options in ({}, {}, {"force": True}):
        assert world.admin.writeSignedRPM(rpm, key, **options) is None


def ended(world, task):
    if REAL:
        pytest.skip("a builder of the hub would have to work on it, which may take an hour")
    while world.anonymous.getTaskInfo(task)["state"] not in (2, 3, 5):
        time.sleep(0.01)
    return task


def test_a_dist_repo_takes_what_is_signed(fresh_world, tiny_rpms, keys, tmp_path):
    world = fresh_world
    release = world("cloud9-release")
    assert world.anonymous.getRepo(release, dist=True) is None
    refused(GENERIC, 1000, f"No such tagInfo: '{world('nope')}'",
            lambda: world.admin.distRepo(world("nope"), ["deadbeef"], arch=["x86_64"]))  # fmt: skip
    task = ended(world, world.plain.distRepo(release, ["deadbeef"], arch=["x86_64"]))
    with pytest.raises(Exception, match="Traceback"):
        world.anonymous.getTaskResult(task)
    files = tiny_rpms(world("signed"))
    for file in files:
        world.admin.uploadWrapper(str(file), world("to-sign"))
        world.admin.importRPM(world("to-sign"), file.name)
    nvr = world("signed-1.0-1.el9")
    world.admin.packageListAdd(release, world("signed"), world.plain_name)
    world.admin.massTag(release, [nvr])
    task = ended(world, world.admin.distRepo(release, [keys.ours[-8:].lower()], arch=["x86_64"], **ALL))
    refused(GENERIC, 1000, "Unsigned packages found. See missing_signatures.log",
            lambda: world.anonymous.getTaskResult(task))  # fmt: skip
    for row in world.anonymous.listBuildRPMs(nvr):
        file = next(file for file in files if file.name.endswith(f".{row['arch']}.rpm"))
        world.admin.addRPMSig(row["id"], base64.b64encode(signed_header(file, keys, tmp_path)).decode())
    task = ended(world, world.admin.distRepo(release, [keys.ours[-8:].lower()], arch=["x86_64"], **ALL))
    repo = world.anonymous.getRepo(release, dist=True)
    assert world.anonymous.getTaskResult(task) == f"Dist repository #{repo['id']} successfully generated"
    assert (repo["dist"], repo["state"], repo["begin_event"], repo["tag_name"]) == (True, 1, None, release)


# The modules, on the double


@pytest.fixture
def site(double, tiny_rpms, tmp_path):
    """A hub that serves its files, with three builds in a tag."""
    hub = double.hub
    hub.task_delay, hub.topdir = 1, tmp_path / "koji"
    hub.topdir.mkdir()
    hub.seed_tag("release")
    for name in ("alpha", "beta", "gamma"):
        nvr = f"{name}-1.0-1.el9"
        hub.seed_tagging("release", nvr)
        for file in tiny_rpms(name):
            hub.seed_file(nvr, file)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(hub.topdir)))
    threading.Thread(target=files.serve_forever, daemon=True).start()
    double.files = f"http://127.0.0.1:{files.server_address[1]}"
    yield double
    files.shutdown()
    files.server_close()


@pytest.fixture
def sign(site, keys):
    site.hub.users["alice"].permissions.add("sign")

    def run(check=False, **options):
        given = {"server": site.url, "topurl": site.files, "user": "alice", "password": "alice", "retries": 0,
                 "tag": "release", "key": keys.ours, "gnupg_home": str(keys.home)}  # fmt: skip
        site.reset()
        return run_module("koji_signature", check, libraries=("koji",), **{**given, **options})

    return run


def copies(site, key):
    return sorted(path.name for path in site.hub.topdir.rglob(f"data/signed/{key}/*/*.rpm"))


def test_a_tag_is_signed_and_its_copies_are_good(sign, site, keys):
    planned = sign(check=True)
    assert planned["actions"] == [f"sign 6 of 6 RPMs with {keys.ours}", "write 6 signed copies"]
    assert site.written == [] and "login" not in site.calls
    made = sign()
    assert not made["failed"], made["msg"]
    key = keys.ours[-8:].lower()
    assert made["sigkey"] == key and len(copies(site, key)) == 6
    folder = str(site.hub.topdir)
    judged = run_module("rpm_signature_info", paths=[folder], key_file=str(keys.public(keys.ours)))
    assert judged["counts"] == {"signed": 6, "unsigned": 6}
    assert all(("signed" in one["path"].split("/")) == (one["status"] == "signed") for one in judged["packages"])
    again = sign()
    assert (again["changed"], again["rpms"], site.written) == (False, 6, [])


def test_only_what_is_left_is_signed(sign, site, keys):
    assert not sign(builds=["beta-1.0-1.el9"], tag=None)["failed"]
    site.hub.written.clear()
    key = keys.ours[-8:].lower()
    for path in site.hub.topdir.rglob("data/signed/*/*/*.noarch.rpm"):
        path.unlink()  # as a hub that collects garbage does
    assert sign(check=True)["actions"] == [f"sign 4 of 6 RPMs with {keys.ours}", "write 5 signed copies"]
    assert not sign()["failed"] and len(copies(site, key)) == 6


@pytest.mark.parametrize("how", ["cut-before", "cut-after"])
def test_a_lost_answer_is_made_good_by_the_next_run(sign, site, how):
    site.fail(how, "addRPMSig", times=5)
    assert sign()["failed"]
    site.failures.clear()
    again = sign()
    assert not again["failed"], again["msg"]
    assert not sign()["changed"]


def test_a_file_that_is_not_what_the_hub_recorded_is_not_signed(sign, site):
    path = next(site.hub.topdir.rglob("beta-1.0-1.el9.noarch.rpm"))
    shutil.copy(next(site.hub.topdir.rglob("gamma-1.0-1.el9.noarch.rpm")), path)
    failed = sign()
    assert failed["failed"] and "is not the file that the hub recorded" in failed["msg"] and "beta" in failed["msg"]
    assert "addRPMSig" not in site.written


def test_what_keeps_one_from_signing_is_said(sign, site):
    site.hub.users["alice"].permissions.clear()
    assert "sign permission required" in sign()["msg"]
    assert "topurl" in sign(topurl=None)["msg"]
    assert "No such build" in sign(tag=None, builds=["nope-1-1"])["msg"]
    assert "No such tagInfo" in sign(tag="nope")["msg"]


def test_a_dist_repo_is_made_with_every_option(sign, site, keys):
    def make(check=False, **options):
        given = {"server": site.url, "topurl": site.files, "user": "alice", "password": "alice", "poll": 0.05,
                 "retries": 0, "tag": "release", "keys": [keys.ours[-8:].lower()], "arches": ["x86_64"]}  # fmt: skip
        return run_module("koji_dist_repo", check, libraries=("koji",), **{**given, **options})

    failed = make()
    assert failed["failed"] and "Unsigned packages found" in failed["msg"]
    assert not sign()["failed"]
    assert make(check=True)["repo"] is None
    made = make()
    assert made["repo"]["url"] == f"{site.files}/repos-dist/release/{made['repo']['id']}"
    assert make()["changed"] is False
    site.hub.seed_tagging("release", "delta-1.0-1.el9")
    assert "older than the tag's last change" in make(check=True)["actions"][0]
    assert "no tag nope" in make(tag="nope")["msg"]
