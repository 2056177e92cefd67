#!/usr/bin/env bash
# Installs the validators of the files in deploy/ below target/deploy: `install.sh`. Versions and
# hashes are pinned. To change a version: edit `requirements.in`, then `install.sh lock`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${INGAM_TEST_DEPLOY:-$here/../../target/deploy}

if [ "${1:-}" = lock ]; then
    cd "$here"
    exec python3 -m piptools compile --quiet --strip-extras --generate-hashes --no-emit-index-url \
        --no-emit-trusted-host --no-emit-find-links --no-header --output-file requirements.txt requirements.in
fi
[ -x "$target/venv/bin/python" ] || python3 -m venv "$target/venv"
"$target/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$here/requirements.txt"
