"""What travels between the jail's processes: JSON with descriptors among our own, bounded frames with the code's side.

Between broker, warden and zygote each message is one SEQPACKET datagram. The runner's channel is a byte stream that
hostile code can write to: there every frame is length-prefixed, bounded, and parsed by `Frames` without trust.
"""

from __future__ import annotations

import array
import errno
import json
import os
import re
import socket
import struct
from typing import Any, cast

Message = dict[str, Any]

FRAME_LIMIT = 16 * 1024 * 1024
DEPTH_LIMIT = 64
#: Values in one frame: an empty list takes three bytes there and sixty as an object. A value of the runner's has fewer.
ELEMENT_LIMIT = 600_000
DESCRIPTOR_LIMIT = 64
#: Asks a runner to be as warm as after a run; it answers nothing.
WARM: Message = {"warm": True}
#: What is said by the descriptors that come along, or by its coming alone.
NOTHING = b"{}"
#: Tells a runner that its first program comes in a moment; it answers nothing to this either.
SOON: Message = {"soon": True}
#: The descriptor on which a zygote hears its warden, and a runner its broker.
CONTROL = 3
_LENGTH = struct.Struct("=I")
#: A text, which is passed over in one step, or what begins a value; nothing in it goes back to try again.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{,]', re.DOTALL)
_QUOTE = ord('"')
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode  # made once: `json.dumps` would make one at each call
_READ = (
    json.JSONDecoder().raw_decode
)  # `json.loads` looks for more first, and touches twice as many pages of a new process
_ANCILLARY = socket.CMSG_SPACE(DESCRIPTOR_LIMIT * array.array("i").itemsize)
CLOSE_ON_EXEC = int(socket.MSG_CMSG_CLOEXEC)  # to combine enumerations takes longer than the call
_LOOK = int(socket.MSG_PEEK | socket.MSG_TRUNC)
_CUT = int(socket.MSG_CTRUNC)


class Tampered(Exception):
    """The channel carried something that the runner never says."""


def encode(message: Message) -> bytes:
    """One message as it travels: JSON, and behind the end of its line the bytes under `attached`, if there are any."""
    if "attached" not in message:
        return _ENCODE(message).encode()
    told = {name: value for name, value in message.items() if name != "attached"}
    return b"%b\n%b" % (_ENCODE(told).encode(), message["attached"])


def decode(data: bytes) -> Message:
    """A message of one of our own processes."""
    told, _, attached = data.partition(b"\n")
    message: Message = _READ(told.decode())[0]
    if attached:
        message["attached"] = attached
    return message


def send(
    channel: socket.socket, message: Message | bytes, descriptors: tuple[int, ...] = (), *, flags: int = 0
) -> None:
    """Send one message, with open descriptors; `BlockingIOError` where the other side does not take it now."""
    data = message if isinstance(message, bytes) else encode(message)
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    channel.sendmsg([data], ancillary, flags)


def _next(channel: socket.socket, flags: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, object]:
    """Take the next message into a buffer of its own length.

    A buffer for any length is cut off behind the message, which leaves a gap; with gaps the heap of each thread grows.
    """
    length = channel.recv_into(bytearray(1), 1, flags | _LOOK)
    return channel.recvmsg(length, _ANCILLARY, flags | CLOSE_ON_EXEC)


def receive(channel: socket.socket, flags: int = 0) -> tuple[Message | None, list[int]]:
    """The next message and its descriptors (close-on-exec); None at the end of the channel.

    Only for channels whose other end is fumehood's own.

    Raises:
        OSError: The channel failed; EMFILE, too, when this process could not take all the descriptors.
    """
    try:
        data, ancillary, told, _ = _next(channel, flags)
    except ConnectionResetError:
        # The other end closed with something of ours unread, which is told once; what it had sent is still there.
        data, ancillary, told, _ = _next(channel, flags)
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
    if told & _CUT:
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return (decode(data) if data else None), list(descriptors)


def pack(message: Message) -> bytes:
    """One frame for the runner's channel."""
    data = _ENCODE(message).encode()
    return _LENGTH.pack(len(data)) + data


def _no_constant(name: str) -> object:
    message = f"{name} is not JSON"
    raise ValueError(message)


_DECODE = json.JSONDecoder(parse_constant=_no_constant).raw_decode  # made once, as `_ENCODE`


class Frames:
    """Takes the bytes of a hostile channel and gives whole frames, or raises `Tampered`; never more than bounded."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Add received bytes; the frames that are whole now, in order."""
        self._buffer += data
        frames: list[Message] = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > FRAME_LIMIT:
                message = f"a frame of {length} bytes was announced"
                raise Tampered(message)
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            frames.append(_parse(bytes(self._buffer[_LENGTH.size : end])))
            del self._buffer[:end]
        return frames


def _too_deep(value: object) -> bool:
    """Whether lists and objects nest deeper than `DEPTH_LIMIT`; without recursion, which depth would exhaust."""
    level: list[object] = [value]
    for _ in range(DEPTH_LIMIT):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(cast("dict[str, object]", item).values())
            elif isinstance(item, list):
                inner.extend(cast("list[object]", item))
        if not inner:
            return False
        level = inner
    return True


def _too_many(data: bytes) -> bool:
    """Whether the JSON holds more than `ELEMENT_LIMIT` values."""
    if data.count(b"[") + data.count(b"{") + data.count(b",") <= ELEMENT_LIMIT:
        return False
    count = 0
    for token in _TOKEN.finditer(data):
        count += data[token.start()] != _QUOTE
        if count > ELEMENT_LIMIT:
            return True
    return False


def _parse(data: bytes) -> Message:
    if len(data) > ELEMENT_LIMIT and _too_many(data):
        reason = f"a frame holds more than {ELEMENT_LIMIT} values"
        raise Tampered(reason)
    try:
        text = data.decode("utf-8", "surrogatepass")
        message, end = _DECODE(text)
    except (ValueError, RecursionError) as error:
        reason = "a frame is not JSON"
        raise Tampered(reason) from error
    if type(message) is not dict or end != len(text):
        reason = "a frame is not an object, or more than one"
        raise Tampered(reason)
    # Each level takes a bracket of its own, and most frames have next to none.
    if data.count(b"[") + data.count(b"{") >= DEPTH_LIMIT and _too_deep(cast("object", message)):
        reason = f"a frame nests deeper than {DEPTH_LIMIT} levels"
        raise Tampered(reason)
    return cast("Message", message)
