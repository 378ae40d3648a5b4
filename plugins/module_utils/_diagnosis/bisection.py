# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Which of several parts that changed turns green into red: what to try next, from what was tried.

A try takes some parts as they are now (the red end) and the others as they were (the green end). The search halves the
suspects, as if one part alone were to blame, and tries the one that is left alone. Where that is green, several parts
are to blame together, and the search goes on for the smallest set of them, as if no further part could mend what is
red. Both are assumptions about tries that were not made; what is said about the answer itself was tried.

Pure: the same tries give the same next step, so that a search that was interrupted goes on where it stood.
"""

from __future__ import annotations

import dataclasses
import typing as t

GREEN, RED, UNCLEAR = "green", "red", "unclear"
#: the parts that a try takes as they are now
Taken = frozenset[str]


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a search came to.

    :param kind:
        - ``single``: one part; with it alone it is red
        - ``together``: several parts, none of which is to blame without the others
        - ``elsewhere``: it is not green even with every part as it was
        - ``gone``: it is not red even with every part as it is now
        - ``unclear``: one of these parts, or several; what would tell them apart cannot be tried
    :param parts: in the order in which they were given.
    """

    kind: str
    parts: tuple[str, ...]


class _Untried(Exception):
    """A try whose result decides what comes next."""

    def __init__(self, taken: Taken) -> None:
        super().__init__(taken)
        self.taken = taken


def next_step(parts: t.Sequence[str], known: t.Mapping[Taken, str], every: bool = False) -> Taken | list[Finding]:
    """What to try next, or what was found: more than one finding only with ``every``.

    :param parts: all parts that changed.
    :param known: results of tries.
    :param every: whether to look, once something was found, for what would turn it red without that.
    """
    search = _Search(parts, known)
    findings: list[Finding] = []
    try:
        while True:
            finding = search.run()
            findings.append(finding)
            search = search.without(finding)
            if not every or finding.kind not in ("single", "together") or not search.is_red():
                return findings
    except _Untried as untried:
        return untried.taken


class _Search:
    def __init__(self, parts: t.Sequence[str], known: t.Mapping[Taken, str]) -> None:
        self.parts, self.known = tuple(parts), known
        self.everything = frozenset(parts)

    def without(self, finding: Finding) -> _Search:
        return _Search([part for part in self.parts if part not in finding.parts], self.known)

    def is_red(self) -> bool:
        return bool(self.parts) and self._ask(self.parts) == RED

    def run(self) -> Finding:
        if self._ask(()) != GREEN:
            return Finding("elsewhere", ())
        if self._ask(self.parts) != RED:
            return Finding("gone", ())
        suspects = self.parts
        while len(suspects) > 1:
            half = self._halve(suspects)
            if half is None:
                return Finding("unclear", suspects)
            suspects = half
        alone = self._ask(suspects)
        if alone == RED:
            return Finding("single", suspects)
        if alone == GREEN:
            return self._together()
        # It cannot be tried alone. When all is green without it, it is to blame, whoever helps.
        without = self._ask(self.everything - {*suspects})
        return Finding("single" if without == GREEN else "unclear", suspects if without == GREEN else self.parts)

    def _halve(self, suspects: tuple[str, ...]) -> tuple[str, ...] | None:
        """The part of ``suspects`` that is to blame; None when no try tells."""
        for half in _halves(suspects):
            other = tuple(part for part in suspects if part not in half)
            for taken, to_blame in (half, {RED: half, GREEN: other}), (
                self.everything - {*half}, {RED: other, GREEN: half},
            ):  # fmt: skip
                result = self._ask(taken)
                if result in to_blame:
                    return to_blame[result]
        return None

    def _together(self) -> Finding:
        """The smallest set that is red, by adding one part after the other that it is not red without."""
        reds = [taken for taken, result in self.known.items() if result == RED and taken <= self.everything]
        smallest = min(reds, key=lambda taken: (len(taken), sorted(taken)))
        pool = [part for part in self.parts if part in smallest]
        needed: set[str] = set()
        # Red with all of pool, green without any of it.
        while pool and self._infer(needed) == GREEN:
            low, high = 0, len(pool)
            while high - low > 1:
                middle = (low + high) // 2
                result = self._infer(needed.union(pool[:middle]))
                if result == UNCLEAR:
                    return Finding("unclear", self._ordered(needed.union(pool[:high])))
                low, high = (low, middle) if result == RED else (middle, high)
            needed.add(pool[high - 1])
            pool = pool[: high - 1]
        if self._ask(needed) != RED:
            return Finding("unclear", self._ordered(smallest))
        return Finding("together" if len(needed) > 1 else "single", self._ordered(needed))

    def _ordered(self, taken: t.AbstractSet[str]) -> tuple[str, ...]:
        return tuple(part for part in self.parts if part in taken)

    def _ask(self, taken: t.Iterable[str]) -> str:
        wanted = frozenset(taken)
        if wanted not in self.known:
            raise _Untried(wanted)
        return self.known[wanted]

    def _infer(self, taken: t.AbstractSet[str]) -> str:
        """The result of a try, made or not: less than what is green is green, more than what is red is red."""
        for other, result in self.known.items():
            if (result == GREEN and taken <= other) or (result == RED and taken >= other):
                return result
        return self._ask(taken)


def _halves(suspects: tuple[str, ...]) -> t.Iterator[tuple[str, ...]]:
    """What to try of ``suspects``: the half of them, and where that tells nothing, less and more, and each alone."""
    middle = (len(suspects) + 1) // 2
    for border in sorted(range(1, len(suspects)), key=lambda border: (abs(border - middle), border)):
        yield suspects[:border]
        yield suspects[border:]
    for part in suspects[1:-1]:
        yield (part,)
