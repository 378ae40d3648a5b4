# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles timers, web_server and host_preparation on a whole machine: what they refuse, do, leave and take away."""

from __future__ import annotations

import http.server
import re
import socket
import ssl
import threading
import time

import pytest
from loopback import free_ports
from machines.client import NAME, ask

SECRET = "pa'ss \"w$rd`\\ %n"
WRITES = 'printf \'%s\\n\' "$WORD" "$1" >> /srv/written'
JOB = {
    "name": "writes",
    "on_calendar": "*:*:0/2",
    "command": ["/bin/sh", "-c", WRITES, "sh", 'a "b" $HOME %n \\'],
    "environment": {"WORD": SECRET},
    "lock": "/run/writes.lock",
}


def role(name, tasks="main", **variables):
    task = {"ansible.builtin.include_role": {"name": f"rdo.releng.{name}", "tasks_from": tasks}, "vars": variables}
    return [{"hosts": "all", "gather_facts": False, "tasks": [task]}]


def changed(output):
    return int(re.findall(r"changed=(\d+)", output)[-1])


def plain(output):
    return " ".join(output.split())


def until(holds, seconds=30.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"still not after {seconds} seconds"
        time.sleep(0.5)


def test_a_timer_that_cannot_be_is_refused_with_all_reasons(machine):
    jobs = [
        {"name": "No", "on_calendar": "daily", "command": ["/bin/true"]},
        {"name": "a", "command": ["true"], "environment": {"A-B": "hidden"}},
        {"name": "a", "on_calendar": "daily"},
    ]
    said = plain(machine.play(role("timers", timers_jobs=jobs), expected=2))
    for reason in (
        "A job cannot be called No: small letters, digits and dashes make a name.",
        "More than one job is called a.",
        "The job a needs on_calendar, for example",
        "The job a needs command, for example command: [/usr/bin/true].",
        "The job a begins with true, which is not an absolute path.",
        "The job a has a variable called A-B, which is not a name.",
    ):
        assert reason in said.replace("\\n", " ").replace('\\"', '"')
    wrong = machine.play(role("timers", timers_jobs=[{**JOB, "on_calendar": "every day"}]), expected=2)
    assert "every day" in wrong
    absent = machine.play(role("timers", timers_jobs=[{**JOB, "command": ["/nowhere"], "lock": ""}]), expected=2)
    assert "/nowhere is not executable" in plain(absent)
    assert "releng-writes.service" not in units_there(machine)


def test_a_timer_is_made_left_alone_changed_and_taken_away(machine):
    before = units_there(machine)
    assert changed(machine.play(role("timers", timers_jobs=[JOB]), "--check", "--diff")) > 0
    assert units_there(machine) == before
    said = machine.play(role("timers", timers_jobs=[JOB]), "--diff", "-vvv")
    assert changed(said) > 0
    for word in ("w$rd", "w\\\\$rd"):
        assert word not in said
    until(lambda: machine.run("test", "-s", "/srv/written", check=False).returncode == 0)
    # What it was given arrives as it was given.
    written = machine.run("head", "-n2", "/srv/written").stdout.splitlines()
    assert written == [SECRET, 'a "b" $HOME %n \\']
    mode = machine.run("stat", "--format=%a %U", "/etc/releng/timers/writes.env").stdout
    assert mode == "600 root\n"
    journal = machine.run("journalctl", "--no-pager", "--unit=releng-writes.service").stdout
    assert "Finished releng-writes.service" in journal
    assert "w$rd" not in journal + machine.run("systemctl", "cat", "releng-writes.service").stdout
    assert changed(machine.play(role("timers", timers_jobs=[JOB]))) == 0
    assert changed(machine.play(role("timers", timers_jobs=[JOB]), "--check")) == 0

    # A new time holds at once, without the timer being started anew.
    machine.play(role("timers", timers_jobs=[{**JOB, "on_calendar": "2100-01-01"}]))
    assert "2100-01-01" in machine.run("systemctl", "list-timers", "--no-pager", "releng-writes.timer").stdout

    other = {**JOB, "name": "other"}
    machine.play(role("timers", timers_jobs=[JOB, other]))
    gone = [{"name": "writes", "state": "absent"}, other]
    assert changed(machine.play(role("timers", timers_jobs=gone))) > 0
    left = units_there(machine)
    assert not [name for name in left if "writes" in name]
    assert {"releng-other.service", "releng-other.timer", "other.env"} <= left
    assert machine.run("systemctl", "is-active", "releng-other.timer").stdout == "active\n"
    assert "could not be found" in machine.run("systemctl", "status", "releng-writes.timer", check=False).stderr
    assert changed(machine.play(role("timers", timers_jobs=gone))) == 0
    machine.play(role("timers", timers_jobs=[{"name": "other", "state": "absent"}]))
    assert not [name for name in units_there(machine) if "releng-" in name or name.endswith(".env")]


def units_there(machine):
    folders = "/etc/systemd/system /etc/systemd/system/timers.target.wants /etc/releng/timers /var/lib/systemd/timers"
    return set(machine.run("sh", "-c", f"ls {folders} 2> /dev/null || true").stdout.split())


def test_what_a_job_has_started_ends_with_its_time_and_the_host_is_protected(machine):
    script = "touch /etc/written; (setsid sleep 987 &); sleep 987"
    job = {"name": "hangs", "on_calendar": "2100-01-01", "command": ["/bin/sh", "-c", script], "timeout": 2}
    machine.play(role("timers", timers_jobs=[job]))
    machine.run("systemctl", "start", "releng-hangs.service", check=False)
    result = machine.run("systemctl", "show", "--property=Result", "releng-hangs.service").stdout
    assert result == "Result=timeout\n"
    assert machine.run("pgrep", "--full", "sleep 987", check=False).returncode == 1
    assert machine.run("test", "-e", "/etc/written", check=False).returncode == 1
    assert "Read-only file system" in machine.run("journalctl", "--no-pager", "--unit=releng-hangs.service").stdout
    machine.play(role("timers", timers_jobs=[{"name": "hangs", "state": "absent"}]))


class Echo(http.server.BaseHTTPRequestHandler):
    """A server that says what it was asked."""

    def do_GET(self):
        text = f"{self.path} {self.headers['Host']} {self.headers['X-Forwarded-Proto']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_words):
        """Say nothing."""


class Site:
    """The role web_server, with a folder and a server behind it."""

    def __init__(self, machine, behind, certificate):
        self.machine = machine
        self.http, self.https = free_ports(2)
        self.variables = {
            "web_server_name": NAME,
            "web_server_addresses": ["127.0.0.1"],
            "web_server_http_port": self.http,
            "web_server_https_port": self.https,
            "web_server_example_removed": True,
            "web_server_folders": [{"path": "/repos/", "folder": "/srv/shown"}],
            "web_server_apis": [{"path": "/api-x", "address": f"http://127.0.0.1:{behind}"}],
            "web_server_certificate": "/etc/ssl/site.crt",
            "web_server_key": "/etc/ssl/site.key",
        }
        self.context = ssl.create_default_context(cafile=str(certificate))

    def bring(self, certificate, key):
        for name, text, mode in (("site.crt", certificate, "644"), ("site.key", key, "600")):
            self.machine.run("sh", "-c", f'printf %s "$1" > /etc/ssl/{name}; chmod {mode} /etc/ssl/{name}', "sh", text)

    def play(self, *argv, expected=0, **variables):
        return self.machine.play(role("web_server", **{**self.variables, **variables}), *argv, expected=expected)

    def ask(self, path):
        return ask(NAME, self.https, path, self.context)


@pytest.fixture(scope="module")
def site(machine, authority):
    machine.run("sh", "-c", "mkdir -p /srv/shown/label; echo packages > /srv/shown/label/file")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(machine, server.server_address[1], authority.certificate)
        server.shutdown()


def test_a_site_that_cannot_be_is_refused_and_nothing_is_changed(site, machine, authority):
    wrong = {
        "web_server_name": "a; b",
        "web_server_folders": [{"path": "/x", "folder": "/srv/{x"}],
        "web_server_apis": [{"path": "/x", "address": "http://a;"}],
        "web_server_key": "",
    }
    said = plain(site.play(expected=2, **wrong)).replace("\\", "")
    for reason in (
        'nginx cannot be given "a; b" as web_server_name.',
        'nginx cannot be given "/srv/{x" as folder.',
        'nginx cannot be given "http://a;" as address.',
        "A path is given twice: /x, /x.",
        "TLS needs both web_server_certificate and web_server_key.",
    ):
        assert reason in said
    assert changed(site.play("--check")) > 0
    assert machine.run("test", "-e", "/usr/sbin/nginx", check=False).returncode == 1

    certificate, key = authority.issue("first")
    stranger, other_key = authority.issue("stranger", host="other.example.org")
    site.bring(stranger, key)
    said = site.play(expected=2)
    assert "is not for trunk.example.org" in plain(said)
    assert "does not belong to the certificate" in plain(said)
    ended, ended_key = authority.issue("ended", days=-1)
    site.bring(ended, ended_key)
    assert "has ended: notAfter=" in plain(site.play(expected=2))
    site.bring(certificate, "no key")
    said = site.play("-vvv", expected=2)
    assert "There is no key without a passphrase in /etc/ssl/site.key." in plain(said)
    assert machine.run("test", "-e", "/etc/nginx/conf.d/releng.conf", check=False).returncode == 1


def test_a_site_is_served_left_alone_renewed_and_taken_away(site, machine, authority):
    certificate, key = authority.issue("served")
    site.bring(certificate, key)
    said = site.play("--diff", "-vvv")
    assert changed(said) > 0
    assert key.splitlines()[1] not in said
    assert site.ask("/repos/label/file") == (200, "packages\n")
    assert "file" in site.ask("/repos/label/")[1]
    assert site.ask("/repos")[0] == 301
    assert site.ask("/repos/../../etc/passwd")[0] in (400, 404)
    assert site.ask("/api-x/api/health?a=1")[1] == f"/api/health?a=1 {NAME} https"
    status, _text, where = ask(NAME, site.http, "/repos/label/file", location=True)
    assert (status, where) == (301, f"https://{NAME}:{site.https}/repos/label/file")
    assert changed(site.play()) == 0
    assert changed(site.play("--check", "--diff")) == 0

    # A certificate that was renewed where it lies is served after the next run.
    renewed = authority.issue("renewed")
    site.bring(*renewed)
    number = served_certificate(site)
    assert changed(site.play()) > 0
    assert served_certificate(site) != number
    assert changed(site.play()) == 0

    # What nginx does not take beside its other sites is put back.
    machine.run("sh", "-c", "echo 'upstream broken {' > /etc/nginx/conf.d/other.conf")
    refused = site.play(expected=2, web_server_timeout=7)
    assert "nginx refuses the site, and nothing was changed" in plain(refused)
    assert "other.conf" in refused
    assert "proxy_read_timeout 300;" in machine.run("cat", "/etc/nginx/conf.d/releng.conf").stdout
    machine.run("rm", "/etc/nginx/conf.d/other.conf")
    assert changed(site.play()) == 0

    machine.restart()
    assert site.ask("/repos/label/file") == (200, "packages\n")
    machine.play(role("web_server", tasks="remove"))
    with pytest.raises(OSError):
        site.ask("/repos/label/file")
    assert changed(machine.play(role("web_server", tasks="remove"))) == 0
    assert machine.run("test", "-e", "/etc/ssl/site.key").returncode == 0


def served_certificate(site):
    with (
        socket.create_connection(("127.0.0.1", site.https), timeout=10) as connection,
        site.context.wrap_socket(connection, server_hostname=NAME) as secure,
    ):
        return secure.getpeercert()["serialNumber"]


def test_a_running_host_is_prepared(machine):
    wanted = {
        "host_preparation_distributions": {},
        "host_preparation_memory_mb": 0,
        "host_preparation_disk_gb": 0,
        "host_preparation_processors": 0,
        "host_preparation_repositories": [],
        "host_preparation_packages": [],
        "host_preparation_hostname": NAME,
        "host_preparation_services_stopped": ["nginx", "nosuchthing"],
        # The kernel's, and so that of the host that this runs on
        "host_preparation_swap_mb": 0,
    }
    plays = role("host_preparation", **wanted)
    before = machine.run("hostname").stdout
    assert changed(machine.play(plays, "--check")) > 0
    assert machine.run("hostname").stdout == before
    assert machine.run("systemctl", "is-active", "nginx").stdout == "active\n"
    assert changed(machine.play(plays)) > 0
    assert machine.run("hostname").stdout == f"{NAME}\n"
    assert f"127.0.0.1 {NAME} trunk" in machine.run("cat", "/etc/hosts").stdout
    assert machine.run("systemctl", "is-enabled", "nginx", check=False).stdout == "disabled\n"
    assert machine.run("systemctl", "is-active", "nginx", check=False).stdout == "inactive\n"
    assert changed(machine.play(plays)) == 0
