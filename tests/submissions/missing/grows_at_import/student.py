"""Reads more into memory than it may while it is imported."""

KEPT = [bytearray(b"x" * 10_000_000) for _ in range(200)]
