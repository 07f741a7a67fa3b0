"""Takes itself out of sys.modules and answers for another module."""

import sys
import types

sys.modules["student"] = types.ModuleType("student")
