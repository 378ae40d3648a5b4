#!/usr/bin/env bash
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Stands in for Packstack's: records its environment and ends as its scenario says.
set -eu
env | sort > "$WORKSPACE/environment"
echo "run_tests.sh of the stand-in: $SCENARIO"
source "./tests/$SCENARIO.sh"
