"""A class of three as each LMS packs it, written from its public documentation, with the roster of the same LMS.

Ann's work is right, half of Bo's is wrong, and Cy handed in a report only.
"""

import io
import tarfile

from upload_samples import pack

RIGHT = {"hw2/double.py": "def double(x): return 2 * x\n", "hw2/triple.py": "def triple(x): return 3 * x\n"}
HALF = {**RIGHT, "hw2/triple.py": "def triple(x): return x\n"}
PDF = b"%PDF-1.4"
ANN, BO = pack(RIGHT), pack(HALF)

CANVAS_FILES = {
    "leeann_101_9050_answers.pdf": PDF,
    "leeann_101_9101_hw2.zip": ANN,
    "chenbo_LATE_102_9102_double.py": HALF["hw2/double.py"].encode(),
    "chenbo_LATE_102_9103_triple-1.py": HALF["hw2/triple.py"].encode(),
    "diazcy_103_9104_answers.pdf": PDF,
}
CANVAS_ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW2 (7)\n,,,,,Manual Posting\n    Points Possible,,,,,20\n"
    '"Lee, Ann",101,S1,alee,A,\n"Chen, Bo",102,S2,bchen,A,\n"Diaz, Cy",103,S3,cdiaz,B,\n"Student, Test",999,,t,A,\n'
)
MOODLE_ROSTER = (
    "Identifier,Full name,Email address,Status,{group}Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    "Participant 501,Ann Lee,ann@x.edu,Submitted,{g1}-,20.00,Yes,-,-,\n"
    "Participant 502,Bo Chen,bo@x.edu,Submitted,{g2}-,20.00,Yes,-,-,\n"
    "Participant 503,Cy Diaz,cy@x.edu,Submitted,{g2}-,20.00,Yes,-,-,\n"
)
FLAT = {
    "Ann Lee_501_assignsubmission_file_report.pdf": PDF,
    "Ann Lee_501_assignsubmission_file_hw2.zip": ANN,
    "Bo Chen_502_assignsubmission_onlinetext_onlinetext.html": b"<p>see the zip</p>",
    "Bo Chen_502_assignsubmission_file_hw2.zip": BO,
    "Cy Diaz_503_assignsubmission_file_report.pdf": PDF,
}
GRADESCOPE = """\
submission_1001:
  :submitters:
  - :name: Ann Lee
    :sid: "3001"
    :email: ann@x.edu
  :created_at: 2025-03-03 10:00:00.000000000 Z
submission_1002:
  :submitters:
  - :name: Bo Chen
    :sid: "3002"
    :email: bo@x.edu
submission_1003:
  :submitters:
  - :name: Cy Diaz
    :sid: "3003"
    :email: cy@x.edu
"""
ADDRESSES = "Name,Email,Username\nAnn Lee,ann@x.edu,alee\nBo Chen,bo@x.edu,bchen\nCy Diaz,cy@x.edu,cdiaz\n"


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    """Return files with a folder before their paths."""
    return {f"{folder}/{path}": content for path, content in files.items()}


def tar_of(files: dict[str, bytes]) -> bytes:
    """Return a gzipped tar of files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_741_000_000
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def _sakai(student: str, own: dict[str, bytes]) -> dict[str, bytes | str]:
    return {
        f"HW2/{student}/timestamp.txt": "20250303101213000",
        f"HW2/{student}/{student}_submissionText.html": "<p></p>",
        **{f"HW2/{student}/Submission attachment(s)/{name}": content for name, content in own.items()},
    }


def _blackboard(login: str, name: str, own: str, content: bytes) -> dict[str, bytes | str]:
    mark = f"HW2_{login}_attempt_2025-03-03-10-12-13"
    return {f"{mark}.txt": f"Name: {name} ({login})\nAssignment: HW2\n", f"{mark}_{own}": content}


# For each LMS: the folder that the instructor gives, the files below it, the format of the export, and the roster.
LAYOUTS = {
    "canvas": ("submissions", CANVAS_FILES, "canvas", CANVAS_ROSTER),
    "canvas zip": ("submissions", {"submissions.zip": pack(CANVAS_FILES)}, "canvas", CANVAS_ROSTER),
    "canvas tar": ("submissions", {"submissions.tar.gz": tar_of(CANVAS_FILES)}, "canvas", CANVAS_ROSTER),
    "moodle flat": ("HW2-123", FLAT, "moodle", MOODLE_ROSTER.format(group="", g1="", g2="")),
    "moodle folders": (
        "HW2-123",
        {name.replace("_file_", "_file_/").replace("_onlinetext_", "_onlinetext_/"): own for name, own in FLAT.items()},
        "moodle",
        MOODLE_ROSTER.format(group="", g1="", g2=""),
    ),
    "moodle groups": (
        "HW2-123",
        {f"Team {number}-{name}": own for number, (name, own) in enumerate(FLAT.items())},
        "moodle",
        "Kennung,Name,E-Mail,Status,Bewertung,Bestwertung,Änderbar,Zuletzt (Abgabe),Zuletzt (Bewertung),Kommentar\n"
        + "".join(
            f"Teilnehmer/in{number},{name},{name[:2].lower()}@x.edu,Abgegeben,-,20.00,Ja,-,-,\n"
            for number, name in ((501, "Ann Lee"), (502, "Bo Chen"), (503, "Cy Diaz"))
        ),
    ),
    "gradescope": (
        "assignment_77_export",
        {
            "submission_metadata.yml": GRADESCOPE,
            **below("submission_1001", RIGHT),
            **below("submission_1002/hw2-main", HALF),
            "submission_1003/report.pdf": PDF,
        },
        "csv",
        "First Name,Last Name,SID,Email,Sections\n"
        "Ann,Lee,3001,ann@x.edu,A\nBo,Chen,3002,bo@x.edu,A\nCy,Diaz,3003,cy@x.edu,B\n",
    ),
    "classroom": (
        "hw2-submissions",
        {**below("hw2-ann-codes", RIGHT), **below("hw2-bo", HALF), "hw2-cy-d/README.md": "nothing yet"},
        "csv",
        '"identifier","github_username","github_id","name"\n'
        '"ann@x.edu","ann-codes","1","Ann Lee"\n"bo@x.edu","bo","2","Bo Chen"\n"cy@x.edu","cy-d","3","Cy Diaz"\n',
    ),
    "brightspace": (
        "HW2 Download",
        {
            "11-7 - Ann Lee - Mar 2, 2025 1012 AM/hw2.zip": BO,
            "11-7 - Ann Lee - Mar 3, 2025 212 PM/hw2.zip": ANN,
            "12-7 - Bo Chen - Mar 3, 2025 1012 AM/hw2.zip": BO,
            "13-7 - Cy Diaz - Mar 3, 2025 1012 AM/report.pdf": PDF,
            "index.html": "<p>",
        },
        "csv",
        ADDRESSES,
    ),
    "blackboard": (
        "gradebook_HW2",
        {
            **_blackboard("alee", "Ann Lee", "hw2.zip", ANN),
            **_blackboard("bchen", "Bo Chen", "hw2.zip", BO),
            **_blackboard("cdiaz", "Cy Diaz", "report.pdf", PDF),
        },
        "csv",
        ADDRESSES,
    ),
    "sakai": (
        "bulk_download",
        {
            "HW2/grades.csv": "HW2,Points\n",
            **_sakai("Lee, Ann(alee)", {"hw2.zip": ANN, "report.pdf": PDF}),
            **_sakai("Chen, Bo(bchen)", {"hw2.zip": BO}),
            **_sakai("Diaz, Cy(cdiaz)", {"report.pdf": PDF}),
        },
        "csv",
        ADDRESSES,
    ),
    "ilias": (
        "HW2",
        {
            "Lee_Ann_alee_4711/20250303101213_hw2.zip": ANN,
            "Chen_Bo_bchen_4712/20250303101213_hw2.zip": BO,
            "Diaz_Cy_cdiaz_4713/20250303101213_report.pdf": PDF,
        },
        "csv",
        ADDRESSES,
    ),
}
