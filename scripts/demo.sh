#!/usr/bin/env bash
# The first run of the README: a simulated state, two models on it, their comparison, a map and what it is worth.
# With --smoke: the same line on a smaller state, in a folder that is thrown away.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export PATH="${CARGO_TARGET_DIR:-$root/target}/release:$PATH"

run() { # run COMMAND...: shows the command, then runs it
    echo
    echo "\$ $*"
    "$@"
}

state=demo/state
size=160
experiments="$root/experiments/demo"
if [ "${1:-}" = --smoke ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    cd "$folder"
    size=48
    mkdir -p experiments/demo
    # The same experiments, with less of everything.
    for model in extra-trees lenet; do
        sed -e 's/^per-class = .*/per-class = 20/' -e 's/^folds = .*/folds = 2/' \
            -e 's/^n-trees = .*/n-trees = 20/' -e 's/^epochs = .*/epochs = 1/' -e 's/^batch-size = .*/batch-size = 8/' \
            "$experiments/$model.toml" >experiments/demo/$model.toml
    done
else
    cd "$root"
    # A demonstration begins anew.
    rm -rf demo
fi

started=$SECONDS
run tesela simulate --size $size --seed 7 --out $state
run tesela prepare simulated \
    --mosaic $state/mosaic.tif --grid $state/grid.parquet --out demo/store
run tesela train experiments/demo/extra-trees.toml --out demo/runs/extra-trees
run tesela train experiments/demo/lenet.toml --out demo/runs/lenet
run tesela compare demo/runs/extra-trees demo/runs/lenet
run tesela predict demo/runs/extra-trees --mosaic $state/mosaic.tif --grid $state/grid.parquet \
    --out demo/map.parquet --out demo/map.tif --out demo/map.png
# 1 says that the map is worse than announced, which is an answer and no failure.
run tesela assess demo/map.parquet --out demo/assessed || [ $? = 1 ]
run tesela export demo/runs/lenet --out demo/model

cat <<END

Done in $((SECONDS - started)) s. This country is simulated: its figures say how the program works, not how well it maps a real one.

  demo/state/overview.png                the state, in natural and in false colour
  demo/runs/extra-trees/report.html      what came out, and what to be wary of
  demo/runs/extra-trees/confusion.png    what the trees confuse
  demo/runs/lenet/confusion.png          what the network confuses
  demo/runs/*/metrics.json               every score, with its prevalence
  demo/map.png, demo/map.tif             every cell of the state, predicted
  demo/assessed/report.html              the map against the census, and against what was announced
  demo/model/MODEL_CARD.md               the network as others get it, with ONNX and PyTorch beside it

  tesela inspect demo/store              what the store holds
  tesela assess demo/map.parquet demo/state/truth.parquet
                                         the map where the census knows nothing, too: such cells are harder
  tensorboard --logdir demo/runs         how the network learned
END
