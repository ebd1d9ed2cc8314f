#!/usr/bin/env bash
# Runs NEXMark queries on Turgo and on another engine by turns, and prints a table of both.
#   nexmark-peers.sh [query...]
# Environment: TURGO_NEXMARK_PEER  the other engine's command; it gets a query's name and prints lines of JSON with at least
#                                  engine, query, backend, par, ckptMs, events, evsMed, cpuNsPerEvent, rssMB, rows, sum
#              N=3000000 PAR="1 2" REPS=5 BACKEND=heap CKPT=0
set -euo pipefail
queries=${*:-q0 q1 q2 q3 q4 q5 q7 q8 q11 q18 q19}
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
go build -o "$bin/nexmark" ./internal/nexmark/cmd/nexmark
lines=$bin/lines
for q in $queries; do
  for p in ${PAR:-1 2}; do
    for engine in plain turgo; do
      "$bin/nexmark" -engine $engine -query "$q" -events "${N:-3000000}" -par "$p" -reps "${REPS:-5}" \
        -backend "${BACKEND:-heap}" -ckpt "${CKPT:-0}" | tee -a "$lines"
    done
  done
  if [ -n "${TURGO_NEXMARK_PEER:-}" ]; then
    $TURGO_NEXMARK_PEER "$q" | grep '^{' | tee -a "$lines"
  fi
done
echo
awk -F'[,:{}]' '
  { for (i = 2; i < NF; i++) { gsub(/"/, "", $i); v[$i] = $(i+1) }
    for (k in v) gsub(/"/, "", v[k])
    printf "%-8s %-5s %-8s p=%s ckpt=%-5s %8.2f M/s %7.0f ns %6s MB  %10s rows  %s\n",
      v["engine"], v["query"], v["backend"], v["par"], v["ckptMs"], v["evsMed"] / 1e6, v["cpuNsPerEvent"], v["rssMB"], v["rows"], v["sum"] }
' "$lines"
