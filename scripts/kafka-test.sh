#!/usr/bin/env bash
# The Kafka connector against real brokers on this machine (see kafka.sh, which starts them and needs Java and Maven).
#
#   kafka-test.sh test    one broker: all tests that need no fault of the fake one; a secured listener; then three brokers,
#                         of which some are killed, as is the process that copies
#   kafka-test.sh bench   one broker: our source, sink and exactly-once loop beside sarama's and franz-go's clients
#
# Environment: KILLS and BROKER_KILLS (20 and 3; the long form is 100 and 20), PLANS (how many times as many plans of late
# and lost requests), BENCH (a regexp), COUNT (3), BENCHTIME, TURGO_KAFKA_DATA (where brokers keep their data; /dev/shm is quickest), GOTESTFLAGS.
# Exit status 3: not run, since Java or Maven is missing.
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export GOTOOLCHAIN=auto

lacks="$(scripts/kafka.sh missing)" || {
  echo "kafka: left out, as $lacks is not there"
  exit 3
}
base="${TURGO_KAFKA_DATA:-/dev/shm}"
[ -w "$base" ] || base="${TMPDIR:-/tmp}"
work="$(mktemp -d "$base/turgo-kafka.XXXXXX")"
trap 'scripts/kafka.sh stop "$work/one"; scripts/kafka.sh stop "$work/three"; rm -rf "$work"' EXIT
port="${KAFKA_PORT:-29092}"

on() { # on DIR BROKERS COMMAND...: runs a command with brokers up, then stops them
  local dir=$1 brokers=$2 status=0 addresses
  shift 2
  addresses="$(scripts/kafka.sh start "$dir" "$brokers" "$port")" || return 1
  TURGO_KAFKA_BROKERS="$addresses" TURGO_KAFKA_CLUSTER="$dir" "$@" || status=$?
  scripts/kafka.sh stop "$dir"
  return "$status"
}

# secure DIR PORT makes a certificate for the brokers and the settings of a listener that wants TLS and credentials.
secure() {
  mkdir -p "$1"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=turgo" -addext "subjectAltName=IP:127.0.0.1" \
    -keyout "$1/key.pem" -out "$1/ca.pem" 2>/dev/null || return 1
  openssl pkcs8 -topk8 -nocrypt -in "$1/key.pem" -out "$1/pair.pem" && cat "$1/ca.pem" >>"$1/pair.pem" || return 1
  cat >"$1/extra" <<SETTINGS
ssl.keystore.type=PEM
ssl.keystore.location=$1/pair.pem
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
connections.max.reauth.ms=3000
listener.name.safe.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_job="hush-hush";
listener.name.safe.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.safe.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.safe.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
SETTINGS
  export KAFKA_EXTRA="$1/extra" KAFKA_LISTENERS="SAFE://127.0.0.1:$2"
  export KAFKA_FORMAT="--add-scram SCRAM-SHA-256=[name=job,password=hush-hush] --add-scram SCRAM-SHA-512=[name=job,password=hush-hush]"
  export TURGO_KAFKA_SECURED="127.0.0.1:$2" TURGO_KAFKA_CA="$1/ca.pem"
}

suite() { env -u TURGO_KAFKA_CLUSTER go test -count=1 -timeout 5m ${GOTESTFLAGS:-} ./connector/kafka -plans "${PLANS:-1}"; }

hurt() {
  go test -count=1 -timeout "${TIMEOUT:-30m}" ${GOTESTFLAGS:--v} -run 'TestKilledProcesses|TestFrozenProcess' ./connector/kafka \
    -kills "${KILLS:-20}" -broker-kills "${BROKER_KILLS:-3}"
}

bench() {
  env -u TURGO_KAFKA_CLUSTER go test -run '^$' -bench "${BENCH:-Source|Sink|Loop}" -benchtime "${BENCHTIME:-1000000x}" -count "${COUNT:-3}" -timeout 60m ./connector/kafka \
    | tee "$work/bench" >&2
  awk -f scripts/kafka-bench.awk "$work/bench"
}

case "${1:-}" in
test)
  failed=0
  secure "$work/secrets" $((port + 200)) || echo "kafka: no secured listener, as openssl could not make a certificate"
  on "$work/one" 1 suite || failed=1
  unset KAFKA_EXTRA KAFKA_LISTENERS KAFKA_FORMAT TURGO_KAFKA_SECURED TURGO_KAFKA_CA
  on "$work/three" 3 hurt || failed=1
  exit "$failed"
  ;;
bench) on "$work/one" 1 bench ;;
*)
  sed -n '2,/^set/p' "$0" | sed '$d' >&2
  exit 2
  ;;
esac
