"""Train the yin-yang task by EventProp in the loop: ``python -m hxtorch.examples.spiking.yinyang_eventprop``.

The example :mod:`~hxtorch.examples.spiking.yinyang` with other defaults, each for a reason:

* ``--lr 0.002``, halved every three epochs (``--gamma 0.5``), and 12 epochs: at higher rates, and in many more epochs,
  some chips lose what they have learned.
* ``--weight-init-output-std 0.03``: no class leads by far at the beginning.
* ``--weight-init-hidden-mean 0.15`` and ``--reg-silence 0.003``: most hidden neurons spike once, and silent ones, for
  which EventProp has no gradient, are driven up.
"""

from __future__ import annotations

import argparse

from hxtorch.examples.spiking import yinyang

DEFAULTS = {
    "eventprop": True,
    "epochs": 12,
    "lr": 0.002,
    "gamma": 0.5,
    "weight_init_output_std": 0.03,
    "reg_silence": 0.003,
}


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of all settings; times are in seconds."""
    parser = yinyang.get_parser()
    parser.prog = "python -m hxtorch.examples.spiking.yinyang_eventprop"
    parser.description = __doc__
    parser.set_defaults(**DEFAULTS)
    return parser


if __name__ == "__main__":
    yinyang.main(get_parser().parse_args())
