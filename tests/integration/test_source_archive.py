# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module source_archive, with keys and signatures that the real gpg makes."""

from __future__ import annotations

import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest
from stage.modules import run_module

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("gpgv")), reason="gpg and gpgv are not installed: make system-packages"
)
YEAR = 365 * 24 * 3600


def archive(name="widget", version="1.2.0", folder=None, info=True, more=b""):
    """An archive as upstream's build makes it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        files = {"setup.cfg": b"[metadata]\n" + more}
        if info:
            files["PKG-INFO"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nWords.\n".encode()
        for path, content in files.items():
            member = tarfile.TarInfo(f"{folder or f'{name}-{version}'}/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


class Keys:
    """A gpg of its own, at times that the test chooses."""

    def __init__(self, home: pathlib.Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)

    def gpg(self, *arguments, at=None, content=None):
        clock = ["--faked-system-time", f"{at}!"] if at else []
        command = ["gpg", "--homedir", self.home, "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *clock]
        done = subprocess.run([*command, *arguments], input=content, capture_output=True, check=True)
        return done.stdout

    def make(self, name, at="20240101T000000", expires="2y"):
        """The fingerprint of a key that certifies, with a subkey that signs."""
        address = f"{name}@example.org"
        self.gpg("--quick-generate-key", address, "ed25519", "cert", expires, at=at)
        listed = self.gpg("--with-colons", "--list-keys", address).decode().splitlines()
        key = next(line for line in listed if line.startswith("fpr")).split(":")[9]
        self.gpg("--quick-add-key", key, "ed25519", "sign", expires, at=at)
        return key

    def sign(self, key, content, at="20240601T000000"):
        return self.gpg("--local-user", key, "--armor", "--detach-sign", at=at, content=content)

    def export(self, *keys):
        return self.gpg("--armor", "--export", *keys)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    made = Keys(tmp_path_factory.mktemp("keys") / "home")
    made.release, made.other = made.make("release"), made.make("other")
    made.ring = made.export(made.release, made.other)
    yield made
    subprocess.run(["gpgconf", "--homedir", made.home, "--kill", "all"], check=False)


@pytest.fixture
def fetch(tmp_path, keys):
    """Runs the module on an upstream of files."""
    upstream = tmp_path / "upstream"
    upstream.mkdir()
    (upstream / "key.txt").write_bytes(keys.ring)

    def run(content=None, signature=None, check=False, name="widget-1.2.0.tar.gz", **options):
        for path, value in ((upstream / name, content), (upstream / f"{name}.asc", signature)):
            if value is not None:
                path.write_bytes(value)
        url = {"url": f"file://{upstream}/{name}", "dest": tmp_path / "here" / name, "key": keys.release}
        return run_module("source_archive", check, **{**url, "keyring": str(upstream / "key.txt"), **options})

    return run


def test_an_archive_is_waited_for_then_verified_and_written_once(fetch, keys, tmp_path):
    content = archive()
    found = fetch()
    assert not found["failed"] and not found["changed"] and found["waiting"], found
    assert found["waits_for"].endswith("/widget-1.2.0.tar.gz")
    found = fetch(content)
    assert found["waiting"] and found["waits_for"].endswith(".asc"), "the signature comes after the archive"
    planned = fetch(content, keys.sign(keys.release, content), check=True)
    assert planned["changed"] and not (tmp_path / "here").exists()
    found = fetch(name="widget-1.2.0.tar.gz", version="1.2.0", keyring=f"file://{tmp_path}/upstream/key.txt")
    assert found["changed"] and (tmp_path / "here" / "widget-1.2.0.tar.gz").read_bytes() == content
    assert found["sha256"] == hashlib.sha256(content).hexdigest() and found["size"] == len(content)
    # The subkey signed; the primary is what specs name.
    signature = found["signature"]
    assert signature["key"] == keys.release != signature["signing_key"]
    assert signature["made_at"] == "2024-06-01T00:00:00+00:00"
    assert not fetch()["changed"]


def test_the_key_may_expire_afterwards_and_not_before(fetch, keys):
    old = keys.make("old", at="20150101T000000", expires="1y")
    content = archive()
    good = {"key": f"0x{old.lower()}", "keyring": None}

    def ring(tmp):
        path = keys.home.parent / tmp
        path.write_bytes(keys.export(old))
        return str(path)

    good["keyring"] = ring("old.txt")
    found = fetch(content, keys.sign(old, content, at="20150601T000000"), **good)
    assert not found["failed"] and found["signature"]["key"] == old, found
    # gpg itself signs with no expired key: its life is shortened after it signed.
    late = keys.make("late", at="20150101T000000", expires="9y")
    signature = keys.sign(late, content, at="20200101T000000")
    keys.gpg("--quick-set-expire", late, "2016-01-01", at="20150201T000000")
    path = keys.home.parent / "late.txt"
    path.write_bytes(keys.export(late))
    found = fetch(content, signature, key=late, keyring=str(path))
    assert found["failed"] and "when the key" in found["msg"] and "was not valid" in found["msg"], found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda keys, content: (content, keys.sign(keys.other, content)), "was made by the key"),
        (lambda keys, content: (archive(more=b"x"), keys.sign(keys.release, content)), "changed after it was signed"),
        (lambda keys, content: (content, b"<html>404</html>"), "does not count: it is none"),
        (lambda keys, content: (content, keys.sign(keys.make("foreign"), content)), "not in the keyring"),
        (
            lambda keys, content: (b"<html>Not here</html>", keys.sign(keys.release, b"<html>Not here</html>")),
            "is not an archive",
        ),
        (
            lambda keys, content: (archive("gadget"), keys.sign(keys.release, archive("gadget"))),
            "is the archive of gadget 1.2.0, and the name was to be widget",
        ),
    ],
    ids=["other-key", "changed", "no-signature", "foreign-key", "page", "other-project"],
)
def test_what_is_refused_writes_nothing(fetch, keys, tmp_path, change, message):
    found = fetch(*change(keys, archive()), name="widget-1.2.0.tar.gz")
    if "gadget" in message:
        found = run_module(
            "source_archive",
            url=f"file://{tmp_path}/upstream/widget-1.2.0.tar.gz",
            dest=tmp_path / "no" / "x",
            name="widget",
        )
    assert found["failed"] and message in found["msg"], found
    assert not (tmp_path / "no").exists()
    if "gadget" not in message:
        assert not (tmp_path / "here").exists()


def test_a_revoked_key_does_not_count(fetch, keys):
    gone = keys.make("gone")
    content = archive()
    signature = keys.sign(gone, content)
    revocation = keys.home / "openpgp-revocs.d" / f"{gone}.rev"
    keys.gpg("--import", content=revocation.read_text().replace(":-----", "-----").encode())
    path = keys.home.parent / "gone.txt"
    path.write_bytes(keys.export(gone))
    found = fetch(content, signature, key=gone, keyring=str(path))
    assert found["failed"] and "revoked" in found["msg"], found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "ABCD1234"}, "is not a whole fingerprint"),
        ({"key": "1" * 40}, "The keyring has no key 1111"),
        ({"keyring": "/nowhere.txt"}, "There is no keyring at /nowhere.txt"),
        ({"keyring": None}, "give keyring"),
        ({"checksum": "md5:12"}, "is not a checksum"),
        ({"checksum": "sha256:" + "0" * 64}, "does not have the checksum"),
        ({"version": "1.3.0"}, "and the version was to be 1.3.0"),
        ({"url": "ftp://x/y"}, "is not an address"),
    ],
)
def test_bad_input_is_named(fetch, keys, options, message):
    content = archive()
    found = fetch(content, keys.sign(keys.release, content), **options)
    assert found["failed"] and message in found["msg"], found


def test_a_keyring_that_is_none(fetch, keys, tmp_path):
    (tmp_path / "page.txt").write_text("<html>")
    found = fetch(archive(), keys.sign(keys.release, archive()), keyring=str(tmp_path / "page.txt"))
    assert found["failed"] and "is it a page of something else" in found["msg"], found


def test_a_version_that_moved_is_not_taken_silently(fetch, keys, tmp_path):
    content, moved = archive(), archive(more=b"moved")
    os.utime(tmp_path)
    assert fetch(content, keys.sign(keys.release, content))["changed"]
    found = fetch(moved, keys.sign(keys.release, moved))
    assert found["failed"] and "does not change" in found["msg"], found
    assert fetch(force=True)["changed"]


def test_without_a_key_the_checksum_or_the_metadata_say_it(fetch, tmp_path):
    content = archive(folder="openstack-widget-1.2.0", info=False)
    checksum = f"sha512:{hashlib.sha512(content).hexdigest()}"
    found = fetch(content, key=None, keyring=None, checksum=checksum, name="puppet-widget", version="1.2.0")
    assert found["changed"] and found["signature"] is None, found
