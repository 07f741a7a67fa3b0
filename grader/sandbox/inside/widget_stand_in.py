"""Stand in for ipywidgets where they are not installed: sliders have the value that they begin with, and show nothing.

`grader.sandbox.inside.notebook_surroundings` offers it to notebooks that are read, and the kernel that runs one as a
whole is started with it. Widgets that are installed are used as they are.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_NAMES = ("ipywidgets", "ipywidgets.widgets")


class QuietWidget:
    """Hold the value that a widget begins with; every other attribute is a call that does nothing."""

    def __init__(self, *_children: Any, **options: Any) -> None:
        choices = list(options.get("options") or [None])
        self.value = options.get("value", options.get("min", choices[0]))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_arguments, **_options: None

    def __enter__(self) -> "QuietWidget":
        return self

    def __exit__(self, *_error: object) -> None:
        pass


def interact(function: Callable[..., Any] | None = None, **widgets: Any) -> Any:
    """Call the function once, with the values that its widgets begin with, as ipywidgets does; also a decorator."""
    if function is None:
        return lambda decorated: interact(decorated, **widgets)
    function(**{name: _first_value(widget) for name, widget in widgets.items()})
    return function


def _first_value(widget: Any) -> Any:
    match widget:
        case QuietWidget(value=value):
            return value
        case (low, high, *_step) if isinstance(low, int | float) and isinstance(high, int | float):
            middle = (low + high) / 2
            return int(middle) if isinstance(low, int) and isinstance(high, int) else middle
        case dict():
            return next(iter(widget.values()), None)
        case list() | tuple():
            return next(iter(widget), None)
    return widget


class _Widgets(ModuleType):
    """Stand in for the module: each name that begins with a capital is a widget."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not name[:1].isupper():
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return type(name, (QuietWidget,), {})


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=name == _NAMES[0]) if name in _NAMES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Widgets(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        quiet = QuietWidget()
        module.__dict__.update(interact=interact, interactive=interact, interactive_output=quiet.anything)
        module.__dict__.update(interact_manual=quiet.anything, fixed=lambda value: value, link=quiet.link)


def offer_widgets() -> None:
    """Let `import ipywidgets` find the stand-in where nothing else is found; may be called any number of times."""
    finders: Sequence[Any] = sys.meta_path
    if not any(isinstance(finder, _Finder) for finder in finders):
        sys.meta_path.append(_Finder())
