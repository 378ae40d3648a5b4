# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One train with a regression and an emergency: real wheels, installed and run without any network."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest
from lab.packages import manifest
from lab.shell import build_shell

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A tool that makes an image of a folder; the candidate has forgotten one option.
TOOL = """
import pathlib, socket, sys, tarfile

def main():
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    unknown = [word for word in options if word not in {options}]
    if unknown:
        sys.exit(f"imagetool: no such option: {{unknown[0]}}")
    if "--network" in options:
        socket.create_connection(("192.0.2.1", 80), 5)
    source = pathlib.Path("elements")
    if not source.is_dir():
        sys.exit("imagetool: there are no elements")
    with tarfile.open("/tmp/work/out/image.tar", "w") as image:
        image.add(source)
"""


def wheel(folder, version, options):
    """A wheel as pip installs it, of one module with a program."""
    info = f"imagetool-{version}.dist-info"
    files = {
        "imagetool.py": TOOL.format(options=set(options)),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: imagetool\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nimagetool = imagetool:main\n",
    }
    rows = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(text.encode())}")
    folder.mkdir(exist_ok=True)
    path = folder / f"imagetool-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"}.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def train(tmp_path, ansible):
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")
    for name in ("plain", "special", "broken", "curious", "nosy"):
        (tmp_path / name / ("elements" if name != "broken" else "nothing")).mkdir(parents=True)
        (tmp_path / name / ("elements" if name != "broken" else "nothing") / "base").write_text(name)
    (tmp_path / "wheelhouse").mkdir()
    commands = {"plain": ["imagetool"], "special": ["imagetool", "--special"], "broken": ["imagetool"]}
    commands["curious"] = ["imagetool", "--network"]
    commands["nosy"] = ["sh", "-c", "rm -rf /tmp/work/tool /tmp/work/out; ln -s /etc /tmp/work/out; true"]

    def run(candidate, *names, expected=0, **options):
        released = wheel(tmp_path / "released", "1.0", ["--special", "--network"])
        given = {"train_wheel": str(wheel(tmp_path / "dist", "1.1", candidate)), "train_released": str(released)}
        given.update(train_wheelhouse=str(tmp_path / "wheelhouse"), train_folder=str(tmp_path / "train"))
        given.update(train_release="imagetool")
        given["train_downstreams"] = [
            {"name": name, "path": str(tmp_path / name), "command": commands[name], "results": ["image.tar"]}
            for name in names
        ]
        (tmp_path / "train.json").write_text(json.dumps({**given, **options}))
        return ansible("rdo.releng.image_train", "-e", f"@{tmp_path}/train.json", expected=expected)

    return run


def test_a_regression_is_the_tools_and_the_emergency_is_a_waiver(train, tmp_path):
    train(["--network"], "plain", "special", expected=2)
    decision = json.loads((tmp_path / "train/decision.json").read_text())
    assert not decision["promote"]
    assert [(one["requirement"], one["reason"]) for one in decision["unsatisfied"]] == [("train-special", "failed")]
    log = (tmp_path / "train/special-candidate.log").read_text()
    assert "no such option: --special" in log
    waiver = {"waives": "train-special", "label": "released", "owner": "jane", "reason": "a CVE", "until": "2999-01-01"}
    (tmp_path / "waivers.json").write_text(json.dumps([waiver]))
    shown = train(["--network"], "plain", "special", train_waivers=str(tmp_path / "waivers.json"))
    assert "special: tool regressed" in shown and "plain: good" in shown and "1 waived" in shown


def test_who_is_broken_anyway_or_asks_the_network_is_in_nobodys_gate(train):
    """And whoever removes the tool after his turn harms himself alone."""
    shown = train(["--special", "--network"], "nosy", "plain", "broken", "curious", train_gate=["plain"])
    assert "plain: good" in shown and "nosy: good" not in shown
    assert "broken: downstream regressed" in shown and "curious: downstream regressed" in shown
    assert "Promote" in shown


def patched(wheel, folder, name, old, new):
    """The wheel with other words in one of its files."""
    folder.mkdir()
    path = folder / wheel.name
    with zipfile.ZipFile(wheel) as given, zipfile.ZipFile(path, "w") as made:
        for entry in given.infolist():
            content = given.read(entry)
            if entry.filename == name:
                assert content.count(old) == 1, name
                content = content.replace(old, new)
            made.writestr(entry, content)
    return path


@pytest.mark.long
def test_a_real_diskimage_builder_that_forgets_a_phase_stops_who_needs_that_phase(train, tmp_path):
    """Two downstreams with elements, in images of the same packages."""
    if not shutil.which("debugfs", path="/usr/sbin:/sbin:/usr/bin"):
        pytest.skip("e2fsprogs is not installed")
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--dest", tmp_path / "wheels"]
    subprocess.run([*download, "-r", ROOT / "roles/compose_image/files/requirements.txt"], check=True)
    (released,) = (tmp_path / "wheels").glob("diskimage_builder-*.whl")
    candidate = patched(
        released, tmp_path / "candidate", "diskimage_builder/lib/disk-image-create", b"run_d extra-data\n", b":\n"
    )
    rpm = build_shell(tmp_path / "shell")
    packages = tmp_path / "packages"
    packages.mkdir()
    manifest(tmp_path / "image.json", "image", [pathlib.Path(shutil.copy(rpm, packages))])
    for path, text in {
        "early/extra-data.d/50-early": 'echo there > "$TMP_MOUNT_PATH/etc/early"',
        "early/install.d/50-early": "grep there /etc/early",
        "late/finalise.d/50-late": "echo there > /etc/late",
    }.items():
        script = tmp_path / "elements" / path
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"#!/bin/bash\nset -eu\n{text}\n")
        script.chmod(0o755)
    image = {"manifest": str(tmp_path / "image.json"), "packages": [str(packages)]}
    downstreams = [
        {"name": name, "path": str(tmp_path / "elements"), "image": {**image, "elements": [name]}}
        for name in ("early", "late")
    ]
    given = {"train_wheel": str(candidate), "train_released": str(released)}
    given.update(train_wheelhouse=str(tmp_path / "wheels"), train_release="diskimage-builder")
    shown = train([], expected=2, **given, train_downstreams=downstreams)
    assert "early: tool regressed" in shown and "late: good" in shown
    for made in "early-released", "late-released", "late-candidate":
        assert (tmp_path / "train" / made / "image.raw").exists()
        document = json.loads((tmp_path / "train" / made / "artifact.json").read_text())
        assert document["configuration"]["elements"]["names"] == [made.split("-", maxsplit=1)[0]]
    assert not (tmp_path / "train/early-candidate").exists()
    assert "/etc/early" in (tmp_path / "train/early-candidate.log").read_text()
