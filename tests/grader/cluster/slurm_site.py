"""A Slurm of one node, for tests: munged, slurmctld and slurmd for real, without systemd or cgroups."""

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from dask_site import descendants

COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} Boards=1 SocketsPerBoard=1 CoresPerSocket={cores} ThreadsPerCore=1 \
RealMemory=4000 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def find_missing():
    """Return the commands of Slurm and munge that this machine lacks."""
    return [name for name in COMMANDS if shutil.which(name, path=_path()) is None]


def _path():
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


class Slurm:
    """Run a Slurm of one node; a context manager that ends its daemons and all their jobs."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": _path()}
        self._daemons = []
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(64))
        key.chmod(0o400)
        host = socket.gethostname().split(".")[0]
        ports = {"control_port": _free_port(), "node_port": _free_port()}
        cores = max(2, os.cpu_count() or 1)
        conf = _CONF.format(host=host, user=getpass.getuser(), folder=self.folder, cores=cores, **ports)
        (self.folder / "slurm.conf").write_text(conf)
        files = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        options = [f"--{option}={self.folder}/munge.{ending}" for option, ending in files.items()]
        self._daemon("munged", "--foreground", "--force", f"--key-file={key}", *options)
        self._wait_until(lambda: (self.folder / "munge.socket").exists())
        self._daemon("slurmctld", "-D")
        self._wait_until(lambda: self.call("sinfo", "-h").strip())
        self._daemon("slurmd", "-D", "-N", host)
        self._wait_until(lambda: self.call("sinfo", "-h", "-o", "%T").strip() == "idle")

    def _daemon(self, *command):
        with (self.folder / f"{command[0]}.out").open("w") as log:
            self._daemons.append(subprocess.Popen(command, env=os.environ | self.environment, stdout=log, stderr=log))

    def _wait_until(self, is_so, *, seconds=30.0):
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                logs = [f"--- {log.name}\n{log.read_text()[-2000:]}" for log in self.folder.glob("*.[ol]*")]
                raise AssertionError("Slurm did not start.\n" + "\n".join(logs))
            time.sleep(0.2)

    def call(self, *command):
        """Return what one of Slurm's commands prints, "" where it fails."""
        ended = subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True, timeout=60)
        return ended.stdout if ended.returncode == 0 else ""

    def running_jobs(self):
        """Return the numbers of the jobs that run, as texts."""
        return self.call("squeue", "-h", "-t", "R", "-o", "%i").split()

    def __exit__(self, *_error):
        for daemon in reversed(self._daemons):
            everyone = [daemon.pid, *descendants(daemon.pid)]
            for pid in everyone:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
