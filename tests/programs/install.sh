#!/usr/bin/env bash
# Installs pytest and Jest below target/programs, for the tests of docs/how-to/test-your-own-program.md. Versions
# and hashes are pinned, and no package runs a script of its own when npm installs it. JUnit 5 is Debian's
# package junit5.
#
# To change a version: edit `python/requirements.in` or `node/package.json`, then `install.sh lock`.
set -euo pipefail
programs=$(cd "$(dirname "$0")" && pwd)
target=${INGAM_TEST_PROGRAMS:-$programs/../../target/programs}

if [ "${1:-}" = lock ]; then
    # Without a network proxy's own settings in the file.
    (cd "$programs/python" && python3 -m piptools compile --quiet --strip-extras --generate-hashes \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header \
        --output-file requirements.txt requirements.in)
    (cd "$programs/node" && npm install --package-lock-only --ignore-scripts --no-audit --no-fund)
    exit
fi

mkdir -p "$target"
[ -x "$target/venv/bin/python" ] || python3 -m venv "$target/venv"
"$target/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$programs/python/requirements.txt"
cp "$programs/node/package.json" "$programs/node/package-lock.json" "$target"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
