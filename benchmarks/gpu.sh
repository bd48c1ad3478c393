#!/usr/bin/env bash
# Training, sampling and extraction on a GPU beside their peers, in one call of at most 8 minutes:
# a table of ratios and goals at the end, figures in reports/gpu.json.
#
#   benchmarks/gpu.sh                        on the GPU that is there; exit code 2 where there is none
#   benchmarks/gpu.sh --device cpu --quick   to see that all of it runs, in a minute or two
#
# It needs this folder and its environment: `make install`, with a build of torch for the GPU, and a
# C++ compiler for what is compiled. PYTHON names another interpreter than .venv/bin/python.
set -u
cd "$(dirname "$0")/.." || exit 2

device=cuda quick="" out=reports/gpu.json
while [ $# -gt 0 ]; do
    case "$1" in
    --device) device=${2:?--device needs cuda or cpu}; shift ;;
    --quick) quick=--quick ;;
    --out) out=${2:?--out needs a file}; shift ;;
    *) echo "error: $1 is no option"; echo "  remedy: --device cuda|cpu, --quick, --out FILE"; exit 2 ;;
    esac
    shift
done

python=${PYTHON:-.venv/bin/python}
if ! "$python" -c "import torch, diffusers, cleanfid" 2>/dev/null; then
    echo "error: $python has no torch, diffusers and clean-fid"
    echo "  remedy: make install, or PYTHON=path/to/python with the packages of requirements.lock"
    exit 2
fi
if [ "$device" = cuda ] && ! "$python" -c "import sys, torch; sys.exit(not torch.cuda.is_available())"; then
    echo "error: torch finds no GPU here"
    echo "  remedy: run it where nvidia-smi shows one, with a build of torch for it"
    exit 2
fi

part() { # seconds module options: at most so long; what was measured until then is kept
    local seconds=$1 module=$2 code
    shift 2
    echo "== $module, at most $seconds s"
    timeout --kill-after=5 "$seconds" "$python" -m "benchmarks.$module" \
        --device "$device" --out "$out" $quick "$@"
    code=$?
    [ $code -eq 0 ] && return
    failed=1
    if [ $code -eq 124 ] || [ $code -eq 137 ]; then
        echo "== $module took longer than $seconds s, and was ended"
    else
        echo "== $module failed with exit code $code"
    fi
}

failed=0
mkdir -p "$(dirname "$out")"
rm -f "$out"
[ "$device" = cuda ] && "$python" -c "import torch; print(torch.cuda.get_device_name(), torch.__version__)"
rounds="--rounds 5" compiled="--precision bf16-mixed --compile"
[ -n "$quick" ] && rounds="--rounds 1" compiled=""
part 110 training $rounds $compiled --network UNet
part 110 training $rounds $compiled --network DiT
part 140 sampling $rounds
part 70 evaluation $rounds
"$python" -m benchmarks.table "$out" || failed=1
exit $failed
