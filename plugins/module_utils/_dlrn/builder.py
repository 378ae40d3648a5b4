# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A DLRN worker on this host: what it has built, what there is to build, and running it."""

from __future__ import annotations

import concurrent.futures
import configparser
import contextlib
import dataclasses
import inspect
import json
import os
import re
import signal
import typing as t

from .._dlrn import inside_dlrn
from .._module.command import find_program, run_command
from .._module.errors import CommandFailed, Conflict, InvalidInput, NotFound, RelengError, TimedOut
from .._module.git import fetch, list_references, run_git
from .._module.json_text import load_json
from .._module.lock import describe_holder, held_lock
from .._module.text import ini_problem
from .._module.waiter import Deadline, Waiter
from .._module.work_folder import WorkFolder

# Every process that builds for a data directory carries this variable with the directory's path.
MARK = "RDO_RELENG_DLRN_DATADIR"
# Variables of this process that DLRN has as well.
KEPT = (
    *("HOME", "LANG", "LC_ALL", "LOGNAME", "TMPDIR", "TZ", "USER", "http_proxy", "https_proxy", "no_proxy"),
    *("GIT_CONFIG_GLOBAL", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
)
GIT_TIMEOUT = 120
# DLRN may fetch rdoinfo to answer.
ANSWER_TIMEOUT = 600
# All commits that DLRN has built, of years.
_MOST_ANSWER = 256 << 20


@dataclasses.dataclass
class State:
    """What DLRN knows; rows and packages are as inside_dlrn.py makes them.

    :param config: datadir, baseurl, reponame, source, fallback_to_master.
    :param packages: by name, in rdoinfo's order.
    :param commits: rows with an id after the one that was asked for.
    :param newest_id: id of the newest row; 0 when there is none.
    """

    config: dict[str, t.Any]
    packages: dict[str, dict[str, t.Any]]
    commits: list[dict[str, t.Any]]
    newest_id: int


@dataclasses.dataclass
class Pending:
    """A package that has, or may have, something to build.

    :param reason: why, as a person would say it.
    :param spec: text of the distgit's spec file; None: there is not exactly one, or it cannot be read.
    """

    package: str
    reason: str
    spec: str | None = None


class Builder:
    """One DLRN worker.

    :param config_file: its projects.ini.
    :param virtualenv: where DLRN is installed; None: the program dlrn is found by PATH.
    :param info_repo: a folder with rdoinfo, instead of what projects.ini says.
    :param log: file that all of DLRN's output is appended to.
    """

    def __init__(self, config_file: str, virtualenv: str | None, info_repo: str | None, log: str | None) -> None:
        if not os.path.isfile(config_file):
            raise NotFound(
                f"DLRN's configuration {config_file} is not there. The role rdo.releng.dlrn_builder writes it."
            )
        parser = configparser.RawConfigParser()
        try:
            parser.read(config_file)
            self.datadir = os.path.realpath(parser.get("DEFAULT", "datadir"))
            self.scriptsdir = parser.get("DEFAULT", "scriptsdir", fallback="")
            self._database = parser.get("DEFAULT", "database_connection", fallback="")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise InvalidInput(f"DLRN's configuration {config_file} cannot be used: {ini_problem(error)}") from error
        self.config_file = config_file
        self.info_repo = info_repo
        self.log = log
        self.program = os.path.join(virtualenv, "bin", "dlrn") if virtualenv else find_program("dlrn")
        if not os.access(self.program, os.X_OK):
            raise NotFound(f"DLRN is not installed as {self.program}. The role rdo.releng.dlrn_builder installs it.")

    def state(self, since: int = -1) -> State:
        """What DLRN has recorded; commits are those with an id after ``since``, none when that is -1.

        :raises CommandFailed: DLRN cannot read its configuration, rdoinfo or its database.
        :raises TimedOut: it does not answer.
        """
        request = {"config_file": self.config_file, "info_repo": self.info_repo, "since": since}
        try:
            done = run_command(
                [self._python(), "-c", inspect.getsource(inside_dlrn), json.dumps(request)],
                environment=self._environment(),
                timeout=ANSWER_TIMEOUT,
                tail=_MOST_ANSWER,
                apart=True,
            )
        except TimedOut as error:
            raise TimedOut(
                f"DLRN has not said in {ANSWER_TIMEOUT} s what it has built. Can it fetch rdoinfo from where "
                f"{self.config_file} says?"
            ) from error
        except CommandFailed as error:
            message = error.data["output"].strip()
            last = message.splitlines()[-1] if message else f"exit status {error.data['rc']}"
            raise CommandFailed(
                f"DLRN cannot say what it has built: {last}. Look at {self.config_file} and at rdoinfo.",
                output=message,
            ) from error
        answer = load_json(done.output, "The answer of DLRN's Python", _MOST_ANSWER)
        packages = {package["name"]: package for package in answer["packages"]}
        return State(answer["config"], packages, answer["commits"], answer["newest_id"])

    def pending(self, state: State, names: t.Sequence[str]) -> list[Pending]:
        """Which of the packages have something to build, in rdoinfo's order. Asks the git servers; writes nothing."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            found = pool.map(lambda name: self._pending(state, state.packages[name]), names)
            return [item for item in found if item]

    def _pending(self, state: State, package: dict[str, t.Any]) -> Pending | None:
        name, last = package["name"], package["last"]
        if not package["foreseeable"]:
            return Pending(name, "only DLRN can tell whether there is something new")
        source = find_head(package["upstream"], package["source_branch"], state.config)
        distgit = find_head(package["distgit"], package["distro_branch"], state.config)
        if last is None:
            reason = "it was never built"
        elif last["commit_hash"] != source.revision:
            reason = _moved(package["upstream"], source, last["commit_hash"])
        elif last["distro_hash"] != distgit.revision:
            reason = _moved(package["distgit"], distgit, last["distro_hash"])
        else:
            return None
        return Pending(name, reason, read_spec_file(package["distgit"], distgit.branch))

    def again(self, state: State, name: str) -> Pending:
        """A package whose newest commit failed, to be built once more."""
        package = state.packages[name]
        return Pending(name, "it failed the last time", read_spec_file(package["distgit"], package["distro_branch"]))

    def build(
        self, names: t.Sequence[str], head_only: bool, deadline: Deadline, watch: t.Callable[[str], None]
    ) -> None:
        """Run DLRN for packages. What became of each build stands in its database.

        :raises CommandFailed: DLRN itself broke down or was killed.
        :raises TimedOut: the deadline passed; DLRN and its builds were killed.
        """
        self._close_database()
        argv = [self.program, "--config-file", self.config_file]
        argv += ["--info-repo", self.info_repo] if self.info_repo else []
        argv += ["--head-only"] if head_only else []
        for name in names:
            argv += ["--package-name", name]
        try:
            # 1: a build failed; 2: one should be tried again.
            done = run_command(
                argv,
                log=self.log,
                timeout=deadline.remaining,
                environment={**self._environment(), MARK: self.datadir},
                expected=(0, 1, 2),
                watch=watch,
                tied=True,
            )
        finally:
            self.kill_orphans()
        broke = done.rc == 1 and find_crash(done.output)
        if broke:
            raise CommandFailed(
                f"DLRN broke down: {broke}. What a killed run of it left is mended by rdo.releng.dlrn_repair."
                + (f" Log: {self.log}" if self.log else ""),
                output=done.output,
            )

    def recheck(self, name: str) -> None:
        """Have DLRN forget that the newest commit of a package failed, so that it builds it again."""
        run_command(
            [self.program, "--config-file", self.config_file]
            + (["--info-repo", self.info_repo] if self.info_repo else [])
            + ["--recheck", "--package-name", name],
            log=self.log,
            timeout=ANSWER_TIMEOUT,
            environment=self._environment(),
        )

    @contextlib.contextmanager
    def locked(self, deadline: Deadline, waiting: t.Callable[[str], None]) -> t.Iterator[bool]:
        """Keep other builds of this data directory out, and end what one that was killed has left running.

        :param waiting: called once with a sentence when somebody else builds.
        :returns: whether somebody else did.
        :raises TimedOut: somebody else built all the time.
        """
        path = os.path.join(self.datadir, ".dlrn_build.lock")
        waited: list[str] = []

        def wait_for(who: str) -> None:
            waited.append(who)
            waiting(who)

        with contextlib.ExitStack() as stack:
            try:
                held = held_lock(path, {"builds": self.datadir}, deadline.remaining, waiting=wait_for)
                stack.enter_context(held)
            except Conflict as error:
                holder = error.data["holder"]
                raise TimedOut(
                    f"Another run still builds in {self.datadir}: {describe_holder(holder)}. Wait for it, or end it "
                    "and run again.",
                    holder=holder,
                ) from error
            self.kill_orphans()
            yield bool(waited)

    def kill_orphans(self) -> None:
        """End the processes of earlier runs for this data directory. Only for the holder of the lock."""
        mark = f"{MARK}={self.datadir}".encode()
        Waiter(30, pause=0.1).wait(lambda: _kill_marked(mark), lambda left: not left, "killed builds to end")

    def _close_database(self) -> None:
        """Let others than the owner and the group not read the database, which has the users of the API in it."""
        path = self._database[len("sqlite:///") :] if self._database.startswith("sqlite:///") else ""
        if path:
            # An empty file is an empty database.
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
            try:
                os.fchmod(handle, os.fstat(handle).st_mode & 0o770)
            finally:
                os.close(handle)

    def _python(self) -> str:
        return os.path.join(os.path.dirname(self.program), "python")

    def _environment(self) -> dict[str, str]:
        """What DLRN and all it starts may know: nothing of who votes, and no key.

        DLRN's programs are found before others, what stands before them first; and so are build drivers beside its
        scripts.
        """
        before = [os.path.join(self.scriptsdir, "bin"), os.path.dirname(self.program)]
        return {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "PATH": os.pathsep.join([*before, os.environ.get("PATH", "/usr/bin")]),
            "PYTHONPATH": self.scriptsdir,
            # As git asks nobody for a password, a repository that is not public is an error.
            "GIT_TERMINAL_PROMPT": "0",
        }


@dataclasses.dataclass(frozen=True)
class Head:
    branch: str
    revision: str


def _moved(url: str, head: Head, built: str) -> str:
    return f"{head.branch} of {url} is at {head.revision[:12]}, built was {built[:12]}"


def find_head(url: str, branch: str, config: t.Mapping[str, t.Any]) -> Head:
    """The commit that DLRN would build for ``branch``, with its own rules for branches that do not exist.

    These are, where its configuration allows them: upstream's tag C(RELEASE-eol), then C(master) or C(main); for a
    distgit's branch C(RELEASE-rdo), C(rpm-master).

    :raises NotFound: neither the branch nor one that DLRN would take instead is there.
    """
    eol = branch.replace("stable/", "") + "-eol"
    # An annotated tag has a hash of its own; the commit's is listed as TAG^{}, if it is asked for.
    tags = [f"refs/tags/{tag}{peeled}" for tag in (branch, eol) for peeled in ("", "^{}")]
    patterns = [f"refs/heads/{branch}", *tags, "refs/heads/m*", "refs/heads/rpm-master"]
    # With the user's configuration, as DLRN's own git goes by it.
    refs = list_references(url, *patterns, timeout=GIT_TIMEOUT, configured=True)
    candidates = [branch]
    if branch == config["source"]:
        candidates += [eol, *(["master", "main"] if config["fallback_to_master"] else [])]
    elif branch.endswith("-rdo") and config["fallback_to_master"]:
        candidates.append("rpm-master")
    for candidate in candidates:
        for ref in f"refs/heads/{candidate}", f"refs/tags/{candidate}^{{}}", f"refs/tags/{candidate}":
            if ref in refs:
                return Head(candidate, refs[ref])
    raise NotFound(
        f"{url} has no branch {branch!r}, nor one that DLRN takes instead; of those it has: {sorted(refs) or 'none'}."
    )


def read_spec_file(url: str, branch: str) -> str | None:
    """The spec file of a distgit, if it has exactly one."""
    with WorkFolder("distgit") as folder, contextlib.suppress(RelengError):
        run_git("init", "--quiet", "--bare", folder=folder)
        fetch(url, branch, "--depth=1", folder=folder, timeout=GIT_TIMEOUT, configured=True)
        names = run_git("ls-tree", "--name-only", "FETCH_HEAD", folder=folder).output.splitlines()
        specs = [name for name in names if name.endswith((".spec", ".spec.j2"))]
        if len(specs) == 1:
            return run_git("show", f"FETCH_HEAD:{specs[0]}", folder=folder).output
    return None


def find_crash(output: str) -> str | None:
    """The exception that ended DLRN, when it did not end by itself: its last line belongs to a traceback."""
    lines = output.strip().splitlines()
    last = lines[-1] if lines else ""
    crashed = "Traceback (most recent call last):" in lines and re.match(r"[A-Za-z_][\w.]*(:|$)", last)
    return last if crashed else None


def _kill_marked(mark: bytes) -> list[int]:
    """Kill every process but this one that has ``mark`` in its environment; those that were there."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        # Gone by now, or somebody else's.
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark not in file.read().split(b"\0"):
                    continue
            os.kill(int(name), signal.SIGKILL)
            found.append(int(name))
    return found
