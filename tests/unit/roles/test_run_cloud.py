# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that sets a cloud up: what waits for what, and what it does when one ends, hangs or is not there."""

from __future__ import annotations

import datetime
import hashlib
import http.server
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import threading
import types
from xml.etree import ElementTree

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.service_errors import first_errors

FILES = pathlib.Path(__file__).resolve().parents[3] / "roles" / "scenario_tempest" / "files" / "cloud"


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    """The modules of the program, as they import each other in the root."""
    monkeypatch.syspath_prepend(str(FILES))
    names = ("programs", "deployment", "kept", "run_cloud")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    modules = type("Modules", (), {name: __import__(name) for name in names})
    monkeypatch.setattr(modules.programs, "LOGS", tmp_path)
    yield modules
    for name in names:
        sys.modules.pop(name, None)


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def now():
    """As services write it in their logs."""
    return datetime.datetime.now().isoformat(" ", "milliseconds")


def end(programs):
    for service in programs.services.values():
        service.kill()
        service.wait()


def deploy(cloud, parts=(), services=(), seconds=60, **more):
    """Bring parts and services up; returns what was started, all of which is ended, and why it was stopped."""
    programs = cloud.programs.Programs(60)
    deployment = cloud.deployment.Deployment(
        list(parts), list(services), programs, "scenario", "secret", seconds, **more
    )
    try:
        deployment.run()
    except cloud.programs.Stopped as error:
        return programs, str(error)
    finally:
        end(programs)
    return programs, ""


def test_time_that_is_over_ends_what_runs_and_shows_the_services_logs(cloud, capsys):
    programs = cloud.programs.Programs(0.5)
    programs.start("still", ["sh", "-c", "echo nobody asked; exec sleep 1000"], {})
    hanging = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with pytest.raises(cloud.programs.Stopped, match=r"timeout: ended after 0\.5 s while Tempest ran"):
        programs.wait(hanging, "Tempest")
    assert not is_there(hanging.pid)
    assert "The end of still.log:\nnobody asked" in capsys.readouterr().out
    end(programs)


def test_a_service_that_ends_ends_what_asks_it(cloud):
    programs = cloud.programs.Programs(60)
    programs.start("short", ["sh", "-c", "exit 3"], {})
    with pytest.raises(cloud.programs.Stopped, match="Service short ended with status 3 while sleep ran"):
        programs.run(["sleep", "1000"], {})


def test_who_was_killed_has_the_first_error_and_not_who_asked_in_vain(cloud, tmp_path):
    programs = cloud.programs.Programs(60)
    programs.start("broker", ["sleep", "1000"], {})
    (tmp_path / "asks.log").write_text(f"{now()} 1 ERROR asks [-] Slow, and nothing to do with it\n")
    programs.look("while it was healthy")
    end(programs)
    (tmp_path / "waits.log").write_text(f"{now()} 2 ERROR waits [-] The broker is unreachable\n")
    with pytest.raises(cloud.programs.Stopped, match="Service broker was ended by SIGKILL while Tempest ran"):
        programs.look("while Tempest ran")
    errors = [(error.service, error.message) for error in first_errors(str(tmp_path), [], [])]
    assert [service for service, _message in errors] == ["asks", "broker", "waits"]
    assert errors[1][1] == "broker was ended by SIGKILL while Tempest ran"


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ({"prepare": [["sh", "-c", "exit 7"]]}, "= Service x was not set up: sh ended with status 7"),
        ({"command": ["sh", "-c", "kill -9 $$"]}, "= Service x was ended by SIGKILL before x was ready"),
        ({"needs": {"queue": ["x"]}}, "= Service x needs a queue, and no part of the definition provides any"),
    ],
)
def test_a_service_that_does_not_come_up_is_the_last_thing_said(cloud, tmp_path, capfd, service, words):
    service = {"name": "x", "ready": "http://127.0.0.1:1/", "command": ["sleep", "60"], **service}
    orders = {"timeout": 60, "ready_timeout": 60, "files": {}, "parts": [], "services": [service], "password": "secret"}
    (tmp_path / "orders.json").write_text(json.dumps({**orders, "tempest": {"cloud": "scenario"}}))
    assert cloud.run_cloud.main(str(tmp_path / "orders.json")) == 1
    assert capfd.readouterr().out.splitlines()[-1].startswith(words)


def test_who_is_not_ready_in_time_is_named_and_not_who_waits_for_it(cloud):
    slow = {"name": "slow", "command": ["sleep", "60"], "ready": "tcp://127.0.0.1:1"}
    waits = {"name": "waits", "after": ["slow"], "command": ["sleep", "60"]}
    programs, why = deploy(cloud, services=[waits, slow], seconds=0.5)
    assert why == "Service slow was not ready after 0.5 s: tcp://127.0.0.1:1"
    assert list(programs.services) == ["slow"]


def test_a_part_makes_what_services_need_before_they_are_prepared(cloud, tmp_path):
    made = tmp_path / "made"
    part = {
        "name": "server",
        "provides": {
            "database": {
                "address": "db://<name>@here",
                "join": ",",
                "each": {"word": "make <name>", "words": ["+", "<name>"]},
            }
        },
        "files": {str(tmp_path / "init"): "<each:word>;"},
        "command": [
            "sh",
            "-c",
            f'cp {tmp_path}/init {made}; shift 0; echo "$@" >> {made}; exec sleep 60',
            "sh",
            "<each:words>",
        ],
        "ready": f"file://{made}",
    }
    services = [
        {
            "name": name,
            "needs": {"database": [name]},
            "files": {str(tmp_path / f"{name}.conf"): {"database": {"connection": f"<database:{name}>"}}},
            "prepare": [["grep", "-q", f"make {name}", str(made)]],
            "command": ["sleep", "60"],
        }
        for name in ("keystone", "nova")
    ]
    _programs, why = deploy(cloud, [part], services)
    assert why == ""
    assert made.read_text() == "make keystone,make nova;+ keystone + nova\n"
    assert (tmp_path / "nova.conf").read_text() == "[database]\nconnection = db://nova@here\n"


def test_without_a_database_server_each_service_has_a_file(cloud, tmp_path, monkeypatch):
    monkeypatch.setattr(cloud.deployment, "SQLITE", str(tmp_path / "<name>.db"))
    service = {"name": "x", "needs": {"database": ["x"]}, "command": ["sleep", "60"]}
    assert deploy(cloud, services=[service])[1] == ""
    assert sqlite3.connect(tmp_path / "x.db").execute("pragma journal_mode").fetchone() == ("wal",)


def test_processes_of_a_service_start_in_order_when_the_one_before_is_ready(cloud, tmp_path):
    first = {"name": "first", "command": ["sh", "-c", f"sleep 0.3; touch {tmp_path}/up; exec sleep 60"]}
    first["ready"] = [f"file://{tmp_path}/up"]
    second = {"name": "second", "prepare": [["test", "-e", str(tmp_path / "up")]], "command": ["sleep", "60"]}
    programs, why = deploy(cloud, services=[{"name": "both", "processes": [first, second]}])
    assert (why, list(programs.services)) == ("", ["first", "second"])


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path[1:]))
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("status", "up"), [(200, True), (401, True), (500, False)])
def test_who_answers_with_an_error_of_his_own_is_not_ready(cloud, status, up):
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert cloud.deployment.answers(f"http://127.0.0.1:{server.server_port}/{status}") is up
        server.shutdown()


def test_a_port_answers_when_somebody_listens(cloud):
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert cloud.deployment.answers(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    assert not cloud.deployment.answers("tcp://127.0.0.1:1")


def test_sections_become_a_file_as_oslo_config_reads_it(cloud, tmp_path):
    cloud.deployment.write(
        str(tmp_path / "x" / "x.conf"), {"DEFAULT": {"debug": True}, "database": {"connection": "sqlite://"}}
    )
    assert (tmp_path / "x" / "x.conf").read_text() == "[DEFAULT]\ndebug = True\n\n[database]\nconnection = sqlite://\n"
    assert (tmp_path / "x" / "x.conf").stat().st_mode & 0o777 == 0o600


UPGRADED = {
    "name": "x",
    "prepare": [["sh", "-c", "echo prepared >> $LOG"]],
    "command": ["sleep", "60"],
    "environment": {},
    "upgrade": {
        "prepare": [["sh", "-c", "echo migrated >> $LOG"]],
        "ready": [["sh", "-c", "echo ready >> $LOG"]],
        "finish": [["sh", "-c", "echo finished >> $LOG"]],
    },
}


@pytest.mark.parametrize(("upgrading", "done"), [(False, "prepared\n"), (True, "migrated\nready\nfinished\n")])
def test_what_was_set_up_before_is_migrated_instead(cloud, tmp_path, monkeypatch, upgrading, done):
    for name in "SQLITE_FOLDER", "SQLITE_KEPT":
        monkeypatch.setattr(cloud.deployment, name, str(tmp_path / name))
    part = {"name": "server", "prepare": [["sh", "-c", "echo made >> $LOG.part"]], "command": ["sleep", "60"]}
    log = {"environment": {"LOG": str(tmp_path / "done")}}
    assert deploy(cloud, [{**part, **log}], [{**UPGRADED, **log}], upgrading=upgrading)[1] == ""
    assert (tmp_path / "done").read_text() == done
    assert (tmp_path / "done.part").exists() is not upgrading


def test_a_service_is_ready_when_it_has_noted_a_time_since_it_was_started_again(cloud, monkeypatch):
    before, after = "2026-11-30T11:29:12.000000", "2998-01-01 00:00:00.000"
    noted = [{"updated_at": None}, {"updated_at": before}, {"updated_at": after, "created_at": before}]
    known = iter(noted)
    compute = types.SimpleNamespace(
        get=lambda path: types.SimpleNamespace(status_code=200, text=json.dumps(next(known)))
    )
    connection = types.SimpleNamespace(compute=compute)
    monkeypatch.setattr(cloud.deployment.Deployment, "connection", lambda self: connection)
    deployment = cloud.deployment.Deployment([], [], None, "scenario", "secret", 60, upgrading=True)
    condition = {"service": "compute", "path": "/os-services", "new": '"updated_at": ?"([^"]+)"'}
    assert [deployment.holds(condition) for _one in noted] == [False, False, True]


def test_what_tempest_has_to_find_is_made_by_any_function_of_openstacksdk(cloud, connection, monkeypatch):
    monkeypatch.setattr(cloud.deployment.Deployment, "connection", lambda self: connection)
    deployment = cloud.deployment.Deployment([], [], None, "scenario", "secret", 60)
    deployment.fill("x", {"create_network": {"name": "public"}})
    deployment.fill("x", {"network.create_port": {"name": "p", "network_id": "1"}})
    assert (list(connection.networks), connection.ports) == (["public"], {"p": "1"})
    connection.content = b"gone"
    with pytest.raises(RuntimeError, match="404 Client Error"):
        deployment.fill("x", {"image.get": {"url": "/images"}})


def test_a_migration_that_fails_is_named_with_its_service(cloud, tmp_path, monkeypatch):
    for name in "SQLITE_FOLDER", "SQLITE_KEPT":
        monkeypatch.setattr(cloud.deployment, name, str(tmp_path / name))
    service = {**UPGRADED, "upgrade": {"prepare": [["sh", "-c", "exit 7", "db_sync"]]}}
    why = deploy(cloud, services=[service], upgrading=True)[1]
    assert why == "Service x was not upgraded: sh ended with status 7: sh -c 'exit 7' db_sync"


def test_services_end_before_what_they_stand_on_and_their_databases_are_kept(cloud, tmp_path, monkeypatch):
    for name in "SQLITE_FOLDER", "SQLITE_KEPT":
        monkeypatch.setattr(cloud.deployment, name, str(tmp_path / name))
    monkeypatch.setattr(cloud.deployment, "SQLITE", str(tmp_path / "SQLITE_FOLDER" / "<name>.db"))
    (tmp_path / "SQLITE_FOLDER").mkdir()
    shell = f"trap 'echo $0 >> {tmp_path}/ended; exit 0' TERM; touch {tmp_path}/$0; while :; do sleep 0.1; done"
    entries = {
        name: {"name": name, "command": ["sh", "-c", shell, name], "ready": f"file://{tmp_path}/{name}"}
        for name in ("server", "service")
    }
    programs = cloud.programs.Programs(60)
    service = {**entries["service"], "needs": {"database": ["x"]}}
    deployment = cloud.deployment.Deployment([entries["server"]], [service], programs, "scenario", "secret", 60)
    deployment.run()
    deployment.stop()
    assert (tmp_path / "ended").read_text() == "service\nserver\n"
    assert not programs.services
    assert (tmp_path / "SQLITE_KEPT" / "x.db").exists()
    cloud.deployment.Deployment([], [], programs, "scenario", "secret", 60, upgrading=True).run()
    assert (tmp_path / "SQLITE_FOLDER" / "x.db").exists()


class Content:
    """What a service answers to who asks it over HTTP."""

    def __init__(self, content, kind="application/octet-stream"):
        self.content, self.headers = content, {"Content-Type": kind}

    def json(self):
        return json.loads(self.content)

    def raise_for_status(self):
        if self.content == b"gone":
            raise RuntimeError("404 Client Error:\nnothing here")


class Connection:
    """As openstacksdk's: networks in its cloud layer, ports in a proxy, and an image's content."""

    def __init__(self):
        self.networks, self.ports, self.content = {}, {}, b"image"
        self.network = types.SimpleNamespace(
            create_port=lambda name, network_id: self.ports.update({name: network_id}),
            get=lambda url: Content(json.dumps({"ports": self.ports}).encode(), "application/json"),
        )
        self.image = types.SimpleNamespace(get=lambda url: Content(self.content))

    def create_network(self, name):
        self.networks[name] = {"id": "1234", "name": name, "seen": "today"}

    def get_network(self, name):
        return self.networks.get(name)

    def delete_network(self, name):
        del self.networks[name]


DATA = {
    "network": {
        "make": [{"create_network": {"name": "kept"}}],
        "read": {"get_network": {"name": "kept"}},
        "keep": ["id", "name"],
        "use": [{"delete_network": {"name": "kept"}}],
    },
    "port": {
        "make": [{"network.create_port": {"name": "p", "network_id": "<network.id>"}}],
        "read": {"network.get": {"url": "/ports"}},
        "keep": ["ports"],
    },
    "content": {"read": {"image.get": {"url": "/images/<network.id>/file"}}, "keep": ["bytes", "sha256"]},
}


@pytest.fixture
def connection():
    return Connection()


@pytest.fixture
def judge(cloud, connection, tmp_path, monkeypatch):
    """Makes what has to be kept, and returns a function that says what of it was lost, each by its test's name."""
    monkeypatch.setattr(cloud.kept, "NOTES", tmp_path / "notes" / "kept.json")
    services = [{"name": "x", "upgrade": {"data": DATA}}, {"name": "y"}]
    cloud.kept.Kept(services, lambda: connection).make()

    def judged():
        cloud.kept.Kept(services, lambda: connection).judge(tmp_path / "upgrade.xml")
        cases = ElementTree.parse(tmp_path / "upgrade.xml").findall("testcase")
        return {f"{case.get('classname')}.{case.get('name')}": case.findtext("failure") for case in cases}

    return judged


def test_what_was_made_is_found_again(judge, connection):
    assert connection.ports == {"p": "1234"}
    # It may have more to say than before, or other things that nobody has to keep.
    connection.networks["kept"].update(seen="tomorrow", tags=[])
    assert judge() == {"upgrade.x.network": None, "upgrade.x.port": None, "upgrade.x.content": None}
    assert not connection.networks, "it was used"


def test_what_has_changed_is_said_with_both_values(judge, connection):
    connection.ports.clear()
    connection.content = b"other"
    sums = [hashlib.sha256(content).hexdigest() for content in (b"image", b"other")]
    assert judge() == {
        "upgrade.x.network": None,
        "upgrade.x.port": 'ports was {"p": "1234"} and is {}',
        "upgrade.x.content": f'sha256 was "{sums[0]}" and is "{sums[1]}"',
    }


def test_what_is_gone_or_refused_is_a_failed_test_and_no_end_of_the_run(judge, connection):
    connection.networks.clear()
    connection.content = b"gone"
    assert judge() == {
        "upgrade.x.network": "it cannot be read any more: LookupError: get_network finds nothing",
        "upgrade.x.port": None,
        "upgrade.x.content": "it cannot be read any more: RuntimeError: 404 Client Error: nothing here",
    }


def test_what_is_there_and_cannot_be_used_is_not_kept(judge, connection):
    def refuse(name):
        raise RuntimeError(f"{name} has a port")

    connection.delete_network = refuse
    assert judge()["upgrade.x.network"] == "it cannot be used any more: RuntimeError: kept has a port"


def test_values_of_what_was_made_before_stand_anywhere_in_arguments(cloud):
    kept = cloud.kept.Kept([], None)
    kept.known = {"provider": {"id": "12"}}
    assert kept.filled({"<provider.id>": ["a <provider.id>", 3, None]}) == {"12": ["a 12", 3, None]}


def test_who_reads_it_can_be_another_user(cloud, connection, tmp_path, monkeypatch):
    monkeypatch.setattr(cloud.kept, "NOTES", tmp_path / "kept.json")
    thing = {**DATA["network"], "as": {"username": "kept", "password": "<secret.name>"}}
    asked = []
    kept = cloud.kept.Kept([], lambda **user: asked.append(user) or connection)
    kept.known = {"secret": {"name": "hers"}}
    connection.create_network("kept")
    assert kept.read(thing)["id"] == "1234"
    assert asked == [{"username": "kept", "password": "hers"}]


def test_what_cannot_be_made_is_said_before_the_upgrade(cloud, connection, tmp_path, monkeypatch):
    monkeypatch.setattr(cloud.kept, "NOTES", tmp_path / "kept.json")
    thing = {"read": {"get_network": {"name": "nobody made it"}}, "keep": ["id"]}
    services = [{"name": "x", "upgrade": {"data": {"network": thing}}}]
    with pytest.raises(cloud.programs.Stopped, match="Service x could not be given its network: LookupError"):
        cloud.kept.Kept(services, lambda: connection).make()
    thing.update(make=[{"create_network": {"name": "nobody made it"}}], keep=["id", "mtu"])
    with pytest.raises(cloud.programs.Stopped, match="Service x says nothing of mtu of its network"):
        cloud.kept.Kept(services, lambda: connection).make()
