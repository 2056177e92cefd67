#!/usr/bin/env bash
# Runs `ingam run` with the arguments of the action, and hands the exit code and the folder of the
# reports to the steps that follow. Annotations and the summary come from ingam itself: it writes
# them where GITHUB_ACTIONS is `true`.
set -euo pipefail
INGAM_ACTION_ARGUMENTS=${INGAM_ACTION_ARGUMENTS:-}
reports=${INGAM_ACTION_REPORTS:?the input \`reports\` is empty}

# xargs takes quotes away and expands nothing: an argument cannot start another program.
words=$(mktemp)
trap 'rm -f "$words"' EXIT
if [ -n "${INGAM_ACTION_ARGUMENTS//[[:space:]]/}" ] &&
    ! printf '%s' "$INGAM_ACTION_ARGUMENTS" | xargs printf '%s\0' >"$words"; then
    echo "::error::The input \`arguments\` has a quote that does not end." >&2
    exit 2
fi
# The bash of macOS is 3.2: it has no `mapfile`, and an empty array is an unset variable.
arguments=()
while IFS= read -r -d '' word; do
    arguments+=("$word")
done <"$words"

code=0
ingam run ${arguments[@]+"${arguments[@]}"} \
    --report "json=$reports/run.json" \
    --report "junit=$reports/junit.xml" \
    --report "html=$reports/run.html" || code=$?
{
    echo "exit-code=$code"
    # ingam writes no report when the command line is wrong.
    [ ! -e "$reports" ] || echo "reports=$(cd "$reports" && pwd)"
} >>"$GITHUB_OUTPUT"
exit "$code"
