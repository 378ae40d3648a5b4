# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import time

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._events import spool
from ansible_collections.rdo.releng.plugins.module_utils._events.inbox import entries, inbox_info
from ansible_collections.rdo.releng.plugins.module_utils._events.worker import MOST_STARTS, Handler, Work
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound, Refused
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform


@pytest.fixture
def inbox(tmp_path):
    return tmp_path / "inbox"


def put(inbox, ident="one", topic="a.b", body=None):
    return spool.keep(str(inbox), ident, topic, body or {})


def handler(*command, topics=("#",), together=False):
    return {"topics": list(topics), "command": list(command), "together": together}


def work(inbox, *handlers, check=False, **options):
    params = {"inbox": str(inbox), "handlers": list(handlers), "tries": 3, "again": [], "keep_days": 30.0}
    params.update(timeout=10.0, wait_timeout=0.0, log=None)
    return perform(Work({**params, **options}), check, False)


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def test_a_message_is_kept_once_whatever_became_of_it(inbox):
    assert put(inbox) and not put(inbox, body={"another": 1})
    assert json.loads((inbox / "new/one.json").read_text())["body"] == {}
    work(inbox, handler("true"))
    assert not put(inbox)
    assert names(inbox / "part") == []


@pytest.mark.parametrize("ident", ["", ".", "..", "../x", "a/b", "a\n", "x" * 129, None, 7, "-x", "a\0b"])
def test_a_hostile_id_is_refused(inbox, ident):
    with pytest.raises(ValueError, match="cannot be the id"):
        put(inbox, ident)
    assert not inbox.exists()


@pytest.mark.parametrize("topic", ["", "a b", "a\n", None, "x" * 256])
def test_a_hostile_topic_is_refused(inbox, topic):
    with pytest.raises(ValueError, match="cannot be the topic"):
        put(inbox, topic=topic)


def test_a_message_that_is_too_long_is_refused(inbox):
    with pytest.raises(ValueError, match="bytes; up to"):
        put(inbox, body={"a": "x" * spool.MOST_BYTES})


def test_a_disk_that_takes_nothing_is_an_error_and_leaves_no_half_message(inbox, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    spool.make(str(inbox))
    monkeypatch.setattr(spool.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        put(inbox)
    assert names(inbox / "part") == names(inbox / "new") == []


def test_the_oldest_comes_first_and_each_is_done(inbox, tmp_path):
    for number, ident in enumerate(["c", "a", "b"]):
        put(inbox, ident)
        os.utime(inbox / "new" / f"{ident}.json", (100 + number, 100 + number))
    result = work(inbox, handler("sh", "-c", f"basename $0 >> {tmp_path}/trace", "{event}"))
    assert result["done"] == ["c", "a", "b"]
    assert (tmp_path / "trace").read_text().split() == ["c.json", "a.json", "b.json"]
    assert names(inbox / "tries") == []
    assert not work(inbox, handler("false"))["changed"]


def test_work_that_fails_is_tried_again_and_fails_in_the_end(inbox):
    put(inbox)
    failing = handler("sh", "-c", "echo why; exit 3")
    for _pass in range(2):
        assert [one["id"] for one in work(inbox, failing)["again"]] == ["one"]
    failed = work(inbox, failing)["failed"]
    assert failed == [{"id": "one", "reason": "sh ended with status 3: why."}]
    assert inbox_info({"inbox": str(inbox), "max_age": None})["failed"] == failed
    assert work(inbox, handler("true"), again=["one"])["done"] == ["one"]
    with pytest.raises(NotFound, match="Those that have: none"):
        work(inbox, handler("true"), again=["one"])


def test_a_message_that_kills_the_worker_each_time_fails_in_the_end(inbox):
    put(inbox)
    (inbox / "tries/one.json").write_text(
        json.dumps({"schema": "rdo.releng/tries/1", "starts": MOST_STARTS, "failures": 0, "reason": ""})
    )
    assert "killed each time" in work(inbox, handler("true"))["failed"][0]["reason"]


def test_messages_are_worked_on_together_where_that_is_enough(inbox, tmp_path):
    for ident in "abc":
        put(inbox, ident, "org.buildsys.tag")
    put(inbox, "other", "org.git.push")
    command = ("sh", "-c", f"echo x >> {tmp_path}/trace")
    result = work(inbox, handler(*command, topics=["#.buildsys.*"], together=True))
    assert sorted(result["done"]) == ["a", "b", "c"] and result["ignored"] == ["other"]
    assert (tmp_path / "trace").read_text() == "x\n"


def test_what_is_no_message_fails_at_once_and_holds_up_nobody(inbox):
    put(inbox, "good")
    (inbox / "new/cut.json").write_text('{"schema": "rdo.rel')
    (inbox / "new/foreign.txt").write_text("")
    (inbox / "new/link.json").symlink_to("/etc/passwd")
    (inbox / "new/renamed.json").write_text((inbox / "new/good.json").read_text())
    result = work(inbox, handler("true"))
    assert result["done"] == ["good"] and {one["id"] for one in result["failed"]} == {"cut", "renamed"}
    assert [entry.id for entry in entries(str(inbox))] == []


def test_check_mode_says_what_would_be_worked_on_and_does_nothing(inbox):
    put(inbox)
    assert work(inbox, handler("false"), check=True)["actions"] == ["work on one"]
    assert names(inbox / "new") == ["one.json"] and names(inbox / "tries") == []


def test_what_was_done_long_ago_is_forgotten(inbox):
    put(inbox)
    work(inbox, handler("true"))
    os.utime(inbox / "done/one.json", (1, 1))
    assert work(inbox, handler("true"))["actions"] == ["forget 1 messages that were done long ago"]
    assert put(inbox)


def test_health_is_the_age_of_the_oldest(inbox):
    with pytest.raises(NotFound):
        inbox_info({"inbox": str(inbox), "max_age": 60.0})
    put(inbox)
    now = time.time()
    assert inbox_info({"inbox": str(inbox), "max_age": 60.0}, clock=lambda: now)["counts"]["new"] == 1
    with pytest.raises(Refused, match="longer than 60 s") as old:
        inbox_info({"inbox": str(inbox), "max_age": 60.0}, clock=lambda: now + 100)
    assert old.value.data["oldest"]["id"] == "one"


@pytest.mark.parametrize(
    ("pattern", "topic", "takes"),
    [
        ("#", "a.b.c", True),
        ("a.#", "a", True),
        ("a.#", "a.b.c", True),
        ("a.#", "ab", False),
        ("#.tag", "tag", True),
        ("#.tag", "a.b.tag", True),
        ("#.tag", "a.b.untag", False),
        ("a.#.z", "a.z", True),
        ("a.#.z", "a.b.c.z", True),
        ("*.tag", "a.tag", True),
        ("*.tag", "a.b.tag", False),
        ("a+b", "aab", False),
    ],
)
def test_patterns_of_topics_are_those_of_amqp(pattern, topic, takes):
    assert Handler((pattern,), ("true",)).takes(topic) is takes


@pytest.mark.parametrize(
    "wrong",
    [
        {"tries": 0},
        {"handlers": [handler("x", topics=[])]},
        {"handlers": [handler()]},
        {"handlers": [handler("x", "{event}", together=True)]},
    ],
)
def test_bad_options_are_refused(inbox, wrong):
    with pytest.raises(InvalidInput):
        work(inbox, **{"handlers": [handler("true")], **wrong})


def test_a_body_that_is_too_deep_is_refused(inbox):
    body = []
    for _level in range(3000):
        body = [body]
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        put(inbox, body={"a": body})
