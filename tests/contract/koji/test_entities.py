# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags and what hangs on them: made, made again, changed, changed again, removed, removed again."""

from __future__ import annotations

import pytest
from koji_double import Hub, Server, everything_read_in_source
from stage.modules import run_module

from ansible_collections.rdo.releng.plugins.module_utils._koji.entities import (
    ExternalRepoEntity,
    InheritanceEntity,
    TargetEntity,
)
from ansible_collections.rdo.releng.plugins.module_utils._koji.package_list import PackagesEntity
from ansible_collections.rdo.releng.plugins.module_utils._koji.query import build_info, tag_info
from ansible_collections.rdo.releng.plugins.module_utils._koji.session import Hub as Session
from ansible_collections.rdo.releng.plugins.module_utils._koji.tag import TagEntity
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound

CONNECTION = dict.fromkeys(("koji", "topurl", "authtype", "cert", "serverca", "principal", "keytab")) | {
    "user": "kojiadmin", "password": "kojiadmin", "timeout": 5.0, "deadline": 30.0, "retries": 3,
}  # fmt: skip
OPTIONS = {
    TagEntity: ("arches", "perm", "locked", "maven_support", "maven_include_all", "extra", "inheritance",
                "external_repos", "packages", "blocked_packages", "groups"),
    InheritanceEntity: ("priority", "maxdepth", "intransitive", "noconfig", "pkg_filter"),
    PackagesEntity: ("packages", "blocked_packages"),
    TargetEntity: ("build_tag", "dest_tag"),
    ExternalRepoEntity: ("url",),
}  # fmt: skip


@pytest.fixture
def server():
    """With all that was only read in the hub's source."""
    server = Server(Hub(everything_read_in_source()))
    server.hub.seed_tag("parent")
    server.hub.seed_tag("other")
    server.hub.seed_tag("child")
    yield server
    server.stop()


@pytest.fixture
def bring(server):
    """Does what the module does; the sentences, and what it returns."""

    def run(kind, check=False, **params):
        given = {**CONNECTION, **dict.fromkeys(OPTIONS[kind]), "state": "present", "server": server.url, **params}
        server.reset()
        change = kind(given, check)
        plan = change.plan()
        assert server.written == []
        assert "login" not in server.calls
        if check or not plan.actions:
            return plan.actions, plan.result[kind.kind]
        done = change.apply(plan)[kind.kind]
        assert server.hub.sessions == {}
        return plan.actions, done

    return run


LIVES = [
    (
        TargetEntity,
        {"name": "target", "build_tag": "child", "dest_tag": "parent"},
        ["create target target from child to parent"],
        {"name": "target", "dest_tag": "other"},
        ["set dest_tag from parent to other"],
        {"name": "target", "build_tag": "child", "dest_tag": "other"},
        ["delete target target"],
    ),
    (
        ExternalRepoEntity,
        {"name": "ext", "url": "https://mirror.example.com/$arch"},
        ["create external repository ext at https://mirror.example.com/$arch/"],
        {"name": "ext", "url": "https://mirror.example.com/new/$arch/"},
        ["set url of ext to https://mirror.example.com/new/$arch/"],
        {"id": 1, "name": "ext", "url": "https://mirror.example.com/new/$arch/"},
        ["delete external repository ext"],
    ),
    (
        InheritanceEntity,
        {"child_tag": "child", "parent_tag": "parent", "priority": 10, "maxdepth": "0"},
        ["add parent parent of child, priority 10, maxdepth 0"],
        {"child_tag": "child", "parent_tag": "parent", "pkg_filter": "^nova$"},
        ["change parent parent of child, priority 10, maxdepth 0, pkg_filter ^nova$"],
        {"parent": {"priority": 10, "maxdepth": 0, "pkg_filter": "^nova$", "noconfig": False, "intransitive": False}},
        ["remove parent parent of child"],
    ),
    (
        PackagesEntity,
        {"tag": "child", "packages": {"alice": ["nova"]}},
        ["add package nova to child, owner alice"],
        {"tag": "child", "packages": {"kojiadmin": ["nova"]}},
        ["set owner of package nova in child to kojiadmin"],
        {"nova": {"owner": "kojiadmin", "blocked": False}},
        ["remove package nova from child"],
    ),
    (
        TagEntity,
        {"name": "tag", "arches": "x86_64", "extra": {"a": 1}},
        ["create tag tag"],
        {"name": "tag", "locked": True, "extra": {"b": 2}},
        ["set locked from False to True, extra from {'a': 1} to {'b': 2} of tag"],
        {"name": "tag", "arches": "x86_64", "extra": {"b": 2}, "locked": True, "perm": None, "maven_support": False}
        | {"maven_include_all": False},
        ["delete tag tag"],
    ),
]


@pytest.mark.parametrize(
    ("kind", "made", "making", "changed", "changing", "there", "removing"),
    LIVES,
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_life(kind, made, making, changed, changing, there, removing, bring):
    names = ("name", "child_tag", "parent_tag", "tag", "packages")
    for params, sentences in ((made, making), (changed, changing)):
        assert bring(kind, check=True, **params)[0] == sentences
        assert bring(kind, **params)[0] == sentences
        assert bring(kind, **params)[0] == []
    assert bring(kind, **changed)[1] == there
    gone = {key: value for key, value in changed.items() if key in names}
    assert bring(kind, check=True, state="absent", **gone)[0] == removing
    assert bring(kind, state="absent", **gone) == (removing, None)
    assert bring(kind, state="absent", **gone) == ([], None)


def test_a_tag_has_all_that_is_named_and_no_more(bring, server):
    server.hub.do_createExternalRepo(server.hub.users["kojiadmin"], "base", "https://mirror.example.com/base/")
    server.hub.do_createExternalRepo(server.hub.users["kojiadmin"], "crb", "https://mirror.example.com/crb/")
    server.hub.seed_packages("parent", ["heat"])
    whole = {
        "name": "child",
        "inheritance": [{"parent": "parent", "priority": 0}, {"parent": "other", "priority": 10, "maxdepth": 1}],
        "external_repos": [{"repo": "base", "priority": 5, "merge_mode": "bare"}],
        "packages": {"alice": ["nova", "glance"]},
        "groups": {"build": ["bash", "rpm-build"]},
    }
    actions, tag = bring(TagEntity, **whole)
    assert actions == [
        "let child inherit from parent (0), other (10)",
        "add external repository base to child, priority 5",
        "add package nova to child, owner alice",
        "add package glance to child, owner alice",
        "add group build to child",
        "add bash to group build of child",
        "add rpm-build to group build of child",
    ]
    assert tag["external_repos"] == {"base": {"priority": 5, "merge_mode": "bare", "arches": None}}
    assert tag["inheritance"]["other"]["maxdepth"] == 1
    assert bring(TagEntity, **whole)[0] == []
    # Blocked packages are a matter of their own, and what is not given stays as it is.
    assert bring(TagEntity, name="child", blocked_packages=["heat"])[0] == ["block package heat in child"]
    changed = {
        "name": "child",
        "inheritance": [{"parent": "other", "priority": 0}, {"parent": "parent", "priority": 5}],
        "external_repos": [{"repo": "base", "priority": 6}, {"repo": "crb", "priority": 7}],
        "packages": {"alice": ["nova"]},
        "blocked_packages": [],
        "groups": {"build": ["bash"]},
    }
    assert bring(TagEntity, **changed)[0] == [
        "let child inherit from other (0), parent (5)",
        "set priority 6 of external repository base on child",
        "add external repository crb to child, priority 7",
        "remove package glance from child",
        "remove package heat from child",
        "remove rpm-build from group build of child",
    ]
    assert bring(TagEntity, **changed)[0] == []
    assert server.hub.tag_repos[3][0]["merge_mode"] == "bare"
    assert bring(TagEntity, name="child", inheritance="", packages="", external_repos="", groups="")[0] == []
    emptied = bring(TagEntity, name="child", inheritance=[], external_repos=[], packages={}, groups={})[0]
    assert len(emptied) == 6
    assert bring(TagEntity, name="child", perm="repo")[1]["perm"] == "repo"
    assert bring(TagEntity, name="child", perm=3)[0] == []
    assert bring(TagEntity, name="child", perm="")[0] == []
    assert bring(TagEntity, name="child", perm=False)[1]["perm"] is None


def test_lists_and_blocks_of_packages_come_out_right_at_once(bring, server):
    """Whatever is there before, a second run has nothing to do."""
    hub = server.hub
    hub.seed_packages("parent", ["bash"], owner="alice")
    hub.seed_packages("parent", ["vim"], blocked=True)
    hub.link(hub.tag("child")["id"], hub.tag("parent")["id"], 0)
    hub.seed_packages("child", ["nova", "glance"])
    hub.seed_packages("child", ["heat", "swift", "bash"], blocked=True)

    def settle(*sentences, **lists):
        assert bring(TagEntity, check=True, name="child", **lists)[0] == list(sentences)
        assert bring(TagEntity, name="child", **lists)[0] == list(sentences)
        assert bring(TagEntity, name="child", **lists)[0] == []

    # A list alone leaves blocks alone, and the other way round.
    settle("remove package glance from child", packages={"alice": ["nova"]})
    settle("unblock package swift in child", blocked_packages=["heat", "bash", "vim"])
    # What is to be blocked keeps its entry; a block that is to go goes with its entry, or becomes a listing.
    settle(
        "add package cinder to child, owner alice",
        "set owner of package heat in child to kojiadmin",
        "remove package swift from child",
        "block package nova in child",
        "block package cinder in child",
        "unblock package heat in child",
        packages={"alice": ["cinder"], "kojiadmin": ["heat"]},
        blocked_packages=["nova", "cinder", "bash"],
    )
    # bash is listed above; vim is blocked there.
    settle(
        "set owner of package bash in child to kojiadmin",
        "unblock package vim in child",
        "set owner of package vim in child to kojiadmin",
        "remove package nova from child",
        "remove package cinder from child",
        "remove package heat from child",
        "unblock package bash in child",
        packages={"kojiadmin": ["bash", "vim"]},
        blocked_packages=[],
    )
    assert bring(PackagesEntity, tag="child", packages={"kojiadmin": ["bash"]})[0] == []
    assert sorted(hub.listed[hub.tag("child")["id"]]) == ["vim"]


def test_external_repositories_change_places(bring, server):
    for name in ("base", "crb", "extras"):
        server.hub.do_createExternalRepo(server.hub.users["kojiadmin"], name, "https://mirror.example.com/")
    repos = [{"repo": "base", "priority": 5, "merge_mode": "bare"}, {"repo": "crb", "priority": 10}]
    bring(TagEntity, name="child", external_repos=repos)
    changed = [{"repo": "base", "priority": 10}, {"repo": "crb", "priority": 20}, {"repo": "extras", "priority": 5}]
    actions, tag = bring(TagEntity, name="child", external_repos=changed)
    assert actions == [
        "take external repository base off child",
        "set priority 20 of external repository crb on child",
        "add external repository base to child, priority 10",
        "add external repository extras to child, priority 5",
    ]
    assert {name: repo["priority"] for name, repo in tag["external_repos"].items()} == {
        "base": 10,
        "crb": 20,
        "extras": 5,
    }
    assert tag["external_repos"]["base"]["merge_mode"] == "bare"
    assert bring(TagEntity, name="child", external_repos=changed)[0] == []


def test_groups_that_are_inherited_are_there(bring, server):
    server.hub.link(server.hub.tag("child")["id"], server.hub.tag("parent")["id"], 0)
    bring(TagEntity, name="parent", groups={"build": ["bash", "tar"]})
    assert bring(TagEntity, name="child", groups={"build": ["bash"]})[0] == []
    added = {"build": ["bash", "make"], "srpm-build": ["git"]}
    assert bring(TagEntity, name="child", groups=added)[0] == [
        "add make to group build of child",
        "add group srpm-build to child",
        "add git to group srpm-build of child",
    ]
    assert bring(TagEntity, name="child", groups=added)[0] == []
    # A group that comes back does not bring back what was in it.
    assert len(bring(TagEntity, name="child", groups={"build": []})[0]) == 3
    assert bring(TagEntity, name="child", groups={"srpm-build": []})[1]["groups"]["srpm-build"] == []


def test_a_new_parent_takes_the_place_of_one_of_its_priority(bring):
    bring(InheritanceEntity, child_tag="child", parent_tag="parent", priority=10)
    actions, parents = bring(InheritanceEntity, child_tag="child", parent_tag="other", priority=10)
    assert actions == ["add parent other of child, priority 10 instead of parent"]
    assert list(parents) == ["other"]


def test_packages_are_blocked_and_unblocked(bring, server):
    server.hub.seed_packages("child", ["nova", "glance"])
    options = {"tag": "child", "blocked_packages": ["nova"]}
    assert bring(PackagesEntity, state="blocked", **options)[0] == ["block package nova in child"]
    assert bring(PackagesEntity, state="blocked", **options)[0] == []
    assert bring(PackagesEntity, state="unblocked", **options)[0] == ["unblock package nova in child"]
    assert bring(PackagesEntity, state="unblocked", **options)[0] == []


def test_check_mode_goes_on_where_an_earlier_task_would_have_made_something(bring):
    parents = [{"parent": "to-be-made", "priority": 0}]
    assert len(bring(TagEntity, check=True, name="new", inheritance=parents)[0]) == 2
    assert len(bring(InheritanceEntity, check=True, child_tag="new", parent_tag="to-be-made", priority=0)[0]) == 1
    with pytest.raises(NotFound, match="has no tag to-be-made"):
        bring(TagEntity, name="new", inheritance=parents)


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        (TargetEntity, {"name": "t", "build_tag": "child"}, "dest_tag must be set"),
        (ExternalRepoEntity, {"name": "e"}, "url must be set"),
        (InheritanceEntity, {"child_tag": "child", "parent_tag": "parent"}, "priority must be set"),
        (InheritanceEntity, {"child_tag": "child", "parent_tag": "parent", "maxdepth": "deep"}, "maxdepth must be"),
        (TagEntity, {"name": "child", "inheritance": ["parent"]}, "list of mappings with parent and priority"),
        (TagEntity, {"name": "child", "packages": ["nova"]}, "mapping of owners"),
        (TagEntity, {"name": "child", "groups": ["build"]}, "mapping of groups"),
        (TagEntity, {"name": "child", "blocked_packages": "nova"}, "must be a list"),
    ],
)
def test_options_that_can_not_be_meant(kind, params, message, bring):
    with pytest.raises(InvalidInput, match=message):
        bring(kind, **params)


def test_a_lost_answer_is_looked_for(bring, server):
    server.fail("cut-after", "createTag")
    assert bring(TagEntity, name="tag")[0] == ["create tag tag"]
    assert server.written == ["createTag"]


@pytest.mark.parametrize("how", ["cut-before", "cut-after"])
def test_a_new_tag_is_guarded_by_a_permission_s_name(how, bring, server):
    server.fail(how, "editTag2", times=2 if how == "cut-before" else 1)
    steps, tag = bring(TagEntity, name="tag", perm="repo")
    assert steps == ["create tag tag", "set perm from None to 'repo' of tag"]
    assert tag["perm"] == "repo"
    assert bring(TagEntity, name="tag", perm="repo")[0] == []


# As playbooks for ktdreyer.koji_ansible have them.
PLAYBOOKS = [
    ("koji_tag", {"name": "child", "arches": "x86_64", "packages": {"alice": ["ceph"]}}),
    ("koji_tag", {"name": "child", "inheritance": [{"parent": "parent", "priority": 0}], "blocked_packages": []}),
    ("koji_tag", {"name": "child", "perm": "", "groups": {"srpm-build": ["rpm-build"]}, "extra": {"a": 1}}),
    ("koji_tag_inheritance", {"parent_tag": "parent", "child_tag": "child", "priority": 25, "maxdepth": 0}),
    ("koji_tag_packages", {"tag": "child", "packages": {"alice": ["ansible", "ceph"]}}),
    ("koji_target", {"name": "t", "build_tag": "child", "dest_tag": "parent"}),
    ("koji_external_repo", {"name": "cr", "url": "http://mirror.example.com/cr/$arch/"}),
]


@pytest.mark.parametrize(("module", "options"), PLAYBOOKS, ids=[module for module, _options in PLAYBOOKS])
def test_the_modules_take_the_options_of_koji_ansible(module, options, server, tmp_path):
    """A profile named by koji, and nothing else of the connection."""
    (tmp_path / ".koji").mkdir()
    (tmp_path / ".koji" / "config").write_text(f"[kojidev]\nserver = {server.url}\n")
    account = {"KOJI_USER": "kojiadmin", "KOJI_PASSWORD": "kojiadmin", "HOME": str(tmp_path)}

    def run():
        return run_module(module, environment=account, libraries=("koji",), koji="kojidev", state="present", **options)

    result = run()
    assert not result["failed"], result["msg"]
    assert result["changed"]
    assert result["diff"]["before"] != result["diff"]["after"]
    assert not run()["changed"]


def test_what_tags_hold(server):
    hub = server.hub
    hub.link(hub.tag("child")["id"], hub.tag("parent")["id"], 0)
    hub.seed_tagging("child", "nova-2-1", "nova-1-1", "glance-1-1")
    hub.do_groupListAdd(hub.users["kojiadmin"], "child", "build")
    hub.do_groupPackageListAdd(hub.users["kojiadmin"], "child", "build", "bash")
    session = Session(server.url, {})
    everything = ["builds", "external_repos", "groups", "history", "inheritance", "packages"]
    server.reset()
    (tag,) = tag_info(session, ["child"], everything, False, None)["tags"]
    assert server.requests == 1
    assert [(one["nvr"], one["latest_by_hub"], one["latest_by_evr"]) for one in tag["builds"]] == [
        ("glance-1-1", True, True),
        ("nova-1-1", True, False),
        ("nova-2-1", False, True),
    ]
    assert tag["wrong_order"] == ["nova"]
    assert tag["inheritance"] == [{"name": "parent", "depth": 1, "priority": 0}]
    assert tag["groups"] == {"build": ["bash"]}
    assert [one["name"] for one in tag["history"] if one["what"] == "build"] == ["nova-2-1", "nova-1-1", "glance-1-1"]
    assert tag["packages"][0] == {"name": "nova", "owner": "alice", "blocked": False, "tag": "child"}
    with pytest.raises(NotFound, match="has no tag nope"):
        tag_info(session, ["nope"], ["builds"], False, None)
    found = build_info(session, ["nova-1-1", "nova-9-9"], None, ["tags", "rpms"])
    assert found["missing"] == ["nova-9-9"]
    (build,) = found["builds"]
    assert (build["state"], build["tags"], build["rpms"]) == ("COMPLETE", ["child"], [])
    assert [one["nvr"] for one in build_info(session, [], "nova", [])["builds"]] == ["nova-2-1", "nova-1-1"]
