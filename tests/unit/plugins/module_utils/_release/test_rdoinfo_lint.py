# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest

from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo import Folder
from ansible_collections.rdo.releng.plugins.module_utils._release.rdoinfo_lint import RULES, lint

TODAY = datetime.date(2026, 7, 15)
FULL = "import: [rdo.yml, tags/epoxy.yml, buildsys-tags/cloud9s-openstack-epoxy-testing.yml]\n"
RDO = """\
releases:
- name: epoxy
  status: maintained
  branch: epoxy-rdo
  identifier: "2025.1"
  upstream_branch: stable/2025.1
  repos:
  - name: el9s
    buildsys: cbs/cloud9s-openstack-epoxy-el9s
    buildsys-tags:
    - cloud9s-openstack-epoxy-testing
    - cloud9s-openstack-epoxy-release
    distrepos:
    - name: RDO Epoxy el9s
      url: http://example.com/openstack-epoxy/
- name: zed
  status: eol
  branch: rpm-master
  upstream_branch: unmaintained/zed
  repos:
  - name: el9s
package-configs:
  core:
    name: openstack-%(project)s
    maintainers: [a@example.com]
packages:
- project: nova
  conf: core
  component: compute
- project: aodh
  conf: core
components:
- name: compute
"""
TAGS = """\
packages:
- project: aodh
  tags:
    epoxy:
- project: nova
  tags:
    epoxy:
      source-branch: 31.0.0
"""
BUILDS = """\
packages:
- project: nova
  buildsys-tags:
    cloud9s-openstack-epoxy-testing: openstack-nova-31.0.0-1.el9s
"""
FILES = {
    "rdo-full.yml": FULL,
    "rdo.yml": RDO,
    "tags/epoxy.yml": TAGS,
    "buildsys-tags/cloud9s-openstack-epoxy-testing.yml": BUILDS,
}
R, T, B = "rdo.yml", "tags/epoxy.yml", "buildsys-tags/cloud9s-openstack-epoxy-testing.yml"


@pytest.fixture
def check(tmp_path):
    """Lints the good files with some text replaced: ``(file, old, new)``; an empty ``old`` appends."""

    def run(*changes, **options):
        texts = dict(FILES)
        for file, old, new in changes:
            assert old in texts[file]
            texts[file] = texts[file].replace(old, new, 1) if old else texts[file] + new
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        return lint(Folder(str(tmp_path)), TODAY, **options)

    return run


def test_what_is_right_has_no_findings(check):
    assert check() == []


MISTAKES = [
    ("yaml", (R, "", "x: [\n"), "rdo.yml:35 is not valid YAML"),
    ("yaml", (T, TAGS, ""), "tags/epoxy.yml:1 is not a mapping"),
    ("yaml", (T, "packages:", "import: [rdo-full.yml]\npackages:"), "tags/epoxy.yml:1 imports rdo-full.yml"),
    ("yaml", ("rdo-full.yml", "tags/epoxy", "tags/none"), "rdo-full.yml:1 There is no file tags/none.yml"),
    ("yaml", (T, "- project: aodh", "- aodh\n- project: aodh"), "tags/epoxy.yml:2 'aodh' in packages is not a mapping"),
    ("repeated-key", (T, "      source", "      source-branch: 3.0.0\n      source"), "tags/epoxy.yml:9 source-branch"),
    ("unknown-key", (T, "source-branch", "source_branch"), "tags/epoxy.yml:8 source_branch → write source-branch"),
    ("unknown-key", (R, "  identifier", "  identifer"), "rdo.yml:5 identifer is not a key → write identifier"),
    ("unknown-key", (R, "- project: aodh", "- projct: x\n  project: aodh"), "rdo.yml:30 projct → write project"),
    ("missing-key", (R, "      url: http://example.com/openstack-epoxy/\n", ""), "rdo.yml:14 epoxy el9s has no url"),
    ("missing-key", (T, "- project: aodh\n  tags", "- tags"), "tags/epoxy.yml:2 a package has no project"),
    ("missing-key", (R, "  branch: rpm-master\n", ""), "rdo.yml:16 release zed has no branch"),
    ("repeated-project", (T, "", "- project: aodh\n  tags: {epoxy: }\n"), "tags/epoxy.yml:9 aodh is also on line 2"),
    ("repeated-project", (T, "- project: aodh", "- project: aodh\n  conf: core"), "aodh is also described by rdo.yml"),
    (
        "repeated-name",
        (R, "components:", "- {project: n, name: openstack-nova, conf: core}\ncomponents:"),
        "rdo.yml:32 ",
    ),
    ("undescribed-project", (T, "project: aodh", "project: aodhh"), "tags/epoxy.yml:2 aodhh → is it aodh?"),
    ("unresolved", (R, "- project: aodh\n  conf: core", "- project: aodh\n  conf: cor"), "rdo.yml:30 'cor' is no"),
    ("maintainer", (R, "  component", "  maintainers: [me]\n  component"), "rdo.yml:29 'me' is not an address"),
    ("component", (R, "component: compute", "component: comput"), "rdo.yml:29 comput → write compute"),
    ("component", (T, "source-branch: 31.0.0", "component: x"), "tags/epoxy.yml:8 x of nova is not a component"),
    (
        "release",
        (T, "    epoxy:\n- p", "    epxy:\n- p"),
        "tags/epoxy.yml:4 epxy of aodh is not a release → write epoxy",
    ),
    (
        "release",
        (T, "    epoxy:\n- p", "    version-locked: {zde: }\n- p"),
        "tags/epoxy.yml:4 zde, where aodh is locked",
    ),
    ("buildsys-tag", (R, "-epoxy-testing", "-epoxy-tested"), "no release names the tag → is it cloud9s"),
    ("wrong-file", (T, "    epoxy:\n- p", "    zed:\n- p"), "tags/epoxy.yml:4 in the file of epoxy → tags/zed.yml"),
    ("nvr", (B, "openstack-nova-31.0.0-1.el9s", "31.0.0"), "testing.yml:4 '31.0.0' of nova"),
    ("nvr", (B, "openstack-nova-31.0.0-1.el9s", "1.5"), "testing.yml:4 1.5 of nova"),
    (
        "nvr-name",
        (B, "openstack-nova-31", "nova-31"),
        "testing.yml:4 nova-31.0.0-1.el9s is not a build of openstack-nova",
    ),
    ("nvr-dist", (B, "1.el9s", "1.el10s"), "testing.yml:4 is not a build for .el9 or .el9s"),
    ("nvr-dist", (B, "1.el9s", "1.fc40"), "testing.yml:4 is not a build for .el9 or .el9s"),
    ("pin", (T, "31.0.0", "31.10"), "tags/epoxy.yml:8 the pin 31.1 of nova is read as float → quotes"),
    ("pin", (T, "31.0.0", "0123abc"), "tags/epoxy.yml:8 0123abc → write the whole hash"),
    ("pin", (T, "31.0.0", "epoxy"), "tags/epoxy.yml:8 epoxy of nova → stable/2025.1"),
    ("pin-release", (T, "31.0.0", "unmaintained/zed"), "tags/epoxy.yml:8 nova in epoxy is pinned a branch of zed"),
    ("status", (R, "status: maintained", "status: maintaned"), "rdo.yml:3 maintaned is not a status"),
    ("copied-name", (R, "RDO Epoxy el9s", "RDO Zed el9s"), "rdo.yml:14 names Zed → write 'RDO Epoxy el9s'"),
    ("copied-name", (R, "cbs/cloud9s", "cbs/cloud10s"), "rdo.yml:9 names cloud10 → write cloud9"),
]


@pytest.mark.parametrize(("rule", "change", "words"), MISTAKES, ids=[f"{r}: {w}" for r, _c, w in MISTAKES])
def test_each_mistake_is_found_where_it_is(check, rule, change, words):
    findings = [finding for finding in check(change) if finding.rule == rule]
    assert len(findings) == 1, findings
    finding = findings[0]
    text = f"{finding.file}:{finding.line} {finding.message} → {finding.suggestion}"
    place = 0
    for part in words.replace("→ ", "").split():
        place = text.find(part, place)
        assert place >= 0, (part, text)


def test_one_package_has_one_build_in_a_tag(check):
    (finding,) = check((B, "", BUILDS.removeprefix("packages:\n").replace("31.0.0", "30.0.0")))[1:]
    assert (finding.rule, finding.line) == ("repeated-build", 7)
    assert finding.message.endswith(f"also in {B}, line 4: openstack-nova-31.0.0-1.el9s")


@pytest.mark.parametrize(
    ("testing", "rules"),
    [("31.0.0-1", []), ("32.0.0-1", []), ("30.0.0-1", ["untested-release"]), (None, ["untested-release"])],
)
def test_what_is_released_was_tested(check, testing, rules):
    release = "    cloud9s-openstack-epoxy-release: openstack-nova-31.0.0-1.el9s\n"
    change = (B, BUILDS.splitlines(True)[-1], release if testing is None else BUILDS.splitlines(True)[-1] + release)
    version = (B, "31.0.0-1", testing or "31.0.0-1")
    assert [f.rule for f in check(change, version) if f.rule != "wrong-file"] == rules


def test_a_status_is_not_behind_upstreams(check):
    series = [
        {"name": "epoxy", "status": "maintained", "next-phase": {"status": "unmaintained", "date": TODAY}},
        {"name": "zed", "status": "end of life", "eol-date": TODAY},
    ]
    (finding,) = check(series=series)
    assert finding.message == "epoxy is maintained here and unmaintained upstream since 2026-07-15"
    assert finding.suggestion == "write extended_maintenance"
    series[0]["next-phase"]["date"] = TODAY + datetime.timedelta(days=1)
    assert check(series=series) == []


def test_a_domain_that_is_almost_a_common_one_looks_misspelt(check):
    packages = "".join(f"- {{project: p{n}, conf: core, maintainers: [a@example.com]}}\n" for n in range(20))
    wrong = "- project: q\n  conf: core\n  maintainers:\n  - a@example.org\n  - b@exmaple.com\n"
    (finding,) = check((R, "components:", packages + wrong + "components:"))
    assert (finding.line, finding.suggestion) == (56, "is it b@example.com?")


def test_builds_that_the_hub_lacks_are_named_where_they_are_listed(check):
    (finding,) = check(missing_builds=lambda nvrs: dict.fromkeys(nvrs, "no such build"))
    assert (finding.rule, finding.file, finding.line) == ("missing-build", B, 4)
    assert finding.message == "openstack-nova-31.0.0-1.el9s: no such build"


def test_every_rule_has_its_test():
    others = {"repeated-build", "untested-release", "missing-build"}
    assert {rule for rule, _change, _words in MISTAKES} | others == set(RULES)
