# Read by ./demo and ./test: sets $python to the first Python that is new enough and can really be started.
python=
for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null 2>&1 &&
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "fumehood needs Python 3.11 or newer, and no such python3 is on PATH." >&2
    echo "Install one (Debian, Ubuntu: \`apt install python3 python3-venv\`; Fedora: \`dnf install python3\`), then run this again." >&2
    exit 1
fi
