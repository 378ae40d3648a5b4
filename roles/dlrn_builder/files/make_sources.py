# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the sources of one commit's source RPM: the archive, what the distgit has, and the spec file.

build_srpm.py runs it in the sandbox, as it runs the project's own build backend, with the clone, the distgit, the
folder to work in and the project's name; the versions and releases are like those of DLRN's own script.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import traceback


def git(folder: str, *arguments: str) -> str:
    """What git prints, without the newline at the end."""
    done = subprocess.run(["git", "-C", folder, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def rpm_version(upstream: str) -> str:
    """The version of the package for upstream's version: what comes before a development or pre-release mark.

    The release begins with 0, so the package of the release itself is newer.
    """
    mark = r"-.+|\.0(?:a|b|rc).+|\.?(?:a|b|rc|pre|dev|post|g[0-9a-f]).*"
    found = re.fullmatch(rf"v?(\d+(?:\.\d+)*?)(?:{mark})?", upstream)
    return found[1] if found else "0.0.1"


def rpm_release(short_hash: str) -> str:
    """0.DATE.HASH, or as release_numbering of projects.ini has it."""
    minor = {"0.1.date.hash": "0.1", "minor.date.hash": os.environ.get("RELEASE_MINOR", "0")}
    return f"{minor.get(os.environ.get('RELEASE_NUMBERING', ''), '0')}.{os.environ['RELEASE_DATE']}.{short_hash}"


def build_backend(source: str) -> str | None:
    """The name of the Python build backend that makes the source distribution; None: this is not a Python project."""
    try:
        with open(os.path.join(source, "pyproject.toml"), encoding="utf-8") as file:
            found = re.search(r"^build-backend\s*=\s*[\"']([\w.]+)", file.read(), re.MULTILINE)
    except FileNotFoundError:
        found = None
    if found:
        return found[1]
    if os.path.exists(os.path.join(source, "metadata.json")) or not os.path.exists(os.path.join(source, "setup.py")):
        return None
    with open(os.path.join(source, "setup.py"), encoding="utf-8") as file:
        return "pbr.build" if "pbr" in file.read() else "setuptools.build_meta"


def make_tarball(source: str, project: str, folder: str) -> tuple[str, str]:
    """(file name in ``folder``, upstream's version) of the source's release archive."""
    backend = build_backend(source)
    if backend is not None:
        here = os.getcwd()
        os.chdir(source)
        try:
            name = importlib.import_module(backend).build_sdist(folder)
        finally:
            os.chdir(here)
        return name, re.sub(r"\.tar\.gz$", "", name).rpartition("-")[2]
    version = ""
    if os.path.exists(os.path.join(source, "metadata.json")):
        with open(os.path.join(source, "metadata.json"), encoding="utf-8") as file:
            metadata = json.load(file)
        version, project = metadata["version"], metadata.get("name", project).replace("/", "-")
    else:
        tags = git(source, "tag", "--merged", "HEAD", "--sort=-creatordate", "--list", "[vVrR0-9]*").splitlines()
        version = re.sub(r"^[vVrR]", "", tags[0]) if tags else "0.0.1"
    prefix = f"{project}-{version}"
    git(source, "archive", f"--prefix={prefix}/", "-o", os.path.join(folder, f"{prefix}.tar.gz"), "HEAD")
    return f"{prefix}.tar.gz", version


def edit_spec(text: str, upstream: str, release: str, tarball: str) -> str:
    """A distgit's spec file with the version, release and archive of this commit, as DLRN's own script edits it."""
    stem = re.sub(r"\.tar\.gz$", "", tarball)
    for name, value in (("define upstream_version", upstream), ("global dlrn", "1"), ("global dlrn_nvr", stem)):
        line = f"%{name} {value}"
        text, count = re.subn(rf"^%{name} .*", line, text, flags=re.MULTILINE)
        text = text if count else f"{line}\n{text}"
    text = text.replace("UPSTREAMVERSION", upstream)
    text = re.sub(r"^Version:.*", f"Version: {rpm_version(upstream)}", text, flags=re.MULTILINE)
    text = re.sub(r"^Release:.*", f"Release: {release}%{{?dist}}", text, flags=re.MULTILINE)
    text = re.sub(r"^(Source0?):.*", rf"\1: {tarball}", text, flags=re.MULTILINE)
    if not os.environ.get("DLRN_KEEP_CHANGELOG"):
        text = re.sub(r"^(%changelog)\b.*", r"\1\n", text, flags=re.MULTILINE | re.DOTALL)
    return text


def check_out(clone: str, commit: str, folder: str) -> str:
    """The commit in a clone of its own: DLRN's workers share theirs, and may build two commits of it at once."""
    own = os.path.join(folder, "source")
    git(folder, "clone", "--quiet", "--shared", "--no-checkout", clone, own)
    git(own, "fetch", "--quiet", "origin", "+refs/tags/*:refs/tags/*")  # versions are made of them
    git(own, "checkout", "--force", "--quiet", "--detach", commit)
    return own


def require_own_files(distgit: str) -> None:
    """Refuse links that lead out of the distgit: nothing of this machine belongs into a source RPM.

    :raises ValueError: there are some, with the names of all.
    """
    top = os.path.realpath(distgit)
    paths = [os.path.join(folder, name) for folder, below, names in os.walk(top) for name in below + names]
    links = [path for path in paths if not os.path.realpath(path).startswith(top + os.sep)]
    if links:
        said = ", ".join(ascii(os.path.relpath(path, top))[1:-1] for path in sorted(links)[:20])
        raise ValueError(f"Links lead out of the distgit: {said}. Replace them by files.")


def make_sources(clone: str, distgit: str, top: str, project: str) -> None:
    """Lay out SOURCES below ``top``.

    :raises Exception: whatever went wrong; the caller puts it in the log.
    """
    source = check_out(clone, os.environ["DLRN_SOURCE_COMMIT"], top)
    sources = os.path.join(top, "SOURCES")
    require_own_files(distgit)
    shutil.copytree(distgit, sources, ignore=shutil.ignore_patterns(".git"))
    tarball, upstream = make_tarball(source, project, sources)
    release = rpm_release(git(source, "log", "--abbrev=7", "-n1", "--format=%h"))
    renamed = re.sub(r"\.tar\.gz$", f"-{release}.tar.gz", tarball)
    os.rename(os.path.join(sources, tarball), os.path.join(sources, renamed))
    specs = [name for name in os.listdir(sources) if name.endswith(".spec")]
    if len(specs) != 1:
        raise FileNotFoundError(f"The distgit has {len(specs)} spec files; it must have one.")
    path = os.path.join(sources, specs[0])
    with open(path, encoding="utf-8") as file:
        text = edit_spec(file.read(), upstream, release, renamed)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main() -> int:
    try:
        make_sources(*sys.argv[1:])
    except Exception as error:
        traceback.print_exc()
        print(f"Making the source RPM failed: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
