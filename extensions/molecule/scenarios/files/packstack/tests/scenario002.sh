#!/usr/bin/env bash
# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
printf 'test: tempest.one\nsuccess: tempest.one\ntest: tempest.two\nfailure: tempest.two [\nno valid host\n]\n' > "$RESULTS"
echo 'mysql+pymysql://keystone:hidden-word@127.0.0.1/keystone'
echo '{0} tempest.two [0.042000s] ... FAILED'
exit 1
