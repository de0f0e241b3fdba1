#!/usr/bin/env bash
# Builds the container images of the coordinator and the site node without any registry:
# a Debian base by mmdebstrap, a Java runtime by jlink, the jars by Maven, the images by podman.
#
#   deploy/images/build.sh [coordinator] [node]        both when none is named
#
# Environment: BASE (an image with a C library; made when absent), ENGINE (cpu | cuda),
#   CUDA_NATIVES (with ENGINE=cuda: the jar with the natives), VERSION (image tag, default dev),
#   SKIP_MAVEN=1 (use the jars that are there).
# Needs: podman, runc, mmdebstrap (only for the base), a JDK 25 that can link its own image.
set -euo pipefail
here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
root="$(cd "$here/../.." && pwd)"
stage="$root/target/images"
base="${BASE:-localhost/consilium-base:bookworm}"
engine="${ENGINE:-cpu}"
version="${VERSION:-dev}"
revision="$(git -C "$root" rev-parse HEAD 2>/dev/null || printf 'unknown')"
JAVA_HOME="$("$root/consilium" jdk)"
export JAVA_HOME
# shellcheck source=podman.sh
source "$here/podman.sh"

# What the services and their libraries load, as jdeps tells it, and four that are found by name only:
# jdk.crypto.ec (TLS), jdk.zipfs, jdk.naming.dns, and jdk.localedata for Chinese dates.
modules=java.base,java.compiler,java.desktop,java.instrument,java.logging,java.management,java.naming
modules+=,java.net.http,java.scripting,java.security.jgss,java.security.sasl,java.sql,java.xml
modules+=,jdk.crypto.ec,jdk.httpserver,jdk.jfr,jdk.localedata,jdk.management,jdk.naming.dns,jdk.net
modules+=,jdk.unsupported,jdk.zipfs

say() { printf 'images: %s\n' "$*" >&2; }

make_base() {
  podman image exists "$base" && return 0
  if [[ -n "${BASE:-}" ]]; then
    say "the image $base is not here; pull it or leave BASE unset"
    return 1
  fi
  say "making $base with mmdebstrap (minutes)"
  mkdir -p "$stage"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$stage/base.tar"
  podman import "$stage/base.tar" "$base" >/dev/null
  rm -f "$stage/base.tar"
}

make_jars() {
  if [[ -z "${SKIP_MAVEN:-}" ]]; then
    say "building the jars"
    (cd "$root" && ./mvnw -B -q -ntp -Pquick -pl coordinator,site-node -am package)
  fi
}

make_runtime() {
  if [[ -x "$stage/runtime/bin/java" && "$stage/runtime/.modules" -nt "$here/build.sh" ]]; then
    return 0
  fi
  say "linking the Java runtime"
  rm -rf "$stage/runtime"
  "$JAVA_HOME/bin/jlink" --add-modules "$modules" --include-locales=en,zh --strip-debug \
    --no-header-files --no-man-pages --output "$stage/runtime"
  printf '%s\n' "$modules" >"$stage/runtime/.modules"
}

make_probe() {
  "$JAVA_HOME/bin/javac" --release 25 -d "$stage/probe" "$here/HealthProbe.java"
}

stage_app() { # module $1, its jar and libraries, into the context $2
  local jars="$root/$1/target"
  if [[ ! -f "$jars/$1.jar" ]]; then
    say "$jars/$1.jar is missing; run without SKIP_MAVEN"
    return 1
  fi
  rm -rf "$2"
  mkdir -p "$2/lib" "$2/app/lib" "$2/owned/data" "$2/owned/tokens"
  cp "$jars/$1.jar" "$2/app/"
  local jar
  for jar in "$jars"/lib/*.jar; do
    # Our own modules change with every build, the others with a new version only: two layers.
    case "$(basename "$jar")" in
      proto-[0-9]* | security-[0-9]* | models-[0-9]*) cp "$jar" "$2/app/lib/" ;;
      *) cp "$jar" "$2/lib/" ;;
    esac
  done
  cp -al "$stage/runtime" "$2/runtime"
  cp -r "$stage/probe" "$2/probe"
  cat >"$2/consilium" <<LAUNCHER
#!/bin/sh
java="/opt/consilium/runtime/bin/java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m"
jar=/opt/consilium/$1/target/$1.jar
case "\$1" in # the issuing authority has its own main class
  ca | consortium) exec \$java --enable-native-access=ALL-UNNAMED -cp "\$jar" org.consilium.coordinator.issuing.CaMain "\$@" ;;
esac
exec \$java -jar "\$jar" "\$@"
LAUNCHER
  chmod 755 "$2/consilium"
}

stage_engine() { # natives unpacked into the context $1; the packed copies leave the jars
  local packed
  if [[ "$engine" == cuda ]]; then
    # Not run by the project: CUDA natives can be unpacked only where a GPU is seen, so the packed jar goes
    # in under the name that the class path knows, and the first start unpacks it to /data/engine.
    : "${CUDA_NATIVES:?set CUDA_NATIVES to pytorch-native-cu128-2.7.1-linux-x86_64.jar or alike}"
    cp "$CUDA_NATIVES" "$(printf '%s\n' "$1"/lib/pytorch-native-cpu-*.jar)"
    mkdir -p "$1/engine"
    return 0
  fi
  say "unpacking the $engine engine"
  DJL_CACHE_DIR="$1/engine" ENGINE_CACHE_DIR="$1/engine" DJL_OFFLINE=true OPT_OUT_TRACKING=true \
    "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED \
    -cp "$1/lib/*:$1/app/lib/*" "$here/UnpackEngine.java" 2>"$1/engine.log" >&2 || {
    tail -n 20 "$1/engine.log" >&2
    return 1
  }
  rm -f "$1/engine.log"
  for packed in "$1"/lib/pytorch-native-*.jar; do
    mkdir "$1/strip"
    (cd "$1/strip" && "$JAVA_HOME/bin/jar" --extract --file "$packed" native/lib/pytorch.properties &&
      "$JAVA_HOME/bin/jar" --create --no-manifest --file "$packed" native)
    rm -rf "$1/strip"
  done
  chmod -R go+rX "$1/engine"
}

make_image() { # Containerfile suffix $1, tag $2
  say "building $2"
  local cache=/opt/consilium/engine
  [[ "$engine" == cuda ]] && cache=/data/engine
  podman build --format docker --network host --timestamp 0 --quiet \
    --build-arg "BASE=$base" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --build-arg "ENGINE=$engine" --build-arg "ENGINE_CACHE=$cache" -f "$here/Containerfile.$1" -t "$2" "$stage/$1" >/dev/null
  podman image inspect --format '{{index .RepoTags 0}} {{.Size}} bytes' "$2"
}

wanted=("$@")
[[ ${#wanted[@]} -gt 0 ]] || wanted=(coordinator node)
make_base
make_jars
make_runtime
make_probe
for image in "${wanted[@]}"; do
  case "$image" in
    coordinator)
      stage_app coordinator "$stage/coordinator"
      make_image coordinator "localhost/consilium/coordinator:$version"
      ;;
    node)
      stage_app site-node "$stage/node"
      stage_engine "$stage/node"
      make_image node "localhost/consilium/node:$version-$engine"
      ;;
    *)
      say "unknown image '$image': coordinator or node"
      exit 2
      ;;
  esac
done
