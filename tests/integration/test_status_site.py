# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status site of a real DLRN, looked at in a real browser."""

from __future__ import annotations

import json
import shutil
import time

import pytest
from test_dlrn_vote import pin, promote

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
    one = {"release": "epoxy", "distro": "el9s", "api_url": api.url, "trunk_url": trunk.url, **LABELS}
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
    assert len(rows) == 1 and "epoxy el9s tested" in rows[0] and "failed: scenario001" in rows[0]
    candidate = browser.find_elements("css selector", "tbody tr a")[2]
    candidate.click()
    text = browser.find_element("tag name", "main").text
    assert "3 of 134 tests failed" in text
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
