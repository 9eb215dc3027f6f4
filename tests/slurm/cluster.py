"""A real SLURM of one node with two fake GPUs and two partitions: this machine's slurmctld and slurmd in a folder.

No systemd, no munge, no accounting database.  What ran is read from SLURM's own records.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
DAEMONS = "/usr/sbin"  # often not on a user's path
GPUS = 2
PATIENCE = 30.0  # seconds; a bound on waiting, not a measurement

SLURM_CONF = """
ClusterName=vid3d
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
TaskProlog={folder}/bin/note-devices
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
ReturnToService=2
MinJobAge=3600
KillWait=2
MailProg=/bin/true
SlurmdParameters=config_overrides
GresTypes=gpu
# more cores and memory than this machine has; nothing enforces them
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 \\
    RealMemory=128000 Gres=gpu:{gpus} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE DefMemPerCPU=200 State=UP
PartitionName=gpu Nodes={host} MaxTime=INFINITE DefMemPerCPU=200 State=UP
"""

# the prolog runs in the environment of every step's task
NOTE_DEVICES = """#!/bin/sh
echo "$SLURM_JOB_ID ${{CUDA_VISIBLE_DEVICES:-none}}" >> {folder}/log/devices.txt
"""
# the executor drops SLURM_* before it starts the job's step, SLURM_CONF too
SRUN = """#!/bin/sh
SLURM_CONF={folder}/etc/slurm.conf exec {srun} "$@"
"""


def missing() -> str | None:
    """Why SLURM cannot be started here; None if it can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:{DAEMONS}") is None]
    if absent:
        return f"no SLURM: {', '.join(absent)} not found; on Debian: apt-get install slurmctld slurmd slurm-client"
    if os.geteuid() != 0:
        return "SLURM's slurmd must be started by root"
    if " " in sys.executable:
        return f"Snakemake's SLURM plugin does not quote the path of Python, which has a space: {sys.executable}"
    return None


class Cluster:
    """A running SLURM; `environment` is that of its users."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}
        tools = Path(sys.executable).parent
        self.environment = inherited | {
            "SLURM_CONF": f"{folder}/etc/slurm.conf",
            "PATH": f"{folder}/bin:{tools}:{inherited['PATH']}:{DAEMONS}",
            "OMP_NUM_THREADS": "1",
        }
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the daemons and wait until the node takes jobs.

        Raises:
            RuntimeError: it does not within half a minute; shows the daemons' logs.
        """
        self._configure()
        for program in ("slurmctld", "slurmd"):
            # a session of its own: Ctrl-C must not end it before `stop` has cancelled its jobs
            self._daemons.append(
                subprocess.Popen(
                    [program, "-D", "-c"],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
        if not wait_until(lambda: self._ask("sinfo", "--noheader", "--format=%T", "--partition=gpu").strip() == "idle"):
            logs = "\n".join(path.read_text()[-2000:] for path in sorted((self.folder / "log").glob("*.log")))
            raise RuntimeError(f"SLURM did not start:\n{logs}")

    def stop(self) -> None:
        """Cancel all jobs, wait for their processes, stop the daemons, remove the folder."""
        if self._daemons and self._daemons[0].poll() is None:
            self.cancel()
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.folder)

    def unfinished(self, *states: str) -> int:
        """How many jobs are in one of SLURM's ``states``; of none given, how many wait, run or end just now."""
        chosen = [f"--states={','.join(states)}"] if states else []
        return len(self._ask("squeue", "--noheader", *chosen).splitlines())

    def cancel(self, which: str = "--user=root") -> None:
        """Cancel jobs, all by default, and wait until none is left."""
        self._ask("scancel", which)
        wait_until(lambda: self.unfinished() == 0)

    def submitted(self) -> list[dict[str, str]]:
        """The controller's record of every job, in the order of submission: one per sbatch."""
        lines = self._ask("scontrol", "--details", "--oneliner", "show", "jobs").splitlines()
        return [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines]

    def devices(self) -> dict[str, str]:
        """CUDA_VISIBLE_DEVICES as the task of each job saw it, by job number; `none` where it was not set."""
        return dict(line.split() for line in (self.folder / "log/devices.txt").read_text().splitlines())

    def _ask(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, text=True, capture_output=True, timeout=PATIENCE, check=False
        )
        return done.stdout

    def _configure(self) -> None:
        for part in ("etc", "bin", "log", "state", "spool"):
            (self.folder / part).mkdir()
        names = {
            "folder": self.folder,
            "host": socket.gethostname().split(".")[0],
            "gpus": GPUS,
            "srun": shutil.which("srun"),
        } | dict(zip(("controller_port", "node_port"), free_ports(2), strict=True))
        (self.folder / "etc/slurm.conf").write_text(SLURM_CONF.format(**names))
        (self.folder / "etc/cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        devices = [self.folder / f"etc/gpu{number}" for number in range(GPUS)]
        for device in devices:
            device.symlink_to("/dev/null")
        lines = ["AutoDetect=off", *(f"NodeName={names['host']} Name=gpu File={device}" for device in devices)]
        (self.folder / "etc/gres.conf").write_text("\n".join(lines) + "\n")
        for name, text in {"note-devices": NOTE_DEVICES, "srun": SRUN}.items():
            script = self.folder / "bin" / name
            script.write_text(text.format(**names))
            script.chmod(0o755)


def wait_until(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Whether ``condition`` comes true in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
