#!/usr/bin/env bash
# Runs the two images once as they are meant to be run: read-only root, no capability, user 65532, writable
# /data and /tmp alone. A coordinator, two sites that join and are approved, a study of two rounds.
#
#   deploy/images/smoke.sh        after deploy/images/build.sh
#
# Environment: VERSION (default dev), ENGINE (default cpu). Prints one line a check; exit 0 when all hold.
set -euo pipefail
here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
version="${VERSION:-dev}"
coordinator="localhost/consilium/coordinator:$version"
node="localhost/consilium/node:$version-${ENGINE:-cpu}"
# shellcheck source=podman.sh
source "$here/podman.sh"

work="$(mktemp -d)"
containers=()
clean() {
  local one
  for one in "${containers[@]}"; do
    timeout 30 podman rm -f -t 5 "$one" >/dev/null 2>&1 || true
  done
  podman volume rm -f smoke-coordinator smoke-north smoke-south smoke-tokens >/dev/null 2>&1 || true
  rm -rf "$work" "$podman_settings"
}
trap clean EXIT

hardened=(--read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges
  --user 65532:65532 --tmpfs /tmp:size=256m,mode=1777 --memory 1g)

passed() { printf 'ok    %s\n' "$*"; }
failed() {
  printf 'FAIL  %s\n' "$*" >&2
  exit 1
}

once() { # image $1, volume arguments up to --, then the command
  local image="$1"
  shift
  local mounts=()
  while [[ "$1" != -- ]]; do
    mounts+=("$1")
    shift
  done
  shift
  timeout 120 podman run --rm --no-healthcheck "${hardened[@]}" "${mounts[@]}" "$image" "$@"
}

serve() { # name $1, image $2, volume arguments up to --, then the command
  local name="$1" image="$2"
  shift 2
  local mounts=()
  while [[ "$1" != -- ]]; do
    mounts+=("$1")
    shift
  done
  shift
  containers+=("$name")
  timeout 60 podman run -d --name "$name" "${hardened[@]}" "${mounts[@]}" "$image" "$@" \
    >/dev/null 2>"$work/$name.start" || {
    cat "$work/$name.start" >&2
    failed "start $name"
  }
}

healthy() { # name $1: its own HEALTHCHECK, asked until it says yes
  local try
  for try in $(seq 1 40); do
    if timeout 20 podman healthcheck run "$1" >/dev/null 2>&1; then
      passed "$1 is healthy by its own check"
      return 0
    fi
    sleep 1
  done
  timeout 20 podman logs "$1" 2>&1 | tail -n 20 >&2
  failed "$1 is not healthy after $try tries"
}

admin() { timeout 60 podman exec smoke-coordinator consilium "$@"; }

# What the images say of themselves.
for image in "$coordinator" "$node"; do
  [[ "$(podman image inspect --format '{{.Config.User}}' "$image")" == 65532:65532 ]] ||
    failed "$image runs as another user"
  podman image inspect --format '{{json .Config.Entrypoint}}' "$image" | grep -q '^\["/opt/consilium/runtime/bin/java"' ||
    failed "$image has an entry point that is not exec form"
  podman image inspect --format '{{json .Config.Labels}}' "$image" | grep -q 'org.opencontainers.image.revision' ||
    failed "$image has no labels"
done
passed "both images: user 65532, exec entry point, labels"

once "$node" -- node --help >"$work/help" 2>&1 || failed "node --help: $(cat "$work/help")"
grep -q 'join' "$work/help" || failed "node --help says nothing of join"
passed "node --help"

code=0
once "$node" -- node join --token-file /tokens/none.token --state /data/state --json >"$work/refused" 2>&1 || code=$?
[[ "$code" == 2 ]] && grep -q 'CS-USAGE-001' "$work/refused" ||
  failed "join without a token: exit $code, $(cat "$work/refused")"
passed "join without a token is refused: exit 2, CS-USAGE-001"

# A consortium.
timeout 120 podman run --rm --no-healthcheck "${hardened[@]}" -v smoke-coordinator:/data --entrypoint consilium \
  "$coordinator" consortium init --dir /data/consortium --domain smoke.consilium.test \
  >"$work/consortium" 2>&1 || failed "$(cat "$work/consortium")"
serve smoke-coordinator "$coordinator" -v smoke-coordinator:/data -v smoke-tokens:/tokens -- \
  coordinator serve --public-host localhost
# One container for both here; between machines the authority has its own.
timeout 60 podman exec -d smoke-coordinator consilium ca serve --dir /data/consortium/authority
healthy smoke-coordinator
first=/data/consortium/persons/first.key
second=/data/consortium/persons/second.key

port=9464
for site in north south; do
  admin site invite "$site" --person "$first" -o "/tokens/$site.token" >/dev/null
  admin site approve "$site" --person "$second" >/dev/null
  containers+=("smoke-join-$site")
  timeout 60 podman run -d --no-healthcheck --name "smoke-join-$site" "${hardened[@]}" \
    -v "smoke-$site:/data" -v smoke-tokens:/tokens:ro "$node" \
    node join --token-file "/tokens/$site.token" --state /data/state >/dev/null
  words=""
  for _ in $(seq 1 40); do
    words="$(podman logs "smoke-join-$site" 2>&1 | sed -n "s/.*key of site $site: //p" | head -n 1)"
    [[ -n "$words" ]] && break
    sleep 1
  done
  [[ -n "$words" ]] || failed "$site printed no fingerprint: $(podman logs "smoke-join-$site" 2>&1 | tail -n 5)"
  admin site approve "$site" --person "$second" --fingerprint "$words" >/dev/null
  code="$(timeout 60 podman wait "smoke-join-$site")"
  [[ "$code" == 0 ]] || failed "$site did not join: $(podman logs "smoke-join-$site" 2>&1 | tail -n 5)"
  passed "$site joined; its six words were compared and approved"
  serve "smoke-$site" "$node" -v "smoke-$site:/data" -- \
    node serve --state /data/state --data synthetic:200 --metrics-port "$port"
  port=$((port + 1))
done
healthy smoke-north

# A study: nothing may happen before the hospitals say yes.
timeout 30 podman cp "$here/smoke-study.yaml" smoke-coordinator:/data/study.yaml
admin study create -f /data/study.yaml >/dev/null
for site in north south; do
  for _ in $(seq 1 20); do
    timeout 60 podman exec "smoke-$site" consilium node approve smoke --by-name --state /data/state >/dev/null 2>&1 && break
    sleep 1
  done
done
for _ in $(seq 1 30); do
  admin study start smoke >/dev/null 2>&1 && break
  sleep 1
done
timeout 120 podman exec smoke-coordinator consilium study watch smoke >"$work/watch" 2>&1 || true
grep -q COMPLETED "$work/watch" || failed "the study did not complete: $(tail -n 5 "$work/watch")"
passed "a study of two rounds over two sites completed"
timeout 60 podman exec smoke-north consilium node ledger --state /data/state --verify >"$work/ledger" 2>&1 ||
  failed "the ledger of north: $(cat "$work/ledger")"
passed "north's ledger verifies: $(tail -n 1 "$work/ledger")"

# Nothing but /data and /tmp can be written.
if timeout 30 podman exec smoke-north sh -c 'touch /opt/consilium/x' 2>/dev/null; then
  failed "the root of the node can be written"
fi
passed "the root is read-only"
timeout 30 podman stop -t 25 smoke-north >/dev/null
code="$(podman inspect --format '{{.State.ExitCode}}' smoke-north)"
[[ "$code" == 0 || "$code" == 143 ]] || failed "north stopped with $code"
passed "north stops on SIGTERM with $code"
