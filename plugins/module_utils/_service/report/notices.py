# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What is worth a notice, out of a trunk's history and a run's journal."""

from __future__ import annotations

import typing as t

from ..._journal.chronometer import measure
from ..._journal.journal import read_journal, utc
from ..._module.errors import InvalidInput
from ..._module.text import one_line
from ..._notice.news import HOUR, Limits, News, trunk_news, waiting_news
from .time_line import safe_url


def notices(params: t.Mapping[str, t.Any], now: float) -> dict[str, t.Any]:
    """What the module notice_info returns.

    :param params: its options.
    :param now: seconds since 1970.
    """
    hours = {key: params[f"{key}_hours"] for key in ("window", "still_red", "stuck", "waiting")}
    for key, value in hours.items():
        if not 0 < value < 100_000:
            raise InvalidInput(f"{key}_hours is {value:g}: more than 0 hours are needed.")
    limits = Limits(**{key: value * HOUR for key, value in hours.items()})
    found: list[News] = []
    if params["history"] is not None:
        try:
            candidates = params["history"]["candidates"]
            found += trunk_news(params["name"], params["label"], candidates, now, limits)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            what = f"{type(error).__name__} {error}"
            raise InvalidInput(f"history is not what rdo.releng.dlrn_history_info returned: {what}.") from error
    if params["journal"]:
        found += waiting_news(params["name"], _waiting(params["journal"], now), now, limits)
    wanted = [one for one in found if one.kind in params["kinds"]]
    return {"notices": [_shown(one, params["name"]) for one in wanted]}


def _waiting(journal: str, now: float) -> list[dict[str, t.Any]]:
    """What a journal's run waits for. A journal without any line is one of a run that has not begun."""
    lines, _damaged = read_journal(journal)
    if not lines:
        return []
    return [
        {"stage": one.stage, "what": one.what, "whose": one.whose, "detail": one.detail, "url": one.url}
        | {"began": one.began / 1000}
        for one in measure(lines, now).open
        if one.how == "waiting"
    ]


def _shown(news: News, name: str) -> dict[str, t.Any]:
    """What a template and a message get: the texts of strangers in it are lines, and its address can be linked."""
    return {
        "id": news.id,
        "kind": news.kind,
        "name": name,
        "at": utc(news.at),
        "subject": one_line(news.subject, 200),
        "lines": [one_line(line, 1000) for line in news.lines],
        "url": safe_url(news.url),
    }
