"""Attacks on files: reading what was not given, changing what was, and games with what comes home."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.escape.attack import Attack, learns, says, unrecorded

if TYPE_CHECKING:
    from tests.escape.attack import Seen
    from tests.escape.ground import Ground

_ROOT: Final = ("landlock", "privileges", "seccomp")
_GRANTED: Final = {"files.read": ["@folder@"]}
_SECOND: Final = 1_000_000_000


def _names_folder(ground: Ground, seen: Seen) -> bool:
    """What it said holds the place of the caller's data on the host."""
    return f"{ground.folder.name}/data-given" in seen.text


def _content_changed(ground: Ground, _: Seen) -> bool:
    return ground.data.joinpath("in.csv").read_text(encoding="ascii") != "a,b\n1,2\n"


def _listing_changed(ground: Ground, _: Seen) -> bool:
    return sorted(os.listdir(ground.data)) != ["fifo", "in.csv", "inner", "link", "socket", "up"]


def _mode_changed(ground: Ground, _: Seen) -> bool:
    return stat.S_IMODE(ground.data.joinpath("in.csv").stat().st_mode) != 0o644


def _hint_changed(ground: Ground, _: Seen) -> bool:
    with ground.data.joinpath("in.csv").open("rb") as file:
        return fcntl.fcntl(file, 1035, bytes(8)) != bytes(8)  # F_GET_RW_HINT


def _time_changed(ground: Ground, _: Seen) -> bool:
    return ground.data.joinpath("in.csv").stat().st_mtime_ns < _SECOND


def _has_attribute(ground: Ground, _: Seen) -> bool:
    return "user.canary" in os.listxattr(ground.data / "in.csv")


def _came_home(ground: Ground, seen: Seen) -> bool:
    """Something below the caller's output folder holds a secret of the host, or is a link."""
    for folder, folders, files in os.walk(seen.out):
        for path in (Path(folder) / name for name in (*folders, *files)):
            text = path.read_text("latin-1") if path.is_file() else ""
            if path.is_symlink() or any(ground.words[name] in text for name in ("file", "home")):
                return True
    return False


def _data_came_home(_: Ground, seen: Seen) -> bool:
    return any(path.endswith("in.csv") for path in _listed(seen))


def _listed(seen: Seen) -> list[str]:
    return [file.path for file in seen.result.files]


def _anything_special(_: Ground, seen: Seen) -> bool:
    """The caller's folder got more than plain files and folders, or waited for a fifo, or was not told what was left."""
    if not {"out/fifo", "out/suid"} <= {each.path for each in seen.result.left_out}:
        return True
    kinds = [path.lstat().st_mode for path in seen.out.rglob("*")]
    return any(not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or mode & 0o7000 for mode in kinds) or seen.seconds > 8


def _too_much_came_home(_: Ground, seen: Seen) -> bool:
    return sum(file.size for file in seen.result.files) > 8 << 20


def _set_id_on_host(ground: Ground, _: Seen) -> bool:
    return any(path.lstat().st_mode & 0o6000 for path in ground.folder.joinpath("writable").iterdir())


def _host_is_locked_out(ground: Ground, _: Seen) -> bool:
    return not ground.can_write(ground.data / "in.csv")


READING: Final = (
    Attack("files-secret", "A file of the host by its path.",
           "print(attempt(slurp, '@secret@'))", learns("file"), grant=_GRANTED),
    Attack("files-secret-native", "The same from C.",
           "d = call('open', b'@secret@', 0)\nif d >= 0: print(os.read(d, 999))", learns("file"), grant=_GRANTED,
           machine="x86_64"),
    Attack("files-parents", "Upwards past the root.",
           "print(attempt(slurp, '../' * 40 + '@secret@'))", learns("file"), grant=_GRANTED),
    Attack("files-openat2", "openat2 from a descriptor of the root, upwards.",
           "d = os.open('/', os.O_PATH)\nhow = struct.pack('QQQ', 0, 0, 0)\n"
           "f = call('openat2', d, b'../..@secret@', how, 24)\nif f >= 0: print(os.read(f, 999))",
           learns("file"), grant=_GRANTED),
    Attack("files-own-root-link", "/proc/self/root and /proc/self/cwd, which some sandboxes forget.",
           "for way in ('root', 'cwd/../../..'): print(attempt(slurp, f'/proc/self/{way}@secret@'))",
           learns("file"), grant=_GRANTED),
    Attack("files-reaper-root", "The root, folder and program of pid 1, which may still be the host's.",
           "for way in ('root', 'cwd', 'cwd/..'): print(attempt(slurp, f'/proc/1/{way}@secret@'))\n"
           "for way in ('root', 'cwd', 'exe'):\n where = attempt(os.readlink, f'/proc/1/{way}')\n if where: won(where)",
           lambda ground, seen: learns("file")(ground, seen) or says(ground, seen),
           ("landlock", "privileges", "covered pid 1", "usher's memory")),
    Attack("files-reaper-views", "What /proc tells of pid 1 without asking who may look: its words, groups, limits.",
           "for name in ('cmdline', 'cgroup', 'status', 'stat', 'limits', 'comm', 'mountinfo', 'net/dev', 'task/1/comm'):\n"
           " if attempt(slurp_bytes, f'/proc/1/{name}'): won(name)",
           says, ("covered pid 1",), policy={"code.spawn": True}),
    Attack("files-reaper-host", "The host's mounts and network cards, which pid 1 would show if they were its own.",
           "lines = (attempt(slurp, '/proc/1/mountinfo') or '').splitlines()\nif len(lines) > 1: won(lines)",
           says, ("covered pid 1", "usher's namespaces"), policy={"code.spawn": True}),
    Attack("files-host-proc", "The host's /proc, which the zygote needs until a sandbox has its own.",
           "found = [name for name in attempt(os.listdir, '/.proc') or () if name.isdigit()]\nif found: won(found)",
           says, ("host root",)),
    Attack("files-staging", "What was needed to put the root together.",
           "for place in ('/.scratch', '/.proc', '/.stage', '/old', '/mnt'):\n"
           " if attempt(os.listdir, place): won(place)",
           says, ("host root",)),
    Attack("files-kernel-views", "The kernel's own views of the machine.",
           "for path in ('/proc/sys', '/proc/kcore', '/proc/keys', '/proc/kallsyms', '/proc/net/tcp', '/proc/meminfo',\n"
           "             '/proc/sysrq-trigger', '/proc/cmdline', '/sys', '/dev/mem', '/dev/kmsg', '/dev/tty', '/dev/ptmx',\n"
           "             '/dev/kvm', '/dev/fuse', '/dev/net/tun'):\n if os.path.lexists(path): won(path)",
           says, ("whole proc",)),
    Attack("files-mount-table", "The mount table names the host's folders behind the mounts.",
           "for name in ('mountinfo', 'mounts', 'mountstats'):\n print(attempt(slurp, f'/proc/self/{name}'))",
           _names_folder, ("landlock",)),
    Attack("files-mount-table-spawned", "The same where programs may be started, which need to read /proc.",
           "print(attempt(slurp, '/proc/self/mountinfo'))", _names_folder, policy={"code.spawn": True},
           known="a program that is started needs /proc, and its mount table names the folders behind the mounts"),
    Attack("files-own-memory-map", "Its own map, environment and memory in /proc tell addresses and let code rewrite itself.",
           "for name in ('maps', 'smaps', 'environ', 'auxv', 'mem', 'stack', 'syscall', 'cgroup', 'uid_map'):\n"
           " try: won(name, len(os.read(os.open(f'/proc/self/{name}', os.O_RDONLY), 1)))\n except OSError: pass",
           says, ("landlock",)),
    Attack("files-data-link", "A link in the data folder that leads out of it.",
           "print(attempt(slurp, 'data/data-given/link'))", learns("file"), grant=_GRANTED),
    Attack("files-data-up", "A link in the data folder to the folder above.",
           "for way in ('data', '@folder@'): print(attempt(slurp, f'{way}/data-given/up/secret.txt'))",
           learns("file"), grant=_GRANTED),
    Attack("files-hard-link", "A hard link of the system's or the data's file into what comes home.",
           "for path in ('/usr/bin/env', 'data/data-given/in.csv', '/etc/passwd', '/dev/null'):\n"
           " if attempt(lambda: os.link(path, 'out/got') or True): won(path)\n"
           " d = os.open(path, os.O_PATH)\n"
           " if call('linkat', d, b'', -100, b'out/got2', 0x1000) == 0: won(path)", says,
           unproved="the kernel makes no link from one mount to another, whatever else is open"),
    Attack("files-handle", "A file by its handle, past every mount.",
           "for inode in range(2, 200):\n"
           " handle = struct.pack('=II', 12, 1) + struct.pack('=QI', inode, 0)\n"
           " d = call('open_by_handle_at', os.open('/usr', os.O_RDONLY), handle, 0)\n if d >= 0: won(d)",
           unrecorded("open_by_handle_at"), ("call open_by_handle_at",)),
)  # fmt: skip

CHANGING: Final = (
    Attack("files-data-write", "Write, truncate or append to the caller's data.",
           "for mode in ('a', 'w', 'r+'):\n f = attempt(open, 'data/data-given/in.csv', mode)\n if f: f.write('x'); f.close()\n"
           "attempt(os.truncate, 'data/data-given/in.csv', 1)",
           _content_changed, ("landlock", "read-only trees")),
    Attack("files-data-add", "Add, rename, remove names in the caller's data.",
           "d = 'data/data-given/'\nattempt(open, d + 'new', 'w')\nattempt(os.mkdir, d + 'dir')\n"
           "attempt(os.symlink, 'x', d + 'sym')\nattempt(os.rename, d + 'in.csv', d + 'renamed')",
           _listing_changed, ("landlock", "read-only trees")),
    Attack("files-data-mode", "Change the mode of the caller's data; Landlock does not look at that.",
           "attempt(os.chmod, 'data/data-given/in.csv', 0o777)\nprint(call('fchmodat2', -100, b'data/data-given/in.csv', 0o777, 0))",
           _mode_changed, ("read-only trees",)),
    Attack("files-data-times", "Change its times.",
           "attempt(os.utime, 'data/data-given/in.csv', (0, 0))", _time_changed, ("read-only trees",)),
    Attack("files-data-attributes", "Hang attributes on it.",
           "attempt(os.setxattr, 'data/data-given/in.csv', 'user.canary', b'x')\n"
           "print(call('setxattrat', -100, b'data/data-given/in.csv', 0, b'user.canary', struct.pack('QII', 0, 0, 0), 16))",
           _has_attribute, ("read-only trees", "call setxattr")),
    Attack("files-data-fifo", "A named pipe can be written on a read-only mount, and somebody on the host listens.",
           "d = attempt(os.open, 'data/data-given/fifo', os.O_WRONLY | os.O_NONBLOCK)\nif d: os.write(d, b'x')",
           lambda ground, _: ground.heard_on_fifo(),
           known="a fifo in a shared folder can be written: a read-only mount does not cover it"),
    Attack("files-data-lease", "A lease on the data: the host's next writer waits for it, most of a minute.",
           "import fcntl\nf = open('data/data-given/in.csv')\nprint(attempt(fcntl.fcntl, f, 1024, fcntl.F_RDLCK))",
           _host_is_locked_out, ("call fcntl",)),
    Attack("files-data-hint", "A hint about how the data will be written: it is kept in the inode, past the read-only mount.",
           "import fcntl\nf = open('data/data-given/in.csv')\nprint(attempt(fcntl.fcntl, f, 1036, struct.pack('Q', 5)))",
           _hint_changed, ("call fcntl",)),
    Attack("files-device-times", "Touch the host's own device nodes: two sandboxes could signal each other by their times.",
           "for name in ('null', 'zero', 'full', 'random'):\n if attempt(lambda: os.utime(f'/dev/{name}') or True): won(name)",
           says, ("read-only devices",)),
    Attack("files-random-pool", "Write to the random devices.",
           "for name in ('random', 'urandom'):\n f = attempt(open, f'/dev/{name}', 'wb', 0)\n if f and f.write(b'x'): won(name)",
           says, ("landlock",)),
    Attack("files-root-write", "Anywhere in the root, which all sandboxes of a zygote share.",
           "for place in ('/', '/opt', '/etc', '/home', '/root', '/var', '/.scratch', '/.proc', '/dev', '/proc', '/usr'):\n"
           " if attempt(open, place + '/canary', 'w'): won(place)", says, ("landlock", "read-only root")),
    Attack("files-remount", "Make the root writable again, or take a mount away to see what is below.",
           "print(call('mount', 0, b'/', 0, 32 | 4096, 0), call('umount2', b'/workspace/data/data-given', 2))\n"
           "if call('umount2', b'/proc', 2) == 0 or attempt(open, '/canary', 'w'): won()", says, _ROOT),
    Attack("files-mount-over", "Mount a tmpfs over /etc and write one's own users.",
           "if call('mount', b'x', b'/etc', b'tmpfs', 0, 0) == 0: won()", says, _ROOT),
    Attack("files-mount-anew", "The new mount calls, which older filters do not know.",
           "d = call('open_tree', -100, b'/usr', 1)\nf = call('fsopen', b'tmpfs', 0)\nif d >= 0 or f >= 0: won(d, f)",
           says, _ROOT),
    Attack("files-mount-attributes", "Clear the read-only flag by mount_setattr.",
           "if call('mount_setattr', -100, b'/', 0, struct.pack('QQQQ', 0, 1, 0, 0), 32) == 0: won()", says, _ROOT),
    Attack("files-devices-made", "Make the disk's device node and read it.",
           "import stat\nfor major, minor in ((8, 0), (253, 0), (254, 0), (259, 0), (7, 0), (1, 1)):\n"
           " attempt(os.mknod, f'/tmp/d{major}', 0o660 | stat.S_IFBLK, os.makedev(major, minor))\n"
           " if attempt(os.open, f'/tmp/d{major}', os.O_RDONLY): won(major)", says,
           unproved="only the machine's root makes device nodes; in any user namespace the kernel refuses by itself"),
    Attack("files-granted-set-id", "In a folder that may be written: a program that runs as the folder's owner, for anybody.",
           "for name, mode in (('a', 0o4755), ('b', 0o2755)):\n p = '@folder@/writable/' + name\n open(p, 'w').close()\n"
           " attempt(os.chmod, p, mode)\n print(call('fchmodat', -100, p.encode(), mode), call('fchmodat2', -100, p.encode(), mode, 0))\n"
           " attempt(os.open, p + '2', os.O_CREAT | os.O_WRONLY, mode)\n attempt(os.mknod, p + '3', mode | 0o100000)\n"
           " attempt(os.mkdir, p + '4', mode)\n"
           " print(call('openat2', -100, p.encode() + b'5', struct.pack('QQQ', os.O_CREAT | os.O_WRONLY, mode, 0), 24))",
           _set_id_on_host, policy={"files.write": ["@folder@/writable"]},
           known="files.write grants the folder as it is, set-id bits included; they are the caller's own user's"),
)  # fmt: skip

COMING_HOME: Final = (
    Attack("files-out-link", "A link in out/ to a file of the host.",
           "os.symlink('@secret@', 'out/link')", _came_home, ("plain links", "other mounts")),
    Attack("files-out-folder-link", "A link in out/ to a folder of the host.",
           "os.symlink('@folder@/home', 'out/folder')", _came_home, ("plain links", "other mounts")),
    Attack("files-out-is-link", "out/ itself is a link.",
           "os.rmdir('out'); os.symlink('@folder@/home', 'out')", _came_home, ("plain links", "other mounts")),
    Attack("files-out-swapped", "A file that becomes a link between the look and the opening, again and again.",
           "for n in range(64):\n with open(f'out/{n}', 'w') as f: f.write('x' * 99)\n os.symlink('@secret@', f'/workspace/{n}')\n"
           "long, exchange = ctypes.c_long, ctypes.c_long(2)\n"
           "swaps = [(long(NUMBERS['renameat2']), long(-100), f'out/{n}'.encode(), long(-100), f'/workspace/{n}'.encode(), exchange)\n"
           "         for n in range(64)]\n"
           "if os.fork() == 0:\n"
           " os.close(3); os.close(1); os.close(2)\n"
           " end = time.monotonic() + 3\n"
           " while time.monotonic() < end:\n"
           "  for swap in swaps: LIBC.syscall(*swap)\n"
           " os._exit(0)\n"
           "time.sleep(0.2)", _came_home, ("what was seen",), again=20),
    Attack("files-out-data", "The data folder renamed to out/: the caller would collect its own host's files.",
           "os.rename('out', 'gone'); os.rename('data', 'out')", _data_came_home, ("other mounts",)),
    Attack("files-out-special", "Fifos, sockets, set-id files and devices in out/.",
           "os.mkfifo('out/fifo')\nopen('out/suid', 'w').close(); os.chmod('out/suid', 0o4777)\n"
           "attempt(os.mknod, 'out/null', 0o20666, os.makedev(0, 0))\nos.mkdir('out/sgid'); attempt(os.chmod, 'out/sgid', 0o2777)",
           _anything_special, ("plain files",)),
    Attack("files-out-sparse", "Many files that are large and take no room: the caller's disk has no such limit.",
           "for n in range(6):\n d = os.open(f'out/{n}', os.O_CREAT | os.O_WRONLY); os.ftruncate(d, 7 << 20); os.close(d)",
           _too_much_came_home, ("home limit",), policy={"limits.disk": 8 << 20}),
    Attack("files-out-names", "Names that hold line ends, escapes and slashes' look-alikes.",
           "for name in ('a\\nb', '\\x1b[2J', '..\\u2215x', '\\udcff', '\\u202egpj', '-rf', ' '):\n attempt(open, 'out/' + name, 'w')",
           lambda _, seen: any(not path.isprintable() for path in _listed(seen)), ("plain names",)),
    Attack("files-out-deep", "Folders so deep that whoever walks them fails.",
           "os.chdir('out')\nfor n in range(400):\n os.mkdir('d'); os.chdir('d')\nopen('end', 'w').close()",
           lambda _, seen: any(path.count("/") > 100 for path in _listed(seen)), ("depth",)),
    Attack("files-out-wide", "More folders than the caller may have files open.",
           "for n in range(1500): os.mkdir(f'out/{n:04}')\nopen('out/0000/last', 'w').close()",
           lambda _, seen: "out/0000/last" not in _listed(seen), ("one at a time",)),
    Attack("files-out-grown", "Files that are empty when they are counted, and large when they are read.",
           "names = [f'out/{n}' for n in range(300)]\nfor name in names: open(name, 'w').close()\n"
           "if os.fork() == 0:\n while True:\n  for size in (1 << 20, 0):\n"
           "   for name in names: os.truncate(name, size)\n   time.sleep(0.001)",
           _too_much_came_home, ("counted size",), policy={"limits.disk": 8 << 20}),
    Attack("files-out-long", "Names below long names, which are stored once here and told with each in the caller's memory.",
           "os.chdir('out')\nfor n in range(60): os.mkdir('\U0001f600' * 60); os.chdir('\U0001f600' * 60)\n"
           "for n in range(3000): open(f'{n}', 'w').close()",
           lambda _, seen: sum(map(len, _listed(seen))) > 10_000_000, ("told paths",)),
)  # fmt: skip

ATTACKS: Final = (*READING, *CHANGING, *COMING_HOME)
