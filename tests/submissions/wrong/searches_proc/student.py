"""Reads the environment, memory, descriptors, root and working folder of every other process that /proc shows."""

import os

import torch


def search():
    if any("CANARY" in name + value for name, value in os.environ.items()):
        print("BREACH: the grader's environment is here")
    own = {str(os.getpid()), str(os.getppid())}  # inside: the probe and the probe process, both the student's own
    for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read()
        if b"pytest" in command or b"grade " in command:
            print("BREACH: a process of the grader is visible:", command)
        if pid in own:
            continue
        for what in ("environ", "mem", "maps", "auxv", "stack", "syscall"):
            try:
                with open(f"/proc/{pid}/{what}", "rb") as file:
                    print(f"BREACH: {pid}/{what}", file.read(80))
            except OSError:
                pass
        for link in ("root", "cwd", "exe", "fd", "map_files", "ns/user", "ns/mnt"):
            try:
                os.listdir(f"/proc/{pid}/{link}") if link in ("root", "cwd", "fd", "map_files") else os.readlink(
                    f"/proc/{pid}/{link}"
                )
                print(f"BREACH: {pid}/{link} can be entered")
            except OSError:
                pass
        try:
            with open(f"/proc/{pid}/mem", "r+b"):
                print(f"BREACH: {pid}/mem can be written")
        except OSError:
            pass


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        search()
        return torch.ones_like(x)
