# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is masked in logs, and what is not."""

from __future__ import annotations

import time

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


@pytest.mark.parametrize(
    "text",
    [
        "admin_pass = s3cret",
        "rabbit_pass=s3cret",
        "adminPass: s3cret",
        "DB_PASS=s3cret",
        "pass: s3cret",
        "db_pwd = s3cret",
        "curl -u admin:s3cret https://example.org/",
        "curl -uadmin:s3cret https://example.org/",
        "curl --user 'admin:s3cret word' https://example.org/",
        "skopeo copy --dest-creds=admin:s3cret docker://a docker://b",
        "sshpass -p s3cret ssh root@192.0.2.1",
        "sshpass -ps3cret ssh root@192.0.2.1",
        "mysql -h db -u root -ps3cret nova",
        "redis-cli -h db -a s3cret ping",
        "rabbitmqctl -q add_user nova s3cret",
        "+ openssl rsa -passin pass:s3cret -in key.pem",
        "machine example.org login admin password s3cret",
        "using Bearer s3cret now",
        "authorization: bearer s3cret",
        "got Basic YWRtaW46czNjcmV0cw== s3cret=".replace(" s3cret=", ""),
        "<password>s3cret</password>",
        '<ns:adminPass type="plain">s3cret</ns:adminPass>',
        r'{"body": "{\"password\": \"s3cret\", \"id\": 3}"}',
        r'x "password": "s3c\"s3cret" y',
        "x 'password': 's3c\\'s3cret' y",
        "{'password': u's3cret', 'id': 3}",
        "params: ('password', 's3cret')",
        "https://admin:p@s3cret@example.org/x",
        "https://admin:p/s3cret@example.org/x",
        "https://s3crettoken@example.org/x",
        "transport_url = rabbit://a:s3cret@h1:5672,b:s3cret@h2:5672/nova",
        "at https://a:s3cret@h1/ and https://b:s3cret@h2/",
        "Password for user admin: s3cret",
        "the password is 's3cret'",
        "passwords: [a, s3cret]",
        'x = {"tokens": ["a b", "s3cret"]}',
        "password=abc,s3cret;s3cret",
        "admin_password = correct horse s3cret staple",
        "--os-password 'a s3cret' token issue",
        "X-Auth-Token: s3cret",
        "x PRIVATE-TOKEN: s3cret",
        "secret_key_base = s3cret",
        "gAAAAABs3cretxxxxxxxxxxxxxxxxxxx",
        "root:$6$salt$s3cretxxxxxxxxxxxxxx:1:",
        "JWT eyJhbGciOiJIUzI1NiJ9.s3cret.s3cret",
    ],
)
def test_secrets_of_all_kinds_are_masked(text):
    masked = Masker().line(text + "\n")
    assert "s3cret" not in masked and "staple" not in masked and " word'" not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "lines",
    [
        ["password: |", "  s3cret", "  s3cret", "after: 1"],
        ["password: >-", "", "  s3cret", "after: 1"],
        ["  passwords:", "  - s3cret", "  - s3cret", "  after: 1"],
        ["tokens:", "    admin: s3cret", "    other: s3cret", "after: 1"],
        ['  "tokens": [', '    "s3cret",', '    "s3cret"', "  ],", '  "after": 1'],
        ['password: "s3c', "  s3cret", '  s3cret"', "after: 1"],
        ["<password>", "s3cret", "s3cret", "</password>", "after"],
        ["password = s3cret", "    s3cret", "after = 1"],
        ["-----BEGIN PGP PRIVATE KEY BLOCK-----", "s3cret", "-----END PGP PRIVATE KEY BLOCK-----", "after"],
    ],
)
def test_a_secret_of_several_lines_is_masked_to_its_end(lines):
    masker = Masker()
    masked = [masker.line(f"{line}\n") for line in lines]
    assert "s3cret" not in "".join(masked)
    assert masked[-1] == f"{lines[-1]}\n"


@pytest.mark.parametrize(
    "text",
    [
        "bypass = 1",
        "compass: north",
        "git clone ssh://git@example.org/x",
        "Basic support for authentication",
        "# pass 12",
        "tests: 3 passed",
        "mail someone@example.org, see https://example.org/",
        "monkey = banana",
        "Wrote: /srv/passwords.py",
    ],
)
def test_words_that_only_look_like_the_name_of_a_secret_stay(text):
    assert Masker().line(text) == text


def test_known_secrets_are_masked_as_others_write_them():
    masker = Masker(['a b/"c', "first line\nsecond line\nx"])
    assert masker.line('{"x": "a b/\\"c"} a%20b/%22c a%20b%2F%22c\n') == '{"x": "***"} *** ***\n'
    assert masker.line("the second line, x\n") == "the ***, x\n"


TRAPS = ["a://u:@", "mysql ", "rabbitmqctl ", "Basic ", "Bearer ", "eyJaaaaaaaaaaaaa-", "<token ", '"', "\\", "token="]
TRAPS += ["password for ", "pass", "-pass", "-u a:", "$1$", "token: [", "aPass", "'token', ", " ", "machine ", "ab-"]


def test_no_line_is_a_trap():
    start = time.process_time()
    for trap in TRAPS:
        Masker(["known"]).line("x " + trap * (65536 // len(trap)))
    assert time.process_time() - start < 30
