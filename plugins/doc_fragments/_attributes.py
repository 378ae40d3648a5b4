# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.

from __future__ import annotations


class ModuleDocFragment:
    # Names of the attributes; each module says its own support.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: In check mode the plan is made and returned, and nothing is written anywhere.
  diff_mode:
    description: Returns the state before and after as the plan has it.
  idempotent:
    description: When run twice in a row with the same options, the second time changes nothing.
"""

    # For modules that only read.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: In check mode the plan is made and returned, and nothing is written anywhere.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Returns the state before and after as the plan has it.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description: When run twice in a row with the same options, the second time changes nothing.
    support: full
"""

    # For modules that make a plan and apply it.
    CHANGE = r"""
options: {}
attributes:
  check_mode:
    description: In check mode the plan is made and returned, and nothing is written anywhere.
    support: full
  diff_mode:
    description: Returns the state before and after as the plan has it.
    support: full
  idempotent:
    description: When run twice in a row with the same options, the second time changes nothing.
    support: full
"""

    ACTIONGROUP_AMQP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/rdo.releng.amqp) in C(module_defaults) to set the broker's address once.
    support: full
    membership:
      - rdo.releng.amqp
"""

    ACTIONGROUP_DLRN = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/rdo.releng.dlrn) in C(module_defaults) to set the API's address and user once.
    support: full
    membership:
      - rdo.releng.dlrn
"""

    ACTIONGROUP_KOJI = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/rdo.releng.koji) in C(module_defaults) to set the hub and how to log in once.
    support: full
    membership:
      - rdo.releng.koji
"""

    ACTIONGROUP_GERRIT = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/rdo.releng.gerrit) in C(module_defaults) to set Gerrit's address and user once.
    support: full
    membership:
      - rdo.releng.gerrit
"""
