# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario roles on repositories that play upstream's: what they are given, and what is made of how they end.

That a real installer runs is not shown here.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import re
import shutil
import subprocess
import threading

import pytest
import yaml
from stage.modules import ROOT, run_playbook
from stage.molecule import run_molecule

VARIABLES = ROOT / "extensions" / "molecule" / "scenarios" / "vars" / "main.yml"
# What the scripts have of this process.
OWN = {
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "USER",
    "PWD",
    "SHLVL",
    "_",
    "http_proxy",
    "https_proxy",
    "no_proxy",
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The folder of molecule's run: passed once, and not run again."""
    folder = tmp_path_factory.mktemp("molecule")
    run_molecule("scenarios", folder)
    return folder


def environment(results):
    lines = (results / "logs" / "environment").read_text().splitlines()
    return {name: value for name, _sign, value in (line.partition("=") for line in lines) if name not in OWN}


def test_packstack_is_given_what_it_reads(stage):
    results = stage / "results" / "packstack-scenario001"
    assert environment(results) == {
        "SCENARIO": "scenario001",
        "WORKSPACE": f"{results}/logs",
        "MANAGE_REPOS": "false",
        "INSTALL_FROM_SOURCE": "false",
        "ADDITIONAL_ARGS": "",
        "SELINUX_ENFORCING": "true",
        "COPY_LOGS": "true",
        "RESULTS": f"{stage}/packstack.subunit",
    }
    assert (results / "tests" / "packstack.subunit").exists()
    # It installs from exactly the candidate.
    candidate = json.loads((stage / "candidate.json").read_text())
    repositories = (stage / "yum.repos.d" / "rdo-releng.repo").read_text()
    assert f"# candidate: {candidate['id']}" in repositories
    assert f"baseurl={candidate['components'][0]['repo_url']}" in repositories


def test_puppet_openstack_is_given_what_it_reads(stage):
    results = stage / "results" / "puppet-openstack-scenario001"
    assert environment(results) == {
        "SCENARIO": "scenario001",
        "WORKSPACE": f"{results}/logs",
        "MANAGE_REPOS": "false",
        "MANAGE_PUPPET_MODULES": "true",
        "PUPPETFILE_DIR": "/etc/puppet/modules",
        "PUPPET_ARGS": "--modulepath=/etc/puppet/modules",
        "PUPPET_PKG": "puppet",
        "GEM_HOME": f"{results}/source/.bundled_gems",
        "TEMPEST_FROM_SOURCE": "false",
        "ADD_SWAP": "false",
        "RESULTS": f"{stage}/puppet.subunit",
    }
    assert (results / "logs" / "logs" / "puppet.txt").read_text() == "collected\n"


def test_tcib_builds_of_the_candidate_and_each_image_counts(stage):
    results = stage / "results" / "tcib"
    arguments = (stage / "bin" / "arguments").read_text().splitlines()
    given = dict(zip(arguments, arguments[1:]))
    candidate = json.loads((stage / "candidate.json").read_text())
    assert arguments[:4] == ["tcib", "container", "image", "build"]
    assert given["--config-path"] == f"{results}/source/container-images"
    assert (given["--base"], given["--release"]) == ("quay.io/centos/centos:stream9", "9")
    assert given["--tag"] == candidate["id"][:12]
    assert "--exclude=nova-api" in arguments
    assert candidate["id"] in (results / "repositories" / "rdo-releng.repo").read_text()
    images = (results / "tests" / "images.xml").read_text()
    assert re.findall(r'<testcase classname="image" name="([a-z-]+)"', images) == ["base", "keystone"]
    assert given["--repo-dir"] == f"{results}/repositories"


# Name of the case, the role, its variables, and what is said.
RED = {
    "fail": ("scenario_packstack", {"scenario_packstack_scenario": "scenario002"}, ["tempest.two", "(tests-failed)"]),
    "hang": (
        "scenario_packstack",
        {"scenario_packstack_scenario": "scenario003", "scenario_packstack_timeout": 1},
        ["was ended after 1 s (timeout)"],
    ),
    "kill": (
        "scenario_packstack",
        {"scenario_packstack_scenario": "scenario004"},
        ["was killed by signal 9", "(infrastructure)"],
    ),
    "skip": ("scenario_packstack", {"scenario_packstack_scenario": "scenario005"}, ["no test was run"]),
    # What is left of results says nothing, and does not hide why the job ended.
    "cut": (
        "scenario_packstack",
        {"scenario_packstack_scenario": "scenario006"},
        ["ended with status 1", "no element found"],
    ),
    "missing": (
        "scenario_packstack",
        {"scenario_packstack_scenario": "scenario009"},
        ["There is no tests/scenario009.sh in", "There are: tests/scenario001.sh, tests/scenario002.sh"],
    ),
    "image": ("scenario_tcib", {"scenario_name": "tcib", "scenario_tcib_exclude": []}, ["image.nova-api"]),
    "killed-images": (
        "scenario_tcib",
        {"scenario_name": "tcib", "scenario_tcib_environment": {"END": "kill"}},
        ["was killed by signal 9", "(infrastructure)"],
    ),
    "puppet": (
        "scenario_puppet_openstack",
        {
            "scenario_name": "puppet-openstack-scenario001",
            "scenario_puppet_openstack_scenario": "scenario002",
        },
        ["tempest.two", "./run_tests.sh ended with status 1"],
    ),
    "unpinned-images": (
        "scenario_tcib",
        {"scenario_name": "images"},
        ["pins no repository for images. It pins: packstack-scenario001"],
    ),
    "unpinned": (
        "scenario_puppet_openstack",
        {"scenario_name": "puppet-openstack-scenario005"},
        ["pins no repository for puppet-openstack-scenario005", "It pins: packstack-scenario001, puppet"],
    ),
}


@pytest.fixture(scope="module")
def red(stage):
    """What was said of each case, all of them in one run; and its folder of results."""
    tasks = []
    for case, (role, variables, _said) in RED.items():
        given = {
            "scenario_name": "packstack-scenario001",
            "scenario_role": f"rdo.releng.{role}",
            "scenario_results": str(stage / "red" / case),
            "scenario_fail": False,
            **variables,
        }
        tasks += [
            {"ansible.builtin.include_role": {"name": "rdo.releng.scenario"}, "vars": given},
            {
                "ansible.builtin.copy": {
                    "content": "{{ {'success': scenario_success, 'failures': scenario_failures} | to_json }}",
                    "dest": f"{stage}/red/{case}/said.json",
                    "mode": "0644",
                }
            },
        ]
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": [str(VARIABLES)], "tasks": tasks}
    (stage / "red.yml").write_text(yaml.safe_dump([play]))
    done = run_playbook(stage / "red.yml", environment={"RELENG_MOLECULE": str(stage)})
    assert done.returncode == 0, done.stdout
    (stage / "red" / "output").write_text(done.stdout)
    return stage / "red"


@pytest.mark.parametrize("case", RED)
def test_red_says_why_and_votes(red, case):
    said = json.loads((red / case / "said.json").read_text())
    assert said["success"] is False
    for words in RED[case][2]:
        assert words in "\n".join(said["failures"])
    (vote,) = (red / case / "votes").rglob("*.json")
    assert json.loads(vote.read_text())["success"] is False
    assert case in ("missing", "unpinned", "unpinned-images") or list((red / case / "logs").glob("*.log"))


def test_logs_that_could_not_be_collected_are_told_of(red):
    """And the reason stays that of the script; what its log does not say, the results of its tests do."""
    assert "./copy_logs.sh ended with status 1" in (red / "output").read_text()
    (vote,) = (red / "puppet" / "votes").rglob("*.json")
    assert "1 failed, 0 skipped; tests-failed: ./run_tests.sh ended with status 1" in vote.read_text()


def test_what_an_earlier_run_left_does_not_count(red):
    """The run that was ended found a file of results of the run before it, and did not take it."""
    assert not list((red / "hang" / "tests").iterdir())


STESTR = """#!/bin/sh
# Stands in for stestr: the tests of each module end as it is named.
repository=${1#--repo-url=}
case $2 in
  */passes/tests) /bin/mkdir "$repository/.stestr"; printf 'test: one\\nsuccess: one\\n' > "$repository/.stestr/0" ;;
  */hangs/tests) read -r _ < /dev/zero ;;
  */is_killed/tests) kill -9 $$ ;;
esac
"""


@pytest.fixture(scope="module")
def shell_root(tmp_path_factory):
    """A root with nothing but a shell, and scripts in place of Python and stestr."""
    root = tmp_path_factory.mktemp("root")
    root.chmod(0o755)  # as that of every system: who is confined in it is another user
    programs = ["/bin/sh", "/bin/mkdir"]
    libraries = subprocess.run(["ldd", *programs], check=True, capture_output=True, text=True).stdout
    for path in {*programs, *re.findall(r"(/\S+) \(0x", libraries)}:
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / path[1:])
    for name in ("dev", "proc", "site", "tmp", "usr/bin"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, text in (("python3", "#!/bin/sh\necho /site\n"), ("stestr", STESTR)):
        (root / "usr/bin" / name).write_text(text)
        (root / "usr/bin" / name).chmod(0o755)
    return root


def test_projects_whose_tests_break_off_leave_those_of_the_others(stage, shell_root):
    """Played in a root that is there, as dnf has nothing to install here."""
    role, results = stage / "roles" / "upstream_tests", stage / "upstream-tests"
    (role / "tasks").mkdir(parents=True)
    include = {"name": "rdo.releng.scenario_upstream_tests", "tasks_from": "tests"}
    (role / "tasks" / "main.yml").write_text(yaml.safe_dump([{"ansible.builtin.include_role": include}]))
    given = {
        "scenario_name": "upstream-tests",
        "scenario_role": str(role),
        "scenario_results": str(results),
        "scenario_upstream_tests_root": str(shell_root),
        "scenario_upstream_tests_timeout": 3,
        "scenario_upstream_tests_projects": [
            {"name": name.replace("_", "-"), "module": name, "exclude": [{"test": "x", "reason": "no x"}]}
            for name in ("hangs", "is_killed", "passes")
        ],
    }
    task = {"ansible.builtin.include_role": {"name": "rdo.releng.scenario"}, "vars": given}
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": [str(VARIABLES)], "tasks": [task]}
    (stage / "upstream.yml").write_text(yaml.safe_dump([play]))
    done = run_playbook(stage / "upstream.yml", environment={"RELENG_MOLECULE": str(stage)})
    assert done.returncode != 0
    (vote,) = (results / "votes").rglob("*.json")
    notes = json.loads(vote.read_text())["notes"]
    assert "1 passed, 0 failed, 0 skipped; timeout: hangs: /usr/bin/stestr" in notes
    said = " ".join(done.stdout.split())
    assert "hangs: /usr/bin/stestr in" in said and "was ended after 3 s" in said
    assert "is-killed: /usr/bin/stestr in" in said
    assert (results / "tests" / "hangs" / "excluded").read_text().splitlines()[1] == "x  # no x"


def test_nothing_is_run_whose_result_could_not_be_reported(stage):
    given = {
        "scenario_name": "packstack-scenario001",
        "scenario_role": "rdo.releng.scenario_packstack",
        "scenario_results": str(stage / "unreported"),
        "scenario_vote": True,
    }
    nobody = {"api_url": "http://127.0.0.1:1", "retries": 0}
    task = {"ansible.builtin.include_role": {"name": "rdo.releng.scenario"}, "vars": given}
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": [str(VARIABLES)], "tasks": [task]}
    (stage / "unreported.yml").write_text(
        yaml.safe_dump([{**play, "module_defaults": {"group/rdo.releng.dlrn": nobody}}])
    )
    done = run_playbook(stage / "unreported.yml", environment={"RELENG_MOLECULE": str(stage)})
    assert done.returncode != 0
    assert "packstack-scenario001 was not run, because its votes cannot be read" in " ".join(done.stdout.split())
    assert not (stage / "unreported").exists()


def test_packaged_puppet_modules_are_those_of_the_puppetfile(stage):
    role = ROOT / "roles" / "scenario_puppet_openstack"
    puppetfile = (ROOT / "extensions/molecule/scenarios/files/puppet-openstack-integration/Puppetfile").read_text()
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(role / "defaults/main.yml"), str(role / "vars/main.yml")],
        "vars": {"__scenario_puppet_openstack_puppetfile": puppetfile},
        "tasks": [{"ansible.builtin.debug": {"msg": "{{ __scenario_puppet_openstack_module_packages | join(' ') }}"}}],
    }
    (stage / "modules.yml").write_text(yaml.safe_dump([play]))
    assert '"msg": "puppet-apache puppet-nova"' in run_playbook(stage / "modules.yml").stdout


@pytest.fixture(scope="module")
def by_hand(stage):
    """Run the playbook in a folder of one's own, with nothing but a candidate and what keeps the host as it is."""
    nothing = {
        "host_preparation_distributions": {}, "host_preparation_memory_mb": 0, "host_preparation_disk_gb": 0,
        "host_preparation_processors": 0, "host_preparation_swap_mb": 0, "host_preparation_repositories": [],
        "host_preparation_packages": [], "logs_sources": [], "logs_commands": [],
        "repositories_folder": str(stage / "yum.repos.d"),
        "scenario_packstack_tests": [str(stage / "packstack.subunit")],
        "scenario_packstack_environment": {"RESULTS": str(stage / "packstack.subunit")},
    }  # fmt: skip

    def run(folder, *argv, **given):
        (folder / "temporary").mkdir(exist_ok=True)
        arguments = ["-e", json.dumps({**nothing, **given}), *argv]
        places = {"PWD": str(folder), "TMPDIR": str(folder / "temporary"), "DLRNAPI_USERNAME": ""}
        done = run_playbook("rdo.releng.scenario", *arguments, environment=places)
        assert not list(folder.rglob("ansible.*.json")), "the lockfile was left behind"
        return done

    return run


def test_a_person_runs_what_ran_elsewhere_with_its_lockfile(stage, by_hand, tmp_path):
    """Fetched by its address; the red run leaves its logs collected, without secrets, and the vote."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(stage))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/candidate.json"
        name = {"scenario_name": "packstack-scenario001", "scenario_packstack_scenario": "scenario002"}
        done = by_hand(tmp_path, candidate=address, **name)
        server.shutdown()
    assert done.returncode != 0
    assert "packstack-scenario001 failed" in done.stdout
    results = tmp_path / "results" / "packstack-scenario001"
    (vote,) = (results / "votes").rglob("*.json")
    assert json.loads(vote.read_text())["success"] is False
    page = (results / "collected" / "index.html").read_text()
    assert "tests-failed" in page and "tempest.two" in page
    logs = [gzip.decompress(path.read_bytes()) for path in (results / "collected").rglob("*.log.gz")]
    assert any(b"keystone:***@" in log for log in logs)
    assert not any(b"hidden-word" in log for log in logs)


@pytest.mark.parametrize(
    "given, said",
    [
        ({}, "pins packstack-scenario001, puppet-openstack-scenario001, tcib: set scenario_name"),
        ({"scenario_name": "smoke"}, "No role is known for a scenario called smoke: set scenario_role"),
        ({"scenario_name": "smoke"}, "There is no scenario 'smoke'. There are: packstack-scenario001, "),
        (
            {"scenario_name": "packstack-scenario002"},
            "does not pin it. There is no scenario 'packstack-scenario002'. Did",
        ),
        ({"scenario_name": "pupet-openstack-scenario001"}, "Did you mean puppet-openstack-scenario001"),
        ({"scenario_name": "tcib", "host_preparation_memory_mb": 987654321}, "is not suitable: it has"),
    ],
)
def test_what_can_not_be_run_by_hand_is_told_at_once(stage, by_hand, tmp_path, given, said):
    (tmp_path / "candidate.json").write_text((stage / "candidate.json").read_text())
    done = by_hand(tmp_path, "--check", candidate="candidate.json", **given)
    assert done.returncode != 0
    assert said in " ".join(done.stdout.split())
    assert not (tmp_path / "results").exists()
