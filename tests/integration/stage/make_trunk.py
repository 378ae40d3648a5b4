# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a DLRN trunk: configuration, database, and the tree of repositories. Run by DLRN's own Python.

Everything after rpmbuild is DLRN's own code (``post_build`` and ``process_build_result``): links between hashed
directories, metadata, versions.csv, commit.yaml, ``current``, ``consistent``, aggregates. Only the builds are ours:
packages without files, straight from rpmbuild. What was built is written to ``trunk.json``.

    make_trunk.py FOLDER [--no-components]
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import yaml
from dlrn import config, shell
from dlrn.db import Commit, closeSession, getSession
from dlrn.drivers.rdoinfo import RdoInfoDriver

START = 1767225600  # 2026-01-01T00:00:00Z; builds follow each other by an hour
COMPONENTS = {"alpha": "common", "beta": "common", "gamma": "compute", "delta": "network"}
# In the order of building: project, version, its distgit's revision, status, with an extended hash?
BUILDS = [
    ("alpha", 1, 1, "SUCCESS", False),
    ("beta", 1, 1, "SUCCESS", False),
    ("gamma", 1, 1, "SUCCESS", False),
    ("delta", 1, 1, "SUCCESS", False),
    ("alpha", 2, 1, "SUCCESS", False),
    ("gamma", 2, 1, "SUCCESS", True),
    ("delta", 2, 1, "FAILED", False),
    ("delta", 2, 2, "SUCCESS", False),
    ("beta", 2, 1, "FAILED", False),
    # beta is broken: alpha 3 becomes current of common, and not consistent.
    ("alpha", 3, 1, "SUCCESS", False),
]

SPEC = """\
Name: python-{name}
Version: {version}.0
Release: 0.{release}
Summary: A package of the tests
License: GPL-3.0-or-later
BuildArch: noarch
%description
A package of the tests.
%package -n python3-{name}
Summary: A package of the tests
%description -n python3-{name}
A package of the tests.
%files -n python3-{name}
"""


def sha1(*words: object) -> str:
    return hashlib.sha1(" ".join(map(str, words)).encode()).hexdigest()


def write_configuration(folder: pathlib.Path, components: bool) -> None:
    """projects.ini for DLRN, api.cfg for its API, rdoinfo as a git repository."""
    (folder / "data" / "repos").mkdir(parents=True)
    ini = configparser.RawConfigParser()
    ini["DEFAULT"] = {
        "datadir": folder / "data",
        "baseurl": f"file://{folder}/data/repos",
        "database_connection": f"sqlite:///{folder}/commits.sqlite",
        "distro": "rpm-master",
        "source": "master",
        "target": "centos9-master",
        "reponame": "delorean",
        "smtpserver": "",
        "rsyncdest": "",
        "use_components": str(components).lower(),
    }
    ini["rdoinfo_driver"] = {"repo": f"file://{folder}/rdoinfo", "cache_dir": folder / "cache"}
    with open(folder / "projects.ini", "w") as file:
        ini.write(file)
    (folder / "api.cfg").write_text(
        f"DB_PATH = 'sqlite:///{folder}/commits.sqlite'\n"
        f"REPO_PATH = '{folder}/data/repos'\n"
        f"CONFIG_FILE = '{folder}/projects.ini'\n"
    )
    rdoinfo = folder / "rdoinfo"
    rdoinfo.mkdir()
    packages = [
        {
            "project": name,
            "name": f"python-{name}",
            "upstream": f"https://example.org/{name}",
            "master-distgit": f"https://example.org/{name}-distgit",
            "maintainers": ["nobody@example.org"],
            **({"component": component} if components else {}),
        }
        for name, component in COMPONENTS.items()
    ]
    release = {"name": "master", "branch": "rpm-master", "repos": [{"name": "el9", "buildsys": "none"}]}
    (rdoinfo / "rdo.yml").write_text(yaml.safe_dump({"releases": [release], "packages": packages}))
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for argv in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "Packages"]):
        subprocess.run(["git", "-C", str(rdoinfo), *argv], check=True)


def build(folder: pathlib.Path, commit: Commit, version: int) -> list[str]:
    """Build the package of ``commit`` into its hashed directory; the RPMs' paths below the data directory."""
    target = pathlib.Path("repos", commit.getshardedcommitdir())
    output = folder / "data" / target
    output.mkdir(parents=True)
    name = commit.project_name.removeprefix("python-")
    spec = folder / "package.spec"
    spec.write_text(SPEC.format(name=name, version=version, release=f"{commit.dt_build}.{commit.commit_hash[:7]}"))
    macros = {
        "_topdir": folder / "rpmbuild",
        "_rpmdir": output,
        "_srcrpmdir": output,
        "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
    }
    argv = ["rpmbuild", "-ba", "--nodeps", "--quiet", str(spec)]
    argv += [word for macro, value in macros.items() for word in ("--define", f"{macro} {value}")]
    subprocess.run(argv, check=True, capture_output=True)
    (output / "rpmbuild.log").write_text("+ exit 0\n")
    (output / "installed").write_text(f"{commit.project_name} {commit.commit_hash} {commit.distro_hash}")
    return sorted(str(target / path.name) for path in output.glob("*.rpm"))


def main(folder: pathlib.Path, components: bool) -> None:
    write_configuration(folder, components)
    os.chdir(folder)  # DLRN's reports land in the working directory's repositories
    ini = configparser.RawConfigParser()
    ini.read(folder / "projects.ini")
    options = config.ConfigOptions(ini)
    packages = RdoInfoDriver(cfg_options=options).getpackages(tags=None)
    database = options.database_connection
    made = []
    for number, (name, version, distgit, status, extended) in enumerate(BUILDS):
        commit = Commit(
            type="rpm",
            dt_commit=START + version * 86400 + number,
            dt_distro=START + distgit * 86400,
            dt_extended=START if extended else 0,
            dt_build=START + 10 * 86400 + number * 3600,
            project_name=f"python-{name}",
            repo_dir=str(folder / "data" / f"python-{name}"),
            distgit_dir=str(folder / "data" / f"python-{name}_distro"),
            commit_hash=sha1(name, version),
            distro_hash=sha1(name, "distgit", distgit),
            extended_hash=f"{sha1(name, 'extended', 1)}_{sha1(name, 'extended', 2)}" if extended else None,
            commit_branch="master",
            component=COMPONENTS[name] if components else None,
            flags=0,
        )
        session = getSession(database)
        if status == "SUCCESS":
            result: list = [commit, build(folder, commit, version), "OK", None]
            failures = shell.post_build(result, packages, session)
        else:
            result = [commit, "", "", RuntimeError("Error in build_rpm_wrapper: it does not build")]
            failures = 1
        shell.process_build_result(result, packages, session, [], consistent=failures == 0, failures=failures)
        keys = "project_name component commit_hash distro_hash extended_hash dt_commit dt_distro dt_build status"
        made.append(
            {
                "number": number,
                "name": name,
                "version": version,
                **{key: getattr(commit, key) for key in keys.split()},
                "folder": commit.getshardedcommitdir(),
                "artifacts": commit.artifacts.split(",") if commit.artifacts else [],
            }
        )
        closeSession(session)
    (folder / "trunk.json").write_text(json.dumps(made, indent=1))
    shutil.rmtree(folder / "rpmbuild")
    (folder / "package.spec").unlink()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), "--no-components" not in sys.argv)
