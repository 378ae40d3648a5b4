# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates users of DLRN's API, or gives them the password they should have. Run by DLRN's own Python.

Standard input is JSON: ``database`` and ``users``, a list of ``username`` and ``password``. DLRN's own command
(dlrn-user) takes a new password of an existing user only as an argument, which every user of the host can read; so this
does what it does, with its code for the database. Prints what was done, a line for each user.

    users.py [--check]
"""

from __future__ import annotations

import json
import os
import sys

import sqlalchemy
from dlrn.db import User, closeSession, getSession
from passlib.hash import sha512_crypt


def has_users(address: str) -> bool:
    """Whether there is a table of users yet; asked for without making a database."""
    url = sqlalchemy.engine.make_url(address)
    if url.get_backend_name() == "sqlite" and not os.path.exists(url.database or ""):
        return False
    return sqlalchemy.inspect(sqlalchemy.create_engine(url)).has_table(User.__tablename__)


def main(check: bool) -> None:
    given = json.load(sys.stdin)
    if check and not has_users(given["database"]):
        print(*(f"create {user['username']}" for user in given["users"]), sep="\n")
        return
    session = getSession(given["database"])
    for user in given["users"]:
        known = session.query(User).filter(User.username == user["username"]).first()
        if known is not None and sha512_crypt.verify(user["password"], known.password):
            continue
        print(f"{'create' if known is None else 'update'} {user['username']}")
        known = known or User(username=user["username"])
        known.password = sha512_crypt.hash(user["password"])
        session.add(known)
    if not check:
        session.commit()
    closeSession(session)


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
