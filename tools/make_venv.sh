#!/bin/sh
# Makes the virtual environment $1 with Python 3.11: this machine's own where it has one, else one that uv finds or
# downloads. uv is the one on PATH, else it comes from PyPI into the folder $2. The last line of a failure says what to do.
set -eu
venv=$1
uv_home=$2

is_wanted() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
}

refuse() {
    echo "$1" >&2
    exit 1
}

# Half an environment is not left behind.
clean_up() {
    rm -rf "$venv"
}

version_of() {
    "$1" --version 2>/dev/null || echo "no $1"
}

# Prints the command; what pip and venv say where they fail goes to standard error.
find_uv() {
    if command -v uv; then
        return
    fi
    if ! [ -x "$uv_home/bin/uv" ]; then
        echo "Installing uv into $uv_home ..." >&2
        python3 -m venv "$uv_home" >&2 && "$uv_home/bin/python" -m pip install -qq uv >&2 ||
            return 1
    fi
    echo "$uv_home/bin/uv"
}

if is_wanted "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit
fi
if [ -e "$venv" ]; then
    refuse "$venv is there and is no environment of Python 3.11 with pip: move it away, then type the same again."
fi

trap clean_up EXIT
trap 'exit 130' HUP INT TERM
for python in python3.11 python3; do
    if is_wanted "$python" && "$python" -m venv "$venv" >&2; then
        trap - EXIT
        exit
    fi
done
clean_up
here=$(version_of python3)
if ! uv=$(find_uv); then
    refuse "Python 3.11 is needed ($here is here; no uv, and none to be had from PyPI): install either, then type the same again."
fi
echo "No Python 3.11 with its venv module ($here is here): uv makes $venv, downloading Python where it must ..."
if ! "$uv" venv --quiet --seed --python 3.11 "$venv"; then
    refuse "Python 3.11 is needed ($here is here, and uv got none): install it with its venv module, then type the same again."
fi
trap - EXIT
