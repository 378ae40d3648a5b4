# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Rich (boolean) dependencies as formulas.

libsolv answers "who provides this" rightly for names, versions, ``or``, ``with`` and ``without``. For ``and``, ``if``
and ``unless`` there is no such answer: what matters is whether some set of packages fulfils the whole. Here such a
dependency becomes a list of alternatives, each a set of atoms of which all must be provided and a set of which none
may be. The operators mean what they mean to rpm (lib/depends.c): ``A if B`` is ``A or not B``, ``A unless B`` is
``A and not B``, and with ``else`` the third operand counts where the condition decides the other way.
"""

from __future__ import annotations

import functools
import re
import typing as t

from .._module.errors import InvalidInput

#: (what must be provided, what must not be), in the words of the dependency
Alternative = tuple[frozenset[str], frozenset[str]]
Formula = tuple[t.Any, ...]

_STRUCTURED = re.compile(r" (?:and|if|unless) ")
_WORD = re.compile(r"\s*(and|or|if|unless|with|without|else)\s+")
_VERSION = re.compile(r"\s*(<=|>=|=|<|>)\s*([^\s()]+)")
_MOST_ALTERNATIVES = 4096


def atoms(text: str) -> frozenset[str]:
    """All atoms of a rich dependency."""
    return frozenset().union(*(having | lacking for having, lacking in alternatives(text)))


def is_structured(text: str) -> bool:
    """Whether ``text`` is a dependency that no list of providers can answer."""
    return text.startswith("(") and _STRUCTURED.search(text) is not None


@functools.lru_cache(maxsize=65536)
def alternatives(text: str) -> list[Alternative]:
    """The ways to fulfil a rich dependency.

    :raises InvalidInput: it is malformed, nested too deep, or has too many ways.
    """
    try:
        formula, end = _operand(text, 0)
        if text[end:].strip():
            raise ValueError(f"unexpected {text[end:]!r}")
        return _ways(formula, True)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The rich dependency {text[:200]!r} cannot be understood: {error}.") from error


def _operand(text: str, at: int) -> tuple[Formula, int]:
    """One operand that begins at ``at``, and where it ends."""
    while text[at : at + 1] == " ":
        at += 1
    if text[at : at + 1] == "(":
        return _group(text, at)
    end, depth = at, 0
    # Parentheses belong to a name as long as they are balanced in it: python3dist(pbr), libc.so.6()(64bit)
    while end < len(text) and not text[end].isspace() and (text[end] != ")" or depth):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    if end == at:
        raise ValueError(f"a name is missing at {text[at:]!r}")
    name = text[at:end]
    version = _VERSION.match(text, end)
    if version:
        return ("atom", f"{name} {version[1]} {version[2]}"), version.end()
    return ("atom", name), end


def _group(text: str, start: int) -> tuple[Formula, int]:
    """What stands in parentheses that open at ``start``, and where it ends."""
    first, at = _operand(text, start + 1)
    operands, operator = [first], ""
    while True:
        if text[at:].lstrip().startswith(")"):
            end = text.index(")", at) + 1
            break
        word = _WORD.match(text, at)
        if word is None:
            raise ValueError(f"an operator is missing at {text[at:]!r}")
        follows = "else" if operator in ("if", "unless") and len(operands) == 2 else operator or word[1]
        if word[1] != follows or word[1] == "else" and operator not in ("if", "unless"):
            raise ValueError(f"{word[1]!r} cannot follow {operator!r}")
        operator = operator or word[1]
        operand, at = _operand(text, word.end())
        operands.append(operand)
    if not operator:
        return first, end
    if operator in ("with", "without"):
        # One package must have it all: that is an atom, which libsolv answers.
        return ("atom", text[start:end]), end
    return (operator, *operands), end


def _ways(formula: Formula, wanted: bool) -> list[Alternative]:
    """The alternatives that make ``formula`` true, or false when not ``wanted``."""
    operator, operands = formula[0], formula[1:]
    if operator == "atom":
        atom = frozenset(operands)
        return [(atom, frozenset())] if wanted else [(frozenset(), atom)]
    if operator in ("and", "or"):
        parts = [_ways(operand, wanted) for operand in operands]
        return _all(parts) if (operator == "and") == wanted else _any(parts)
    if operator == "not":
        return _ways(operands[0], not wanted)
    first, condition, *other = operands
    if operator == "if":
        # (first or not condition) and (other or condition)
        formula = ("or", first, ("not", condition))
        if other:
            formula = ("and", formula, ("or", other[0], condition))
    else:
        # unless: (first and not condition) or (other and condition)
        formula = ("and", first, ("not", condition))
        if other:
            formula = ("or", formula, ("and", other[0], condition))
    return _ways(formula, wanted)


def _any(parts: list[list[Alternative]]) -> list[Alternative]:
    return _bounded([way for part in parts for way in part])


def _all(parts: list[list[Alternative]]) -> list[Alternative]:
    ways: list[Alternative] = [(frozenset(), frozenset())]
    for part in parts:
        ways = _bounded([(have | more, lack | less) for have, lack in ways for more, less in part])
    return ways


def _bounded(ways: list[Alternative]) -> list[Alternative]:
    ways = list(dict.fromkeys(way for way in ways if not way[0] & way[1]))
    if len(ways) > _MOST_ALTERNATIVES:
        raise ValueError(f"there are more than {_MOST_ALTERNATIVES} ways to fulfil it")
    return ways


class Judge:
    """Says which rich dependencies of packages cannot be fulfilled.

    The question is whether some set of packages fulfils all that one package requires, whatever those packages
    require themselves.

    :param providers_of_text: ids of the packages that provide an atom.
    :param providers: ids of the packages that provide one of libsolv's dependencies.
    """

    def __init__(
        self, providers_of_text: t.Callable[[str], frozenset[int]], providers: t.Callable[[int], frozenset[int]]
    ) -> None:
        self._of_text, self._of = providers_of_text, providers
        self._free: dict[str, bool] = {}
        self._atoms: dict[str, frozenset[int]] = {}

    def is_free(self, text: str) -> bool:
        """Whether ``text`` can be fulfilled for any package without that something must be absent."""
        if text not in self._free:
            self._free[text] = any(
                not lacking and all(map(self._providers_of_text, having)) for having, lacking in alternatives(text)
            )
        return self._free[text]

    def unfulfilled(self, number: int, texts: t.Iterable[str], plain: t.Iterable[int]) -> list[str]:
        """Those of a package's rich dependencies that cannot be fulfilled, for themselves or all together.

        :param number: the package; it is installed in any case.
        :param texts: its rich dependencies.
        :param plain: libsolv's ids of what else it requires.
        """
        conditional: list[str] = []
        failed: list[str] = []
        for text in sorted(texts):
            if not self.is_free(text):
                possible = self._possible(number, alternatives(text), ())
                (conditional if possible else failed).append(text)
        if conditional:
            ways = _together(conditional)
            if not self._possible(number, ways, [one for one in plain if self._of(one)]):
                failed += conditional
        return failed

    def _possible(self, number: int, ways: list[Alternative], plain: t.Iterable[int]) -> bool:
        """Whether one of ``ways`` can be gone by package ``number`` that also requires ``plain``."""
        for having, lacking in ways:
            absent: frozenset[int] = frozenset().union(*map(self._providers_of_text, lacking))
            if number in absent or not all(self._providers_of_text(atom) - absent for atom in having):
                continue
            if not absent or all(self._of(dependency) - absent for dependency in plain):
                return True
        return False

    def _providers_of_text(self, text: str) -> frozenset[int]:
        if text not in self._atoms:
            self._atoms[text] = self._of_text(text)
        return self._atoms[text]


def _together(texts: t.Iterable[str]) -> list[Alternative]:
    """The ways to fulfil several rich dependencies of one package at once."""
    try:
        return _all([alternatives(text) for text in texts])
    except ValueError as error:
        raise InvalidInput(f"The rich dependencies {', '.join(texts)} cannot be combined: {error}.") from error
