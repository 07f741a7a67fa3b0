"""Opens sockets of every family that leads out of a network namespace or into the kernel."""

import socket

import torch

FAMILIES = {"netlink": 16, "packet": 17, "bluetooth": 31, "alg": 38, "vsock": 40, "qipcrtr": 42, "xdp": 44, "tipc": 30}


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        for name, family in FAMILIES.items():
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
                try:
                    socket.socket(family, kind).close()
                except OSError:
                    continue
                print(f"BREACH: a socket of the family {name}")
        return torch.ones_like(x)
