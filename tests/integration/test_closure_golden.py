# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What closure means, case by case, on real RPMs: our answer, dnf repoclosure's, and what dnf really installs."""

from __future__ import annotations

import dataclasses

import pytest
from stage.rpms import Dnf, Rpm, build_repository

from ansible_collections.rdo.releng.plugins.module_utils._closure.closure import Closure
from ansible_collections.rdo.releng.plugins.module_utils._closure.packages import Packages, Rules
from ansible_collections.rdo.releng.plugins.module_utils._repodata.cache import Cache
from ansible_collections.rdo.releng.plugins.module_utils._repodata.download import Transport
from ansible_collections.rdo.releng.plugins.module_utils._repodata.sources import SourceReader


@dataclasses.dataclass(frozen=True)
class Case:
    """One package that requires something.

    :param met: whether it should be.
    :param dnf: what dnf repoclosure says; the same unless given.
    :param installs: what dnf does when asked to install it; the same as ``met`` unless given; None: not asked.
    """

    name: str
    requires: tuple[str, ...]
    met: bool
    dnf: bool | None = None
    installs: bool | None = None
    provides: tuple[str, ...] = ()
    arch: str = "noarch"
    scriptlets: tuple[str, ...] = ()


def case(name, *requires, met, **more):
    return Case(name, requires, met, **more)


WORLD = [
    Rpm("a"),
    Rpm("b", provides=("bb",)),
    Rpm("both", provides=("x1", "x2")),
    Rpm("first", provides=("y1",)),
    Rpm("second", provides=("y2",)),
    Rpm("files", files=("/usr/bin/tool", "/etc/tool.conf", "/usr/share/tool/deep.dat", "/usr/share/tool/folder/")),
    Rpm("epoch", "1:0.5-1"),
    Rpm("pre", "1.0~rc1-1"),
    Rpm("post", "1.0^git1-1"),
    Rpm("versioned", provides=("exact = 1.5", "bare", "range <= 2")),
    Rpm("multi", "1-1", arch="x86_64", provides=("old-provide",)),
    Rpm("multi", "2-1", arch="x86_64", provides=("new-provide",)),
    Rpm("lib", arch="x86_64", provides=("lib()(64bit)",)),
    Rpm("lib", arch="i686", provides=("lib",)),
    Rpm("foreign", arch="aarch64", provides=("only-foreign",), requires=("nosuch-foreign",)),
    Rpm("recommending", recommends=("nosuch",), supplements=("nosuch",)),
    Rpm("old-name", provides=("obsoleted-provide",)),
    Rpm("new-name", obsoletes=("old-name < 2",)),
]
PLAIN = [
    case("plain-good", "a", "bb", met=True),
    case("plain-bad", "nosuch", met=False),
    case("own-provide", "mine", provides=("mine",), met=True),
    case("file-primary", "/usr/bin/tool", "/etc/tool.conf", met=True),
    case("file-filelists", "/usr/share/tool/deep.dat", "/usr/share/tool/folder", met=True),
    case("file-missing", "/usr/share/tool/nosuch.dat", met=False),
    case("file-other-bin", "/bin/tool", met=False),
    case("version-exact", "exact = 1.5", met=True),
    case("version-release", "exact = 1.5-7", met=True),
    case("version-too-new", "exact > 1.5", met=False),
    case("version-unversioned-provide", "bare >= 1", met=True),
    case("version-range-outside", "range >= 3", met=False),
    case("version-range-inside", "range >= 2", met=True),
    case("epoch-wins", "epoch >= 7.0", met=True),
    case("tilde-is-older", "pre >= 1.0", met=False),
    case("tilde-is-newer-than-tilde", "pre >= 1.0~beta", met=True),
    case("caret-is-newer", "post > 1.0", met=True),
    case("newest-only", "old-provide", met=False, installs=True),  # an install may take the older version
    case("newest-there", "new-provide", "multi = 2", met=True),
    case("multilib-64", "lib()(64bit)", arch="x86_64", met=True),
    case("multilib-32", "lib", arch="i686", met=True),
    case("multilib-isa", "lib(x86-32)", "lib(x86-64)", met=True),
    case("foreign-provider", "only-foreign", met=False),
    case("obsoleted-provider", "obsoleted-provide", met=True, installs=None),
]
RICH = [
    case("and-good", "(a and b)", met=True),
    case("and-bad", "(a and nosuch)", met=False, dnf=True),
    case("and-nested", "((a and nosuch) or nosuch2)", met=False, dnf=True),
    case("or-good", "(nosuch or b)", met=True),
    case("or-bad", "(nosuch or nosuch2)", met=False),
    case("if-condition-absent", "(nosuch if absent)", met=True, dnf=False),
    case("if-condition-avoidable", "(nosuch if a)", met=True, dnf=False),
    case("if-good", "(b if a)", met=True),
    case("if-condition-required", "a", "(nosuch if a)", met=False, dnf=False),
    case("if-condition-alternative", "(a or b)", "(nosuch if a)", met=True, dnf=False),
    case("if-condition-itself", "(nosuch if if-condition-itself)", met=False, dnf=False),
    case("if-else-bad", "(nosuch if absent else nosuch2)", met=False),
    case("if-else-good", "(nosuch if absent else b)", met=True),
    case("if-else-condition-forced", "(nosuch if a else nosuch2)", met=False),
    case("and-if", "(a and (nosuch if absent))", met=True),
    case("and-if-forced", "(a and (nosuch if a))", met=False, dnf=True),
    case("unless-good", "(nosuch or (a unless absent))", met=True),
    case("unless-bad", "(nosuch or (nosuch2 unless absent))", met=False),
    case("unless-present", "(nosuch or (a unless b))", met=True),
    case("unless-required", "b", "(nosuch or (a unless b))", met=False, dnf=True),
    case("with-good", "(x1 with x2)", met=True),
    case("with-bad", "(y1 with y2)", met=False),
    case("with-versions", "(exact >= 1 with exact < 2)", met=True),
    case("with-versions-bad", "(exact >= 1 with exact < 1.5)", met=False),
    case("without-good", "(y1 without y2)", met=True),
    case("without-bad", "(x1 without x2)", met=False),
    case("with-inside-and", "((x1 with x2) and (y1 without y2))", met=True),
    case("with-inside-and-bad", "((x1 with x2) and (y1 with y2))", met=False, dnf=True),
]
#: when a scriptlet runs that may require something
MOMENTS = ("pre", "post", "preun", "postun", "pretrans", "posttrans", "verify", "interp", "pre,postun")
SCRIPTLETS = [
    *(
        case(
            f"{moment.replace(',', '-')}-{'good' if met else 'bad'}",
            scriptlets=(f"Requires({moment}): {text}",),
            met=met,
        )
        for moment in MOMENTS
        for text, met in (("a", True), ("nosuch", False))
    ),
    *(
        case(f"interpreter-{moment}-{'good' if met else 'bad'}", scriptlets=(f"%{moment} -p {path}",), met=met)
        for moment in ("pre", "post", "preun", "postun", "pretrans", "posttrans", "verifyscript")
        for path, met in (("/usr/bin/tool", True), ("/usr/bin/nosuch", False))
    ),
    case("trigger-bad", scriptlets=("%triggerin -p /usr/bin/nosuch -- a",), met=False),
    case("shell-bad", scriptlets=("%post",), met=False),  # /bin/sh, which nobody has here
    case("pre-version-bad", scriptlets=("Requires(pre): multi >= 3",), met=False),
    case("pre-older-only-bad", scriptlets=("Requires(post): old-provide",), met=False, installs=True),
    case("pre-and-plain", "a", scriptlets=("Requires(pre): nosuch",), met=False),
    case("plain-and-pre", "nosuch", scriptlets=("Requires(pre): a",), met=False),
    case("pre-or-good", scriptlets=("Requires(pre): (nosuch or b)",), met=True),
    case("pre-or-bad", scriptlets=("Requires(pre): (nosuch or nosuch2)",), met=False),
    case("pre-and-bad", scriptlets=("Requires(pre): (a and nosuch)",), met=False, dnf=True),
    case("pre-if-required", scriptlets=("Requires(pre): a", "Requires(post): (nosuch if a)"), met=False, dnf=False),
    case("pre-if-good", scriptlets=("Requires(postun): (b if a)",), met=True),
    case("pre-lua", scriptlets=("%pretrans -p <lua>",), met=True),
]
CASES = PLAIN + RICH + SCRIPTLETS


def read(*sources, provide=(), folder=None, rules=None):
    """(NEVRA, requirement) of everything unresolved in ``sources``, as dicts or paths."""
    transport = Transport(retries=0)
    reader = SourceReader(transport, {})
    found = reader.read([str(one) if not isinstance(one, dict) else one for one in sources], True)
    found += reader.read([str(one) if not isinstance(one, dict) else one for one in provide], False)
    packages = Packages(found, rules or Rules("x86_64"), Cache(folder and str(folder)), transport)
    return {(one.package, one.requirement) for one in Closure(packages).check()}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    rpms = [
        Rpm(one.name, arch=one.arch, requires=one.requires, provides=one.provides, scriptlets=one.scriptlets)
        for one in CASES
    ]
    return build_repository(tmp_path_factory.mktemp("golden") / "world", WORLD + rpms)


@pytest.fixture(scope="module")
def answers(world, tmp_path_factory):
    """(ours, dnf repoclosure's) as names of cases that are not met."""
    dnf = Dnf(tmp_path_factory.mktemp("dnf"), {"world": world})

    def names(found):
        return {nevra.rsplit("-", 2)[0] for nevra, _requirement in found}

    return names(read(world)), names(dnf.repoclosure("--newest"))


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_our_answer(one, answers):
    assert (one.name not in answers[0]) == one.met


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_where_dnf_repoclosure_agrees_and_where_not(one, answers):
    assert (one.name not in answers[1]) == (one.met if one.dnf is None else one.dnf)


def test_nothing_but_the_cases_is_unresolved(answers):
    known = {one.name for one in CASES}
    assert answers[0] <= known
    assert answers[1] - known == {"foreign"}, "dnf 4 also checks packages of other architectures"


@pytest.mark.parametrize("one", RICH, ids=lambda one: one.name)
def test_what_dnf_really_installs_decides(one, world, tmp_path):
    assert Dnf(tmp_path, {"world": world}).installs(one.name) == one.met
