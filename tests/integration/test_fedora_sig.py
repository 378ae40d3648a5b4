# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Fedora's distgits lack of ours, as commits that are ready to push."""

from __future__ import annotations

import json
import subprocess

from stage.modules import run_playbook
from test_distgit_merge import Theirs
from test_merge import BASE, OURS, THEIRS

RDOINFO = """\
releases:
- name: flamingo
  status: maintained
  branch: flamingo-rdo
  repos: [{{name: el9s, buildsys-tags: [flamingo-testing]}}]
package-default:
  name: python-%(project)s
  distgit: {folder}/ours/%(project)s
  maintainers: [alice@example.com]
  tags: {{flamingo: }}
packages:
- project: thing
- project: ahead
- project: absent
"""


def test_a_commit_is_ready_nothing_is_pushed_and_again_it_is_the_same(tmp_path):
    (tmp_path / "rdoinfo").mkdir()
    (tmp_path / "rdoinfo" / "rdo-full.yml").write_text(RDOINFO.format(folder=tmp_path))
    (tmp_path / "ours").mkdir()
    (tmp_path / "fedora").mkdir()
    heads = {}
    for name, theirs, ours in ("thing", [BASE, OURS], [BASE, THEIRS]), ("ahead", [THEIRS], [BASE]):
        fedora, mine = Theirs(tmp_path / "fedora" / f"python-{name}"), Theirs(tmp_path / "ours" / name)
        for spec in theirs:
            heads[name] = fedora.commit({"thing.spec": spec})
        for spec in ours:
            mine.commit({"thing.spec": spec})
        mine.git("branch", "-m", "flamingo-rdo")

    def play(*packages: str, push: str = "") -> str:
        given = {"rdoinfo": "rdoinfo", "release": "flamingo", "packages": packages, "folder": "out", "push": push}
        given["fedora_git"] = str(tmp_path / "fedora")
        done = run_playbook(
            "rdo.releng.fedora_sig",
            "-e",
            json.dumps(given),
            environment={"XDG_CACHE_HOME": str(tmp_path / "cache")},
            folder=tmp_path,
        )
        assert (done.returncode != 0) is ("python-absent" in packages), done.stdout
        return done.stdout

    def head() -> str:
        argv = ["git", "-C", tmp_path / "out" / "python-thing", "rev-parse", "HEAD"]
        return subprocess.check_output(argv, text=True).strip()

    first = play("python-thing", "python-ahead", "python-absent")
    assert "1 ahead, 1 failed, 1 ready" in first, first
    made = head()
    show = ["git", "-C", tmp_path / "out" / "python-thing", "show", "--format=%B%P", "HEAD"]
    shown = subprocess.check_output(show, text=True)
    assert shown.startswith("Update to 1.1\n") and heads["thing"] in shown and "+Version:        1.1" in shown
    assert "# no tests here" not in [line[1:] for line in shown.split("\n") if line.startswith("-")]
    assert (
        subprocess.check_output(["git", "-C", tmp_path / "fedora" / "python-thing", "rev-parse", "HEAD"], text=True)[
            :-1
        ]
        == heads["thing"]
    )
    fork = tmp_path / "forks" / "python-thing"
    subprocess.run(["git", "init", "--quiet", "--bare", fork], check=True)
    assert "1 pushed" in play("python-thing", push=str(tmp_path / "forks"))
    pushed = subprocess.check_output(["git", "-C", fork, "rev-parse", "rdo-flamingo"], text=True)
    assert pushed.strip() == made == head()
