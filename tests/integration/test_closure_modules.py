# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules repoclosure, rpm_repository and rpm_repository_diff_info on real RPMs, as a playbook runs them."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest
from stage.modules import BUILD, run_module
from stage.rpms import Dnf, Rpm, build_repository, build_rpms
from test_closure_golden import read

from ansible_collections.rdo.releng.plugins.module_utils._closure.installability import uninstallable
from ansible_collections.rdo.releng.plugins.module_utils._closure.packages import Packages, Rules
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    Base,
    Candidate,
    Component,
    hashed_directory,
    write_candidate,
)
from ansible_collections.rdo.releng.plugins.module_utils._repodata.cache import Cache
from ansible_collections.rdo.releng.plugins.module_utils._repodata.download import Transport
from ansible_collections.rdo.releng.plugins.module_utils._repodata.sources import Source, SourceReader

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
from generate import multilib

SYSTEM_PYTHON = "/usr/bin/python3"
SOLVER = pathlib.Path(__file__).parent / "stage" / "dnf_solver.py"
MODULES = """\
document: modulemd
version: 2
data:
  name: tools
  stream: "1"
  version: 1
  context: aaaa
  arch: x86_64
  summary: tools
  description: tools
  license: {module: [MIT]}
  artifacts: {rpms: ["modular-0:2-1.noarch"]}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("modules")


@pytest.fixture(scope="module")
def trunk(place):
    rpms = [Rpm("lib", "2-1"), Rpm("tool", requires=("lib >= 2",)), Rpm("known", requires=("nosuch",))]
    return build_repository(place / "trunk", rpms, "trunk")


@pytest.fixture(scope="module")
def base(place):
    return build_repository(place / "base", [Rpm("lib", "3-1", requires=("deep",)), Rpm("deep")], "base")


def closure(place, check_mode=False, **arguments):
    """The module's result. Its option check has the name of an argument of run_module."""
    options = {"cache_dir": str(place / "cache"), "arch": "x86_64", **arguments, "_ansible_check_mode": check_mode}
    result = subprocess.run(
        [sys.executable, "-m", "ansible_collections.rdo.releng.plugins.modules.repoclosure"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        env={**os.environ, "PYTHONPATH": str(BUILD)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {"failed": False, **json.loads(result.stdout)}


def unmet(result, key="unresolved"):
    return [(one["package"], one["requirement"]) for one in result[key]]


def test_what_is_unresolved_fails_unless_it_is_waived(place, trunk):
    result = closure(place, check=[str(trunk)])
    assert result["failed"] and not result["closed"]
    assert unmet(result) == [("known-1-1.noarch", "nosuch")]
    assert "known-1-1.noarch" in result["msg"] and "known-1-1.noarch" in result["table"]
    waivers = place / "waivers.yml"
    entry = {"owner": "jane", "reason": "on its way", "until": "2999-01-01"}
    waivers.write_text(
        json.dumps([{"waives": "nosuch", "package": "known", **entry}, {"waives": "x", "package": "tool", **entry}])
    )
    result = closure(place, check=[str(trunk)], waivers=[str(waivers)])
    assert not result["failed"] and result["closed"]
    assert [one["waiver"]["owner"] for one in result["waived"]] == ["jane"]
    assert [one["waives"] for one in result["stale_waivers"]] == ["x"]


def test_only_what_a_change_introduces_fails(place, trunk, base):
    rpm = place / "new" / "noarch" / "lib-1-1.noarch.rpm"
    build_rpms(place / "new", [Rpm("lib", "1-1")], "trunk")
    fine = closure(place, check=[str(trunk)], remove=["tool-1-1.noarch"])
    assert not fine["failed"] and [one["package"] for one in fine["lost"]] == ["tool-1-1.noarch"]
    result = closure(place, check=[str(trunk)], add=[str(rpm)], remove=["lib-2-1.noarch"])
    assert result["failed"]
    assert unmet(result, "introduced") == [("tool-1-1.noarch", "lib >= 2")]
    assert [(one["package"], one["to"], one["dependents"]) for one in result["downgraded"]] == [
        ("lib-2-1.noarch", "lib-1-1.noarch", ["tool-1-1.noarch"])
    ]


def test_a_package_of_a_lower_priority_is_hidden_or_only_not_preferred(place, base, tmp_path):
    top = build_repository(tmp_path / "top", [Rpm("lib", "1-1"), Rpm("user", requires=("lib >= 3",))], "top")
    given = {"check": [{"id": "top", "baseurl": str(top), "priority": 1}], "provide": [str(base)]}
    assert unmet(closure(place, **given)) == [("user-1-1.noarch", "lib >= 3")]
    assert closure(place, priorities="prefer", **given)["closed"]
    # dnf takes it where it must.
    assert Dnf(tmp_path, {"top": top, "base": base}, top__priority="1").installs("user")


def test_patterns_hide_packages_as_they_do_for_dnf(trunk, tmp_path):
    dnf = Dnf(tmp_path, {"trunk": trunk}, trunk__excludepkgs="lib-2*")
    ours = read({"id": "trunk", "baseurl": str(trunk), "excludepkgs": ["lib-2*"]})
    assert ours == dnf.repoclosure("--newest") == {("tool-1-1.noarch", "lib >= 2"), ("known-1-1.noarch", "nosuch")}
    only = {"id": "trunk", "baseurl": str(trunk), "includepkgs": ["tool", "lib"]}
    assert read(only) == Dnf(tmp_path, {"trunk": trunk}, trunk__includepkgs="tool,lib").repoclosure("--newest") == set()


def test_modular_packages_are_hidden_as_they_are_for_dnf(place, tmp_path):
    rpms = [Rpm("modular", "2-1", provides=("of-module",)), Rpm("user", requires=("of-module",))]
    folder = tmp_path / "modular"
    build_rpms(folder, rpms, "modular")
    modules = tmp_path / "modules.yaml"
    modules.write_text(MODULES)
    run_module("rpm_repository", path=folder, extra={"modules": str(modules)})
    source = {"id": "m", "baseurl": str(folder)}
    assert read(source) == Dnf(tmp_path, {"m": folder}).repoclosure("--newest") == {("user-1-1.noarch", "of-module")}
    assert read({**source, "module_hotfixes": True}) == set()
    assert Dnf(tmp_path, {"m": folder}, m__module_hotfixes="1").repoclosure("--newest") == set()
    assert closure(place, check=[source], modules=["tools:1"])["closed"]
    assert "There is no module stream 'tools:9'" in closure(place, check=[source], modules=["tools:9"])["msg"]


def stream(name, number, requires, *artifacts, context="aaaa"):
    """One document of modules.yaml."""
    lines = [f"    - requires: {{{module}: [{streams}]}}" for module, streams in requires.items()]
    return "\n".join([
        "---", "document: modulemd", "version: 2", "data:", f"  name: {name}", f'  stream: "{number}"',
        "  version: 1", f"  context: {context}", "  arch: x86_64", f"  summary: {name}", f"  description: {name}",
        "  license: {module: [MIT]}", *(["  dependencies:", *lines] if lines else []),
        f"  artifacts: {{rpms: [{', '.join(artifacts)}]}}",
    ])  # fmt: skip


def default(name, number):
    return f'---\ndocument: modulemd-defaults\nversion: 1\ndata: {{module: {name}, stream: "{number}"}}'


MODULES_OF_CASES = {"one", "two", "three"}
#: name: documents, and of the modules whose packages each of them has, those that dnf shows
MODULAR = {
    "nobody meets what a default stream requires": (
        [stream("one", 1, {"nosuch": '"1"'}, "of-one-0:1-1.noarch"), default("one", 1)],
        set(),
    ),
    "another stream is the default of what it requires": (
        [
            stream("one", 1, {"two": '"2"'}, "of-one-0:1-1.noarch"),
            stream("two", 1, {}, "of-two-0:1-1.noarch"),
            default("one", 1),
            default("two", 1),
        ],
        {"two"},
    ),
    "what it requires becomes active": (
        [
            stream("one", 1, {"two": '"1"'}, "of-one-0:1-1.noarch"),
            stream("two", 1, {"platform": "el9"}, "of-two-0:1-1.noarch"),
            default("one", 1),
        ],
        {"one", "two"},
    ),
    "what it requires lacks something itself": (
        [
            stream("one", 1, {"two": '"1"'}, "of-one-0:1-1.noarch"),
            stream("two", 1, {"three": ""}, "of-two-0:1-1.noarch"),
            default("one", 1),
        ],
        set(),
    ),
    "any stream, and all but one": (
        [
            stream("one", 1, {"two": "", "three": '"-2"'}, "of-one-0:1-1.noarch"),
            stream("two", 1, {}, "of-two-0:1-1.noarch"),
            stream("three", 1, {}, "of-three-0:1-1.noarch"),
            *(default(name, 1) for name in ("one", "two", "three")),
        ],
        {"one", "two", "three"},
    ),
    "only one of two contexts fits": (
        [
            stream("one", 1, {"two": '"1"'}, "of-one-0:1-1.noarch"),
            stream("one", 1, {"two": '"2"'}, "of-three-0:1-1.noarch", context="bbbb"),
            stream("two", 1, {}, "of-two-0:1-1.noarch"),
            default("one", 1),
            default("two", 1),
        ],
        {"one", "two"},
    ),
}


@pytest.fixture(scope="module")
def modular_rpms(place):
    folder = place / "of-modules"
    names = sorted(MODULES_OF_CASES)
    build_rpms(folder, [Rpm(f"of-{name}", provides=(f"from-{name}",)) for name in names], "of-modules")
    build_rpms(folder, [Rpm(f"user-{name}", requires=(f"from-{name}",)) for name in names], "users")
    return folder


@pytest.mark.parametrize("name", MODULAR)
def test_a_stream_is_active_as_it_is_for_dnf(name, modular_rpms, tmp_path):
    documents, active = MODULAR[name]
    (tmp_path / "modules.yaml").write_text("\n".join(documents) + "\n")
    folder = shutil.copytree(modular_rpms, tmp_path / "modular")
    run_module("rpm_repository", path=folder, extra={"modules": str(tmp_path / "modules.yaml")})
    source = {"id": "m", "baseurl": str(folder)}
    expected = {
        (f"user-{one}-1-1.noarch", f"from-{one}") for one in MODULES_OF_CASES - active if f"of-{one}-" in str(documents)
    }
    assert Dnf(tmp_path, {"m": folder}).repoclosure("--newest") == expected
    assert read(source) == expected


def test_an_enabled_stream_whose_requirements_nobody_meets_is_named(place, modular_rpms, tmp_path):
    (tmp_path / "modules.yaml").write_text(stream("one", 1, {"nosuch": '"1"'}, "of-one-0:1-1.noarch") + "\n")
    folder = shutil.copytree(modular_rpms, tmp_path / "modular")
    run_module("rpm_repository", path=folder, extra={"modules": str(tmp_path / "modules.yaml")})
    result = closure(place, check=[{"id": "m", "baseurl": str(folder)}], modules=["one:1"])
    assert "The module stream one:1 is enabled, and no repository meets what it requires: nosuch:1." in result["msg"]


def test_the_reason_names_who_is_hidden_and_why(place, base, tmp_path):
    rpms = [
        Rpm("lib", "1-1"),
        Rpm("old", "1-1", provides=("of-old",)),
        Rpm("old", "2-1"),
        Rpm("banned", provides=("of-banned",)),
        *(Rpm(f"needs-{number}", requires=(text,)) for number, text in enumerate(["lib >= 3", "of-old", "of-banned"])),
        Rpm("needs-3", requires=("(lib >= 3 and nosuch)",)),
    ]
    top = build_repository(tmp_path / "top", rpms, "top")
    given = {"id": "top", "baseurl": str(top), "priority": 1, "excludepkgs": ["banned"]}
    below = {"id": "base", "baseurl": str(base)}
    options = {"check": [given], "provide": [below], "fail_on_unresolved": False}
    hidden = "lib-3-1.noarch would, but the priority of top hides it"
    expected = [
        f"nothing provides lib >= 3; {hidden}",
        "nothing provides of-old; old-1-1.noarch would, but top has a newer one",
        "nothing provides of-banned; banned-1-1.noarch would, but top excludes it",
        f"nothing fulfils (lib >= 3 and nosuch); {hidden}",
    ]
    assert [one["reason"] for one in closure(place, **options)["unresolved"]] == expected
    # The same in the words of a question about a change that changes none of it.
    after = closure(place, **options, remove=["old-1-1.noarch"])
    expected[1] = "nothing provides of-old"
    assert [one["reason"].split("; old")[0] for one in after["unresolved"]] == expected


def test_installability_finds_what_closure_does_not(place, tmp_path):
    rpms = [
        Rpm("deep", requires=("middle",)),
        Rpm("middle", requires=("nosuch",)),
        Rpm("torn", requires=("one", "two")),
        Rpm("one", conflicts=("two",)),
        Rpm("two"),
        Rpm("fine", requires=("one",)),
    ]
    folder = build_repository(tmp_path / "deep", rpms, "deep")
    result = closure(place, check=[str(folder)], installability=True, fail_on_unresolved=False)
    found = {one["package"]: (one["kind"], one["reason"]) for one in result["unresolved"]}
    assert {name: kind for name, (kind, _reason) in found.items()} == {
        "deep-1-1.noarch": "installability",
        "middle-1-1.noarch": "closure",
        "torn-1-1.noarch": "installability",
    }
    assert "conflicts with two" in found["torn-1-1.noarch"][1]
    assert "nothing provides nosuch" in found["deep-1-1.noarch"][1]
    dnf = Dnf(tmp_path, {"deep": folder})
    assert [dnf.installs(name) for name in ("deep", "torn", "fine")] == [False, False, True]


def test_packages_of_32_and_64_bits_stand_side_by_side(place, tmp_path):
    soname, other = "libb.so.1", "libd.so.1"
    rpms = [
        Rpm("liba", arch="i686", requires=(soname,)),
        Rpm("libb", arch="i686", provides=(soname,)),
        Rpm("libb", arch="x86_64", provides=(f"{soname}()(64bit)",)),
        Rpm("both", requires=(soname, f"{soname}()(64bit)")),
        Rpm("both-by-name", arch="x86_64", requires=("libb(x86-32)", "libb(x86-64)")),
        Rpm("libd", "1-1", arch="i686", provides=(other,)),
        Rpm("libd", "2-1", arch="x86_64", provides=(f"{other}()(64bit)",)),
        Rpm("only-32", requires=(other,)),
        Rpm("two-versions", requires=(other, f"{other}()(64bit)")),
    ]
    folder = build_repository(tmp_path / "multilib", rpms, "multilib")
    result = closure(place, check=[str(folder)], installability=True, fail_on_unresolved=False)
    assert [one["package"] for one in result["unresolved"]] == ["two-versions-1-1.noarch"]
    dnf = Dnf(tmp_path, {"multilib": folder})
    names = ["liba", "both", "both-by-name", "only-32", "two-versions"]
    assert [dnf.installs(name) for name in names] == [True, True, True, True, False]


def test_installability_is_what_dnfs_own_solver_says_of_a_large_multilib_repository(tmp_path):
    if subprocess.run([SYSTEM_PYTHON, "-c", "import dnf, hawkey"], capture_output=True, check=False).returncode:
        pytest.skip(f"{SYSTEM_PYTHON} has no bindings of dnf")
    repository = tmp_path / "multilib"
    multilib(repository, 2000)
    packages = Packages([Source("one", (str(repository),))], Rules("x86_64"), Cache(None), Transport(retries=0))
    found = uninstallable(packages, packages.visible_ids, packages.visible_ids)
    solver = subprocess.run(
        [SYSTEM_PYTHON, SOLVER, str(repository), str(tmp_path / "cache")], capture_output=True, text=True, check=True
    )
    expected = solver.stdout.split()
    assert 10 < len(expected) < 1000
    assert sorted(one.unresolved.package for one in found) == sorted(expected)


def test_what_a_change_leaves_without_a_way_to_be_installed_names_its_cause(place, tmp_path):
    rpms = [
        Rpm("app", requires=("middle",)),
        Rpm("middle", requires=("lib", "other")),
        Rpm("lib", "1-1"),
        Rpm("other"),
        Rpm("far", requires=("away",)),
    ]
    world = build_repository(tmp_path / "world", rpms, "world")
    provided = build_repository(tmp_path / "provided", [Rpm("away", requires=("lib < 2",))], "provided")
    build_rpms(tmp_path / "new", [Rpm("lib", "2-1", conflicts=("other",))], "python-lib")
    rpm = tmp_path / "new" / "noarch" / "lib-2-1.noarch.rpm"
    options = {"check": [str(world)], "provide": [str(provided)], "installability": True}
    assert not closure(place, **options)["failed"]
    result = closure(place, **options, add=[str(rpm)], remove=["lib-1-1.noarch"])
    assert result["failed"]
    assert {one["package"]: (one["kind"], one["introduced_by"]) for one in result["introduced"]} == {
        "app-1-1.noarch": ("installability", "python-lib0-1-1"),
        "middle-1-1.noarch": ("installability", "python-lib0-1-1"),
        "far-1-1.noarch": ("installability", "world0-1-1"),
    }


def test_nothing_to_check_is_not_closed(place, base, tmp_path):
    assert run_module("rpm_repository", path=tmp_path, allow_empty=True)["packages"] == 0
    for given in ({"check": [str(tmp_path)]}, {"provide": [str(base)]}):
        result = closure(place, **given)
        assert result["failed"] and "There is nothing to check: no package for x86_64 is seen" in result["msg"]
    foreign = build_repository(tmp_path / "foreign", [Rpm("foreign", arch="aarch64")], "foreign")
    assert "There is nothing to check" in closure(place, check=[str(foreign)])["msg"]


def test_check_mode_writes_no_cache(trunk, tmp_path):
    result = closure(tmp_path, True, check=[str(trunk)], fail_on_unresolved=False)
    assert unmet(result) and not (tmp_path / "cache").exists()


def test_a_repository_is_published_once_and_again_when_it_changes(place, tmp_path):
    folder = tmp_path / "new"
    build_rpms(folder, [Rpm("a")], "published")
    assert run_module("rpm_repository", True, path=folder)["changed"]
    assert not (folder / "repodata").exists()
    first = run_module("rpm_repository", path=folder)
    assert first["changed"] and not run_module("rpm_repository", path=folder)["changed"]
    old = set(os.listdir(folder / "repodata"))
    build_rpms(folder, [Rpm("b")], "published2")
    second = run_module("rpm_repository", path=folder)
    assert second["changed"] and second["packages"] == 2
    # Who has read the old repomd.xml still finds what it names, until its time is over.
    assert old < set(os.listdir(folder / "repodata"))
    third = run_module("rpm_repository", path=folder, keep=0)
    assert third["changed"] and old & set(os.listdir(folder / "repodata")) == {"repomd.xml"}
    assert read(folder) == set()


def test_a_file_that_is_no_rpm_is_named(place, tmp_path):
    build_rpms(tmp_path, [Rpm("a")], "good")
    (tmp_path / "noarch" / "bad-1-1.noarch.rpm").write_text("not an RPM")
    for result in run_module("rpm_repository", path=tmp_path), closure(place, check=[str(tmp_path)]):
        assert "bad-1-1.noarch.rpm cannot be read: not an RPM file" in result["msg"]
    assert "neither repodata nor RPM files" in closure(place, check=["/proc/self/fdinfo"])["msg"]


KILLED = """\
import os, signal, sys
from ansible_collections.rdo.releng.plugins.module_utils._repodata.publication import PublishedRepository
change = PublishedRepository(sys.argv[1], "gz", None, 0, False)
plan, steps = change.plan(), [int(sys.argv[2])]
def mortal(function):
    def call(*arguments, **options):
        steps[0] -= 1
        if steps[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call
for name in "replace", "fsync", "chmod", "utime", "unlink":
    setattr(os, name, mortal(getattr(os, name)))
change.apply(plan)
"""


def test_killed_at_any_step_it_is_the_old_repository_or_the_new_one(tmp_path):
    both = tmp_path / "both"
    build_rpms(both, [Rpm("a"), Rpm("b", requires=("a",))], "killed")
    counts, step, status = set(), 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        folder = tmp_path / str(step)
        shutil.copytree(both, folder)
        (folder / "noarch" / "b-1-1.noarch.rpm").unlink()
        run_module("rpm_repository", path=folder)
        shutil.copy2(both / "noarch" / "b-1-1.noarch.rpm", folder / "noarch")
        status = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(step)],
            env={**os.environ, "PYTHONPATH": str(BUILD)},
            check=False,
        ).returncode
        transport = Transport(retries=0)
        packages = Packages(
            SourceReader(transport, {}).read([str(folder)], True), Rules("x86_64"), Cache(None), transport
        )
        counts.add(len(packages.visible_ids))
        # The first publishes what is not published yet, the second removes what the first replaced.
        again = [run_module("rpm_repository", path=folder, keep=0) for _time in range(2)][1]
        assert again["packages"] == 2 and not list((folder / "repodata").glob(".new-*"))
        assert not run_module("rpm_repository", path=folder, keep=0)["changed"]
        step += 1
    assert status == 0 and step > 5 and counts == {1, 2}


def pinned(folder, component, rpms, commit):
    """A hashed directory of a trunk, as a lockfile names it."""
    place = folder / hashed_directory(commit, commit, None, component)
    build_repository(place, rpms, f"python-{component}")
    digest = hashlib.sha256((place / "repodata" / "repomd.xml").read_bytes()).hexdigest()
    return Component(component, commit, commit, None, "2026-01-01T00:00:00Z", f"file://{place}", digest)


def locked(path, components, base):
    """A lockfile of ``components`` on a base repository that may drift."""
    candidate = Candidate(
        "dlrn", "master", "el9", "2026-01-01T00:00:00Z", {"api_url": None, "label": "current"},
        components=components, base=(Base("base", f"file://{base}", "0" * 64, "record"),),
    )  # fmt: skip
    write_candidate(str(path), candidate)
    return candidate


def test_a_candidate_is_checked_as_its_lockfile_pins_it(place, base, tmp_path):
    one = pinned(tmp_path, "one", [Rpm("lib", "1-1"), Rpm("user", requires=("lib >= 3",))], "a" * 40)
    two = pinned(tmp_path, "two", [Rpm("tool", requires=("user", "deep"))], "b" * 40)
    lockfile = tmp_path / "candidate.json"
    candidate = locked(lockfile, (one, two), base)
    result = closure(place, candidate=str(lockfile))
    # What trunk builds hides what the base has, whichever is newer.
    assert unmet(result) == [("user-1-1.noarch", "lib >= 3")] and result["failed"]
    assert [(found["id"], found["checked"], found["repomd_sha256"]) for found in result["repositories"]] == [
        ("one", True, one.repomd_sha256), ("two", True, two.repomd_sha256),
        ("base", False, result["repositories"][2]["repomd_sha256"]),
    ]  # fmt: skip
    assert "Repository base has changed since the candidate was pinned" in result["notes"][0]
    waiver = {"waives": "lib >= 3", "owner": "jane", "reason": "on its way", "until": "2999-01-01"}
    waivers = tmp_path / "waivers.yml"
    for identifier, closed in (candidate.id, True), ("0" * 64, False):
        waivers.write_text(json.dumps([{**waiver, "candidate": identifier}]))
        assert closure(place, candidate=str(lockfile), waivers=[str(waivers)])["closed"] is closed
    with open(one.repo_url[len("file://") :] + "/repodata/repomd.xml", "a") as repomd:
        repomd.write("\n")
    result = closure(place, candidate=str(lockfile))
    assert result["failed"] and "Repository one has changed since the candidate was pinned" in result["msg"]


def test_lockfiles_are_compared_component_by_component(place, base, tmp_path):
    same = pinned(tmp_path, "same", [Rpm("same")], "a" * 40)
    sides = []
    for number, commit in ("1", "b" * 40), ("2", "c" * 40):
        changed = pinned(tmp_path, "changed", [Rpm("lib", f"{number}-1")], commit)
        row = f"lib,https://git/lib,{commit},https://git/d,{'d' * 40},SUCCESS,1,,,python-changed0-1-1"
        with open(changed.repo_url[len("file://") :] + "/versions.csv", "w") as versions:
            versions.write(f"{VERSIONS}{row}\n")
        sides.append(tmp_path / f"{number}.json")
        locked(sides[-1], (same, changed), base)
    result = run_module(
        "rpm_repository_diff_info", before=[str(sides[0])], after=[str(sides[1])], cache_dir=place / "cache"
    )
    assert [(one["name"], one["before"], one["after"]) for one in result["upgraded"]] == [("lib", "1-1", "2-1")]
    assert not any(result[kind] for kind in ("added", "removed", "downgraded", "rebuilt"))
    assert [(one["from"], one["to"]) for one in result["commits"]] == [("b" * 40, "c" * 40)]


VERSIONS = (
    "Project,Source Repo,Source Sha,Dist Repo,Dist Sha,Status,Last Success Timestamp,Component,Extended Sha,Pkg NVR\n"
)


def test_the_difference_goes_down_to_commits(place, tmp_path):
    sides = []
    for name, number, commit in ("before", "1", "a" * 40), ("after", "2", "b" * 40):
        rpms = [Rpm("lib", f"{number}-1"), Rpm(f"only-{name}"), Rpm("same")]
        folder = build_repository(tmp_path / name, rpms, f"python-{name}")
        source = f"python-{name}0-1-1"
        row = f"lib,https://git/lib,{commit},https://git/d,{'c' * 40},SUCCESS,1,,,{source}"
        (folder / "versions.csv").write_text(f"{VERSIONS}{row}\n")
        sides.append(str(folder))
    result = run_module("rpm_repository_diff_info", before=sides[:1], after=sides[1:], cache_dir=place / "cache")
    assert [(one["name"], one["before"], one["after"]) for one in result["upgraded"]] == [("lib", "1-1", "2-1")]
    assert [one["name"] for one in result["added"]] == ["only-after"]
    assert [one["name"] for one in result["removed"]] == ["only-before"]
    assert [one["name"] for one in result["rebuilt"]] == ["same"]
    assert [(one["repository"], one["from"], one["to"]) for one in result["commits"]] == [
        ("https://git/lib", "a" * 40, "b" * 40)
    ]
    again = run_module("rpm_repository_diff_info", before=sides[:1], after=sides[:1], cache_dir=place / "cache")
    assert again["same"]
