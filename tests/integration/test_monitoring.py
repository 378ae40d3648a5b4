# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a real DLRN in a real Prometheus, and the dashboards and rules that go with them."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
from loopback import free_ports
from test_dlrn_vote import pin, promote

ROOT = pathlib.Path(__file__).resolve().parents[2]
TENANT = ROOT / "docs" / "zuul-tenant"
LABELS = {"staging": "tested-ci-testing", "label": "tested"}

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="Prometheus is not installed: .ci/system-packages monitoring",
)


@pytest.fixture
def history(trunk, api, run_module, tmp_path):
    """A candidate that was red, then green, and promoted; and one that was staged only."""
    commits = [trunk.build(name, 2) for name in ("alpha", "gamma", "delta")]
    promote(api, LABELS["staging"], *commits[:1])
    promote(api, LABELS["staging"], *commits)
    pin(run_module, trunk, tmp_path / "candidate.json", LABELS["staging"])
    vote = {**api.arguments, "candidate": str(tmp_path / "candidate.json"), "job": "scenario001"}
    now = int(time.time())
    for success, timestamp in ((False, now - 20), (True, now - 10)):
        assert run_module("dlrn_vote", success=success, timestamp=timestamp, **vote)["changed"]
    promote(api, LABELS["label"], *commits)
    result = run_module("dlrn_history_info", api_url=api.url, **LABELS)
    assert not result["failed"], result
    return result


@pytest.fixture
def files(tmp_path, run_module):
    """Dashboards and rules of the example tenant."""
    given = {
        "site": str(TENANT / "site.yml"),
        "releases": [str(path) for path in sorted((TENANT / "releases").glob("*.yml"))],
        "dashboards": str(tmp_path / "dashboards"),
        "rules": str(tmp_path / "rules.yml"),
    }
    planned = run_module("monitoring_files", check=True, **given)
    assert planned["changed"] and not (tmp_path / "dashboards").exists(), planned
    stale = tmp_path / "dashboards" / "releng-release-gone.json"
    stale.parent.mkdir()
    stale.write_text("{}")
    (stale.parent / "mine.json").write_text("{}")
    done = run_module("monitoring_files", **given)
    assert done["changed"], done
    assert not run_module("monitoring_files", **given)["changed"]
    assert not stale.exists() and (stale.parent / "mine.json").exists()
    return [pathlib.Path(path) for path in done["files"]]


def dashboards(files):
    return [json.loads(path.read_text()) for path in files if path.suffix == ".json"]


def test_history_of_candidates(trunk, api, history):
    first, second = history["candidates"]
    assert first["staged_at"] and first["promoted_at"] and first["promoted_by"] == "ci"
    assert [(vote["job"], vote["success"]) for vote in first["votes"]] == [
        ("scenario001", False),
        ("scenario001", True),
    ]
    assert [part["component"] for part in first["components"]] == ["common", "compute", "network"]
    assert first["components"][0]["commit_hash"] == trunk.build("alpha", 2)["commit_hash"]
    assert first["components"][0]["project"] == "python-alpha"
    assert second["promoted_at"] is None and not second["votes"]
    assert len(history["commits"]) == len(trunk.builds)


def test_history_without_components(flat_trunk, flat_api, run_module):
    promote(flat_api, "tested", flat_trunk.build("alpha", 1))
    result = run_module("dlrn_history_info", api_url=flat_api.url, label="tested")
    (candidate,) = result["candidates"]
    build = flat_trunk.build("alpha", 1)
    assert candidate["name"] == f"{build['commit_hash']}_{build['distro_hash']}"
    assert candidate["aggregate_hash"] is None


def write_figures(run_module, folder, history, trunk):
    built = max(trunk.query("select max(dt_build) as built from commits"), key=lambda row: row["built"])["built"]
    result = run_module(
        "releng_metrics",
        path=str(folder / "releng.prom"),
        release="epoxy",
        distro="el9s",
        history=history,
        window=(time.time() - built) / 86400 + 30,
        holding_back=[{"project": "nova", "component": "compute", "status": "FAILED", "since": "2026-11-01T00:00:00Z"}],
        ftbfs=[{"package": "nova", "project": "nova", "class": "tests-failed"}],
        decision={
            "target": "tested",
            "promote": True,
            "evaluated_at": "2026-11-29T00:00:00Z",
            **{outcome: [] for outcome in ("satisfied", "unsatisfied", "waived")},
        },
        pins=[{"status": "behind", "distro": "el9s"}],
        tag_plans=[{"tags": ["t"], "actions": [], "refused": []}],
        waivers=[{"waives": "j", "label": "l", "owner": "o", "reason": "r", "until": "2036-01-01"}],
        pending={"t-pending": {"moves": [], "held": []}},
        queues=[{"name": "inbox", "entries": 1, "oldest_at": time.time(), "failed": 0}],
        pushes=[{"name": "mirror", "switched_at": time.time()}],
        chronometer={"whose": {"ours": 1.0}, "stages": [{"stage": "trim", "whose": "ours", "seconds": 1.0}]},
        **LABELS,
    )
    assert result["changed"], result
    return result["text"]


def test_the_jobs_figures_are_what_the_database_says(trunk, api, history, run_module, tmp_path):
    text = write_figures(run_module, tmp_path, history, trunk)
    rows = trunk.query("select ci_vote from civotes_agg where ci_name = 'scenario001'")
    for result, wanted in (("success", 1), ("failure", 0)):
        count = sum(row["ci_vote"] == wanted for row in rows)
        pattern = rf'releng_job_votes{{(?=.*job="scenario001")(?=.*result="{result}").*}} {count}\.0'
        assert re.search(pattern, text), text
    assert re.search(r'releng_job_flake_ratio{.*job="scenario001".*} 1\.0', text)
    for label in LABELS.values():
        (row,) = trunk.query(f"select max(timestamp) as moved from promotions where promotion_name = '{label}'")
        moved = re.search(rf'releng_label_promoted_timestamp_seconds{{.*label="{label}".*}} (\S+)', text)
        assert float(moved[1]) == row["moved"]
    (row,) = trunk.query("select count(*) as built from commits where status = 'SUCCESS' and component = 'common'")
    count = re.search(r'releng_lead_time_seconds_count{component="common",.*stage="built"} (\S+)', text)
    assert float(count[1]) == row["built"]


def test_dashboards_keep_to_grafanas_rules(files):
    parser = pytest.importorskip("promql_parser", reason="promql-parser is not installed")
    boards = dashboards(files)
    assert len({board["uid"] for board in boards}) == len(boards) >= 3
    for board in boards:
        panels = board["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        taken = set()
        for panel in panels:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            taken |= cells
        declared = {variable["name"] for variable in board["templating"]["list"]}
        assert set(re.findall(r"\$\{?(\w+)", json.dumps(panels))) <= declared
        for panel in panels:
            for target in panel.get("targets", ()):
                parser.parse(target["expr"])
    with pytest.raises(ValueError):
        parser.parse("sum by (")


@needs_prometheus
def test_promtool_accepts_the_figures_and_the_rules(trunk, api, history, files, run_module, tmp_path):
    text = write_figures(run_module, tmp_path, history, trunk)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    (rules,) = (path for path in files if path.suffix == ".yml")
    checked = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


RULES_TEST = """
rule_files: [{rules}]
evaluation_interval: 10m
tests:
  - interval: 10m
    input_series:
      - series: 'releng_label_promoted_timestamp_seconds{{release="{release}",distro="el9s",label="{label}"}}'
        values: '0x2000'
      - series: 'releng_label_promoted_timestamp_seconds{{release="other",distro="el9s",label="{label}"}}'
        values: '0x2000'
      - series: 'releng_written_timestamp_seconds{{release="{release}",distro="el9s"}}'
        values: '0+600x900 540000x1100'
      - series: 'releng_gate_promote{{release="{release}",distro="el9s",target="{label}"}}'
        values: '1x5 0x2000'
      - series: 'releng_push_timestamp_seconds{{release="{release}",distro="el9s",place="here"}}'
        values: '100000x2000'
      - series: 'releng_push_timestamp_seconds{{release="{release}",distro="el9s",place="mirror"}}'
        values: '0x2000'
    alert_rule_test:
      - {{eval_time: 167h, alertname: LabelIsOld, exp_alerts: []}}
      - eval_time: 169h
        alertname: LabelIsOld
        exp_alerts:
          - exp_labels: {{severity: warning, release: {release}, distro: el9s, label: {label}}}
            exp_annotations: {{summary: "{label} of {release} el9s was promoted 7d 1h 0m 0s ago"}}
      - {{eval_time: 100h, alertname: FiguresAreOld, exp_alerts: []}}
      - eval_time: 160h
        alertname: FiguresAreOld
        exp_alerts:
          - exp_labels: {{severity: critical, release: {release}, distro: el9s}}
            exp_annotations:
              summary: "Nobody writes figures of {release} el9s: the last are 10h 0m 0s old"
      - {{eval_time: 40h, alertname: GateIsStuck, exp_alerts: []}}
      - eval_time: 50h
        alertname: GateIsStuck
        exp_alerts:
          - exp_labels: {{severity: warning, release: {release}, distro: el9s, target: {label}}}
            exp_annotations:
              summary: "{release} el9s: nothing may be promoted to {label} since 48 hours"
      - eval_time: 2h
        alertname: MirrorIsBehind
        exp_alerts:
          - exp_labels: {{severity: warning, release: {release}, distro: el9s, place: mirror}}
            exp_annotations: {{summary: "mirror is 1d 3h 46m 40s behind the newest push"}}
"""


@needs_prometheus
def test_alerts_fire_when_they_should(files, tmp_path):
    (rules,) = (path for path in files if path.suffix == ".yml")
    found = re.search(r'release=\\"([^"\\]+)\\",label=\\"([^"\\]+)\\"', rules.read_text())
    test = tmp_path / "rules_test.yml"
    test.write_text(RULES_TEST.format(rules=rules, release=found[1], label=found[2]))
    done = subprocess.run(["promtool", "test", "rules", test], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def prometheus(tmp_path):
    """A Prometheus that scrapes a server of the folder ``figures``: its address."""
    folder = tmp_path / "figures"
    folder.mkdir()
    web, own = free_ports(2)
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: figures\n"
        "    honor_labels: true\n"
        "    metrics_path: /releng.prom\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{web}']}}]\n"
    )
    server = subprocess.Popen(
        ["python3", "-m", "http.server", str(web), "--bind", "127.0.0.1", "--directory", folder],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with open(tmp_path / "prometheus.log", "wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{own}",
            ],
            stdout=log,
            stderr=log,
        )
    yield f"http://127.0.0.1:{own}"
    for one in (process, server):
        one.terminate()
        one.wait(20)


def ask(address, query):
    url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]["result"]


def wait_for(address, query):
    for _try in range(120):
        try:
            if found := ask(address, query):
                return found
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"{query} stays empty")


@needs_prometheus
def test_no_panel_is_empty(trunk, api, history, files, prometheus, run_module, tmp_path):
    write_figures(run_module, tmp_path / "figures", history, trunk)
    (value,) = wait_for(prometheus, 'releng_job_flake_ratio{job="scenario001"}')
    assert value["metric"]["release"] == "epoxy" and value["value"][1] == "1"
    empty = [
        f"{board['title']}: {panel['title']}"
        for board in dashboards(files)
        for panel in board["panels"]
        for target in panel.get("targets", ())
        if not ask(prometheus, re.sub(r'release=~?"[^"]*"', 'release="epoxy"', target["expr"]).replace("$distro", ".*"))
    ]
    assert not empty


def test_the_playbooks(api, history, run_playbook, tmp_path):
    trunks = {"metrics_trunks": [{"release": "epoxy", "distro": "el9s", "api_url": api.url, **LABELS}]}
    (tmp_path / "trunks.json").write_text(json.dumps(trunks))
    given = ["-e", f"@{tmp_path / 'trunks.json'}", "-e", f"metrics_folder={tmp_path}", "-e", "metrics_window=4000"]
    done = run_playbook("rdo.releng.metrics", *given)
    assert done.returncode == 0, done.stdout
    assert "Figures of 1 trunks are in" in done.stdout
    assert "releng_lead_time_seconds" in (tmp_path / "releng-epoxy-el9s.prom").read_text()
    without = run_playbook("rdo.releng.metrics")
    assert without.returncode != 0
    assert "Missing: metrics_trunks, metrics_folder" in without.stdout
    done = run_playbook(
        "rdo.releng.monitoring",
        "-e",
        f"site={TENANT / 'site.yml'}",
        "-e",
        f"releases={TENANT / 'releases'}/*.yml",
        "-e",
        f"rules={tmp_path / 'rules.yml'}",
    )
    assert done.returncode == 0, done.stdout
    assert json.loads((tmp_path / "rules.yml").read_text())["groups"]
