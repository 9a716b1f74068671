"""What every public call demands of its arguments, said once: :func:`checked` reads it from their annotations.

Flags and masked arrays are refused before anything is done, since nothing would fail by them. NaN, and counts that are
not whole, are looked for there too, and refused unless the function does so itself, in words of its own. All else costs
nothing until something fails: then the argument that does not fit its annotation is named, instead of what Python says
somewhere inside. An argument that there is none of is told with the nearest that there is. A fault of this project,
where all arguments look right, stays what it is, and so does what a function of the user raises that was called back.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import math
import operator
import re
import sys
import sysconfig
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar

import numpy as np

T = TypeVar("T", bound=Callable[..., Any])

_NUMBERS = "float", "Value", "Tensor", "np.ndarray"
_FINITE = int, bool, NoneType
_MASKED = np.ma.MaskedArray, type(np.ma.masked)
_MOST = 1 << 12  # numbers of a list that are looked at one by one
_LARGEST = 2**63
_LARGE = 2**31  # no axis, count or coordinate of a chip is as large
_RAW = (
    TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RuntimeError, MemoryError, AssertionError,
)  # fmt: skip
_NO_MEMORY = "can't allocate memory"  # what torch says of it
_OURS = "bss2_emulator", "hxtorch", "_hxtorch_core", "_hxtorch_perceptron", "_hxtorch_spiking"
_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


class Door:
    """Checks arguments of the public calls of one package.

    Args:
        base: Base of the errors of the package: these pass.
        error: What is raised for a wrong argument.
        compiling: Tells whether the call is only traced by a compiler, which the frontends have.
        has_nan: Tells whether there is NaN in what is neither a number nor an array, a tensor say.
        memory: What is raised where there is no more memory.
    """

    def __init__(
        self,
        base: type[Exception],
        error: type[Exception],
        compiling: Callable[[], bool] | None = None,
        has_nan: Callable[[Any], bool] | None = None,
        memory: type[Exception] = MemoryError,
    ) -> None:
        self._base, self._error, self._compiling, self._memory = base, error, compiling, memory
        self._has_nan = has_nan or _tensor_has_nan

    def __call__(self, target: T, places: int | None = None, missing: Collection[str] = ()) -> T:
        """Decorate a function, a method, or the constructor of a class.

        Args:
            target: What is decorated; a class stays the same object.
            places: How many arguments without names count, None for all.
            missing: Arguments in which NaN stands for none.
        """
        if not isinstance(target, type):
            return typing.cast(T, self._guarded(target, places, missing))
        name = "__new__" if "__new__" in vars(target) and "__init__" not in vars(target) else "__init__"
        setattr(target, name, self._guarded(getattr(target, name), places, missing))
        return target

    def _guarded(self, function: Any, places: int | None, missing: Collection[str]) -> Any:
        parameters = [*inspect.signature(function).parameters.values()]
        order = [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY][:places]
        roles = {one.name: role for one in parameters if (role := _role(one, missing)) is not None}
        compiling = self._compiling

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if compiling is not None and compiling():
                return function(*args, **kwargs)
            late = None  # what is said unless the function says it itself, in its own words
            given = zip(order, args) if not kwargs else (*zip(order, args), *kwargs.items())  # noqa: B905  # args may be more
            for name, value in given:
                kind, role = type(value), roles.get(name)
                if role == "flag":
                    if kind is not bool and kind is not np.bool_:
                        raise self._error(f"{name}: got {shown(value)}, wanted True or False")
                elif kind in _MASKED and np.ma.is_masked(value):
                    raise self._error(f"{name}: got a masked array, whose mask would be lost; wanted .filled(...)")
                elif role == "number":
                    if kind is float:
                        wrong = value != value
                    elif kind is np.ndarray:
                        wrong = value.dtype.kind == "f" and np.isnan(value).any()
                    else:
                        wrong = value is not None and kind is not int and self._is_nan(value)
                    if wrong:
                        late = f"{name}: got nan, wanted numbers"
                elif role == "count" and not _is_count(value):
                    late = f"{name}: got {shown(value)}, wanted an integer"
            try:
                found = function(*args, **kwargs)
            except self._base:
                raise
            except _RAW as error:
                if _is_theirs(error):
                    raise
                if isinstance(error, MemoryError) or _NO_MEMORY in str(error):
                    raise self._memory(_too_large(function, args[:places], kwargs, error)) from error
                said = _find_wrong(function, args[:places], kwargs, error)
                if said is None:
                    raise
                raise self._error(said) from error
            if late is not None:
                raise self._error(late)
            return found

        return guarded

    def _is_nan(self, value: Any) -> bool:
        if isinstance(value, np.ndarray):
            return value.dtype.kind == "f" and bool(np.isnan(value).any())
        try:
            if isinstance(value, (float, np.floating, Decimal)):
                return value != value
            if isinstance(value, (list, tuple)):
                return len(value) <= _MOST and any(one != one for one in value if isinstance(one, (float, np.floating)))
            return self._has_nan(value)
        except _RAW:  # of what has no values, or none yet
            return False


def _role(parameter: inspect.Parameter, missing: Collection[str]) -> Literal["flag", "count", "number"] | None:
    """Return as what an argument is looked at before the call, by its annotation."""
    annotation = parameter.annotation
    if annotation in ("bool", bool):
        return "flag"
    if parameter.name not in missing and any(word in str(annotation) for word in _NUMBERS):
        return "number"
    return "count" if annotation in ("int", int) else None


def shown(value: Any) -> str:
    """Return a value as messages show it, short whatever it is."""
    if isinstance(value, int) and abs(value) >= _LARGEST**2:  # Python refuses to write those of many digits
        return f"an integer of {value.bit_length()} bits"
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:37]}..."
    shape = _shape_of(value)
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    kind = f"the class {kind}" if isinstance(value, type) else f"{'an' if kind[:1] in 'aeiouAEIOU' else 'a'} {kind}"
    return kind if shape is None else f"{kind} of {value.dtype}, shape {shape}"


def _shape_of(value: Any) -> tuple[int, ...] | None:
    """Return the shape of an array or a tensor; None for what has none, or none yet."""
    try:
        return tuple(value.shape) if hasattr(value, "dtype") else None
    except _RAW:
        return None


def _is_theirs(error: Exception) -> bool:
    """Tell whether code of the user raised an error, or called what did."""
    step = error.__traceback__
    while step is not None:
        module, file = step.tb_frame.f_globals.get("__name__", ""), step.tb_frame.f_code.co_filename
        made = file.startswith("<") and module != "__main__"  # by a library, of text
        installed = "site-packages" in file or "dist-packages" in file or file.startswith(_STANDARD)
        if module.partition(".")[0] not in _OURS and not made and not installed:
            return True
        step = step.tb_next
    return False


def _unknown(function: Any, signature: inspect.Signature, args: Any, names: Collection[str]) -> str | None:
    """Return which of the names of a call is of no argument, and the nearest that is."""
    known = [
        one.name for one in signature.parameters.values() if one.kind in (1, 3) and one.name not in ("self", "cls")
    ]
    unknown = next((name for name in names if name not in signature.parameters), None)
    if unknown is None:
        return None
    close = get_close_matches(unknown, known, n=1)
    nearest = f"did you mean {close[0]!r}? It" if close else "it"
    owner = type(args[0]).__name__ if function.__name__ == "__init__" and args else function.__name__
    return f"{unknown}: {owner} has no such argument; {nearest} has {', '.join(known)}"


def _too_large(function: Any, args: Any, kwargs: Any, error: Exception) -> str:
    """Return of which arguments something was made that does not fit into memory."""
    bound = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    large = [name for name, value in bound.items() if _shape_of(value) or type(value) in (int, tuple, list)]
    got = ", ".join(f"{name}: got {shown(bound[name])}" for name in large) or function.__qualname__
    return f"{got}, which needs more memory than there is ({_said(error)}); make less at once"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n")[0][:200]


def _find_wrong(function: Any, args: Any, kwargs: Any, error: Exception) -> str | None:
    """Return which argument of a call that failed was wrong, and how; None if all of them look right."""
    signature = inspect.signature(function)
    try:
        bound = signature.bind_partial(*args, **kwargs).arguments
    except TypeError:  # an argument that is missing, or one too many: Python names it
        return _unknown(function, signature, args, kwargs)
    hints = {name: signature.parameters[name].annotation for name in bound}
    names = getattr(inspect.unwrap(function), "__globals__", {})
    said = _said(error)
    simple = [name for name in bound if signature.parameters[name].kind not in (2, 4) and name not in ("self", "cls")]
    doubtful = None
    for name in simple:
        fit = _fits(bound[name], hints[name], names)
        if fit is False:
            return f"{name}: got {shown(bound[name])}, wanted {_spelled(hints[name])}"
        if fit is None and doubtful is None:
            doubtful = f"{name}: got {shown(bound[name])}, wanted {_spelled(hints[name])} ({said})"
    named = next((name for name in simple if re.search(rf"\b{name}\b", str(error), re.IGNORECASE)), None)
    if named is not None:
        return f"{named}: got {shown(bound[named])}, {said}"
    empty = next((name for name in simple if _shape_of(bound[name]) is None and hasattr(bound[name], "dtype")), None)
    if empty is not None:  # tensors of torch that are ragged, or not made yet
        return f"{empty}: got {shown(bound[empty])} without a shape, wanted one with a shape and values ({said})"
    extreme = [name for name in simple if _is_extreme(bound[name])]
    if extreme:
        got = ", ".join(f"{name}: got {shown(bound[name])}" for name in extreme)
        return f"{got}, wanted other values ({said})"
    if doubtful is not None:
        return doubtful
    ragged = next(
        (name for name in simple if isinstance(bound[name], list | tuple) and not _is_array(bound[name])), None
    )
    if ragged is not None:
        return f"{ragged}: got {shown(bound[ragged])} of what makes no array, wanted {_spelled(hints[ragged])} ({said})"
    arrays = [name for name in simple if _shape_of(bound[name]) is not None]
    if arrays:
        got = ", ".join(f"{name}: got {shown(bound[name])}" for name in arrays)
        return f"{got}, wanted what fits together ({said})"
    return None


def _is_count(value: Any) -> bool:
    """Tell whether Python can count by a value, and as far; truth values count nothing."""
    if type(value) is not int:
        if (
            isinstance(value, bool)
            or str(getattr(value, "dtype", "")).endswith("bool")
            or getattr(value, "ndim", False)
        ):
            return False
        try:
            value = operator.index(value)
        except _RAW:
            return False
    return -_LARGEST <= value < _LARGEST  # type: ignore[no-any-return]


def _is_extreme(value: Any, depth: int = 0) -> bool:
    """Tell whether a value alone explains that something failed: no number or path of a network is like it."""
    if isinstance(value, tuple | list):
        return depth > 8 or any(_is_extreme(one, depth + 1) for one in value[:8])
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    number = math.inf if isinstance(value, Integral) and abs(int(value)) > _LARGEST else float(value)
    return not sys.float_info.min <= abs(number) < _LARGE or (isinstance(value, Integral) and number < 0)


def _spelled(hint: Any) -> str:
    return hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))


def _fits(value: Any, hint: Any, names: Mapping[str, Any]) -> bool | None:
    """Tell whether a value is what an annotation says; None if that can not be told."""
    if isinstance(hint, str):
        try:
            return _fits_spelled(value, ast.parse(hint, mode="eval").body, names)
        except SyntaxError:
            return None
    if hint in (inspect.Parameter.empty, Any, object):
        return True
    if hint is None or hint is NoneType:
        return value is None
    if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
        return _any(_fits(value, part, names) for part in typing.get_args(hint))
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _fits(value, typing.get_args(hint)[0], names)
    if origin is typing.Literal:
        return isinstance(value, str | int) and value in typing.get_args(hint)
    if origin is not None and origin not in (np.ndarray, Callable):
        return None if _fits(value, origin, names) else False  # what is in it is not looked at
    if hint is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, Real) and not isinstance(value, bool) and value == value
    if hint is np.ndarray or origin is np.ndarray:
        return _is_array(value)
    if hint is Callable or hint is typing.Callable:
        return callable(value)
    if not isinstance(hint, type):
        return None
    if getattr(hint, "_is_protocol", False):
        lacking = [name for name in getattr(hint, "__annotations__", ()) if not hasattr(value, name)]
        own = [name for name in vars(hint) if name[0] != "_"]
        return not lacking and all(hasattr(value, name) for name in own)
    return isinstance(value, hint) and not (isinstance(value, str | bytes) and hint not in (str, bytes))


def _any(answers: Iterator[bool | None]) -> bool | None:
    found = list(answers)
    return True if True in found else None if None in found else False


def _all(answers: Iterator[bool | None]) -> bool | None:
    found = list(answers)
    return False if False in found else None if None in found else True


def _fits_spelled(value: Any, node: ast.expr, names: Mapping[str, Any]) -> bool | None:
    """Tell whether a value is what the text of an annotation says; names that only type checkers know say nothing."""
    if isinstance(node, ast.BinOp):
        return _any(_fits_spelled(value, side, names) for side in (node.left, node.right))
    if isinstance(node, ast.Constant):
        return None if node.value is ... else _fits(value, node.value, names)
    if not isinstance(node, ast.Subscript):
        known = _named(node, names)
        if known is not _UNKNOWN:
            return _fits(value, known, names)
        return True if ast.unparse(node) in (one.__name__ for one in type(value).__mro__) else None
    outer = _fits_spelled(value, node.value, names)
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if outer is not True or not isinstance(value, tuple | list | range | Mapping):
        return outer
    if isinstance(value, Mapping):
        pairs = [*zip(value.items(), [inner] * 8)] if len(inner) == 2 else []  # noqa: B905
        parted = [part for entry, parts in pairs for part in zip(entry, parts, strict=True)]
        return _all(_fits_spelled(one, part, names) for one, part in parted)
    parts = inner if len(inner) == len(value) and len(inner) > 1 and not _is_rest(inner[-1]) else [inner[0]] * 8
    return _all(_fits_spelled(one, part, names) for one, part in zip(value, parts))  # noqa: B905  # the first ones


def _is_rest(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _named(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Return what a name in an annotation stands for, or :data:`_UNKNOWN`."""
    if isinstance(node, ast.Name):
        return names.get(node.id, getattr(builtins, node.id, _UNKNOWN))
    if isinstance(node, ast.Attribute):
        return getattr(_named(node.value, names), node.attr, _UNKNOWN)
    return _UNKNOWN


_UNKNOWN = object()


def _tensor_has_nan(value: Any) -> bool:
    """Tell whether a tensor of torch, which this package does not import, holds NaN."""
    try:
        return hasattr(value, "isnan") and bool(value.isnan().any())
    except (RuntimeError, NotImplementedError):  # on no device
        return False


def _is_array(value: Any) -> bool:
    """Tell whether NumPy makes numbers of a value."""
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except (TypeError, ValueError, RuntimeError, NotImplementedError):
        return False
