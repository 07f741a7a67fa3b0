#!/usr/bin/env bash
# Grades /submissions into /results; further words are options of `grader grade`, or behind `grader` another command.
set -euo pipefail
bundle="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
grader="${GRADER_ENVIRONMENT:-/opt/torchgrade}/bin/grader"
if [ "${1:-}" = grader ]; then exec "$grader" "${@:2}"; fi
mapfile -t words < "$bundle/words.txt"
exec "$grader" grade "${words[@]}" "${SUBMISSIONS:-/submissions}" --out "${RESULTS:-/results}" --course "$bundle/course" "$@"
