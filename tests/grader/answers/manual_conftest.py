"""A results folder with answers, a course that asks for them, and a running page."""

import json
import shutil
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass

import pytest

from grader.answers.backend import PageBackend
from grader.answers.marks import find_answers, measured_beside
from grader.answers.server import TOKEN_HEADER, open_server
from grader.answers.store import ManualStore
from grader.courses.assignment import Question
from grader.results.results_file import RunInfo
from grader.results.store import open_store
from grader.results.verdict import Answer, CheckResult, Status, SubmissionResult, TaskResult, Verdict

RUN = RunInfo("tiny", "Tiny", "d", "0.1.0", "2.13.0", "process", "2026-05-01T10:00:00Z")
QUESTIONS = (Question("why", "Why?", "student", 4.0), Question("how", "How?", "student"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = "--no-sandbox --disable-gpu --disable-dev-shm-usage --no-zygote"


def result_of(name, *, why="Because.", how="Somehow.", points=5.0, status=Status.GRADED):
    """Return a result with two answers; "" for one that nobody wrote."""
    answers = tuple(
        Answer(question.title, text, points=question.points, note="" if text else "Not answered.", name=question.name)
        for question, text in zip(QUESTIONS, (why, how), strict=True)
    )
    check = CheckResult("test_it", "Is right", "it", Verdict.PASSED)
    task = TaskResult("it", "It", points, 10.0, False, (check,))
    return SubmissionResult(name, status, points, 10.0, (task,), answers=answers)


@pytest.fixture
def make_results(tmp_path):
    """Return a function that stores results in a folder and returns it."""

    def make(*results, folder="out"):
        with open_store(tmp_path / folder, run=RUN) as store:
            for result in results:
                store.save(result, digest="d")
        return tmp_path / folder

    return make


@pytest.fixture
def folder(make_results):
    """Return a results folder: ann and bob answered, cyd left one question out."""
    return make_results(result_of("ann"), result_of("bob", why="*So*."), result_of("cyd", why=""))


@dataclass
class Page:
    """A running page, as a client sees it."""

    url: str
    backend: PageBackend
    store: ManualStore

    @property
    def origin(self):
        return self.url.removesuffix(f"/{self.backend.token}/")

    def ask(self, path="", *, headers=None, body=None, method=None, url=None):
        """Return status, headers and text of a request below the token, or of a whole `url`."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(url or self.url + path, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, reply.headers, reply.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def send(self, action, **body):
        """Return status and reply of what the page itself would send."""
        status, _, text = self.ask(action, headers={TOKEN_HEADER: self.backend.token}, body=body)
        return status, json.loads(text)


@pytest.fixture
def start_page():
    """Return a function that serves results until the test ends."""
    servers = []

    def start(folder, results, questions=QUESTIONS):
        store, answers = ManualStore(folder), find_answers(results, questions)
        measured = measured_beside(results)
        backend = PageBackend(store, title="Tiny", questions=questions, answers=answers, measured=measured)
        server = open_server(backend)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        servers.append((server, thread))
        return Page(f"http://127.0.0.1:{server.server_address[1]}/{backend.token}/", backend, store)

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def page(folder, start_page):
    """Return the page for `folder`."""
    return start_page(folder, [result_of("ann"), result_of("bob", why="*So*."), result_of("cyd", why="")])


@pytest.fixture(scope="module")  # one at a time: other tests of a session start one of their own
def browser():
    """Return a browser without a window; where there is none, the tests that need it are skipped."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield launched
        launched.close()
