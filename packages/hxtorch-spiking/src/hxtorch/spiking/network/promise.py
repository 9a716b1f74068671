"""Promises of tensors: what passes through modules before a run, and is filled by it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, SupportsIndex

from torch import Tensor

from hxtorch.spiking.errors import ExperimentError, TensorTypeError
from hxtorch.spiking.network import looks
from hxtorch.spiking.network.events import SpikeEvents, events_of
from hxtorch.spiking.network.readout_source import ReadoutSource
from hxtorch.spiking.network.tensors import Trace, copied, same

if TYPE_CHECKING:
    from hxtorch.core import SpikeHandle
    from hxtorch.spiking.network.observables import AnalogObservable


_ORDER = (
    "graded_spikes",
    "spikes",
    "membrane_cadc",
    "voltage",
    "current",
    "membrane_madc",
    "adaptation",
    "adaptation_cadc",
    "adaptation_madc",
)
"""Known fields by what is meant if none is named; others follow by their names."""
_OLDER = {"v_cadc": "membrane_cadc", "v_madc": "membrane_madc"}
"""Names of the older reference, and what they are called now."""
_DRAWN = ("membrane_cadc", "adaptation_cadc")
"""What people plot by ``plt.plot``."""
_BESIDE = ("analog", "adaptation_cadc", "adaptation_madc")
"""What handles of any type take up beside their fields."""


class HandleMeta(type):
    """Makes types of handles: a class that lists ``_carries`` has these fields, each None until it is filled."""

    _types: ClassVar[dict[tuple[str, ...], type[Handle]]] = {}

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        fields = tuple(getattr(cls, "_carries", ()))
        meant = namespace.get("_obsv_state") or ("".join(fields[:1]) if "_carries" in namespace else "")
        if meant or "_carries" in namespace:
            cls._obsv_state = meant if meant in fields else _OLDER.get(meant, meant)
            if meant and cls._obsv_state not in fields:
                raise TensorTypeError(f"{name}: got the observable state {meant!r}, wanted one of {fields}")
        if "_carries" in namespace:
            for field in fields:
                setattr(cls, field, None)
            for older, now in _OLDER.items():
                if now in fields and older not in fields:
                    setattr(cls, older, _alias(now))
            if fields:
                cls.__signature__ = looks.signature(fields)
            HandleMeta._types.setdefault(tuple(sorted(fields)), cls)  # type: ignore[arg-type]

    def __call__(cls, *args: Any, **named: Any) -> Any:
        """Make a handle; of :class:`Handle` itself one of the type that has the given names."""
        if cls is not Handle:
            return super().__call__(*args, **named)
        wrong = next((arg for arg in args if not isinstance(arg, str)), None)
        if wrong is not None:
            raise TensorTypeError(
                f"Handle: got {type(wrong).__name__}, wanted names of fields, as in Handle('spikes'), or tensors by "
                "name, as in Handle(spikes=tensor)"
            )
        filled = {_OLDER.get(name, name): value for name, value in named.items()}
        return HandleMeta.of((*args, *filled))(**filled)

    @staticmethod
    def of(names: Sequence[str]) -> type[Handle]:
        """Return the one type of handles that has these fields."""
        key = tuple(sorted({_OLDER.get(name, name) for name in names}))
        known = HandleMeta._types.get(key)
        if known is not None:
            return known
        fields = sorted(key, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
        space = {"_carries": tuple(fields), "_reduce_by_names": True}
        return HandleMeta("_".join(("Handle", *key)), (TensorHandle,), space)  # type: ignore[return-value]


def _alias(name: str) -> property:
    def read(self: Handle) -> Any:
        return getattr(self, name)

    def write(self: Handle, value: Any) -> None:
        setattr(self, name, value)

    return property(read, write, doc=f"The older name of ``{name}``.")


class Handle(metaclass=HandleMeta):
    """Base of all handles, and what makes them: ``Handle("a", "b")`` an empty one, ``Handle(a=tensor)`` a filled one.

    Handles with the same names are of one type. Two handles are equal if they hold equal tensors under the same names;
    as promises, in a network or as keys, each stands for itself. A run fills them: after it threads may share them.

    Attributes:
        data: The fields by name; what is written here is in the handle.
    """

    _carries: ClassVar[Sequence[str]]
    """Names of the fields; the first is meant if none is named."""

    _obsv_state: str
    """Name of the field that the next module reads."""

    analog: tuple[AnalogObservable, ...] = ()
    """What the ADCs showed of other nodes than the membrane; empty in mock mode."""

    adaptation_cadc: Tensor | None = None
    """Adaptation (time, batch, neuron) of models that have one, or as the column ADC saw it."""

    adaptation_madc: Tensor | None = None
    """As ``membrane_madc``, if the membrane ADC reads the adaptation."""

    _reduce_by_names = False
    """Whether no module has a name for the type."""

    _events: SpikeHandle | SpikeEvents | float | None
    __slots__ = ("__dict__", "__weakref__", "_events")
    """What a chip recorded of the spikes, or the step of their grid in seconds: beside the fields."""

    __hash__ = object.__hash__

    def __init__(self, *tensors: Any, **named: Any) -> None:
        self.put(*tensors, **named)

    @property
    def data(self) -> dict[str, Any]:
        """The fields by name; what is written here is in the handle."""
        fields = vars(self)
        for name in self._carries:
            fields.setdefault(name, None)
        return fields

    def put(self, *tensors: Any, **named: Any) -> None:
        """Fill the handle.

        Args:
            *tensors: For the fields in their order; or one other handle, which is taken over.
            **named: For fields by name.

        Raises:
            TensorTypeError: There are more tensors than fields, or a name is none of them.
        """
        if len(tensors) == 1 and isinstance(tensors[0], Handle):
            self.clone(tensors[0])
            tensors = ()
        if len(tensors) > len(self._carries):
            raise TensorTypeError(f"{type(self).__name__}: got {len(tensors)} tensors, wanted those of {self._names()}")
        fields = self.__dict__
        for name, value in zip(self._carries, tensors, strict=False):
            fields[name] = value
        for name, value in named.items():
            if name not in self._carries:
                if _OLDER.get(name) not in self._carries:
                    raise TensorTypeError(
                        f"{type(self).__name__}: got the name {name!r}, wanted one of {self._names()}"
                    )
                name = _OLDER[name]
            fields[name] = value

    def clone(self, other: Handle) -> None:
        """Take over the fields of ``other`` that this handle has too; its others become None."""
        fields, given = self.__dict__, other.__dict__
        for name in self._carries:
            fields[name] = given.get(name)
        for name in _BESIDE:
            if name in given:
                fields[name] = given[name]
        self._events = getattr(other, "_events", None)

    def show(self, analog: tuple[AnalogObservable, ...]) -> None:
        """Take up recordings of other nodes than the membrane."""
        self.analog = analog
        for one in analog:
            if one.source is ReadoutSource.adaptation and one.madc is not None:
                self.adaptation_madc = one.madc

    def _make_drawable(self) -> None:
        """Have matplotlib take membranes and adaptation as they are."""
        fields = self.__dict__
        for name in _DRAWN:
            value = fields.get(name)
            if type(value) is Tensor and value.ndim > 1:
                fields[name] = value.as_subclass(Trace)

    def holds(self, name: str) -> bool:
        """Return whether there is something under ``name``."""
        return getattr(self, name, None) is not None

    def clear(self) -> None:
        """Set all fields to None."""
        fields = self.__dict__
        for name in self._carries:
            fields[name] = None
        for name in _BESIDE:
            fields.pop(name, None)
        self._events = None

    @property
    def spike_events(self) -> SpikeEvents:
        """The spikes of the last run as events, in cycles of 8 ns: as the chip recorded them, else from the grid.

        Raises:
            ExperimentError: There are none yet, or the handle was filled by hand.
        """
        known = getattr(self, "_events", None)
        found = events_of(type(self).__name__, getattr(self, "spikes", None), known)
        if not isinstance(known, (int, float)):
            self._events = found
        return found

    @property
    def observable_state_identifier(self) -> str:
        """Name of the field that the next module reads; can be set."""
        return self._obsv_state

    @observable_state_identifier.setter
    def observable_state_identifier(self, identifier: str) -> None:
        if identifier not in self._carries and _OLDER.get(identifier) not in self._carries:
            raise TensorTypeError(
                f"{type(self).__name__}: got the observable state {identifier!r}, wanted one of {self._names()}"
            )
        object.__setattr__(self, "_obsv_state", identifier)

    @property
    def observable_state(self) -> Tensor | None:
        """What the next module reads, or None before the run."""
        return getattr(self, self._obsv_state) if self._obsv_state else None

    def filled(self) -> Tensor:
        """Return what the next module reads.

        Raises:
            ExperimentError: It is not there yet.
        """
        tensor = self.observable_state
        if tensor is None:
            raise ExperimentError(
                f"{type(self).__name__}: has no {self._obsv_state or 'tensor'} yet; run the experiment first, or fill "
                "the handle"
            )
        return tensor

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Handle):
            return NotImplemented
        return sorted(self._carries) == sorted(other._carries) and all(
            same(getattr(self, name), getattr(other, name)) for name in self._carries
        )

    def __repr__(self) -> str:
        shown = (f"{name}={looks.shown(getattr(self, name))}" for name in self._carries)
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        return looks.html(type(self).__name__, {name: getattr(self, name) for name in self._carries})

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        if self._reduce_by_names:
            return _remade, (tuple(self._carries), dict(self.__dict__))
        return super().__reduce_ex__(protocol)

    def __deepcopy__(self, memo: dict[int, Any]) -> Handle:
        """Return a handle with copies of all values; tensors of a graph are copied without it."""
        made = memo[id(self)] = copy(self)
        for name, value in self.__dict__.items():
            made.__dict__[name] = copied(value, memo)
        return made

    def _names(self) -> str:
        return ", ".join(self._carries)


def _remade(names: tuple[str, ...], fields: dict[str, Any]) -> Handle:
    handle: Handle = HandleMeta.of(names)()
    handle.__dict__.update(fields)
    return handle


class TensorHandle(Handle):
    """Base of handles that a user derives: ``_carries`` lists the fields, ``_obsv_state`` the one that modules read."""

    _carries: ClassVar[Sequence[str]] = ()
