# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is in strangers' text, a reader takes it or says in a sentence why not: soon, in bounds, never "promote".

``make units`` plays the corpus and some thousand damaged documents, always the same ones. ``make fuzz MINUTES=15`` goes
on with others for so long and prints those that a reader did not survive; they go into ``corpus``, in a folder of the
reader's name.
"""

from __future__ import annotations

import contextlib
import pathlib
import random
import resource
import shutil
import signal
import time
import traceback

import pytest
from event_targets import EVENT_TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import EVIL, TEXTS, mutated
from targets import TARGETS as ALL_BUT_EVENTS

from ansible_collections.rdo.releng.plugins.module_utils._module.errors import RelengError
from ansible_collections.rdo.releng.plugins.module_utils._module.text import message, presentable

TARGETS = {**ALL_BUT_EVENTS, **EVENT_TARGETS}
CORPUS = pathlib.Path(__file__).parent / "corpus"
FOUND = pathlib.Path(__file__).resolve().parents[2] / ".build" / "fuzz"
# Seconds of the processor, which no neighbour on the machine can take away, and bytes.
SECONDS, MEMORY = 10, 2 << 30
ALWAYS = 120


class Stuck(BaseException):
    """It has taken too long."""


@pytest.fixture(autouse=True, scope="module")
def bounds():
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))

    def stuck(*_about):
        raise Stuck

    old = signal.signal(signal.SIGVTALRM, stuck)
    yield
    signal.signal(signal.SIGVTALRM, old)
    resource.setrlimit(resource.RLIMIT_AS, before)


def read(target, content, folder):
    """Let a reader read; nothing but the errors of the collection may come out, and they must be fit to be shown."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        with contextlib.suppress(RelengError):
            try:
                target.read(content, str(folder))
            except RelengError as error:
                message(error.message).encode()
                str(presentable(error.data)).encode()
                raise
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@pytest.fixture(params=TARGETS.values(), ids=TARGETS)
def target(request):
    return request.param


def test_a_valid_document_is_taken(target, tmp_path):
    for seed in target.seeds:
        content = mutated(seed, _Untouched()) if not isinstance(seed, (str, bytes)) else seed
        target.read(content.encode() if isinstance(content, str) else content, str(tmp_path / "x"))
        shutil.rmtree(tmp_path / "x", ignore_errors=True)


class _Untouched(random.Random):
    """Chooses to do nothing."""

    def choice(self, seq):
        return seq[0]

    def random(self):
        return 0.4


def test_the_corpus(target, tmp_path):
    for path in sorted((CORPUS / target.name).glob("*")):
        read(target, path.read_bytes(), tmp_path / "x")


def test_values_that_programs_stumble_over(target, tmp_path):
    for content in (*TEXTS, b"", b" ", *(repr(value).encode() for value in EVIL)):
        read(target, content, tmp_path / "x")


def test_damaged_documents(target, tmp_path):
    for number in range(ALWAYS):
        read(target, mutated(random.Random(number).choice(target.seeds), random.Random(number)), tmp_path / "x")


@settings(derandomize=True, deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=2000) | st.text(max_size=2000).map(lambda text: text.encode(errors="surrogatepass")))
def test_anything_at_all(target, tmp_path, content):
    read(target, content, tmp_path / "x")


def test_for_minutes(pytestconfig, tmp_path):
    minutes = pytestconfig.getoption("--minutes")
    if not minutes:
        pytest.skip("make fuzz MINUTES=15 does it")
    end = time.monotonic() + minutes * 60
    seed = random.SystemRandom().randrange(2**32)
    tried, found = 0, {}
    while time.monotonic() < end:
        for target in TARGETS.values():
            seed += 1
            content = mutated(random.Random(seed).choice(target.seeds), random.Random(seed))
            tried += 1
            try:
                read(target, content, tmp_path / "x")
            except (Exception, Stuck) as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{target.name}: {type(error).__name__} in {pathlib.Path(last.filename).name}:{last.lineno}"
                if where not in found:
                    found[where] = (content, "".join(traceback.format_exception(error)))
    print(f"\n{tried} documents were read")
    for number, (where, (content, trace)) in enumerate(found.items()):
        kept = FOUND / f"{where.partition(':')[0]}-{number}"
        FOUND.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)
        print(f"{where}\n  {kept}\n{trace}")
    assert not found
