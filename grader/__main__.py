"""`python -m grader`: the command line, also where the command `grader` is not on the PATH.

`grader.cli` is the command line.
"""

from grader.cli import main

if __name__ == "__main__":
    main()
