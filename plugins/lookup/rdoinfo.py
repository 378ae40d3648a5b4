# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: rdoinfo
short_description: Packages of rdoinfo
version_added: 0.1.0
description:
  - Returns packages of rdoinfo as they are after defaults, configurations and a tag have been applied.
  - It runs on the controller. Use the module M(rdo.releng.rdoinfo_info) for releases, tags, builds and differences.
author:
  - RDO release engineering (@rdo-infra)
extends_documentation_fragment:
  - rdo.releng._rdoinfo
options:
  _terms:
    description: Names of packages or projects, or none for all that match.
    type: list
    elements: str
  tag:
    description: Apply the attributes of this tag. Without names, return only packages that have it.
    type: str
  filters:
    description: Attribute, and a regular expression that must be found in it. Only without names.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show who maintains nova
  ansible.builtin.debug:
    msg: "{{ lookup('rdo.releng.rdoinfo', 'openstack-nova', rdoinfo='/srv/rdoinfo').maintainers }}"

- name: Show what is in the component network of epoxy
  ansible.builtin.debug:
    msg: >-
      {{ query('rdo.releng.rdoinfo', rdoinfo='/srv/rdoinfo', tag='epoxy', filters={'component': '^network$'})
      | map(attribute='name') }}
"""

RETURN = r"""
_raw:
  description: The packages, each with all its attributes but C(buildsys-tags).
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import RelengError
from ansible_collections.rdo.releng.plugins.module_utils._service.release.rdoinfo_query import packages_of, read_rdoinfo


class LookupModule(LookupBase):
    def run(
        self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[dict[str, t.Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_options()
        try:
            info = read_rdoinfo(options)
            if not terms:
                return packages_of(info, options["tag"], options["filters"])
            found = [info.find(term, options["tag"]) for term in terms]
            return [{key: value for key, value in package.items() if key != "buildsys-tags"} for package in found]
        except RelengError as error:
            raise AnsibleError(error.message) from error
