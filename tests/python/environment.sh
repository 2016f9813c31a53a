#!/bin/sh
# Prints the path of a Python interpreter that has the packages of requirements.txt; makes the virtual
# environment when it is not there. Any number of tests may ask at the same time: one makes it, the others wait.
#
# usage: environment.sh FOLDER [REQUIREMENTS]
#   FOLDER        where environments are kept, such as target/tesela-python
#   REQUIREMENTS  the list of packages; requirements.txt beside this script where none is given
set -eu

folder=$1
requirements=${2:-$(dirname "$0")/requirements.txt}

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo "python3 with venv is needed: apt-get install python3-venv" >&2
    exit 1
fi
digest=$({ python3 --version; cat "$requirements"; } | sha256sum | cut -c1-16)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
environment=$folder/$digest

exec 9>"$folder/$digest.lock"
flock 9
if [ ! -e "$environment/complete" ]; then
    rm -rf "$environment"
    python3 -m venv "$environment" >&2
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-input \
        --only-binary :all: --requirement "$requirements" >&2
    touch "$environment/complete"
fi
echo "$environment/bin/python"
