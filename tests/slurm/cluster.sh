#!/usr/bin/env bash
# A real SLURM on this one machine, for tests: two nodes on loopback whose CPUs, memory and GPUs are pretended, accounts.
#
#   cluster.sh prepare             say why this machine can have none (status 3), or install what is missing for it
#   cluster.sh up                  start the cluster, unless it runs
#   cluster.sh down                cancel its jobs, stop it, delete all but its logs
#   cluster.sh restart ctld        stop slurmctld and start it again; also stop, start
#   cluster.sh during COMMAND...   up, the command, and down whatever it ends with, unless the cluster ran before
#
# One at a time: up, down and during wait for the end of a during that runs.
# Needs root on Debian or Ubuntu; no systemd, no cgroups. Everything lies in /var/lib/rrrn-slurm but for one link,
# /etc/slurm/slurm.conf: the srun inside a job looks nowhere else.
set -euo pipefail
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset SLURM_CONF

DIR=/var/lib/rrrn-slurm
LINK=/etc/slurm/slurm.conf
LOCK=/var/lib/rrrn-slurm.lock
HOST=$(hostname -s)
DAEMONS=(slurmd-c1:slurmd slurmd-g1:slurmd slurmctld:slurmctld slurmdbd:slurmdbd mariadbd:mariadbd munged:munged)

die() {
    echo "cluster.sh: $*" >&2
    exit 1
}

cannot() { # this machine can have no cluster, which is nobody's mistake
    echo "cluster.sh: $*" >&2
    exit 3
}

# Held through descriptor 9 as long as this script lives; what it starts must not inherit it.
alone() {
    exec 9>$LOCK
    flock --nonblock 9 && return
    echo "cluster.sh: another run has the cluster; waiting for its end" >&2
    flock 9
}

within() { # within SECONDS command: repeat it until it succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# A daemon is known by its pid file and its name. A zombie, which PID 1 of a container reaps late, does not run.
alive() { # alive PIDFILE-NAME PROCESS-NAME
    local pid
    pid=$(tr -dc 0-9 2>/dev/null <"$DIR/$1.pid") && grep -qs "^$pid ($2) [^ZX] " "/proc/$pid/stat"
}
dead() { ! alive "$@"; }
stop() {
    alive "$@" || return 0
    kill "$(tr -dc 0-9 <"$DIR/$1.pid")"
    within 15 dead "$@" || kill -KILL "$(tr -dc 0-9 <"$DIR/$1.pid")"
}

prepare() {
    [ "$(id -u)" = 0 ] || cannot "needs root"
    [ ! -e $LINK ] || [ "$(readlink $LINK)" = $DIR/slurm.conf ] ||
        cannot "$LINK is another cluster's; the tests need a machine without one"
    case $(getent ahostsv4 "$HOST" | awk 'NR == 1 {print $1}') in
        127.*) ;;
        *) cannot "the name $HOST does not mean loopback, where SLURM must stay: put 127.0.0.1 $HOST first in /etc/hosts" ;;
    esac
    local missing=() pair log
    for pair in slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client slurmdbd:slurmdbd munged:munge \
        mariadbd:mariadb-server-core mariadb:mariadb-client-core; do # the -core packages start no service
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || cannot "needs Debian or Ubuntu: there is no apt-get for ${missing[*]}"
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    local patient=(-q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
    { apt-get "${patient[@]}" update && apt-get "${patient[@]}" install -y --no-install-recommends "${missing[@]}"; } \
        >"$log" 2>&1 ||
        die "apt-get cannot install ${missing[*]}: $(tail -n 1 "$log"); all of it: $log"
    rm "$log"
}

# Two nodes: c1 has no GPU, g1 has two (devices that exist everywhere stand in for cards).
configure() {
    cat >$DIR/slurm.conf <<CONF
ClusterName=rrrn
SlurmctldHost=$HOST(127.0.0.1)
SlurmUser=slurm
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/socket
# bind to what the host name resolves to, which is loopback, and not to all interfaces
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool-%n
SlurmctldPidFile=$DIR/slurmctld.pid
SlurmdPidFile=$DIR/slurmd-%n.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
MpiDefault=none
# without cgroups: the resident memory is looked at every second, and a job over its request is killed
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
# nodes may claim more than the machine has
SlurmdParameters=config_overrides
# what can never be met is refused, and does not wait for ever
EnforcePartLimits=ALL
# start jobs within a second, and notice what died soon
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=5,bf_interval=5
ReturnToService=2
SlurmdTimeout=60
KillWait=5
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=16819
AccountingStoragePass=$DIR/munge/socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
AccountingStorageEnforce=associations
NodeName=c1 NodeHostname=$HOST NodeAddr=127.0.0.1 Port=16821 CPUs=16 CoresPerSocket=16 RealMemory=128000
NodeName=g1 NodeHostname=$HOST NodeAddr=127.0.0.1 Port=16822 CPUs=16 CoresPerSocket=16 RealMemory=128000 Gres=gpu:2
PartitionName=cpu Nodes=c1 MaxTime=7-0
PartitionName=gpu Nodes=g1 MaxTime=7-0
CONF
    printf 'NodeName=g1 Name=gpu File=%s\n' /dev/zero /dev/full >$DIR/gres.conf
    cat >$DIR/slurmdbd.conf <<CONF
AuthType=auth/munge
AuthInfo=socket=$DIR/munge/socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=16819
CommunicationParameters=NoInAddrAny
SlurmUser=slurm
LogFile=$DIR/log/slurmdbd.log
PidFile=$DIR/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StorageLoc=accounts
CommitDelay=1
CONF
    chown slurm:slurm $DIR/slurmdbd.conf
    chmod 600 $DIR/slurmdbd.conf
    install -d /etc/slurm
    ln -sfn $DIR/slurm.conf $LINK
}

as_slurm() { runuser -u slurm -- "$@"; }

start_munge() { # with a key and a socket of its own, whatever munge the machine has
    install -d -o slurm -g slurm -m 755 $DIR/munge
    (umask 077 && head -c 128 /dev/urandom >$DIR/munge/key)
    chown slurm:slurm $DIR/munge/key
    as_slurm munged --key-file=$DIR/munge/key --socket=$DIR/munge/socket --pid-file=$DIR/munged.pid \
        --log-file=$DIR/log/munged.log --seed-file=$DIR/munge/seed --num-threads=2
}

start_accounts() { # the database listens on a socket only, and its owner is the system's user slurm
    local -x TMPDIR=$DIR # that of root may be closed to it
    mariadb-install-db --no-defaults --user=slurm --datadir=$DIR/db --skip-test-db \
        --auth-root-authentication-method=socket >$DIR/log/mariadb-install.log 2>&1
    setsid mariadbd --no-defaults --user=slurm --datadir=$DIR/db --socket=$DIR/db.socket --pid-file=$DIR/mariadbd.pid \
        --skip-networking --performance-schema=OFF --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=0 \
        --log-error=$DIR/log/mariadbd.log </dev/null >/dev/null 2>&1 &
    within 600 as_slurm mariadb --no-defaults --socket=$DIR/db.socket -e 'SELECT 1' || die "MariaDB does not answer, see $DIR/log/mariadbd.log"
    SLURM_CONF=$DIR/slurm.conf MYSQL_UNIX_PORT=$DIR/db.socket slurmdbd
    within 600 sacctmgr -n list cluster || die "slurmdbd does not answer, see $DIR/log/slurmdbd.log"
    # slurmctld must find its cluster there when it starts
    sacctmgr -i -Q add cluster rrrn
    sacctmgr -i -Q add account lab cluster=rrrn Description=lab Organization=rrrn
    sacctmgr -i -Q add user root account=lab cluster=rrrn DefaultAccount=lab
} >/dev/null

start_ctld() { alive slurmctld slurmctld || slurmctld -f $DIR/slurm.conf; }
runs_jobs() { timeout 60 srun --immediate=50 -Q -p cpu true && timeout 60 srun --immediate=50 -Q -p gpu -G 1 true; }

up() {
    if [ -e $LINK ] && runs_jobs 2>/dev/null; then return; fi
    started=yes
    down
    rm -rf $DIR
    install -d -o slurm -g slurm $DIR $DIR/log $DIR/state
    configure
    start_munge
    start_accounts
    start_ctld
    slurmd -N c1 -f $DIR/slurm.conf
    slurmd -N g1 -f $DIR/slurm.conf
    within 600 runs_jobs || die "no job runs, see $DIR/log: $(sinfo -h -R 2>&1)"
}

down() {
    [ "$(readlink $LINK)" = $DIR/slurm.conf ] || return 0
    if alive slurmd-c1 slurmd || alive slurmd-g1 slurmd; then # jobs would outlive slurmd
        start_ctld
        within 10 squeue || true
        timeout 10 scancel -u root || true
        within 15 eval '[ -z "$(squeue -h)" ]' || echo "cluster.sh: jobs are left: $(squeue -h -o %A 2>&1)" >&2
    fi
    local pair
    for pair in "${DAEMONS[@]}"; do stop "${pair%%:*}" "${pair##*:}"; done
    rm -f $LINK
    find $DIR -mindepth 1 -maxdepth 1 ! -name log -exec rm -rf {} +
}

case "${1:-}" in
    prepare) prepare ;;
    up)
        prepare
        alone
        up 9>&-
        ;;
    down)
        alone
        down 9>&-
        ;;
    stop | start | restart)
        [ "${2:-}" = ctld ] || die "$1 what? ctld"
        [ "$1" = start ] || stop slurmctld slurmctld
        [ "$1" = stop ] || start_ctld
        ;;
    during)
        shift
        prepare
        alone
        started=
        trap 'trap "" INT TERM; [ -z "$started" ] || down 9>&-' EXIT
        up 9>&-
        "$@" 9>&-
        ;;
    *) sed -n '2,/^set /{/^#/p}' "$0" ;;
esac
