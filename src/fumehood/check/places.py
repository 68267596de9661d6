"""What a path is to a program in a sandbox: its own, harmless, a secret, another program's startup, or foreign."""

from __future__ import annotations

import posixpath
import re
from typing import Final, Literal

Place = Literal["inside", "harmless", "secret", "startup", "outside", "unknown"]

WORKSPACE: Final = "/workspace"
# Compiled by `re` when first searched for: that takes as long as reading a program, and most programs open nothing.
INSIDE: Final = ("/workspace", "/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - places inside a sandbox
HARMLESS: Final = (
    r"/dev/(?:null|zero|full|u?random|tty|std(?:in|out|err)|fd/[012])$"
    r"|/usr/share/(?:zoneinfo|dict|fonts|mime|locale|nltk_data|tessdata|X11/locale)(?:/|$)|/etc/(?:localtime|timezone|mime\.types)$"
    r"|/usr/(?:local/)?lib/python3[^/]*(?:/|$)|/etc/(?:os|lsb)-release$"
    r"|/proc/(?:self|thread-self)/(?:stat|statm|status|limits|io)$"
)
PRIVATE: Final = (
    r"(?:^|[/*])(?:\.ssh|\.aws|\.azure|\.gnupg|\.kube|\.docker|\.config/gcloud|\.mozilla|\.password-store)(?:/|$)"
    r"|(?:^|[/*])(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.netrc|\.pgpass|\.git-credentials|\.npmrc|\.pypirc|\.bash_history|\.python_history|\.zsh_history)$"
    r"|/etc/(?:shadow|gshadow|sudoers|ssl/private|ssh/|krb5\.keytab)|/proc/(?:self|\d+|\*|thread-self)/(?:environ|mem|maps|cmdline|fd|root|cwd|task)"
    r"|/(?:var/)?run/(?:secrets|docker\.sock)|\.(?:pem|p12|pfx|keytab|kdbx)$"
    r"|[/*](?:Login Data|Cookies|Local State|logins\.json|key4\.db|wallet\.dat)$"
)
STARTUP: Final = (
    r"(?:^|[/*])\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv|zprofile|zlogin|cshrc|tcshrc|kshrc|xinitrc|xsession|xprofile|inputrc|vimrc|pythonrc|pythonstartup)$"
    r"|/etc/(?:profile|bash\.bashrc|environment|cron|crontab|at\.|anacrontab|init\.d|rc\.local|rc\d?\.d|systemd|ld\.so|pam\.d|passwd|shadow|group|sudoers|hosts|apt/apt\.conf|udev|modprobe|zsh|fish|skel|xdg/autostart)"
    r"|/var/spool/(?:cron|at)|(?:^|[/*])\.config/(?:autostart|systemd|fish/config)|/lib/systemd|LaunchAgents|LaunchDaemons|(?:^|[/*])authorized_keys$|(?:^|[/*])\.ssh/(?:rc|environment|config)$"
    r"|\.pth$|(?:^|[/*])(?:site|user)customize\.py$|(?:site|dist)-packages"
    r"|(?:^|[/*])\.git/hooks/|Start Menu[/\\]+Programs[/\\]+Startup|(?:^|[/*])\.ipython/profile|(?:^|[/*])\.jupyter/"
)
# Of these even one in the workspace is obeyed: by git, by an interpreter or a shell that starts there.
OBEYED: Final = (
    r"/\.git/hooks/|/(?:site|user)customize\.py$|/\.(?:bashrc|bash_profile|bash_login|profile|zshrc|zshenv)$"
)

# One step up to a folder that no system has: nothing is there in a sandbox, so there is nothing to protect.
BESIDE: Final = r"(?:\./)?\.\./(?!\.\.)[^~]"
SYSTEM: Final = r"/(?:$|bin|boot|dev|etc|home|lib(?:32|64)?|media|mnt|opt|proc|root|run|sbin|srv|sys|usr|var)(?:/|$)"


def normal(path: str) -> str:
    """Answer a path as the sandbox would see it: absolute, without `.` and `..`."""
    if path.startswith("~"):
        return posixpath.normpath(path)
    return posixpath.normpath(posixpath.join(WORKSPACE, path)).replace("//", "/")


def place_of(path: str, *, writing: bool = False) -> Place:  # noqa: PLR0911 - one way for each kind
    """Answer what a path is; `*` in it stands for what is not known."""
    if "\x00" in path or not path:
        return "inside"
    unsure = path.startswith("*")
    whole = path if unsure else normal(path)
    inside = not unsure and _below(whole, INSIDE)
    if writing and re.search(STARTUP, whole):
        return "startup" if not inside or re.search(OBEYED, whole) else "inside"
    if not inside and re.search(PRIVATE, whole) and not (unsure and whole.endswith((".pem", "Cookies"))):
        return "secret"
    if unsure:
        return _unsure(whole)
    if inside or re.match(HARMLESS, whole):
        return "inside" if inside else "harmless" if not writing or whole.startswith("/dev/") else "outside"
    if not writing and re.match(BESIDE, path) and not re.match(SYSTEM, whole):
        return "unknown"
    return "outside"


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _unsure(path: str) -> Place:
    """Judge a path of which only the end is known: system files are told by it."""
    return "outside" if re.search(r"(?:^\*|/)etc/(?:passwd|shadow|group|hosts|sudoers|ssh)\b", path) else "unknown"
