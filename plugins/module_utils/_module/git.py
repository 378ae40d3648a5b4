# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The one way to run git.

Nobody is asked for a password, no program that a repository's configuration names is run, only protocols that run no
commands are spoken, there is an end to its time, and an error says which repository it was and what git said.
"""

from __future__ import annotations

import os
import re
import typing as t

from .command import Finished, run_command
from .errors import CommandFailed, NotFound, TimedOut, Unavailable
from .text import one_line, redacted

# Not "ext", which runs commands.
PROTOCOLS = ("file", "git", "http", "https", "ssh")
#: Seconds for what talks to nobody.
LOCAL_TIMEOUT = 600.0
# Of git's own variables, those that say whom to trust, and where the configuration of this user lies.
_TRUST = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_PROXY_SSL_CAINFO")
_CONFIGURATION = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
# Hooks and monitors are programs that whoever made a repository chose. Nothing is packed while others may look.
_OPTIONS = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0")
_REFERENCE_LINE = re.compile(r"^([0-9a-f]{40,64})\t(\S+)$", re.MULTILINE)
_NO_SUCH_REFERENCE = re.compile(r"couldn't find remote ref|not our ref")
# Characters of what git said in a message.
_MOST_SAID = 1000
# What git adds for people at a terminal.
_NOISE = re.compile(
    r"@@@|hint:|warning:|From |Please make sure you have the correct access rights|and the repository exists\.$"
)


def run_git(
    *arguments: str,
    folder: str | None = None,
    variables: t.Mapping[str, str] | None = None,
    configured: bool = False,
    expected: t.Container[int] = (0,),
    timeout: float | None = None,
    file_size: int | None = None,
    held: t.Sequence[int] = (),
    tail: int = 1_000_000,
) -> Finished:
    """Run git to its end; its output is standard output alone.

    :param folder: of the repository; None: git is told no folder.
    :param variables: of its environment, besides those of this process that are not git's.
    :param configured: go by the configuration of this user and this host as well, so that git reaches what the git that
        others run here reaches; otherwise that has no say.
    :param timeout: seconds; None: :data:`LOCAL_TIMEOUT`.
    :param file_size: bytes of a file that git may write.
    :param held: descriptors of locks that git holds as well, as long as it runs.
    :raises CommandFailed: the message has the repository and what git said, ``output`` all of it.
    :raises TimedOut: it was ended.
    """
    timeout = LOCAL_TIMEOUT if timeout is None else timeout
    limited = [] if file_size is None else ["prlimit", f"--fsize={file_size}", "--core=0", "--"]
    options = [*_OPTIONS, *([] if configured else ["credential.helper="])]
    argv = [*limited, "git", *(["-C", folder] if folder else [])]
    argv += [word for option in options for word in ("-c", option)]
    environment = {**_environment(configured), **(variables or {})}
    where = f" in {folder}" if folder else ""
    what = f"git {next((word for word in arguments if not word.startswith('-')), '')}{where}"
    try:
        return run_command(
            [*argv, *arguments],
            environment=environment,
            expected=expected,
            timeout=timeout,
            tail=tail,
            held=held,
            apart=True,
        )
    except TimedOut as error:
        raise TimedOut(f"{what} was ended after {timeout:g} s.", **error.data) from error
    except CommandFailed as error:
        status, said = error.data["rc"], what_git_said(error.data["output"])
        raise CommandFailed(f"{what} ended with status {status}: {said}", **error.data) from error


def ask_repository(url: str, *arguments: str, problem: str, late: str, timeout: float, **options: t.Any) -> Finished:
    """Run a command of git's that talks to another repository.

    :param problem: begins the message of what git could not do.
    :param late: begins the message of a time-out.
    :param options: as of :func:`run_git`.
    :raises NotFound: the repository has not what was asked for.
    :raises Unavailable: it cannot be read or written; ``said`` is what git said of it.
    :raises TimedOut: it did not answer.
    """
    shown = redacted(url)
    try:
        return run_git(*arguments, timeout=timeout, **options)
    except TimedOut as error:
        raise TimedOut(f"{late} within {timeout:g} s.", url=shown) from error
    except CommandFailed as error:
        output = error.data["output"].strip()
        kind = NotFound if _NO_SUCH_REFERENCE.search(output) else Unavailable
        said = what_git_said(output)
        raise kind(f"{problem}: {said}", url=shown, said=said, body=redacted(output)) from error


def list_references(url: str, *patterns: str, timeout: float, configured: bool = False) -> dict[str, str]:
    """The hash of each reference of a repository elsewhere that matches one of ``patterns``; with none, branches and
    tags.

    :raises Unavailable: the repository cannot be read.
    :raises TimedOut: it did not answer.
    """
    chosen = () if patterns else ("--heads", "--tags")
    shown = redacted(url)
    answer = ask_repository(
        url,
        *("ls-remote", *chosen, "--", url, *patterns),
        problem=f"The git repository {shown} cannot be read",
        late=f"The git repository {shown} did not answer",
        timeout=timeout,
        configured=configured,
    )
    return {name: commit for commit, name in _REFERENCE_LINE.findall(answer.output)}


def fetch(url: str, reference: str, *options: str, folder: str, timeout: float, **more: t.Any) -> None:
    """Fetch ``reference`` of a repository elsewhere into the one at ``folder``.

    :param reference: a branch, tag, hash or refspec, as git reads it.
    :param options: of ``git fetch``.
    :param more: as of :func:`run_git`.
    :raises NotFound: the repository has no such thing.
    :raises Unavailable: it cannot be read.
    :raises TimedOut: it did not send all in time.
    """
    name, shown = _name_of(reference), redacted(url)
    ask_repository(
        url,
        *("fetch", "--quiet", "--no-tags", *options, "--", url, reference),
        problem=f"{re.sub('^the ', 'The ', name)} cannot be fetched from {shown}",
        late=f"{shown} did not send {name}",
        timeout=timeout,
        folder=folder,
        **more,
    )


def what_git_said(output: str) -> str:
    """What matters in git's messages, as one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if not _NOISE.match(line)]
    said = " ".join(telling or lines) or "nothing"
    if len(said) > _MOST_SAID:
        said = f"…{said[-_MOST_SAID:]}"  # the last of it says what came of it
    return redacted(one_line(said, 2 * _MOST_SAID))


def _name_of(reference: str) -> str:
    """What is fetched, as a person calls it."""
    name = reference.partition(":")[0].lstrip("+")
    for prefix, kind in ("refs/heads/", "branch"), ("refs/tags/", "tag"):
        if name.startswith(prefix):
            return f"the {kind} {name[len(prefix) :]}"
    return name


def _environment(configured: bool) -> dict[str, str]:
    kept = (*_TRUST, *(_CONFIGURATION if configured else ()))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in kept}
    for name in ("LANGUAGE", "SSH_ASKPASS"):
        environment.pop(name, None)
    environment.update(
        GIT_TERMINAL_PROMPT="0",
        SSH_ASKPASS_REQUIRE="never",
        GIT_ALLOW_PROTOCOL=":".join(PROTOCOLS),
        LC_ALL="C.UTF-8",  # the messages are read
    )
    if not configured:
        # A repository's own configuration may name programs for the last two.
        environment.update(
            GIT_CONFIG_GLOBAL=os.devnull,
            GIT_CONFIG_SYSTEM=os.devnull,
            GIT_ASKPASS="",
            GIT_SSH_COMMAND="ssh -oBatchMode=yes",
        )
    return environment
