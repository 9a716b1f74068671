"""Which lines of a script stand where the script itself expects them to fail."""

from __future__ import annotations

import ast
from collections.abc import Iterable

ALL = frozenset({"Exception", "BaseException"})
OF_HASATTR = frozenset({"AttributeError", "ImportError", "ModuleNotFoundError"})

_QUESTIONS = {"hasattr", "find_spec"}
_TRIES = ast.Try, getattr(ast, "TryStar", ast.Try)  # with except*, from Python 3.11 on
_LOOPS = ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp


def guarded(tree: ast.Module) -> dict[ast.AST, frozenset[str]]:
    """Return, for each node that is guarded, the names of the exceptions that the script takes there.

    Guards are ``try`` with its handlers, ``contextlib.suppress``, and what asks ``hasattr`` or ``find_spec``: an ``if``
    in both branches, as the question may be put either way, an expression with ``and`` or ``or``, a comprehension.
    Functions that are only defined behind ``try`` run elsewhere. What stands under ``if TYPE_CHECKING`` never runs: all
    is taken there. An ``if`` that leaves the script is not understood.
    """
    found: dict[ast.AST, frozenset[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, _TRIES):
            caught = [_names(handler.type) for handler in node.handlers]
            _mark(found, node.body, frozenset().union(*caught), inside=False)
        elif isinstance(node, ast.With):
            for item in node.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and _last(call.func) == "suppress":
                    _mark(found, node.body, frozenset().union(*(_names(each) for each in call.args)), inside=False)
        elif isinstance(node, ast.If | ast.IfExp):
            body = node.body if isinstance(node, ast.If) else [node.body]
            other = node.orelse if isinstance(node, ast.If) else [node.orelse]
            if _last(node.test) == "TYPE_CHECKING":
                _mark(found, body, ALL)
            elif _asks(node.test):
                _mark(found, [*body, *other], OF_HASATTR)
        elif isinstance(node, ast.BoolOp) and _asks(node):
            _mark(found, node.values, OF_HASATTR)
        elif isinstance(node, _LOOPS) and any(_asks(test) for each in node.generators for test in each.ifs):
            _mark(found, [node], OF_HASATTR)
    return found


def _asks(test: ast.expr) -> bool:
    """Return whether an expression asks what there is."""
    return any(isinstance(each, ast.Call) and _last(each.func) in _QUESTIONS for each in ast.walk(test))


def _mark(
    found: dict[ast.AST, frozenset[str]], body: Iterable[ast.AST], caught: frozenset[str], inside: bool = True
) -> None:
    """Note what is taken in ``body``; also in functions that are defined there if ``inside``."""
    for node in body:
        found[node] = found.get(node, frozenset()) | caught
        if inside or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            _mark(found, ast.iter_child_nodes(node), caught, inside)


def _names(caught: ast.expr | None) -> frozenset[str]:
    """Return names of exceptions: all, where a handler names none."""
    if caught is None:
        return ALL
    return frozenset(_last(each) for each in (caught.elts if isinstance(caught, ast.Tuple) else [caught]))


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
