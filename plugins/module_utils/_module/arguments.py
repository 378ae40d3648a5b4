# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Groups of options that several modules share.

Each group has a doc fragment of the same options in ``plugins/doc_fragments`` and, where it names a service, an
action group in ``meta/runtime.yml``, so that ``module_defaults`` can set it once for a play.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

Arguments = dict[str, dict[str, t.Any]]

# doc fragment rdo.releng._http
HTTP: Arguments = {
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 30.0},
    "deadline": {"type": "float", "default": 300.0},
    "retries": {"type": "int", "default": 5},
}

# doc fragment rdo.releng._repositories
REPOSITORIES: Arguments = {
    "variables": {"type": "dict", "default": {}},
    "arch": {"type": "str"},
    "cache_dir": {"type": "path"},
    "cache_size": {"type": "int", "default": 1024},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 30.0},
    "deadline": {"type": "float", "default": 600.0},
    "retries": {"type": "int", "default": 3},
}

# doc fragment rdo.releng._artifacts
ARTIFACTS: Arguments = {
    "artifacts": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "kind": {"type": "str", "choices": ["repository", "ostree", "image"], "required": True},
            "packages": {"type": "list", "elements": "str", "required": True},
            "configuration": {"type": "dict"},
            "configuration_files": {"type": "list", "elements": "path", "default": []},
            "tools": {"type": "dict", "default": {}},
            "made_of": {"type": "list", "elements": "str", "default": []},
        },
    },
    "repositories": {"type": "list", "elements": "raw", "required": True},
    "fail_on_broken": {"type": "bool", "default": True},
    **REPOSITORIES,
}

# doc fragment rdo.releng._repositories.TRIM
TRIM: Arguments = {
    "roots": {"type": "list", "elements": "str", "required": True},
    "provide": {"type": "list", "elements": "raw", "default": []},
    "installability": {"type": "bool", "default": True},
    "allow_absent": {"type": "bool", "default": False},
    **REPOSITORIES,
}

# doc fragments rdo.releng._dlrn and rdo.releng._http
DLRN: Arguments = {
    "api_url": {"type": "str", "fallback": (env_fallback, ["DLRNAPI_URL"])},
    "username": {"type": "str", "fallback": (env_fallback, ["DLRNAPI_USERNAME"])},
    "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["DLRNAPI_PASSWORD"])},
    **HTTP,
}

# doc fragment rdo.releng._rdoinfo
RDOINFO: Arguments = {
    "rdoinfo": {"type": "str", "required": True},
    "rdoinfo_revision": {"type": "str"},
    "rdoinfo_entry": {"type": "str", "default": "rdo-full.yml"},
    "git_timeout": {"type": "float", "default": 120.0},
    "cache_dir": {"type": "path"},
}

# doc fragment rdo.releng._koji
KOJI: Arguments = {
    "koji": {"type": "str", "aliases": ["profile"], "fallback": (env_fallback, ["KOJI_PROFILE"])},
    "server": {"type": "str", "fallback": (env_fallback, ["KOJI_HUB_URL"])},
    "topurl": {"type": "str"},
    "authtype": {"type": "str", "choices": ["ssl", "password", "kerberos"]},
    "user": {"type": "str", "fallback": (env_fallback, ["KOJI_USER"])},
    "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["KOJI_PASSWORD"])},
    "cert": {"type": "path", "fallback": (env_fallback, ["KOJI_CERT"])},
    "serverca": {"type": "path"},
    "principal": {"type": "str"},
    "keytab": {"type": "path", "no_log": False},
    "timeout": {"type": "float", "default": 120.0},
    "deadline": {"type": "float", "default": 600.0},
    "retries": {"type": "int", "default": 5},
}

# doc fragments rdo.releng._gerrit and rdo.releng._http
GERRIT: Arguments = {
    "gerrit_url": {"type": "str", "fallback": (env_fallback, ["GERRIT_URL"])},
    "gerrit_username": {"type": "str", "fallback": (env_fallback, ["GERRIT_USERNAME"])},
    "gerrit_password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GERRIT_PASSWORD"])},
    **HTTP,
}

# doc fragment rdo.releng._amqp
AMQP: Arguments = {
    "amqp_url": {"type": "str", "no_log": True, "fallback": (env_fallback, ["AMQP_URL"])},
    "ca_path": {"type": "path"},
    "cert": {"type": "path"},
    "key": {"type": "path", "no_log": False},
    "timeout": {"type": "float", "default": 30.0},
}

# doc fragment rdo.releng._outbox
OUTBOX: Arguments = {"outbox": {"type": "path", "required": True}, "once": {"type": "str"}}

# doc fragment rdo.releng._artifact
ARTIFACT: Arguments = {
    "manifest": {"type": "path", "required": True},
    "packages": {"type": "list", "elements": "path", "required": True},
    "path": {"type": "path", "required": True},
    "log": {"type": "path"},
}

# doc fragment rdo.releng._artifact.ROOT
ROOT: Arguments = {
    "database": {"type": "str", "default": "/var/lib/rpm"},
    "timeout": {"type": "float", "default": 3600.0},
}

# doc fragment rdo.releng._clean_root
CLEAN_ROOT: Arguments = {
    "path": {"type": "path", "required": True},
    "repositories": {"type": "list", "elements": "dict", "default": []},
    "repo_files": {"type": "list", "elements": "path", "default": []},
    "releasever": {"type": "str", "default": "9"},
    "cache": {"type": "path"},
    "timeout": {"type": "float", "default": 3600.0},
}

# doc fragment rdo.releng._spec
SPEC: Arguments = {
    "distros": {"type": "list", "elements": "str", "default": ["el9s", "el10s"]},
    "pythons": {"type": "dict", "default": {}},
}

# doc fragment rdo.releng._signing
SIGNING: Arguments = {
    "key": {"type": "str", "required": True, "no_log": False},
    "gnupg_home": {"type": "path"},
    "passphrase": {"type": "str", "no_log": True},
    "passphrase_file": {"type": "path", "no_log": False},
    "signed_at": {"type": "int"},
}

# doc fragment rdo.releng._state
STATE: Arguments = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}

# doc fragment rdo.releng._wait
WAIT: Arguments = {
    "wait_timeout": {"type": "float", "default": 14400.0},
    "poll": {"type": "float", "default": 10.0},
}

_NAMED = {"type": "str", "required": True}
_DRIFT = {"type": "str", "choices": ["fail", "record"], "default": "fail"}
# doc fragment rdo.releng._candidate
CANDIDATE: Arguments = {
    "path": {"type": "path"},
    "dependencies": {"type": "str"},
    "base": {
        "type": "list",
        "elements": "dict",
        "options": {"id": _NAMED, "url": _NAMED, "drift": _DRIFT},
        "default": [],
    },
    "scenarios": {
        "type": "list",
        "elements": "dict",
        "options": {"name": _NAMED, "repository": _NAMED, "version": _NAMED},
        "default": [],
    },
}
