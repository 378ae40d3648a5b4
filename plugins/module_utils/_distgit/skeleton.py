# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A first spec file for a Python project, as RDO's distgits begin: trunk builds it, and spec_version releases it."""

from __future__ import annotations

import dataclasses
import re
import textwrap
import typing as t

from .pyproject import exclusion_lines, tox_lines

_TEMPLATE = """\
%{{!?upstream_version: %global upstream_version %{{version}}%{{?milestone}}}}
{globals}
%global common_desc \\
{words}

Name:           {package}
Version:        XXX
Release:        XXX
Summary:        {summary}
License:        {licence}
URL:            {url}
Source0:        {source}
BuildArch:      noarch

BuildRequires:  git-core
BuildRequires:  openstack-macros
BuildRequires:  pyproject-rpm-macros
BuildRequires:  python3-devel

%description
%{{common_desc}}

%package -n     {binary}
Summary:        %{{summary}}

%description -n {binary}
%{{common_desc}}

%prep
%autosetup -n {archive}-%{{upstream_version}} -S git

{prep}
%generate_buildrequires
%pyproject_buildrequires{options}

%build
%pyproject_wheel

%install
%pyproject_install
{check}
%files -n {binary}
{files}

%changelog
"""


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """What a first spec file is made of.

    :param package: name of the source package, and ``binary`` of the one that is built.
    :param archive: what upstream calls the archives of its versions.
    :param metadata: of the project, as ``_release/upstream_metadata.py`` has it.
    :param excluded: distributions that no build requirement is generated for.
    """

    package: str
    binary: str
    archive: str
    source: str
    licence: str
    url: str
    metadata: t.Any
    excluded: t.Sequence[str]

    def text(self) -> str:
        """The spec file."""
        meta = self.metadata
        summary = _plain(meta.summary).rstrip(".") or meta.name
        words = textwrap.wrap(f"{summary}.", 78, break_long_words=False, break_on_hyphens=False)
        tox = " -t -e %{default_toxenv}" if meta.tox else ""
        prep = [*(tox_lines() if meta.tox else [])]
        if self.excluded:
            prep += exclusion_lines("excluded_brs", "doc/requirements.txt test-requirements.txt")
        return _TEMPLATE.format(
            globals="\n".join(
                ["# Left out of what is generated", f"%global excluded_brs {' '.join(self.excluded)}"]
                if self.excluded
                else []
            ),
            words=" \\\n".join(words),
            package=self.package,
            binary=self.binary,
            summary=summary[:1].upper() + summary[1:],
            licence=self.licence,
            url=self.url,
            source=self.source,
            archive=self.archive,
            prep="\n".join(prep),
            options=tox,
            check="\n%check\n%tox -e %{default_toxenv}\n" if meta.tox else "",
            files="\n".join(self._files()),
        )

    def _files(self) -> t.Iterator[str]:
        meta = self.metadata
        if meta.licence_file:
            yield f"%license {meta.licence_file}"
        if meta.readme:
            yield f"%doc {meta.readme}"
        for command in meta.commands:
            yield f"%{{_bindir}}/{command}"
        for module in meta.modules:
            yield f"%{{python3_sitelib}}/{module}"
        # Build backends write dots and dashes of a name each in their own way.
        yield f"%{{python3_sitelib}}/{re.sub('[-_.]', '?', meta.name)}-*.dist-info"


def _plain(text: str) -> str:
    """Words that rpm does not expand."""
    return " ".join(text.replace("%", "%%").replace("\\", "").split())
