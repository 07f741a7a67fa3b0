"""Connects to the machine, to the outside, and over socket families that no namespace separates."""

import ctypes
import socket

import torch


def attempt(what, action):
    try:
        print("BREACH:", what, action())
    except OSError:
        pass


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(0.2)
        connection.connect(address)
        return address


for port in (22, 53, 80, 443, 3128, 8080, 8786, 47011):
    attempt("loopback", lambda port=port: connect(socket.AF_INET, ("127.0.0.1", port)))
    attempt("loopback", lambda port=port: connect(socket.AF_INET6, ("::1", port)))
attempt("outside", lambda: connect(socket.AF_INET, ("192.0.2.1", 80)))
attempt("abstract", lambda: connect(socket.AF_UNIX, "\0breach-listener"))
for path in ("/run/docker.sock", "/var/run/dbus/system_bus_socket", "/run/systemd/private", "/tmp/.X11-unix/X0"):
    attempt("unix", lambda path=path: connect(socket.AF_UNIX, path))
for name, family in {
    "vsock": 40,
    "netlink": 16,
    "packet": 17,
    "alg": 38,
    "xdp": 44,
    "kcm": 41,
    "tipc": 30,
    "can": 29,
}.items():
    for kind in (socket.SOCK_STREAM, socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        attempt(name, lambda family=family, kind=kind: socket.socket(family, kind, 0))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("name", lambda: socket.getaddrinfo("example.com", 80))
libc = ctypes.CDLL(None)
pair = (ctypes.c_int * 2)()
if libc.socketpair(40, 1, 0, pair) == 0:
    print("BREACH: a vsock pair")


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return torch.ones_like(x)
