#!/usr/bin/env bash
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
mkdir -p "$WORKSPACE/logs"
echo collected > "$WORKSPACE/logs/puppet.txt"
[ "$SCENARIO" != scenario002 ] # of its logs not all are there
