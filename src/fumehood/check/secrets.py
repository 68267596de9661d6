"""Names of environment variables: which are secrets, which steer the interpreter or the loader."""

from __future__ import annotations

import re
from typing import Final

# Compiled when first asked for, as in `places`.
CONFIDENTIAL: Final = (
    r"(?:^|_)(?:API_?KEYS?|KEYS?|TOKENS?|SECRETS?|PASS(?:WORD|WD|PHRASE)?|PWD_?HASH|CRED(?:ENTIAL)?S?|AUTH(?:ORIZATION)?|PRIVATE|COOKIE|SESSION_?ID|"
    r"CERT|DSN|CONN(?:ECTION)?_?STR(?:ING)?|DATABASE_URL|WEBHOOK(?:_URL)?|SALT|SIGNING|JWT|BEARER|PAT|ACCESS_?KEY(?:_ID)?)(?:$|_)|APIKEY|PASSWORD|SECRET|TOKEN|_URI$|^AWS_|^AZURE_|^GCP_|^GOOGLE_APPLICATION|^KUBE|^SSH_|^GPG_|^DOCKER_|^VAULT_"
)
STEERING: Final = (
    r"^(?:LD_|DYLD_|PYTHON(?:STARTUP|HOME|PATH|INSPECT|BREAKPOINT|USERBASE)|BASH_ENV$|ENV$|PROMPT_COMMAND|IFS$"
    r"|GCONV_PATH|NODE_OPTIONS|PERL5|RUBYOPT|GIT_|JAVA_TOOL)"
)


def is_secret_name(name: str) -> bool:
    """Tell whether a variable of this name is likely to hold a secret."""
    return re.search(CONFIDENTIAL, name, re.IGNORECASE) is not None


def is_steering_name(name: str) -> bool:
    """Tell whether a variable changes how programs start."""
    return re.match(STEERING, name) is not None
