#!/usr/bin/env bash
# Installs the client libraries of other people below target/clients: `install.sh ci` those that CI
# runs, `install.sh all` all of them. Versions and hashes are pinned, and no package runs a script of
# its own when npm installs it.
#
# To change a version: edit `python/*.in` or `node/*/package.json`, then `install.sh lock`.
set -euo pipefail
what=${1:?ci, all or lock}
clients=$(cd "$(dirname "$0")" && pwd)
target=${INGAM_TEST_CLIENTS:-$clients/../../target/clients}

if [ "$what" = lock ]; then
    for list in ci all; do
        # Without a network proxy's own settings in the file.
        (cd "$clients/python" && python3 -m piptools compile --quiet --strip-extras --generate-hashes \
            --no-emit-index-url --no-emit-trusted-host --no-header --output-file "$list.txt" "$list.in")
        (cd "$clients/node/$list" && npm install --package-lock-only --ignore-scripts --no-audit --no-fund)
    done
    exit
fi

mkdir -p "$target/home"
[ -x "$target/venv/bin/python" ] || python3 -m venv "$target/venv"
"$target/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$clients/python/$what.txt"
cp "$clients/node/$what/package.json" "$clients/node/$what/package-lock.json" "$target"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
