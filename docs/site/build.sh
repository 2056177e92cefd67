#!/usr/bin/env bash
# Builds the documentation as a site in target/site, and fails at the first warning: a link that
# leads nowhere, a page that is not in the navigation. `build.sh install` only installs the generator,
# and `build.sh lock` pins its versions and hashes.
set -euo pipefail
folder=$(cd "$(dirname "$0")" && pwd)
root=$folder/../..
venv=${INGAM_SITE_VENV:-$root/target/site-venv}

if [ "${1:-}" = lock ]; then
    # Without a network proxy's own settings in the file.
    (cd "$folder" && python3 -m piptools compile --quiet --strip-extras --generate-hashes \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header \
        --output-file requirements.txt requirements.in)
    exit
fi

if [ ! -x "$venv/bin/mkdocs" ] || ! cmp -s "$folder/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
        --requirement "$folder/requirements.txt"
    cp "$folder/requirements.txt" "$venv/installed.txt"
fi
[ "${1:-}" = install ] && exit
# Material for MkDocs prints a note about a future version of another program.
NO_MKDOCS_2_WARNING=1 "$venv/bin/mkdocs" build --strict --config-file "$root/mkdocs.yml"
