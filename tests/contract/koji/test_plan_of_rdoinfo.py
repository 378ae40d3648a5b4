# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real rdoinfo against a hub that holds it, and against one that was damaged."""

from __future__ import annotations

import pytest
from koji_double import Hub, Server
from seeding import RDOINFO, options, read_wanted, seed

from ansible_collections.rdo.releng.plugins.module_utils._service.hub.tag_plan import TagBuilds

EPOXY = "cloud9s-openstack-epoxy"


@pytest.fixture(scope="module")
def wanted():
    if not (RDOINFO / "rdo-full.yml").exists():
        pytest.skip(f"there is no rdoinfo at {RDOINFO}: set RELENG_SHARED to the folder with data/rdoinfo")
    return read_wanted()


@pytest.fixture
def epoxy(wanted):
    """A hub that holds the release epoxy as rdoinfo wants it."""
    server = Server(Hub())
    seed(server.hub, wanted, "epoxy")
    yield server
    server.stop()


def plan(server, tmp_path, **more):
    work = TagBuilds(options(server.url, tmp_path, release="epoxy", **more), True).plan()
    return work.result["plan"], work


def test_a_hub_that_holds_it_differs_in_nothing(epoxy, tmp_path):
    document, work = plan(epoxy, tmp_path)
    assert document["actions"] == []
    assert document["refused"] == []
    assert work.actions == []
    # One for the event, and one for each of the seven tags.
    assert epoxy.requests == 8
    assert epoxy.written == []
    assert "login" not in epoxy.calls


def test_each_kind_of_damage_is_found_and_named(epoxy, tmp_path):
    hub = epoxy.hub
    admin = hub.users["kojiadmin"]
    testing, release, build = (f"{EPOXY}-{name}" for name in ("testing", "release", "el9s-build"))
    candidate = f"{EPOXY}-candidate"
    ids = {name: hub.tag(name)["id"] for name in (testing, release, build, candidate)}

    def take_out(tag, nvr):
        hub.remove_tagging(ids[tag], hub.nvrs[nvr], admin)

    nvrs = {name: {hub.builds[one]["name"]: hub.builds[one]["nvr"] for one in hub.tagged[ids[name]]} for name in ids}
    # missing, and missing where the package is not listed either
    take_out(testing, nvrs[testing]["GitPython"])
    take_out(testing, nvrs[testing]["abseil-cpp"])
    hub.unlist_package(ids[testing], "abseil-cpp", admin)
    # replaced by an older one, with and without the wanted one still there
    older = "openstack-nova-1.0.0-1.el9s"
    take_out(testing, nvrs[testing]["openstack-nova"])
    hub.seed_tagging(testing, older)
    hub.seed_tagging(testing, "openstack-glance-1.0.0-1.el9s")
    # something newer than wanted
    hub.seed_tagging(testing, "openstack-heat-99.0.0-1.el9s")
    # nobody's build, and one that has gone on
    hub.seed_tagging(release, "nobodys-1.0-1.el9s")
    hub.seed_tagging(candidate, nvrs[testing]["openstack-keystone"])
    document, work = plan(epoxy, tmp_path, owner="alice")
    actions = {(one["action"], one["tag"], one.get("build", one["package"])) for one in document["actions"]}
    assert actions == {
        ("tag", testing, nvrs[testing]["GitPython"]),
        ("register", testing, "abseil-cpp"),
        ("tag", testing, nvrs[testing]["abseil-cpp"]),
        ("tag", testing, nvrs[testing]["openstack-nova"]),
        ("untag", testing, older),
        ("retag", testing, nvrs[testing]["openstack-glance"]),
        ("untag", testing, "openstack-glance-1.0.0-1.el9s"),
        ("untag", candidate, nvrs[testing]["openstack-keystone"]),
    }
    refused = {(one["rule"], one["tag"], one["build"]) for one in document["refused"]}
    assert refused == {
        ("downgrade", testing, nvrs[testing]["openstack-heat"]),
        ("unexplained", release, "nobodys-1.0-1.el9s"),
    }
    for nvr in ("nobodys-1.0-1.el9s", older):
        assert nvr in work.result["table"]
    assert epoxy.written == []
