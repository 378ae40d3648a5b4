# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections that lie where the logs are, are replaced, or cut; the rest is in the integration tests."""

from __future__ import annotations

import gzip
import os
import sys
import urllib.parse

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import InvalidInput
from ansible_collections.rdo.releng.plugins.module_utils._service.report.log_collection import CollectLogs


@pytest.fixture
def logs(tmp_path):
    (tmp_path / "logs" / "nova").mkdir(parents=True)
    (tmp_path / "logs" / "run.log").write_text("one\n")
    (tmp_path / "logs" / "nova" / "api.log").write_text("two\n")
    return tmp_path / "logs"


def collect(logs, **options):
    given = {
        "path": str(logs / "collected"),
        "first": [],
        "sources": [str(logs)],
        "commands": [],
        "secrets": [],
        "max_file": 2048,
        "max_total": 100000,
        "title": "Logs",
        "changes": None,
    }
    change = CollectLogs({**given, **options}, 1_795_250_000.0)
    return change.apply(change.plan())


def kept(logs, name):
    return gzip.decompress((logs / "collected" / "files" / str(logs).lstrip("/") / f"{name}.gz").read_bytes()).decode()


def test_a_host_without_jinja2_keeps_its_logs_and_gets_a_plain_page(logs, monkeypatch):
    (logs / "run.log").write_text(
        "error: <script>alert(1)</script> could not resolve host mirror.example.org\\n".replace("\\n", "\n")
    )
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = collect(logs, first=[str(logs / "run.log")], title="Logs of <node>")
    assert result["files"] == 2
    page = (logs / "collected" / "index.html").read_text()
    assert "The Python library jinja2 is not there" in page
    assert "Logs of &lt;node&gt;" in page
    assert "<script>" not in page
    link = next(part.split('"')[0] for part in page.split('href="')[1:] if "api.log" in part)
    assert (logs / "collected" / urllib.parse.unquote(link)).exists()


def test_a_collection_beside_its_logs_is_not_collected_itself(logs):
    for _run in range(2):
        assert collect(logs)["files"] == 2
        assert sorted(os.listdir(logs)) == ["collected", "nova", "run.log"]
    assert kept(logs, "run.log") == "one\n"


def test_one_that_can_not_be_finished_leaves_the_older_one(logs):
    collect(logs)
    (logs / "run.log").write_text("new\n")
    with pytest.raises(AttributeError):
        collect(logs, changes="no mapping")
    assert kept(logs, "run.log") == "one\n"
    assert sorted(os.listdir(logs)) == ["collected", "nova", "run.log"]


@pytest.mark.parametrize("before", range(493, 505, 2))
def test_a_secret_is_not_cut_in_half(logs, before):
    (logs / "run.log").write_text("x" * before + "\nis hunter2hunter2\n" + "y\n" * 2000)
    collect(logs, secrets=["hunter2hunter2"])
    text = kept(logs, "run.log")
    assert "hunter" not in text and "bytes were left out here" in text and text.endswith("y\n")


def test_a_folder_of_something_else_is_not_overwritten(logs):
    (logs / "collected").mkdir()
    (logs / "collected" / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="not overwritten"):
        collect(logs)


def test_a_log_and_its_compressed_brother_are_both_kept(logs):
    (logs / "run.log.gz").write_bytes(gzip.compress(b"older\n"))
    (logs / "nova" / "old.log.gz").write_bytes(gzip.compress(b"oldest\n"))
    assert collect(logs)["files"] == 4
    found = [kept(logs, name) for name in ("run.log", "run.log.gz", "nova/old.log", "nova/api.log")]
    assert found == ["one\n", "older\n", "oldest\n", "two\n"]


@pytest.mark.parametrize("names", [["../../out"], ["a/b"], [""], ["same", "same"]])
def test_the_output_of_a_command_has_a_name_of_its_own(logs, names):
    with pytest.raises(InvalidInput, match="not a name, or used twice"):
        collect(logs, commands=[{"name": name, "command": ["true"]} for name in names])
