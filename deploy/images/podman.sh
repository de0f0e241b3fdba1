# Sourced by build.sh and smoke.sh: podman settings that also work inside a container or a small virtual
# machine. runc, because crun fails on hybrid cgroups; explicit limits, because the defaults need
# CAP_SYS_RESOURCE; the host's network, because a first bridge can take minutes.
podman_settings="$(mktemp)"
trap 'rm -f "$podman_settings"' EXIT
cat >"$podman_settings" <<'SETTINGS'
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
SETTINGS
export CONTAINERS_CONF="${CONTAINERS_CONF:-$podman_settings}"
