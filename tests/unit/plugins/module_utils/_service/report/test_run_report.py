# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import html.parser
import json

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput, NotFound
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_report import WriteReport, safe_link
from ansible_collections.rdo.releng.plugins.module_utils._service.report.run_steps import (
    RecordStep,
    format_time,
    parse_time,
    read_steps,
)

START = 1_795_250_000.12
CONTENT = {
    "stage": None,
    "summary": "",
    "heads": [],
    "rows": [],
    "links": [],
    "details": "",
    "stand_in": None,
    "tables": [],
}


def record(folder, step, status, now=START, **more):
    change = RecordStep(str(folder), {**CONTENT, "step": step, "status": status, **more}, now)
    plan = change.plan()
    if plan.actions:
        change.apply(plan)
    return plan


def report(folder, title="Run"):
    change = WriteReport(str(folder), title, str(folder / "index.html"), str(folder / "report.txt"))
    plan = change.plan()
    if plan.actions:
        change.apply(plan)
    return plan


class Page(html.parser.HTMLParser):
    """What a browser would see: tags with their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(text)
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def values(self, tag, name):
        return [attributes.get(name) for found, attributes in self.tags if found == tag]


def page_of(folder):
    return Page((folder / "index.html").read_text())


def test_a_step_takes_the_time_between_its_start_and_its_end(tmp_path):
    assert record(tmp_path, "build", "started").after["seconds"] is None
    after = record(tmp_path, "build", "done", START + 61.24, summary="built").after
    assert (after["started_at"], after["seconds"], after["stage"]) == ("2026-11-21T08:33:20.120Z", 61.2, "build")
    assert record(tmp_path, "build", "done", START + 99, summary="built").actions == []
    assert record(tmp_path, "build", "failed", START + 99).after["seconds"] is None


def test_a_step_that_never_said_it_began_has_no_duration(tmp_path):
    assert record(tmp_path, "sources", "done").after["seconds"] is None
    assert read_steps(str(tmp_path))[0]["stage"] is None


def test_times_are_read_as_they_were_written():
    assert parse_time(format_time(START)) == pytest.approx(START)


@pytest.mark.parametrize("name", ["", "../x", "a b", "a\nb", ".x", "x" * 101])
def test_hostile_names_of_steps(tmp_path, name):
    with pytest.raises(InvalidInput, match="letters, digits"):
        record(tmp_path, name, "done")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"rows": ["x"]}, "rows"),
        ({"heads": [1]}, "heads"),
        ({"links": [{"text": "x"}]}, "links"),
        ({"tables": [{"title": "x", "heads": [], "rows": [1]}]}, "tables"),
        ({"tables": [{"heads": [], "rows": []}]}, "tables"),
        ({"summary": 7}, "summary"),
        ({"stage": "builds"}, "stage"),
    ],
)
def test_a_malformed_step_is_refused(tmp_path, more, said):
    with pytest.raises(InvalidInput, match=f"{said} is"):
        record(tmp_path, "build", "done", **more)


def test_steps_come_in_the_order_of_their_start(tmp_path):
    for name, start in (("vote", 2), ("gate", 2), ("build", 1), ("sources", 1)):
        record(tmp_path, name, "done", START + start)
    assert [step["step"] for step in read_steps(str(tmp_path))] == ["sources", "build", "vote", "gate"]


def test_a_green_run(tmp_path):
    record(tmp_path, "base", "done", stand_in="from wheels")
    record(tmp_path, "build", "started")
    link = {"text": "log", "target": str(tmp_path / "logs" / "a b.log")}
    record(tmp_path, "build", "done", START + 9, heads=["package", "log"], rows=[["nova", link]], links=[link])
    record(tmp_path, "promotion", "done", START + 10, summary="promoted")
    plan = report(tmp_path)
    assert plan.result["status"] == "done"
    stages = {stage["name"]: stage["status"] for stage in plan.result["stages"]}
    assert (stages["build"], stages["vote"], stages["promotion"]) == ("done", "not-reached", "done")
    assert {stage["name"]: stage["label"] for stage in plan.result["stages"]}["vote"] == "left out"
    assert "build      done    9.0 s" in plan.result["table"]
    text = (tmp_path / "report.txt").read_text()
    for part in ("Run: done after 10.0 s", "nova", str(tmp_path / "index.html"), "base: from wheels"):
        assert part in text
    page = page_of(tmp_path)
    assert "logs/a%20b.log" in page.values("a", "href")
    assert "What went wrong" not in page.text
    assert "Stand-ins" in page.text
    # The same documents, the same files.
    before = (tmp_path / "index.html").read_bytes()
    assert report(tmp_path).actions == []
    assert (tmp_path / "index.html").read_bytes() == before


def test_the_vote_is_that_of_the_scenario(tmp_path):
    record(tmp_path, "scenario", "failed", START)
    stages = {stage["name"]: stage["label"] for stage in report(tmp_path).result["stages"]}
    assert (stages["build"], stages["vote"], stages["gate"]) == ("left out", "within scenario", "not reached")


def test_a_red_run_tells_the_reason_last_on_the_terminal_and_first_on_the_page(tmp_path):
    record(tmp_path, "build", "done", START)
    record(tmp_path, "scenario-unit", "failed", START + 1, stage="scenario", summary="2 failed", details="why\nhow")
    record(tmp_path, "scenario-other", "done", START + 2, stage="scenario")
    plan = report(tmp_path)
    assert plan.result["status"] == "failed"
    assert {stage["name"]: stage["label"] for stage in plan.result["stages"]}["scenario"] == "failed"
    assert plan.result["stages"][-1]["label"] == "not reached"
    assert plan.result["report"].endswith("\nscenario-unit failed: 2 failed\n  why\n  how\n")
    text = page_of(tmp_path).text
    assert text.index("2 failed") < text.index("Steps", text.index("What went wrong"))
    assert "failed at scenario-unit" in text


def test_a_killed_run_shows_where(tmp_path):
    record(tmp_path, "build", "started")
    (tmp_path / "step-vote.json").write_text('{"schema": "rdo.rel')
    plan = report(tmp_path)
    assert plan.result["status"] == "failed"
    assert "build not finished: It began and never said how it ended" in plan.result["report"]
    assert "never said how it ended" in page_of(tmp_path).text
    assert "not valid YAML" in plan.result["report"]


def test_everything_from_outside_is_escaped(tmp_path):
    evil = '<script>alert("x")</script>\x1b[31m'
    link = {"text": evil, "target": "javascript://x/%0aalert(1)"}
    more = {
        "summary": evil,
        "details": evil,
        "heads": [evil],
        "rows": [[evil, link]],
        "links": [link],
        "stand_in": evil,
    }
    record(tmp_path, "gate", "failed", **more)
    report(tmp_path, evil)
    page = page_of(tmp_path)
    assert not {"script", "img"} & {tag for tag, _attributes in page.tags}
    assert all(href.startswith("#") for href in page.values("a", "href"))
    assert "\x1b" not in (tmp_path / "report.txt").read_text()


def test_nothing_is_fetched(tmp_path):
    record(tmp_path, "build", "done", links=[{"text": "trunk", "target": "https://trunk.example.org/"}])
    report(tmp_path)
    page = page_of(tmp_path)
    assert [tag for tag, attributes in page.tags if "src" in attributes or tag in ("link", "script")] == []
    assert page.values("a", "href").count("https://trunk.example.org/") == 1


@pytest.mark.parametrize(
    ("target", "href"),
    [
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("/run/logs/x.log", "../logs/x.log"),
        ("logs/x.log", "../logs/x.log"),
        ("file:///run/logs/x%20y.log", "../logs/x%20y.log"),
        ("/srv/repos/a#b", None),
        ("../elsewhere", None),
        ("javascript:alert(1)", "../javascript%3Aalert%281%29"),
        ("javascript://x/", None),
        ("data://x", None),
        ("a\0b", None),
        ("file://host/x", None),
    ],
)
def test_links(target, href):
    assert safe_link(target, "/run/html/index.html", "/run") == href


def test_what_is_published_together_is_linked_and_the_rest_is_named(tmp_path):
    run, logs = tmp_path / "run", tmp_path / "logs"
    record(run, "build", "done", links=[{"text": "log", "target": f"file://{logs}/a.log"}])
    record(run, "gate", "done", heads=["log"], rows=[[f"file://{logs}/vote https://ci.example.org/7"]])
    record(run, "base", "done", links=[{"text": "mirror", "target": "/srv/mirror"}])
    change = WriteReport(str(run), "Run", str(run / "index.html"), str(run / "report.txt"), str(tmp_path))
    change.apply(change.plan())
    page = page_of(run)
    outward = {href for href in page.values("a", "href") if not href.startswith("#")}
    assert outward == {"../logs/a.log", "../logs/vote", "https://ci.example.org/7"}
    assert "file://" not in (run / "index.html").read_text()
    assert "mirror: /srv/mirror" in page.text
    with pytest.raises(InvalidInput, match=r"is not below .*logs \(root\)"):
        WriteReport(str(run), "Run", str(run / "index.html"), str(run / "report.txt"), str(logs))


def test_a_table_is_shown_as_one_and_not_as_text_too(tmp_path):
    rows = [["nova", {"text": "a1..b2", "target": "https://example.org/compare"}], ["glance", "c3..d4"]]
    changed = {"title": "Packages that changed", "heads": ["package", "upstream"], "rows": rows}
    as_text = "package  upstream\n-------  --------\nnova     a1..b2\nglance   c3..d4"
    record(tmp_path, "scenario", "failed", tables=[changed], details=f"2 changed\n{as_text}")
    text = report(tmp_path).result["report"]
    page = page_of(tmp_path)
    assert text.count("glance   c3..d4") == 2, "on a terminal the reason is the last thing, whole"
    assert "-------" not in page.text and "2 changed" in page.text
    assert page.text.count("c3..d4") == 1
    assert {("td", "package"), ("td", "upstream")} <= {
        (tag, attributes.get("data-head")) for tag, attributes in page.tags
    }
    assert page.values("a", "href").count("https://example.org/compare") == 1


def test_a_vote_of_its_own_has_its_own_colour(tmp_path):
    record(tmp_path, "upstream-tests", "done", stage="scenario", summary="53 passed")
    record(tmp_path, "vote", "failed", summary="The DLRN API answered 401")
    plan = report(tmp_path)
    stages = {stage["name"]: stage["label"] for stage in plan.result["stages"]}
    assert (stages["scenario"], stages["vote"], stages["gate"]) == ("done", "failed", "not reached")
    assert "Run: failed at vote" in plan.result["report"]
    record(tmp_path, "vote", "done", START + 1)
    assert {stage["name"]: stage["status"] for stage in report(tmp_path).result["stages"]}["vote"] == "done"


def test_a_folder_without_documents(tmp_path):
    with pytest.raises(NotFound, match="step-"):
        report(tmp_path)


def test_rows_of_all_lengths(tmp_path):
    record(tmp_path, "build", "done", heads=["a"], rows=[[], [1, 2.5, None], [True]] + [["x"]] * 40)
    assert "… and 23 more" in report(tmp_path).result["report"]
    assert json.loads((tmp_path / "step-build.json").read_text())["rows"][1] == [1, 2.5, None]
