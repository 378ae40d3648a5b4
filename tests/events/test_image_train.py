# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One train with a regression and an emergency: real wheels, installed and run without any network."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import zipfile

import pytest

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
