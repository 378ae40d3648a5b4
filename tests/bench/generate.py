# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories for the measurements: metadata only, from a seed, shaped like a distribution's.

``base`` is layered: a package requires only packages made before it, so that the whole is closed but for what is
injected. It has libraries with sonames (some also for i686), programs, development packages, Python and Perl modules,
older versions, a few packages of a foreign architecture, conditional and other rich dependencies, file dependencies in
primary and such that need filelists, and what scriptlets require. ``release`` looks like OpenStack: Python libraries
and services that require one another and base. About one package in a hundred gets a requirement nobody meets.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import pathlib
import random
import typing as t
from xml.sax.saxutils import escape

import zstandard

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
WORDS = """
async atlas audit batch block bridge cache chain chart cipher clock cloud codec color config core crypt data
delta device digest drive driver engine event export field filter flow font frame gate graph grid group guard
handler hash image index input kernel key lattice layer ledger lens link list loader locale lock log loop mail
map mask matrix media merge mesh meter model module monitor mount name net node object orbit order packet page
panel parse patch path peer pipe plan plugin point policy pool port probe proxy queue quota random range
reader record region relay render replica report ring role route rule sample scan schema scope script search
seed server session shard shell signal socket source stack stage state store stream string switch sync system
table tag task text thread tile timer token tool topic trace track tree tunnel type unit update user value
vector view volume watch weave window wire worker zone
""".split()  # noqa: SIM905
GLIBC = ["2.2.5", "2.3.4", "2.4", "2.14", "2.17", "2.28", "2.32", "2.34"]
FLAGS = {"=": "EQ", "<": "LT", ">": "GT", "<=": "LE", ">=": "GE"}


@dataclasses.dataclass
class Package:
    name: str
    version: str
    release: str
    arch: str
    source: str
    kind: str
    provides: list[str] = dataclasses.field(default_factory=list)
    requires: list[str] = dataclasses.field(default_factory=list)
    scriptlets: list[str] = dataclasses.field(default_factory=list)  # what they require
    conflicts: list[str] = dataclasses.field(default_factory=list)
    obsoletes: list[str] = dataclasses.field(default_factory=list)
    files: list[str] = dataclasses.field(default_factory=list)
    source_evr: str = ""  # the package's own unless given
    epoch: str = "0"

    @property
    def evr(self) -> str:
        return f"{self.version}-{self.release}"


def entry(relation: str, more: str = "") -> str:
    """One relation as primary.xml has it, with ``more`` attributes; a rich one is all name."""
    words = relation.split(" ")
    if relation.startswith("(") or len(words) == 1:
        return f'<rpm:entry name="{escape(relation)}"{more}/>'
    name, sign, evr = words
    version, _dash, release = evr.partition("-")
    rel = f' rel="{release}"' if release else ""
    return f'<rpm:entry name="{escape(name)}" flags="{FLAGS[sign]}" epoch="0" ver="{version}"{rel}{more}/>'


class Generator:
    """Makes packages one after the other; the same seed gives the same bytes."""

    def __init__(self, seed: int, broken: float = 0.01) -> None:
        self.random = random.Random(seed)
        self.broken = broken
        self.names: set[str] = set()
        self.made: dict[str, list[Package]] = {"library": [], "program": [], "python": [], "perl": [], "devel": []}
        self.deep_files: list[str] = []

    def new_name(self, pattern: str) -> str:
        while True:
            words = self.random.sample(WORDS, self.random.choice([1, 2, 2, 3]))
            name = pattern.format("-".join(words))
            if name in self.names:
                name += str(self.random.randint(2, 99))
            if name not in self.names:
                self.names.add(name)
                return name

    def earlier(self, kind: str, most: int) -> list[Package]:
        """Up to ``most`` packages made before; the first ones are the most wanted, as in real distributions."""
        made = self.made[kind]
        count = min(most, len(made))
        return [made[int(len(made) * self.random.random() ** 3)] for _number in range(count)]

    def essentials(self) -> list[Package]:
        glibc = Package("glibc", "2.34", "100.el9", "x86_64", "glibc", "library")
        glibc.provides = ["libc.so.6()(64bit)", "libm.so.6()(64bit)", "rtld(GNU_HASH)"]
        glibc.provides += [f"libc.so.6(GLIBC_{version})(64bit)" for version in GLIBC]
        glibc32 = Package("glibc", "2.34", "100.el9", "i686", "glibc", "library")
        glibc32.provides = ["libc.so.6", "libm.so.6", "rtld(GNU_HASH)"]
        glibc32.provides += [f"libc.so.6(GLIBC_{version})" for version in GLIBC]
        bash = Package(
            "bash", "5.1.8", "9.el9", "x86_64", "bash", "program", files=["/usr/bin/bash", "/usr/bin/sh", "/bin/sh"]
        )
        python = Package("python3", "3.9.18", "3.el9", "x86_64", "python3.9", "program")
        python.provides, python.files = ["python(abi) = 3.9"], ["/usr/bin/python3"]
        perl = Package("perl-interpreter", "5.32.1", "481.el9", "x86_64", "perl", "program", files=["/usr/bin/perl"])
        for package in bash, python, perl:
            package.requires = ["libc.so.6()(64bit)"]
        everything = [glibc, glibc32, bash, python, perl]
        self.names.update(package.name for package in everything)
        for package in everything:
            self.finish(package)
        return everything

    def package(self, dist: str, release: bool = False) -> Package:
        """One more package, of a random kind."""
        kinds = (
            ["python"] * 6 + ["program"] if release else ["library"] * 3 + ["program"] * 3 + ["devel", "python", "perl"]
        )
        kind = self.random.choice(kinds)
        version = f"{self.random.randint(0, 30)}.{self.random.randint(0, 20)}.{self.random.randint(0, 9)}"
        number = f"{self.random.randint(1, 40)}.{dist}"
        pattern = {"library": "lib{}", "program": "{}", "python": "python3-{}", "perl": "perl-{}", "devel": "{}-devel"}[
            kind
        ]
        if release and kind == "program":
            pattern = "openstack-{}"
        name = self.new_name(pattern)
        arch = "x86_64" if kind in ("library", "program", "devel") and not release else "noarch"
        source = name.replace("-devel", "") if self.random.random() < 0.6 else f"{name.split('-')[0]}-suite"
        package = Package(name, version, number, arch, source, kind)
        getattr(self, f"as_{kind}")(package)
        self.spice(package)
        self.finish(package)
        return package

    def as_library(self, package: Package) -> None:
        soname = f"{package.name}.so.{self.random.randint(0, 9)}"
        package.provides = [f"{soname}()(64bit)"]
        package.provides += [f"{soname}({package.name.upper()}_{n})(64bit)" for n in range(self.random.randint(0, 3))]
        package.files = [f"/usr/lib64/{soname}", f"/usr/share/licenses/{package.name}/COPYING"]
        self.link(package)

    def as_program(self, package: Package) -> None:
        package.files = [f"/usr/bin/{package.name}", f"/etc/{package.name}/{package.name}.conf"]
        self.link(package)
        package.requires += [other.name for other in self.earlier("program", 3)]

    def as_devel(self, package: Package) -> None:
        package.files = [f"/usr/include/{package.name}/{word}.h" for word in self.random.sample(WORDS, 8)]
        package.requires = [f"{other.name}(x86-64) = {other.evr}" for other in self.earlier("library", 2)]
        package.requires += [other.name for other in self.earlier("devel", 4)] + ["/usr/bin/sh"]

    def as_python(self, package: Package) -> None:
        bare = package.name[len("python3-") :] if package.name.startswith("python3-") else package.name
        package.provides = [f"python3dist({bare}) = {package.version}", f"python3.9dist({bare}) = {package.version}"]
        folder = f"/usr/lib/python3.9/site-packages/{bare.replace('-', '_')}"
        package.files = [f"{folder}/{word}.py" for word in self.random.sample(WORDS, 14)]
        package.requires = ["python(abi) = 3.9"]
        for other in self.earlier("python", 8):
            dist = next(provide for provide in other.provides if provide.startswith("python3.9dist("))
            name, major = dist.split(" ")[0], other.version.split(".")[0]
            form = self.random.random()
            if form < 0.55:
                package.requires.append(f"{name} >= {major}")
            elif form < 0.75:
                package.requires.append(name)
            elif form < 0.9:
                package.requires.append(f"({name} >= {major} with {name} < 99)")
            elif form < 0.95:
                package.requires.append(f"({name} if python3)")
            else:
                package.requires.append(f"({name} >= 77 or {name} < 77)")

    def as_perl(self, package: Package) -> None:
        module = "::".join(word.capitalize() for word in package.name.split("-")[1:])
        package.provides = [f"perl({module}) = {package.version}"]
        package.files = [f"/usr/share/perl5/vendor_perl/{module.replace('::', '/')}/{word}.pm" for word in WORDS[:10]]
        package.requires = ["/usr/bin/perl"]
        package.requires += [other.provides[0].split(" ")[0] for other in self.earlier("perl", 7)]

    def link(self, package: Package) -> None:
        """What the linker asks for."""
        versions = self.random.sample(GLIBC, self.random.randint(1, 4))
        package.requires = [f"libc.so.6(GLIBC_{version})(64bit)" for version in versions]
        package.requires += ["libc.so.6()(64bit)", "rtld(GNU_HASH)"]
        package.requires += [self.random.choice(o.provides) for o in self.earlier("library", 5) if o.name != "glibc"]

    def spice(self, package: Package) -> None:
        """What only some packages have."""
        chance = self.random.random()
        if chance < 0.2:
            package.scriptlets.append("/bin/sh")
            if chance < 0.08:
                package.scriptlets += [other.name for other in self.earlier("program", 2)]
        elif chance < 0.25:
            package.requires.append("/usr/bin/python3")
        elif chance < 0.26 and self.deep_files:
            package.requires.append(self.random.choice(self.deep_files))  # only filelists knows it
        elif chance < 0.28:
            package.conflicts.append(f"{package.name}-legacy < {package.version}")
        elif chance < 0.3:
            package.obsoletes.append(f"{package.name}-old < {package.version}")
        if chance > 0.97:
            folder = f"/usr/share/{package.name}"
            package.files.append(f"{folder}/schema.dat")
            self.deep_files.append(f"{folder}/schema.dat")

    def finish(self, package: Package) -> None:
        package.provides.insert(0, f"{package.name} = {package.evr}")
        if package.arch != "noarch":
            isa = {"x86_64": "x86-64", "i686": "x86-32", "aarch64": "aarch-64"}[package.arch]
            package.provides.append(f"{package.name}({isa}) = {package.evr}")
        package.scriptlets = list(dict.fromkeys(package.scriptlets))
        package.requires = [one for one in dict.fromkeys(package.requires) if one not in package.scriptlets]
        package.files += [
            f"/usr/share/doc/{package.name}/{self.random.choice(WORDS)}-{number}.txt"
            for number in range(int(self.random.expovariate(1 / 26)) + 3)
        ]
        self.made[package.kind].append(package)

    def break_some(self, packages: list[Package]) -> None:
        """Requirements that nobody meets, one kind after the other."""
        kinds = [
            "nosuch-{name}",
            "{other} >= 9999",
            "(nosuch-{name} or nosuch-b)",
            "({other} >= 900 with {other} < 950)",
            "/opt/nosuch/{name}",
        ]
        # Not what much else requires: those were made first.
        for package in packages[len(packages) // 2 :]:
            if self.random.random() < 2 * self.broken:
                kind = self.random.choice(kinds)
                broken = kind.format(name=package.name, other=self.random.choice(packages).name)
                (package.scriptlets if self.random.random() < 0.4 else package.requires).append(broken)

    def variants(self, packages: list[Package]) -> t.Iterator[Package]:
        """Each package with its older version, its i686 twin or one for a foreign architecture, where it has such."""
        for package in packages:
            yield package
            chance = self.random.random()
            if chance < 0.08:
                older = f"0.{package.release}"
                change = {f"{package.name} = {package.evr}": f"{package.name} = {package.version}-{older}"}
                provides = [change.get(relation, relation) for relation in package.provides]
                yield dataclasses.replace(package, release=older, provides=provides)
            elif chance < 0.2 and package.kind == "library" and package.name != "glibc":
                provides = list(map(as_32_bits, package.provides))
                requires = ["libc.so.6", "libc.so.6(GLIBC_2.4)"]
                yield dataclasses.replace(package, arch="i686", provides=provides, requires=requires, scriptlets=[])
            elif chance > 0.99 and package.arch == "x86_64":
                yield dataclasses.replace(package, arch="aarch64", requires=["libc.so.6()(64bit)"], scriptlets=[])


def relations(tag: str, entries: list[str], for_scriptlets: t.Sequence[str] = ()) -> str:
    lines = [entry(one, ' pre="1"') for one in for_scriptlets] + [entry(one) for one in entries]
    return f"<rpm:{tag}>{''.join(lines)}</rpm:{tag}>\n" if lines else ""


def in_primary(path: str) -> bool:
    return path.startswith("/etc/") or "bin/" in path


def write_repository(folder: pathlib.Path, packages: t.Iterable[Package], seed: int = 0) -> int:
    """Write repodata for ``packages`` to ``folder``; how many they were."""
    chooser = random.Random(seed)
    primary: list[str] = []
    filelists: list[str] = []
    for package in packages:
        nevra = f"{package.name}-{package.evr}.{package.arch}"
        pkgid = hashlib.sha256(nevra.encode()).hexdigest()
        about = " ".join(chooser.choices(WORDS, k=150))
        version = f'<version epoch="{package.epoch}" ver="{package.version}" rel="{package.release}"/>'
        head = f'<package type="rpm"><name>{package.name}</name><arch>{package.arch}</arch>{version}'
        primary.append(
            f'{head}<checksum type="sha256" pkgid="YES">{pkgid}</checksum><summary>{about[:60]}</summary>\n'
            f"<description>{about}</description><packager>Builders</packager>"
            f"<url>https://example.org/{package.name}</url>"
            f'<time file="1700000000" build="1700000000"/>'
            f'<size package="{len(nevra) * 997}" installed="{len(nevra) * 3001}"'
            f' archive="{len(nevra) * 3333}"/><location href="Packages/{nevra[0]}/{nevra}.rpm"/>\n<format>'
            "<rpm:license>ASL 2.0</rpm:license><rpm:vendor>Example</rpm:vendor><rpm:group>Unspecified</rpm:group>"
            "<rpm:buildhost>builder.example.org</rpm:buildhost>"
            f"<rpm:sourcerpm>{package.source}-{package.source_evr or package.evr}.src.rpm</rpm:sourcerpm>"
            '<rpm:header-range start="4504" end="20000"/>\n'
            + relations("provides", package.provides)
            + relations("requires", package.requires, package.scriptlets)
            + relations("conflicts", package.conflicts)
            + relations("obsoletes", package.obsoletes)
            + "".join(f"<file>{path}</file>\n" for path in package.files if in_primary(path))
            + "</format></package>\n"
        )
        filelists.append(
            f'<package pkgid="{pkgid}" name="{package.name}" arch="{package.arch}">{version}\n'
            + "".join(f"<file>{path}</file>\n" for path in package.files)
            + "</package>\n"
        )
    count = len(primary)
    common = "http://linux.duke.edu/metadata"
    contents = {
        "primary": f'{HEAD}<metadata xmlns="{common}/common" xmlns:rpm="{common}/rpm" packages="{count}">\n'
        + "".join(primary)
        + "</metadata>\n",
        "filelists": f'{HEAD}<filelists xmlns="{common}/filelists" packages="{count}">\n'
        + "".join(filelists)
        + "</filelists>\n",
    }
    repodata = folder / "repodata"
    repodata.mkdir(parents=True, exist_ok=True)
    data = []
    for kind, text in contents.items():
        plain = text.encode()
        packed = zstandard.ZstdCompressor(level=6).compress(plain)
        (repodata / f"{kind}.xml.zst").write_bytes(packed)
        data.append(
            f'<data type="{kind}"><checksum type="sha256">{hashlib.sha256(packed).hexdigest()}</checksum>'
            f'<open-checksum type="sha256">{hashlib.sha256(plain).hexdigest()}</open-checksum>'
            f'<location href="repodata/{kind}.xml.zst"/><timestamp>1700000000</timestamp>'
            f"<size>{len(packed)}</size><open-size>{len(plain)}</open-size></data>\n"
        )
    (repodata / "repomd.xml").write_text(
        f'{HEAD}<repomd xmlns="{common}/repo"><revision>{seed}</revision>\n{"".join(data)}</repomd>\n'
    )
    return count


def generate(folder: pathlib.Path, base: int, release: int, seed: int = 1) -> dict[str, int]:
    """Write repositories below ``folder``; how many packages each has.

    ``base`` and ``release``; ``base-closed`` and ``release-closed``, the same without injected breakage; and
    ``release-next`` with ten packages more.
    """
    generator = Generator(seed)
    packages = generator.essentials()
    # Variants add about a tenth.
    packages += [generator.package("el9") for _number in range(int(base / 1.115) - len(packages))]
    of_base = list(generator.variants(packages))
    counts = {"base-closed": write_repository(folder / "base-closed", of_base, seed)}
    generator.break_some(of_base)
    counts["base"] = write_repository(folder / "base", of_base, seed)
    of_release = [generator.package("el9s", release=True) for _number in range(int(release / 1.08))]
    variants = list(generator.variants(of_release))
    counts["release-closed"] = write_repository(folder / "release-closed", variants, seed)
    generator.break_some(variants)
    counts["release"] = write_repository(folder / "release", variants, seed)
    variants += [generator.package("el9n", release=True) for _number in range(10)]
    counts["release-next"] = write_repository(folder / "release-next", variants, seed)
    return counts


def as_32_bits(relation: str) -> str:
    return relation.replace("()(64bit)", "").replace("(64bit)", "").replace("x86-64", "x86-32")


def multilib(folder: pathlib.Path, count: int, seed: int = 1) -> int:
    """Write a repository of x86_64 where every library has an i686 twin; how many packages it has.

    Libraries, programs of both kinds and development packages require one another in 64 and in 32 bits. In the second
    half, which less requires, one in forty has a twin of another version, one in sixty none, and some of these conflict
    with others or obsolete them.
    """
    generator = Generator(seed, broken=0)
    chooser = random.Random(seed)
    packages = generator.essentials()
    while len(packages) < count:
        package = generator.package("el9")
        packages.append(package)
        if package.kind != "library":
            if package.arch == "x86_64" and chooser.random() < 0.2:
                both = [one for one in package.requires if "(64bit)" in one or "(x86-64)" in one]
                package.requires += [as_32_bits(one) for one in both if not one.startswith("rtld")]
            continue
        is_late = len(packages) > count // 2
        if is_late and chooser.random() < 1 / 60:
            continue
        twin = dataclasses.replace(
            package, arch="i686", provides=list(map(as_32_bits, package.provides)),
            requires=list(map(as_32_bits, package.requires)),
        )  # fmt: skip
        if is_late and chooser.random() < 1 / 40:
            twin.release = f"0.{twin.release}"
            twin.provides = [one.replace(package.evr, twin.evr) for one in twin.provides]
        if is_late and chooser.random() < 1 / 50:
            other = chooser.choice(packages)
            getattr(twin, chooser.choice(["conflicts", "obsoletes"])).append(f"{other.name} = {other.evr}")
        packages.append(twin)
    return write_repository(folder, packages, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--base", type=int, default=20000)
    parser.add_argument("--release", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(generate(options.folder, options.base, options.release, options.seed)))


if __name__ == "__main__":
    main()
