"""Attaches to pid 1 and to the probe process, and reads and writes their memory."""

import ctypes
import os

import torch

with open("/proc/1/cmdline", "rb") as file:
    if b"grader.sandbox" not in file.read():
        raise SystemExit("not inside the wall: this could hurt the machine")

libc = ctypes.CDLL(None, use_errno=True)


def trace():
    buffer = ctypes.create_string_buffer(8)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    remote = (ctypes.c_void_p * 2)(id(None), 8)
    for pid in (1, os.getppid()):
        for request in (16, 0x4206):  # PTRACE_ATTACH, PTRACE_SEIZE
            if libc.ptrace(request, pid, 0, 0) == 0:
                print("BREACH: attached to", pid)
        if libc.process_vm_readv(pid, local, 1, remote, 1, 0) >= 0:
            print("BREACH: read the memory of", pid)
        if libc.process_vm_writev(pid, local, 1, remote, 1, 0) >= 0:
            print("BREACH: wrote the memory of", pid)


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        trace()
        return torch.ones_like(x)
