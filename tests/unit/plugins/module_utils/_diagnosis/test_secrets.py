# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is masked in logs, and what is not."""

from __future__ import annotations

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.secrets import Masker, after_cut


@pytest.mark.parametrize(
    "text",
    [
        "connection = mysql+pymysql://keystone:s3cret@127.0.0.1/keystone",
        "transport_url=rabbit://guest:s3cret@10.0.0.1:5672/",
        "CONFIG_KEYSTONE_ADMIN_PW=s3cret",
        "admin_password = s3cret",
        '  "adminPass": 1, "password": "s3cret", "id": 3',
        "keystone::admin_token: 's3cret'",
        "rabbit_password => 's3cret',",
        "Authorization: Basic s3cret",
        "-H 'X-Auth-Token: s3cret'",
        "openstack --os-password s3cret server list",
        "dlrnapi --password=s3cret",
        "api_key: s3cret",
        "export OS_PASSWORD=s3cret",
        'db_password="s3cret with spaces"',
    ],
)
def test_what_looks_like_a_secret_is_masked(text):
    masked = Masker().line(text + "\n")
    assert "s3cret" not in masked and "spaces" not in masked
    assert "***" in masked
    assert masked.endswith("\n")


@pytest.mark.parametrize(
    "text",
    [
        "https://trunk.rdoproject.org/centos9-master/current/delorean.repo",
        "2026-01-01T10:00:00 keystone password is expired",
        "Error: tokens are not what they were",
        "git clone git@github.com:rdo-infra/weirdo",
        "test_password_history ... ok",
    ],
)
def test_the_rest_stays(text):
    assert Masker().line(text) == text


def test_a_private_key_is_masked_as_a_whole():
    masker = Masker()
    lines = ["before\n", "-----BEGIN RSA PRIVATE KEY-----\n", "MIIE\n", "-----END RSA PRIVATE KEY-----\n", "after\n"]
    assert "".join(map(masker.line, lines)) == "before\n***\n***\nafter\n"


def test_known_secrets_are_masked_wherever_they_stand():
    assert Masker(["tea", "teapot", ""]).line("a teapot of tea\n") == "a *** of ***\n"


@pytest.mark.parametrize("piece", ["-", "ab-", "a.", "x", "a://", "token", "--password"])
def test_a_long_line_is_no_trap(piece):
    """It would take minutes if every place of a word were tried as the beginning of one."""
    assert Masker().line(piece * (65536 // len(piece)))


@pytest.mark.parametrize(
    "text, rest",
    [
        ("word=s3cret\nafter\n", "after\n"),
        ("cut\nMIIE\n-----END RSA PRIVATE KEY-----\nafter\n", "after\n"),
        (
            "cut\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nafter\n",
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nafter\n",
        ),
        ("one line without an end", ""),
    ],
)
def test_what_lost_its_beginning_is_not_kept(text, rest):
    assert after_cut(text) == rest
