"""The rules that hold under every policy. No clause loosens them; each says why in one sentence."""

from __future__ import annotations

from typing import Final

from fumehood.plan.syscalls import AFFINITY, GROUPS, MEMFD, RULES

BASELINE: Final[dict[str, str]] = {
    "baseline.no-new-privileges": "No program that the code starts may gain what the code itself does not have.",
    "baseline.no-capabilities": "Capabilities are powers over the kernel, and computing needs none.",
    "baseline.not-dumpable": "A process that can't be dumped or traced can't be read by its neighbours.",
    "baseline.no-core-files": "A core file would put the memory of the program on a disk.",
    "baseline.namespaces": "The host's processes, users, mounts, network, names and cgroups must not be visible.",
    "baseline.unprivileged-user": "The code's user owns nothing outside its sandbox.",
    "baseline.first-to-die": "When the machine runs out of memory, sandboxes go before anything else.",
    "baseline.neutral-name": "The host's name tells where the code runs.",
    "baseline.interpreter": "Nothing runs without the interpreter and the system's libraries; they are read-only.",
    "baseline.runner": "What runs the program inside is fumehood's own code, and holds no secret.",
    "baseline.packages": "What is installed is built outside, read-only, and the same for every sandbox that uses it.",
    "baseline.synthetic-etc": "Libraries look up users, hosts and names; they find made-up ones and not the host's.",
    "baseline.shared-etc": "Certificates, fonts, time zone and the loader's cache tell nothing of the host's users.",
    "baseline.devices": "Programs expect null, zero, full and random; no other device exists.",
    "baseline.own-processes": "Libraries find their own open files and processes in /proc; it shows the sandbox alone.",
    "baseline.clean-environment": "The caller's environment holds keys and paths; the code gets one that is made up.",
    "baseline.few-signals": "Pending signals and timers are counted by host user; one run must not take them all.",
    "baseline.no-locked-memory": "Locked memory and message queues take from the host what no limit here would count.",
    "baseline.self-restriction": "What the kernel can check by itself on every file access, it checks too.",
    "baseline.listing": "Names of the sandbox's own folders may be listed; they were all made for it.",
    "baseline.scoped": "Signals and abstract sockets must not reach beyond the sandbox.",
    "baseline.unlisted-calls": "A system call that nobody has thought about is refused as one that does not exist.",
    **{f"baseline.{each.name}": each.reason for each in (*GROUPS, MEMFD, AFFINITY, *RULES)},
}
"""Every rule by its name, with its reason."""
