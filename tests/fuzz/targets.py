# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reads strangers' text: each reader as a function of bytes, and documents that it takes gladly."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import typing as t

import yaml

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.failures import diagnose
from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.first_error import first_error
from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.secrets import Masker, after_cut
from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.test_results import read_results
from ansible_collections.rdo.releng.plugins.module_utils._distgit.merge import files_of
from ansible_collections.rdo.releng.plugins.module_utils._distgit.pyproject import migrate
from ansible_collections.rdo.releng.plugins.module_utils._distgit.spec_text import SpecText
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    SCHEMA,
    Candidate,
    read_candidate,
)
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.trunk import read_component, repositories_of
from ansible_collections.rdo.releng.plugins.module_utils._dlrn.votes import DirectoryVoteStore, DlrnVoteStore
from ansible_collections.rdo.releng.plugins.module_utils._gate.criteria import load_criteria
from ansible_collections.rdo.releng.plugins.module_utils._gate.decision import Subject, evaluate, sentence, table
from ansible_collections.rdo.releng.plugins.module_utils._gate.waivers import parse_waivers
from ansible_collections.rdo.releng.plugins.module_utils._journal.chronometer import measure
from ansible_collections.rdo.releng.plugins.module_utils._journal.journal import read_journal
from ansible_collections.rdo.releng.plugins.module_utils._module.csv_text import read_rows
from ansible_collections.rdo.releng.plugins.module_utils._module.documents import canonical, read_yaml
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, Refused
from ansible_collections.rdo.releng.plugins.module_utils._module.json_text import load_json
from ansible_collections.rdo.releng.plugins.module_utils._module.web import Web
from ansible_collections.rdo.releng.plugins.module_utils._module.yaml_text import load_yaml
from ansible_collections.rdo.releng.plugins.module_utils._release.constraints import constraints_for, parse_constraints
from ansible_collections.rdo.releng.plugins.module_utils._release.deliverables import read_deliverables
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Rdoinfo
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_edit import TagFile
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_lint import lint
from ansible_collections.rdo.releng.plugins.module_utils._release.release_file import add_items, set_values
from ansible_collections.rdo.releng.plugins.module_utils._release.upstream_metadata import read_metadata
from ansible_collections.rdo.releng.plugins.module_utils._release.upstream_requirements import UpstreamRequirements
from ansible_collections.rdo.releng.plugins.module_utils._repodata.download import Transport
from ansible_collections.rdo.releng.plugins.module_utils._repodata.metadata import FileSearch, announced_packages
from ansible_collections.rdo.releng.plugins.module_utils._repodata.modular import ActiveModules, read_module_data
from ansible_collections.rdo.releng.plugins.module_utils._repodata.repomd import read_repomd
from ansible_collections.rdo.releng.plugins.module_utils._repodata.sources import Source, SourceReader
from ansible_collections.rdo.releng.plugins.module_utils._rpm.nevra import Evr, Nevra
from ansible_collections.rdo.releng.plugins.module_utils._rpm.rich import alternatives, atoms, is_structured
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_report import (
    render_text,
    shape_for_page,
    summarize,
)
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_steps import read_steps
from ansible_collections.rdo.releng.plugins.module_utils._zuul.definition import read_release, read_site
from ansible_collections.rdo.releng.plugins.module_utils._zuul.rendering import render

NOW = 1_795_250_000
COMMIT, DISTRO, SHA256 = "a" * 40, "b" * 40, "c" * 64


@dataclasses.dataclass(frozen=True)
class Target:
    """A reader.

    :param read: called with the text and a folder of its own.
    :param seeds: data that is written as YAML or JSON, or texts.
    """

    name: str
    read: t.Callable[[bytes, str], t.Any]
    seeds: tuple[t.Any, ...]


def put(folder: str, name: str, content: bytes) -> str:
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    return path


class Memory:
    """Files of rdoinfo, or of an upstream, in memory."""

    description = "the fuzzed files"

    def __init__(self, **files: bytes) -> None:
        self.files = files

    def read(self, name: str) -> bytes:
        if name not in self.files:
            raise NotFound(f"There is no {name!r}.")
        return self.files[name]


def text_of(content: bytes) -> str:
    return content.decode(errors="replace")


# The gate

CRITERIA = {
    "promotions": {
        "t": {
            "candidate_label": "testing",
            "criteria": ["j", {"any": ["k", "l"]}, {"at_least": {"count": 1, "of": ["m", {"all": ["n"]}]}}],
            "alternative_criteria": {"j": ["o"]},
            "max_age": "2d",
        }
    }
}
WAIVERS = [{"waives": "z", "label": "t", "owner": "o", "reason": "r", "until": "2026-12-31", "bug": "b"}]


@dataclasses.dataclass(frozen=True)
class Failed:
    job: str
    candidate: str = SHA256
    success: bool = False
    timestamp: int = NOW - 100
    url: str = ""
    in_progress: bool = False


def criteria(content: bytes, folder: str) -> None:
    """Nothing has passed, so whatever the criteria say, nothing may be promoted."""
    loaded = load_criteria(read_yaml(put(folder, "criteria.yml", content), "criteria file"), "criteria.yml")
    for name in list(loaded.targets)[:5]:
        target = loaded.target(name, ["c"])
        decision = evaluate(target, [Subject(SHA256, "el9s", [Failed(job) for job in "jklmno"])], [], NOW, "jklmno")
        assert not decision["promote"], decision
        sentence(decision), table(decision), canonical(decision)


def waivers(content: bytes, folder: str) -> None:
    """A waiver of another job: whatever is wrong with it, it does not waive this one."""
    parsed = parse_waivers(read_yaml(put(folder, "w.yml", content), "waivers"), "w.yml")
    target = load_criteria(CRITERIA, "c").target("t", [])
    decision = evaluate(target, [Subject(SHA256, "el9s", [])], parsed, NOW)
    if not any(waiver.waives in "jklmno" for waiver in parsed):
        assert not decision["promote"], decision
    canonical(decision)


LOCKFILE = {
    "schema": SCHEMA,
    "kind": "dlrn",
    "release": "r",
    "distro": "el9s",
    "resolved_at": "2026-11-21T08:33:20Z",
    "source": {"api_url": "https://dlrn.example.org", "label": "consistent"},
    "aggregate_hash": "d" * 32,
    "components": [
        {
            "component": "c",
            "commit_hash": COMMIT,
            "distro_hash": DISTRO,
            "extended_hash": None,
            "built_at": "2026-11-20T08:33:20Z",
            "repo_url": f"https://example.org/component/c/aa/aa/{COMMIT}_{DISTRO[:8]}",
            "repomd_sha256": SHA256,
        }
    ],
    "dependencies": {"url": "https://example.org/deps", "repomd_sha256": SHA256},
    "base": [{"id": "base", "url": "https://example.org/base", "repomd_sha256": SHA256, "drift": "fail"}],
    "scenarios": [{"name": "s", "repository": "https://example.org/s", "revision": COMMIT}],
}


def _candidate() -> Candidate:
    try:
        Candidate.from_document({**LOCKFILE, "id": "x"})
    except InvalidInput as error:
        LOCKFILE["id"] = error.message.split("has the id ")[1][:64]
    return Candidate.from_document(LOCKFILE)


CANDIDATE = _candidate()


def lockfile(content: bytes, folder: str) -> None:
    candidate = read_candidate(put(folder, "candidate.json", content))
    canonical(candidate.document())
    assert candidate.id == CANDIDATE.id, "it was edited, and its id was not"


VOTE = {
    "schema": "rdo.releng/vote/1",
    "job": "j",
    "candidate": CANDIDATE.id,
    "hashes": {"aggregate_hash": "d" * 32},
    "success": False,
    "timestamp": NOW - 100,
    "url": "https://example.org/logs",
    "notes": "n",
    "in_progress": False,
}


def judged(votes: t.Any, said: t.Any) -> None:
    """One that did not pass is promoted only where somebody wrote that it did."""
    target = load_criteria({"promotions": {"t": {"criteria": ["j"]}}}, "c").target("t", [])
    decision = evaluate(target, [Subject(CANDIDATE.id, "el9s", votes)], [], NOW)
    assert not decision["promote"] or said is True, decision
    canonical(decision), table(decision)


def vote_file(content: bytes, folder: str) -> None:
    put(folder, f"{CANDIDATE.id}/j-1-0.json", content)
    store = DirectoryVoteStore(folder)
    votes = store.read(CANDIDATE)
    store.jobs()
    judged(votes, load_yaml(content, "vote").get("success"))


class Api:
    """A DLRN that answers whatever it is told."""

    api_url = "https://dlrn.example.org"

    def __init__(self, answer: t.Any) -> None:
        self.answer = answer

    def get(self, _path: str, **_query: t.Any) -> t.Any:
        return self.answer


VOTES = [
    {
        "job_id": "j",
        "success": False,
        "timestamp": NOW - 100,
        "url": "https://example.org",
        "notes": f"candidate: {CANDIDATE.id}\nn",
        "in_progress": False,
        "aggregate_hash": "d" * 32,
    }
]


def dlrn_votes(content: bytes, _folder: str) -> None:
    answer = load_json(content, "The answer")
    votes = DlrnVoteStore(t.cast("t.Any", Api(answer))).filed_under({"aggregate_hash": "d" * 32})
    judged(votes, True if any(row["success"] is True for row in answer) else None)


# Trunk

COMMIT_YAML = {
    "commits": [
        {
            "component": "c",
            "commit_hash": COMMIT,
            "distro_hash": DISTRO,
            "extended_hash": "None",
            "dt_build": "1700000000",
        }
    ]
}
REPOMD = """<?xml version="1.0"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>
<data type="primary"><checksum type="sha256">cc</checksum><location href="repodata/p.xml.gz"/><size>1</size>
<open-size>9</open-size></data></repomd>
"""
REPO = "[delorean-component-c]\nname=x\nbaseurl=https://example.org/component/c/aa\nenabled=1\npriority=1\n"
CSV = "Project,Source Repo,Source Sha,Dist Repo,Dist Sha,Status,Last Success Timestamp,Component,Extended Sha,Pkg NVR\n"
CSV += f"p,https://example.org/p,{COMMIT},https://example.org/d,{DISTRO},SUCCESS,1,c,,p-1-1.el9\n"


def commit_yaml(content: bytes, folder: str) -> None:
    place = f"component/c/aa/aa/{COMMIT}_{DISTRO[:8]}"
    put(folder, f"{place}/commit.yaml", content)
    put(folder, f"{place}/repodata/repomd.xml", REPOMD.encode())
    read_component(Web(), f"file://{folder}/{place}")


def repository(content: bytes, folder: str) -> None:
    put(folder, "repodata/repomd.xml", content)
    read_repomd(Source("x", (folder,)), Transport())


def repo_file(content: bytes, folder: str) -> None:
    SourceReader(Transport(), {"releasever": "9"}).read([put(folder, "x.repo", content)], checked=True)
    repositories_of(content, "x.repo")


def versions_csv(content: bytes, _folder: str) -> None:
    list(read_rows(text_of(content), "versions.csv", ("Project", "Source Sha", "Pkg NVR")))


FILELISTS = (
    '<filelists packages="1"><package pkgid="aa" name="p" arch="noarch"><file>/usr/bin/p</file></package></filelists>'
)


def filelists(content: bytes, _folder: str) -> None:
    announced_packages(content[:4096], b"filelists")
    list(FileSearch(["/usr/bin/p"])(iter([content[:100], content[100:]])))


MODULES = [
    {
        "document": "modulemd",
        "version": 2,
        "data": {
            "name": "m",
            "stream": "1",
            "version": 20260101,
            "context": "c",
            "dependencies": [{"requires": {"platform": ["el9"]}}],
            "artifacts": {"rpms": ["p-0:1-1.noarch"]},
        },
    },
    {"document": "modulemd-defaults", "version": 1, "data": {"module": "m", "stream": "1"}},
]


def modules(content: bytes, _folder: str) -> None:
    ActiveModules([read_module_data(content, "modules.yaml")], [])


# Release data

RDOINFO = {
    "releases": [{"name": "r", "branch": "b", "repos": [{"name": "el9", "buildsys": "x", "branch": "b"}]}],
    "package-default": {"name": "python-%(project)s", "distgit": "https://example.org/%(name)s"},
    "package-configs": {"core": {"maintainers": ["a@example.org"]}},
    "components": [{"name": "c"}],
    "packages": [
        {
            "project": "nova",
            "conf": "core",
            "tags": {"r": {"source-branch": "1.0"}, "s": None},
            "buildsys-tags": {"cloud9-r-testing": "nova-1-1.el9"},
        }
    ],
}


def rdoinfo(content: bytes, _folder: str) -> None:
    files = Memory(**{"rdo.yml": content})
    for finding in lint(files, datetime.date(2026, 11, 21), "rdo.yml"):
        finding.message.encode()
    info = Rdoinfo.read(files, "rdo.yml")
    info.releases, info.components, info.tags, info.buildsys_tags, info.tagged("r")


def tag_file(content: bytes, _folder: str) -> None:
    file = TagFile(text_of(content), "tags", "tags.yml")
    file.pin("nova", "r", "1.2")
    file.remove("nova", "r")


def deliverables(content: bytes, folder: str) -> None:
    put(folder, "s/d.yaml", content)
    read_deliverables(folder, "s")


DELIVERABLE = {
    "launchpad": "d",
    "type": "library",
    "release-model": "cycle-with-intermediary",
    "team": "t",
    "releases": [{"version": "1.0.0", "projects": [{"repo": "openstack/d", "hash": COMMIT}]}],
    "branches": [{"name": "stable/s", "location": "1.0.0"}],
    "repository-settings": {"openstack/d": {}},
}
CONSTRAINTS = "nova===1.0\nalpha===2.0;python_version=='3.9'\nalpha===3.0;python_version>='3.10'\n# x\n"


def constraints(content: bytes, _folder: str) -> None:
    for skip in (True, False):
        parsed, _notes = parse_constraints(text_of(content), "upper-constraints.txt", skip)
        constraints_for(parsed, "3.9", "upper-constraints.txt")


PYPROJECT = """[project]
name = "x"
dependencies = ["alpha>=1; python_version<'3'", "beta[extra]~=2"]
[project.optional-dependencies]
test = ["gamma"]
[build-system]
requires = ["setuptools"]
"""
SETUP = (
    "[options]\ninstall_requires =\n  alpha>=1\nsetup_requires = pbr\n[extras]\ntest =\n  gamma:python_version=='3.9'\n"
)


def upstream(content: bytes, _folder: str) -> None:
    for name in ("pyproject.toml", "setup.cfg", "requirements.txt"):
        with contextlib.suppress(InvalidInput):
            read_metadata(Memory(**{name: content}))
        try:
            found = UpstreamRequirements(Memory(**{name: content}))
        except InvalidInput:
            continue
        found.for_python(found.run, "3.9"), found.for_python(found.build, "3.9")
        found.for_python(found.optional, "3.9")


SPEC = """%global milestone .0rc1
%{!?upstream_version: %global upstream_version %{version}%{?milestone}}
Name: python-alpha
Epoch: 1
Version: 1.0
Release: 0.1%{?milestone}%{?dist}
Source0: https://example.org/%{name}-%{version}.tar.gz
Requires: python3-beta >= 2:1.0, (gamma if delta)
%if 0%{?rhel}
BuildRequires: python3-devel
%endif
%description
x
%package -n python3-alpha
Summary: x
Requires(post): %{_bindir}/x
%description -n python3-alpha
x
%prep
%autosetup -n alpha-%{upstream_version}
%build
%py3_build
%install
%py3_install
%files
%{python3_sitelib}/alpha-*.egg-info
"""


def spec(content: bytes, _folder: str) -> None:
    read = SpecText(text_of(content))
    files_of(read)
    try:
        new = migrate(read, ["doc8"], ["pbr"])
    except Refused:
        return
    assert migrate(SpecText(new.text), ["doc8"], ["pbr"]).text == new.text


def release_file(content: bytes, _folder: str) -> None:
    """What is set stands there afterwards, or it is refused."""
    text = set_values(text_of(content), {"labels.target": "new: 1"}, "x.yml")
    add_items(text, {"scenarios": ["new"]}, "x.yml")


# Packages


def names(content: bytes, _folder: str) -> None:
    for line in text_of(content).split("\n")[:20]:
        for parse in (Nevra.parse, Nevra.parse_nvr, Evr.parse):
            try:
                parse(line)
            except InvalidInput:
                continue
        Evr.parse("1:1-1").compare(Evr(0, line, line))


def rich(content: bytes, _folder: str) -> None:
    text = text_of(content)
    if is_structured(text):
        alternatives(text)
    atoms(text)


# Logs and reports

LOG = "+ dnf -y install /x/a.rpm\n Problem: nothing provides b >= 1 needed by a-1-1.noarch\n= exit 1 after 2.0 s\n"
SECRETS = "password: |\n  s3cret\nhttps://u:s3cret@h/\n-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"


def log(content: bytes, _folder: str) -> None:
    diagnose(text_of(content)), first_error(text_of(content))


def secrets(content: bytes, _folder: str) -> None:
    masker = Masker(["known"])
    for line in after_cut("cut\n" + text_of(content)).splitlines(keepends=True):
        masker.line(line).encode()


JUNIT = '<testsuites tests="2"><testsuite name="s" tests="2" failures="1" time="1.5"><testcase classname="a" name="b"/>'
JUNIT += '<testcase name="c" time="0.5"><failure message="m">t</failure></testcase></testsuite></testsuites>'
SUBUNIT = b"\xb3+\x05\x0fk\x00\xdf\x00\x00\x01a(^\x96\xb2\xb3+\x05\x0fk\x00\xdf\x01\x00\x01b\t\xeb\xa0m"


def results(content: bytes, folder: str) -> None:
    _kind, found = read_results(put(folder, "results", content))
    found.summary()
    if b"failure" in content and b"<testsuites" in content and found.success:
        # Whoever takes the failure out of the file does so to all that declares it.
        assert b'failures="1"' not in content


STEP = {
    "schema": "rdo.releng/step/1",
    "step": "build",
    "stage": "build",
    "status": "done",
    "started_at": "2026-11-21T08:33:20.000Z",
    "seconds": 1.5,
    "summary": "s",
    "details": "d",
    "stand_in": None,
    "heads": ["a"],
    "rows": [["x", {"text": "y", "target": "z"}]],
    "links": [{"text": "l", "target": "t"}],
}


def steps(content: bytes, folder: str) -> None:
    put(folder, "step-build.json", content)
    report = summarize("title", read_steps(folder))
    shape_for_page(report, os.path.join(folder, "x.html"), folder)
    render_text(report, os.path.join(folder, "x.html")).encode()


JOURNAL = {
    "schema": "rdo.releng/journal/1",
    "at": "2026-11-21T08:33:20Z",
    "stage": "build",
    "what": "nova",
    "state": "begun",
    "whose": "ours",
    "detail": "",
    "url": "",
}


def journal(content: bytes, folder: str) -> None:
    lines, _damaged = read_journal(put(folder, "journal.jsonl", content))
    if lines:
        measure(lines, NOW)


# Zuul

SITE = {
    "schema": "rdo.releng/site/1",
    "project": "config",
    "promote": "promote",
    "distros": {"el9s": {"nodeset": "node", "base": [{"id": "base", "url": "https://example.org/{release}"}]}},
    "scenarios": {"tests": {"role": "a.b.c", "variables": {"text": "{upstream_branch}"}}},
}
RELEASE = {
    "schema": "rdo.releng/release/1",
    "release": "epoxy",
    "branch": "epoxy-rdo",
    "upstream_branch": "stable/2025.1",
    "timer": "0 3 * * *",
    "labels": {"source": "consistent", "staging": "passed-testing", "target": "passed"},
    "distros": {"el9s": {"python": "3.9", "trunk_url": "https://example.org/trunk", "secret": "dlrn"}},
    "scenarios": ["tests"],
}


def definition(content: bytes, folder: str) -> None:
    site = put(folder, "site.yml", json.dumps(SITE).encode())
    known = read_site(site)
    render(known, read_release(put(folder, "epoxy.yml", content), known))


def site(content: bytes, folder: str) -> None:
    known = read_site(put(folder, "site.yml", content))
    render(known, read_release(put(folder, "epoxy.yml", json.dumps(RELEASE).encode()), known))


TARGETS = {
    target.name: target
    for target in (
        Target("criteria", criteria, (CRITERIA, {"t": {"c": ["j"]}}, {"t": ["j"]})),
        Target("waivers", waivers, (WAIVERS,)),
        Target("lockfile", lockfile, (LOCKFILE,)),
        Target("vote_file", vote_file, (VOTE,)),
        Target("dlrn_votes", dlrn_votes, (VOTES,)),
        Target("commit_yaml", commit_yaml, (COMMIT_YAML,)),
        Target("repository", repository, (REPOMD,)),
        Target("repo_file", repo_file, (REPO,)),
        Target("versions_csv", versions_csv, (CSV,)),
        Target("filelists", filelists, (FILELISTS,)),
        Target("modules", modules, ("".join(f"---\n{yaml.safe_dump(one)}" for one in MODULES), MODULES[0])),
        Target("rdoinfo", rdoinfo, (RDOINFO,)),
        Target("tag_file", tag_file, ("packages:\n- project: nova\n  tags:\n    r:\n      source-branch: 1.0\n",)),
        Target("deliverables", deliverables, (DELIVERABLE,)),
        Target("constraints", constraints, (CONSTRAINTS,)),
        Target("upstream", upstream, (PYPROJECT, SETUP, "alpha>=1 # x\n-r other.txt\nbeta[e]==1;python_version<'4'\n")),
        Target("spec", spec, (SPEC,)),
        Target("names", names, ("a-1:1.0-1.el9.noarch\nopenstack-nova-1.0~rc1-0.1.el9\n1:2-3",)),
        Target("rich", rich, ("(a >= 1 if (b or c) else d)", "(a with b < 2)", "python3dist(x) = 1")),
        Target("log", log, (LOG,)),
        Target("secrets", secrets, (SECRETS,)),
        Target("results", results, (JUNIT, SUBUNIT, "test: a\nsuccess: a\ntest: b\nfailure: b [\nx\n]\n")),
        Target("steps", steps, (STEP,)),
        Target("journal", journal, (json.dumps(JOURNAL) + "\n",)),
        Target("definition", definition, (RELEASE,)),
        Target("site", site, (SITE,)),
        Target("release_file", release_file, (RELEASE,)),
    )
}
