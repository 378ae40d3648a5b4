# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status site of a real DLRN, looked at in a real browser."""

from __future__ import annotations

import html
import json
import pathlib
import re
import shutil
import sys
import time

import pytest
import yaml
from test_dlrn_vote import pin, promote

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract" / "gerrit"))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract" / "koji"))
from gerrit_double import Change, Gerrit
from koji_double import Hub, Server

LABELS = {"staging": "tested-ci-testing", "label": "tested"}
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@pytest.fixture
def site(trunk, api, run_module, run_playbook, tmp_path):
    """A site of one trunk, with a candidate that is red."""
    promote(api, LABELS["label"], *(trunk.build(name, 1) for name in ("alpha", "gamma", "delta")))
    time.sleep(1.1)  # DLRN counts in seconds
    promote(api, LABELS["staging"], *(trunk.build(name, 2) for name in ("alpha", "gamma", "delta")))
    pin(run_module, trunk, tmp_path / "candidate.json", LABELS["staging"])
    voted = run_module(
        "dlrn_vote",
        **api.arguments,
        candidate=str(tmp_path / "candidate.json"),
        job="scenario001",
        success=False,
        url="https://logs.example.org/scenario001/17",
        notes="3 of 134 tests failed",
    )
    assert voted["changed"], voted
    jobs = ["scenario001", "scenario002"]
    waiver = {"waives": "scenario002", "owner": "alice", "reason": "its cloud is away", "until": "2099-12-24"}
    decided = run_module(
        "promotion_gate",
        api_url=api.url,
        candidate=str(tmp_path / "candidate.json"),
        criteria={"promotions": {"tested": {"criteria": jobs}}},
        target="tested",
        waivers=[{**waiver, "label": "tested"}],
        path=str(tmp_path / "decision.json"),
        fail_unless_promoted=False,
    )
    assert not decided["failed"], decided
    one = {"release": "epoxy", "distro": "el9s", "api_url": api.url, "trunk_url": trunk.url, **LABELS}
    one["other_labels"] = [LABELS["staging"], "never-there"]
    one["decisions"] = [str(tmp_path / "decision.json")]
    given = {"status_site_trunks": [one], "status_site_data": str(tmp_path / "data")}
    (tmp_path / "site.json").write_text(json.dumps({**given, "status_site_path": str(tmp_path / "site")}))
    done = run_playbook("rdo.releng.status_site", "-e", f"@{tmp_path / 'site.json'}")
    assert done.returncode == 0, done.stdout
    assert "1 trunks and 2 candidates" in done.stdout
    return tmp_path / "site"


def test_what_is_missing_is_said_at_once(run_playbook):
    done = run_playbook("rdo.releng.status_site")
    assert done.returncode != 0
    assert "Missing: status_site_trunks, status_site_path, status_site_data." in done.stdout


TAGS = ["cloud9s-epoxy-el9s-build", "cloud9s-epoxy-candidate", "cloud9s-epoxy-testing", "cloud9s-epoxy-release"]


@pytest.fixture
def hub():
    """Beta's build has come to candidate, and to testing an older one."""
    server = Server(Hub())
    for name in TAGS:
        server.hub.seed_tag(name)
    server.hub.seed_tagging(TAGS[1], "python-beta-2-1.el9s")
    server.hub.seed_tagging(TAGS[2], "python-beta-1-1.el9s")
    yield server
    server.stop()


@pytest.fixture
def gerrit(tmp_path):
    """A failure's change and a new version's."""
    server = Gerrit(tmp_path / "gerrit")
    for number, name, topic in ((1, "beta", "rdo-FTBFS"), (2, "alpha", "new-version")):
        project = f"packages/{name}-distgit"
        server.create_project(project, {f"python-{name}.spec": f"Name: python-{name}\n"}, "rpm-master")
        commits = [server.commit(project, {"new": "1"}, "rpm-master")]
        server.changes.append(Change(number, project, "rpm-master", f"I{number:040x}", "bot", commits, topic))
    yield server
    server.stop()


def test_hub_and_gerrit_are_asked_if_a_trunk_says_what_for(trunk, api, hub, gerrit, run_playbook, tmp_path):
    release = {"name": "epoxy", "branch": "rpm-master", "tags_map": "separated_buildreqs"}
    release["repos"] = [{"name": "el9s", "buildsys": "cbs/cloud9s-epoxy", "buildsys-tags": TAGS}]
    info = yaml.safe_load((trunk.folder / "rdoinfo" / "rdo.yml").read_text())
    info["releases"] = [one for one in info["releases"] if one["name"] != "epoxy"] + [release]
    for package in info["packages"]:
        package["review-origin"] = f"ssh://review.example.org:29418/packages/{package['project']}-distgit.git"
        package.update(maintainers=["alice@example.com"], tags={**(package.get("tags") or {}), "epoxy": None})
        if package["project"] == "beta":
            package["buildsys-tags"] = {TAGS[2]: "python-beta-2-1.el9s"}
    (tmp_path / "rdoinfo").mkdir()
    (tmp_path / "rdoinfo" / "rdo-full.yml").write_text(yaml.safe_dump(info))
    failed = trunk.repos / trunk.build("beta", 2, "FAILED")["folder"]
    failed.mkdir(parents=True, exist_ok=True)
    missing = "nothing provides python3dist(new) needed by python-beta-2.0-1.src"
    (failed / "rpmbuild.log").write_text(f"Start: build\nerror: {missing}\n")
    one = {"release": "epoxy", "distro": "el9s", "api_url": api.url, "trunk_url": trunk.url, **LABELS}
    asked = {"tags": TAGS[1:], "changes": "status:open branch:rpm-master", "branch": "rpm-master"}
    given = {"status_site_trunks": [{**one, **asked}, {**one, "release": "quiet"}]}
    given.update(status_site_rdoinfo=str(tmp_path / "rdoinfo"), status_site_data=str(tmp_path / "data"))
    (tmp_path / "site.json").write_text(json.dumps({**given, "status_site_path": str(tmp_path / "site")}))
    places = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CACHE", "STATE")}
    environment = {"KOJI_HUB_URL": hub.url, "GERRIT_URL": gerrit.url, "GIT_CONFIG_GLOBAL": "/dev/null", **places}
    done = run_playbook("rdo.releng.status_site", "-e", f"@{tmp_path / 'site.json'}", environment=environment)
    assert done.returncode == 0, done.stdout
    assert hub.written == []
    page = _text(tmp_path / "site/epoxy-el9s/index.html")
    assert "cloud9s-epoxy-candidate 1 1 1 cloud9s-epoxy-testing 1 1 1 cloud9s-epoxy-release 0 0" in page
    assert "tag cloud9s-epoxy-testing python-beta-2-1.el9s wanted" in page
    assert "2: " in page and "packages/alpha-distgit rpm-master new-version" in page
    package = _text(tmp_path / "site/epoxy-el9s/package-python-beta.html")
    assert "missing-requirement open" in package and "packages/beta-distgit" in package and "alpha" not in package
    assert "cloud9s-epoxy-candidate python-beta-2-1.el9s highest" in package
    quiet = _text(tmp_path / "site/quiet-el9s/index.html")
    assert not re.search("In the hub|Open changes|missing-requirement", quiet)


def _text(path):
    """What a person reads on a page."""
    page = re.sub(r"<style>.*?</style>", "", path.read_text(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture(params=["light", "dark"])
def browser(request, tmp_path):
    if not (BROWSER and DRIVER):
        pytest.skip("Chromium is not installed: .ci/system-packages monitoring")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path / 'browser'}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    scheme = {"features": [{"name": "prefers-color-scheme", "value": request.param}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    yield driver
    driver.quit()


def test_a_person_finds_why_a_candidate_is_red(site, browser):
    browser.set_window_size(1300, 900)
    browser.get(f"file://{site}/index.html")
    rows = [row.text for row in browser.find_elements("css selector", "tbody tr")]
    assert "epoxy el9s tested" in rows[0] and "failed: scenario001" in rows[0]
    assert "tested-ci-testing" in rows[1] and "never-there" in rows[2] and "nothing yet" in rows[2]
    candidate = browser.find_elements("css selector", "tbody tr a")[2]
    candidate.click()
    text = browser.find_element("tag name", "main").text
    assert "3 of 134 tests failed" in text
    assert "Do not promote" in text and "waived by alice until 2099-12-24" in text
    assert "New since the last promotion" in text and "python-gamma" in text
    link = browser.find_element("link text", "logs")
    assert link.get_attribute("href") == "https://logs.example.org/scenario001/17"
    browser.find_element("link text", "epoxy el9s").click()
    text = browser.find_element("tag name", "main").text
    assert "python-beta" in text and "FAILED" in text
    browser.find_element("link text", "python-beta").click()
    assert browser.title == "python-beta"
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize("width", [390, 1300])
def test_pages_fit_and_can_be_read(site, browser, width, tmp_path):
    browser.set_window_size(max(width, 500), 900)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    for page in sorted(site.rglob("*.html")):
        browser.get(f"file://{page}")
        browser.save_screenshot(str(tmp_path / f"{page.stem}.png"))
        # What is wider than the window scrolls for itself; the page does not.
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page
        ink, back = browser.execute_script(
            "const style = getComputedStyle(document.body); return [style.color, style.backgroundColor]"
        )
        assert abs(_light(ink) - _light(back)) > 0.5


def _light(color):
    """0 for black, 1 for white."""
    return sum(int(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]) / 765
