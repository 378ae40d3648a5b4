# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What names and addresses of trunk may look like; nothing else reaches a path, a query or a command."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from .._module.errors import InvalidInput
from .._module.text import shown, with_article

# What people or pipelines choose: labels, jobs, components, releases, repository ids.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,254}\Z")
# A commit of git, with SHA-1 or SHA-256.
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
# Drivers of DLRN choose it freely: a commit, two of them joined by "_", or a date.
EXTENDED = re.compile(r"[0-9A-Za-z][0-9A-Za-z_]{0,127}\Z")
MD5 = re.compile(r"[0-9a-f]{32}\Z")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")


def check(pattern: re.Pattern[str], value: t.Any, what: str, form: str) -> str:
    """``value`` if it is a text of that form; raises InvalidInput that names it otherwise."""
    if not isinstance(value, str) or not pattern.match(value):
        raise InvalidInput(f"{shown(value)} is not {with_article(what)}: {form}.", value=shown(value))
    return value


def check_name(value: t.Any, what: str) -> str:
    """A label, job, component, release or id of a repository."""
    return check(NAME, value, what, "letters, digits and . _ + - are allowed, the first a letter or digit")


def check_commit(value: t.Any, what: str) -> str:
    return check(COMMIT, value, what, "it has 40 (or 64) hexadecimal digits in lower case")


def check_url(value: t.Any, what: str, schemes: t.Collection[str] = ("file", "http", "https")) -> str:
    """An address without user or password, spaces or control characters; a ``/`` at its end is cut."""
    if not isinstance(value, str) or re.search(r"[^!-~]", value):
        raise InvalidInput(f"{shown(value)} is not {with_article(what)}: an address without spaces is needed.")
    try:
        parts = urllib.parse.urlsplit(value)
        secret = "@" in parts.netloc
    except ValueError as error:
        raise InvalidInput(f"{shown(value)} is not {with_article(what)}: {error}.") from error
    if secret:
        raise InvalidInput(f"The {what} must not carry a user or password; use the options for them.")
    if parts.scheme not in schemes or not (parts.netloc or (parts.scheme == "file" and parts.path)):
        raise InvalidInput(
            f"{shown(value)} is not {with_article(what)}: it does not begin with one of {', '.join(sorted(schemes))}://"
        )
    if ".." in parts.path.split("/") or parts.query or parts.fragment:
        raise InvalidInput(f"{shown(value)} is not {with_article(what)}: it must not have .. , ? or # in it.")
    return value.rstrip("/")
