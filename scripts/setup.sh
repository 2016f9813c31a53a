#!/usr/bin/env bash
# Makes sure that the system packages Tesela is built on are there; installs missing ones where it may.
set -euo pipefail

packages=()
need() { # need COMMAND-THAT-SUCCEEDS-WHEN-PRESENT PACKAGE...
    local test=$1
    shift
    if ! eval "$test" >/dev/null 2>&1; then packages+=("$@"); fi
}

need 'command -v cc' gcc libc6-dev
need 'command -v pkg-config' pkg-config
need 'pkg-config --exists gdal' libgdal-dev
if [ "${1:-}" = test ]; then
    need 'python3 -c "import venv, ensurepip"' python3 python3-venv
    # What GDAL itself says of maps (4 MB on disk).
    need 'command -v gdalinfo && command -v ogrinfo' gdal-bin
    # The shell's own `kill` is no program that a test can start.
    need 'type -P kill' procps
    # A browser that looks at the reports, without its window (59 MB to fetch, 206 MB on disk).
    need 'command -v chromium-headless-shell || command -v chromium || command -v google-chrome' chromium-headless-shell
    # A graphics processor in software (lavapipe), and the library that finds it.
    need 'ls /usr/share/vulkan/icd.d/lvp_icd*.json' mesa-vulkan-drivers
    need '/sbin/ldconfig -p | grep -F libvulkan.so.1' libvulkan1
fi

[ ${#packages[@]} -eq 0 ] && exit 0

install="apt-get update && apt-get install --yes --no-install-recommends ${packages[*]}"
if ! command -v apt-get >/dev/null; then
    echo "setup: missing: ${packages[*]} (names of Debian's packages); install them and run make again" >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: missing: ${packages[*]}; an administrator has to run this once:" >&2
    echo "    sudo sh -c '$install'" >&2
    exit 2
fi
echo "setup: installing ${packages[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install --yes -qq --no-install-recommends "${packages[@]}" >/dev/null
