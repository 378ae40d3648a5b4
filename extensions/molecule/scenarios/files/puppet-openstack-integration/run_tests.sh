#!/usr/bin/env bash
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Stands in for that of puppet-openstack-integration: records its environment and what it has been given. A test of
# scenario002 fails.
set -eu
env | sort > "$WORKSPACE/environment"
[ -f "fixtures/$SCENARIO.pp" ]
# The real one changes a file of its repository, too.
echo 'tempest::install_from_source: false' >> Puppetfile
printf 'test: tempest.one\nsuccess: tempest.one\n' > "$RESULTS"
[ "$SCENARIO" = scenario002 ] || exit 0
printf 'test: tempest.two\nfailure: tempest.two [\nno valid host\n]\n' >> "$RESULTS"
exit 1
