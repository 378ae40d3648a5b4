# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's session: when it logs in, what it tries again, and what its errors say."""

from __future__ import annotations

import json

import koji
import pytest

from ansible_collections.rdo.releng.plugins.module_utils._koji.session import Hub, HubFault, call
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, Unavailable


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def hub(double, pauses):
    double.hub.seed_tag("cloud9-candidate")
    double.hub.seed_build("alpha-1.0-1.el9")
    login = {"user": "kojiadmin", "password": "kojiadmin"}
    return Hub(double.url, login, timeout=1, deadline=60, retries=3, sleep=pauses.append)


def tag_alpha():
    about = {"tag": "cloud9-candidate", "build": "alpha-1.0-1.el9"}
    return call("tagBuildBypass", "cloud9-candidate", "alpha-1.0-1.el9", about=about)


def test_reading_does_not_log_in(hub, double):
    assert hub.read("getTag", "cloud9-candidate")["name"] == "cloud9-candidate"
    assert "login" not in double.calls
    hub.write(tag_alpha())
    hub.write(call("editTag2", "cloud9-candidate", locked=True))
    assert double.calls.count("login") == 1
    hub.close()
    assert double.hub.sessions == {}


@pytest.mark.parametrize("how", ["503", "500", "html", "cut-before"])
def test_reads_are_tried_again(how, hub, double, pauses):
    double.fail(how, times=3 if how != "cut-before" else 6)
    assert hub.read("getTag", "nope") is None
    assert pauses == [0.5, 1.0, 2.0]


def test_reading_ends_with_the_last_answer(hub, double):
    double.fail("503", times=9)
    with pytest.raises(Unavailable, match=r"answered 503 .*\(getTag \(tag x\)\)") as error:
        hub.read("getTag", "x", about={"tag": "x"})
    assert error.value.data["status"] == 503
    assert error.value.data["body"] == "try later"
    assert double.requests == 4


def test_what_will_not_change_is_not_tried_again(hub, double):
    double.fail("404", times=9)
    with pytest.raises(Unavailable, match="answered 404"):
        hub.read("getTag", "x")
    assert double.requests == 1


def test_a_hub_that_is_silent(hub, double):
    double.fail("hang", times=1)
    assert hub.read("getTag", "nope") is None
    hub = Hub("http://127.0.0.1:9/kojihub", {}, retries=1, sleep=lambda pause: None)
    with pytest.raises(Unavailable, match="cannot be reached: .*refused"):
        hub.read("getTag", "x")


def test_a_fault_says_what_it_is_about(hub):
    hub.write(tag_alpha())
    with pytest.raises(HubFault) as error:
        hub.write(tag_alpha())
    assert error.value.message == (
        "The hub refuses tagBuildBypass (tag cloud9-candidate, build alpha-1.0-1.el9): "
        "TagError 1003: build alpha-1.0-1.el9 already tagged (cloud9-candidate)"
    )
    assert error.value.data == {
        "call": "tagBuildBypass",
        "fault_class": "TagError",
        "fault_code": 1003,
        "fault": "build alpha-1.0-1.el9 already tagged (cloud9-candidate)",
        "tag": "cloud9-candidate",
        "build": "alpha-1.0-1.el9",
    }
    assert error.value.already_so


def test_an_error_of_the_database_is_a_fault_too(hub):
    with pytest.raises(HubFault, match="Fault 1: <class 'psycopg2.errors.InvalidTextRepresentation'>"):
        hub.read("listRPMs", buildID="nope-1-1")


def test_many_reads_are_one_request(hub, double):
    names = ["cloud9-candidate", "nope"]
    found, missing = hub.read_many([call("getTag", name, strict=True, about={"tag": name}) for name in names])
    assert found["name"] == "cloud9-candidate"
    assert isinstance(missing, HubFault)
    assert missing.data["tag"] == "nope"
    assert double.requests == 1


@pytest.mark.parametrize("how", ["cut-after", "hang"])
def test_a_write_whose_answer_is_lost_is_looked_for(how, hub, double):
    """Cut after it was done, or not done at all: afterwards it is done, once."""
    hub.log_in()
    double.fail(how, "tagBuildBypass")
    hub.write(tag_alpha(), happened=lambda: double.hub.builds_of("cloud9-candidate") or None)
    assert double.hub.builds_of("cloud9-candidate") == ["alpha-1.0-1.el9"]
    assert double.written.count("tagBuildBypass") == 1


def test_a_write_that_can_not_be_looked_for_is_not_repeated(hub, double):
    hub.log_in()
    double.fail("hang", "tagBuildBypass")
    with pytest.raises(Unavailable, match="not known whether it was done") as error:
        hub.write(tag_alpha())
    assert error.value.data["known"] is False
    assert double.written == []


def test_logging_in(double):
    with pytest.raises(InvalidInput, match="no way to log in"):
        Hub(double.url, {}).log_in()
    with pytest.raises(InvalidInput, match="password must be set"):
        Hub(double.url, {"user": "alice"}).log_in()
    with pytest.raises(HubFault, match="AuthError 1002: invalid username or password") as error:
        Hub(double.url, {"user": "alice", "password": "s3cret"}).log_in()
    assert "s3cret" not in error.value.message + json.dumps(error.value.data)
    with pytest.raises(HubFault, match="Certificate .* doesn't exist"):
        Hub(double.url, {"cert": "/nowhere/client.pem"}).log_in()


@pytest.mark.skipif(koji.reqgssapi is not None, reason="a library for Kerberos is installed")
@pytest.mark.parametrize("login", [{"authtype": "kerberos"}, {"principal": "jane@EXAMPLE.COM"}])
def test_logging_in_by_ticket_says_which_library_it_needs(login, double):
    with pytest.raises(NotFound, match="requests-gssapi is not there"):
        Hub(double.url, login).log_in()


PARAMS = dict.fromkeys(
    ("koji", "server", "topurl", "authtype", "user", "password", "cert", "serverca", "principal", "keytab")
) | {"timeout": 30, "deadline": 60, "retries": 5}


def test_a_profile_says_where_the_hub_is(double, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".koji" / "config.d"
    folder.mkdir(parents=True)
    (folder / "mine.conf").write_text(f"[mine]\nserver = {double.url}\ntopurl = http://files.example.com/koji/\n")
    hub = Hub.from_params({**PARAMS, "koji": "mine"})
    assert hub.address == double.url
    assert hub.topurl == "http://files.example.com/koji"
    assert hub.read("getAPIVersion") == 1
    with pytest.raises(InvalidInput, match="no configuration for profile name: yours"):
        Hub.from_params({**PARAMS, "koji": "yours"})
    with pytest.raises(InvalidInput, match="Which hub"):
        Hub.from_params(PARAMS)
    with pytest.raises(InvalidInput, match="must begin with http"):
        Hub.from_params({**PARAMS, "server": "koji.example.com"})
    for option in ("server", "topurl"):
        with pytest.raises(InvalidInput, match=f"The address in {option} must not hold") as error:
            Hub.from_params({**PARAMS, "server": double.url, option: "https://jane:s3cret@koji.example.com/kojihub"})
        assert "s3cret" not in error.value.message
