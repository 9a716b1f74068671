"""Exchange of networks and recordings in the Neuromorphic Intermediate Representation (NIR).

The library ``nir`` is needed only where graphs are read or made: ``pip install nir``.

Source:
    Pedersen et al., Nature Communications 15 (2024).
"""

from hxtorch.spiking.nir.config import ConversionConfig
from hxtorch.spiking.nir.data import from_nir_data, to_nir_data
from hxtorch.spiking.nir.exporting import to_nir
from hxtorch.spiking.nir.importing import from_nir
from hxtorch.spiking.nir.network import NIRNetwork
from hxtorch.spiking.nir.snn import SNN

__all__ = ["SNN", "ConversionConfig", "NIRNetwork", "from_nir", "from_nir_data", "to_nir", "to_nir_data"]


def __dir__() -> list[str]:
    return sorted(__all__)
