#!/usr/bin/env bash
# Runs `ingam run` with the arguments of the action, and hands the exit code and the folder of the
# reports to the steps that follow. Annotations and the summary come from ingam itself: it writes
# them where GITHUB_ACTIONS is `true`.
set -euo pipefail
reports=${INGAM_ACTION_REPORTS:?the input \`reports\` is empty}

# xargs takes quotes away and expands nothing: an argument cannot start another program.
words=$(mktemp)
trap 'rm -f "$words"' EXIT
if ! printf '%s' "${INGAM_ACTION_ARGUMENTS:-}" | xargs -r printf '%s\0' >"$words"; then
    echo "::error::The input \`arguments\` has a quote that does not end." >&2
    exit 2
fi
mapfile -d '' -t arguments <"$words"

code=0
ingam run "${arguments[@]}" \
    --report "json=$reports/run.json" \
    --report "junit=$reports/junit.xml" \
    --report "html=$reports/run.html" || code=$?
{
    echo "exit-code=$code"
    # ingam writes no report when the command line is wrong.
    [ ! -e "$reports" ] || echo "reports=$(cd "$reports" && pwd)"
} >>"$GITHUB_OUTPUT"
exit "$code"
