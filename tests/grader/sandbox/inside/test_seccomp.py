"""Promises of `grader.sandbox.inside.seccomp`: the program is run here, step by step, and by the kernel in a child."""

import ctypes
import errno
import os
import platform
import socket
import struct

import pytest

from grader.sandbox.inside import kernel
from grader.sandbox.inside.seccomp import build_filter

ALLOWED, KILLED = 0x7FFF0000, 0x80000000
REFUSED, ABSENT = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
NO_FAMILY = 0x00050000 | errno.EINVAL
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE = {"x86_64": 56, "aarch64": 220}
SOCKET = {"x86_64": 41, "aarch64": 198}
IGNORED = 0x00050000
SETSOCKOPT = {"x86_64": 54, "aarch64": 208}
IOCTL = {"x86_64": 16, "aarch64": 29}


def judge(machine, number, *arguments, audit=None, sessions=False):
    """Run the filter's program on a system call and return its answer."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=iIQ6Q", number, audit or AUDIT[machine], 0, *padded)
    steps = list(struct.iter_unpack("=HBBI", build_filter(machine, sessions=sessions)))
    place, value = 0, 0
    while True:
        code, yes, no, operand = steps[place]
        place += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, operand)
            case 0x15:
                place += yes if value == operand else no
            case 0x35:
                place += yes if value >= operand else no
            case 0x45:
                place += yes if value & operand else no
            case 0x06:
                return operand


MACHINES = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


@MACHINES
def test_ordinary_calls(machine):
    """Reading, writing, mapping, forking and waiting pass."""
    numbers = {
        "x86_64": (0, 1, 3, 9, 10, 39, 57, 59, 61, 202, 231, 257),
        "aarch64": (56, 57, 63, 64, 93, 94, 98, 222, 260),
    }
    for number in numbers[machine]:
        assert judge(machine, number) == ALLOWED, number
    assert judge(machine, CLONE[machine], 0x01200011) == ALLOWED  # fork
    assert judge(machine, CLONE[machine], 0x003D0F00) == ALLOWED  # a thread


@MACHINES
def test_denied_calls(machine):
    """Tracing, namespaces, mounts, keys, modules and hidden memory are refused."""
    numbers = {
        "x86_64": {
            "ptrace": 101,
            "unshare": 272,
            "setns": 308,
            "mount": 165,
            "bpf": 321,
            "memfd_create": 319,
            "shmget": 29,
        },
        "aarch64": {
            "ptrace": 117,
            "unshare": 97,
            "setns": 268,
            "mount": 40,
            "bpf": 280,
            "memfd_create": 279,
            "shmget": 194,
        },
    }
    shared = {"open_tree": 428, "fsopen": 430, "io_uring_setup": 425, "pidfd_getfd": 438, "memfd_secret": 447}
    for name, number in (numbers[machine] | shared).items():
        assert judge(machine, number) == REFUSED, name


@MACHINES
def test_clone(machine):
    """clone with any flag of a namespace is refused; clone3, whose flags can't be seen, is absent."""
    for flag in (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert judge(machine, CLONE[machine], flag | 17) == REFUSED, hex(flag)
    assert judge(machine, 435) == ABSENT


@MACHINES
def test_sockets(machine):
    """Only local and internet sockets can be made; of others the system seems to know nothing."""
    assert {judge(machine, SOCKET[machine], family) for family in (1, 2, 10)} == {ALLOWED}
    others = {0, *range(3, 10), *range(11, 50), 0xFFFFFFFF}
    assert {judge(machine, SOCKET[machine], family) for family in others} == {NO_FAMILY}


@MACHINES
def test_socket_buffers_keep_their_size(machine):
    """To ask for larger buffers succeeds and changes nothing; every other option of a socket passes."""
    for size in (7, 8, 32, 33):
        assert judge(machine, SETSOCKOPT[machine], 3, 1, size) == IGNORED
        assert judge(machine, SETSOCKOPT[machine], 3, 6, size) == ALLOWED
    assert judge(machine, SETSOCKOPT[machine], 3, 1, 2) == ALLOWED


@MACHINES
def test_priorities_stay(machine):
    """To ask for another priority, also of the wall's own process, succeeds and changes nothing."""
    for number in {"x86_64": (141, 142, 144, 314, 251), "aarch64": (140, 118, 119, 274, 30)}[machine]:
        assert judge(machine, number, 0, 1, 19) == IGNORED


@MACHINES
def test_sessions(machine):
    """A new session, to which the system would give a share of the processors, is begun only where that is allowed."""
    number = {"x86_64": 112, "aarch64": 157}[machine]
    assert (judge(machine, number), judge(machine, number, sessions=True)) == (IGNORED, ALLOWED)


@MACHINES
def test_typing_into_the_terminal(machine):
    """Of ioctl only the request that types for somebody else is refused."""
    assert judge(machine, IOCTL[machine], 0, 0x5412) == REFUSED
    assert judge(machine, IOCTL[machine], 0, 0x5413) == ALLOWED


@MACHINES
def test_other_architectures(machine):
    """A call by another architecture's numbers ends the process; those of x32 are absent."""
    assert judge(machine, 1, audit=0x40000003) == KILLED
    assert judge(machine, 0x40000001) == ABSENT


def test_unknown_machine():
    """There is no program where the numbers aren't known, and one for this machine by default."""
    assert build_filter("riscv64") is None
    assert build_filter() == build_filter(platform.machine())


@pytest.mark.skipif(platform.machine() not in AUDIT, reason="no numbers for this machine")
def test_in_the_kernel(in_child):
    """The kernel takes the program, refuses what it denies and lets the rest through."""

    def body():
        kernel.forbid_new_privileges()
        kernel.install_filter(build_filter())
        libc = ctypes.CDLL(None, use_errno=True)
        refused = []
        for call in (lambda: libc.unshare(0x10000000), lambda: libc.ptrace(0, 0, 0, 0)):
            call()
            refused.append(errno.errorcode[ctypes.get_errno()])
        for family in (socket.AF_NETLINK, 40):
            try:
                socket.socket(family, socket.SOCK_RAW)
            except OSError as err:
                refused.append(errno.errorcode[err.errno])
        try:
            os.memfd_create("x")
        except OSError as err:
            refused.append(errno.errorcode[err.errno])
        socket.socketpair()[0].close()
        child = os.fork()
        if child == 0:
            os._exit(5)
        return refused, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert in_child(body) == "(['EPERM', 'EPERM', 'EINVAL', 'EINVAL', 'EPERM'], 5)"
