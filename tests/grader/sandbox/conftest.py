"""Fixtures of the sandbox's tests: fork servers behind both walls, submissions behind them, strangers to talk to."""

import contextlib
import os
import signal

import pytest

from grader.errors import SandboxError
from grader.sandbox.inside.kernel import adopt_orphans
from grader.sandbox.inside.memory import descendants
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.outside.walls import Wall
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import ProbeCall

SMALL = Limits(wall_s=3, import_s=10, cpu_s=5, memory_mib=600, processes=40, output_kib=4, reply_mib=8, tmp_mib=32)
PROBES = b"""
from grader.probes import probe


@probe(needs=["student"])
def call(*, name, arguments=()):
    import student

    return {"result": getattr(student, name)(*arguments)}


@probe()
def alone(*, x):
    return {"y": x}
"""


def _started(wall, **settings):
    try:
        return ForkServer(wall, **settings).__enter__()
    except SandboxError as err:
        if wall is Wall.BUBBLEWRAP and os.environ.get("GRADER_NO_WALL") == "1":
            pytest.skip("GRADER_NO_WALL=1: this machine can't build the wall, and its owner knows.")
        pytest.fail(str(err))


@pytest.fixture(scope="session")
def walled_server():
    """Return a fork server behind bubblewrap."""
    server = _started(Wall.BUBBLEWRAP)
    yield server
    server.close()


@pytest.fixture(scope="session")
def plain_server():
    """Return a fork server in a plain process."""
    server = _started(Wall.PROCESS)
    yield server
    server.close()


@pytest.fixture(scope="session")
def preloading_server():
    """Return a fork server behind bubblewrap that has imported libraries which write while they are imported."""
    server = _started(Wall.BUBBLEWRAP, preload=["torch", "torch._dynamo", "matplotlib.pyplot"])
    yield server
    server.close()


@pytest.fixture(params=["bubblewrap", "process"])
def server(request):
    """Return a fork server, once behind each wall."""
    return request.getfixturevalue("walled_server" if request.param == "bubblewrap" else "plain_server")


@pytest.fixture(params=[Wall.BUBBLEWRAP, Wall.PROCESS])
def wall(request):
    """Return each wall that can be built here; for tests that need a fork server of their own."""
    if request.param is Wall.BUBBLEWRAP:
        request.getfixturevalue("walled_server")
    return request.param


@pytest.fixture
def open_on():
    """Return a function that opens a submission of one file, student.py, on a server."""
    with contextlib.ExitStack() as stack:

        def open_submission(server, student="", *, probes=PROBES, limits=SMALL, files=None, shims=()):
            sources = {"student.py": student.encode(), **(files or {})}
            named = probes if isinstance(probes, dict) else {"probes.py": probes}
            sandbox = WalledSandbox(server, files=sources, probes=named, limits=limits, shims=shims)
            return stack.enter_context(sandbox)

        yield open_submission


@pytest.fixture
def open_student(server, open_on):
    """Return a function that opens a submission of one file, student.py, behind each wall."""
    return lambda student="", **options: open_on(server, student, **options)


@pytest.fixture
def call():
    """Return a function that calls one of the student's functions in a sandbox."""

    def run(sandbox, name, *arguments, **settings):
        return sandbox.run(ProbeCall("call", {"name": name, "arguments": list(arguments)}, **settings))

    return run


@pytest.fixture
def in_child():
    """Return a function that runs a body in a forked child and returns what it returns as text, or its exception."""

    def run(body):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                signal.alarm(20)
                text = str(body())
            except BaseException as err:
                text = f"{type(err).__name__}: {err}"
            os.write(writing, text.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as stream:
            text = stream.read()
        os.waitpid(child, 0)
        return text

    return run


@pytest.fixture
def new_processes():
    """Return a function that lists the descendants of this process, orphans too, that the test has brought about."""
    adopt_orphans()
    before = set(descendants(os.getpid()))
    return lambda: set(descendants(os.getpid())) - before
