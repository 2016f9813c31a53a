#!/usr/bin/env bash
# Checks everything that CI checks, step by step, and says how long each step took.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

step() { # step NAME COMMAND...
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    "$@"
    echo "== $name: ok, $((SECONDS - start)) s"
}

# cargo-deny of a fixed version, kept beside the build.
deny() {
    local root="$CARGO_TARGET_DIR/tools" version=0.20.2
    local program="$root/bin/cargo-deny"
    if ! "$program" --version 2>/dev/null | grep -qF "$version"; then
        cargo install --quiet --locked cargo-deny --version "$version" --root "$root" \
            --target-dir "$root/build"
        rm -rf "$root/build"
    fi
    "$program" --log-level error check licenses bans sources
    # The list of known vulnerabilities lies on a server of its own; where it cannot be reached, that is said.
    if "$program" --log-level off fetch db >/dev/null 2>&1; then
        "$program" --log-level error check advisories
    else
        echo "the advisory database cannot be reached from here: known vulnerabilities were not checked"
    fi
}

# Networks on a graphics processor in software, in a build of models/ that has the feature `wgpu`.
devices() {
    local runtime status=0
    runtime=$(mktemp -d)
    XDG_RUNTIME_DIR=$runtime cargo test --release --locked --workspace --features wgpu --test devices || status=$?
    rm -rf "$runtime"
    return $status
}

document() {
    RUSTDOCFLAGS="-D warnings" cargo doc --quiet --release --locked --workspace --no-deps
}

step "format" cargo fmt --all --check
step "build" cargo build --quiet --release --locked --workspace --tests
step "tests" cargo test --release --locked --workspace
step "graphics processor" devices
step "lints" cargo clippy --quiet --release --locked --workspace --all-targets -- -D warnings
step "documentation" document
step "dependencies" deny
step "smoke experiment" scripts/demo.sh --smoke
echo "all checks passed in $SECONDS s"
