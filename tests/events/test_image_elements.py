# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's elements in images: a real diskimage-builder runs them in a root of real packages."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from lab.packages import build, manifest
from lab.shell import build_shell

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    CommandFailed,
    Conflict,
    InvalidInput,
    NotFound,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._service.build.diagnosed_image import DiagnosedImage

BUILDER = pathlib.Path(__file__).resolve().parents[2] / ".build/events/bin/disk-image-create"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
# In the root and outside of it, in the order that diskimage-builder has; what they see is in the image.
GOOD = {
    "extra-data.d/50-outside": 'cp "$TMP_HOOKS_PATH/words" "$TMP_MOUNT_PATH/etc/lab-words"',
    "words": "outside\n",
    "environment.d/50-lab": "export LAB_INSIDE=inside",
    "install.d/50-inside": """
echo "$LAB_INSIDE $LAB_GIVEN" >> /etc/lab-words
install-packages lab-tool
echo null > /dev/null
cat /proc/self/comm >> /etc/lab-words
mount -t tmpfs none /tmp || echo "no mounts" >> /etc/lab-words
echo "$(< /proc/net/dev)" | grep -v -e '|' -e lo: >> /etc/lab-words || echo "no network" >> /etc/lab-words
""",
    "finalise.d/50-late": "echo late >> /etc/lab-words",
}
pytestmark = [
    pytest.mark.skipif(not BUILDER.exists(), reason="diskimage-builder is not installed (make .build/events/done)"),
    pytest.mark.skipif(not shutil.which("debugfs", path=PATH), reason="e2fsprogs is not installed"),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    files = build(folder / "lab")
    shell = build_shell(folder / "shell")
    return [*files, pathlib.Path(shutil.copy(shell, files[0].parents[1]))]


def element(tmp_path, name, files):
    for path, text in files.items():
        file = tmp_path / "elements" / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text if "/" not in path else f"#!/bin/bash\nset -eu\n{text}\n")
        file.chmod(0o755)


def make(tmp_path, files, *names, check=False, image="image", **options):
    manifest(tmp_path / "image.json", "image", files)
    params = {"manifest": str(tmp_path / "image.json"), "packages": [str(files[0].parents[1])], "timeout": 300.0}
    params.update(path=str(tmp_path / image), log=str(tmp_path / "log"), database="/var/lib/rpm")
    params.update(formats=["raw"], size=0, builder=str(BUILDER), environment={"LAB_GIVEN": "given"})
    params.update(elements=list(names), elements_path=[str(tmp_path / "elements")])
    return perform(DiagnosedImage({**params, **options}), check, False)


def failure(tmp_path, files, *names):
    with pytest.raises(CommandFailed) as failed:
        make(tmp_path, files, *names)
    assert not (tmp_path / "image").exists() and not list(tmp_path.glob("rdo-releng.confined.*"))
    return failed.value


def inside(image, command):
    shown = ["debugfs", "-R", command, image / "image.raw"]
    done = subprocess.run(shown, capture_output=True, text=True, env={**os.environ, "PATH": PATH}, check=True)
    return done.stdout


def test_elements_change_files_the_same_each_time_and_nothing_is_made_again(tmp_path, packages):
    element(tmp_path, "lab-words", GOOD)
    first = make(tmp_path, packages, "lab-words", image="first")
    assert not make(tmp_path, packages, "lab-words", image="first")["changed"]
    assert inside(tmp_path / "first", "cat /etc/lab-words").splitlines() == [
        "outside",
        "inside given",
        "cat",
        "no mounts",
        "no network",
        "late",
    ]
    assert first["files"] == make(tmp_path, packages, "lab-words", image="second")["files"]
    document = json.loads((tmp_path / "first/artifact.json").read_text())
    assert document["packages"] == ["lab-base-1-1.noarch", "lab-shell-1-1.x86_64", "lab-tool-1-1.noarch"]
    assert document["configuration"]["elements"]["names"] == ["lab-words"]
    # Nothing of diskimage-builder's own is left in it.
    for folder in "/tmp", "/usr/local/bin", "/dev":
        names = {line.split()[-1] for line in inside(tmp_path / "first", f"ls -l {folder}").splitlines() if line}
        assert names == {".", ".."}
    assert "nothing" not in inside(tmp_path / "first", "ls -l /") + inside(tmp_path / "first", "ls -l /etc")
    element(tmp_path, "lab-words", {"words": "other\n"})
    assert make(tmp_path, packages, "lab-words", image="first", check=True)["actions"] == [
        f"make anew lab-image in {tmp_path}/first: 3 packages"
    ]


@pytest.mark.long
def test_an_element_that_installs_removes_or_replaces_a_package_is_refused_by_the_packages_name(tmp_path, packages):
    shell = [packages[2]]
    element(
        tmp_path,
        "lab-more",
        {"extra-data.d/50-more": 'rpm --root "$TMP_MOUNT_PATH" --dbpath /var/lib/rpm -U "$TMP_HOOKS_PATH/more.rpm"'},
    )
    shutil.copy(packages[0], tmp_path / "elements/lab-more/more.rpm")
    with pytest.raises(Conflict, match=r"not what its manifest says: lab-base-1-1\.noarch") as refused:
        make(tmp_path, shell, "lab-more", packages=[str(packages[0].parents[1])])
    assert refused.value.data["differences"] == ["lab-base-1-1.noarch"]
    assert not (tmp_path / "image").exists()


@pytest.mark.long
def test_an_element_that_wants_a_package_that_is_not_in_the_manifest_fails(tmp_path, packages):
    wants = "install-packages -u\ninstall-packages lab-shell lab-tool nosuch"
    element(tmp_path, "lab-wants", {"install.d/50-wants": wants})
    said = failure(tmp_path, packages[2:], "lab-wants").message
    assert "lab-wants failed: install-packages: not in the manifest of the image: lab-tool nosuch. Log" in said
    element(tmp_path, "lab-wants", {"install.d/50-wants": "install-packages -e lab-shell"})
    assert "no more and no fewer" in failure(tmp_path, packages[2:], "lab-wants").message


@pytest.mark.long
def test_an_element_that_fails_shows_its_last_lines_and_a_class(tmp_path, packages):
    element(tmp_path, "lab-fails", {"install.d/50-fails": "echo begun\necho 'No space left on device' >&2\nexit 7"})
    error = failure(tmp_path, packages, "lab-fails")
    assert error.message.startswith("The elements lab-fails failed: No space left on device. Log: ")
    assert error.message.endswith("(infrastructure)") and error.data["failure"]["class"] == "infrastructure"
    assert error.data["lines"][-2:] == ["begun", "No space left on device"]


def test_what_cannot_run_is_named_before_anything_is_made(tmp_path, packages):
    element(tmp_path, "lab-words", GOOD)
    with pytest.raises(NotFound, match=r"There is no element lab-wrods in .*Yours: lab-words\. Its own: .*base,.*vm"):
        make(tmp_path, packages, "lab-wrods", check=True)
    with pytest.raises(NotFound, match="There is no folder"):
        make(tmp_path, packages, "lab-words", check=True, elements_path=["/nonexistent"])
    with pytest.raises(NotFound, match="There is no /nonexistent/disk-image-create, which elements need. Install it"):
        make(tmp_path, packages, "lab-words", check=True, builder="/nonexistent/disk-image-create")
    for name in "PATH", "ELEMENTS_PATH", "A B":
        with pytest.raises(InvalidInput, match=f"'{name}' cannot be a variable"):
            make(tmp_path, packages, "lab-words", check=True, environment={name: "x"})
    with pytest.raises(InvalidInput, match="cannot be the name of an element"):
        make(tmp_path, packages, "../lab-words", check=True)
    assert not (tmp_path / "log").exists()


@pytest.mark.long
def test_an_element_can_neither_reach_the_host_nor_the_folder_of_the_image(tmp_path, packages):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("precious")
    element(
        tmp_path,
        "lab-nosy",
        {
            "extra-data.d/50-nosy": f"""
cat {victim}/file && exit 1
[ ! -e /etc/shadow ]
mount -o remount,rw /usr && exit 1
cd /tmp/work
rm -rf out && ln -s {victim} out
ln -s {victim} "$TMP_MOUNT_PATH/var/out"
""",
            "cleanup.d/99-nosy": f"ln -s {victim}/file /tmp/work/proof; mkfifo /tmp/work/commands",
        },
    )
    make(tmp_path, packages, "lab-nosy")
    assert (victim / "file").read_text() == "precious" and len(os.listdir(victim)) == 1
    assert sorted(os.listdir(tmp_path / "image")) == ["artifact.json", "image.raw"]


@pytest.mark.long
def test_the_role_makes_an_image_with_elements_once(tmp_path, packages, ansible):
    element(tmp_path, "lab-words", GOOD)
    manifest(tmp_path / "image.json", "image", packages)
    role = {"role": "rdo.releng.compose_image", "compose_image_manifest": str(tmp_path / "image.json")}
    role.update(compose_image_packages=[str(packages[0].parents[1])], compose_image_path=str(tmp_path / "image"))
    role.update(compose_image_elements=["lab-words"], compose_image_elements_path=[str(tmp_path / "elements")])
    role.update(compose_image_formats=["raw"], compose_image_environment={"LAB_GIVEN": "given"})
    play = [{"hosts": "localhost", "gather_facts": False, "roles": [{**role, "compose_image_builder": str(BUILDER)}]}]
    (tmp_path / "play.json").write_text(json.dumps(play))
    assert "changed=1" in ansible(tmp_path / "play.json", "--check") and not (tmp_path / "image").exists()
    assert "changed=1" in ansible(tmp_path / "play.json")
    assert "inside given" in inside(tmp_path / "image", "cat /etc/lab-words")
    assert "changed=0" in ansible(tmp_path / "play.json")
