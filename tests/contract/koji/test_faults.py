# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault that the recording has: class, code and text as the client shows them."""

from __future__ import annotations

import contextlib
import typing as t
import xmlrpc.client

import koji
import pytest
from conftest import REAL, World, connect
from koji_double import Hub, Server

A, B, G = "alpha-1.0-1.el9", "beta-2.0-1.el9", "gamma-3.0-1.el9"
CANDIDATE = "cloud9-candidate"


class Case(t.NamedTuple):
    """Who calls what, and what comes of it.

    :param needs_double: a real hub would need policies, or a past, of its own.
    """

    key: str
    call: t.Callable[[World], t.Any]
    error: type[Exception]
    code: int
    text: str
    needs_double: bool = False


def locked(world: World) -> koji.ClientSession:
    world.admin.editTag2(world("cloud9-locked"), locked=True)
    return world.admin


def guarded(world: World) -> koji.ClientSession:
    if world.anonymous.getTag(world("guarded")) is None:
        world.admin.createTag(world("guarded"))
        world.admin.editTag2(world("guarded"), perm="repo")
    world.admin.packageListAdd(world("guarded"), world("alpha"), world.plain_name)
    return world.plain


def deleted(world: World) -> str:
    nvr = world("alpha-9.9-1.el9")
    if world.anonymous.getBuild(nvr) is None:
        world.admin.createEmptyBuild(world("alpha"), "9.9", "1.el9", None)
        world.admin.deleteBuild(nvr)
    return nvr


def tagged(world: World, tag: str, build: str) -> koji.ClientSession:
    world.admin.massTag(world(tag), [world(build)])
    return world.admin


def blocked(world: World) -> koji.ClientSession:
    with contextlib.suppress(koji.GenericError):
        world.admin.packageListBlock(world("cloud9-release"), world("beta"))
    return world.admin


def listed(world: World, tag: str) -> koji.ClientSession:
    world.admin.packageListAdd(world(tag), world("alpha"), world.plain_name)
    return world.plain


def target(world: World) -> koji.ClientSession:
    if world.anonymous.getBuildTarget(world("cloud9")) is None:
        world.admin.createBuildTarget(world("cloud9"), world("cloud9-build"), world(CANDIDATE))
    return world.admin


def external(world: World) -> koji.ClientSession:
    if world.anonymous.getExternalRepo(world("ext-base")) is None:
        world.admin.createExternalRepo(world("ext-base"), "https://mirror.example.com/base/$arch/")
        world.admin.addExternalRepoToTag(world("cloud9-build"), world("ext-base"), 10, "bare")
    return world.admin


def finished(world: World, task: int) -> int:
    for _poll in range(600):
        if world.anonymous.getTaskInfo(task)["state"] not in (0, 1, 4):
            return task
        if REAL:
            koji.time.sleep(0.5)
    raise AssertionError(f"task {task} does not end")


def canceled(world: World) -> int:
    task = world.admin.newRepo(world("cloud9-build"))
    world.admin.cancelTask(task)
    return task


def wrong_key(world: World) -> koji.ClientSession:
    session = connect(world.url, "plain")
    session.sinfo = {**session.sinfo, "session-key": "1-wrong"}
    return session


def linked(world: World) -> koji.ClientSession:
    parent = world.anonymous.getTag(world(CANDIDATE))["id"]
    world.admin.setInheritanceData(world("cloud9-build"), [rule(parent)])
    return world.admin


def rule(parent: int) -> dict[str, t.Any]:
    return {"parent_id": parent, "priority": 0, "maxdepth": None, "intransitive": False, "noconfig": False,
            "pkg_filter": ""}  # fmt: skip


def exclusive(world: World, method: str) -> t.Any:
    first, second = connect(world.url, "plain"), connect(world.url, "plain")
    first.exclusiveSession()
    try:
        return second.callMethod(method, *([] if method == "exclusiveSession" else [world("cloud9-build")]))
    finally:
        first.sharedSession()


def login(world: World) -> t.Any:
    return koji.ClientSession(world.url, {"user": world.plain_name, "password": "wrong"}).login()


DENIED, GENERIC, TAG = koji.ActionNotAllowed, koji.GenericError, koji.TagError
# The texts are those of the recording, with the names under this run's prefix: {p}.
CASES = [
    Case("invalid-method", lambda w: w.anonymous.noSuchMethod(), GENERIC, 1000, "Invalid method: noSuchMethod"),
    Case("parameter", lambda w: w.anonymous.getTag(), koji.ParameterError, 1019,
         "get_tag() missing 1 required positional argument: 'tagInfo'"),
    Case("bad-login", login, koji.AuthError, 1002, "invalid username or password"),
    Case("bad-session", lambda w: wrong_key(w).getLoggedInUser(), koji.AuthError, 1002,
         "Invalid session or bad credentials"),
    Case("locked-user", lambda w: exclusive(w, "getTag"), koji.AuthLockError, 1006,
         "User locked by another session", True),
    Case("no-exclusive", lambda w: exclusive(w, "exclusiveSession"), koji.AuthLockError, 1006,
         "Cannot get exclusive session", True),
    Case("not-logged-in", lambda w: w.anonymous.tagBuild(w(CANDIDATE), w(A)), DENIED, 1004,
         "you must be logged in for this operation"),
    Case("permission", lambda w: w.plain.createTag(w("x")), DENIED, 1004,
         "tag permission required (logged in as {plain})"),
    Case("permission", lambda w: w.plain.createBuildTarget(w("x"), w("cloud9-build"), w(CANDIDATE)), DENIED, 1004,
         "target permission required (logged in as {plain})"),
    Case("permission", lambda w: w.plain.createEmptyBuild("x", "1", "1", None), DENIED, 1004,
         "admin permission required (logged in as {plain})"),
    Case("permission", lambda w: w.plain.newRepo(w("cloud9-build")), DENIED, 1004,
         "regen-repo permission required (logged in as {plain})"),
    Case("permission-anonymous", lambda w: w.anonymous.createTag(w("x")), DENIED, 1004,
         "tag permission required (user not logged in)"),
    Case("policy", lambda w: w.plain.packageListAdd(w("cloud9-common"), w("delta"), w.plain_name), DENIED, 1004,
         "policy violation (package_list)"),
    Case("policy", lambda w: listed(w, "cloud9-locked-by-policy").tagBuild(w("cloud9-locked-by-policy"), w(A)),
         DENIED, 1004, "policy violation (tag)", True),
    Case("policy-says", lambda w: listed(w, "no-tagging-here").tagBuild(w("no-tagging-here"), w(A)), DENIED, 1004,
         "policy violation (tag): policy says no", True),
    Case("tag-exists", lambda w: w.admin.createTag(w("cloud9-common")), GENERIC, 1000,
         "A tag with the name '{p}cloud9-common' already exists"),
    Case("bad-name", lambda w: w.admin.createTag("bad name!"), GENERIC, 1000,
         "Name bad name! does not match RegexNameInternal value"),
    Case("bad-arch", lambda w: w.admin.createTag(w("y"), arches="x86_64,aarch64"), GENERIC, 1000,
         "Architecture can be only [a-zA-Z0-9_-]"),
    Case("no-parent", lambda w: w.admin.createTag(w("y"), parent=w("nope")), GENERIC, 1000,
         "Parent tag '{p}nope' could not be found"),
    Case("no-tag", lambda w: w.anonymous.getTag(w("nope"), strict=True), GENERIC, 1000, "No such tagInfo: '{p}nope'"),
    Case("no-tag", lambda w: w.anonymous.getTag(99999999, strict=True), GENERIC, 1000, "No such tagInfo: 99999999"),
    Case("no-tag", lambda w: w.admin.editTag2(w("nope"), locked=True), GENERIC, 1000, "No such tagInfo: '{p}nope'"),
    Case("no-tag", lambda w: w.anonymous.listTagged(w("nope")), GENERIC, 1000, "No such tagInfo: '{p}nope'"),
    Case("no-entry", lambda w: w.anonymous.listPackages(tagID=w("nope")), GENERIC, 1000,
         "No such entry in table tag: {p}nope"),
    Case("no-entry", lambda w: w.anonymous.getPackage(w("nope"), strict=True), GENERIC, 1000,
         "No such entry in table package: {p}nope"),
    Case("no-entry", lambda w: w.admin.packageListBlock(w("cloud9-release"), w("never-heard-of")), GENERIC, 1000,
         "No such entry in table package: {p}never-heard-of"),
    Case("no-maxdepth", lambda w: linked(w).setInheritanceData(
        w("cloud9-build"), [{"parent_id": w.anonymous.getTag(w("cloud9-testing"))["id"], "priority": 10}]),
        GENERIC, 1000, "No value for maxdepth"),
    Case("same-priority", lambda w: linked(w).setInheritanceData(
        w("cloud9-build"), [rule(w.anonymous.getTag(w("cloud9-testing"))["id"])]),
        GENERIC, 1000, "Multiple parent tags ([{candidate}, {testing}]) cannot have the same priority value (0) "
        "on child tag {build}"),
    Case("target-exists", lambda w: target(w).createBuildTarget(w("cloud9"), w("cloud9-build"), w(CANDIDATE)),
         GENERIC, 1000, "A build target with the name '{p}cloud9' already exists"),
    Case("no-build-tag", lambda w: w.admin.createBuildTarget(w("c"), w("nope"), w(CANDIDATE)), GENERIC, 1000,
         "build tag '{p}nope' does not exist"),
    Case("no-target", lambda w: w.anonymous.getBuildTarget(w("nope"), strict=True), GENERIC, 1000,
         "No such build target: {p}nope"),
    Case("repo-exists", lambda w: external(w).createExternalRepo(w("ext-base"), "https://mirror.example.com/$arch/"),
         GENERIC, 1000, 'An external repo named "{p}ext-base" already exists'),
    Case("repo-on-tag", lambda w: external(w).addExternalRepoToTag(w("cloud9-build"), w("ext-base"), 11),
         GENERIC, 1000, "tag {p}cloud9-build already associated with external repo {p}ext-base"),
    Case("no-repo", lambda w: w.admin.addExternalRepoToTag(w("cloud9-build"), w("nope"), 11), GENERIC, 1000,
         "No such repo: {p}nope"),
    Case("no-owner", lambda w: w.admin.packageListAdd(w("cloud9-common"), w("delta")), GENERIC, 1000,
         "owner not specified"),
    Case("no-user", lambda w: w.admin.packageListAdd(w("cloud9-common"), w("delta"), "nobody-such"), GENERIC, 1000,
         "No such user: 'nobody-such'"),
    Case("no-user", lambda w: w.anonymous.getUser("nobody-such", strict=True), GENERIC, 1000,
         "No such user: 'nobody-such'"),
    Case("user-exists", lambda w: w.admin.createUser(w.plain_name), GENERIC, 1000, "user already exists: {plain}"),
    Case("not-blocked", lambda w: w.admin.packageListUnblock(w("cloud9-common"), w("beta")), GENERIC, 1000,
         "package {p}beta NOT blocked in tag {p}cloud9-common"),
    Case("not-in-listing", lambda w: w.admin.packageListBlock(w("cloud9-locked"), w("alpha")), GENERIC, 1000,
         "Package {p}alpha is not in tag listing for {p}cloud9-locked"),
    Case("no-build", lambda w: w.anonymous.getBuild(w("nope-1-1"), strict=True), GENERIC, 1000,
         "No such build: '{p}nope-1-1'"),
    Case("no-build", lambda w: w.admin.massTag(w("cloud9-common"), [w("nope-1-1")]), GENERIC, 1000,
         "No such build: '{p}nope-1-1'"),
    Case("bad-format", lambda w: w.anonymous.getBuild("nodash"), GENERIC, 1000, "invalid format: nodash"),
    Case("build-tagged", lambda w: tagged(w, "cloud9-common", B).deleteBuild(w(B)), GENERIC, 1000,
         "Cannot delete build, tagged: [{{'name': '{p}cloud9-common', 'tag_id': {common}}}]"),
    Case("no-integer", lambda w: w.anonymous.listRPMs(buildID="nope-1-1"), xmlrpc.client.Fault, 1,
         "<class 'psycopg2.errors.InvalidTextRepresentation'>: invalid input syntax for type integer: \"nope-1-1\"\n"
         "LINE 5:  WHERE (rpminfo.build_id = 'nope-1-1')\n                                   ^\n"),
    Case("already-tagged", lambda w: tagged(w, CANDIDATE, A).tagBuildBypass(w(CANDIDATE), w(A)), TAG, 1003,
         "build {p}alpha-1.0-1.el9 already tagged ({p}cloud9-candidate)"),
    Case("not-tagged", lambda w: w.admin.untagBuildBypass(w("cloud9-testing"), w(B)), TAG, 1003,
         "build {p}beta-2.0-1.el9 not in tag {p}cloud9-testing"),
    Case("not-tagged", lambda w: w.plain.untagBuild(w("no-tagging-here"), w(B)), TAG, 1003,
         "build {p}beta-2.0-1.el9 not in tag {p}no-tagging-here"),
    Case("not-complete", lambda w: w.admin.tagBuildBypass(w("cloud9-common"), deleted(w)), TAG, 1003,
         "build {p}alpha-9.9-1.el9 not complete: state DELETED"),
    Case("not-listed", lambda w: w.plain.tagBuild(w("no-tagging-here"), w(G)), TAG, 1003,
         "Package {p}gamma not in list for {p}no-tagging-here"),
    Case("blocked", lambda w: blocked(w).tagBuild(w("cloud9-release"), w(B)), TAG, 1003,
         "Package {p}beta blocked in {p}cloud9-release"),
    Case("locked", lambda w: locked(w).tagBuildBypass(w("cloud9-locked"), w(A)), DENIED, 1004, "tag is locked"),
    Case("guarded", lambda w: guarded(w).tagBuild(w("guarded"), w(A)), DENIED, 1004,
         "tag requires repo permission"),
    Case("unfinished-task", lambda w: w.admin.getTaskResult(w.admin.newRepo(w("cloud9-build"))), GENERIC, 1000,
         "Task {task} is not finished", True),
    Case("canceled-task", lambda w: w.anonymous.getTaskResult(canceled(w)), GENERIC, 1000, "Task {task} is canceled"),
    Case("no-task", lambda w: w.anonymous.getTaskResult(2000000000), GENERIC, 1000, "No such task"),
    Case("no-row", lambda w: w.anonymous.getTaskInfo(2000000000, strict=True), GENERIC, 1000,
         "query returned no rows"),
    Case("unknown-target", lambda w: w.anonymous.getTaskResult(
        finished(w, w.admin.build("../x.src.rpm", w("nope")))), GENERIC, 1000, "unknown build target: {p}nope"),
    Case("bad-scm", lambda w: w.anonymous.getTaskResult(
        finished(w, target(w).build("git+https://example.com/x", w("cloud9")))), GENERIC, 1000,
        "Unable to parse SCM URL: git+https://example.com/x . Could not find the fragment element."),
    Case("no-history-table", lambda w: w.anonymous.queryHistory(tables=["nope"]), GENERIC, 1000,
         "No such history table: nope"),
]  # fmt: skip
# These have tests of their own: they need more than one call.
ELSEWHERE = {"expired", "duplicate-rpm", "symlink", "dependency", "buildroot"}
ELSEWHERE |= {"bad-header", "no-rpm", "signature-exists", "no-signature", "unsigned-packages"}  # test_hub_signatures.py


def check(case: Case, world: World) -> None:
    with pytest.raises(case.error) as raised:
        case.call(world)
    assert raised.type is case.error
    names = {"p": world.prefix, "plain": world.plain_name, "task": ""}
    for short in ("common", "candidate", "testing", "build"):
        names[short] = world.anonymous.getTag(world(f"cloud9-{short}"))["id"]
    if "{task}" in case.text:
        names["task"] = str(raised.value).split()[1]
    assert raised.value.faultCode == case.code
    text = raised.value.faultString if case.error is xmlrpc.client.Fault else str(raised.value)
    assert text == case.text.format(**names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_a_fault_has_its_class_code_and_text(case, world):
    if REAL and case.needs_double:
        pytest.skip("a real hub would need policies of its own for this")
    check(case, world)


def test_every_recorded_fault_has_its_case():
    assert set(Hub().recording["faults"]) == {case.key for case in CASES} | ELSEWHERE


@pytest.mark.parametrize("change", ["code", "text"])
def test_a_changed_recording_is_noticed(change, only_double):
    """Change each recorded fault in turn: its case fails."""
    server = Server(Hub())
    faults = server.hub.recording["faults"]
    world = World(server.url)
    for case in CASES:
        kept = dict(faults[case.key])
        faults[case.key] = {**kept, "code": 1008} if change == "code" else {**kept, "text": kept["text"] + "!"}
        try:
            with pytest.raises((Exception, pytest.fail.Exception)):
                check(case, world)
        finally:
            faults[case.key] = kept
    server.stop()
