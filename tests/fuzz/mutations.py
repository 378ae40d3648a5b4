# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Valid documents, damaged: in their structure first, then in their bytes."""

from __future__ import annotations

import copy
import json
import random
import typing as t

import yaml

# Values that some program has once stumbled over.
EVIL: tuple[t.Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**300, -(10**300), 0.5, 1e308, "", " ", "x" * 70_000, "a/../../b",
    "\u202e\x1b[2J", "https://u:p@h/", "2026-13-45", "0000-00-00", "9999-12-31", "9999-12-31T23:59:59Z", "false", "nan",
    "%(x)s %", "{x} {", "{{ x }}", "{0.__class__}", "*", "[", [], {}, [[]], [None], {"": None}, {"x": {"y": ["z"]}},
    "%(name)99999999s", "{release:>99999999}",
    [{"any": []}], {"all": ["j"]}, ["j", "j"], {1: 2}, {None: 1, "a": 2}, [0] * 2000,
    "file:///etc/passwd", "\u00e9" * 9,
)  # fmt: skip
TEXTS = (
    b"[" * 3000, b"{" * 3000, b"- " * 500, b"\0", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"!!int ''", b"!!python/none x",
    b"&a [*a]", b"*b", b"<<: *b", b".inf", b"NaN", b"1e999", b"9" * 5000, b"'", b'"', b"\n\n", b"\t", b"\r", b"---\n",
    b"<!DOCTYPE x>", b"<a>" * 300, b"&lt;", b"]]>", b"$x", b"%", b",", b"(" * 300, b" if " * 50, b"2026-13-01",
    b"~", b"=",
)  # fmt: skip


def mutated(seed: t.Any, source: random.Random) -> bytes:
    """``seed`` as a text with a few things wrong."""
    content = seed.encode() if isinstance(seed, str) else seed
    if not isinstance(content, bytes):
        data = copy.deepcopy(seed)
        for _number in range(source.choice((0, 1, 1, 1, 2, 4))):
            data = _in_structure(data, source)
        content = _written(data, source)
        if source.random() < 0.6:
            return content
    for _number in range(source.choice((1, 1, 2, 8))):
        content = _in_bytes(content, source)
    return content


def _in_structure(data: t.Any, source: random.Random) -> t.Any:
    places = list(_places(data))
    if not places:
        return copy.deepcopy(source.choice(EVIL))
    container, key = source.choice(places)
    what = source.randrange(6)
    if what == 0:
        del container[key]
    elif what == 1 and isinstance(container, dict):
        container[source.choice(("x", "", "name", "schema", "\u202e", "id"))] = copy.deepcopy(source.choice(EVIL))
    elif what == 1:
        container.append(copy.deepcopy(container[key]))
    elif what == 2:
        other, place = source.choice(places)
        container[key] = copy.deepcopy(other[place] if place in _keys(other) else source.choice(EVIL))
    elif what == 3:
        container[key] = [copy.deepcopy(container[key])]
    else:
        container[key] = copy.deepcopy(source.choice(EVIL))
    return data


def _keys(container: t.Any) -> t.Any:
    return container if isinstance(container, dict) else range(len(container))


def _places(data: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    for key in list(_keys(data)) if isinstance(data, (dict, list)) else ():
        yield data, key
        yield from _places(data[key])


def _written(data: t.Any, source: random.Random) -> bytes:
    if source.random() < 0.5:
        try:
            return json.dumps(data, ensure_ascii=source.random() < 0.5).encode(errors="surrogatepass")
        except (TypeError, ValueError):
            pass
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True).encode(errors="surrogatepass")


def _in_bytes(content: bytes, source: random.Random) -> bytes:
    start = source.randrange(len(content) + 1)
    end = min(len(content), start + source.choice((0, 1, 1, 4, 30)))
    what = source.randrange(6)
    if what == 0:
        return content[:start]
    if what == 1:
        return content[:start] + content[end:]
    if what == 2:
        return content[:start] + content[start:end] * source.choice((2, 50, 2000)) + content[end:]
    if what == 3:
        return (
            content[:start] + bytes(source.randrange(256) for _number in range(source.choice((1, 4)))) + content[end:]
        )
    return content[:start] + source.choice(TEXTS) + content[end:]
