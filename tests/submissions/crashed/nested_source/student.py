"""Is nested so deeply that the compiler gives up."""

VALUE = 1
