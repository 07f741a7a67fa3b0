"""Memory that the kernel keeps for a submission and that no process maps: unread data of sockets, files of tmpfs.

`grader.sandbox.inside.supervisor` makes one for each submission, `grader.sandbox.inside.memory` adds it to what its
processes hold. Both are read from outside the submission's processes, which hand over nothing and can't tell.

Why: docs/decisions.md#memory-by-watchdog
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

_MIB = 1 << 20
_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
_BY_FAMILY, _DONE, _ERROR = 20, 3, 2
_REQUEST_ALL = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_SHOW_QUEUE, _SHOW_MEMORY = 0x10, 0x20
_QUEUE, _MEMORY = 4, 5  # UNIX_DIAG_RQLEN, UNIX_DIAG_MEMINFO
_DATAGRAM = 2
_MOST_DATAGRAMS = 11  # that one socket keeps unread (net.unix.max_dgram_qlen, and the one on its way)
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_PIECE = 1 << 18


class KernelMemory:
    """Look at the sockets of this process' network namespace, and at the files in private file systems."""

    def __init__(self, *, files_in: Sequence[str]) -> None:
        self._places = files_in
        self._buffer = _default_buffer()
        self._netlink: socket.socket | None = None
        with contextlib.suppress(OSError, AttributeError):  # other systems, or a kernel without unix_diag
            self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG)
            self._netlink.settimeout(1.0)

    def files_mib(self) -> float:
        """Return what the files in the private file systems take, in MiB; their pages stay when a process ends."""
        used = 0
        for place in self._places:
            with contextlib.suppress(OSError):
                found = os.statvfs(place)
                used += (found.f_blocks - found.f_bfree) * found.f_frsize
        return used / _MIB

    def sockets_mib(self) -> float:
        """Return what is sent and unread between the submission's sockets, in MiB; 0 where the kernel can't tell.

        It is charged to the sender. If that is closed it is not listed any more, so a socket that holds anything unread
        counts with the buffer that a sender has.
        """
        if self._netlink is None:
            return 0.0
        try:
            return sum(map(self._held, self._list(self._netlink))) / _MIB
        except (OSError, struct.error):
            return 0.0

    def _held(self, entry: bytes) -> int:
        kind, unread, sent = entry[1], 0, 0
        for name, value in _attributes(entry[16:]):
            if name == _QUEUE and len(value) >= 4:
                unread = int.from_bytes(value[:4], "little")
            elif name == _MEMORY and len(value) >= 12:
                sent = struct.unpack_from("=3I", value)[2]
        most = self._buffer * (_MOST_DATAGRAMS if kind == _DATAGRAM else 1)
        return max(sent, min(most, unread * _MOST_DATAGRAMS) if unread else 0)

    @staticmethod
    def _list(netlink: socket.socket) -> Iterator[bytes]:
        """Yield the kernel's description of every Unix socket of the network namespace."""
        wanted = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, _SHOW_QUEUE | _SHOW_MEMORY, 0, 0)
        netlink.send(_HEADER.pack(_HEADER.size + len(wanted), _BY_FAMILY, _REQUEST_ALL, 1, 0) + wanted)
        while True:
            data = netlink.recv(_PIECE)
            while data:
                length, kind, *_rest = _HEADER.unpack_from(data)
                if kind in (_DONE, _ERROR) or length < _HEADER.size:
                    return
                yield data[_HEADER.size : length]
                data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, name = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield name, data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]


def _default_buffer() -> int:
    """Return how much one socket may send ahead: no submission can raise that (`grader.sandbox.inside.seccomp`)."""
    try:
        return int(Path("/proc/sys/net/core/wmem_default").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 212992
