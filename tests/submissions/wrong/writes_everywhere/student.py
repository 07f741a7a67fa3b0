"""Writes files to home, the packages, the system folders and the grader itself."""

import os
import site
import sys
import sysconfig

import torch

import grader

FOLDERS = [
    "/",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/etc",
    "/var/tmp",
    "/home",
    "/root",
    "/opt",
    "/dev",
    "/run",
    "/proc",
    "/sys",
    "/proc/sys/kernel",
    os.path.expanduser("~root"),
    site.getusersitepackages(),
    sys.prefix,
    sys.base_prefix,
    sysconfig.get_path("purelib"),
    os.path.dirname(grader.__file__),
    os.path.dirname(torch.__file__),
    os.path.dirname(os.path.dirname(grader.__file__)),
]
for folder in dict.fromkeys(FOLDERS):
    for attempt in ("breach-file.txt", "sitecustomize.py.breach"):
        try:
            with open(os.path.join(folder, attempt), "w") as file:
                file.write("here")
            print("BREACH: wrote", os.path.join(folder, attempt))
        except OSError:
            pass
for file in (grader.__file__, torch.__file__, "/usr/bin/env", sys.executable):
    try:
        open(file, "a").close()
        print("BREACH: could write to", file)
    except OSError:
        pass


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return torch.ones_like(x)
