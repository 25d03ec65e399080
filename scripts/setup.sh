#!/bin/sh
# Sets up what the Makefile needs: the virtual environment, the pinned requirements, the Debian packages.
#
#   scripts/setup.sh venv VENV                  a virtual environment of Python 3.11 or later
#   scripts/setup.sh requirements VENV FILE     the packages pinned in FILE, and this project in place
#   scripts/setup.sh packages NAME...           Debian packages, when they are missing; root or sudo does it
#   scripts/setup.sh unpack FOLDER NAME...      Debian packages, when they are missing, unpacked there and not installed
set -eu

UV=uv==0.13.9 # installs 170 packages in seconds; when it cannot, pip does it in a minute

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "setup: $*"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        return 127
    fi
}

is_installed() {
    case "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" in
    *"ok installed") return 0 ;;
    *) return 1 ;;
    esac
}

packages() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "setup: this is not Debian; make sure that the equivalents of these packages are there: $*"
        return 0
    fi
    missing=
    for name in "$@"; do
        is_installed "$name" || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
        fail "Debian packages are missing and neither root nor sudo is there. Ask an administrator to run: apt-get install$missing"
    fi
    say "Installing Debian packages:$missing"
    apt="env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
    as_root $apt update >/dev/null || say "setup: apt-get update failed; going on with the package lists at hand"
    # shellcheck disable=SC2086
    as_root $apt install -y --no-install-recommends $missing >/dev/null ||
        fail "apt-get could not install:$missing. Run it by hand to see why: apt-get install$missing"
}

# For programs whose packages start a server when they are installed, at once and after every boot: no script of theirs runs,
# and nobody but the tests finds them. What they need and is not installed is unpacked with them.
unpack() {
    folder=$1
    shift
    command -v dpkg-query >/dev/null 2>&1 || return 0
    missing=
    for name in "$@"; do
        is_installed "$name" || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    say "Unpacking Debian packages:$missing"
    # shellcheck disable=SC2086
    wanted=$(apt-get -s --no-install-recommends install $missing 2>/dev/null | sed -n 's/^Inst \([^ ]*\).*/\1/p')
    if [ -z "$wanted" ] && as_root apt-get -qq update >/dev/null; then
        # shellcheck disable=SC2086
        wanted=$(apt-get -s --no-install-recommends install $missing 2>/dev/null | sed -n 's/^Inst \([^ ]*\).*/\1/p')
    fi
    mkdir -p "$folder/archives"
    # shellcheck disable=SC2086
    if [ -z "$wanted" ] || ! (cd "$folder/archives" && apt-get -qq -o APT::Sandbox::User= download $wanted >/dev/null); then
        say "setup: apt-get could not download:$missing. The tests that need them will be skipped"
        return 0
    fi
    for archive in "$folder"/archives/*.deb; do
        dpkg-deb -x "$archive" "$folder"
    done
    rm -r "$folder/archives"
}

is_suitable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# The pins are resolved for 3.11, so that version comes first; later ones come before an unnamed python3.
find_python() {
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
        if command -v "$name" >/dev/null 2>&1 && is_suitable "$name"; then
            command -v "$name"
            return 0
        fi
    done
    fail "no Python 3.11 or later on the PATH. Install one (apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.11"
}

venv() {
    found=$(find_python)
    if ! can_make_venv "$found"; then
        version=$("$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        packages "$version"
        can_make_venv "$found" || fail "$found has no ensurepip. Install its venv package, or name another: make PYTHON=/path/to/python3.11"
    fi
    say "Making $1 with $("$found" --version)"
    "$found" -m venv "$1"
}

requirements() {
    python=$1/bin/python
    say "Installing $2"
    if "$python" -m pip install --quiet --disable-pip-version-check "$UV" 2>/dev/null &&
        "$1/bin/uv" pip install --quiet --compile-bytecode --python "$python" -r "$2" --no-deps &&
        "$1/bin/uv" pip install --quiet --python "$python" --no-deps -e .; then
        return 0
    fi
    say "setup: uv could not do it; trying pip, which takes a minute"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$2"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps -e .
}

command=${1:-}
[ -n "$command" ] && shift
case "$command" in
venv | requirements | packages | unpack) "$command" "$@" ;;
*) fail "found command '$command'; expected venv, requirements, packages or unpack" ;;
esac
