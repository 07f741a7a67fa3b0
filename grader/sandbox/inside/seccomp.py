"""The system calls that student code may not make, as a seccomp program: a second layer behind the namespaces.

A deny-list: what torch, DataLoader workers and subprocesses need goes through. It also holds the ways to keep memory
that no process maps (memfd, System V IPC), which the memory watchdog would not see. Larger socket buffers, other
priorities and new sessions are granted in words only: such a call succeeds and changes nothing.
`grader.sandbox.inside.forkserver` builds it once; each submission installs it before student code runs.

Why: docs/decisions.md#own-seccomp-filter
"""

import errno
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT, _THIRD_ARGUMENT = (
    0,
    4,
    16,
    24,
    32,
)  # offsets in struct seccomp_data
_NEW_NAMESPACES = 0x7E020080  # CLONE_NEW*: user, pid, net, ipc, uts, cgroup, mount, time
_TIOCSTI = 0x5412  # types into the terminal of whoever started us
_X32_BIT = 0x40000000
_SOL_SOCKET = 1
_BUFFER_SIZES = (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF, and both for those who may do anything
_SUCCESS = 0
_LOCAL_FAMILIES = (1,)  # AF_UNIX for DataLoader workers
_FAMILIES = (*_LOCAL_FAMILIES, 2, 10)  # AF_INET and AF_INET6 reach an empty network

# Numbers shared by both architectures (system calls added since Linux 5.1).
_NEW_CALLS = {
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "pidfd_getfd": 438, "mount_setattr": 442,
    "memfd_secret": 447,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Machine:
    """Hold an architecture's audit number, its denied calls and the calls that are looked at more closely."""

    audit: int
    clone: int
    clone3: int
    socket: int
    setsockopt: int
    ioctl: int
    setsid: int
    ignored: tuple[int, ...]  # setpriority, sched_setparam, sched_setscheduler, sched_setattr, ioprio_set
    denied: Mapping[str, int]


_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E, clone=56, clone3=435, socket=41, setsockopt=54, ioctl=16, setsid=112,
        ignored=(141, 142, 144, 314, 251),
        denied=_NEW_CALLS | {
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "unshare": 272,
            "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "bpf": 321,
            "perf_event_open": 298, "add_key": 248, "request_key": 249, "keyctl": 250, "userfaultfd": 323,
            "init_module": 175, "finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320,
            "reboot": 169, "swapon": 167, "swapoff": 168, "settimeofday": 164, "clock_settime": 227, "adjtimex": 159,
            "clock_adjtime": 305, "acct": 163, "quotactl": 179, "syslog": 103, "iopl": 172, "ioperm": 173,
            "name_to_handle_at": 303, "open_by_handle_at": 304, "fanotify_init": 300, "personality": 135,
            "memfd_create": 319, "shmget": 29, "msgget": 68, "semget": 64,
        },
    ),
    "aarch64": _Machine(
        audit=0xC00000B7, clone=220, clone3=435, socket=198, setsockopt=208, ioctl=29, setsid=157,
        ignored=(140, 118, 119, 274, 30),
        denied=_NEW_CALLS | {
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "unshare": 97,
            "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "bpf": 280,
            "perf_event_open": 241, "add_key": 217, "request_key": 218, "keyctl": 219, "userfaultfd": 282,
            "init_module": 105, "finit_module": 273, "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294,
            "reboot": 142, "swapon": 224, "swapoff": 225, "settimeofday": 170, "clock_settime": 112, "adjtimex": 171,
            "clock_adjtime": 266, "acct": 89, "quotactl": 60, "syslog": 116, "name_to_handle_at": 264,
            "open_by_handle_at": 265, "fanotify_init": 262, "personality": 92,
            "memfd_create": 279, "shmget": 194, "msgget": 186, "semget": 190,
        },
    ),
}  # fmt: skip


def build_filter(machine: str | None = None, *, sessions: bool = False, network: bool = True) -> bytes | None:
    """Return the program for an architecture (default: this one), or None if its call numbers are not known here.

    Only with `sessions` can processes begin sessions of their own, to each of which Linux gives a share of the
    processors; else such a call changes nothing. Without `network`, where no namespace keeps one away, there are no
    sockets but those between processes.
    """
    known = _MACHINES.get(machine or platform.machine())
    return None if known is None else b"".join(_program(known, sessions=sessions, network=network))


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _refuse(code: int = errno.EPERM) -> bytes:
    return _step(_RETURN, _ERRNO | code)


def _program(machine: _Machine, *, sessions: bool, network: bool) -> list[bytes]:
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, machine.audit, yes=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _X32_BIT, no=1),
        _refuse(errno.ENOSYS),
        _step(_EQUAL, machine.clone3, no=1),
        _refuse(errno.ENOSYS),  # its flags lie in memory, out of reach here; the C library falls back to clone
    ]
    for number in sorted(machine.denied.values()):
        steps += [_step(_EQUAL, number, no=1), _refuse()]
    for number in (*machine.ignored, *([] if sessions else [machine.setsid])):
        steps += [_step(_EQUAL, number, no=1), _refuse(_SUCCESS)]
    steps += _when(machine.clone, _FIRST_ARGUMENT, [_step(_ANY_BIT, _NEW_NAMESPACES, no=1), _refuse()])
    steps += _when(machine.ioctl, _SECOND_ARGUMENT, [_step(_EQUAL, _TIOCSTI, no=1), _refuse()])
    sizes = [_step(_EQUAL, size, yes=len(_BUFFER_SIZES) - i) for i, size in enumerate(_BUFFER_SIZES)]
    only_sizes = [*sizes, _step(_RETURN, _ALLOW), _refuse(_SUCCESS)]
    option = [_step(_EQUAL, _SOL_SOCKET, no=len(only_sizes) + 1), _step(_LOAD, _THIRD_ARGUMENT), *only_sizes]
    steps += _when(machine.setsockopt, _SECOND_ARGUMENT, option)
    known = _FAMILIES if network else _LOCAL_FAMILIES
    families = [_step(_EQUAL, family, yes=len(known) - i) for i, family in enumerate(known)]
    # "No such family", which libraries expect: docs/decisions.md#refused-sockets-answer-einval
    steps += _when(machine.socket, _FIRST_ARGUMENT, [*families, _refuse(errno.EINVAL)])
    steps.append(_step(_RETURN, _ALLOW))
    return steps


def _when(number: int, offset: int, steps: list[bytes]) -> list[bytes]:
    """Return steps that look at one argument of one system call and let everything else pass."""
    return [
        _step(_EQUAL, number, no=len(steps) + 2),
        _step(_LOAD, offset),
        *steps,
        _step(_RETURN, _ALLOW),
    ]
