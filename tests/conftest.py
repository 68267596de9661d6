from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# A machine under load is slow; how long an example takes is for benchmarks to say.
settings.register_profile("fumehood", deadline=None, print_blob=True)
settings.load_profile("fumehood")


_TESTS = os.getpid()
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it starts in the background ignore it


def pytest_runtest_makereport() -> None:
    """End a fork that came out of its test by an exception: it would go through all the other tests beside us."""
    if os.getpid() != _TESTS:
        os._exit(os.EX_SOFTWARE)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run `async def` tests on asyncio, which is what fumehood's blocking face runs on."""
    return "asyncio"
