# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The objects that travel: JSON or YAML files with a ``schema`` key, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import typing as t

from .errors import InvalidInput
from .files import decode, read_input
from .json_text import load_json
from .yaml_text import YamlReader


def canonical(data: t.Any) -> bytes:
    """The one JSON text of ``data``: sorted keys, no spaces, ASCII, as bytes. Equal data, equal bytes.

    :raises InvalidInput: it is none: infinite, not a number, or too deep.
    """
    try:
        return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"What is to be written is not JSON: {str(error)[:200]}.") from error


def digest(data: t.Any) -> str:
    """The sha256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(data)).hexdigest()


def read_yaml(path: str, what: str) -> t.Any:
    """The content of a YAML or JSON file.

    :param what: what the file is meant to be ("candidate lockfile"), for the messages.
    :raises NotFound: there is no such file.
    :raises InvalidInput: it cannot be read, is too large, is not a regular file, or is not YAML.
    """
    return parse_yaml(read_input(path, what), what, path)


def parse_yaml(content: bytes | str, what: str, path: str) -> t.Any:
    """The data in the ``content`` of the file ``path``; raises InvalidInput as :func:`read_yaml` does.

    JSON is read by its own rules (a YAML parser takes its escapes of emoji apart). No key stands twice.
    """
    name = f"The {what} {path}"
    text = decode(content, name) if isinstance(content, bytes) else content
    if text.lstrip()[:1] in ("{", "["):
        # YAML can begin like that, and says the line where it ends to make sense.
        with contextlib.suppress(InvalidInput):
            return load_json(text, name, unique_keys=True)
    try:
        return YamlReader(unique_keys=True).read(text, name)
    except InvalidInput as error:
        line = f" at line {error.data['line']}" if error.data.get("line") else ""
        problem = error.data.get("problem") or error.message
        raise InvalidInput(f"{name} is not valid YAML or JSON{line}: {problem}", path=path) from error


def read_document(path: str, schema: str, what: str) -> dict[str, t.Any]:
    """The content of a file that must carry ``schema``.

    :raises NotFound: there is no such file.
    :raises InvalidInput: no YAML or JSON, no mapping, or of another schema.
    """
    return check_schema(read_yaml(path, what), schema, what, path)


def check_schema(data: t.Any, schema: str, what: str, source: str = "given") -> dict[str, t.Any]:
    """``data`` if it is a mapping that carries ``schema``; raises InvalidInput otherwise."""
    if not isinstance(data, dict):
        raise InvalidInput(f"The {what} {source} holds {type(data).__name__}, not a mapping: is it cut off or empty?")
    if data.get("schema") != schema:
        raise InvalidInput(f"The {what} {source} has schema {data.get('schema')!r}; {schema!r} is needed.")
    return data


def write_document(path: str, data: t.Mapping[str, t.Any], mode: int = 0o644) -> None:
    """Write ``data`` as indented JSON so that a reader sees the old file or the new one, never a part.

    The bytes depend on ``data`` alone. The file is on disk before it gets its name.
    """
    try:
        text = json.dumps(data, indent=2, sort_keys=True, allow_nan=False) + "\n"
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"What is to be written to {path} is not JSON: {str(error)[:200]}.", path=path) from error
    write_atomically(path, text.encode(), mode)


def write_atomically(path: str, content: bytes, mode: int = 0o644) -> None:
    """Write ``content`` to ``path`` by way of a new file in the same folder, which is made if need be.

    :raises InvalidInput: it cannot be written there; what was there before still is.
    """
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{os.path.basename(path)}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InvalidInput(f"{path} cannot be written: {error}", path=path) from error
