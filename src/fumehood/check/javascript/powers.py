"""What Node's modules, its globals and well-known packages can do: one line for each kind of function.

A line is a capability, the place of the argument that holds the target (`-` where there is none), and dotted paths.
`fs` functions stand without `Sync` and `promises`. A path that ends with `.*` stands for everything below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fumehood.check.bash.call import words

_TABLE = """
fs.read     0  fs.readFile fs.createReadStream fs.readlink fs.openAsBlob fs.watch fs.watchFile fs.statfs fs.ReadStream
    Bun.file Deno.readFile Deno.readTextFile Deno.open fs.readJson fs.readJSON process.loadEnvFile
host.identity - os.userInfo
fs.list     0  process.chdir fs.readdir fs.opendir fs.glob Deno.readDir
fs.write    0  fs.writeFile fs.appendFile fs.createWriteStream fs.mkdir fs.mkdtemp fs.truncate fs.chmod fs.chown
    fs.lchown fs.lchmod fs.utimes fs.lutimes fs.WriteStream fs.outputFile fs.ensureDir fs.ensureFile fs.outputJson
    fs.writeJson Bun.write Deno.writeFile Deno.writeTextFile Deno.mkdir Deno.create
fs.delete   0  fs.unlink fs.rm fs.rmdir fs.remove fs.emptyDir Deno.remove rimraf del
fs.copy     0  fs.copyFile fs.cp fs.copy fs.link fs.symlink
fs.move     0  fs.rename fs.move
fs.open     0  fs.open
process.spawn 0  child_process.* cluster.* execa.* shelljs.* cross-spawn.* node-pty.* sudo-prompt.* zx.* open.*
    node-cmd.* process.execve Bun.spawn Bun.$ Deno.run Deno.Command cluster.fork foreground-child.* npm-run.*
net.connect 0  net.connect net.createConnection net.Socket#.connect net.Stream#.connect tls.connect
    tls.TLSSocket#.connect dgram.Socket#.connect
net.url     0  http.get http.request https.get https.request http2.connect fetch XMLHttpRequest#.open WebSocket
    EventSource navigator.sendBeacon http.ClientRequest inspector.open
net.url     0  axios.* node-fetch.* got.* request.* superagent.* undici.* needle.* ws.* socket.io-client.* bent.* ky.*
    phin.* urllib.* wreck.* follow-redirects.* nodemailer.* ssh2.* node-ssh.* ftp.* basic-ftp.* mysql.* mysql2.* pg.*
    mongodb.* mongoose.* redis.* ioredis.* puppeteer.* playwright.* simple-git.* download.* discord.js.* telegraf.*
    twilio.* aws-sdk.* @aws-sdk.* firebase.* openai.* stripe.* web3.* ethers.* mqtt.* amqplib.* kafkajs.* imap.*
    socks.* tunnel.* ngrok.* localtunnel.* isomorphic-fetch.* cross-fetch.* make-fetch-happen.* request-promise.* r2.*
    unirest.* dns-packet.* XMLHttpRequest.* importScripts
net.resolve 0  dns.lookup dns.lookupService dns.resolve dns.resolve4 dns.resolve6 dns.resolveAny dns.resolveTxt
    dns.resolveMx dns.resolveNs dns.resolveCname dns.resolveSrv dns.resolveSoa dns.reverse dns.Resolver#.*
net.dgram   -  dgram.createSocket dgram.Socket
net.listen  0  net.createServer().listen http.createServer().listen https.createServer().listen
    http2.createServer().listen tls.createServer().listen net.Server#.listen http.Server#.listen https.Server#.listen
    express().listen koa#.listen fastify().listen Bun.serve Deno.serve Deno.listen
process.signal 0  process.kill tree-kill.* fkill.*
process.signal -  process._kill process.reallyExit process._debugProcess process._debugEnd
code.native 1  process.dlopen
code.native 0  process.binding process._linkedBinding ffi-napi.* ffi.* ref-napi.* koffi.* bindings.*
    node-gyp-build.* nbind.* edge-js.* internalBinding Deno.dlopen
code.native -  WebAssembly.instantiate WebAssembly.compile WebAssembly.Module WebAssembly.Instance
    WebAssembly.instantiateStreaming WebAssembly.compileStreaming wasi.*
privilege   -  process.setuid process.setgid process.seteuid process.setegid process.setgroups process.initgroups
    robotjs.* keytar.* iohook.* clipboardy.* screenshot-desktop.* node-global-key-listener.* active-win.*
runner.tamper -  process.setUncaughtExceptionCaptureCallback process._startProfilerIdleNotifier v8.setFlagsFromString
    inspector.* repl.* module.register Module.register process.chroot async_hooks.createHook process.report.*
    v8.writeHeapSnapshot process.openStdin.* process._getActiveHandles process._getActiveRequests trace_events.*
code.run    0  eval vm.runInThisContext vm.runInNewContext vm.runInContext vm.Script vm.compileFunction
    vm.SourceTextModule vm2.VM#.run vm2.NodeVM#.run vm2.VMScript module._compile Module#._compile
    process.mainModule._compile
code.worker 0  worker_threads.Worker Worker SharedWorker
"""

_CAPABILITIES: dict[str, tuple[str, int | None]] = {}
_BELOW: dict[str, tuple[str, int | None]] = {}
_HARMLESS = words(
    """
    child_process.toString undici.Headers open.apps ws.OPEN ws.CLOSED cluster.isMaster cluster.isPrimary
    cluster.isWorker process.stdout process.stderr
    """,
)

MODULES = words(
    """
    assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram
    diagnostics_channel dns dns/promises domain events fs fs/promises http http2 https inspector module net os
    path path/posix path/win32 perf_hooks process punycode querystring readline readline/promises repl stream
    stream/promises stream/web string_decoder sys test timers timers/promises tls trace_events tty url util
    util/types v8 vm wasi worker_threads zlib
    """,
)
"""Node's own modules."""

WHOLE = frozenset(
    {"child_process", "cluster", "net", "tls", "dgram", "http2", "inspector", "repl", "wasi", "http", "https"}
)
"""Modules that count as used when they are handed on whole."""

GLOBALS = words(
    """
    process require module exports globalThis global window self Buffer eval Function setTimeout setInterval
    setImmediate queueMicrotask fetch WebSocket EventSource XMLHttpRequest Worker SharedWorker WebAssembly
    Reflect Proxy Object Array String Number Boolean Symbol Math JSON Date RegExp Promise Map Set WeakMap
    WeakSet Error TypeError RangeError parseInt parseFloat atob btoa unescape escape decodeURIComponent
    encodeURIComponent decodeURI encodeURI isNaN isFinite console URL URLSearchParams TextEncoder TextDecoder
    Uint8Array Uint16Array Int8Array Uint32Array Int32Array Float64Array ArrayBuffer DataView Intl navigator
    Deno Bun importScripts GeneratorFunction AsyncFunction BigInt structuredClone performance internalBinding
    crypto __dirname __filename undefined NaN Infinity document localStorage
    """,
)
"""Names that the engine provides."""

FREE = {name: name for name in MODULES if name.isalnum() or "_" in name} | {
    name: f"child_process.{name}"
    for name in ("exec", "execSync", "spawn", "spawnSync", "execFile", "execFileSync", "fork")
}
"""Names that nothing declares: `node -e` knows modules without `require`, and fragments leave imports out."""


@dataclass(frozen=True, slots=True)
class Power:
    """What calling a function means: the capability and the place of the argument with its target."""

    capability: str
    place: int | None


def _read_table() -> None:
    for line in _TABLE.replace(",\n    ", ",").replace("\n    ", " ").strip().splitlines():
        capability, place, *paths = line.split()
        entry = (capability, None if place == "-" else int(place))
        for path in paths:
            if path.endswith(".*"):
                _BELOW[path[:-2]] = entry
            else:
                _CAPABILITIES[path] = entry


_read_table()
_FS = re.compile(
    r"^(?:fs|fs-extra|graceful-fs|original-fs|memfs-or-fs)(?:/promises)?\.(?:promises\.|default\.)?(.+?)(?:Sync)?$"
)


def normal(path: str) -> str:
    """Answer the path under which the table has a function: `fs.promises.readFile` and `fs.readFileSync` are one."""
    path = path.removeprefix("node:").replace(".default.", ".").replace("/promises.", ".")
    if match := _FS.match(path):
        return f"fs.{match[1]}"
    return path


def power(path: str) -> Power | None:
    """Answer what a dotted path can do, None where it can do nothing beyond the program."""
    path = normal(path)
    if path in _HARMLESS:
        return None
    found = _CAPABILITIES.get(path)
    if found is None:
        head = path
        while found is None and "." in head:
            head = head.rpartition(".")[0]
            found = _BELOW.get(head)
        if found is None:
            found = _BELOW.get(path.removesuffix("()"))
    return Power(*found) if found else None


def known_module(name: str) -> bool:
    """Say whether a module is Node's own or stands in the table."""
    return (
        name in MODULES
        or name in _BELOW
        or name in {"express", "koa", "fastify", "rimraf", "del", "fs-extra", "graceful-fs"}
    )
