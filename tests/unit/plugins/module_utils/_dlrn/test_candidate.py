# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The candidate: the same bits have the same id, and a lockfile that was touched is refused."""

from __future__ import annotations

import copy
import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.rdo.releng.plugins.module_utils._dlrn.candidate import (
    Candidate,
    hashed_directory,
    read_candidate,
    write_candidate,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound

names = st.from_regex(r"[a-z][a-z0-9._+-]{0,8}", fullmatch=True)
commits = st.text("0123456789abcdef", min_size=40, max_size=40)
checksums = st.text("0123456789abcdef", min_size=64, max_size=64)
times = st.datetimes().map(lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20))
addresses = st.builds("https://mirror.example.org/{}".format, names)


@st.composite
def components(draw, name):
    commit, distro, extended = draw(commits), draw(commits), draw(st.none() | commits)
    return {
        "component": name,
        "commit_hash": commit,
        "distro_hash": distro,
        "extended_hash": extended,
        "built_at": draw(times),
        "repo_url": f"https://trunk.example.org/centos9/{hashed_directory(commit, distro, extended, name)}",
        "repomd_sha256": draw(checksums),
    }


@st.composite
def documents(draw):
    """Candidates as documents without schema and id, of all kinds."""
    document = {
        "kind": draw(st.sampled_from(["dlrn", "koji", "files"])),
        "release": draw(names),
        "distro": draw(names),
        "resolved_at": draw(times),
        "aggregate_hash": None,
        "dependencies": draw(st.none() | st.fixed_dictionaries({"url": addresses, "repomd_sha256": checksums})),
        "base": [
            {"id": name, "url": draw(addresses), "repomd_sha256": draw(checksums), "drift": draw(drifts)}
            for name in draw(st.lists(names, max_size=3, unique=True))
        ],
        "scenarios": [
            {"name": name, "repository": draw(addresses), "revision": draw(commits)}
            for name in draw(st.lists(names, max_size=3, unique=True))
        ],
    }
    if document["kind"] == "dlrn":
        document["source"] = {"api_url": draw(st.none() | addresses), "label": draw(st.none() | names)}
        chosen = draw(st.just([None]) | st.lists(names, min_size=1, max_size=4, unique=True))
        document["components"] = [draw(components(name)) for name in chosen]
        document["aggregate_hash"] = draw(st.none() | st.text("0123456789abcdef", min_size=32, max_size=32))
    elif document["kind"] == "files":
        document["source"] = {}
        document["files"] = [
            {"name": name, "url": draw(addresses), "sha256": draw(checksums)}
            for name in draw(st.lists(names, min_size=1, max_size=4, unique=True))
        ]
    else:
        document["source"] = {"hub": draw(addresses), "tag": draw(names), "event": draw(st.integers(0, 2**31))}
        document["builds"] = [
            {"nvr": f"{name}-1.0-1.el9", "build_id": draw(st.integers(1, 2**31))}
            for name in draw(st.lists(names, min_size=1, max_size=4, unique=True))
        ]
    return document


drifts = st.sampled_from(["fail", "record"])


def with_id(document):
    """The document with the schema and the id that belong to it."""
    from ansible_collections.rdo.releng.plugins.module_utils._dlrn import candidate

    return Candidate(**candidate._fields(Candidate, copy.deepcopy(document), candidate.PARTS)).document()


@given(documents())
def test_what_is_written_is_read_again(document):
    whole = with_id(document)
    candidate = Candidate.from_document(json.loads(json.dumps(whole)))
    assert candidate.document() == whole


@given(documents(), st.randoms())
def test_the_id_does_not_depend_on_order_or_on_how_it_was_found(document, random):
    other = copy.deepcopy(document)
    for name in ("components", "builds", "files", "base", "scenarios"):
        random.shuffle(other.get(name, []))
    other["resolved_at"] = "2001-02-03T04:05:06Z"
    if other["kind"] == "dlrn":
        other["aggregate_hash"] = "0" * 32
    for name, value in (("label", "elsewhere"), ("tag", "elsewhere")):
        if name in other["source"]:
            other["source"][name] = value
    assert with_id(other)["id"] == with_id(document)["id"]


@given(documents(), st.data())
def test_the_id_depends_on_every_bit(document, data):
    name = data.draw(
        st.sampled_from([key for key in ("components", "builds", "files", "base", "scenarios") if document.get(key)])
    )
    other = copy.deepcopy(document)
    entry = data.draw(st.sampled_from(other[name]))
    if name == "builds":
        entry["build_id"] += 1
    elif name == "scenarios":
        entry["revision"] = entry["revision"].translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    else:
        key = "sha256" if name == "files" else "repomd_sha256"
        entry[key] = entry[key].translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    assert with_id(other)["id"] != with_id(document)["id"]


@settings(max_examples=30)
@given(documents(), st.randoms())
def test_the_same_inputs_give_the_same_bytes(tmp_path_factory, document, random):
    folder = tmp_path_factory.mktemp("same")
    candidate = Candidate.from_document(with_id(document))
    keys = list(document)
    random.shuffle(keys)
    again = Candidate.from_document(with_id({key: document[key] for key in keys}))
    write_candidate(str(folder / "one"), candidate)
    write_candidate(str(folder / "two"), again)
    assert (folder / "one").read_bytes() == (folder / "two").read_bytes()
    assert read_candidate(str(folder / "one")) == candidate


@settings(max_examples=30)
@given(documents(), st.data())
def test_a_lockfile_that_ends_early_is_refused(tmp_path_factory, document, data):
    path = tmp_path_factory.mktemp("short") / "candidate.json"
    write_candidate(str(path), Candidate.from_document(with_id(document)))
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 3))])
    with pytest.raises(InvalidInput, match=str(path)):
        read_candidate(str(path))


COMMIT, DISTRO = "ab" * 20, "cd" * 20
GOOD = {
    "kind": "dlrn",
    "release": "master",
    "distro": "centos9",
    "resolved_at": "2026-01-31T12:00:00Z",
    "source": {"api_url": "https://trunk.example.org/api", "label": "consistent"},
    "aggregate_hash": "0" * 32,
    "components": [
        {
            "component": "common",
            "commit_hash": COMMIT,
            "distro_hash": DISTRO,
            "extended_hash": None,
            "built_at": "2026-01-30T12:00:00Z",
            "repo_url": f"https://trunk.example.org/centos9/{hashed_directory(COMMIT, DISTRO, None, 'common')}",
            "repomd_sha256": "1" * 64,
        }
    ],
    "dependencies": None,
    "base": [{"id": "baseos", "url": "https://m.example.org/os", "repomd_sha256": "2" * 64, "drift": "fail"}],
    "scenarios": [{"name": "p", "repository": "https://git.example.org/p", "revision": "e" * 40}],
}


def test_there_is_no_lockfile(tmp_path):
    with pytest.raises(NotFound, match="no candidate lockfile at"):
        read_candidate(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("release",), "../x", r"'\.\./x' is not a release"),
        (("release",), "a b", "'a b' is not a release"),
        (("distro",), "a\nb", r"'a\\nb' is not a distro"),
        (("distro",), 9, "9 is not a distro"),
        (("kind",), "brew", "'brew' is not known"),
        (("kind",), "koji", "builds, at least one, and no components"),
        (("kind",), "files", "files, at least one, and no components"),
        (
            ("files",),
            [{"name": "a", "url": "https://x.example.org/a", "sha256": "1" * 64}],
            "and no builds and no files",
        ),
        (("resolved_at",), "yesterday", "'yesterday' is not a resolved_at"),
        (("resolved_at",), "2026-02-31T12:00:00Z", "is not a resolved_at"),
        (("source",), {}, "keys api_url, label"),
        (("source", "label"), "../../etc", "not a label of the source"),
        (("source", "api_url"), "https://ci:secret@example.org", "must not carry a user or password"),
        (("aggregate_hash",), "deadbeef", "'deadbeef' is not an aggregate_hash"),
        (("components",), [], "at least one"),
        (("components",), {}, "not a list"),
        (("components",), [None], "components\\[0\\] is None"),
        (("components",), GOOD["components"] * 2, "names twice among its components: common"),
        (("components", 0, "component"), "../x", "not a component"),
        (("components", 0, "commit_hash"), "main", "'main' is not a commit_hash"),
        (("components", 0, "commit_hash"), "AB" * 20, "is not a commit_hash"),
        (("components", 0, "distro_hash"), None, "None is not a distro_hash"),
        (("components", 0, "distro_hash"), "ef" * 20, "is not the hashed directory of its commit"),
        (("components", 0, "extended_hash"), "a/b", "is not an extended_hash"),
        (("components", 0, "built_at"), 1, "1 is not a built_at"),
        (("components", 0, "repo_url"), "https://trunk.example.org/centos9/current", "not the hashed directory"),
        (("components", 0, "repo_url"), "https://trunk.example.org/../x", "must not have"),
        (("components", 0, "repo_url"), "gopher://trunk.example.org/", "does not begin with one of"),
        (("components", 0, "repo_url"), "https://[x", "Invalid IPv6 URL"),
        (("components", 0, "repomd_sha256"), "", "is not a repomd_sha256"),
        (("components", 0, "extra"), 1, "unknown keys: 'extra'"),
        (("extra",), 1, "unknown keys: 'extra'"),
        (("dependencies",), [], "dependencies is \\[\\], not a mapping"),
        (("dependencies",), {"url": "https://m.example.org/deps"}, "dependencies lacks repomd_sha256"),
        (("base", 0, "id"), "a]\n[b", "not an id of a base repository"),
        (("base", 0, "drift"), "ignore", "'ignore'; fail or record"),
        (("base", 0, "url"), "https://m.example.org/os\nenabled=1", "address without spaces"),
        (("scenarios", 0, "revision"), "master", "'master' is not a revision"),
        (("scenarios", 0, "repository"), "ext::sh -c id", "not a git repository"),
        (("scenarios", 0, "repository"), "--upload-pack=id", "not a git repository"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_name(place, value, message):
    document = with_id(GOOD)
    target = document
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(InvalidInput, match=message):
        Candidate.from_document(document)


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"components"}))
def test_every_key_has_to_be_there(name):
    document = with_id(GOOD)
    del document[name]
    with pytest.raises(InvalidInput, match=f"lacks {name}"):
        Candidate.from_document(document)


def test_an_edited_lockfile_is_refused():
    document = with_id(GOOD)
    document["components"][0]["repomd_sha256"] = "3" * 64
    with pytest.raises(InvalidInput, match="was edited"):
        Candidate.from_document(document)


@pytest.mark.parametrize("text", ["", "[]", "null", "x", "{}", '{"schema": "rdo.releng/decision/1"}'])
def test_another_file_is_no_lockfile(tmp_path, text):
    (tmp_path / "c").write_text(text)
    with pytest.raises(InvalidInput, match="schema|not a mapping"):
        read_candidate(str(tmp_path / "c"))


@given(commits, commits, st.text(string.hexdigits, min_size=1, max_size=60))
def test_hashed_directories_stay_below_their_folder(commit, distro, extended):
    assert hashed_directory(commit, distro, extended, "c").count("/") == 4
