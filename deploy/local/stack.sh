#!/usr/bin/env bash
# stack.sh up|down|status|clean|env: the services that Orion needs, on 127.0.0.1 of this machine:
# one Kafka node, one PostgreSQL cluster, one schema registry. README.md says more.
#
# All state lies under ORION_STATE (default: .orion of the checkout), so that a second stack on
# other ports needs only another ORION_STATE. A service that KAFKA_BROKERS, DATABASE_URL or
# SCHEMA_REGISTRY_URL names is used as it is, and ours is not started.
set -euo pipefail
# shellcheck source=SCRIPTDIR/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

wait_s=120
services=(kafka postgres registry)

main() {
  case ${1:-} in
    up) up ;;
    down) down ;;
    status) status ;;
    clean) clean ;;
    env) environment ;;
    *) usage "stack.sh up|down|status|clean|env" ;;
  esac
}

# ---- Commands ----------------------------------------------------------------------------

up() {
  mkdir -p "$run" "$log"
  # One `up` or `down` at a time. Keepers close this descriptor, so the lock ends with us.
  exec 8>"$run/stack.lock"
  flock 8
  settle_addresses
  local service jobs=() failed=''
  for service in "${services[@]}"; do
    given "$service" || kept "$service" || free_port "$service"
  done
  if [[ -z $given_kafka$given_postgres$given_registry ]] && all_kept && all_answer; then
    echo "The stack runs: $(addresses)"
    return
  fi
  for service in "${services[@]}"; do
    rm -f "$run/$service.failed"
  done
  trap 'kill "${jobs[@]}" 2>/dev/null; exit 130' INT TERM
  for service in "${services[@]}"; do
    (
      trap '(($? == 0)) || : >"$run/$service.failed"' EXIT
      bring_up "$service"
    ) &
    jobs+=($!)
  done
  for service in "${!services[@]}"; do
    wait "${jobs[service]}" || failed=1
  done
  [[ -z $failed ]] || exit 69
}

# What depends on others goes first; then the rest at once.
down() {
  mkdir -p "$run"
  exec 8>"$run/stack.lock"
  flock 8
  local name t0 first=() then=()
  t0=$(now_us)
  while read -r name; do
    case $name in
      kafka | postgres) then+=("$name") ;;
      registry) then=("$name" "${then[@]}") ;;
      *) first+=("$name") ;;
    esac
  done < <(names)
  ((${#first[@]} + ${#then[@]})) || return 0
  stop_all "${first[@]}"
  [[ " ${then[*]} " != *" registry "* ]] || stop registry
  stop_all "${then[@]}"
  echo "Stopped ${first[*]}${first:+ }${then[*]} in $(since "$t0")."
}

status() {
  local service code=0 word
  [[ -e $run/addresses ]] || unavailable "No stack in $state: run deploy/local/stack.sh up."
  recall_addresses
  printf '%-10s %-40s %-8s %8s %9s %9s\n' service address state pid 'rss MiB' restarts
  for service in "${services[@]}"; do
    local pid='' child='' restarts='' memory=''
    if given "$service"; then
      word=given
    elif alive "$run/$service.child"; then
      word=starting
      child=$pid
      if answers "$service"; then word=ready; fi
      memory=$(rss "$child")
      kept "$service" || word=unkept
      restarts=$(cat "$run/$service.restarts" 2>/dev/null || true)
    else
      word=down
    fi
    case $word in ready | given) ;; *) code=1 ;; esac
    printf '%-10s %-40s %-8s %8s %9s %9s\n' \
      "$service" "$(shown "$service")" "$word" "$child" "$memory" "$restarts"
  done
  return $code
}

clean() {
  [[ -e $state ]] || return 0
  [[ -d $run ]] || unavailable "$state is no state directory of the stack: nothing removed."
  local other
  while read -r other; do
    if alive "$other" && [[ $other != "$run"/* ]]; then
      unavailable "A second stack runs in ${other%/run/*}: stop it first, nothing removed."
    fi
  done < <(find "$state" -mindepth 2 -name '*.keeper')
  down
  # A test that was cut off may have left a small disk under a service.
  local mounted
  while read -r mounted; do umount -l "$mounted"; done < <(findmnt -rno TARGET | grep -F "$(realpath "$state")/" || true)
  # The cluster may lie elsewhere, behind a link: see postgres_place.
  local place
  while read -r place; do
    place=$(realpath -m "$place")
    [[ $place != /var/lib/orion/postgres.* ]] || rm -rf "$place"
  done < <(find "$state" -name postgres -type l)
  rm -rf "$state"
}

environment() {
  [[ -e $run/addresses ]] || unavailable "No stack in $state: run deploy/local/stack.sh up."
  recall_addresses
  printf 'export KAFKA_BROKERS=%q\nexport DATABASE_URL=%q\nexport SCHEMA_REGISTRY_URL=%q\n' \
    "$(address kafka)" "$(address postgres)" "$(address registry)"
}

# ---- Addresses ---------------------------------------------------------------------------

# Sets the ports and given_SERVICE (the address of a service that is not ours, else empty) as
# this state directory last had them.
recall_addresses() {
  local kafka_port=9092 controller_port=9093 postgres_port=5433 registry_port=8081
  given_kafka='' given_postgres='' given_registry=''
  # shellcheck source=/dev/null
  [[ ! -e $run/addresses ]] || source "$run/addresses"
  ports=("$kafka_port" "$controller_port" "$postgres_port" "$registry_port")
}

# The same for `up`: what the environment says goes before what was.
settle_addresses() {
  recall_addresses
  local was=${ports[*]} port
  ports=(
    "${ORION_KAFKA_PORT:-${ports[0]}}" "${ORION_KAFKA_CONTROLLER_PORT:-${ports[1]}}"
    "${ORION_POSTGRES_PORT:-${ports[2]}}" "${ORION_REGISTRY_PORT:-${ports[3]}}"
  )
  for port in "${ports[@]}"; do
    if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then usage "a port is 1 to 65535, not $port"; fi
  done
  if [[ ${ports[*]} != "$was" ]] && some_kept; then
    unavailable "The stack in $state runs on the ports $was: stop it before it moves to ${ports[*]}."
  fi
  given_kafka=${KAFKA_BROKERS:-} given_postgres=${DATABASE_URL:-} given_registry=${SCHEMA_REGISTRY_URL:-}
  # The shell that evaluated `stack.sh env` names our own services: those stay ours.
  [[ $given_kafka != "127.0.0.1:${ports[0]}" ]] || given_kafka=''
  [[ $given_postgres != "$(own_database_url)" ]] || given_postgres=''
  [[ $given_registry != "$(own_registry_url)" ]] || given_registry=''
  (
    # An address may hold a password.
    umask 077
    printf '%s=%q\n' kafka_port "${ports[0]}" controller_port "${ports[1]}" \
      postgres_port "${ports[2]}" registry_port "${ports[3]}" given_kafka "$given_kafka" \
      given_postgres "$given_postgres" given_registry "$given_registry" >"$run/addresses"
  )
}

own_database_url() { echo "postgres://orion@127.0.0.1:${ports[2]}/orion"; }
own_registry_url() { echo "http://127.0.0.1:${ports[3]}/apis/ccompat/v7"; }

given() {
  local variable=given_$1
  [[ -n ${!variable} ]]
}

address() {
  case $1 in
    kafka) echo "${given_kafka:-127.0.0.1:${ports[0]}}" ;;
    postgres) echo "${given_postgres:-$(own_database_url)}" ;;
    registry) echo "${given_registry:-$(own_registry_url)}" ;;
  esac
}

# shown SERVICE: its address without a password.
shown() { address "$1" | sed -E 's#(://[^:/@]*):[^@]*@#\1:***@#'; }

addresses() { echo "$(shown kafka), $(shown postgres), $(shown registry)"; }

some_kept() { kept kafka || kept postgres || kept registry; }
all_kept() { kept kafka && kept postgres && kept registry; }
all_answer() { answers kafka && answers postgres && answers registry; }

free_port() {
  local port variable
  # What a killed keeper left behind is ours, and its next keeper will replace it.
  if alive "$run/$1.child"; then return; fi
  case $1 in
    kafka)
      one_free_port "${ports[0]}" ORION_KAFKA_PORT
      one_free_port "${ports[1]}" ORION_KAFKA_CONTROLLER_PORT
      ;;
    postgres) one_free_port "${ports[2]}" ORION_POSTGRES_PORT ;;
    registry) one_free_port "${ports[3]}" ORION_REGISTRY_PORT ;;
  esac
}

one_free_port() {
  listening "$1" || return 0
  unavailable "Port $1 is taken by another program: set $2 to a free port."
}

# ---- Starting ----------------------------------------------------------------------------

bring_up() {
  local service=$1 t0 word='ready in' i
  t0=$(now_us)
  if given "$service"; then
    until given_answers "$service"; do
      if (($(now_us) - t0 > 30 * 1000000)); then
        echo "The given $service $(shown "$service") does not answer." >&2
        return 1
      fi
      sleep 0.2
    done
    printf '%-9s %-42s given\n' "$service" "$(shown "$service")"
    return
  fi
  if kept "$service"; then
    word='running, answered after'
  else
    "start_$service" || return 1
  fi
  for ((i = 0; ; i++)); do
    if answers "$service"; then break; fi
    if (($(now_us) - t0 > wait_s * 1000000)) || gave_up "$service"; then
      echo "$service does not start; the end of $log/$service.log:" >&2
      tail -n 15 "$log/$service.log" >&2 || true
      stop "$service"
      return 1
    fi
    sleep 0.1
  done
  case $service in
    postgres) finish_postgres ;;
    registry) finish_registry ;;
  esac || return 1
  printf '%-9s %-42s %s %s\n' "$service" "$(shown "$service")" "$word" "$(since "$t0")"
}

# A service that ends again and again before it ever answers will not start by waiting.
gave_up() {
  local restarts=0
  kept "$1" || return 0
  { read -r restarts <"$run/$1.restarts"; } 2>/dev/null || true
  ((restarts >= 5))
}

answers() {
  case $1 in
    kafka) kafka_answers "${ports[0]}" ;;
    postgres) PGCONNECT_TIMEOUT=2 "$(postgres_bin)/pg_isready" -q -h 127.0.0.1 -p "${ports[2]}" -d postgres -U orion ;;
    registry) curl -fsS -m 3 -o /dev/null "$(own_registry_url)/subjects" 2>/dev/null ;;
  esac
}

# A given broker may speak TLS, so only its door is tried.
given_answers() {
  local broker
  case $1 in
    kafka)
      broker=${given_kafka%%,*}
      timeout 3 bash -c ": </dev/tcp/${broker%:*}/${broker##*:}" 2>/dev/null
      ;;
    postgres) PGCONNECT_TIMEOUT=3 "$(postgres_bin)/pg_isready" -q -d "$given_postgres" ;;
    registry) curl -fsS -m 3 -o /dev/null "$given_registry/subjects" 2>/dev/null ;;
  esac
}

stop_all() {
  local name
  for name in "$@"; do stop "$name" & done
  wait
}

# ---- Kafka -------------------------------------------------------------------------------

start_kafka() {
  local home=$state/kafka
  [[ -e $kafka_home/complete ]] || unavailable "Kafka is not installed: run deploy/local/install.sh."
  mkdir -p "$home"
  kafka_properties >"$home/server.properties"
  if [[ ! -e $home/data/meta.properties ]]; then
    rm -rf "$home/data"
    mkdir -p "$home/data"
    # The tool wants an id of 16 random bytes in base64url that does not begin with a dash.
    "$(java_of)" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$kafka_home/libs/*" \
      -Dorg.slf4j.simpleLogger.defaultLogLevel=warn kafka.tools.StorageTool format \
      -t "O$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)" \
      -c "$home/server.properties" >>"$log/kafka.log" 2>&1 || {
      echo "Kafka could not format $home/data: see $log/kafka.log." >&2
      return 1
    }
  fi
  # The heap is small on purpose: Kafka lives in the page cache. On a machine that everything shares, the first compiler alone and the
  # collector that needs one thread: the second compiler takes a core for the first minutes, and for it and for the threads of
  # G1 commits wait by the tenth of a second. Most of the heap is for what is young, since little of it gets old.
  KEEP_SECONDS=30 "$here/keep.sh" kafka "$(java_of)" -Xms768m -Xmx1g -Xmn512m -XX:+UseSerialGC \
    -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
    -Dorg.slf4j.simpleLogger.showDateTime=true \
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS" \
    -cp "$kafka_home/libs/*" kafka.Kafka "$home/server.properties"
}

kafka_properties() {
  cat <<CONF
# Written by stack.sh at every start.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports[1]}
listeners=PLAINTEXT://127.0.0.1:${ports[0]},CONTROLLER://127.0.0.1:${ports[1]}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports[0]}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$state/kafka/data
num.partitions=4
auto.create.topics.enable=false
message.max.bytes=8388608
replica.fetch.max.bytes=8388608
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
# A transaction that begins while the markers of the one before are under way is looked at again after this long (default 20).
add.partitions.to.txn.retry.backoff.ms=1
# Expired transactions are noticed quickly (default 10000).
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
# 128 MiB by default, all of it taken at the start.
log.cleaner.dedupe.buffer.size=33554432
# After kill -9 the controller waits until the old registration has expired (default 9000).
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
CONF
}

# kafka_answers PORT: a Metadata request, by hand since a JVM tool would take two seconds. The
# broker answers with itself in the list as soon as the controller lets it serve.
kafka_answers() {
  local answer
  answer=$(
    exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || exit 0
    # length 19, key 3 (Metadata), version 1, correlation 7, client "orion", no topics
    printf '\0\0\0\023\0\003\0\001\0\0\0\007\0\005orion\0\0\0\0' >&3
    timeout 2 head -c 12 <&3 | od -An -v -tu1
  ) || return 1
  # length (4 bytes), correlation (4), number of brokers (4)
  read -ra answer <<<"${answer//$'\n'/ }"
  ((${#answer[@]} == 12 && answer[7] == 7 && answer[11] >= 1))
}


# ---- PostgreSQL --------------------------------------------------------------------------

start_postgres() {
  local bin place
  bin=$(postgres_bin)
  place=$(postgres_place)
  if [[ ! -e $place/made ]]; then
    # Half a cluster, of an `up` that was interrupted, holds nothing yet.
    rm -rf "$place/data"
    # trust: whoever may run programs on this machine may use this cluster. It listens on the
    # loopback address only, and is for development.
    as_postgres "$bin/initdb" -D "$place/data" -U orion -A trust -E UTF8 --locale=C.UTF-8 \
      --data-checksums >>"$log/postgres.log" 2>&1 || {
      echo "PostgreSQL could not make its cluster: see $log/postgres.log." >&2
      return 1
    }
    : >"$place/made"
  fi
  postgres_settings | as_postgres tee "$place/data/postgresql.auto.conf" >/dev/null
  local words
  mapfile -t words < <(as_postgres_words)
  # INT asks for a fast shutdown: sessions are ended, and the next start needs no recovery.
  KEEP_SIGNAL=INT KEEP_PROGRAM=postgres KEEP_PLACE=$place/data \
    "$here/keep.sh" postgres "${words[@]}" "$bin/postgres" -D "$place/data"
}

# The databases of a new cluster, once it answers.
finish_postgres() {
  local place name
  place=$(postgres_place)
  [[ ! -e $place/ready ]] || return 0
  for name in orion orion_registry; do
    [[ $(psql_own postgres -At -c "select 1 from pg_database where datname = '$name'") ]] ||
      psql_own postgres -c "create database $name"
  done
  : >"$place/ready"
}

postgres_buffers_mb() {
  awk '/^MemTotal/ { mb = int($2 / 4096); print (mb < 128 ? 128 : (mb > 2048 ? 2048 : mb)) }' /proc/meminfo
}

postgres_settings() {
  cat <<CONF
# Written by stack.sh at every start.
listen_addresses = '127.0.0.1'
port = ${ports[2]}
unix_socket_directories = ''
max_connections = 200
# A query over years of months holds a lock of each, and of their indexes.
max_locks_per_transaction = 256
# A quarter of the memory, as PostgreSQL advises, up to what a month of ten million payments needs: their indexes by command and by trace
# are written all over. Memory that is not needed is never touched.
shared_buffers = '$(postgres_buffers_mb)MB'
# What makes a commit durable; these are the defaults, and nobody should change them.
fsync = on
synchronous_commit = on
full_page_writes = on
wal_level = logical
max_prepared_transactions = 20
max_wal_size = '4GB'
checkpoint_timeout = '15min'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_checkpoints = off
CONF
}

# The newest server that is installed.
postgres_bin() {
  local bin
  bin=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
  [[ -x $bin ]] || unavailable "PostgreSQL is not installed: run deploy/local/install.sh."
  echo "${bin%/initdb}"
}

# Prints the directory of the cluster, and makes it. PostgreSQL refuses to run as root, so root
# lends it to the user postgres, who must be able to reach it: a checkout under a directory of
# root alone (mode 700) is out of reach. The cluster then lies in a directory of its own under
# /var/lib/orion, with a link to it in the state directory. /var/tmp would be swept after a month.
postgres_place() {
  local place=$state/postgres
  if [[ -L $place && ! -e $place ]]; then rm "$place"; fi
  if [[ ! -e $place ]]; then
    mkdir -m 700 "$place"
    if is_root; then
      chown postgres: "$place"
      if ! as_postgres test -w "$place" 2>/dev/null; then
        rmdir "$place"
        install -d -m 755 /var/lib/orion
        ln -s "$(mktemp -d /var/lib/orion/postgres.XXXXXXXX)" "$place"
        chown postgres: "$place/"
      fi
    fi
  fi
  realpath "$place"
}

is_root() { (($(id -u) == 0)); }

# setpriv and not runuser: it becomes the command, so that the pid we keep is the server's.
as_postgres_words() {
  if is_root; then printf '%s\n' setpriv --reuid=postgres --regid=postgres --init-groups; fi
}

as_postgres() {
  local words
  mapfile -t words < <(as_postgres_words)
  (cd / && HOME=/ "${words[@]}" "$@")
}

psql_own() { "$(postgres_bin)/psql" -qX -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "${ports[2]}" -U orion -d "$@"; }

# ---- Schema registry ---------------------------------------------------------------------

start_registry() {
  [[ -e $registry_home/complete ]] || unavailable "The schema registry is not installed: run deploy/local/install.sh."
  # It keeps its schemas in a database of its own in our cluster, or in the one that is given.
  # It would try again by itself if that is not there yet, but seconds later.
  if given postgres; then
    given_registry_database || return 1
  else
    until [[ -e $state/postgres/ready ]] && answers postgres; do
      if [[ -e $run/postgres.failed ]]; then
        echo "The schema registry is not started: it needs PostgreSQL." >&2
        return 1
      fi
      sleep 0.05
    done
  fi
  local jdbc_url jdbc_user jdbc_password
  jdbc_of "$(address postgres)" || return 1
  export APICURIO_STORAGE_KIND=sql APICURIO_STORAGE_SQL_KIND=postgresql \
    APICURIO_DATASOURCE_URL=$jdbc_url APICURIO_DATASOURCE_USERNAME=$jdbc_user \
    APICURIO_DATASOURCE_PASSWORD=$jdbc_password \
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE=1 APICURIO_DATASOURCE_JDBC_MIN_SIZE=1 \
    APICURIO_DATASOURCE_JDBC_MAX_SIZE=10 \
    QUARKUS_HTTP_HOST=127.0.0.1 QUARKUS_HTTP_PORT=${ports[3]} \
    QUARKUS_MANAGEMENT_HOST=127.0.0.1 QUARKUS_MANAGEMENT_PORT=0 \
    QUARKUS_HTTP_ACCESS_LOG_ENABLED=false QUARKUS_BANNER_ENABLED=false \
    QUARKUS_LOG_CONSOLE_FORMAT="%d{yyyy-MM-dd'T'HH:mm:ss.SSS} [%t] %p %c - %m%e%n" \
    QUARKUS_LOG_LEVEL=WARN QUARKUS_LOG_CATEGORY__IO_APICURIO__LEVEL=WARN
  # The first compiler alone: it starts in half the time, and a registry has little to do.
  "$here/keep.sh" registry "$registry_home/java" -Xmx256m -XX:+UseSerialGC \
    -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError -jar "$registry_home/quarkus-run.jar"
}

# A new subject must not be able to break its readers, whoever registers it. Every start sets it,
# since it lasts in the registry's database and costs a request. One may be left without an answer.
finish_registry() {
  curl -fsS -m 5 --retry 3 -o /dev/null -X PUT -H 'Content-Type: application/vnd.schemaregistry.v1+json' \
    -d '{"compatibility": "BACKWARD_TRANSITIVE"}' "$(own_registry_url)/config"
}

# The registry's database on a server that is not ours.
given_registry_database() {
  local psql=("$(postgres_bin)/psql" -qX -v ON_ERROR_STOP=1 -d "$given_postgres")
  [[ $("${psql[@]}" -At -c "select 1 from pg_database where datname = 'orion_registry'") ]] ||
    "${psql[@]}" -c 'create database orion_registry' || {
    echo "The schema registry needs a database orion_registry on the given server: create it." >&2
    return 1
  }
}

# jdbc_of URL: sets jdbc_url, jdbc_user and jdbc_password for the registry's database on the
# server of a postgres URL.
jdbc_of() {
  local rest=${1#*://} user='' host
  if ! [[ $1 =~ ^postgres(ql)?:// ]]; then
    echo "DATABASE_URL is no postgres://user:password@host:port/database address." >&2
    return 1
  fi
  host=${rest%%[/?]*}
  if [[ $host == *@* ]]; then
    user=${host%@*}
    host=${host##*@}
  fi
  jdbc_url=jdbc:postgresql://$host/orion_registry
  [[ $rest != *\?* ]] || jdbc_url+="?${rest#*\?}"
  jdbc_user=$(unescape "${user%%:*}")
  # The driver wants a password even where the server asks for none.
  jdbc_password=none
  [[ $user != *:* ]] || jdbc_password=$(unescape "${user#*:}")
}

unescape() { printf '%b' "${1//%/\\x}"; }

main "$@"
