"""PyTorch for BrainScaleS-2: the chip's connection here, the frontends as separate distributions below it."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

__path__ = __import__("pkgutil").extend_path(__path__, __name__)  # the frontends are separate distributions

from hxtorch import _aliases
from hxtorch import core as core
from hxtorch import logger as logger

if TYPE_CHECKING:
    from hxtorch import ann as ann
    from hxtorch import perceptron as perceptron
    from hxtorch import snn as snn
    from hxtorch import spiking as spiking
    from hxtorch.core.backends.setup import CalibrationPath as CalibrationPath
    from hxtorch.core.backends.setup import HWDBPath as HWDBPath
    from hxtorch.core.sessions.session import get_unique_identifier as get_unique_identifier
    from hxtorch.core.sessions.session import init_hardware as init_hardware
    from hxtorch.core.sessions.session import init_hardware_minimal as init_hardware_minimal
    from hxtorch.core.sessions.session import release_hardware as release_hardware

    __version__: str

_FRONTENDS = {"perceptron": "hxtorch-perceptron", "spiking": "hxtorch-spiking"}
_HOMES = {
    "CalibrationPath": "backends.setup",
    "HWDBPath": "backends.setup",
    "get_unique_identifier": "sessions.session",
    "init_hardware": "sessions.session",
    "init_hardware_minimal": "sessions.session",
    "release_hardware": "sessions.session",
}
_ALIASES = {"ann": "perceptron", "snn": "spiking"}
_aliases.install(
    {f"{__name__}.{alias}": f"{__name__}.{real}" for alias, real in _ALIASES.items()},
    {f"{__name__}.{frontend}": distribution for frontend, distribution in _FRONTENDS.items()},
)


def __getattr__(name: str) -> Any:
    """Import a frontend, or the way to a chip, when it is first asked for: ``import hxtorch`` imports no torch."""
    if name == "__version__":
        value = globals()[name] = _import_module("importlib.metadata").version("hxtorch-core")
        return value
    if name in _HOMES:
        value = globals()[name] = getattr(_import_module(f"{__name__}.core.{_HOMES[name]}"), name)
        return value
    if _ALIASES.get(name, name) not in _FRONTENDS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return _import_module(f"{__name__}.{name}")
    except _aliases.FrontendMissingError as error:
        raise AttributeError(str(error)) from error


def __dir__() -> list[str]:
    return sorted({"__version__", "core", "logger", *_HOMES, *_FRONTENDS, *_ALIASES})
