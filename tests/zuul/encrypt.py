# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints secrets of a project as Zuul's configuration. Run by Zuul's own Python; asks ZooKeeper for the project's key.

encrypt.py ZUUL.CONF < {"connection": NAME, "project": NAME, "secrets": {SECRET: {NAME: TEXT}}}
"""

from __future__ import annotations

import base64
import configparser
import json
import sys

from zuul.lib.encryption import encrypt_pkcs1_oaep
from zuul.lib.keystorage import KeyStorage
from zuul.zk import ZooKeeperClient

given = json.load(sys.stdin)
config = configparser.ConfigParser()
config.read(sys.argv[1])
client = ZooKeeperClient.fromConfig(config)
client.connect()
try:
    keys = KeyStorage(client, config["keystore"]["password"])
    _private, public = keys.getProjectSecretsKeys(given["connection"], given["project"])
    print("---")
    for secret, values in given["secrets"].items():
        print(f"- secret:\n    name: {secret}\n    data:")
        for name, value in values.items():
            encrypted = base64.b64encode(encrypt_pkcs1_oaep(value.encode(), public)).decode()
            print(f"      {name}: !encrypted/pkcs1-oaep\n        - {encrypted}")
finally:
    client.disconnect()
