#!/usr/bin/env bash
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
printf 'test: tempest.one\nsuccess: tempest.one\n' > "$RESULTS"
