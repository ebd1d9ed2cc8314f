#!/usr/bin/env bash
# A real Apache Kafka on this machine, for `make kafka-test` and `make bench-kafka`. Listens on 127.0.0.1 only.
#
#   kafka.sh install                     fetch the broker's jars by Maven, once
#   kafka.sh start DIR [BROKERS [PORT]]  1 or 3 brokers with their data in DIR, on PORT, PORT+1, …; prints the addresses
#   kafka.sh kill DIR N                  SIGKILL broker N (from 1)
#   kafka.sh freeze DIR N | thaw DIR N   SIGSTOP and SIGCONT
#   kafka.sh up DIR N                    start broker N again
#   kafka.sh stop DIR                    end all brokers and delete DIR
#
# Needs Java 17 or later and Maven; `kafka.sh missing` says what is not there and fails if anything is.
# Environment: KAFKA_VERSION, KAFKA_HEAP, KAFKA_EXTRA (a file of more lines for server.properties; PORT+200+N-1 is free for
# a second listener), TURGO_CACHE (where jars are kept).
#
# A broker is its own controller too. With one, a topic has one replica; with three it has three, of which two must be
# in sync, so that any one broker may be lost.
set -euo pipefail

version="${KAFKA_VERSION:-4.4.0}"
heap="${KAFKA_HEAP:-384m}"
cache="${TURGO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/turgo}/kafka-$version"
cluster_id="TurgoKafkaTestsAAAAAAA" # 16 bytes in base64, as the storage format wants

fail() {
  echo "kafka.sh: $*" >&2
  exit 1
}

missing() {
  local lacks="" major
  command -v mvn >/dev/null || [ -f "$cache/complete" ] || lacks="Maven"
  major="$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)" || true
  [ "${major:-0}" -ge 17 ] || lacks="${lacks:+$lacks and }Java 17"
  [ -z "$lacks" ] || { echo "$lacks"; return 1; }
}

install_jars() {
  [ -f "$cache/complete" ] && return
  local lacks
  lacks="$(missing)" || fail "$lacks is missing"
  mkdir -p "$cache"
  cat >"$cache/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>io.turgo</groupId><artifactId>broker</artifactId><version>0</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
POM
  mvn --quiet --batch-mode -f "$cache/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/jars" >&2
  touch "$cache/complete"
}

# properties DIR N BROKERS PORT prints the settings of broker N.
properties() {
  local dir=$1 n=$2 brokers=$3 port=$4 i voters="" copies=1 in_sync=1
  for ((i = 1; i <= brokers; i++)); do voters+="${voters:+,}$i@127.0.0.1:$((port + 99 + i))"; done
  [ "$brokers" -ge 3 ] && copies=3 in_sync=2
  cat <<SETTINGS
node.id=$n
process.roles=broker,controller
controller.listener.names=QUORUM
controller.quorum.voters=$voters
inter.broker.listener.name=CLIENTS
listener.security.protocol.map=CLIENTS:PLAINTEXT,QUORUM:PLAINTEXT,SAFE:SASL_SSL,MUTUAL:SSL
listeners=CLIENTS://127.0.0.1:$((port + n - 1)),QUORUM://127.0.0.1:$((port + 99 + n))${KAFKA_LISTENERS:+,$KAFKA_LISTENERS}
log.dirs=$dir/$n/data
auto.create.topics.enable=false
default.replication.factor=$copies
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=3
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
log.cleaner.dedupe.buffer.size=8388608
num.network.threads=2
num.io.threads=4
SETTINGS
  [ -z "${KAFKA_EXTRA:-}" ] || cat "$KAFKA_EXTRA"
}

# launch DIR N starts broker N in a session of its own and does not wait for it.
launch() {
  local home="$1/$2"
  setsid java -Xmx"$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel="${KAFKA_TIER:-4}" -cp "$cache/jars/*" kafka.Kafka "$home/server.properties" \
    </dev/null >"$home/log" 2>&1 &
  echo $! >"$home/pid"
}

pid_of() { cat "$1/$2/pid" 2>/dev/null || fail "$1 has no broker $2"; }

# listening DIR N waits until broker N takes connections.
listening() {
  local port i
  port="$(sed -n 's/^listeners=CLIENTS:..127.0.0.1:\([0-9]*\).*/\1/p' "$1/$2/server.properties")"
  for ((i = 0; i < 900; i++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
    kill -0 "$(pid_of "$1" "$2")" 2>/dev/null || { tail -n 20 "$1/$2/log" >&2; fail "broker $2 ended"; }
    sleep 0.1
  done
  fail "broker $2 does not listen on $port after 90 s"
}

start() {
  local dir=$1 brokers=${2:-1} port=${3:-29092} n addresses=""
  install_jars
  for ((n = 1; n <= brokers; n++)); do
    mkdir -p "$dir/$n"
    properties "$dir" "$n" "$brokers" "$port" >"$dir/$n/server.properties"
    java -Xmx128m -XX:TieredStopAtLevel=1 -cp "$cache/jars/*" kafka.tools.StorageTool format --ignore-formatted -t "$cluster_id" \
      ${KAFKA_FORMAT:-} -c "$dir/$n/server.properties" >"$dir/$n/format" 2>&1 || { cat "$dir/$n/format" >&2; fail "broker $n could not be prepared"; }
    addresses+="${addresses:+,}127.0.0.1:$((port + n - 1))"
  done
  for ((n = 1; n <= brokers; n++)); do launch "$dir" "$n"; done
  for ((n = 1; n <= brokers; n++)); do listening "$dir" "$n"; done
  echo "$addresses"
}

stop() {
  local file
  for file in "$1"/*/pid; do
    [ -f "$file" ] || continue
    kill -9 "$(cat "$file")" 2>/dev/null || true # nothing of it is kept
  done
  rm -rf "$1"
}

[ $# -gt 0 ] || { sed -n '2,/^set/p' "$0" | sed '$d' >&2; exit 2; }
do=$1
shift
case $do in
install) install_jars ;;
missing) missing ;;
start) start "$@" ;;
kill) kill -9 "$(pid_of "$1" "$2")" ;;
freeze) kill -STOP "$(pid_of "$1" "$2")" ;;
thaw) kill -CONT "$(pid_of "$1" "$2")" ;;
up)
  launch "$1" "$2"
  listening "$1" "$2"
  ;;
stop) stop "$1" ;;
*) fail "what is $do?" ;;
esac
