# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook was not given."""

from __future__ import annotations

from ansible_collections.rdo.releng.plugins.filter.missing import missing

NEEDED = [
    {"name": "candidate", "example": "-e candidate=candidate.json"},
    {"name": "rdoinfo or plan", "example": "-e plan=plan.json"},
    {"name": "dlrnapi_url", "env": "A_URL or B_URL", "example": "export A_URL=https://example.org"},
]


def test_everything_is_said_at_once(monkeypatch):
    monkeypatch.delenv("A_URL", raising=False)
    monkeypatch.delenv("B_URL", raising=False)
    assert missing(NEEDED, ["unrelated"]) == [
        "candidate is missing, for example: -e candidate=candidate.json",
        "rdoinfo or plan is missing, for example: -e plan=plan.json",
        "dlrnapi_url is missing, for example: export A_URL=https://example.org",
    ]


def test_a_variable_or_the_environment_will_do(monkeypatch):
    monkeypatch.setenv("B_URL", "https://example.org")
    assert missing(NEEDED, ["candidate", "plan"]) == []
    monkeypatch.setenv("B_URL", "")
    assert len(missing(NEEDED, ["candidate", "plan"])) == 1
    assert missing(NEEDED, ["candidate", "plan", "dlrnapi_url"]) == []
