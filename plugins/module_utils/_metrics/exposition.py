# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Figures as the text that Prometheus reads, by its own client library."""

from __future__ import annotations

import typing as t

from .._module.libraries import load_library
from .figures import KINDS, QUANTILES, Figures, Kind, Labels, quantile


def exposition(figures: t.Iterable[Figures]) -> str:
    """The text of some releases' figures; the same samples give the same bytes."""
    core = load_library("prometheus_client.core")
    registry = core.CollectorRegistry(auto_describe=False)
    registry.register(_Collector(core, list(figures)))
    return load_library("prometheus_client").generate_latest(registry).decode()


class _Collector:
    """What the library asks for the metric families."""

    def __init__(self, core: t.Any, figures: list[Figures]) -> None:
        self.core, self.figures = core, figures

    def collect(self) -> t.Iterator[t.Any]:
        for kind in KINDS.values():
            family = self.core.Metric(kind.name, kind.meaning, kind.type)
            for one in self.figures:
                for labels, value in sorted(one.samples.get(kind.name, {}).items()):
                    family.add_sample(kind.name, dict(labels), value)
                for labels, values in sorted(one.spreads.get(kind.name, {}).items()):
                    _add_summary(family, kind, labels, sorted(values))
            if family.samples:
                yield family


def _add_summary(family: t.Any, kind: Kind, labels: Labels, ordered: list[float]) -> None:
    for share in QUANTILES:
        family.add_sample(kind.name, {**dict(labels), "quantile": str(share)}, quantile(ordered, share))
    family.add_sample(f"{kind.name}_sum", dict(labels), sum(ordered))
    family.add_sample(f"{kind.name}_count", dict(labels), len(ordered))
