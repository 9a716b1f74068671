"""Which lines of a script stand where the script itself expects them to fail."""

from __future__ import annotations

import ast
from collections.abc import Iterable

ALL = frozenset({"Exception", "BaseException"})
OF_HASATTR = frozenset({"AttributeError", "ImportError", "ModuleNotFoundError"})


def guarded(tree: ast.Module) -> dict[ast.AST, frozenset[str]]:
    """Return, for each node that is guarded, the names of the exceptions that the script takes there.

    Guards are ``try`` with its handlers, ``contextlib.suppress``, and an ``if`` that asks ``hasattr`` or ``find_spec``,
    in both of its branches, as the question may be put either way. What stands under ``if TYPE_CHECKING`` is never run,
    so that everything is taken there.
    """
    found: dict[ast.AST, frozenset[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Try):
            caught = [_names(handler.type) for handler in node.handlers]
            _mark(found, node.body, frozenset().union(*caught))
        elif isinstance(node, ast.With):
            for item in node.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and _last(call.func) == "suppress":
                    _mark(found, node.body, frozenset().union(*(_names(each) for each in call.args)))
        elif isinstance(node, ast.If | ast.IfExp):
            body = node.body if isinstance(node, ast.If) else [node.body]
            other = node.orelse if isinstance(node, ast.If) else [node.orelse]
            if _last(node.test) == "TYPE_CHECKING":
                _mark(found, body, ALL)
            elif {_last(each.func) for each in ast.walk(node.test) if isinstance(each, ast.Call)} & {
                "hasattr",
                "find_spec",
            }:
                _mark(found, [*body, *other], OF_HASATTR)
    return found


def _mark(found: dict[ast.AST, frozenset[str]], body: Iterable[ast.AST], caught: frozenset[str]) -> None:
    for statement in body:
        for node in ast.walk(statement):
            found[node] = found.get(node, frozenset()) | caught


def _names(caught: ast.expr | None) -> frozenset[str]:
    """Return names of exceptions: all, where a handler names none."""
    if caught is None:
        return ALL
    return frozenset(_last(each) for each in (caught.elts if isinstance(caught, ast.Tuple) else [caught]))


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
