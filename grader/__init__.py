"""In a notebook: `%load_ext grader` gives the cell magic `%%check`, and `grader.check("mlp")` does the same in Python.

`grader.live.in_notebook` does the work. Nothing is imported before it is asked for: this module also runs in sandboxes.
"""


def check(*tasks: str, kit: object = None) -> None:
    """Check tasks as the kernel's own definitions solve them, and show the result; without a name all quick tasks.

    `kit` is the assignment's folder where the notebook's own, or one above it, isn't it.
    """
    from grader.live.in_notebook import show_check

    show_check(tasks, kit=kit)


def load_ipython_extension(ipython: object) -> None:
    """Add the magics `%check` and `%%check`, as `%load_ext grader` asks."""
    from grader.live.in_notebook import add_magic

    add_magic(ipython)
