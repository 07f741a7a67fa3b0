#!/usr/bin/env bash
# Makes an environment with torch, for processors, and the grader. Run once, as root, while an image is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
environment="${GRADER_ENVIRONMENT:-/opt/torchgrade}"

usable() {
    command -v "$1" >/dev/null && "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11; do
        if usable "$name"; then echo "$name"; return; fi
    done
    return 1
}

if ! python="$(find_python)"; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    for version in 3.12 3.13 3.11; do
        if apt-get install -y -qq --no-install-recommends "python$version" "python$version-venv"; then break; fi
    done
    if ! python="$(find_python)"; then
        echo "The grader needs Python 3.11 or newer, which this image can't install. Choose Ubuntu 24.04 as its base." >&2
        exit 1
    fi
fi

"$python" -m venv "$environment"
pip=("$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir)
# PyPI's torch for Linux brings gigabytes of CUDA; the other index has it for processors, and is asked for nothing else.
"${pip[@]}" --extra-index-url https://download.pytorch.org/whl/cpu --requirement constraints.txt
"${pip[@]}" --constraint constraints.txt --requirement requirements.txt
while read -r name; do
    GRADER_DATA="$PWD/data" "$environment/bin/grader" data "$name" --download
done < data.txt
"$environment/bin/grader" --version
