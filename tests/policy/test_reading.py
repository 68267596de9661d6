from __future__ import annotations

from pathlib import Path

import pytest

from fumehood.errors import MissingFile, PolicyError
from fumehood.policy import CLAUSES, Limits, Policy, shipped

# As the contract has it, with the tables that it leaves empty.
CONTRACT = """
[limits]
wall = "30s"            # of one execution
cpu = "30s"
cpus = 1.0
memory = "2GiB"
processes = 64
open_files = 256
disk = "512MiB"
output = "1MiB"

[files]
read = []
write = []

[network]
allow = []

[code]
spawn = false
native = false
modules = "*"

[secrets]
[tools]
[output]
[on_denial]
"""


def test_the_contract_reads_as_the_default() -> None:
    """The policy that the contract prints is the default policy, word for word."""
    assert Policy.default() == Policy.from_toml(CONTRACT, name="default")


def test_the_shipped_default_is_the_default() -> None:
    """`default.toml` says every clause, and says what `Policy.default()` answers without reading it."""
    path = Path(__file__).parents[2] / "src" / "fumehood" / "policies" / "default.toml"
    text = path.read_text(encoding="utf-8")

    assert Policy.default() == Policy.load(path)
    assert [] == [c for c in CLAUSES if f"\n{c.partition('.')[2]} =" not in text and c not in {"secrets", "tools"}]


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_policy_is_loaded_by_name(name: str) -> None:
    """Each shipped policy has its name, says at its top what it is for, and reads the same from what it writes."""
    policy = Policy.load(name)
    path = Path(__file__).parents[2] / "src" / "fumehood" / "policies" / f"{name}.toml"

    assert name == policy.name
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert policy == Policy.from_toml(policy.to_toml())


def test_the_shipped_policies_say_what_the_contract_says() -> None:
    """The contract's five, each with the limits that it names."""
    assert ("codewhisperer", "codey", "copilot", "default", "workbench") == shipped()
    assert (True, 256) == (Policy.load("workbench").code.spawn, Policy.load("workbench").limits.processes)
    assert Limits(memory=128 * 1024**2, wall=15, cpu=15) == Policy.load("codewhisperer").limits
    assert Limits(memory=2 * 1024**3, cpus=1, wall=30) == Policy.load("copilot").limits
    assert "gvisor" == Policy.load("codey").isolation.tier


BAD = {
    'limits.memory = "2 gigs"': ("limits.memory", '"2 gigs"', "2GiB"),
    "limits.memory = 2": ("limits.memory", "8MiB", "2GiB"),
    'limits.memory = "2PiB"': ("limits.memory", "2PiB", "2GiB"),
    "limits.wall = 0": ("limits.wall", "0", "30s"),
    "limits.wall = -1.5": ("limits.wall", "-1.5", "30s"),
    "limits.wall = nan": ("limits.wall", "nan", "30s"),
    "limits.wall = inf": ("limits.wall", "inf", "30s"),
    'limits.wall = "30"': ("limits.wall", '"30"', "30s"),
    'limits.wall = "2000d"': ("limits.wall", "8784h", "30s"),
    "limits.wall = true": ("limits.wall", "true", "30s"),
    "limits.wall = []": ("limits.wall", "[]", "30s"),
    "limits.wall = 2020-01-01": ("limits.wall", "date", "30s"),
    "limits.processes = 1.5": ("limits.processes", "1.5", "whole number"),
    'limits.processes = "64"': ("limits.processes", '"64"', "whole number"),
    "limits.cpus = 0.0": ("limits.cpus", "0.0", "0.5"),
    "limits.memry = 1": ("limits.memry", "unknown", "limits.memory"),
    "memory = 1": ("memory", "unknown", "limits"),
    "[limit]\nmemory = 1": ("limit", "unknown", "limits"),
    "[limits]": ("[limits]", "anything", "wall"),
    "[network]": ("[network]", "anything", "allow"),
    "[files]": ("[files]", "anything", "read"),
    "[code]": ("[code]", "anything", "modules"),
    "limits = 3": ("limits", "not a table", "wall"),
    'files.read = "/srv"': ("files.read", '"/srv"', "list"),
    'files.read = ["srv"]': ("files.read", '"srv"', "/srv/data"),
    'files.read = ["/srv/../etc"]': ("files.read", "..", "/srv/data"),
    'files.read = ["/"]': ("files.read", "whole machine", "/srv/data"),
    'files.read = ["//"]': ("files.read", "whole machine", "/srv/data"),
    'files.write = ["/proc/1"]': ("files.write", "kernel", "/srv/data"),
    'files.read = ["/a", "/a/"]': ("files.read", "twice", "/srv/data"),
    'files.read = ["/a/b"]\nfiles.write = ["/a"]': ("files.read", "/a/b", "files.write"),
    "files.read = [1]": ("files.read", "[1]", "/srv/data"),
    'network.allow = ["*"]': ("network.allow", '"*"', "host:port"),
    'network.allow = ["*:443"]': ("network.allow", '"*:443"', "host:port"),
    'network.allow = ["*.org:443"]': ("network.allow", "almost any", "host:port"),
    'network.allow = ["a.org"]': ("network.allow", "port", "host:port"),
    'network.allow = ["a.org:0"]': ("network.allow", "port", "host:port"),
    'network.allow = ["a.org:65536"]': ("network.allow", "port", "host:port"),
    'network.allow = ["https://a.org:443"]': ("network.allow", "host name", "host:port"),
    'network.allow = ["a.*.org:443"]': ("network.allow", "host name", "host:port"),
    'network.allow = ["::1:443"]': ("network.allow", "brackets", "host:port"),
    'network.allow = ["[::g]:443"]': ("network.allow", "IPv6", "host:port"),
    'network.allow = ["127.1:80"]': ("network.allow", "IPv4", "host:port"),
    'network.allow = ["0x7f000001:80"]': ("network.allow", "IPv4", "host:port"),
    'network.allow = ["1.2.3.256:80"]': ("network.allow", "IPv4", "host:port"),
    'network.allow = ["bücher.example:443"]': ("network.allow", "xn--", "host:port"),
    'network.allow = ["a.org:1", "A.org:1"]': ("network.allow", "twice", "host:port"),
    'code.modules = ["*"]': ("code.modules", '"*"', "pandas"),
    'code.modules = "math"': ("code.modules", '"math"', "pandas"),
    'code.modules = ["os path"]': ("code.modules", "os path", "pandas"),
    "code.spawn = 1": ("code.spawn", "1", "true or false"),
    'code.spawn = "yes"': ("code.spawn", '"yes"', "true or false"),
    'isolation.tier = "docker"': ("isolation.tier", '"docker"', "jail"),
    'isolation.require = ["everything"]': ("isolation.require", "everything", "memory"),
    'on_denial = "stop"': ("on_denial.action", '"stop"', "record"),
    'tools.mail = "yes"': ("tools.mail", '"yes"', "ask"),
    'tools."a b" = "ask"': ("[tools]", "plain name", "letters"),
    'secrets.key = { source = "env:KEY" }': ("secrets.key", "where it may go", "host ="),
    'secrets.key = { source = "env:KEY", host = "*.a.org:1" }': ("secrets.key.host", "pattern", "host:port"),
    'secrets.key = { source = "env:KEY", host = "a.org:443" }': ("secrets.key", "network.allow", "a.org:443"),
    'name = ""': ("name", "one line", "nightly"),
    "limits.wall = 1\nlimits.wall = 2": ("policy", "not TOML", "line"),
    "what is this": ("policy", "line 1", "line"),
}


@pytest.mark.parametrize("text", BAD, ids=BAD)
def test_a_fault_names_the_key_the_value_and_the_accepted_form(text: str) -> None:
    """Whatever is wrong in a policy, the message says where and what, and the remedy what to write."""
    key, what, remedy = BAD[text]

    with pytest.raises(PolicyError) as caught:
        Policy.from_toml(text, where="team.toml")

    assert "team.toml" in caught.value.message
    assert key.replace("policy", "team.toml") in caught.value.message
    assert what in caught.value.message
    assert remedy in caught.value.remedy()


@pytest.mark.parametrize(
    "text",
    ['secrets.key = "hunter2"', 'secrets.key = { source = "hunter2", host = "a.org:1" }', "[secrets.key]\nhunter2 = 1"],
)
def test_a_fault_in_secrets_repeats_no_value(text: str) -> None:
    """Who writes a secret itself where its source belongs does not find it again in a log."""
    with pytest.raises(PolicyError) as caught:
        Policy.from_toml(text)

    assert "hunter2" not in str(caught.value) + caught.value.remedy()


def test_a_long_value_is_cut() -> None:
    """An error stays a paragraph, whatever was written."""
    with pytest.raises(PolicyError) as caught:
        Policy.from_toml('limits.wall = "' + 10_000 * "x" + '"')

    assert len(str(caught.value)) < 400


def test_both_forms_of_on_denial_are_read() -> None:
    """`on_denial = "end"` is short for the table."""
    assert Policy.from_toml('on_denial = "end"') == Policy.from_toml('[on_denial]\naction = "end"')


def test_places_are_kept_in_their_normal_form() -> None:
    """Two ways to write one place are one place."""
    policy = Policy.from_toml(
        'files.read = ["//srv//data/"]\nnetwork.allow = ["API.Example.org.:443", "[0::1]:80", "10.0.0.1:1"]'
    )

    assert ("/srv/data",) == policy.files.read
    assert ("api.example.org:443", "[::1]:80", "10.0.0.1:1") == policy.network.allow


def test_a_policy_is_loaded_from_a_file(tmp_path: Path) -> None:
    """A path leads to a policy that is named after its file, or by itself."""
    (tmp_path / "team.toml").write_text("limits.wall = 5")
    (tmp_path / "other.toml").write_text('name = "nightly"')

    assert ("team", 5.0) == (Policy.load(tmp_path / "team.toml").name, Policy.load(tmp_path / "team.toml").limits.wall)
    assert "nightly" == Policy.load(str(tmp_path / "other.toml")).name


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    """A wrong name is answered with the names there are, a wrong path as a missing file."""
    with pytest.raises(PolicyError, match="named workbnch") as name:
        Policy.load("workbnch")
    with pytest.raises(MissingFile) as path:
        Policy.load(tmp_path / "none.toml")

    assert "Did you mean workbench?" in name.value.remedy()
    assert "codewhisperer" in name.value.remedy()
    assert isinstance(path.value, FileNotFoundError)


def test_what_is_no_policy_file(tmp_path: Path) -> None:
    """A folder, a device, bytes that are no text, and a file of megabytes are each refused with the reason."""
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "large.toml").write_text("#" * 2_000_000)

    for path, reason in (
        (tmp_path, "not a file"),
        (Path("/dev/zero"), "not a file"),
        (tmp_path / "binary.toml", "UTF-8"),
        (tmp_path / "large.toml", "1MiB"),
    ):
        with pytest.raises(PolicyError, match=reason):
            Policy.load(path)
