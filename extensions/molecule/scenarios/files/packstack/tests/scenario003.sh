#!/usr/bin/env bash
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
echo 'waiting for a server that never comes'
sleep 600
