"""Linux calls that Python's standard library lacks: namespaces, mounts, capabilities, process attributes.

`grader.sandbox.inside.forkserver` builds a submission's namespaces with them; all raise OSError with the call's name.
"""

import ctypes
import os
import struct
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_SECCOMP = 22
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63

if sys.platform == "linux":  # elsewhere this module is imported, too, and nothing in it called
    _libc = ctypes.CDLL(None, use_errno=True)
    _libc_in_python = ctypes.PyDLL(None, use_errno=True)  # its calls keep Python's lock, as a fork has to


def _check(result: int, call: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{call}: {os.strerror(code)}")


def _prctl(option: int, value: int, call: str) -> None:
    zero = ctypes.c_ulong(0)
    _check(_libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero), call)


def fork() -> int:
    """Fork as `os.fork` does, for a child that leaves by `os._exit` and seeds what it draws from.

    If this process has only one thread, no lock is held by another, and what Python runs in a forked child to free
    locks and seed `random` is skipped: it writes to three hundred pages, each of which would have to be copied.
    Why: docs/decisions.md#plain-forks
    """
    if len(sys._current_frames()) > 1:
        return os.fork()
    child = int(_libc_in_python.fork())
    _check(min(child, 0), "fork")
    return child


def unshare(flags: int) -> None:
    """Move this process (with CLONE_NEWPID: its next children) into new namespaces."""
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, *, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system."""
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags))
    _check(_libc.mount(*arguments, options.encode() or None), f"mount {target}")


def write_id_maps(*, user: int, group: int) -> None:
    """Map one user and one group, to themselves, into the user namespace that this process has just created."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def drop_all_capabilities() -> None:
    """Give up every capability, now and for anything executed later."""
    for capability in range(_LAST_CAPABILITY + 1):
        zero = ctypes.c_ulong(0)
        if _libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(capability), zero, zero, zero) != 0:
            break  # the kernel knows no more capabilities
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, "prctl(PR_CAP_AMBIENT)")
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, struct.pack("6I", 0, 0, 0, 0, 0, 0)), "capset")


def forbid_new_privileges() -> None:
    """Make set-user-id programs and file capabilities ineffective for this process and its children."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, "prctl(PR_SET_NO_NEW_PRIVS)")


def make_undumpable() -> None:
    """Keep other processes of the same user from tracing this one and from reading its /proc entries."""
    _prctl(_PR_SET_DUMPABLE, 0, "prctl(PR_SET_DUMPABLE)")


def make_dumpable() -> None:
    """Let processes of the same user look at this one again: a fork inherits from its parent that they may not."""
    _prctl(_PR_SET_DUMPABLE, 1, "prctl(PR_SET_DUMPABLE)")


def die_with_parent(signal: int) -> None:
    """Let the kernel send this signal when the parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal, "prctl(PR_SET_PDEATHSIG)")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, "prctl(PR_SET_CHILD_SUBREAPER)")


def install_filter(program: bytes) -> None:
    """Install a seccomp filter (an array of struct sock_filter) for this process and its children."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer)))
    arguments = (ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.c_ulong(ctypes.addressof(header)))
    _check(
        _libc.prctl(_PR_SET_SECCOMP, *arguments, ctypes.c_ulong(0), ctypes.c_ulong(0)),
        "prctl(PR_SET_SECCOMP)",
    )
