"""A private Slurm for tests: munged, slurmctld and one slurmd on the loopback device, every file under one
folder, every process the caller's own; root is not needed. Debian packages: tools/packages-slurm.txt."""
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time

from harness import PATIENCE

PROGRAMS = "munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel", "squeue"
SEARCH = os.environ["PATH"] + ":/usr/sbin:/sbin"
CPUS = 64  # declared; the machine may have fewer
CONF = """ClusterName=nlrmt
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={port0}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={dir}/munge.socket,cred_expire=10
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd.pid
SlurmctldLogFile={dir}/slurmctld.log
SlurmdLogFile={dir}/slurmd.log
MailProg=/bin/true
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
TmpFS={dir}/tmp
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2,bf_interval=2
ReturnToService=2
JobRequeue=1
KillWait=5
MinJobAge=86400
PropagateResourceLimits=NONE
NodeName={host} NodeAddr=127.0.0.1 Port={port1} CPUs={cpus} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=10 State=UP
"""


class Unavailable(Exception):
    """Slurm is not installed, or does not start here: says why."""


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Slurm:
    """Started by the constructor (seconds), stopped by stop(); `env` is what its commands need."""

    def __init__(self, folder):
        missing = [p for p in PROGRAMS if not shutil.which(p, path=SEARCH)]
        if missing:
            raise Unavailable(f"{', '.join(missing)} not installed (tools/packages-slurm.txt)")
        if len(folder) > 60:
            raise Unavailable(f"{folder}: too long for a socket's path")
        self.dir, self.daemons, self.hurried = folder, [], {}
        self.env = dict(os.environ, PATH=SEARCH, SLURM_CONF=f"{folder}/slurm.conf",
                        OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1",
                        # loopback and shared memory alone; 64 declared CPUs make Open MPI busy-wait
                        OMPI_MCA_pml="ob1", OMPI_MCA_btl="self,vader,tcp", OMPI_MCA_btl_tcp_if_include="lo",
                        OMPI_MCA_oob_tcp_if_include="lo", OMPI_MCA_btl_vader_single_copy_mechanism="none",
                        OMPI_MCA_mpi_yield_when_idle="1", OMPI_MCA_hwloc_base_binding_policy="none")
        if os.geteuid() == 0:  # Open MPI refuses root unless told twice
            self.env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        for name in [n for n in self.env if n.startswith(("SLURM_JOB", "SLURM_ARRAY", "SBATCH_"))]:
            del self.env[name]  # the test itself may run in a job
        try:
            self._start()
        except Unavailable:
            self.stop()
            raise

    def _start(self):
        ports, host = _free_ports(2), socket.gethostname().split(".")[0]
        for name in ("state", "spool", "tmp", "munge"):
            os.makedirs(f"{self.dir}/{name}", mode=0o755 if name != "munge" else 0o700)
        with open(f"{self.dir}/slurm.conf", "w") as f:
            f.write(CONF.format(dir=self.dir, port0=ports[0], port1=ports[1], user=getpass.getuser(),
                                host=host, cpus=CPUS))
        with open(f"{self.dir}/cgroup.conf", "w") as f:
            f.write("CgroupPlugin=cgroup/v1\n")  # not used; without it Slurm looks for one
        with open(os.open(f"{self.dir}/munge/key", os.O_WRONLY | os.O_CREAT, 0o400), "wb") as f:
            f.write(secrets.token_bytes(128))
        self._daemon("munged", "--foreground", "--force", f"--key-file={self.dir}/munge/key",
                     f"--socket={self.dir}/munge.socket", f"--pid-file={self.dir}/munge/pid",
                     f"--log-file={self.dir}/munge/log", f"--seed-file={self.dir}/munge/seed")
        self._until(lambda: os.path.exists(f"{self.dir}/munge.socket"), 10)
        self._daemon("slurmctld", "-D", "-i")
        self._daemon("slurmd", "-D", "-N", host)
        self._until(lambda: self.run("sinfo", "-h", "-t", "idle", "-o", "%n") != "", 30)

    def _daemon(self, name, *arguments):
        with open(f"{self.dir}/{name}.out", "wb") as out:
            self.daemons.append(subprocess.Popen([shutil.which(name, path=SEARCH), *arguments], stdout=out, stderr=out,
                                                 stdin=subprocess.DEVNULL, env=self.env, start_new_session=True))

    def _last_words(self, name):
        for path in (f"{self.dir}/{name}.log", f"{self.dir}/{name}.out"):
            lines = open(path, errors="replace").read().split("\n") if os.path.exists(path) else []
            if any(lines):
                return [line for line in lines if line][-1]
        return "said nothing"

    def _until(self, ready, seconds):
        """Waits; a daemon that ends meanwhile is why it does not start."""
        for _ in range(int(10 * seconds)):
            for d in self.daemons:
                if d.poll() is not None:
                    name = os.path.basename(d.args[0])
                    raise Unavailable(f"{name} ended: {self._last_words(name)}")
            if ready():
                return
            time.sleep(0.1)
        raise Unavailable(f"no idle node after {seconds} s: {self._last_words('slurmctld')}")

    def run(self, *command, cwd=None, quiet=False, **env):
        """What it prints; on failure "", and standard error passes through unless quiet."""
        return subprocess.run(command, env={**self.env, **env}, cwd=cwd, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL if quiet else None).stdout.strip()

    def jobs(self, job):
        """[{JobState, Restarts, ...}]: of a job, or of all tasks of an array."""
        text = self.run("scontrol", "-o", "show", "job", str(job))
        return [dict(w.split("=", 1) for w in line.split() if "=" in w) for line in text.split("\n") if line]

    def wait(self, job, seconds=60, hurry=True):
        """Until no task is pending or running, for a second. The tasks' states."""
        states, still = [], 0
        busy = {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED"}
        for _ in range(int(5 * seconds * PATIENCE)):
            jobs = self.jobs(job)
            states = [j["JobState"] for j in jobs]
            still = still + 1 if states and not set(states) & busy else 0
            if still == 5:
                break
            for j in jobs if hurry else []:
                self.hurry(j)
            time.sleep(0.2)
        return states

    def hurry(self, job):
        """A requeued job, as jobs() tells it, starts in two seconds instead of ten. Not at once: in the
        second of its requeueing the node still refuses it. Said again, since Slurm may set its own time
        after ours while the last start is being cleared away."""
        if job["JobState"] == "PENDING" and job["Reason"] == "BeginTime" and \
                time.time() - self.hurried.get(job["JobId"], 0) > 4:
            self.hurried[job["JobId"]] = time.time()
            self.run("scontrol", "update", f"JobId={job['JobId']}", "StartTime=now+2")

    def stop(self):
        """Every job, then every daemon; nothing of it is left afterwards."""
        if len(self.daemons) == 3:
            self.run("scancel", "--user", getpass.getuser())
            for _ in range(100):
                if not self.run("squeue", "-h"):
                    break
                time.sleep(0.1)
        for d in reversed(self.daemons):
            d.send_signal(signal.SIGTERM)
        for d in self.daemons:
            try:
                d.wait(timeout=10)
            except subprocess.TimeoutExpired:
                d.kill()
                d.wait()
