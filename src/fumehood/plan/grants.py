"""The slices that are not the kernel's: what check judges by, the proxy opens, the guard filters, the audit expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.plan.settings import Slice

if TYPE_CHECKING:
    from fumehood.plan.draft import Draft


def checks_slice(draft: Draft) -> Slice:
    """Return the grants by capability, and what is decided in doubt."""
    policy = draft.policy
    how = "judged before the run"
    return Slice([
        draft.by_clause("fs.read", policy.files.readable, "files.read", how=how, order="paths"),
        draft.by_clause("fs.write", policy.files.write, "files.write", how=how, order="paths"),
        draft.by_clause("net.connect", policy.network.allow, "network.allow", how=how, order="hosts"),
        draft.by_clause("process.spawn", policy.code.spawn, "code.spawn", how=how, order="implies"),
        draft.by_clause("code.native", policy.code.native, "code.native", how=how, order="implies"),
        draft.by_clause("code.modules", policy.code.modules, "code.modules", how=how, order="modules"),
        draft.by_clause("mode", policy.check.mode, "check.mode", how=how, order="strict"),
        draft.by_clause("unknown", policy.check.unknown, "check.unknown", how=how, order="strict"),
        draft.by_clause("incomplete", policy.check.incomplete, "check.incomplete", how=how, order="strict"),
        draft.by_clause("guard", policy.guard.mode, "guard.mode", how="asked on every call", order="strict"),
        draft.by_clause("tools", dict(policy.tools), "tools", how="asked on every call", order="words"),
    ])  # fmt: skip


def egress_slice(draft: Draft) -> Slice:
    """Return where the proxy connects to, and which secret it puts into requests to which host."""
    policy = draft.policy
    secrets = {name: f"{each.source} {each.host}" for name, each in policy.secrets.items()}
    return Slice([
        draft.by_clause("hosts", policy.network.allow, "network.allow", how="egress proxy", order="hosts"),
        draft.by_clause("secrets", secrets, "secrets", how="egress proxy", order="entries"),
    ])  # fmt: skip


def output_slice(draft: Draft) -> Slice:
    """Return what is done to everything that leaves the sandbox."""
    policy, output = draft.policy, draft.policy.output
    how = "read to the end, kept up to the cap, counted beyond it"
    return Slice([
        draft.by_clause("output", policy.limits.output, "limits.output", how=how, order="at-most"),
        draft.by_clause("displays", policy.limits.displays, "limits.displays", how=how, order="at-most"),
        draft.by_clause("redact_secrets", output.redact_secrets, "output.redact_secrets", order="protects"),
        draft.by_clause("inert_html", output.inert_html, "output.inert_html", order="protects"),
        draft.by_clause(
            "strip_terminal_escapes", output.strip_terminal_escapes, "output.strip_terminal_escapes", order="protects"
        ),
    ])  # fmt: skip


def expected_slice(draft: Draft) -> Slice:
    """Return what the trail should look like; all else is an anomaly."""
    policy = draft.policy
    return Slice([
        draft.by_clause("processes", policy.limits.processes, "limits.processes", order="at-most"),
        draft.by_clause("network", policy.network.allow, "network.allow", order="hosts"),
        draft.by_clause("spawn", policy.code.spawn, "code.spawn", order="implies"),
        draft.by_clause("on_denial", policy.on_denial.action, "on_denial.action", order="strict"),
        draft.by_clause("enforced", policy.isolation.require, "isolation.require", order="superset"),
    ])  # fmt: skip
