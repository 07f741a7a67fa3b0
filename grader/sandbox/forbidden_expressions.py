"""What each kind of expression may stand for: the table that `grader.sandbox.forbidden_walk` looks up.

One function a kind; calls go on to `grader.sandbox.forbidden_calls`.
"""
