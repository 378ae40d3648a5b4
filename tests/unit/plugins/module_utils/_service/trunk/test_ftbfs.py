# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change about a failed build says, and what it must not; the life of one is in the integration tests."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.failures import Diagnosis, FailureClass
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._service.trunk import ftbfs

OPTIONS = {"topic": "rdo-FTBFS", "branch": "rpm-master", "trunk_url": "https://trunk.example.org/centos9"}


@pytest.mark.parametrize(
    "change",
    [
        {"topic": 'a" status:merged'},
        {"branch": "-x"},
        {"trunk_url": "https://ci:s3cret@trunk.example.org/centos9"},
        {"trunk_url": "ftp://trunk.example.org"},
        {"trunk_url": "https://trunk.example.org/centos9?x"},
    ],
)
def test_what_would_come_into_queries_and_messages_is_looked_at_first(change):
    with pytest.raises(InvalidInput) as caught:
        ftbfs.plan_failures({**OPTIONS, **change})
    assert "s3cret" not in caught.value.message


def signature(*lines, missing=(), of=FailureClass.TESTS_FAILED):
    return ftbfs._signature(Diagnosis(of, list(lines), list(missing)))


def test_the_same_failure_of_another_build_has_the_same_signature():
    one = signature("FAIL: /builddir/build/BUILD/nova-32.1.0/a.py in 1.2 s, commit 4e1243bd22c66e76c2ba9eddc1f91394")
    other = signature("FAIL: /builddir/build/BUILD/nova-32.1.1/a.py in 7.5 s, commit 0123456789abcdef")
    assert one == other != signature("ERROR: /builddir/a.py in 1.2 s, commit 4e1243b")
    assert signature("x", missing=["python3-a"]) == signature("y", missing=["python3-a"])
    assert signature("x") != signature("x", of=FailureClass.TIMEOUT)


@pytest.mark.parametrize(
    ("origin", "project"),
    [
        ("ssh://review.rdoproject.org:29418/openstack/nova-distgit.git", "openstack/nova-distgit"),
        ("https://review.rdoproject.org/r/openstack/nova-distgit", "openstack/nova-distgit"),
        (None, None),
    ],
)
def test_the_project_of_a_distgit(origin, project):
    assert ftbfs._gerrit_project({"review-origin": origin}) == project
