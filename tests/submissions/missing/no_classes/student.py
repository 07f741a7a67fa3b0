"""Holds none of the classes that the assignment asks for."""
