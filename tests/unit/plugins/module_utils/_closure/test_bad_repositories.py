# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories that are not what they should be: a clear error that names them, never "closed", never a crash."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import multiprocessing
import random
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import zstandard
from small_repositories import check, make, plain, repository, rewrite, seen_packages, sources

from ansible_collections.rdo.releng.plugins.module_utils._closure.closure import Closure
from ansible_collections.rdo.releng.plugins.module_utils._closure.packages import Packages, Rules
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, RelengError
from ansible_collections.rdo.releng.plugins.module_utils._repodata.cache import Cache
from ansible_collections.rdo.releng.plugins.module_utils._repodata.download import Transport
from ansible_collections.rdo.releng.plugins.module_utils._repodata.sources import Source, SourceReader, distinct


@pytest.fixture
def trunk(tmp_path):
    deep = "/usr/share/deep/file"  # which makes filelists be read
    repository(tmp_path / "trunk", [make("a", requires=["nosuch"], files=[deep]), make("b", requires=["a", deep])])
    return tmp_path / "trunk"


def read(folder):
    return check(sources(("trunk", str(folder), True)))


@pytest.mark.parametrize(
    "suffix, pack",
    [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress), ("zst", zstandard.ZstdCompressor().compress)],
)
def test_every_compression_works(trunk, suffix, pack):
    expected = read(trunk)
    for kind in "primary", "filelists":
        rewrite(trunk, kind, plain(trunk, kind), suffix, pack)
    assert read(trunk) == expected == {("trunk", "a-1-1.noarch", "nosuch")}


@pytest.mark.parametrize("suffix, pack", [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)])
def test_half_a_compressed_file(trunk, suffix, pack):
    rewrite(trunk, "primary", plain(trunk, "primary"), suffix, lambda content: pack(content)[:-20])
    with pytest.raises(RelengError, match=rf"Repository trunk: .*primary.xml.{suffix} cannot be read"):
        read(trunk)


def half(content):
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "change, message",
    [
        (half, "cannot be read|announces"),
        (lambda content: b"", "does not begin with"),
        (lambda content: b"<html><body>Not found</body></html>", "does not begin with <metadata"),
        (lambda content: b"\0" * 4096, "does not begin with"),
        (lambda content: content.replace(b'packages="2"', b'packages="3"'), "announces 3 packages and holds 2"),
        (lambda content: content.replace(b"</package>", b"", 1), "cannot be read|announces"),
        (
            lambda content: content.replace(b"<metadata", b'<!DOCTYPE x [<!ENTITY e "eeee">]><metadata', 1),
            "does not begin with",
        ),
        (lambda content: content.replace(b"<name>a", b"<name>&bomb;", 1), "cannot be read"),
        (lambda content: content.replace(b"<metadata", b"<metadata" + b" a" * 5000, 1), "cannot be read"),
    ],
    ids=["half", "empty", "html", "zeros", "count", "unclosed", "doctype", "entity", "attributes"],
)
def test_primary_that_is_none(trunk, change, message):
    rewrite(trunk, "primary", change(plain(trunk, "primary")))
    with pytest.raises(InvalidInput, match=f"Repository trunk: .*(?:{message})"):
        read(trunk)


def test_filelists_cut_off(trunk):
    rewrite(trunk, "filelists", half(plain(trunk, "filelists")))
    with pytest.raises(InvalidInput, match="Repository trunk: .*filelists"):
        read(trunk)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda content: b"", "does not begin with <filelists"),
        (lambda content: b"<html/>", "does not begin with <filelists"),
        (lambda content: content.replace(b"<filelists", b"<!DOCTYPE x><filelists", 1), "does not begin with"),
        (lambda content: content.replace(b'packages="2"', b'packages="3"'), "announces 3 packages and holds 2"),
        (lambda content: content[:-5], "or is cut off"),
        (lambda content: content.replace(b"pkgid", b"id"), "has a file of no package"),
        (lambda content: re.sub(b'pkgid="[^"]*"', b'pkgid="abc"', content), "a package 'abc' that primary does not"),
        (lambda content: content + b"x" * (17 << 20), "16777216 bytes without the end of an element"),
    ],
    ids=["empty", "html", "doctype", "count", "end", "pkgid", "unknown", "endless"],
)
def test_filelists_that_is_none(trunk, change, message):
    rewrite(trunk, "filelists", change(plain(trunk, "filelists")))
    with pytest.raises(InvalidInput, match=f"Repository trunk: .*filelists.*{message}"):
        read(trunk)


def test_a_summary_without_an_end(trunk):
    rewrite(trunk, "primary", plain(trunk, "primary").replace(b"</summary>", b"x" * (17 << 20), 1))
    with pytest.raises(InvalidInput, match="Repository trunk: .*primary.*summary is followed by 16777216 bytes"):
        read(trunk)


def test_more_than_was_announced(trunk):
    rewrite(trunk, "primary", plain(trunk, "primary"), opened=100)
    with pytest.raises(InvalidInput, match="Repository trunk: .*primary.xml.zst .*larger than the 100 bytes"):
        read(trunk)


def test_a_wrong_checksum(trunk):
    path = trunk / "repodata" / "primary.xml.zst"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RelengError, match="Repository trunk: .*primary.xml.zst"):
        read(trunk)


@pytest.mark.parametrize("name", ["primary.xml.zst", "filelists.xml.zst"])
def test_a_file_that_is_announced_and_missing(trunk, name):
    (trunk / "repodata" / name).unlink()
    with pytest.raises(NotFound, match=f"Repository trunk: There is no file .*{name}"):
        read(trunk)


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "not well-formed XML"),
        ("<repomd", "not well-formed XML"),
        ("<html/>", "begins with 'html' instead of repomd"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><repomd/>', "declares a document type"),
        ('<repomd xmlns="http://linux.duke.edu/metadata/repo"/>', "announces no primary metadata, only nothing"),
    ],
)
def test_repomd_that_is_none(trunk, content, message):
    (trunk / "repodata" / "repomd.xml").write_text(content)
    with pytest.raises(InvalidInput, match=f"Repository trunk: .*{message}"):
        read(trunk)


@pytest.mark.parametrize(
    "old, new, message",
    [
        ('href="repodata/primary.xml.zst"', 'href="../../../etc/passwd"', "not below the repository"),
        ('href="repodata/primary.xml.zst"', 'href="/etc/passwd"', "not below the repository"),
        ('href="repodata/primary.xml.zst"', 'href="http://elsewhere/x"', "not below the repository"),
        ('type="sha256"', 'type="crc32"', "checksum type 'crc32' is not known"),
        ("primary.xml.zst", "primary.xml.lz4", "compression '.lz4' is not known"),
        ("<size>", "<size>-", "for a size"),
    ],
)
def test_repomd_that_announces_what_can_not_be(trunk, old, new, message):
    path = trunk / "repodata" / "repomd.xml"
    path.write_text(path.read_text().replace(old, new))
    if "lz4" in new:
        (trunk / "repodata" / "primary.xml.zst").rename(trunk / "repodata" / "primary.xml.lz4")
    with pytest.raises(InvalidInput, match=f"Repository trunk: .*{re.escape(message)}"):
        read(trunk)


def test_damage_anywhere_is_an_error_or_an_answer_and_never_a_crash(trunk):
    """Bytes changed at random in what libsolv reads; checksums are made right again."""
    original = plain(trunk, "primary")
    chooser = random.Random(5)
    for _number in range(25):
        content = bytearray(original)
        for _change in range(chooser.randint(1, 6)):
            content[chooser.randrange(len(content))] = chooser.randrange(256)
        rewrite(trunk, "primary", bytes(content))
        try:
            read(trunk)
        except RelengError as error:
            assert "trunk" in error.message or "rich dependency" in error.message


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: content[:100], lambda content: b""])
def test_a_damaged_file_of_the_cache_is_read_anew(trunk, tmp_path, damage):
    expected = read(trunk)
    folder = tmp_path / "cache"
    for _number in range(2):
        packages = seen_packages(sources(("trunk", str(trunk), True)), cache=str(folder))
        assert {("trunk", one.package, one.requirement) for one in Closure(packages).check()} == expected
        (file,) = folder.iterdir()
        file.write_bytes(damage(file.read_bytes()))


def test_a_flipped_bit_in_the_cache_is_seen(trunk, tmp_path):
    folder = tmp_path / "cache"
    seen_packages(sources(("trunk", str(trunk), True)), cache=str(folder))
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    cache = Cache(str(folder))
    Packages(sources(("trunk", str(trunk), True)), Rules("x86_64"), cache, Transport())
    assert cache.hits == 0
    Packages(sources(("trunk", str(trunk), True)), Rules("x86_64"), cache, Transport())
    assert cache.hits == 1


def test_the_cache_is_bounded_and_keeps_what_was_used_last(tmp_path):
    folder = tmp_path / "cache"
    for number in range(5):
        place = repository(tmp_path / str(number), [make(f"package-{number}")])
        Packages(sources((str(number), place, True)), Rules("x86_64"), Cache(str(folder), most=1), Transport())
        assert len(list(folder.iterdir())) == 1


def _read_often(places, folder):
    """What several repositories say, read again and again with a cache that holds one of them."""
    found = []
    for place in places * 3:
        packages = Packages(sources(("one", place, True)), Rules("x86_64"), Cache(folder, most=1), Transport())
        found.append([one.requirement for one in Closure(packages).check()])
    return found


def test_processes_share_the_cache(tmp_path):
    places = [
        repository(tmp_path / str(number), [make("package", requires=[f"nosuch-{number}"])]) for number in range(3)
    ]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        answers = pool.starmap(_read_often, [(places, str(tmp_path / "cache"))] * 2)
    assert answers == [[["nosuch-0"], ["nosuch-1"], ["nosuch-2"]] * 3] * 2
    assert not [one.name for one in (tmp_path / "cache").iterdir() if one.name.startswith(".new-")]


def test_check_mode_leaves_no_cache(trunk, tmp_path):
    cache = Cache(str(tmp_path / "cache"), writable=False)
    Packages(sources(("trunk", str(trunk), True)), Rules("x86_64"), cache, Transport())
    assert not (tmp_path / "cache").exists()


@pytest.fixture
def server(trunk):
    """Serves the repository; what ``cut`` names is sent half, and what ``fail`` names is refused twice."""

    class Handler(BaseHTTPRequestHandler):
        cut = ""
        fail: dict[str, int] = {}

        def do_GET(self):
            name = self.path.rsplit("/", 1)[-1]
            path = trunk / self.path.lstrip("/")
            if not path.exists() or self.fail.get(name, 0) > 0:
                self.fail[name] = self.fail.get(name, 1) - 1
                self.send_error(503 if path.exists() else 404)
                return
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(half(content) if name == self.cut else content)

        def log_message(self, *_arguments):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield Handler, f"http://127.0.0.1:{httpd.server_port}/"
    httpd.shutdown()
    httpd.server_close()


def read_from(url, retries=3):
    transport = Transport(retries=retries)
    transport.sleep = lambda _seconds: None
    packages = Packages([Source("trunk", (url,))], Rules("x86_64"), Cache(None), transport)
    return {(one.package, one.requirement) for one in Closure(packages).check()}


def test_a_server_that_recovers(server):
    handler, url = server
    handler.fail = {"repomd.xml": 2}
    assert read_from(url) == {("a-1-1.noarch", "nosuch")}


def test_a_server_that_stops_half_way(server):
    handler, url = server
    handler.cut = "primary.xml.zst"
    with pytest.raises(RelengError, match="Repository trunk: .*primary.xml.zst"):
        read_from(url)


def test_a_server_that_does_not_have_it(server):
    _handler, url = server
    with pytest.raises(NotFound, match=r"Repository trunk: .*nowhere/repodata/repomd.xml answered 404"):
        read_from(f"{url}nowhere")


def test_the_second_mirror_is_tried(server, tmp_path):
    _handler, url = server
    transport = Transport(retries=0)
    source = Source("trunk", (f"{url}nowhere", url))
    packages = Packages([source], Rules("x86_64"), Cache(None), transport)
    assert packages.repositories[0].repomd.roots[0] == url


def metalink(url, digest):
    return (
        '<metalink version="3.0" xmlns="http://www.metalinker.org/"><files><file name="repomd.xml"><verification>'
        f'<hash type="sha256">{digest}</hash></verification><resources><url protocol="http" preference="100">'
        f"{url}repodata/repomd.xml</url></resources></file></files></metalink>"
    )


def test_a_metalink_vouches_for_repomd(server, trunk, tmp_path):
    _handler, url = server
    digest = hashlib.sha256((trunk / "repodata" / "repomd.xml").read_bytes()).hexdigest()
    file = tmp_path / "metalink.xml"
    file.write_text(metalink(url, digest))
    Packages([Source("trunk", metalink=str(file))], Rules("x86_64"), Cache(None), Transport())
    file.write_text(metalink(url, "0" * 64))
    with pytest.raises(InvalidInput, match="Repository trunk: .*not the one that the metalink announces"):
        Packages([Source("trunk", metalink=str(file))], Rules("x86_64"), Cache(None), Transport())


REPO_FILE = """\
[main]
gpgcheck=1

[trunk]
name=Trunk $releasever
baseurl=file://{folder}
        file://{folder}
enabled=1
priority=5
gpgcheck=1
excludepkgs=a*, b-$releasever
module_hotfixes=1

[disabled]
name=Disabled
baseurl=http://nowhere.invalid/
enabled=0
"""


def test_a_repo_file_as_it_is(trunk, tmp_path):
    path = tmp_path / "delorean.repo"
    path.write_text(REPO_FILE.format(folder=trunk))
    reader = SourceReader(Transport(), {"releasever": "9"})
    (source,) = reader.read([str(path)], True)
    assert source == Source("trunk", (str(trunk), str(trunk)), None, None, 5, ("a*", "b-9"), (), True, True)
    assert reader.notes == [f"{path}: gpgcheck of trunk is ignored: signatures are not checked."]


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "names no repository"),
        ("baseurl=x", "is no .repo file"),
        ("[x]\nbaseurl=http://h/$nope", r"uses \$nope: give its value"),
        ("[x]\nname=x", "has no baseurl, metalink or mirrorlist"),
        ("[x]\nbaseurl=ftp://h/", "scheme 'ftp'"),
        ("[x]\nbaseurl=/nowhere/at/all", "There is no repository x at"),
        ("[x]\nbaseurl=http://h/\npriority=high", "priority of x is 'high', not a number"),
        ("[x]\nbaseurl=http://h/\nenabled=perhaps", "neither yes nor no"),
        ("[x]\nbaseurl=http://h/\n[x]\nbaseurl=http://h/", "is no .repo file"),
    ],
)
def test_a_repo_file_that_is_none(tmp_path, content, message):
    path = tmp_path / "bad.repo"
    path.write_text(content)
    with pytest.raises(RelengError, match=message):
        SourceReader(Transport(), {}).read([str(path)], True)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"id": "x", "url": "http://h/"}, "has no url; it may have"),
        ({"id": "a b", "baseurl": "http://h/"}, "'a b' is not an id"),
        ({"id": "x", "baseurl": 5}, "baseurl of a repository must be list, not 5"),
        ({"baseurl": "http://h/"}, "'' is not an id"),
        ({"id": "x", "baseurl": "http://h/a b"}, "holds spaces"),
        ("/nowhere", "There is no repository at /nowhere"),
    ],
)
def test_a_repository_that_is_none(given, message):
    with pytest.raises(RelengError, match=message):
        SourceReader(Transport(), {}).read([given], True)


def test_one_id_for_two_repositories_is_refused():
    with pytest.raises(InvalidInput, match="Two different repositories are called x"):
        distinct([Source("x", ("/a",)), Source("x", ("/b",))])
    assert distinct([Source("x", ("/a",), checked=False), Source("x", ("/a",))]) == [Source("x", ("/a",))]
