"""Whether a call in a script fits what it calls, by its names and numbers of arguments."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Collection, Iterator
from difflib import get_close_matches


def misfits(function: object, call: ast.Call) -> Iterator[tuple[str, str]]:
    """Find what is wrong with the arguments of a call: nothing where nothing can be known of the function.

    Args:
        function: What is called.
        call: How. Behind ``*`` and ``**`` may be anything, so that nothing is missed there.

    Yields:
        ``missing``, or ``differs`` where the call runs without the argument, and a text.
    """
    if not callable(function):
        return
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    kinds = {name: each.kind for name, each in signature.parameters.items()}
    shown = [name for name, kind in kinds.items() if kind in (kind.POSITIONAL_OR_KEYWORD, kind.KEYWORD_ONLY)]
    takes_all = inspect.Parameter.VAR_KEYWORD in kinds.values()
    hidden, leaves_out = _behind(function)
    named = [keyword.arg for keyword in call.keywords if keyword.arg is not None]
    unknown = [name for name in named if name not in shown and name not in hidden]
    for name in unknown:
        near = get_close_matches(name, shown, n=1, cutoff=0.8 if takes_all else 0.6)
        if near or not takes_all:
            text = f"nearest is {near[0]!r}" if near else f"its arguments are {', '.join(shown) or 'none'}"
            yield "differs" if leaves_out else "missing", f"takes no argument {name!r}; {text}"
    if leaves_out or not set(named) <= set(shown):
        return  # what takes more than it shows binds in a way of its own
    given = [each for each in call.args if not isinstance(each, ast.Starred)]
    is_whole = len(given) == len(call.args) and len(named) == len(call.keywords)
    try:
        (signature.bind if is_whole else signature.bind_partial)(*given, **dict.fromkeys(named))
    except TypeError as error:
        yield "missing", f"{error}; its arguments are {', '.join(signature.parameters) or 'none'}"


def _behind(function: object) -> tuple[Collection[str], bool]:
    """Return names that the code of a function takes, shown or not, and whether it takes all others too."""
    made = inspect.unwrap(function.__init__ if isinstance(function, type) else function)  # type: ignore[misc, arg-type]
    code = getattr(made, "__code__", None)
    if code is None:
        return (), False
    count = code.co_argcount + code.co_kwonlyargcount
    return code.co_varnames[code.co_posonlyargcount : count], bool(code.co_flags & inspect.CO_VARKEYWORDS)
