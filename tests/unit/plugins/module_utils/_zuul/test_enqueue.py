# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a double of Zuul's REST interface, and when not."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.parse

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import (
    InvalidInput,
    NotFound,
    TimedOut,
    Unavailable,
)
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._zuul.enqueue import Enqueued

REVISION = "0" * 39 + "1"


class Zuul(http.server.ThreadingHTTPServer):
    """The two calls that are made: an item becomes a buildset when it is enqueued."""

    def __init__(self) -> None:
        self.rows, self.posted, self.tokens, self.begins = [], [], [], True
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Zuul

    def answer(self, status, data):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(data).encode())

    def do_GET(self):
        path, _mark, query = self.path.partition("?")
        if not path.startswith("/api/tenant/rdo/"):
            return self.answer(404, {"error": "no tenant"})
        asked = dict(urllib.parse.parse_qsl(query))
        return self.answer(200, [row for row in self.server.rows if row["newrev"] == asked["newrev"]])

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.tokens.append(self.headers["Authorization"])
        if self.headers["Authorization"] != "Bearer good":
            return self.answer(401, {"description": "Auth error"})
        self.server.posted.append((self.path, body))
        if self.server.begins:
            refs = [{"ref": body["ref"], "newrev": body["newrev"]}]
            self.server.rows.append({"uuid": "u1", "result": None, "newrev": body["newrev"], "refs": refs})
        return self.answer(200, True)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def zuul():
    server = Zuul()
    yield server
    server.shutdown()
    server.server_close()


def enqueue(zuul, check=False, **options):
    params = {"zuul_url": zuul.url, "tenant": "rdo", "project": "openstack/nova", "pipeline": "trunk"}
    params.update(ref="refs/heads/main", newrev=REVISION, oldrev=None, token="good", wait_timeout=5.0)
    params.update(ca_path=None, timeout=5.0, deadline=20.0, retries=0)
    return perform(Enqueued({**params, **options}), check, False)


def test_a_revision_is_enqueued_once(zuul):
    assert enqueue(zuul, check=True)["changed"] and zuul.posted == []
    done = enqueue(zuul)
    assert done["buildsets"] == [{"uuid": "u1", "result": None}]
    [(path, body)] = zuul.posted
    assert path == "/api/tenant/rdo/project/openstack/nova/enqueue"
    wanted = {"pipeline": "trunk", "ref": "refs/heads/main", "oldrev": None, "newrev": REVISION}
    assert body == wanted
    assert not enqueue(zuul, token=None)["changed"] and len(zuul.posted) == 1
    assert enqueue(zuul, ref="refs/heads/other", check=True)["changed"], "another reference is another thing"


def test_a_wrong_token_is_said_and_not_shown(zuul):
    with pytest.raises(Unavailable, match="status 401") as refused:
        enqueue(zuul, token="bad-secret")
    assert "bad-secret" not in str(refused.value) + repr(refused.value.data)
    with pytest.raises(InvalidInput, match="set token"):
        enqueue(zuul, token=None)


def test_a_pipeline_without_jobs_is_not_taken_for_done(zuul):
    zuul.begins = False
    with pytest.raises(TimedOut, match="Has openstack/nova jobs in trunk"):
        enqueue(zuul, wait_timeout=1.0)


@pytest.mark.parametrize(
    "wrong",
    [{"zuul_url": "ftp://x"}, {"zuul_url": "https://u:p@x"}, {"ref": "main"}, {"newrev": "abc"}, {"token": "a b"}],
)
def test_bad_options_are_refused(zuul, wrong):
    with pytest.raises(InvalidInput):
        enqueue(zuul, **wrong)


def test_a_tenant_that_is_not_there_is_said(zuul):
    with pytest.raises(NotFound, match="no tenant nowhere"):
        enqueue(zuul, tenant="nowhere")
