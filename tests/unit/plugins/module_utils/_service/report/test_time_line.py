# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import html.parser

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._journal.journal import SCHEMA
from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._module.lines import append_lines
from ansible_collections.rdo.releng.plugins.module_utils._module.runner import perform
from ansible_collections.rdo.releng.plugins.module_utils._service.report.time_line import TimeLine, duration

START = 1_795_250_000.0


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def show(tmp_path):
    def run(*lines, check=False, **more):
        journal = tmp_path / "journal.jsonl"
        journal.unlink(missing_ok=True)
        documents = []
        for at, stage, state, whose, *rest in lines:
            extra = rest[0] if rest else {}
            line = {"schema": SCHEMA, "at": START + at, "stage": stage, "state": state, "whose": whose}
            documents.append({**line, **extra})
        if documents:
            append_lines(str(journal), documents, "journal")
        params = {"journal": str(journal), "title": "RDO Epoxy", "page": str(tmp_path / "index.html"), "text": None,
                  "builds": [], "waived": [], **more}  # fmt: skip
        return perform(TimeLine(params, None), check_mode=check, diff=False)

    return run


LINES = [
    (0, "announced", "done", "people"),
    (60, "builds", "waiting", "hub"),
    (1860, "builds", "done", "hub"),
    (1861, "signed", "begun", "ours"),
    (1866, "signed", "failed", "ours", {"detail": "no key"}),
    (7200, "published", "waiting", "distribution", {"detail": "<b>12</b> missing", "url": "https://example.com/m"}),
    (7260, "published", "waiting", "distribution", {"detail": "3 missing", "url": "javascript:alert(1)"}),
]


def test_the_page_shows_bars_sums_and_who_is_waited_for(show, tmp_path):
    builds = [{"nvr": f"p{n}-1-1", "seconds": n} for n in range(15)]
    result = show(*LINES, builds=builds, waived=["tempest: known bug, until 2026-05-01"])
    assert result["sums"] == {"ours": 5, "hub": 1800, "distribution": 60, "people": 5395}
    assert sum(result["sums"].values()) == result["seconds"] == 7260
    assert [one["stage"] for one in result["open"]] == ["published"]
    text = (tmp_path / "index.html").read_text()
    page = Page(text)
    bars = [attrs["class"] for tag, attrs in page.tags if tag == "rect"]
    assert bars == ["hub", "ours", "distribution", "distribution"]
    assert "p14-1-1" in page.text and "p5-1-1" in page.text and "p4-1-1" not in page.text
    assert "tempest: known bug" in page.text and "Waiting for distribution since" in page.text
    assert "prefers-color-scheme: dark" in text
    links = [attrs.get("href") for tag, attrs in page.tags if tag == "a"]
    assert links == ["https://example.com/m"]
    assert "<b>12" not in text and not {"script", "img", "link"} & {tag for tag, attrs in page.tags}
    assert not show(*LINES, builds=builds, waived=["tempest: known bug, until 2026-05-01"])["changed"]


def test_one_line_and_ten_years_make_a_page_as_well(show, tmp_path):
    for lines in ([(0, "announced", "done", "people")], [(0, "a", "begun", "ours"), (3e8, "a", "done", "ours")]):
        show(*lines)
        Page((tmp_path / "index.html").read_text())


def test_check_mode_writes_no_page(show, tmp_path):
    assert show(*LINES, check=True)["actions"] == [f"write {tmp_path}/index.html"]
    assert not (tmp_path / "index.html").exists()


def test_no_journal_and_no_figures_are_named(show):
    with pytest.raises(NotFound, match="has no line"):
        show()
    with pytest.raises(InvalidInput, match="'long'"):
        show(*LINES, builds=[{"nvr": "a-1-1", "seconds": "long"}])


def test_durations_are_read_at_a_glance():
    assert [duration(ms) for ms in (400, 59_900, 185_000, 7_380_000)] == ["0.4 s", "59.9 s", "3 min 05 s", "2 h 03 min"]
