# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for Gerrit: the part of its REST API that is used, and real pushes to refs/for/* over HTTP and SSH.

It is not a recording: nobody had a Gerrit to record. What it answers follows Gerrit's documentation
(Documentation/rest-api-changes.txt, rest-api-accounts.txt and rest-api-projects.txt, user-upload.txt) and the messages
of its sources (ReceiveCommits.java, ChangeMessages.java, CreateBranch.java); the tests beside it hold it and a real
Gerrit to the same. Of a change it tells only what the request's options ask for, as Gerrit does. What it does not know
it refuses with 501, so that no test passes by accident.
"""

from __future__ import annotations

import base64
import dataclasses
import http.server
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import typing as t
import urllib.parse

USER, PASSWORD, EMAIL = "bot", "token", "releng@example.com"
ACCOUNTS = {USER: EMAIL, "alice": "alice@example.com", "bob": "bob@example.com"}
LABELS = {"Code-Review": (-2, 2), "Verified": (-1, 1)}
# What /detail has without being asked.
DETAIL = {"DETAILED_LABELS", "DETAILED_ACCOUNTS", "MESSAGES"}

# Refuses pushes as Gerrit does. Gerrit's own state is given to it as a file.
HOOK = """#!{python}
import json, os, re, subprocess, sys
state = json.load(open({state!r}))
def refuse(reference, reason):
    print("ERROR: " + reason, file=sys.stderr)
    sys.exit(1)
for line in sys.stdin:
    old, new, reference = line.split()
    match = re.fullmatch("refs/for/([^%]+)(%.*)?", reference)
    if not match:
        refuse(reference, "prohibited by Gerrit: not permitted: update")
    if subprocess.call(["git", "rev-parse", "--quiet", "--verify", "refs/heads/" + match[1]], stdout=-3):
        refuse(reference, "branch " + match[1] + " not found")
    text = subprocess.check_output(["git", "log", "-1", "--format=%ce%n%B", new], text=True)
    email, _nl, message = text.partition("\\n")
    if email != {email!r}:
        refuse(reference, "email address " + email + " is not registered in your account")
    found = re.findall("^Change-Id: (I[0-9a-f]{{40}})$", message.strip().rpartition("\\n\\n")[2], re.M)
    if len(found) != 1:
        refuse(reference, "missing Change-Id in message footer")
    for change in state:
        if (change["project"], change["branch"], change["change_id"]) == ({project!r}, match[1], found[0]):
            if change["status"] != "NEW":
                refuse(reference, "change %s closed" % change["url"])
            if new in change["commits"]:
                refuse(reference, "no new changes")
"""


class JsonText(str):
    """An answer that is a text of JSON, and not plain text."""


@dataclasses.dataclass
class Change:
    number: int
    project: str
    branch: str
    change_id: str
    owner: str
    commits: list[str]
    topic: str | None = None
    status: str = "NEW"
    hashtags: set[str] = dataclasses.field(default_factory=set)
    reviewers: set[str] = dataclasses.field(default_factory=set)
    votes: dict[tuple[str, str], int] = dataclasses.field(default_factory=dict)
    messages: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    updated: int = 0


class Gerrit:
    """A Gerrit with repositories below ``folder``; ``requests`` has ``METHOD path`` of what was asked.

    :ivar answers: (method, regular expression of the path) → (status, content type, body) that is answered instead;
        a status of 0 closes the connection without an answer.
    :ivar holds: (method, regular expression of the path) → "before" or "after": requests that get no answer until
        ``released`` is set, and then none; they are done in the second case. The first of them sets ``reached``.
    :ivar hold_number: how many requests are answered before one that is done and gets no answer, as with ``holds``.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.changes: list[Change] = []
        self.requests: list[str] = []
        self.answers: dict[tuple[str, str], tuple[int, str, str]] = {}
        self.holds: dict[tuple[str, str], str] = {}
        self.hold_number: int | None = None
        self.reached, self.released = threading.Event(), threading.Event()
        self._clock = 0
        self._lock = threading.RLock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def create_project(self, name: str, files: t.Mapping[str, str], branch: str = "master") -> None:
        path = self.repository(name)
        path.mkdir(parents=True)
        self.git(name, "init", "--quiet", "--bare", f"--initial-branch={branch}")
        self.git(name, "config", "http.receivepack", "true")
        self._write_state()
        hook = path / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK.format(python=sys.executable, state=str(self._state), email=EMAIL, project=name))
        hook.chmod(0o755)
        self.commit(name, files, branch)

    def commit(self, name: str, files: t.Mapping[str, str], branch: str = "master") -> str:
        """Put a commit with ``files`` on top of a branch, as if it had been merged."""
        tree = "".join(
            f"100644 blob {self.git(name, 'hash-object', '-w', '--stdin', input=text)}\t{path}\n"
            for path, text in files.items()
        )
        parent = self.git(name, "rev-parse", "--quiet", "--verify", f"refs/heads/{branch}", check=False)
        arguments = ["-p", parent] if parent else []
        tree = self.git(name, "mktree", input=tree)
        commit = self.git(name, "commit-tree", tree, *arguments, "-m", "merged")
        self.git(name, "update-ref", f"refs/heads/{branch}", commit)
        return commit

    def fill(self, name: str, folder: pathlib.Path, branch: str) -> None:
        """Put a commit with the content of a folder on top of a branch, as if it had been merged."""
        self.git(name, f"--work-tree={folder}", "add", "--all", ".")
        tree = self.git(name, "write-tree")
        commit = self.git(name, "commit-tree", tree, "-p", f"refs/heads/{branch}", "-m", "merged")
        self.git(name, "update-ref", f"refs/heads/{branch}", commit)

    def repository(self, name: str) -> pathlib.Path:
        return self.folder / f"{name}.git"

    def git(self, name: str, *arguments: str, input: str | None = None, check: bool = True) -> str:
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "x"), ("EMAIL", EMAIL))
        }
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", **who}
        argv = ["git", "-C", self.repository(name), *arguments]
        finished = subprocess.run(argv, input=input, text=True, stdout=subprocess.PIPE, check=check, env=environment)
        return finished.stdout.strip()

    # What a push becomes

    @property
    def _state(self) -> pathlib.Path:
        return self.folder / "state.json"

    def _write_state(self) -> None:
        rows = [{**vars(c), "url": f"{self.url}/c/{c.project}/+/{c.number}"} for c in self.changes]
        self._state.write_text(json.dumps(rows, default=str, skipkeys=True))

    def take_pushes(self, project: str) -> None:
        """Make changes of what was pushed to refs/for/*."""
        if not (self.repository(project) / "refs" / "for").exists():
            return
        with self._lock:
            for line in self.git(
                project, "for-each-ref", "--format=%(objectname) %(refname)", "refs/for/"
            ).splitlines():
                commit, _space, reference = line.partition(" ")
                self.git(project, "update-ref", "-d", reference)
                branch, _percent, options = reference.removeprefix("refs/for/").partition("%")
                message = self.git(project, "log", "-1", "--format=%B", commit)
                change_id = re.findall("^Change-Id: (I[0-9a-f]{40})$", message, re.MULTILINE)[-1]
                change = next(
                    (c for c in self.changes if (c.project, c.branch, c.change_id) == (project, branch, change_id)),
                    None,
                )
                if change is None:
                    change = Change(len(self.changes) + 101, project, branch, change_id, USER, [])
                    self.changes.append(change)
                change.commits.append(commit)
                self.git(project, "update-ref", self._reference(change), commit)
                # Votes do not outlive a new patch set.
                change.votes.clear()
                for option in filter(None, options.split(",")):
                    key, _equals, value = option.partition("=")
                    if key == "topic":
                        change.topic = value
                    elif key in ("t", "hashtag"):
                        change.hashtags.add(value)
                self._touch(change)
            self._write_state()

    def _touch(self, change: Change) -> None:
        self._clock += 1
        change.updated = self._clock
        self._write_state()

    def _reference(self, change: Change) -> str:
        return f"refs/changes/{change.number % 100:02}/{change.number}/{len(change.commits)}"

    # What the API answers

    def _info(self, change: Change, options: t.Collection[str] = ()) -> dict[str, t.Any]:
        """A ChangeInfo with what ``options`` (the parameters ``o``) ask for."""

        def account(who: str, **values: t.Any) -> dict[str, t.Any]:
            return {**(_account(who) if "DETAILED_ACCOUNTS" in options else _account_id(who)), **values}

        revision = change.commits[-1]
        message = self.git(change.project, "log", "-1", "--format=%B", revision) + "\n"
        updated = f"2026-01-01 00:{change.updated // 60:02}:{change.updated % 60:02}.000000000"
        info = {
            "id": f"{urllib.parse.quote(change.project, safe='')}~{change.branch}~{change.change_id}",
            "project": change.project,
            "branch": change.branch,
            **({"topic": change.topic} if change.topic else {}),
            "hashtags": sorted(change.hashtags),
            "change_id": change.change_id,
            "subject": message.splitlines()[0],
            "status": change.status,
            "created": "2026-01-01 00:00:00.000000000",
            "updated": updated,
            "_number": change.number,
            "owner": account(change.owner),
        }
        if "CURRENT_REVISION" in options:
            current: dict[str, t.Any] = {
                "_number": len(change.commits),
                "ref": self._reference(change),
                "uploader": account(change.owner),
            }
            if "CURRENT_COMMIT" in options:
                current["commit"] = {"subject": info["subject"], "message": message}
            info.update(current_revision=revision, revisions={revision: current})
        if "DETAILED_LABELS" in options:
            # Whoever reviews is there, with 0 where there is no vote.
            info["labels"] = {
                label: {
                    "all": [
                        account(who, value=change.votes.get((label, who), 0), date=updated)
                        for who in sorted(change.reviewers)
                    ],
                    "default_value": 0,
                }
                for label in LABELS
            }
            info["reviewers"] = (
                {"REVIEWER": [account(who) for who in sorted(change.reviewers)]} if change.reviewers else {}
            )
        if "MESSAGES" in options:
            info["messages"] = [{**row, "author": account(row["author"])} for row in change.messages]
        return info

    def query(self, query: str) -> list[Change]:
        found = sorted(self.changes, key=lambda change: -change.updated)
        for term in re.findall(r'(?:[^\s"]|"[^"]*")+', query):
            key, _colon, value = term.partition(":")
            value = value.strip('"')
            if key in ("project", "branch", "topic"):
                found = [change for change in found if getattr(change, key) == value]
            elif key == "status":
                statuses = {"open": {"NEW"}, "closed": {"MERGED", "ABANDONED"}}.get(value, {value.upper()})
                found = [change for change in found if change.status in statuses]
            elif key == "owner":
                found = [change for change in found if change.owner == (USER if value == "self" else value)]
            elif key == "hashtag":
                found = [change for change in found if value in change.hashtags]
            else:
                raise NotImplementedError(query)
        return found

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, t.Any]) -> tuple[int, t.Any]:
        """The status, and data or text, of a request by the user."""
        with self._lock:
            for hook in self.folder.glob("**/*.git/hooks"):  # pushes over SSH
                self.take_pushes(str(hook.parent.relative_to(self.folder)).removesuffix(".git"))
            options = set(query.get("o", []))
            if method == "GET" and path == "/changes/":
                start, count = int(query.get("S", ["0"])[0]), int(query.get("n", ["500"])[0])
                found = self.query(query["q"][0])
                rows = [self._info(change, options) for change in found[start : start + count]]
                if rows and len(found) > start + count:
                    rows[-1]["_more_changes"] = True
                return 200, rows
            if method == "GET" and path.startswith("/accounts/"):
                name = urllib.parse.unquote(path.removeprefix("/accounts/"))
                who = next((who for who, mail in ACCOUNTS.items() if name in (who, mail)), None)
                return (200, _account(who)) if who else (404, f"Account '{name}' not found")
            place = re.fullmatch(r"/projects/([^/]+)(?:/(branches|tags|commits)/([^/]+)(/in)?)?", path)
            if place:
                return self._reference_of(method, urllib.parse.unquote(place[1]), place[2], place[3], place[4], body)
            match = re.fullmatch(r"/changes/([^/]+)(?:/(.*))?", path)
            if not match:
                return 501, f"the double does not know {method} {path}"
            name = urllib.parse.unquote(match[1])
            change = next((c for c in self.changes if name in (str(c.number), c.change_id, self._info(c)["id"])), None)
            if change is None:
                return 404, f"Not found: {name}"
            if (method, match[2]) in (("GET", None), ("GET", "detail")):
                return 200, self._info(change, options | DETAIL if match[2] else options)
            return self._change(method, match[2] or "", change, body)

    def _reference_of(
        self,
        method: str,
        project: str,
        kind: str | None,
        name: str | None,
        included: str | None,
        body: dict[str, t.Any],
    ) -> tuple[int, t.Any]:
        """Projects, branches and tags.

        rest-api-projects.txt; CreateProject.java, PutProject.java, CreateBranch.java, CreateTag.java, DeleteRef.java.
        """
        if (method, kind) == ("PUT", None):
            if self.repository(project).is_dir():
                return 409, f'Project "{project}" already exists'
            if not body.get("create_empty_commit") or len(body.get("branches", [])) != 1:
                return 501, "the double makes projects with one branch and an empty commit alone"
            self.create_project(project, {}, body["branches"][0])
            return 201, {"id": urllib.parse.quote(project, safe=""), "state": "ACTIVE"}
        if not self.repository(project).is_dir():
            return 404, f"Not found: {project}"
        if kind is None:
            return (
                (200, {"id": urllib.parse.quote(project, safe=""), "state": "ACTIVE"}) if method == "GET" else (501, "")
            )
        name = urllib.parse.unquote(name or "").removeprefix(f"refs/{'heads' if kind == 'branches' else 'tags'}/")
        if kind == "commits":
            if not self._commit(project, name):
                return 404, f"Not found: {name}"
            found = {
                what: self.git(
                    project, "for-each-ref", f"--contains={name}", "--format=%(refname:short)", where
                ).split()
                for what, where in (("branches", "refs/heads"), ("tags", "refs/tags"))
            }
            return (200, found) if included and method == "GET" else (501, "the double does not know it")
        reference = f"refs/{'heads' if kind == 'branches' else 'tags'}/{name}"
        at = self.git(project, "rev-parse", "--quiet", "--verify", reference, check=False)
        if method == "GET":
            return (200, self._reference_info(project, reference, at)) if at else (404, f"Not found: {name}")
        if method == "DELETE":
            if not at:
                return 404, f"Not found: {name}"
            if any((c.project, c.branch, c.status) == (project, name, "NEW") for c in self.changes):
                return 409, f"branch {reference} has open changes"
            self.git(project, "update-ref", "-d", reference)
            return 204, JsonText("")
        if method != "PUT":
            return 501, f"the double does not know {method} {kind}"
        if at:
            return 409, f'{"Branch" if kind == "branches" else "tag"} "{reference}" already exists'
        commit = self._commit(project, body.get("revision", "HEAD"))
        if not commit:
            return 400, f'invalid revision "{body["revision"]}"'
        for other in self.git(project, "for-each-ref", "--format=%(refname)").split():
            if other.startswith(f"{reference}/") or reference.startswith(f"{other}/"):
                return 409, f'Cannot create branch "{reference}" since it conflicts with branch "{other}".'
        if body.get("message"):
            self.git(project, "tag", "--annotate", "--message", body["message"], name, commit)
        else:
            self.git(project, "update-ref", reference, commit)
        at = self.git(project, "rev-parse", reference)
        return 201, self._reference_info(project, reference, at)

    def _reference_info(self, project: str, reference: str, at: str) -> dict[str, t.Any]:
        commit = self._commit(project, at)
        return {"ref": reference, "revision": at, **({"object": commit, "message": "x"} if commit != at else {})}

    def _commit(self, project: str, name: str) -> str:
        return self.git(project, "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}", check=False)

    def _change(self, method: str, action: str, change: Change, body: dict[str, t.Any]) -> tuple[int, t.Any]:
        if (method, action) == ("PUT", "topic"):
            change.topic = body["topic"]
            self._touch(change)
            return 200, JsonText(change.topic)
        if (method, action) == ("POST", "hashtags"):
            change.hashtags |= set(body.get("add", []))
            self._touch(change)
            return 200, sorted(change.hashtags)
        if (method, action) == ("POST", "reviewers"):
            who = next((name for name, mail in ACCOUNTS.items() if body["reviewer"] in (name, mail)), None)
            if who is None:
                text = f"{body['reviewer']} does not identify a registered user or group"
                return 400, {"input": body["reviewer"], "error": f"Account '{body['reviewer']}' not found\n{text}"}
            if change.status != "NEW":
                return 409, "change is closed"
            change.reviewers.add(who)
            self._touch(change)
            return 200, {"input": body["reviewer"], "reviewers": [_account(who)]}
        if (method, action) == ("POST", "abandon"):
            if change.status != "NEW":
                return 409, f"change is {change.status.lower()}"
            change.status = "ABANDONED"
            self._say(change, f"Abandoned\n\n{body.get('message', '')}".strip(), None)
            self._touch(change)
            return 200, self._info(change)
        if method == "POST" and re.fullmatch("revisions/[0-9a-f]{40}/review", action):
            if action.split("/")[1] != change.commits[-1]:
                return 409, "revision is not the current one"
            votes = {}
            for label, value in body.get("labels", {}).items():
                if label not in LABELS:
                    return 400, f'label "{label}" is not a configured label'
                if not LABELS[label][0] <= value <= LABELS[label][1]:
                    return 400, f'label "{label}": {value} is not a valid value'
                change.votes[label, USER] = votes[label] = value
            change.reviewers.add(USER)
            words = " ".join(f"{label}{value:+d}" for label, value in votes.items())
            text = f"Patch Set {len(change.commits)}:{' ' + words if words else ''}"
            self._say(change, f"{text}\n\n{body['message']}" if body.get("message") else text, body.get("tag"))
            self._touch(change)
            return 200, {"labels": votes}
        return 501, f"the double does not know {method} {action}"

    def _say(self, change: Change, text: str, tag: str | None) -> None:
        row = {"author": USER, "message": text, "_revision_number": len(change.commits)}
        change.messages.append({**row, "tag": tag} if tag else row)

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        gerrit = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._serve("GET")

            def do_POST(self) -> None:
                self._serve("POST")

            def do_PUT(self) -> None:
                self._serve("PUT")

            def do_DELETE(self) -> None:
                self._serve("DELETE")

            def log_message(self, format: str, *arguments: t.Any) -> None:
                pass

            def _serve(self, method: str) -> None:
                url = urllib.parse.urlsplit(self.path)
                path = url.path.removeprefix("/a")
                gerrit.requests.append(f"{method} {path}")
                last = len(gerrit.requests) - 1 == gerrit.hold_number
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                for (of, pattern), (status, kind, text) in gerrit.answers.items():
                    if of == method and re.search(pattern, path):
                        self._send(status, kind, text.encode())
                        return
                held = [when for (of, where), when in gerrit.holds.items() if of == method and re.search(where, path)]
                held += ["after"] if last else []
                if "before" not in held:
                    self.wfile = io.BytesIO() if held else self.wfile
                    self._answer(method, url, path, body)
                if held:
                    gerrit.reached.set()
                    gerrit.released.wait(60)
                    self.close_connection = True

            def _answer(self, method: str, url: urllib.parse.SplitResult, path: str, body: bytes) -> None:
                needs = url.path.startswith("/a/") or method != "GET" and "git-upload-pack" not in path
                expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                if needs and self.headers.get("Authorization") != expected:
                    self._send(401, "text/plain", b"Unauthorized")
                elif re.search(r"/(info/refs|git-(upload|receive)-pack)$", path):
                    self._git(method, path, url.query, body)
                else:
                    query = urllib.parse.parse_qs(url.query)
                    data = json.loads(body) if body else {}
                    status, answer = gerrit.answer(method, path, query, data)
                    if status == 204:
                        self._send(status, "text/plain", b"")
                    elif isinstance(answer, str) and not isinstance(answer, JsonText):
                        self._send(status, "text/plain", answer.encode())
                    else:
                        self._send(status, "application/json", b")]}'\n" + json.dumps(answer).encode())

            def _git(self, method: str, path: str, query: str, body: bytes) -> None:
                project = re.sub(r"/(info/refs|git-(upload|receive)-pack)$", "", path).strip("/").removesuffix(".git")
                environment = {
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(gerrit.folder),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_CONFIG_GLOBAL": "/dev/null",
                    "GIT_CONFIG_NOSYSTEM": "1",
                    "PATH_INFO": path.replace(f"/{project}/", f"/{project}.git/", 1),
                    "QUERY_STRING": query,
                    "REQUEST_METHOD": method,
                    "REMOTE_USER": USER,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                }
                output = subprocess.run(
                    ["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment, check=True
                ).stdout
                if path.endswith("git-receive-pack"):
                    gerrit.take_pushes(project)
                head, _blank, content = output.partition(b"\r\n\r\n")
                headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
                status = int(headers.pop("Status", "200").split()[0])
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _send(self, status: int, kind: str, content: bytes) -> None:
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="Gerrit Code Review"')
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


def _account_id(who: str) -> dict[str, t.Any]:
    return {"_account_id": 1000 + sorted(ACCOUNTS).index(who)}


def _account(who: str) -> dict[str, t.Any]:
    return {**_account_id(who), "name": who.title(), "username": who, "email": ACCOUNTS[who]}
