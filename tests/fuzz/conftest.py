# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


def pytest_addoption(parser):
    parser.addoption("--minutes", type=float, default=0, help="go on with new damage for so long, all readers together")
