# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the integration tests stand on: a trunk, DLRN's API, a proxy that fails, modules run as Ansible runs them."""
