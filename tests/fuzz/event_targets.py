# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reads messages, entries of the outbox, pushes, and what notices and the status site are made of."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import threading
import types
import typing as t

from targets import COMMIT, CRITERIA, DISTRO, JOURNAL, NOW, SHA256, Failed, Target, put, text_of

from ansible_collections.rdo.releng.plugins.module_utils._events import outbox
from ansible_collections.rdo.releng.plugins.module_utils._events.inbox import entries, inbox_info
from ansible_collections.rdo.releng.plugins.module_utils._events.spool import keep
from ansible_collections.rdo.releng.plugins.module_utils._events.watermark import read_watermark, write_watermark
from ansible_collections.rdo.releng.plugins.module_utils._events.webhook import Webhook
from ansible_collections.rdo.releng.plugins.module_utils._events.worker import Work
from ansible_collections.rdo.releng.plugins.module_utils._gate.criteria import load_criteria
from ansible_collections.rdo.releng.plugins.module_utils._gate.decision import Subject, evaluate
from ansible_collections.rdo.releng.plugins.module_utils._module.documents import digest
from ansible_collections.rdo.releng.plugins.module_utils._module.json_text import load_json
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._publish.mirror import MirroredPush
from ansible_collections.rdo.releng.plugins.module_utils._publish.push import (
    current_push,
    differences,
    push_folder,
    read_push,
)
from ansible_collections.rdo.releng.plugins.module_utils._service.report.notices import notices
from ansible_collections.rdo.releng.plugins.module_utils._service.site.status_site import WriteSite

EVENT = {
    "schema": "rdo.releng/event/1",
    "id": "m-1",
    "topic": "org.centos.buildsys.tag",
    "body": {"build": {"nvr": "nova-1-1.el9"}, "tags": ["a", None, 1.5]},
    "kept_at": NOW,
}
TRIES = {"schema": "rdo.releng/tries/1", "starts": 2, "failures": 1, "reason": "it failed"}


def _work(inbox: str) -> None:
    """Nothing is run: the messages of this topic go to nobody, and all others are looked at."""
    handlers = [{"topics": ["org.#.tag", "*.none"], "command": ["true", "{event}"], "together": False}]
    options = {"inbox": inbox, "handlers": handlers, "tries": 3, "timeout": 5.0, "wait_timeout": 0.0, "log": None}
    work = Work({**options, "again": [], "keep_days": 1.0}, lambda: float(NOW))
    waiting = entries(inbox)
    work.plan()
    while waiting:
        group, _handler = work._next(waiting)
        for entry in group:
            waiting.remove(entry)
    inbox_info({"inbox": inbox, "max_age": None}, lambda: float(NOW))


def inbox(content: bytes, folder: str) -> None:
    """A message is read, or is an error of its own; the inbox goes on."""
    put(folder, "new/m-1.json", content)
    _work(folder)
    (entry,) = entries(folder)
    entry.read()


def tries(content: bytes, folder: str) -> None:
    put(folder, "new/m-1.json", json.dumps(EVENT).encode())
    put(folder, "failed/m-2.json", b"")
    for name in ("m-1", "m-2"):
        put(folder, f"tries/{name}.json", content)
    _work(folder)
    (entry,) = entries(folder)
    found = entry.tries()
    found.starts += 1
    entry.note(found)
    assert entry.tries().starts == found.starts


def message(content: bytes, folder: str) -> None:
    """What a bus delivers is kept in the inbox and nowhere else, or refused for ever."""
    data = load_json(content, "The message")
    outside = os.path.join(folder, "outside")
    os.makedirs(outside)
    place = os.path.join(folder, "inbox")
    values = data if isinstance(data, dict) else {"id": data, "topic": data, "body": data}
    with contextlib.suppress(ValueError):
        keep(place, values.get("id"), values.get("topic"), values.get("body"))
        assert not keep(place, values.get("id"), values.get("topic"), None), "it was kept a moment ago"
        (entry,) = entries(place)
        assert entry.read()["body"] == values.get("body")
    assert not os.listdir(outside)


def _entry(content: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "schema": outbox.SCHEMA,
        "id": digest(content if "once" not in content else outbox._identity(content)),
        "sha256": digest(content),
        "content": content,
    }


NOTICE = _entry({"kind": "webhook", "webhook": "room", "title": "a <b> & c", "text": "t", "once": "x"})
MAIL = _entry({"kind": "mail", "receivers": ["a@example.org"], "subject": "s", "text": "t"})
SPOKEN = _entry({"kind": "message", "topic": "org.x", "body": {"a": 1}})


def outbox_entry(content: bytes, folder: str) -> None:
    """Only what its name says is an entry, whatever the file itself says of its id."""
    said = text_of(content)
    ident = next((one["id"] for one in (NOTICE, MAIL, SPOKEN) if one["id"] in said), NOTICE["id"])
    put(folder, f"new/{ident}.json", content)
    (path,) = outbox.waiting(folder)
    outbox.summary(path).encode()
    assert outbox.read_entry(path)["id"] == ident


WATERMARK = {"schema": "rdo.releng/watermark/1", "of": "hub", "looks": [[1, 1.5], [7, NOW - 900.0], [9, NOW - 0.5]]}


def watermark(content: bytes, folder: str) -> None:
    path = put(folder, "watermark.json", content)
    mark = read_watermark(path, "hub")
    mark.start(900.0)
    after = mark.looked(10, float(NOW), 900.0)
    assert after.looks[-1] == (10, float(NOW)) and after.start(900.0) is not None
    write_watermark(path, "hub", after)
    assert read_watermark(path, "hub") == after


class _Answer(http.server.BaseHTTPRequestHandler):
    """Says whatever it is told, as a webhook's server."""

    said = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.wfile.write(self.said)
        self.close_connection = True

    def log_message(self, *_about: t.Any) -> None:
        pass


_SERVERS: list[http.server.ThreadingHTTPServer] = []


def _address() -> str:
    if not _SERVERS:
        _SERVERS.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer))
        threading.Thread(target=_SERVERS[0].serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{_SERVERS[0].server_port}/secret-path"


def webhook(content: bytes, _folder: str) -> None:
    """What is not taken is an error, in which the address does not stand."""
    _Answer.said = content
    options = {"name": "room", "address": _address(), "shape": "slack", "room": None, "token": None}
    try:
        Webhook(options, 2.0, None).send(NOTICE)
    except Exception as error:
        assert "secret-path" not in str(error)
        raise


def _push() -> dict[str, t.Any]:
    artifact = {"name": "x86_64", "manifest": SHA256}
    artifact["files"] = [{"path": "repodata/repomd.xml", "size": 3, "sha256": SHA256}]
    return {
        "schema": "rdo.releng/push/1",
        "id": digest([artifact]),
        "artifacts": [{**artifact, "retained": [{"path": "old.rpm", "size": 1, "sha256": SHA256}]}],
    }


PUSH = _push()


def push(content: bytes, folder: str) -> None:
    """As a mirror's read back: what it lists is compared with what is there."""
    place = push_folder(folder, PUSH["id"])
    put(place, "push.json", content)
    put(place, "x86_64/repodata/repomd.xml", b"abc")
    read = read_push(place)
    assert read.id == PUSH["id"] or json.loads(content)["id"] == read.id
    assert differences(place, read), "nothing of it has this sha256"
    read.as_data()


def mirror(content: bytes, folder: str) -> None:
    """What rsync shows of a mirror, and what a site's link leads to."""
    shown = text_of(content)
    stand_in = MirroredPush.__new__(MirroredPush)
    stand_in.mirror, stand_in.site = "rsync://mirror/releng/", folder
    stand_in._rsync = lambda *_argv, **_how: types.SimpleNamespace(rc=0, output=shown)  # type: ignore[method-assign]
    ident = None
    with contextlib.suppress(Exception) if "->" not in shown else contextlib.nullcontext():
        ident = stand_in._shown()
    assert ident is None or ident in shown
    for one in stand_in._surplus():
        push_folder(folder, one)
    target = shown.partition("->")[2].strip()
    if target and "\0" not in target and len(os.fsencode(target)) < 4000:
        os.makedirs(folder, exist_ok=True)
        os.symlink(target, os.path.join(folder, "current"))
        current_push(folder)


PART = {"component": "c", "commit_hash": COMMIT, "distro_hash": DISTRO, "extended_hash": None}
BUILT = {**PART, "project": "nova", "committed_at": "2026-11-20T08:00:00Z", "built_at": "2026-11-20T09:00:00Z"}
BUILT["directory"] = "component/c/aa"
CAST = {
    "job": "j",
    "success": False,
    "timestamp": NOW - 100,
    "in_progress": False,
    "url": "https://example.org/logs",
    "notes": "n",
    "candidate": SHA256,
}
HISTORY = {
    "candidates": [
        {
            "name": "d" * 32,
            "aggregate_hash": "d" * 32,
            "staged_at": NOW - 5000,
            "promoted_at": None,
            "promoted_by": None,
            "components": [BUILT],
            "votes": [CAST, {**CAST, "success": True, "timestamp": NOW - 4000}],
        },
        {
            "name": "e" * 32,
            "aggregate_hash": "e" * 32,
            "staged_at": NOW - 9000,
            "promoted_at": NOW - 8000,
            "promoted_by": "ci",
            "components": [BUILT],
            "votes": [{**CAST, "success": True}],
        },
    ],
    "commits": [{**BUILT, "status": "FAILED"}, {**BUILT, "status": "SUCCESS"}],
}
DECISION = evaluate(load_criteria(CRITERIA, "c").target("t", []), [Subject(SHA256, "el9s", [Failed("j")])], [], NOW)


def notice(content: bytes, _folder: str) -> None:
    """The same look says the same."""
    options: dict[str, t.Any] = {"history": load_json(content, "The history"), "name": "epoxy el9s", "label": "current"}
    options.update(journal=None, kinds=["promoted", "red", "still_red", "stuck", "waiting"])
    options.update({f"{key}_hours": 48.0 for key in ("window", "still_red", "stuck", "waiting")})
    assert notices(options, float(NOW)) == notices(options, float(NOW))


def waiting(content: bytes, folder: str) -> None:
    options: dict[str, t.Any] = {"history": None, "name": "epoxy GA", "label": None, "kinds": ["waiting"]}
    options.update(journal=put(folder, "journal.jsonl", content))
    options.update({f"{key}_hours": 1.0 for key in ("window", "still_red", "stuck", "waiting")})
    json.dumps(notices(options, float(NOW)))


TAG = {"name": "cloud9s-epoxy-testing", "wrong_order": ["nova"]}
TAG["builds"] = [{"nvr": "nova-1-1.el9", "package": "nova", "latest_by_evr": True}]
TAG_PLAN = {"actions": [{"action": "tag", "tag": "t", "build": "nova-1-1.el9", "reason": "r"}], "refused": []}
CHANGE = {
    "number": 7,
    "project": "openstack/nova-distgit",
    "branch": "epoxy-rdo",
    "subject": "s",
    "labels": {"Verified": 1},
    "updated": "2026-11-21 08:33:20",
    "url": "https://review.example.org/7",
    "topic": None,
    "owner": "o",
}
FAILING = {**PART, "project": "nova", "status": "FAILED", "class": "unknown", "since": "2026-11-20T09:00:00Z"}
LABEL = {"label": "consistent", "aggregate_hash": None, "components": [{**PART, "timestamp": NOW - 100}]}
GIVEN = {
    "history": HISTORY,
    "holding_back": [FAILING],
    "ftbfs": [{"package": "nova", "project": "nova", "class": "unknown", "reason": "r", "url": "https://x"}],
    "other_labels": [LABEL],
    "decisions": [DECISION],
    "tags": [TAG],
    "tag_plan": TAG_PLAN,
    "changes": [CHANGE],
}


SITE_GIVEN = [name for name in GIVEN if name != "history"]


def _site(folder: str, **more: t.Any) -> None:
    """All pages, with what is fuzzed in place of what is good."""
    trunk = {"release": "epoxy", "distro": "el9s", "label": "current"}
    trunk.update(
        holding_back=[FAILING],
        ftbfs=[],
        trunk_url="https://trunk.example.org",
        commit_url="https://x.example.org/{commit}",
    )
    trunk.update({**GIVEN, **more})
    params = {"path": os.path.join(folder, "site"), "data": os.path.join(folder, "data"), "trunks": [trunk]}
    time_lines = [{"title": "GA", "journal": put(folder, "journal.jsonl", (json.dumps(JOURNAL) + "\n").encode())}]
    perform(WriteSite({**params, "time_lines": time_lines}, float(NOW)), False, False)
    for base, _folders, names in os.walk(params["path"]):
        for name in names:
            with open(os.path.join(base, name), encoding="utf-8") as file:
                page = file.read()
            assert "<script" not in page and "javascript:" not in page, name


def site_history(content: bytes, folder: str) -> None:
    _site(folder, history=load_json(content, "The history"))


def site_kept(content: bytes, folder: str) -> None:
    """The file that earlier runs kept, damaged."""
    put(folder, "data/epoxy-el9s.json", content)
    _site(folder)


def site_given(content: bytes, folder: str) -> None:
    """What a hub, a Gerrit and the gate said."""
    data = load_json(content, "What was read")
    for name in SITE_GIVEN:
        shutil.rmtree(os.path.join(folder, "data"), ignore_errors=True)
        if isinstance(data, dict) and name in data:
            _site(folder, **{name: data[name]})


KEPT = {"schema": "rdo.releng/history/1", "release": "epoxy", "distro": "el9s", **HISTORY, "decisions": {}}

EVENT_TARGETS = {
    target.name: target
    for target in (
        Target("inbox", inbox, (EVENT,)),
        Target("tries", tries, (TRIES,)),
        Target("message", message, ({"id": "m-1", "topic": "a.b", "body": {"c": [1, None]}},)),
        Target("outbox_entry", outbox_entry, (NOTICE, MAIL, SPOKEN)),
        Target("watermark", watermark, (WATERMARK,)),
        Target("webhook", webhook, ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",)),
        Target("push", push, (PUSH,)),
        Target("mirror", mirror, (f"lrwxrwxrwx 70 2026/11/21 08:33:20 current -> push/{SHA256}\n",)),
        Target("notice", notice, (HISTORY,)),
        Target("waiting", waiting, (json.dumps(JOURNAL) + "\n",)),
        Target("site_history", site_history, (HISTORY,)),
        Target("site_kept", site_kept, (KEPT,)),
        Target("site_given", site_given, ({key: GIVEN[key] for key in SITE_GIVEN},)),
    )
}
