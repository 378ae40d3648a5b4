# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from stage.modules import run_playbook

TEXT = """\
packages:
- {project: nova, name: openstack-nova, maintainers: [a@example.com], tags: {epoxy: {component: compute}}}
- {project: aodh, name: openstack-aodh, maintainers: [a@example.com], buildsys-tags: {x: y}}
"""


@pytest.fixture
def evaluate(tmp_path):
    """Runs a play that asserts expressions."""
    (tmp_path / "rdo-full.yml").write_text(TEXT)

    def run(*expressions: str):
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"where": {"rdoinfo": str(tmp_path), "cache_dir": str(tmp_path / "cache")}},
            "tasks": [{"name": "Check", "ansible.builtin.assert": {"that": list(expressions)}}],
        }
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        return run_playbook(tmp_path / "play.yml")

    return run


def test_packages_by_name_in_the_order_asked_for_or_all_that_match(evaluate):
    finished = evaluate(
        "query('rdo.releng.rdoinfo', 'openstack-aodh', 'nova', **where) | map(attribute='project') == ['aodh', 'nova']",
        "'component' not in lookup('rdo.releng.rdoinfo', 'nova', **where)",
        "lookup('rdo.releng.rdoinfo', 'nova', tag='epoxy', **where).component == 'compute'",
        "'buildsys-tags' not in lookup('rdo.releng.rdoinfo', 'aodh', **where)",
        "query('rdo.releng.rdoinfo', **where) | map(attribute='project') == ['nova', 'aodh']",
        "query('rdo.releng.rdoinfo', tag='epoxy', **where) | map(attribute='project') == ['nova']",
        "query('rdo.releng.rdoinfo', filters={'name': 'aodh'}, **where) | map(attribute='project') == ['aodh']",
    )
    assert finished.returncode == 0, finished.stdout


def test_what_is_not_there_is_an_error(evaluate):
    finished = evaluate("lookup('rdo.releng.rdoinfo', 'novaa', **where)")
    assert finished.returncode != 0
    assert "'novaa' is not a package or project of " in finished.stdout
