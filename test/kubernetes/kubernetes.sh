#!/usr/bin/env bash
# A real Kubernetes for tests: etcd, apiserver, controller-manager, scheduler, and on each node kubelet,
# containerd, runc, bridge network and kube-proxy, with CoreDNS for names. All of it lives in a network, mount
# and pid namespace of its own: nothing is on the machine's network, and "down" leaves nothing behind.
#
#   kubernetes.sh up [--nodes 0..3] [--image FILE.tar]... [--node-grace SECONDS]
#                                   start; returns when all nodes are Ready and pods can be created
#        --nodes 0                  only the control plane, on free ports of 127.0.0.1, without root or namespaces
#        --image FILE.tar           load this image on every node (made by mkimg)
#        --node-grace 40            seconds without a sign of life until a node is NotReady
#   kubernetes.sh exec COMMAND...   run a command of this machine in the cluster's network, with kubectl on PATH,
#                                   KUBECONFIG set and the cluster's names resolved:  exec kubectl get pods,
#                                   go test -exec "kubernetes.sh exec" ./...
#   kubernetes.sh load-image FILE.tar...
#   kubernetes.sh status            nodes, pods, memory of each part; exit status 1 if it is not up
#   kubernetes.sh logs [PART]       the end of every part's log, or all of one's (apiserver, kubelet1, ...)
#   kubernetes.sh partition N       cut node N (2 or 3) off the network;  heal N  connects it again
#   kubernetes.sh pause PART        let a part hang (apiserver, kubelet2, scheduler, ...);  resume PART  lets it go on
#   kubernetes.sh kill PART         end a part, with no warning;  restart PART  ends it and starts it anew
#   kubernetes.sh forward PORT HOST:PORT   127.0.0.1:PORT of this machine to an address in the cluster, until ended
#   kubernetes.sh down              end everything and remove its files
#
# Settings from the environment: CLUSTER (default "weir"; several can run at a time), KUBERNETES_DIR (run folder),
# APISERVER_FLAGS, CONTROLLER_FLAGS, KUBELET_CONFIG (lines of its YAML file), PROXY_MODE (iptables or nftables).
# Needs: what build.sh makes and installs; root unless --nodes 0; Linux with cgroups v1 or v2, overlay, veth.
set -euo pipefail

self=$(readlink -f "$0")
CLUSTER=${CLUSTER:-weir}
R=${KUBERNETES_DIR:-${TMPDIR:-/tmp}/weir-test-kubernetes/$CLUSTER}   # everything this cluster writes
home=${KUBERNETES_HOME:-$("$(dirname "$self")/build.sh" --where)}
B=$home/bin

# Addresses inside the namespaces. They may be in use outside: there is no way from one to the other.
nodes_net=10.89.0            # node N is 10.89.0.N; node 1 is the control plane's network namespace too
pods_net=10.244              # pods of node N are in 10.244.N.0/24
services=10.96.0.0/16        # the apiserver is 10.96.0.1 for pods

unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY   # no proxy can be reached in there
export KUBECACHEDIR=$R/kubectl-cache                                       # not the user's ~/.kube/cache

die() { echo "kubernetes: $*" >&2; exit 1; }

# ---------------------------------------------------------------------------------------------------------
# Shared by the full cluster (inside the namespaces) and the control plane on 127.0.0.1

fail() { echo "$*" >>"$R/failed"; exit 1; }   # seen by "up"

# await WHAT COMMAND... : until the command succeeds, at most 120 s, and only while all parts run
await() {
  local what=$1 end=$((SECONDS + 120)); shift
  until "$@" >/dev/null 2>&1; do
    [ ! -s "$R/failed" ] || exit 1
    [ $SECONDS -lt $end ] || fail "$what is not there after 120 s"
    alive
    sleep 0.05
  done
}

started() { cut -d' ' -f22 "/proc/$1/stat" 2>/dev/null; }   # when a process started: pid and this name it for good

# start PART COMMAND... : in the background, with a log of its own
start() {
  local part=$1; shift
  mkdir -p "$R/commands"; printf '%q ' "$@" >"$R/commands/$part"   # for restart
  setsid "$@" >"$R/log/$part.log" 2>&1 </dev/null &
  echo "$part $! $(started $!)" >>"$R/pids"
}

# alive : fails if a part has ended
alive() {
  local part pid at
  while read -r part pid at; do
    [ "$(started "$pid")" = "$at" ] || fail "$part ended: $(grep -v '^$' "$R/log/$part.log" 2>/dev/null | tail -n 3)"
  done <"$R/pids"
}

# make_keys ADDRESS PORT : certificates, tokens and a kubeconfig for each part
make_keys() {
  local address=$1 port=$2 n; mkdir -p "$R/pki"; cd "$R/pki"
  openssl ecparam -name prime256v1 -genkey -noout -out ca.key
  openssl req -x509 -new -key ca.key -subj /CN=weir-test-ca -days 3650 -out ca.crt
  openssl ecparam -name prime256v1 -genkey -noout -out apiserver.key
  openssl req -new -key apiserver.key -subj /CN=kube-apiserver -out apiserver.csr
  printf 'subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:%s,IP:%s\nextendedKeyUsage=serverAuth\n' \
    "${services%.*}.1" "$nodes_net.1" >extensions
  openssl x509 -req -in apiserver.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile extensions -out apiserver.crt
  openssl genrsa -out sa.key 2048; openssl rsa -in sa.key -pubout -out sa.pub   # signs service account tokens
  user() { # FILE USER [GROUP]
    local token; token=$(openssl rand -hex 16)
    echo "$token,$2,$1${3:+,\"$3\"}" >>tokens.csv
    cat >"$1.kubeconfig" <<Y
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://$address:$port", certificate-authority: $R/pki/ca.crt}}]
users: [{name: u, user: {token: $token}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
Y
  }
  user admin admin system:masters
  user controllers system:kube-controller-manager
  user scheduler system:kube-scheduler
  user kube-proxy system:kube-proxy
  for n in 1 2 3; do user "kubelet$n" "system:node:node$n" system:nodes; done
  cd /
}

# control_plane LISTEN ADVERTISE API ETCD PEER CONTROLLERS SCHEDULER : addresses and ports
control_plane() {
  local listen=$1 address=$2 api=$3 etcd=$4 peer=$5 controllers=$6 scheduler=$7 extra=
  start etcd etcd --data-dir "$R/etcd" --unsafe-no-fsync \
    --listen-client-urls "http://127.0.0.1:$etcd" --advertise-client-urls "http://127.0.0.1:$etcd" \
    --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "default=http://127.0.0.1:$peer"
  await etcd curl -sf "http://127.0.0.1:$etcd/health"
  # A Service may not have an endpoint in 127.0.0.0/8, so there the apiserver must not publish its own.
  [ "$address" != 127.0.0.1 ] || extra=--endpoint-reconciler-type=none
  # Debian's etcd 3.4 does not tell how far it is, without which watches of older clients, such as Flink's, fail.
  start apiserver "$B/kube-apiserver" --etcd-servers="http://127.0.0.1:$etcd" --feature-gates=WatchList=false \
    --bind-address="$listen" --secure-port="$api" --advertise-address="$address" $extra \
    --tls-cert-file="$R/pki/apiserver.crt" --tls-private-key-file="$R/pki/apiserver.key" --token-auth-file="$R/pki/tokens.csv" \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$R/pki/sa.pub" \
    --service-account-signing-key-file="$R/pki/sa.key" --service-cluster-ip-range=$services \
    --authorization-mode=Node,RBAC --allow-privileged=true --kubelet-preferred-address-types=InternalIP ${APISERVER_FLAGS:-}
  await apiserver curl -sf --cacert "$R/pki/ca.crt" "https://$address:$api/readyz"
  # Without use-service-account-credentials the controllers may not create what they control.
  start controller-manager "$B/kube-controller-manager" --kubeconfig="$R/pki/controllers.kubeconfig" \
    --bind-address=127.0.0.1 --secure-port="$controllers" --leader-elect=false --cert-dir="$R/certs" --flex-volume-plugin-dir="$R/volume-plugins" \
    --service-account-private-key-file="$R/pki/sa.key" --root-ca-file="$R/pki/ca.crt" --use-service-account-credentials=true \
    --node-monitor-grace-period="${NODE_GRACE}s" --node-monitor-period=2s ${CONTROLLER_FLAGS:-}
  start scheduler "$B/kube-scheduler" --kubeconfig="$R/pki/scheduler.kubeconfig" \
    --bind-address=127.0.0.1 --secure-port="$scheduler" --leader-elect=false --cert-dir="$R/certs"
  touch "$R/api-up"
}

kubectl() { "$B/kubectl" --kubeconfig="$R/pki/admin.kubeconfig" "$@"; }

# ---------------------------------------------------------------------------------------------------------
# The full cluster

# hierarchies : every folder that a cgroup must be made in: one with v2, one for each controller with v1
hierarchies() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then echo /sys/fs/cgroup; else ls -d /sys/fs/cgroup/*/; fi
}

# node N : containerd, kubelet and kube-proxy; nodes 2 and 3 in network namespaces of their own on the bridge node0
node() {
  local N=$1 D=$R/n$1 address=$nodes_net.$1 cgroup=/$CLUSTER-n$1 h c M P image on
  mkdir -p "$D"/{kubelet,cni,cni-state,containerd,containerd-state,log}

  # A cgroup root of its own: two kubelets on one root would delete each other's pods.
  for h in $(hierarchies); do
    if [ -f "$h/cgroup.controllers" ] && [ "$h" = /sys/fs/cgroup ]; then
      for c in $(cat "$h/cgroup.controllers"); do echo "+$c" >"$h/cgroup.subtree_control" 2>/dev/null || true; done
    fi
    mkdir -p "$h$cgroup"
  done
  if [ -d "/sys/fs/cgroup/cpuset$cgroup" ]; then # v1: empty until filled in
    for c in cpus mems; do cat /sys/fs/cgroup/cpuset/cpuset.$c >"/sys/fs/cgroup/cpuset$cgroup/cpuset.$c"; done
  fi

  # kubelet, containerd and CNI have fixed names in /run, /var/log and /var/lib: each node has its own of these.
  setsid unshare --mount $([ "$N" = 1 ] || echo --net) sleep infinity </dev/null >/dev/null 2>&1 &
  P=$!
  echo "namespaces$N $P $(started $P)" >>"$R/pids"
  await "namespaces of node $N" sh -c "[ \$(readlink /proc/$P/ns/mnt) != \$(readlink /proc/self/ns/mnt) ] && [ \$(cat /proc/$P/comm) = sleep ]"
  on="nsenter -t $P -m -n --"   # not "ip netns exec": that gives each command another mount namespace
  $on sh -c "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && mount --bind $D/log /var/log &&
    mkdir /var/lib/kubelet && mount --bind $D/kubelet /var/lib/kubelet"
  if [ "$N" != 1 ]; then
    ip link add "node$N" type veth peer name eth0 netns "$P"; ip link set "node$N" master node0 up
    $on ip link set lo up; $on ip addr add "$address/24" dev eth0; $on ip link set eth0 up
    $on ip route add default via $nodes_net.1
    $on sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables'
    ip route add "$pods_net.$N.0/24" via "$address"
    for M in $(seq 1 "$NODES"); do [ "$M" = "$N" ] || $on ip route add "$pods_net.$M.0/24" via "$nodes_net.$M"; done
  fi

  cat >"$D/cni/10.conflist" <<Y
{"cniVersion": "0.4.0", "name": "weir", "plugins": [
 {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$D/cni-state", "ranges": [[{"subnet": "$pods_net.$N.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
 {"type": "portmap", "capabilities": {"portMappings": true}}]}
Y
  # oom_score and restrict_oom_score_adj: a root without CAP_SYS_RESOURCE may not lower oom_score_adj.
  # certs.d: a registry that a test starts on port 5000 of node 1 is used over plain HTTP.
  cat >"$D/containerd.toml" <<Y
version = 2
root = "$D/containerd"
state = "$D/containerd-state"
oom_score = 0
[grpc]
  address = "$D/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$D/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "weir.local/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$R/certs.d"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$D/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
Y
  start "containerd$N" $on containerd -c "$D/containerd.toml"
  await "containerd of node $N" ctr -a "$D/containerd.sock" version
  for image in "$home/images/pause.tar" "$home/images/busybox.tar" ${IMAGES:-}; do
    ctr -a "$D/containerd.sock" -n k8s.io images import "$image" >>"$R/log/import$N.log" 2>&1 || fail "cannot load $image: $(tail -n 1 "$R/log/import$N.log")"
  done

  await "the apiserver" test -f "$R/api-up"
  cat >"$D/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: $cgroup
failSwapOn: false
oomScoreAdj: 0
containerRuntimeEndpoint: unix://$D/containerd.sock
volumePluginDir: $D/volume-plugins
resolvConf: $R/resolv.node
clusterDNS: [$nodes_net.1]
clusterDomain: cluster.local
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
nodeStatusUpdateFrequency: 5s
nodeLeaseDurationSeconds: $NODE_GRACE
${KUBELET_CONFIG:-}
Y
  start "kubelet$N" $on "$B/kubelet" --config="$D/kubelet.yaml" --kubeconfig="$R/pki/kubelet$N.kubeconfig" \
    --hostname-override="node$N" --node-ip="$address" --root-dir=/var/lib/kubelet --cert-dir="$D/kubelet-certs" --v=2
  # conntrack: these settings are the machine's, kube-proxy must leave them alone
  cat >"$D/kube-proxy.yaml" <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
bindAddress: $address
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
clientConnection: {kubeconfig: $R/pki/kube-proxy.kubeconfig}
clusterCIDR: $pods_net.0.0/16
hostnameOverride: node$N
mode: ${PROXY_MODE:-iptables}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
Y
  start "kube-proxy$N" $on "$B/kube-proxy" --config="$D/kube-proxy.yaml"
}

node_ready() { kubectl get node "node$1" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' | grep -q True; }

# init : process 1 of the namespaces; when it ends, the kernel ends everything in them
init() {
  local kv file N begin; begin=$(date +%s.%N)
  mount --make-rprivate /
  ip link set lo up
  ip link add node0 type bridge; ip addr add $nodes_net.1/24 dev node0; ip link set node0 up; ip route add default dev node0
  echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
  # The kubelet would set these for the whole machine: show it the values it wants, in this mount namespace only.
  mkdir -p "$R/sysctl"
  for kv in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1; do
    file=$R/sysctl/$(echo "${kv%=*}" | tr / _)
    echo "${kv#*=}" >"$file"; mount --bind "$file" "/proc/sys/${kv%=*}"
  done
  echo "nameserver 127.0.0.1" >"$R/resolv.node"
  mkdir -p "$R/certs.d/$nodes_net.1:5000"
  printf 'server = "http://%s"\n[host."http://%s"]\n  capabilities = ["pull", "resolve"]\n' $nodes_net.1:5000 $nodes_net.1:5000 >"$R/certs.d/$nodes_net.1:5000/hosts.toml"

  make_keys $nodes_net.1 6443 2>>"$R/log/keys.log"
  for N in $(seq 1 "$NODES"); do
    (trap '[ $? = 0 ] || echo "node $N: a command of the start failed, see init.log" >>"$R/failed"' EXIT; node "$N") &
  done
  control_plane 0.0.0.0 $nodes_net.1 6443 2379 2380 10257 10259
  cat >"$R/Corefile" <<Y
.:53 {
  bind $nodes_net.1
  errors
  cache 1
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $R/pki/admin.kubeconfig c
    pods verified
    ttl 1
  }
}
Y
  start coredns "$B/coredns" -conf "$R/Corefile"
  for N in $(seq 1 "$NODES"); do await "node $N" node_ready "$N"; done
  await "the default service account" kubectl get serviceaccount default   # until then no pod can be created
  alive
  awk "BEGIN {printf \"%.1f\n\", $(date +%s.%N) - $begin}" >"$R/ready.new"; mv "$R/ready.new" "$R/ready"
  set +e
  while :; do wait -n 2>/dev/null || sleep 1; done
}

# ---------------------------------------------------------------------------------------------------------
# Commands

nodes() { cat "$R/nodes" 2>/dev/null || true; }
is_up() { # the process that holds all of it is the one we started
  local pid at; read -r pid at 2>/dev/null <"$R/holder" && [ "$(started "$pid")" = "$at" ]
}
need_up() { is_up && [ -f "$R/ready" ] || die "$CLUSTER is not up"; }
inside() { cut -d' ' -f1 "$R/init"; }   # pid of init, as this machine sees it

free_port() {
  local p
  while :; do
    p=$((20000 + RANDOM % 12000))
    [ -z "$(ss -Htln "sport = :$p")" ] && [[ " $* " != *" $p "* ]] && { echo $p; return; }
  done
}

up() {
  local image i ports=
  NODES=1 NODE_GRACE=40 IMAGES=
  while [ $# -gt 0 ]; do
    case $1 in
      --nodes) NODES=$2 ;;
      --image) [ -f "$2" ] || die "no such file: $2"; image=$(readlink -f "$2"); IMAGES="$IMAGES $image" ;;
      --node-grace) NODE_GRACE=${2%s} ;;
      *) die "unknown option $1" ;;
    esac
    shift 2
  done
  [[ $NODES =~ ^[0-3]$ ]] || die "--nodes wants 0 to 3"
  [[ $NODE_GRACE =~ ^[0-9]+$ ]] || die "--node-grace wants whole seconds"
  [[ $CLUSTER =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?$ ]] || die "CLUSTER wants small letters, digits and -"
  [ -f "$home/complete" ] || die "not built: run $(dirname "$self")/build.sh"
  ! is_up || die "$CLUSTER is up already (kubernetes.sh down ends it)"
  down
  mkdir -p "$R/log"; : >"$R/pids"; echo "$NODES" >"$R/nodes"

  if [ "$NODES" = 0 ]; then
    local begin; begin=$(date +%s.%N)
    for i in 1 2 3 4 5; do ports="$ports $(free_port $ports)"; done
    set -- $ports
    make_keys 127.0.0.1 "$1" 2>"$R/log/keys.log"
    if (control_plane 127.0.0.1 127.0.0.1 "$@"
        await controller-manager curl -skf "https://127.0.0.1:$4/healthz"; await scheduler curl -skf "https://127.0.0.1:$5/healthz"
        await "the default service account" kubectl get serviceaccount default; alive); then
      sed -n 's/^apiserver //p' "$R/pids" >"$R/holder"
      awk "BEGIN {printf \"%.1f\n\", $(date +%s.%N) - $begin}" >"$R/ready"
    fi
  else
    [ "$(id -u)" = 0 ] || die "needs root for nodes (not for --nodes 0)"
    [ -d /proc/sys/net/bridge ] || modprobe br_netfilter 2>/dev/null || true
    export CLUSTER NODES NODE_GRACE IMAGES KUBERNETES_DIR=$R KUBERNETES_HOME=$home
    export APISERVER_FLAGS CONTROLLER_FLAGS KUBELET_CONFIG PROXY_MODE
    setsid unshare --net --mount --pid --fork --kill-child --mount-proc "$self" init >"$R/log/init.log" 2>&1 </dev/null &
    echo "$! $(started $!)" >"$R/holder"
    for ((i = 0; i < 100; i++)); do
      ! pgrep -P $! >"$R/init" || break
      sleep 0.05
    done
    for ((i = 0; i < 3000; i++)); do
      [ ! -f "$R/ready" ] && [ ! -s "$R/failed" ] && is_up || break
      sleep 0.1
    done
  fi
  if [ ! -f "$R/ready" ]; then
    echo "kubernetes: not ready: $(cat "$R/failed" 2>/dev/null || tail -n 3 "$R"/log/init.log)" >&2
    echo "kubernetes: logs are in $R/log until the next up or down" >&2
    stop
    exit 1
  fi
  echo "kubernetes: $CLUSTER is up after $(cat "$R/ready") s, $NODES node(s); KUBECONFIG=$R/pki/admin.kubeconfig"
}

# stop : ends the processes and takes the cgroups away
stop() {
  local pid at part i d
  if [ "$(nodes)" = 0 ]; then
    for i in TERM KILL; do
      while read -r part pid at; do [ "$(started "$pid")" != "$at" ] || kill -$i "$pid" 2>/dev/null || true; done <"$R/pids"
      for ((d = 0; d < 30; d++)); do
        while read -r part pid at; do [ "$(started "$pid")" != "$at" ] || { sleep 0.1; continue 2; }; done <"$R/pids"
        break
      done
    done
    return
  fi
  if is_up; then
    read -r pid at <"$R/holder"
    # unshare ignores SIGTERM while it waits, and its child, process 1, takes all others with it
    kill -KILL "$(inside)" 2>/dev/null || kill -KILL "$pid"
    for ((i = 0; i < 100; i++)); do is_up || break; sleep 0.1; done
    ! is_up || die "process $pid does not end"
  fi
  for ((i = 0; i < 20; i++)); do
    for d in /sys/fs/cgroup/"$CLUSTER"-n[123] /sys/fs/cgroup/*/"$CLUSTER"-n[123]; do
      [ ! -d "$d" ] || find "$d" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
    ls -d /sys/fs/cgroup/"$CLUSTER"-n[123] /sys/fs/cgroup/*/"$CLUSTER"-n[123] >/dev/null 2>&1 || break
    sleep 0.2
  done
}

down() {
  [ -d "$R" ] || return 0
  stop
  rm -rf "$R"
  rmdir "$(dirname "$R")" 2>/dev/null || true
}

# memory : pids in the file are those of the pid namespace, so this runs inside
memory() {
  local part pid at
  while read -r part pid at; do
    awk -v part="$part" '/VmHWM/ {peak = $2} /VmRSS/ {now = $2} END {if (now) printf "  %-20s %4d MiB now, %4d at most\n", part, now / 1024, peak / 1024}' "/proc/$pid/status" 2>/dev/null || true
  done <"$R/pids"
}

case ${1:-} in
  up) shift; up "$@" ;;
  down) down ;;
  exec)
    need_up; shift
    export KUBECONFIG=$R/pki/admin.kubeconfig PATH=$B:$PATH
    [ "$(nodes)" != 0 ] || exec "$@"
    printf 'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver %s\noptions ndots:5\n' $nodes_net.1 >"$R/resolv.exec"
    exec nsenter -t "$(inside)" -n -- unshare --mount -- sh -c '[ ! -e /etc/resolv.conf ] || mount --bind "$0" /etc/resolv.conf; exec "$@"' "$R/resolv.exec" "$@"
    ;;
  load-image)
    need_up; shift
    for image in "$@"; do
      [ -f "$image" ] || die "no such file: $image"
      loaded=$R/loaded-$(stat -c '%n %s %Y' "$image" | sha256sum | cut -c1-16)   # half a gigabyte takes its time
      [ ! -f "$loaded" ] || continue
      pids=
      for N in $(seq 1 "$(nodes)"); do ctr -a "$R/n$N/containerd.sock" -n k8s.io images import "$image" & pids="$pids $!"; done
      for p in $pids; do wait "$p"; done
      touch "$loaded"
    done
    ;;
  status)
    is_up || { echo "$CLUSTER is not up"; exit 1; }
    if [ ! -f "$R/ready" ]; then echo "$CLUSTER is starting"; exit 1; fi
    echo "$CLUSTER: $(nodes) node(s), files in $R, KUBECONFIG=$R/pki/admin.kubeconfig"
    "$self" exec kubectl get nodes,pods -A -o wide 2>&1 | cut -c1-150
    if [ "$(nodes)" = 0 ]; then memory; else nsenter -t "$(inside)" -m -p -- env KUBERNETES_DIR="$R" KUBERNETES_HOME="$home" "$self" memory; fi
    ;;
  logs)
    if [ -n "${2:-}" ]; then cat "$R/log/$2.log"; else tail -n 20 "$R"/log/*.log; fi ;;
  partition | heal)
    need_up
    [[ ${2:-} =~ ^[23]$ ]] && [ "$2" -le "$(nodes)" ] || die "$1 wants the number of a node other than 1 (the control plane is there)"
    nsenter -t "$(inside)" -n -- ip link set "node$2" "$([ "$1" = heal ] && echo up || echo down)"
    ;;
  pause | resume)
    need_up
    pid=$(sed -n "s/^${2:-} \([0-9]*\) .*/\1/p" "$R/pids")
    [ -n "$pid" ] || die "$1 wants the name of a part: $(cut -d' ' -f1 "$R/pids" | tr '\n' ' ')"
    nsenter -t "$(inside)" -m -p -- kill -"$([ "$1" = pause ] && echo STOP || echo CONT)" "$pid"
    ;;
  kill | restart)
    need_up
    [ -f "$R/commands/${2:-}" ] || die "$1 wants the name of a part: $(ls "$R/commands" | tr '\n' ' ')"
    # R is set, since the folder of the cluster may be another than this user's
    KUBERNETES_DIR=$R KUBERNETES_HOME=$home nsenter -t "$(inside)" -m -n -p -- "$self" "$1-inside" "$2"
    ;;
  kill-inside | restart-inside) # processes are numbered otherwise in there
    while read -r part pid at; do
      if [ "$part" = "$2" ] && [ "$(started "$pid")" = "$at" ]; then kill -KILL "$pid"; fi
    done <"$R/pids"
    if [ "$1" = restart-inside ]; then
      sed -i "/^$2 /d" "$R/pids"
      eval "start $2 $(cat "$R/commands/$2")"
    fi
    ;;
  forward)
    need_up
    [ $# = 3 ] || die "forward PORT HOST:PORT"
    exec socat "TCP-LISTEN:$2,bind=127.0.0.1,reuseaddr,fork" "EXEC:nsenter -t $(inside) -n socat - TCP\:${3/:/\\:}"
    ;;
  init) trap '[ -f "$R/ready" ] || [ -s "$R/failed" ] || echo "a command of the start failed, see init.log" >>"$R/failed"' EXIT; init ;;
  memory) memory ;;
  *) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$self" >&2; exit 2 ;;
esac
