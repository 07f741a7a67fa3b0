"""Generate the students' kit from a reference: stubs, support files, public checks and assets, README.

`grader.authoring.regions` cuts the solutions out, `grader.authoring.kit_files` makes what is not copied.
"""

from collections.abc import Mapping
from pathlib import Path

from grader.authoring.kit_files import (
    filter_manifest,
    find_public_checks,
    find_public_files,
    is_asset_of,
    write_assignment_file,
)
from grader.authoring.kit_notebook import cut_notebook
from grader.authoring.kit_readme import write_readme
from grader.authoring.leaks import find_leaks
from grader.authoring.regions import cut_regions, has_marker
from grader.courses.assignment import Assignment, is_hidden_file, probe_files
from grader.courses.assignment_file import ASSIGNMENT_FILE
from grader.courses.globs import is_matched
from grader.courses.personal import PERSONAL_FILE, personal_file
from grader.courses.toml_table import read_toml
from grader.errors import CourseError
from grader.submissions.artifacts import without_artifacts
from grader.submissions.contents import is_junk
from grader.submissions.definitions import GIVEN_FILE, bindings_in, write_definitions
from grader.submissions.notebook_intake import convert_scripts
from grader.submissions.submission import KIT_FOLDER, read_reference

MANIFEST = "manifest.json"
_README = "README.md"


def write_template(assignment: Assignment, target: Path) -> list[Path]:
    """Write the kit to `target` and remove what no longer belongs there; return the kit's files, sorted.

    What it gives is recorded beside the assets, so that whoever hands it in as it was earns nothing by it.
    Raises CourseError, and writes nothing, where the kit would give away what it must not.
    """
    plan = plan_template(assignment)
    for leak in find_leaks(assignment, plan):
        raise leak
    _put(assignment, target, plan)
    for record, content in _record_of(plan, assignment).items():
        (assignment.assets / record).parent.mkdir(parents=True, exist_ok=True)
        (assignment.assets / record).write_bytes(content)
    return [target / path for path in plan]


def _put(assignment: Assignment, target: Path, plan: Mapping[str, bytes]) -> None:
    """Write a kit's files and remove what no longer belongs there."""
    _refuse_foreign(assignment, target)
    for extra in sorted(_list_files(target) - set(plan)):
        (target / extra).unlink()
    _remove_empty(target)
    for path, content in plan.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_bytes() != content:
            file.write_bytes(content)


def write_kit_for(assignment: Assignment, target: Path, *, student: str, seed: str) -> None:
    """Write the kit of one student or group to `target`: the kit of all, with the seed of their data beside it."""
    plan = plan_template(assignment)
    for leak in find_leaks(assignment, plan):
        raise leak
    if PERSONAL_FILE in plan:
        raise CourseError(
            f"The reference of `{assignment.slug}` has a file `{PERSONAL_FILE}`.",
            remedy="Rename it: that name is taken.",
        )
    _put(assignment, target, plan | {PERSONAL_FILE: personal_file(assignment, student=student, seed=seed)})


def is_stale(assignment: Assignment, target: Path) -> tuple[str, ...]:
    """Name the kit's files that differ from what would be generated now, are missing, or should not be there."""
    plan = plan_template(assignment)
    present = _list_files(target)
    stale = {path: "is missing" for path in plan if path not in present}
    stale |= {path: "should not be there" for path in present if path not in plan}
    for path in present & set(plan):
        if (target / path).read_bytes() != plan[path]:
            stale[path] = "differs"
    for name, content in _record_of(plan, assignment).items():
        record = assignment.assets / name
        if not record.is_file() or record.read_bytes() != content:
            stale[f"the record {name}"] = "differs"
    return tuple(f"{path} {reason}" for path, reason in sorted(stale.items()))


def plan_template(assignment: Assignment) -> dict[str, bytes]:
    """Return the kit's files, POSIX path to bytes, sorted; raise CourseError for a bad region."""
    if assignment.reference is None:
        raise CourseError(
            f"`{assignment.slug}` is a students' kit, which has no reference.",
            remedy="Run this in the course.",
        )
    plan = {
        path: _make_stub(path, content, assignment)
        for path, content in convert_scripts(_handed_out(assignment.reference, assignment), assignment).items()
    }
    made = {
        **{f"{KIT_FOLDER}assets/{name}": content for name, content in _record_of(plan, assignment).items()},
        _README: write_readme(assignment).encode(),
        **_plan_checks(assignment),
    }
    taken = sorted(path for path in plan if path in made or path.startswith(KIT_FOLDER))
    if taken:
        raise CourseError(
            f"{assignment.reference / taken[0]} lies where the kit has its own files.",
            remedy=f"Rename it: `{KIT_FOLDER}` is taken.",
        )
    return dict(sorted((plan | made).items()))


def _handed_out(reference: Path, assignment: Assignment) -> dict[str, bytes]:
    """Return the files of a reference that the kit is made of: not the artifacts, which students make themselves."""
    return without_artifacts(read_reference(reference), assignment)


def _record_of(plan: Mapping[str, bytes], assignment: Assignment) -> dict[str, bytes]:
    """Return the record of what the kit gives, by its file's name; none where no task says what it is about."""
    if not any(task.parts for task in assignment.tasks):
        return {}
    theirs = {path: content for path, content in plan.items() if is_matched(path, assignment.handed_in.editable)}
    own = {path: content for path, content in theirs.items() if not path.startswith(KIT_FOLDER)}
    return {GIVEN_FILE: write_definitions(bindings_in(own))}


def _make_stub(path: str, content: bytes, assignment: Assignment) -> bytes:
    name = f"reference/{assignment.slug}/{path}"
    is_editable = is_matched(path, assignment.handed_in.editable)
    if is_editable and path.endswith(".ipynb"):
        return cut_notebook(content, name=name)
    if is_editable and path.endswith(".py"):
        return cut_regions(_decode(content, name=name), name=name).encode()
    if has_marker(content.decode("utf-8", "replace")):
        raise CourseError(
            f"{name} has a solution region, but is not a Python file or notebook that students may change.",
            remedy="Add it to `editable` in assignment.toml, or remove the markers.",
        )
    return content


def _decode(content: bytes, *, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as err:
        raise CourseError(f"{name} is not UTF-8 (byte {err.start}).", remedy="Save it as UTF-8.") from err


def _plan_checks(assignment: Assignment) -> dict[str, bytes]:
    checks = find_public_checks(assignment)
    files = find_public_files(assignment)
    probes = probe_files(assignment)
    if not probes:
        raise CourseError(
            f"{assignment.folder / 'probes.py'} is missing.", remedy="Add the probes that the checks run."
        )
    for file in probes:
        if is_hidden_file(file):
            raise CourseError(
                f"{file} would be in the students' kit, as all probes are: they run beside the students' code.",
                remedy="Rename it, and keep in hidden checks what students may not know.",
            )
    plan = {file.name: file.read_bytes() for file in (*probes, *files)}
    plan[ASSIGNMENT_FILE] = write_assignment_file(assignment).encode()
    manifest = assignment.assets / MANIFEST
    kept = filter_manifest(manifest, checks) if manifest.is_file() else b""
    for asset in assignment.assets.glob("*.safetensors"):
        if is_asset_of(asset.stem, checks):
            plan |= {f"assets/{MANIFEST}": kept, f"assets/{asset.name}": asset.read_bytes()}
    return {KIT_FOLDER + path: content for path, content in plan.items()}


def _refuse_foreign(assignment: Assignment, target: Path) -> None:
    """Raise CourseError if files at `target` would be lost that no template made."""
    present = _list_files(target)
    kit = target / KIT_FOLDER / ASSIGNMENT_FILE
    if present and not (kit.is_file() and read_toml(kit).values.get("slug") == assignment.slug):
        raise CourseError(
            f"{target} holds {len(present)} files and is not a kit of `{assignment.slug}`; nothing was written.",
            remedy="Name an empty folder, or remove this one.",
        )


def _list_files(target: Path) -> set[str]:
    files = (file for file in target.rglob("*") if file.is_symlink() or not file.is_dir())
    return {path for path in (file.relative_to(target).as_posix() for file in files) if not is_junk(path)}


def _remove_empty(target: Path) -> None:
    folders = [folder for folder in target.rglob("*") if folder.is_dir() and not folder.is_symlink()]
    for folder in sorted(folders, key=lambda one: len(one.parts), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
