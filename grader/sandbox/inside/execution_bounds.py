"""How much of an executed notebook's outputs is kept: the same bounds on both sides of the wall.

`grader.sandbox.inside.execution` keeps to them, `grader.grading.notebook_execution` does not rely on it.
"""

MAX_TEXT = 20_000  # characters of one output
MAX_IMAGE = 2 << 20  # characters of one image in base64
MAX_OUTPUTS = 50  # of one cell
MAX_OF_CELL = 4 << 20  # characters that one cell may send
MAX_TOTAL = 12 << 20  # characters of all outputs
