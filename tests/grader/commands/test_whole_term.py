"""A term as a whole: forty students and one by mail, three deadlines, groups, artifacts; step by step and at once."""

import csv
import os
import time
from datetime import UTC, datetime

import pytest
import torch
from safetensors.torch import save
from test_term import BAD, DEADLINE, DUE_S, EXTENSIONS, GOOD, HALF, OVERRIDES

from grader.results.store import read_store

SOURCES = (GOOD, HALF, BAD)
STEPS = (-5, 30, 60, 200)  # hours after the due time: in time, for 80 %, for 50 %, for nothing
MEMBERS = [[f"Ann {i:02}", f"Bob {i:02}"] if i < 8 else [f"Ann {i:02}"] for i in range(32)]  # forty students
BY_MAIL = {"Zed": (HALF, 0, -9), "Zed (1)": (GOOD, 3, 31)}  # two attempts: source, artifacts and hours
ROSTER = "name\nZed\n" + "".join(f"{student}\n" for members in MEMBERS for student in members)
TOML = f"""{DEADLINE}counts = "best"
[tasks.measured]
title = "Measured"
points = 10
[tasks.trained]
title = "Trained"
points = 10
[submission.artifacts]
weights = {{ path = "weights/best.safetensors", mib = 0.01 }}
predictions = {{ path = "predictions.csv", mib = 0.01 }}
"""
CHECKS = '''

@pytest.mark.graded(task="measured")
def test_measured(probe, credit):
    """What comes out is twice as large as what goes in"""
    credit(probe("double", x=torch.ones(4))["y"].mean(), [(1, 0.5), (2, 1)], parameters=7)


@pytest.mark.graded(task="trained")
def test_weights(probe, artifact):
    """The network that was trained returns what goes in"""
    assert_matches(probe("net", weights=artifact("weights").path, x=torch.eye(2)), {"y": torch.eye(2)})


@pytest.mark.graded(task="trained")
def test_predictions(artifact, credit):
    """The predictions are right"""
    found = read_predictions(artifact("predictions"), ids=range(4), classes=("no", "yes"), header="id,label")
    right = (found == torch.tensor([1, 0, 0, 1])).sum()
    credit(right, [(2, 0.5), (4, 1)], parameters=count_parameters(artifact("weights")))
'''
PROBES = """

@probe(needs=["student"])
def net(*, weights, x):
    import student

    made = student.Net()
    load_weights(made, weights)
    return {"y": made(x.clone())}
"""
NET = """

import torch


class Net(torch.nn.Linear):
    def __init__(self):
        super().__init__(2, 2, bias=False)
"""
RIGHT, HALF_RIGHT = "id,label\n0,yes\n1,no\n2,no\n3,yes\n", "label;id\nyes;3\nyes;2\nyes;1\nyes;0\n"
BEST, PREDICTED = "weights/best.safetensors", "predictions.csv"
WEIGHTS = save({"weight": torch.eye(2)})
ARTIFACTS = (  # what students hand in beside their code, what it earns of 10, and what is said of it
    ({BEST: WEIGHTS, PREDICTED: RIGHT}, 10, ""),
    ({BEST: save({"weight": torch.eye(3)}), PREDICTED: RIGHT}, 5, "does not fit your model"),
    ({BEST: WEIGHTS, PREDICTED: RIGHT.replace("3,yes\n", "")}, 5, "has no prediction for the id"),
    ({}, 0, "was not handed in"),
    ({BEST: WEIGHTS, PREDICTED: HALF_RIGHT}, 7.5, "earns 2.5 of 5 points"),
)


@pytest.fixture
def forty(term, write_files, call_grader):
    """Return the term with a deadline of three steps, a measure and artifacts, and a reference that brings its own."""
    term.toml.write_text(term.toml.read_text(encoding="utf-8") + TOML, encoding="utf-8")
    imports = "import pytest\n\nfrom grader.datasets import count_parameters, read_predictions\n"
    term.checks.write_text(imports + term.checks.read_text(encoding="utf-8") + CHECKS, encoding="utf-8")
    probes = term.checks.with_name("probes.py")
    probes.write_text(
        f"from grader.weights import load_weights\n{probes.read_text(encoding='utf-8')}{PROBES}", encoding="utf-8"
    )
    reference = term.course / "reference" / "tiny"
    student = (reference / "student.py").read_text(encoding="utf-8")
    write_files(reference, {"student.py": student + NET, BEST: WEIGHTS, PREDICTED: RIGHT})
    assert call_grader("record", "tiny", cwd=term.course).returncode == 0
    return term


def hand_in_all(term, write_files, until):
    """Write Gradescope's export of what was handed in until so many hours after the due time, and what was mailed."""
    folder = term.folder
    told = []
    for i, members in enumerate(MEMBERS):
        if STEPS[i % 4] > until:
            continue
        name = f"submission_{100 + i}"
        write_files(folder / name, {"student.py": SOURCES[i % 3] + NET, **ARTIFACTS[i % 5][0]})
        when = datetime.fromtimestamp(DUE_S + STEPS[i % 4] * 3600, UTC).strftime("%Y-%m-%d %H:%M:%S.000000000 Z")
        people = "".join(f"  - :name: {student}\n    :sid: '{i}{k}'\n" for k, student in enumerate(members))
        told.append(f"{name}:\n  :submitters:\n{people}  :created_at: {when}\n")
    (folder / "submission_metadata.yml").write_text("".join(told), encoding="utf-8")
    for name, (source, kind, hours) in BY_MAIL.items():
        files = {"student.py": source + NET, **ARTIFACTS[kind][0]} if hours <= until else {}
        for path in write_files(folder / name, files).rglob("*"):
            os.utime(path, (DUE_S + hours * 3600,) * 2)


def kill_in_the_middle(term, start_grader):
    """Start to grade, and kill it once something more is stored."""
    before = stored_in(term.out)
    arguments = ("grade", "tiny", term.folder, "--out", term.out, "--wall", "process", "-j", "1")
    with start_grader(*arguments, cwd=term.course) as process:
        end = time.monotonic() + 60
        while stored_in(term.out) <= before and time.monotonic() < end:
            time.sleep(0.02)
        process.kill()


def stored_in(out):
    """Return how many results a folder holds."""
    if not (out / "run.sqlite").is_file():
        return 0
    with read_store(out) as store:
        return len(list(store.results()))


def rows_of(text):
    """Return the rows of a CSV file."""
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.slow
def test_a_whole_term(forty, start_grader, call_grader, write_files):
    """Deadlines, groups, artifacts, extensions, overrides, measures, a mended check: at once as step by step."""
    term = forty
    roster = term.folder.parent / "roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    exports = []

    def export(*options):
        path = term.folder.parent / f"export{len(exports)}.csv"
        ended = term.export("-f", "csv", "--roster", roster, "-o", path, *options)
        exports.append(path.read_text(encoding="utf-8"))
        return ended

    for step, until in enumerate((0, 48, 96)):
        hand_in_all(term, write_files, until)
        if step == 1:
            kill_in_the_middle(term, start_grader)
        assert term.grade().returncode == 0
        export()
        handed_in = [len(one) for i, one in enumerate(MEMBERS) if STEPS[i % 4] <= until]
        assert exports[-1].count(",graded,") == sum(handed_in) + 1
    hand_in_all(term, write_files, 500)
    term.grade()
    check_what_artifacts_earned(term)
    # Of two attempts the better one counts, which was in time; the instructor sees both.
    assert term.points()["Zed"] == "30"
    assert term.page("instructor/Zed.html").count('<span class="tag">counts</span>') == 1
    # An extension for one of a group, then a person's word for another.
    late, wrong = "Ann 01 & Bob 01", "Ann 08"
    assert (term.points()[late], term.points()[wrong]) == ("20", "5")
    term.write("extensions.csv", f"{EXTENSIONS}Bob 01,2026-11-22T12:00:00Z,,,Ill.\n")
    term.write("overrides.csv", f"{OVERRIDES}{wrong},test_double,5,,Half right.,Tom\n")
    assert term.report().returncode == 0
    assert (term.points()[late], term.points()[wrong]) == ("25", "10")
    export()
    # A mended check: what it moved is told, the override stays, and only that is exported.
    term.mend('{"y": 2 * x}', '{"y": x}')
    kill_in_the_middle(term, start_grader)
    assert term.grade().returncode == 0
    moved = {row["submission"] for row in rows_of(term.page("changes.csv"))}
    assert late in moved
    assert wrong not in moved
    assert "behind an override" in term.page("index.html")
    assert export("--only-changed").returncode == 0
    told = rows_of(exports[-1])
    assert {row["submission"] for row in told} == moved
    assert {row["name"] for row in told if row["submission"] == late} == {"Ann 01", "Bob 01"}
    export()
    check_leaderboards(term, call_grader)
    # The same at once, in another folder.
    once = term.folder.parent / "once"
    once.mkdir()
    for name in ("extensions.csv", "overrides.csv"):
        (once / name).write_text(term.page(name), encoding="utf-8")
    arguments = ("grade", "tiny", term.folder, "--out", once, "--wall", "process", "-j", "2")
    assert call_grader(*arguments, cwd=term.course).returncode == 0
    assert (once / "grades.csv").read_bytes() == (term.out / "grades.csv").read_bytes()
    path = once / "export.csv"
    call_grader("export", once, "-f", "csv", "--roster", roster, "-o", path, cwd=term.course)
    assert path.read_text(encoding="utf-8") == exports[-1]


def check_what_artifacts_earned(term):
    """Compare what weights and predictions earned with the table, and look for its words on scorecards."""
    trained = {row["submission"]: float(row["trained"]) for row in rows_of(term.page("grades.csv"))}
    names = [" & ".join(members) for members in MEMBERS]
    assert trained == {name: ARTIFACTS[i % 5][1] for i, name in enumerate(names)} | {"Zed": 10}
    for i, (_files, _points, words) in enumerate(ARTIFACTS):
        (card,) = (term.out / "scorecards").glob(f"Ann_{i + 10}-*.html")
        assert words in card.read_text(encoding="utf-8")


def check_leaderboards(term, call_grader):
    """Rank by both measures: nobody is named but who asked for it, and nothing of it costs anything."""
    nicknames = term.folder.parent / "nicknames.csv"
    nicknames.write_text("submission,nickname\nAnn 09,Neo\n", encoding="utf-8")

    def rank(task):
        ended = call_grader("leaderboard", term.out, "--task", task, "--nicknames", nicknames, cwd=term.course)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout, rows_of(term.page(f"leaderboard-{task}.csv"))

    said, board = rank("measured")
    assert "33 places, 1 by nickname, 0 without a score." in said
    places = {(row["rank"], row["score"], row["points"], row["parameters"]) for row in board}
    assert places == {("1", "2", "10", "7"), ("24", "1", "5", "7")}
    assert [row["name"] for row in board if not row["name"].startswith("anonymous ")] == ["Neo"]
    text = term.page("leaderboard-measured.html")
    assert text.count("Target: from 2, all points") == 1
    assert "Ann" not in text
    said, board = rank("trained")
    scores = [float(row["score"]) for row in board if row["score"]]
    wanted = [4, *(score for i in range(len(MEMBERS)) for score in {0: [4], 1: [4], 4: [2]}.get(i % 5, []))]
    assert scores == sorted(wanted, reverse=True)
    assert {row["parameters"] for row in board if row["score"]} == {"4", "9"}
