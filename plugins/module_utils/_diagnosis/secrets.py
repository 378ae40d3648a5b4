# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Secrets in logs, and logs without them. What is masked is what looks like a secret: not every one does.

``admin_pass = x`` becomes ``admin_pass = ***``. Where it is not sure where a secret ends, more is masked and not less:
the rest of a line that begins with the name of a secret, and the lines below that are further in.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse

MASK = "***"

_WORD = (
    r"(?:pass(?:word|wd|phrase)s?|passwords?[_-]?\d+|secrets?|tokens?|credentials?|_pw|[_-]pwd"
    # admin_pass, adminPass and PASS, but no bypass or compass
    r"|(?:(?<=[_.-])|(?<![\w.-])|(?<=[a-z])(?-i:(?=P)))pass"
    r"|(?:api|private|access|encryption|secret|account|master|shared|auth|signing|fernet)[_-]?keys?)"
    r"(?:_?(?:hash|value|data|text|base|key|id|string))?"
)
_NAME = rf"(?<![\w.-])[\w.-]*{_WORD}(?![\w-])"
# The quotes around a name or a value, also within a text that is quoted itself.
_QUOTE = r"\\{0,3}[\"']"
_BETWEEN = r"\s*(?:=>|:=|[:=])\s*"
_VALUE = (
    r"(?:[ubrf]{0,2}\\{1,3}\"(?:(?!\\{1,3}\")[^\n])*(?:\\{1,3}\")?"  # \"…\" within "…"
    r"|[ubrf]{0,2}\"(?:[^\"\\\n]|\\.)*\"?"
    r"|[ubrf]{0,2}'(?:[^'\\\n]|\\.|'')*'?"
    r"|\[[^\]\n]*\]?|\{[^}\n]*\}?|\([^)\n]*\)?"
    r"|[^\s]+)"
)
_RULES = [
    # Headers
    re.compile(
        r"(?i)(?P<keep>(?<![\w-])(?:(?:Proxy-)?Authorization|Set-Cookie|Cookie|[\w-]*(?:Token|Api-Key|Secret))\b"
        r"['\"]?\s*[:=]\s*)(?!\s)[^\n]+"
    ),
    re.compile(r"(?i)(?P<keep>\b(?:Bearer|Negotiate)\s+)(?!\*)\S+"),
    re.compile(r"(?P<keep>\b(?:Basic|Digest|Token)\s+)(?=[A-Za-z0-9+/]*[\d+/=A-Z])[A-Za-z0-9+/_-]{4,}={0,2}"),
    # Options: --os-password x, -u user:x, sshpass -p x
    re.compile(
        r"(?i)(?P<keep>(?<![\w-])--?[\w-]*(?:password|passwd|passphrase|secret|token|api-?key|creds?|credentials|[_-]pass|[_-]pw)"
        rf"(?:\s+|=))(?!-){_VALUE}"
    ),
    re.compile(
        r"(?P<keep>(?<!\S)(?:-u|-U|--user|--proxy-user|--(?:src-|dest-)?creds)[ =]*(?P<open>['\"])?[^\s:'\"%/]+[:%])"
        r"(?(open)[^'\"\n]*|\S+)"
    ),
    re.compile(
        r"(?P<keep>\b(?:sshpass|mysql\w*|mariadb\w*|docker|podman|skopeo|buildah|oc|useradd|usermod|chpasswd)\b"
        rf"(?:\s+(?!-p)\S+){{0,9}}?\s+-p\s*){_VALUE}"
    ),
    re.compile(
        rf"(?P<keep>\b(?:redis-cli|ldap\w+|smbclient|ipmitool)\b(?:\s+(?!-[awP]\b)\S+){{0,9}}?\s+-[awP]\s*){_VALUE}"
    ),
    re.compile(
        rf"(?P<keep>\brabbitmqctl\b[^\n]{{0,200}}?\b(?:add_user|change_password|authenticate_user)\s+\S+\s+){_VALUE}"
    ),
    re.compile(r"(?P<keep>\bmachine\s+\S+\s+login\s+\S+\s+password\s+)\S+"),
    re.compile(r"(?P<keep>-pass(?:in|out)?\s+(?:pass|env|file):)\S+"),
    # <password>x</password>
    re.compile(rf"(?i)(?P<keep><(?:[\w.-]+:)?[\w.-]*{_WORD}(?:\s[^<>\n]*)?>)(?!\s*$)[^<\n]+"),
    # ('password', 'x')
    re.compile(rf"(?i)(?P<keep>{_QUOTE}[\w.-]*{_WORD}{_QUOTE}\s*,\s*){_VALUE}"),
    # Password for admin: x; the password is x
    re.compile(r"(?i)(?P<keep>\b(?:password|passphrase)\s+(?:for|of)\s[^:=\n]{1,80}[:=]\s*)\S[^\n]*"),
    re.compile(
        rf"(?i)(?P<keep>\b(?:password|passphrase)\s+(?:is|was|set to|changed to)\s*:?\s+)(?=['\"]|\S*[\d]){_VALUE}"
    ),
    # What nothing else looks like: JSON web tokens, keys of AWS and of forges, Keystone's tokens, hashes of passwords
    re.compile(
        r"(?P<keep>)(?<![\w-])(?:eyJ[\w-]{10,}\.[\w-]+(?:\.[\w-]*)?|AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|glpat-[\w-]{20,}"
        r"|gAAAAA[\w-]{20,}={0,2})"
    ),
    re.compile(r"(?P<keep>)\$(?:1|2[abxy]|5|6|y|apr1|argon2\w*|pbkdf2[\w-]*)\$[./A-Za-z0-9$,=+]{10,}"),
    # Names anywhere: password=x, "password": "x"
    re.compile(rf"(?i)(?P<keep>{_NAME}(?:{_QUOTE})?{_BETWEEN})(?!\s|$)(?![\d.,]*\s*$){_VALUE}"),
]
# A line that begins with the name of a secret: all that follows is the secret.
_BEGINS = re.compile(
    rf"(?i)^(?P<keep>(?P<in>[ \t]*)(?:[-*]\s+)*(?:export\s+|set\s+|env\s+|declare\s+-x\s+)?(?P<quote>{_QUOTE})?"
    rf"[\w.-]*{_WORD}(?:{_QUOTE})?{_BETWEEN})(?P<rest>.*)$"
)
_NO_SECRET = re.compile(r"[|>][-+\d]*|[\[{(]|&\w+|!\w+|")
_TAG_OPEN = re.compile(rf"(?i)^(?P<in>\s*)<(?:[\w.-]+:)?[\w.-]*{_WORD}(?:\s[^<>]*)?>\s*$")
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")


class Masker:
    """Masks one text line by line; a private key, a list and a block of YAML span several.

    :param known: secrets that are masked wherever they stand, also as a URL or a shell writes them; of one of several
        lines, each line.
    """

    def __init__(self, known: t.Iterable[str] = ()) -> None:
        words: set[str] = set()
        for secret in known:
            for word in (part.strip() for part in secret.splitlines()):
                if word and (word == secret.strip() or len(word) > 5):
                    words |= {word, urllib.parse.quote(word), urllib.parse.quote(word, safe=""), _in_json(word)}
        ordered = sorted(words, key=lambda word: (-len(word), word))
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._in_key = self._in_tag = False
        # The column of a name whose value goes on below it; None: there is none.
        self._below: int | None = None

    def line(self, text: str) -> str:
        """The line without its secrets."""
        if self._in_key:
            self._in_key = not _KEY_END.search(text)
            return "" if self._in_key else f"{MASK}\n"
        if _KEY_BEGIN.search(text):
            self._in_key = not _KEY_END.search(text)
            return f"{MASK}\n"
        body = text.rstrip("\r\n")
        return self._body(body) + text[len(body) :]

    def known(self, text: str) -> str:
        """``text`` without the secrets that are known."""
        return self._known.sub(MASK, text) if self._known else text

    def _body(self, body: str) -> str:
        if self._in_tag:
            self._in_tag = "</" not in body
            before, _tag, after = body.partition("</")
            return f"{MASK}</{after}" if not self._in_tag else MASK if before.strip() else body
        if self._below is not None and body.strip():
            inside = len(body) - len(body.lstrip())
            if inside > self._below or (inside == self._below and body.lstrip().startswith("- ")):
                return f"{body[:inside]}{MASK}"
            self._below = None
        body = self.known(body)
        if begins := _BEGINS.match(body):
            self._below = len(begins["in"])
            rest = begins["rest"].split(" #")[0].strip()
            # In JSON, others may follow on the line.
            if not begins["quote"] or _NO_SECRET.fullmatch(rest):
                return begins["keep"] + (begins["rest"] if _NO_SECRET.fullmatch(rest) else MASK)
            if not rest.startswith(("[", "{", "(")):
                self._below = None
        self._in_tag = bool(_TAG_OPEN.match(body))
        if "://" in body and "@" in body:
            body = re.sub(r"\S+", _without_users, body)
        for rule in _RULES:
            body = rule.sub(rf"\g<keep>{MASK}", body)
        return body


# What follows :// where there is a user: a name, and a password whatever is in it.
_USER = re.compile(r"[^\s:/@'\"?#]*(?P<colon>:)?")
_HTTP = re.compile(r"(?i)https?://$")


def _without_users(match: re.Match[str]) -> str:
    """A word with its first address of a user cut down to the name: everything to the last @ may be the password."""
    word = match[0]
    last, at = word.rfind("@"), word.find("://")
    while 0 <= at < last:
        start = at + 3
        user = _USER.match(word, start, last)
        # A token can stand alone in front of a web server; in front of any other, that is a user's name.
        if user and (user["colon"] or (user.end() == last and _HTTP.search(word, max(0, at - 5), start))):
            return word[: user.end() if user["colon"] else start] + MASK + word[last:]
        at = word.find("://", start)
    return word


def _in_json(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


def after_cut(text: str) -> str:
    """The end of a text whose beginning is gone, from where it is known again what a line means.

    Without the rest of a line that may have lost the name of its secret, and of a private key without its first line;
    lines that are further in than the first may belong to a name that is gone, too.
    """
    text = text.partition("\n")[2]
    begin, end = _KEY_BEGIN.search(text), _KEY_END.search(text)
    if end and not (begin and begin.start() < end.start()):
        text = text[end.end() :].partition("\n")[2]
    while text[:1] in (" ", "\t", "-") and not _KEY_BEGIN.match(text):
        text = text.partition("\n")[2]
    return text
