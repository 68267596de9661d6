from __future__ import annotations

import re

from tests.style.tree import CODE_FOLDERS, ROOT, name

SAYS_NOTHING = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?)(_|$)")


def test_every_module_is_named_for_what_it_holds() -> None:
    """No file or folder has a name that would fit any content: utils, helpers, common, misc, manager."""
    named = [path for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("*")]

    assert [] == [name(path) for path in named if SAYS_NOTHING.search(path.stem)]
