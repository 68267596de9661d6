"""Sandboxes forked from one zygote: what they draw at random, and how long one zygote serves."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fumehood import environments, pool
from fumehood.plan import BARE
from fumehood.tiers.jail import opening, seeds
from tests import unread as fh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.jail

#: Draws what a program can draw; each line's value must differ between any two sandboxes.
DRAWS = {
    "random": "import random; random.random()",
    "a random.Random": "import random; random.Random().random()",
    "names of temporary files": "import tempfile; next(tempfile._get_candidate_names())",
    "uuid1": "import uuid; str(uuid.uuid1())",
    "uuid4": "import uuid; str(uuid.uuid4())",
    "OpenSSL": "import ssl; ssl.RAND_bytes(8).hex()",
    "the kernel": "import os; os.urandom(8).hex()",
    "secrets": "import secrets; secrets.token_hex(8)",
}
#: Imports and uses all of that in the zygote, so that there is state to be inherited.
SEEDED = replace(
    BARE,
    imports=("random", "tempfile", "uuid", "ssl", "secrets"),
    rehearsal="\n".join(DRAWS.values()),
)
LAYOUT = "hash('a'), id(object)"


@pytest.fixture
def alone() -> Iterator[None]:
    """A jail in which nothing is made ahead, so that each sandbox comes from the zygote of its moment."""
    pool.shutdown()
    pool.shared(0)
    yield
    pool.shutdown()


@pytest.mark.parametrize("what", DRAWS)
def test_siblings_draw_differently(what: str) -> None:
    """Five sandboxes of one zygote that had drawn before: no two draw the same."""
    drawn = [fh.run(DRAWS[what], env=SEEDED).value for _ in range(5)]

    assert None not in drawn
    assert len(drawn) == len(set(drawn))


def test_siblings_of_the_data_environment_draw_differently() -> None:
    """The global generator of numpy is seeded when it is imported; what is made from it differs all the same."""
    if not environments.is_built("data"):
        pytest.skip("the environment data is not built here")
    code = "import numpy as np\nfloat(np.random.rand()), float(np.random.default_rng().random()), int(np.random.randint(1 << 62))"  # noqa: E501 -- one program
    drawn = [tuple(fh.run(code, env="data").value) for _ in range(4)]

    for values in zip(*drawn, strict=True):
        assert len(values) == len(set(values))


def test_siblings_draw_differently_what_numpy_had_kept() -> None:
    """Normal numbers are drawn in pairs: the zygote drew one, and its siblings would all get the other."""
    if not environments.is_built("data"):
        pytest.skip("the environment data is not built here")
    rehearsed = replace(environments.ready("data"), imports=("numpy",), rehearsal="import numpy\nnumpy.random.randn()")
    drawn = [fh.run("import numpy\nfloat(numpy.random.randn())", env=rehearsed).value for _ in range(3)]

    assert None not in drawn
    assert len(drawn) == len(set(drawn))


@pytest.mark.usefixtures("alone")
def test_what_is_imported_beforehand_has_siblings_copy_few_pages() -> None:
    """A sandbox of `data` pays little for each of its pages that `bare` has not, unless it writes to all of them.

    What libraries do in every process that is forked, and what they would do anew, was done in the zygote.
    """
    if not environments.is_built("data"):
        pytest.skip("the environment data is not built here")
    code = "import resource\nresource.getrusage(resource.RUSAGE_SELF).ru_minflt"
    bare, data = (min(fh.run(code, env=name).value for _ in range(3)) for name in ("bare", "data"))

    assert data < bare + 250


def test_what_is_imported_beforehand_learns_nothing_of_the_network() -> None:
    """The node of uuid1 that a zygote drew is a random one, not the address of a network card of the host."""
    node = fh.run("import uuid; uuid.getnode()", env=SEEDED).value

    assert node >> 40 & 1  # the bit that no card's address has


def test_without_renewal_forks_draw_the_same() -> None:
    """The attack wins where random state is not renewed: two forks of one process share uuid1's node."""
    assert uuid.getnode()

    def node(*, renewed: bool) -> str:
        ours, theirs = os.pipe()
        if os.fork() == 0:
            state: Any = uuid
            state._node = 42
            if renewed:
                seeds.renew()
            os.write(theirs, str(state._node).encode())
            os._exit(0)
        os.close(theirs)
        os.wait()
        with open(ours, encoding="ascii") as pipe:  # noqa: PTH123 -- a descriptor
            return pipe.read()

    assert node(renewed=False) == node(renewed=False) == "42"
    assert "None" == node(renewed=True)


@pytest.mark.usefixtures("alone")
def test_a_zygote_is_replaced_after_a_crash() -> None:
    """What a crash of one sandbox told about the layout is of no use in the next."""
    before = [fh.run(LAYOUT, env="bare").value for _ in range(2)]
    crashed = fh.run("import os; os.kill(os.getpid(), 11)", env="bare")
    after = fh.run(LAYOUT, env="bare").value

    assert before[0] == before[1]  # siblings share it: that is what there is to be learnt
    assert "failed" == crashed.outcome
    assert after[0] != before[0][0]


@pytest.fixture
def stocked() -> Iterator[Callable[[], None]]:
    """A pool that keeps four waiting for a plan; waits until four are ready, for each plan in use."""
    pool.shutdown()
    hood = pool.shared(4)

    def settle() -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with hood._lock:
                shelves = list(hood._shelves._held.values())
                cells = [
                    cell for shelf in shelves for cell in shelf.cells if cell.ready or (cell.hear() and cell.ready)
                ]
            if len(cells) >= 4 * len(shelves):
                return
            time.sleep(0.01)

    yield settle
    pool.shutdown()


@pytest.mark.parametrize("end", ["kill(os.getpid(), 11)", "abort()", "_exit(1)"])
def test_what_waits_is_not_handed_out_after_a_sibling_crashed(end: str, stocked: Callable[[], None]) -> None:
    """Nor is what waits for another plan, from the same zygote. An end that is no crash costs nobody anything."""
    policies = [fh.Policy.default(), fh.Policy.default().but(**{"limits.wall": "20s"})]
    for policy in policies:
        fh.run(LAYOUT, env="bare", policy=policy)
    stocked()
    before = fh.run(LAYOUT, env="bare").value
    stocked()

    fh.run(f"import os; os.{end}", env="bare")
    after = [fh.run(LAYOUT, env="bare", policy=policy).value for policy in policies for _ in range(4)]

    assert [end == "_exit(1)"] * 8 == [layout == before for layout in after]


@pytest.mark.usefixtures("alone")
def test_a_zygote_is_replaced_after_so_many_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its last fork another serves, without a pause for the caller."""
    monkeypatch.setattr(opening, "FORKS", 3)
    hashes = [fh.run(LAYOUT, env="bare").value[0] for _ in range(7)]

    assert [3, 3, 1] == [hashes.count(each) for each in dict.fromkeys(hashes)]


@pytest.mark.usefixtures("alone")
def test_a_zygote_is_replaced_after_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its age each birth comes from a new one."""
    monkeypatch.setattr(opening, "AGE_S", 0.0)
    hashes = [fh.run(LAYOUT, env="bare").value[0] for _ in range(3)]

    assert 3 == len(set(hashes))


def test_bare_does_not_wait_for_what_is_slow_to_import() -> None:
    """A cold service that is asked for two environments answers for one while the other still imports."""
    slow = replace(BARE, imports=("time",), rehearsal="import time; time.sleep(30)")
    pool.shutdown()
    hood = pool.shared()
    cell = hood.jail.order(hood.prepare(fh.Policy.default(), "python", slow).plan)
    fh.run("1", env="bare")
    cell.hear()
    ready = cell.ready
    cell.close()

    assert not ready


@pytest.mark.usefixtures("alone")
def test_who_gives_up_what_is_slow_to_import_keeps_nobody_waiting() -> None:
    """Its zygote has not taken the order yet, and will not for a minute; the warden has others to look after."""
    slow = replace(BARE, imports=("time",), rehearsal="import time; time.sleep(60)")
    hood = pool.shared()
    cell = hood.jail.order(hood.prepare(fh.Policy.default(), "python", slow).plan)
    fh.run("1", env="bare")
    cell.close()

    assert fh.run("1", env=SEEDED).ok


def test_an_environment_whose_rehearsal_fails_says_so() -> None:
    """What the zygote died of is in the error; nothing ran."""
    broken = replace(BARE, imports=("time",), rehearsal="1 / 0")

    with pytest.raises(fh.Error, match="rehearsal failed: ZeroDivisionError"):
        fh.run("1", env=broken)
