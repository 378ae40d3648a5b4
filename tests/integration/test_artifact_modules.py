# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""artifact_manifest_info and artifact_plan_info: what dnf would install, and what a change of builds makes anew."""

from __future__ import annotations

import hashlib
import json
import pathlib
import random
import subprocess
import sys

import pytest
from stage.modules import run_module
from stage.rpms import Rpm, build_repository, build_rpms

from ansible_collections.rdo.releng.plugins.module_utils._compose.manifest import find_files, read_manifest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
from generate import Generator, write_repository

SYSTEM_PYTHON = "/usr/bin/python3"
SOLVER = pathlib.Path(__file__).parent / "stage" / "dnf_solver.py"


@pytest.fixture(scope="module")
def stable(tmp_path_factory):
    rpms = [
        Rpm("app", requires=("lib", "/usr/share/data")),
        Rpm("lib", requires=("deep",), recommends=("weak",)),
        Rpm("deep"),
        Rpm("data", files=("/usr/share/data",)),
        Rpm("weak"),
        Rpm("other", requires=("deep",)),
        Rpm("alone"),
        Rpm("broken", requires=("nosuch",)),
    ]
    return build_repository(tmp_path_factory.mktemp("artifacts") / "stable", rpms, "stable")


def artifact(name, *packages, kind="image", **more):
    return {"name": name, "kind": kind, "packages": list(packages), **more}


@pytest.fixture
def ask(stable, tmp_path):
    def call(module, *artifacts, **options):
        given = {"repositories": [{"id": "stable", "baseurl": str(stable)}], "arch": "x86_64", **options}
        return run_module(module, artifacts=list(artifacts), cache_dir=tmp_path / "cache", **given)

    return call


def names(manifest):
    return [one["nevra"].rsplit("-", 2)[0] for one in manifest["packages"]]


def test_a_manifest_names_every_file_and_is_what_makers_take(ask, stable, tmp_path):
    result = ask(
        "artifact_manifest_info", artifact("image", "app", "/usr/share/data"), artifact("all", "*", kind="repository")
    )
    manifest = result["manifests"]["image"]
    assert names(manifest) == ["app", "data", "deep", "lib"]
    assert len(result["manifests"]["all"]["packages"]) == 8
    for one in manifest["packages"]:
        file = stable / "noarch" / f"{one['nevra']}.rpm"
        assert one["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    path = tmp_path / "image.json"
    path.write_text(json.dumps(manifest, indent=4))
    read = read_manifest(str(path), {"image"})
    assert read.id == manifest["id"]
    assert len(find_files(read, [str(stable)])) == 4


def test_the_id_is_of_all_that_decides_what_becomes_of_it(ask, tmp_path):
    file = tmp_path / "image.conf"
    file.write_text("one")
    variants = [
        {}, {"configuration": {"size": "4G"}}, {"tools": {"mke2fs": "1.47.0"}}, {"tools": {"rpm": None}},
        {"configuration_files": [str(file)]},
    ]  # fmt: skip
    artifacts = [artifact(f"image{number}", "deep", **one) for number, one in enumerate(variants)]
    first = ask("artifact_manifest_info", *artifacts)["manifests"]
    assert first["image3"]["tools"]["rpm"].startswith("4.")
    contents = [{**one, "artifact": "", "id": ""} for one in first.values()]
    assert all(one not in contents[:place] for place, one in enumerate(contents))
    file.write_text("two")
    second = ask("artifact_manifest_info", *artifacts)["manifests"]
    assert [name for name in first if first[name]["id"] != second[name]["id"]] == ["image4"]


def test_what_cannot_be_made_says_why(ask):
    artifacts = [artifact("good", "app"), artifact("bad", "broken"), artifact("none", "never-heard-of"),
                 artifact("above", "deep", made_of=["bad"])]  # fmt: skip
    result = ask("artifact_manifest_info", *artifacts)
    assert result["failed"]
    assert "3 artifacts cannot be made" in result["msg"]
    assert {one["artifact"]: one["reasons"] for one in result["broken"]} == {
        "above": ["bad, which it is made of, cannot be made"],
        "bad": ["nothing provides nosuch needed by broken-1-1.noarch"],
        "none": ["no package is named or provides never-heard-of"],
    }
    assert list(result["manifests"]) == ["good"]
    assert not ask("artifact_manifest_info", *artifacts, fail_on_broken=False)["failed"]


@pytest.mark.parametrize(
    ("artifacts", "message"),
    [
        ([artifact("a", "deep"), artifact("a", "lib")], "There are two artifacts 'a'"),
        ([artifact("a", "deep", made_of=["b"])], "a is made of 'b'; there are a"),
        ([artifact("a", "deep", made_of=["b"]), artifact("b", "deep", made_of=["a"])], "are made of each other"),
        ([artifact("a", "deep", tools={"../sh": None})], "not a name of a program"),
        ([artifact("a", "deep", configuration_files=["/nonexistent"])], "/nonexistent"),
    ],
)
def test_what_makes_no_sense_is_refused(ask, artifacts, message):
    result = ask("artifact_manifest_info", *artifacts)
    assert result["failed"]
    assert message in result["msg"]


def test_a_change_affects_what_holds_it_and_what_is_made_of_that(ask, tmp_path):
    build_rpms(tmp_path / "new", [Rpm("lib", "2-1", requires=("deep", "extra")), Rpm("extra")], "newer")
    new = sorted(map(str, (tmp_path / "new").rglob("*.rpm")))
    artifacts = [
        artifact("disk", "alone", made_of=["tree"]),
        artifact("tree", "app", kind="ostree"),
        artifact("small", "other"),
    ]
    plan = ask("artifact_plan_info", *artifacts, replace=new)
    assert [(one["artifact"], one["added"], one["removed"], one["through"]) for one in plan["affected"]] == [
        ("tree", ["extra-1-1.noarch", "lib-2-1.noarch"], ["lib-1-1.noarch"], []),
        ("disk", [], [], ["tree"]),
    ]
    assert plan["unchanged"] == ["small"]
    # Once they are made of the new manifests, nothing is to be done.
    made = {name: one["id"] for name, one in plan["manifests"].items()}
    assert ask("artifact_plan_info", *artifacts, replace=new, made=made)["affected"] == []
    # What nobody holds affects nobody.
    assert ask("artifact_plan_info", *artifacts, remove=["weak-1-1.noarch"])["affected"] == []


def test_a_change_that_breaks_an_artifact_fails_with_the_packages(ask):
    plan = ask("artifact_plan_info", artifact("image", "app"), artifact("bad", "broken"), remove=["deep-1-1.noarch"])
    assert plan["failed"]
    assert {one["artifact"]: one["already"] for one in plan["broken"]} == {"image": False, "bad": True}
    assert "nothing provides deep needed by lib-1-1.noarch" in plan["msg"]


def test_a_rebuilt_file_of_the_same_name_is_another_one(ask, stable, tmp_path):
    rebuilt = build_repository(tmp_path / "rebuilt", [Rpm("deep", provides=("more",))], "stable")
    plan = ask("artifact_plan_info", artifact("image", "deep"), replace=[str(rebuilt)])
    assert plan["affected"][0]["changed"] == ["deep-1-1.noarch"]


def test_what_is_solved_is_what_dnf_would_install(tmp_path):
    if subprocess.run([SYSTEM_PYTHON, "-c", "import dnf, hawkey"], capture_output=True, check=False).returncode:
        pytest.skip(f"{SYSTEM_PYTHON} has no bindings of dnf")
    generator = Generator(3, broken=0)
    packages = [*generator.essentials(), *(generator.package("el9") for _number in range(800))]
    write_repository(tmp_path / "world", packages)
    chooser = random.Random(3)
    artifacts = [artifact(f"a{number}", *(one.name for one in chooser.sample(packages, 6))) for number in range(6)]
    result = run_module(
        "artifact_manifest_info", artifacts=artifacts, repositories=[str(tmp_path / "world")], arch="x86_64",
        cache_dir=tmp_path / "cache", fail_on_broken=False,
    )  # fmt: skip
    assert result["manifests"]
    for one in artifacts:
        solver = subprocess.run(
            [SYSTEM_PYTHON, SOLVER, str(tmp_path / "world"), str(tmp_path / "dnf"), *one["packages"]],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        manifest = result["manifests"].get(one["name"])
        assert (manifest is None) == (solver.returncode != 0), solver.stderr
        if manifest:
            assert sorted(solver.stdout.split()) == [row["nevra"] for row in manifest["packages"]]
