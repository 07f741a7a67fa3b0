"""Stands in the way of a module that everybody imports."""

print("BREACH: a file of the submission was imported in its place:", __name__)
