# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set parts and services up and run Tempest against them: the whole life of a cloud in a clean root.

It runs in the root, where the processes and the network are its own: all that it starts ends with it, whatever ends it.
The file that its argument names says what to do; the role that wrote it describes that in its argument_specs.yml.
It ends with status 0 when Tempest has judged, be it good or bad, and with 1 when it could not; the last line says why.

An upgrade is two runs in one root, which a second argument tells apart. "before" it the services are set up, given
something to keep, and ended. "after" it, when the root has new packages, they are started on what they had stored, and
what they had to keep is judged as well.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import shlex
import subprocess
import sys
import typing as t

from deployment import Deployment, write
from kept import Kept
from programs import LOGS, Programs, Stopped, how_it_ended, say

TESTS = pathlib.Path("/tmp/tests")  # noqa: S108 (the root's own)
WORK = pathlib.Path("/tmp/tempest")  # noqa: S108
# What writes a stream of results in words; it forgets to import what it uses.
SHOW = ["python3", "-c", "import subunit.test_results; from stestr import subunit_trace; subunit_trace.main()"]


def remember(times: dict[str, float]) -> None:
    """Tell stestr, which runs Tempest's tests, how long each took before.

    It then gives each of its workers as much to do as the others; without, it only counts the tests.
    """
    if not times:
        return
    from stestr.repository import file  # in the root, and only where Tempest is

    run = file.RepositoryFactory().initialise(".").get_inserter()
    begun = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
    run.startTestRun()
    for name, seconds in times.items():
        run.status(test_id=name, test_status="inprogress", timestamp=begun)
        run.status(test_id=name, test_status="success", timestamp=begun + datetime.timedelta(seconds=seconds))
    run.stopTestRun()
    say(f"The times of {len(times)} tests are known from an earlier run")


def test(tempest: dict[str, t.Any], programs: Programs) -> None:
    """Have python-tempestconf write Tempest's configuration from what the cloud says of itself, and run Tempest."""
    WORK.mkdir()
    os.chdir(WORK)
    remember(tempest["times"])
    excluded = "".join(f"{entry['test']}  # {entry['reason']}\n" for entry in tempest["exclude"])
    write(str(WORK / "excluded"), excluded)
    options = {"DEFAULT.log_file": str(LOGS / "tempest.log"), **tempest["configuration"]}
    overrides = [str(part) for option in options.items() for part in option]
    configure = ["discover-tempest-config", f"--os-cloud={tempest['cloud']}", "--out=tempest.conf"]
    programs.run([*configure, *tempest["options"], *overrides], {})
    run = ["tempest", "run", "--config-file=tempest.conf", f"--regex={tempest['include']}", "--exclude-list=excluded"]
    run += [f"--concurrency={tempest['concurrency']}", "--subunit"]
    say(f"+ {shlex.join(run)}")
    environment = {**os.environ, "OS_TEST_TIMEOUT": str(tempest["test_timeout"]), "PYTHONUNBUFFERED": "1"}
    judge = subprocess.Popen(
        run, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, start_new_session=True
    )
    # As they come, so that a run that is ended early leaves what it found; and in words, to be read.
    copy = subprocess.Popen(
        ["tee", "--output-error=warn-nopipe", str(TESTS / "tempest.subunit")],
        stdin=judge.stdout,
        stdout=subprocess.PIPE,
    )
    show = subprocess.Popen(SHOW, stdin=copy.stdout)
    for pipe in (judge.stdout, copy.stdout):
        t.cast(t.IO[bytes], pipe).close()
    try:
        programs.wait(judge, "Tempest")
    finally:
        copy.wait()
        show.wait()
    if judge.returncode not in (0, 1):
        raise Stopped(f"Tempest {how_it_ended(judge.returncode)}")


def main(path: str, stage: str = "") -> int:
    scenario = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    programs = Programs(scenario["timeout"])
    try:
        for place, content in scenario["files"].items():
            write(place, content)
        deployment = Deployment(
            scenario["parts"],
            scenario["services"],
            programs,
            scenario["tempest"]["cloud"],
            scenario["password"],
            scenario["ready_timeout"],
            upgrading=stage == "after",
        )
        deployment.run()
        kept = Kept(scenario["services"], deployment.connection)
        if stage == "before":
            kept.make()
            deployment.stop()
            return 0
        if stage == "after":
            kept.judge(TESTS / "upgrade.xml")
        test(scenario["tempest"], programs)
        programs.look("after Tempest had run")
    except (Stopped, OSError) as error:
        # What was promoted is not what is judged.
        say(f"= {'Before the upgrade: ' if stage == 'before' else ''}{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
