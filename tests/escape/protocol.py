"""Attacks on the channel to the broker and on what is said of a run: the code owns its runner, and so this end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.escape.attack import Attack, unlimited, unrecorded

if TYPE_CHECKING:
    from tests.escape.attack import Seen
    from tests.escape.ground import Ground

_GROWN_KB: Final = 100_000
_SHORT: Final = {"limits.wall": "500ms"}
_LONGER: Final = "time.sleep(2)"


def _next_run_is_fooled(_: Ground, seen: Seen) -> bool:
    """The run that followed, `1 + 1`, was given another answer."""
    return seen.after is not None and seen.after.outcome == "completed" and seen.after.value != 2


def _broker_grew(_: Ground, seen: Seen) -> bool:
    return seen.grown_kb > _GROWN_KB


def _goes_on(_: Ground, seen: Seen) -> bool:
    """The run was not ended for what it did to its channel."""
    return seen.result.error is None or seen.result.error.name != "ChannelBroken"


def _false_account(_: Ground, seen: Seen) -> bool:
    """What the forged answer says of the run's use, refusals, limits or output was believed."""
    result = seen.result
    refused = any(denial.what == "ptrace" for denial in result.denials)
    return result.usage.cpu_ms < 100 or not refused or result.limit is not None or "forged" in result.stdout


def _nobody_told(_: Ground, seen: Seen) -> bool:
    told = {denial.what for denial in seen.result.denials}
    return not told & {"bpf", "more refused calls than are recorded"}


ATTACKS: Final = (
    Attack("protocol-other-number", "Answer the next run ahead of time.",
           "frame(b'{\"id\": 2, \"ok\": true, \"value\": \"forged\"}')\ntime.sleep(0.3)", _next_run_is_fooled, ("asked answers",), then="1 + 1"),
    Attack("protocol-twice", "Answer twice: the second waits in the channel for the next run.",
           "frame(b'{\"id\": 1, \"ok\": true}')\ntime.sleep(0.3)\n'stale'", _next_run_is_fooled, ("asked answers",), then="1 + 1"),
    Attack("protocol-afterwards", "A thread that outlives its run answers the next one.",
           "def late():\n time.sleep(0.3)\n frame(b'{\"id\": 2, \"ok\": true, \"value\": \"forged\"}')\n"
           "threading.Thread(target=late).start()", _next_run_is_fooled, then="import time; time.sleep(1); 1 + 1",
           known="an earlier run of the same sandbox owns its interpreter: values are the program's own word"),
    Attack("protocol-account", "An answer that carries an account of its own: no processor time, nothing refused, a limit.",
           "call('ptrace', 16, 1, 0, 0)\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
           "frame(b'{\"id\": 1, \"ok\": true, \"cpu_ns\": 0, \"usage\": {\"cpu_ms\": 0}, \"denials\": [], \"denied\": [], '\n"
           "      b'\"stdout\": \"forged\", \"limit\": {\"kind\": \"wall\"}, \"outcome\": \"limit\", \"gone\": {\"reason\": \"wall\"}}')\n"
           "time.sleep(2)", _false_account, ("measured outside",)),
    Attack("protocol-limit-claimed", "Say that the disk is full, so that the caller pays for more.",
           "raise OSError(28, 'No space left on device')", lambda _, seen: seen.result.limit is not None, ("two witnesses",)),
    Attack("protocol-infinite", "A value that is no JSON, which whoever passes the result on trips over.",
           "frame(b'{\"id\": 1, \"ok\": true, \"value\": [1e999]}'); time.sleep(1)", lambda _, __: False,
           ("plain values",), breaks=True),
    Attack("protocol-deep", "Nest so deep that a parser runs out of stack.",
           "frame(b'[' * 200_000)", lambda _, __: False, ("parser's depth",), breaks=True),
    Attack("protocol-no-object", "A frame that is JSON and no object.",
           "frame(b'[1]'); time.sleep(1)", lambda _, __: False, ("objects alone",), breaks=True),
    Attack("protocol-length", "Announce two gigabytes and begin to send them.",
           "os.write(3, struct.pack('=I', 0x7fffffff))\nfor _ in range(200): os.write(3, bytes(1 << 20))\nos._exit(0)",
           _broker_grew, ("frame length",), policy={"limits.wall": "2m"}),
    Attack("protocol-amplified", "Millions of empty lists: small as text, a third of a gigabyte as objects.",
           "data = b'{\"id\": 1, \"x\": [' + b'[],' * 3_500_000 + b'0]}'\nframe(data)\ntime.sleep(1)",
           _broker_grew, ("frame elements",)),
    Attack("protocol-half", "Half a frame, and silence.",
           f"os.write(3, struct.pack('=I', 100) + b'half')\n{_LONGER}\nos._exit(0)", unlimited("wall"), ("deadline",), policy=_SHORT),
    Attack("protocol-stopped", "Stop oneself: nothing is closed, and nothing more is said.",
           f"child = os.fork()\nif child == 0:\n {_LONGER}\n os.kill(os.getppid(), 18); os._exit(0)\nos.kill(os.getpid(), 19)",
           unlimited("wall"), ("deadline",), policy=_SHORT),
    Attack("protocol-unread", "Never read the channel, and hold every signal off.",
           f"signal.pthread_sigmask(0, range(1, 65))\n{_LONGER}", unlimited("wall"), ("deadline",), policy=_SHORT),
    Attack("protocol-closed", "Close the channel and go on in peace.",
           "os.close(3)\ntime.sleep(60)", _goes_on, ("hung up",), policy={"limits.wall": "2s"}),
    Attack("protocol-closed-headless", "The same from a thread, when the first one has ended and the process looks dead.",
           f"def go():\n time.sleep(0.2); os.close(3)\n {_LONGER}\n os._exit(0)\nthreading.Thread(target=go).start()\ncall('exit', 0)",
           lambda _, seen: seen.result.outcome == "completed", ("deadline",), policy=_SHORT),
    Attack("protocol-shut-down", "The same from within: no more frames, but an open descriptor.",
           "socket.socket(fileno=os.dup(3)).shutdown(2)\ntime.sleep(60)", _goes_on, ("hung up",), policy={"limits.wall": "2s"}),
    Attack("protocol-descriptors", "Hand open files to the broker with a frame, until it can open no more.",
           "import array\ns = socket.socket(fileno=os.dup(3))\ngift = array.array('i', [0] * 200)\n"
           "s.sendmsg([struct.pack('=I', 2)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, gift)])\ns.sendall(b'{}')\ntime.sleep(1)",
           lambda _, seen: seen.opened > 100, ("plain receiving",)),
    Attack("protocol-denials-hidden", "Two hundred refusals of one kind, before the one that shall not be seen.",
           "for _ in range(200): call('ptrace', 16, 1, 0, 0)\ncall('bpf', 0, 0, 0)", unrecorded("bpf"), ("each kind told",)),
    Attack("protocol-denials-drowned", "So many that nobody listens any more, which nobody says.",
           "for _ in range(1500): call('ptrace', 16, 1, 0, 0)\ncall('bpf', 0, 0, 0)", _nobody_told, ("drowned told",)),
    Attack("protocol-output", "Print until whoever keeps it has no memory left.",
           "for _ in range(60): os.write(1, bytes(1 << 20))", _broker_grew, ("output cap",)),
    Attack("protocol-slow-words", "Print what might be a key at each fourth character, for whoever looks for keys in it.",
           "os.write(1, b'eyJ-' * 80_000)", lambda _, seen: seen.seconds > 6, ("one look at a word",)),
    Attack("protocol-dear-display", "Show HTML whose open elements are made anew in each paragraph: 27 KB that take half a gigabyte to read.",
           "import json\nhtml = '<p>' + ''.join(f'<b id={n}>' for n in range(1500)) + '</p>' + '<p>x</p>' * 1500\n"
           "frame(json.dumps({'id': 1, 'event': 'display', 'bundle': {'text/html': html}}).encode())",
           _broker_grew, ("dear markup",)),
    Attack("protocol-taken-apart", "Replace what the runner is made of: json, sockets, streams, builtins.",
           "import builtins, json\nfor place in (json, socket.socket, os, sys, builtins):\n"
           " for name in dir(place):\n  attempt(setattr, place, name, None)", lambda _, __: False, breaks=True,
           unproved="the runner holds nothing: what this could make it send, the other attacks send by hand"),
    Attack("protocol-last-words", "Objects that speak when they are taken away, at exit and by name.",
           "import atexit\nclass Liar:\n def __del__(self): os.write(3, b'\\xff' * 8)\n def __repr__(self): os.write(3, b'{'); return 'x' * (1 << 28)\n"
           " @property\n def __class__(self): raise SystemExit\n def __len__(self): return -1\n"
           "kept.append(Liar()); atexit.register(os.write, 3, b'\\xff' * 8)\nLiar()", lambda _, __: False, breaks=True,
           unproved="the runner holds nothing: what this could make it send, the other attacks send by hand"),
)  # fmt: skip
