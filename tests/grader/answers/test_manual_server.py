"""Tests of grader.answers.server and grader.answers.backend, through real requests."""

import http.client
import json
import socket

import pytest
from manual_conftest import result_of

from grader.answers.server import TOKEN_HEADER, open_server
from grader.answers.view import opaque_key
from grader.errors import ManualError

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) ![x](http://evil.example/x.png)\n\n"
    "</textarea></article><iframe src=//evil.example>\u202e"
)


def _key(page, name):
    return opaque_key(name, token=page.backend.token)


def test_the_page_lists_the_questions(page):
    """The first page names each question with its points and how many answers are graded."""
    status, headers, text = page.ask()
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Why?" in text
    assert "0 of 3" in text


def test_every_answer_says_what_a_browser_may_do(page):
    """Pages, files and refusals forbid everything but our own script and style, framing and caching among it."""
    for path in ("", "q/0", "page.js", "page.css", "nothing"):
        _, headers, _ = page.ask(path)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "), path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (headers["X-Frame-Options"], headers["Cache-Control"]) == ("DENY", "no-store")
        assert (headers["Referrer-Policy"], headers["X-Content-Type-Options"]) == ("no-referrer", "nosniff")


@pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/q/0", "//", "/../run.sqlite", "/{token}"])
def test_without_the_token_there_is_nothing(page, path):
    """An address without the token is not found, and the refusal holds no answer."""
    status, _, text = page.ask(url=page.origin + path.replace("{token}", page.backend.token[:-1]))
    assert status == 404
    assert "Because" not in text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "", "127.0.0.1.evil.example"]
)
def test_another_hosts_name_is_refused(page, host):
    """A name that somebody made point at this machine (DNS rebinding) gets nothing, token or not."""
    status, _, text = page.ask("q/0", headers={"Host": host})
    assert (status, "Because" in text) == (403, False)


def test_two_hosts_are_refused(page):
    """A request that names two hosts is nobody's."""
    port = int(page.origin.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", f"/{page.backend.token}/", skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{port}")
    connection.putheader("Host", "evil.example")
    connection.endheaders()
    assert connection.getresponse().status == 403
    connection.close()


def test_only_this_machine_can_connect(page):
    """The server is bound to 127.0.0.1, not to every address."""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", int(page.origin.rpartition(":")[2])), timeout=5)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {TOKEN_HEADER: "wrong"},
        {TOKEN_HEADER: "é"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_a_form_of_strangers_changes_nothing(page, headers):
    """A POST without the token in its header is refused, even to the right address."""
    body = {"key": _key(page, "ann"), "question": "why", "points": "4", "comment": ""}
    assert page.ask("give", headers=headers, body=body)[0] == 403
    assert page.store.marks() == {}


def test_another_origin_changes_nothing(page):
    """A POST that a browser marks as another page's is refused, even with both tokens."""
    headers = {TOKEN_HEADER: page.backend.token, "Origin": "http://evil.example"}
    body = {"key": _key(page, "ann"), "question": "why", "points": "4", "comment": ""}
    assert page.ask("give", headers=headers, body=body)[0] == 403
    assert page.ask("give", headers=headers | {"Origin": page.origin}, body=body)[0] == 200


def test_points_are_stored_at_once(page):
    """What the page sends is in the store when the reply comes, and the page shows it from then on."""
    status, reply = page.send("give", key=_key(page, "ann"), question="why", points="2,5", comment="fine\r\n")
    assert (status, reply) == (200, {"graded": 1})
    mark = page.store.marks()["ann", "why"]
    assert (mark.points, mark.comment) == (2.5, "fine")
    assert 'value="2.5"' in page.ask("q/0")[2]
    assert "1 of 3" in page.ask()[2]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"points": "4.5"}, "4.5 points are not within 0 and 4."),
        ({"points": "NaN"}, "is not a number of points"),
        ({"key": "0" * 20}, "There is no such answer. Load the page again."),
        ({"question": "who"}, "There is no such answer."),
        ({"points": 3}, "`points` is not text."),
        ({"comment": "x" * 10_001}, "The comment has 10001 characters"),
    ],
)
def test_what_cannot_be_given_is_refused(page, sent, words):
    """Points out of range and answers that aren't there are refused with a sentence; nothing is stored."""
    status, reply = page.send("give", **{"key": _key(page, "ann"), "question": "why", "points": "1"} | sent)
    assert status == 400
    assert words in reply["error"]
    assert page.store.marks() == {}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "What was sent is not JSON."),
        (b"[" * 100_000, 400, "What was sent is not JSON."),
        (b"[]", 400, "What was sent is not an object."),
        (b" " * 300_000, 413, "At most 262144 bytes."),
    ],
)
def test_a_body_that_is_none_is_refused(page, body, status, words):
    """What is no JSON object, or too much, is refused."""
    got, _, text = page.ask("give", headers={TOKEN_HEADER: page.backend.token}, body=body)
    assert (got, json.loads(text)["error"]) == (status, words)


@pytest.mark.parametrize(("path", "method"), [("q/7", "GET"), ("q/x", "GET"), ("page.html", "GET"), ("run", "POST")])
def test_there_is_nothing_else(page, path, method):
    """Other addresses, and questions that aren't there, are not found."""
    body = {} if method == "POST" else None
    assert page.ask(path, headers={TOKEN_HEADER: page.backend.token}, body=body, method=method)[0] == 404


def test_names_are_hidden_until_asked_for(page):
    """Without `names=shown` the page holds no submission's name anywhere, and its order says nothing of it."""
    assert not any(name in page.ask("q/0")[2] for name in ("ann", "bob", "cyd"))
    shown = page.ask("q/0?names=shown&order=name")[2]
    assert shown.index("<bdi>ann</bdi>") < shown.index("<bdi>bob</bdi>") < shown.index("<bdi>cyd</bdi>")


def test_the_shuffled_order_stays(start_page, make_results):
    """The shuffled order is another one than that of the names, and the same at each visit."""
    results = [result_of(f"s{number:02d}", why=f"text {number:02d}") for number in range(30)]
    page = start_page(make_results(*results), results)
    orders = [[line for line in page.ask("q/0")[2].splitlines() if "text " in line] for _ in range(2)]
    assert orders[0] == orders[1] != sorted(orders[0])


def test_answers_nobody_wrote_get_zero_in_one_step(page):
    """“Give 0” reaches exactly the answers that are empty and not graded, and one undo takes it back."""
    _, reply = page.send("zero", question="why")
    assert [(one["key"], one["points"]) for one in reply["changed"]] == [(_key(page, "cyd"), "0")]
    assert {key: mark.points for key, mark in page.store.marks().items()} == {("cyd", "why"): 0.0}
    assert page.send("zero", question="why")[1]["changed"] == []
    assert page.send("undo")[1]["changed"][0]["points"] == ""
    assert page.store.marks() == {}


def test_the_same_points_again_are_no_step(page):
    """Saving what is stored already leaves nothing to undo."""
    for _ in range(2):
        page.send("give", key=_key(page, "ann"), question="why", points="1", comment="")
    assert len(page.send("undo")[1]["changed"]) == 1
    assert page.send("undo")[1]["changed"] == []


def test_remarks_are_kept(page):
    """The common remarks of a question are stored; what can't be one is refused."""
    status, reply = page.send("remarks", question="why", remarks=[{"text": "No reason", "deduction": "1,5"}])
    assert (status, reply) == (200, {"remarks": [["No reason", "1.5"]]})
    assert "No reason (−1.5)" in page.ask("q/0")[2]
    for remarks, words in [
        ("x", "no list of remarks"),
        ([1], "A remark has a text and a deduction."),
        ([{"text": ""}], "A remark has 1 to 500 characters."),
        ([{"text": "a", "deduction": "5"}], "5 points are not within 0 and 4."),
        ([{"text": "a"}] * 10, "9 remarks are the most"),
    ]:
        status, reply = page.send("remarks", question="why", remarks=remarks)
        assert status == 400
        assert words in reply["error"]


def test_hostile_answers_are_text(start_page, make_results):
    """Tags, links, images and direction marks of a student are shown as written; none becomes part of the page."""
    result = result_of("</title><script>1</script>", why=HOSTILE)
    page = start_page(make_results(result), [result])
    page.send("give", key=_key(page, result.submission), question="why", points="1", comment=HOSTILE)
    text = page.ask("q/0?names=shown")[2]
    assert text.count("<script") == 1
    assert not any(tag in text for tag in ("<img", "<iframe", 'href="javascript', "\u202e"))
    assert text.count("</textarea>") == 1


def test_a_disk_that_fails_is_said(page, folder):
    """Where the store can't be written, the reply says so instead of pretending."""
    (folder / "run.sqlite").write_bytes(b"no database" * 500)
    status, reply = page.send("give", key=_key(page, "ann"), question="why", points="1")
    assert status == 500
    assert "is damaged" in reply["error"]
    assert page.ask()[0] == 500


def test_a_port_in_use_is_said(page):
    """A port that another program holds is named, with the option that chooses another."""
    port = int(page.origin.rpartition(":")[2])
    with pytest.raises(ManualError, match=rf"Port {port} of 127.0.0.1 can't be used: .*--port"):
        open_server(page.backend, port=port)
