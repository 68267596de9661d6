from __future__ import annotations

import pytest
from hypothesis import settings

# A machine under load is slow; how long an example takes is for benchmarks to say.
settings.register_profile("fumehood", deadline=None, print_blob=True)
settings.load_profile("fumehood")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run `async def` tests on asyncio, which is what fumehood's blocking face runs on."""
    return "asyncio"
