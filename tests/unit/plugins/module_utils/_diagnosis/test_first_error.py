# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a log began to go wrong."""

from __future__ import annotations

from ansible_collections.rdo.releng.plugins.module_utils._diagnosis.first_error import first_error


def test_the_line_that_says_why_comes_before_other_errors():
    lines = ["fine"] * 8 + ["Error: something", "No matching package to install: 'python3-x'", "Error: again", "end"]
    found = first_error("\n".join(lines))
    assert (found.number, found.failure_class) == (10, "missing-requirement")
    assert "> 10: No matching package" in found.excerpt
    assert "  9: Error: something" in found.excerpt


def test_an_error_of_no_class_is_found_too():
    found = first_error("fine\nError: it does not like you\nend\n")
    assert (found.number, found.failure_class) == (2, "unknown")


def test_no_error_is_none():
    assert first_error("fine\nthe end\n") is None
    assert first_error("") is None
