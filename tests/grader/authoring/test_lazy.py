"""Tests of making lazy submissions: what stands in for a part, and that everything else stays."""

import ast
from pathlib import Path

import pytest

from grader.authoring.lazy import LEFT_OUT, SILENT, UNWRITTEN, all_ways, find_parts, keeps_the_work, make_lazy
from grader.courses.course import list_slugs, read_assignment
from grader.submissions.submission import read_reference

COURSE = Path(__file__).parents[3]
MINI = read_assignment(COURSE / "tests" / "grader" / "sample_courses" / "mini", "mini")
SOURCE = '''\
class Layer:
    def forward(self, x, scale):
        # <solution> Scale.
        self.x = x
        if scale is None:
            return x, len(x)
        return (
            scale * x,
            len(x),
        )
        # </solution>

    def update(self):
        # <solution> Remember.
        self.x = 1
        # </solution>


def fit(epochs):
    for epoch in range(epochs):
        # <solution> Train.
        loss = epoch
        # </solution>
        print(loss)
        # <solution> Save.
        saved = epoch
        # </solution>


# <solution> Choose.
#| width = None
width = 3
# </solution>
total = width * 2

# <solution> Say why.
answer = """Since it is so."""
# </solution>
'''


@pytest.fixture(scope="module")
def parts():
    """Return the parts of the source above, by name."""
    return {part.name.removeprefix("student.py: "): part for part in find_parts(files(), MINI)}


def files():
    return {"student.py": SOURCE.encode(), "other.txt": b"# <solution>"}


def made(part, way):
    return make_lazy(files(), [part], way)["student.py"].decode()


def test_every_region_but_texts_is_in_a_part(parts):
    """A function that returns is one part, every other region is one; a text that is given a name is none."""
    assert list(parts) == ["Layer.forward", "Layer.update", "fit, line 21", "fit, line 25", "line 30"]


def test_a_part_knows_what_it_can_hand_back(parts):
    """Only what returns something may return constants, its arguments, or what is left of its result."""
    ways = parts["Layer.forward"].ways
    assert ways["returns its first argument"] == "x"
    assert ways["returns its second argument"] == "scale"
    assert ways["returns ones like its first argument"] == "x * 0 + 1"
    assert "returns zeros of the right shape" in ways
    assert list(parts["Layer.update"].ways) == [LEFT_OUT]


def test_names_that_others_read_are_set(parts):
    """A region whose names are read further on sets them to constants, or to nothing."""
    assert parts["fit, line 21"].bound == ("loss",)
    assert parts["fit, line 25"].bound == ()
    assert "total = width * 2" in made(parts["line 30"], "sets 0")
    assert "width = 0\n" in made(parts["line 30"], "sets 0")


def test_a_result_can_be_spoilt(parts):
    """Work that is kept returns the right shapes with nothing in them, in tuples as well."""
    for way, expected in (("zeros", ([0, 0], 0)), ("ones", ([1, 1], 1))):
        space = run(made(parts["Layer.forward"], f"returns {way} of the right shape"))
        layer = space["Layer"]()
        x = Numbers([5.0, 6.0])
        for scale in (None, 3):
            result = layer.forward(x, scale)
            assert (list(result[0]), result[1]) == expected
        assert layer.x is x
    silent = run(made(parts["Layer.forward"], SILENT))["Layer"]()
    assert silent.forward(Numbers([1.0]), None) is None


class Numbers(list):
    """A list that computes as a tensor does."""

    def __mul__(self, factor):
        return Numbers(factor * number for number in self)

    __rmul__ = __mul__

    def __add__(self, more):
        return Numbers(more + number for number in self)


def run(text):
    space = {}
    exec(compile(text, "lazy", "exec"), space)
    return space


def test_what_is_not_written_says_so(parts):
    """An unwritten part raises, or leaves the lines that its region names."""
    assert "raise NotImplementedError('student.py: Layer.update')" in made(parts["Layer.update"], UNWRITTEN)
    assert "width = None\n" in made(parts["line 30"], UNWRITTEN)
    assert "answer" in made(parts["line 30"], UNWRITTEN)


def test_only_spoilt_results_keep_the_work():
    """A constant does no work; the right shape without its values does."""
    assert keeps_the_work("returns zeros of the right shape")
    assert not keeps_the_work("returns 0")
    assert not keeps_the_work(LEFT_OUT)


@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_every_lazy_form_of_a_course_is_python(slug):
    """Each part of each bundled course, and all of them at once, can be replaced in every way."""
    assignment = read_assignment(COURSE, slug)
    reference = read_reference(assignment.reference)
    found = find_parts(reference, assignment)
    assert len(found) >= 5
    for chosen in [found, *([part] for part in found)]:
        for way in (UNWRITTEN, SILENT, *all_ways(chosen)):
            for path, content in make_lazy(reference, chosen, way).items():
                if path.endswith(".py"):
                    ast.parse(content)
                assert (content == reference[path]) == all(part.file != path for part in chosen)
