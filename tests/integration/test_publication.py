# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release ends with: mirrors that are proven, a package with the repositories, an announcement."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import threading
import time

import pytest
import yaml
from stage.keys import Keys
from stage.modules import run_module
from stage.rpms import Rpm, build_rpms, need

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("RELENG_SHARED", ROOT.parent / "shared")) / "data"
NAMES = ["alpha", "beta", "gamma"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    need("gpg", "rpmsign", "rpmkeys", "createrepo_c")
    keys = Keys(tmp_path_factory.mktemp("keys") / "gnupg")
    keys.ours, keys.other = keys.make("ours"), keys.make("other")
    yield keys
    keys.close()


@pytest.fixture
def mirror(keys, tmp_path):
    """A signed repository; a function that signs its metadata anew."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    build_rpms(folder, [Rpm(name, files=(f"/usr/share/{name}",)) for name in NAMES])
    given = {"path": str(folder), "gnupg_home": str(keys.home)}
    assert not run_module("rpm_signature", key=keys.ours, **given)["failed"]

    def publish(key=keys.ours):
        assert not run_module("rpm_repository", path=str(folder), keep=0)["failed"]
        assert not run_module("rpm_repository_signature", key=key, **given)["failed"]

    publish()
    publish.folder, publish.given = folder, given
    return publish


@pytest.fixture
def look(keys, mirror):
    def run(**options):
        given = {
            "packages": [f"{name}-1-1.noarch" for name in NAMES],
            "mirrors": [{"url": str(mirror.folder), "arch": arch} for arch in ("x86_64", "aarch64")],
            "key_file": str(keys.public(keys.ours)), "wait_timeout": 0, "poll": 0.2,
        }  # fmt: skip
        return run_module("publication_info", **{**given, **options})

    return run


def test_all_that_is_there_and_signed_is_published(look):
    found = look()
    assert (found["published"], found["sentence"], found["packages"]) == (True, "", {"aarch64": 3, "x86_64": 3})


def test_what_is_missing_or_too_much_is_named(look, mirror):
    next(mirror.folder.glob("**/beta-*.rpm")).unlink()
    mirror()
    found = look()
    assert not found["published"] and "1 packages are not there, beta-1-1.noarch for one" in found["sentence"]
    assert found["mirrors"][1]["missing"] == ["beta-1-1.noarch"]
    more = look(packages=["alpha-1-1.noarch"])
    assert more["mirrors"][0]["unexpected"] == ["gamma-1-1.noarch"]
    failed = look(fail_unless_published=True)
    assert failed["failed"] and "not published" in failed["msg"]


def test_a_distribution_that_signs_only_half_is_noticed(look, mirror, keys):
    build_rpms(mirror.folder, [Rpm("beta")], "again")
    run_module("rpm_signature", key=keys.other, replace=True, **{**mirror.given, "path": str(one(mirror, "gamma"))})
    mirror()
    found = look()
    assert {row["package"]: row["status"] for row in found["mirrors"][0]["unsigned"]} == {
        "beta-1-1.noarch": "unsigned",
        "gamma-1-1.noarch": "foreign",
    }
    assert look(packages_signed=False)["published"]


def one(mirror, name):
    return next(mirror.folder.glob(f"**/{name}-*.rpm"))


def test_metadata_must_be_the_one_that_was_signed_by_the_key(look, mirror, keys):
    repomd = mirror.folder / "repodata" / "repomd.xml"
    signature = mirror.folder / "repodata" / "repomd.xml.asc"
    text = repomd.read_bytes()
    repomd.write_bytes(text.replace(b"</repomd>", b"<!-- --></repomd>"))
    assert "not the one that was signed" in look()["sentence"]
    repomd.write_bytes(text)
    mirror(keys.other)
    assert "another key" in look()["sentence"]
    signature.unlink()
    assert "repomd.xml.asc" in look()["sentence"]
    assert look(metadata_signed=False)["published"]
    shutil.rmtree(mirror.folder / "repodata")
    found = look()
    assert not found["failed"] and "repomd.xml" in found["sentence"]


def test_a_mirror_that_lags_is_waited_for(look, mirror, tmp_path):
    aside = tmp_path / "aside"
    shutil.move(mirror.folder, aside)

    def arrive():
        time.sleep(2)
        shutil.move(aside, mirror.folder)

    thread = threading.Thread(target=arrive)
    thread.start()
    found = look(wait_timeout=60)
    thread.join()
    assert found["published"], found["sentence"]


def test_nothing_expected_is_no_publication(look):
    assert "anything would satisfy it" in look(packages=["alpha-1-1.s390x"])["msg"]
    assert "where is it to be published" in look(mirrors=[])["msg"]
    assert "There is no file" in look(key_file="/nope")["msg"]


# The release's package


@pytest.fixture
def package(tmp_path, keys):
    def run(check=False, **options):
        given = {
            "name": "centos-release-openstack-epoxy", "version": "1", "dist": ".el9s", "summary": "Epoxy",
            "path": str(tmp_path / "release"), "source_date": 1743602400,
            "key_files": [str(keys.public(keys.ours))], "conflicts": ["centos-release-openstack-dalmatian"],
            "repositories": [{"id": "centos-openstack-epoxy", "name": "OpenStack Epoxy", "gpgkey": "file:///etc/k",
                              "baseurl": "https://mirror.example.com/9-stream/cloud/$basearch/openstack-epoxy/"}],
        }  # fmt: skip
        return run_module("release_package", check, **{**given, **options})

    return run


def test_the_package_holds_the_repositories_and_is_the_same_each_time(package, tmp_path, keys):
    need("rpmbuild")
    assert package(check=True)["changed"] and not (tmp_path / "release").exists()
    made = package()
    assert not made["failed"], made["msg"]
    files = subprocess.run(["rpm", "-qpl", made["package"]], capture_output=True, text=True, check=True).stdout.split()
    assert files == [
        "/etc/pki/rpm-gpg/" + keys.public(keys.ours).name,
        "/etc/yum.repos.d/centos-release-openstack-epoxy.repo",
    ]
    assert os.path.basename(made["package"]) == "centos-release-openstack-epoxy-1-1.el9s.noarch.rpm"
    text = pathlib.Path(made["repo_file"]).read_text()
    assert "baseurl=https://mirror.example.com/9-stream/cloud/$basearch/openstack-epoxy/\n" in text
    assert "gpgcheck=1\n" in text and "module_hotfixes=1\n" in text
    time.sleep(1.1)
    again = package()
    assert again["changed"] is False
    elsewhere = package(path=str(tmp_path / "elsewhere"))
    assert elsewhere["sha256"] == made["sha256"] == sha256(elsewhere["package"])


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def test_a_package_for_all_distributions_has_no_dist(package):
    need("rpmbuild")
    made = package(dist="")
    assert os.path.basename(made["package"]) == "centos-release-openstack-epoxy-1-1.noarch.rpm"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "a; rm -rf"}, "no package can have"),
        ({"version": "1-%(id)"}, "no package can have"),
        ({"summary": "%(touch /tmp/x)"}, "one line without %"),
        ({"conflicts": ["x\n%post\nrm"]}, "not a relation"),
        ({"key_files": ["/nope"]}, "no file /nope"),
        ({"repositories": []}, "would hold nothing"),
        ({"repositories": [{"id": "a", "name": "a", "baseurl": "https://x/\ngpgcheck=0", "gpgkey": "k"}]}, "one line"),
        ({"repositories": [{"id": "a", "name": "a", "baseurl": "https://x/"}]}, "set gpgkey"),
        ({"repositories": [{"id": "a]\n[b", "name": "a", "baseurl": "https://x/", "gpgkey": "k"}]}, "not an id"),
    ],
)
def test_what_would_be_something_else_is_refused(package, options, said, tmp_path):
    failed = package(**options)
    assert failed["failed"] and said in failed["msg"]
    assert not (tmp_path / "release").exists()


# The announcement

TEMPLATE = """\
RDO {{ release | capitalize }} released

{{ deliverables }} deliverables, {{ counts.service }} of them services. Install it from {{ links.repository }}.
{% for project, told in highlights.items() %}
* {{ project }}: {{ told | first }}
{% endfor %}
"""


@pytest.fixture
def announce(tmp_path):
    series = tmp_path / "deliverables" / "epoxy"
    series.mkdir(parents=True)
    for name, told in (("nova", ["It is\n  faster. \x1b[31m"]), ("glance", None), ("keystone", "One text.")):
        data = {"type": "service", "releases": [{"version": "1.0.0", "projects": []}]}
        (series / f"{name}.yaml").write_text(yaml.safe_dump({**data, **({"cycle-highlights": told} if told else {})}))
    template = tmp_path / "announcement.j2"

    def run(text=TEMPLATE, check=False, **options):
        template.write_text(text)
        given = {"template": str(template), "path": str(tmp_path / "out.txt"), "release": "epoxy",
                 "deliverables": str(series.parent), "links": {"repository": "https://example.com/"}}  # fmt: skip
        return run_module("announcement", check, **{**given, **options})

    return run


def test_the_template_is_filled_with_facts(announce, tmp_path):
    assert announce(check=True)["changed"] and not (tmp_path / "out.txt").exists()
    made = announce()
    assert made["subject"] == "RDO Epoxy released"
    assert made["text"].splitlines()[2:] == [
        "3 deliverables, 3 of them services. Install it from https://example.com/.",
        "* keystone: One text.",
        "* nova: It is faster. [31m",
    ]
    assert (tmp_path / "out.txt").read_text() == made["text"] and not announce()["changed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ nope }}", "'nope' is undefined"),
        ("{% for %}", "at line 1"),
        ("{{ ''.__class__.__mro__ }}", "cannot be filled"),
        ("{{ 1 / 0 }}", "cannot be filled"),
    ],
)
def test_a_template_that_can_not_be_filled_says_where(announce, text, said, tmp_path):
    failed = announce(text)
    assert failed["failed"] and said in failed["msg"] and not (tmp_path / "out.txt").exists()


def test_real_deliverables_have_highlights(announce):
    folder = DATA / "deliverables"
    if not folder.is_dir():
        pytest.skip(f"there are no deliverables at {folder}")
    text = "{{ highlights | length }} {{ highlights.values() | map('length') | sum }} {{ deliverables }}"
    assert announce(text, deliverables=str(folder), series="flamingo")["text"].startswith("10 41 ")
    assert "no series nope" in announce(text, deliverables=str(folder), series="nope")["msg"]
