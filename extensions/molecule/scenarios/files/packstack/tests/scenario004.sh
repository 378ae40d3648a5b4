#!/usr/bin/env bash
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
echo 'as the kernel does when memory is short'
kill -9 $$
