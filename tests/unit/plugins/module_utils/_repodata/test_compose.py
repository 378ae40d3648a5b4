# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a compose's composeinfo.json becomes: base repositories of a candidate, or a sentence."""

from __future__ import annotations

import copy
import json

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, RelengError
from ansible_collections.rdo.releng.plugins.module_utils._repodata.compose import compose_info, parse_compose

ID = "Example-Stream-9-20251110.0"
DATA = {
    "header": {"type": "productmd.composeinfo", "version": "1.2"},
    "payload": {
        "compose": {"id": ID, "type": "production", "date": "20251110", "respin": 0},
        "release": {"name": "Example Stream", "short": "Example-Stream", "version": "9"},
        "variants": {
            "BaseOS": {
                "arches": ["x86_64", "aarch64"],
                "paths": {"repository": {"x86_64": "BaseOS/x86_64/os", "aarch64": "BaseOS/aarch64/os"}},
            },
            "AppStream": {"arches": ["x86_64"], "paths": {"repository": {"x86_64": "AppStream/x86_64/os"}}},
            "Empty": {"arches": []},
        },
    },
}


def ask(compose, **options):
    given = {"variants": [], "arch": "x86_64", "timeout": 5, "deadline": 5, "retries": 0, "ca_path": None}
    return compose_info({"compose": str(compose), **given, **options})


@pytest.fixture
def composes(tmp_path):
    """A folder with one compose, and a name that the newest one has."""
    metadata = tmp_path / ID / "compose" / "metadata"
    metadata.mkdir(parents=True)
    (metadata / "composeinfo.json").write_text(json.dumps(DATA))
    (tmp_path / "latest-Example-Stream").symlink_to(ID)
    return tmp_path


@pytest.mark.parametrize(
    "place", [ID, f"{ID}/", f"{ID}/compose", f"{ID}/compose/metadata/composeinfo.json", "latest-Example-Stream"]
)
def test_the_base_is_of_this_compose_whatever_name_it_was_found_by(composes, place):
    found = ask(f"{composes}/{place}")
    assert (found["id"], found["type"], found["date"], found["respin"]) == (ID, "production", "20251110", 0)
    assert found["release"] == "Example Stream 9"
    assert found["variants"] == ["AppStream", "BaseOS", "Empty"]
    assert found["base"] == [
        {"id": "baseos", "url": f"file://{composes}/{ID}/compose/BaseOS/x86_64/os", "drift": "fail"},
        {"id": "appstream", "url": f"file://{composes}/{ID}/compose/AppStream/x86_64/os", "drift": "fail"},
    ]
    assert [one["baseurl"] for one in found["repositories"]] == [one["url"] for one in found["base"]]
    assert found["url"] == f"file://{composes}/{ID}/compose"
    assert ask(f"file://{composes}/{place}")["base"] == found["base"]


def test_variants_and_architectures_are_as_asked_for(composes):
    found = ask(composes / ID, variants=["BaseOS"], arch="aarch64")
    assert [one["url"].partition("/compose/")[2] for one in found["base"]] == ["BaseOS/aarch64/os"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variants": ["CRB"]}, "has no variant 'CRB'; there are: BaseOS, AppStream, Empty"),
        ({"variants": ["AppStream"], "arch": "aarch64"}, "AppStream .* has no aarch64; there are: x86_64"),
        ({"arch": "s390x"}, "has no repository for s390x"),
    ],
)
def test_what_it_does_not_have_is_named_with_what_there_is(composes, options, message):
    with pytest.raises(NotFound, match=message):
        ask(composes / ID, **options)


def changed(*path, value):
    data = copy.deepcopy(DATA)
    place = data
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return json.dumps(data)


REPOSITORY = ("payload", "variants", "BaseOS", "paths", "repository", "x86_64")


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", json.dumps(DATA)[:200], "[" * 10000,
        changed("header", "type", value="productmd.images"),
        changed("header", "version", value="2.0"),
        changed("payload", "variants", value=[]),
        changed("payload", "variants", value={"../x": {}}),
        changed("payload", "compose", "id", value="../../etc"),
        changed("payload", "compose", "respin", value="many"),
        *(changed(*REPOSITORY, value=one) for one in ("../up", "a/../../b", "/etc", "http://x/y", "a b", "a/..")),
        *(changed(*REPOSITORY, value=one) for one in ("", None)),
    ],
)  # fmt: skip
def test_what_is_no_composeinfo_is_a_sentence(text):
    with pytest.raises(InvalidInput, match="The composeinfo here"):
        parse_compose(text, "here")


def test_where_nothing_is_it_is_said(tmp_path):
    with pytest.raises(RelengError, match="composeinfo.json"):
        ask(tmp_path / "nosuch")
