# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import configparser

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.text import (
    MESSAGE,
    clean,
    ini_problem,
    message,
    one_line,
    presentable,
    redacted,
    shown,
)


@pytest.mark.parametrize(
    "char",
    [
        "\x1b",
        "\x00",
        "\x07",
        "\x08",
        "\x7f",
        "\x9b",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u2028",
        "\ud800",
        "\ufeff",
        "\U000e0041",
    ],
)
def test_nothing_steers_a_terminal_or_deceives_a_reader(char):
    assert clean(f"a{char}b") == "a\ufffdb"
    clean(f"a{char}b").encode()


def test_what_people_write_stays():
    text = "Zoë \u2013 日本語\n\tחלק 🎉\r\nend"
    assert clean(text) == text


def test_a_carriage_return_can_not_overwrite_a_line():
    assert clean("failed\rpassed") == "failed\ufffdpassed"


def test_one_line_is_one_and_not_endless():
    assert one_line(" a\n\tb\x1b[2J ") == "a b\ufffd[2J"
    assert one_line("x" * 10_000_000, 20) == "x" * 19 + "…"
    assert one_line(" " * 100 + "x", 20).endswith("…")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pass@example.org/x", "https://***@example.org/x"),
        ("https://token@example.org/x", "https://***@example.org/x"),
        ("at http://u:p@ss@w@example.org:80, and", "at http://***@example.org:80, and"),
        ("HTTPS://user:pass@example.org", "HTTPS://***@example.org"),
        ("git+https://u:p@example.org", "git+https://***@example.org"),
        ("ssh://git@example.org/x", "ssh://git@example.org/x"),
        ("ssh://git:pw@example.org/x", "ssh://***@example.org/x"),
        ("https://example.org/@user", "https://example.org/@user"),
        ("mail someone@example.org", "mail someone@example.org"),
    ],
)
def test_an_address_is_shown_without_its_user(text, expected):
    assert redacted(text) == expected


def test_everything_that_a_module_returns_is_presentable():
    data = {"a\x1b": ["https://u:p@h/", 1, None, True, ("x\x07",)], "b": {"c": 1.5}}
    assert presentable(data) == {"a\ufffd": ["https://***@h/", 1, None, True, ["x\ufffd"]], "b": {"c": 1.5}}


def test_a_message_is_cut_and_none_of_its_lines_looks_like_one_of_ansible():
    assert message("wrong:\nok: [localhost]\x1b[0m") == "wrong:\n  ok: [localhost]\ufffd[0m"
    assert len(message("x" * 1_000_000)) == MESSAGE


def test_a_value_is_shown_in_one_short_line():
    assert shown("a\nb\u202e") == r"'a\nb\u202e'"
    assert len(shown("x" * 1_000_000)) <= 120
    assert len(shown({"x": "y" * 1000})) <= 120


@pytest.mark.parametrize(
    "text, said",
    [
        ("root:s3cr3t:0\n", "line 1 is in no section"),
        ("[a]\nb=1\ns3cr3t\n", "lines 3 are not settings"),
        ("[a]\nb=1\n[a]\n", "section 'a' already exists"),
    ],
)
def test_lines_of_what_is_no_ini_file_are_not_quoted(text, said):
    with pytest.raises(configparser.Error) as error:
        configparser.ConfigParser().read_string(text)
    assert said in ini_problem(error.value) and "s3cr3t" not in ini_problem(error.value)
