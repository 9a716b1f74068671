"""What products of calibrated chips show, on two hemispheres of the chips of :mod:`surveys`; chip facts 12.5."""

import functools

import numpy as np
import surveys
from scipy import stats

from hxtorch.core import open_session
from hxtorch.core.calibration import HagenCalibTarget, calibrate
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import MatrixProgram

ROWS, COLUMNS = 128, 256
BANDS = {
    "zero": (0.85, 1.25),  # LSB over repetitions, without events
    "sends": (4.2, 5.5),  # LSB, of 1024 events
    "exponent": (-0.53, -0.41),  # with which the relative spread falls with the number of sends
    "offset": (4.0, 7.0),  # LSB over columns, after many events
    "bend": (0.05, 0.2),  # by how much less than the first hundred of events the second moves a column
    "shot": (2.4, 3.2),  # LSB over columns, of one row and 100 sends
    "mismatch": (3.0, 5.0),  # % of synapses and columns together
    "drivers": (1.0, 4.0),  # LSB between calibrated drivers
    "gain": (0.0019 * 0.75, 0.0019 * 1.25),  # at the operating point of the mock model
    "noise": (1.5, 2.5),  # LSB, there
}


@functools.cache
def survey() -> dict[str, np.ndarray]:
    """Measure each chip once; names to one estimate for each hemisphere of each chip, (5, 2)."""
    found = [measured(serial) for serial in surveys.SERIALS]
    return {name: np.array([chip[name] for chip in found]) for name in found[0]}


def judged(name: str) -> surveys.Estimate:
    """Return the mean of estimates that are independent of each other."""
    estimates = survey()[name].ravel()
    half = stats.t.ppf(0.9995, len(estimates) - 1) * estimates.std(ddof=1) / np.sqrt(len(estimates))
    return surveys.Estimate(float(estimates.mean()), float(half))


def measured(serial: str) -> dict[str, np.ndarray]:
    """Calibrate a chip for products and return what it shows, by name for each hemisphere."""
    with open_session(serial=serial, fidelity="full") as session:
        calibration = calibrate(session.connection, HagenCalibTarget())
        configuration = calibration.apply(ChipConfiguration())

        def products(weight, rows, activation, repetitions, sends=1):
            """Return results of the same vector on both hemispheres, one tile each, (hemisphere, repetitions, 256)."""
            weights = np.full((rows, 2 * COLUMNS), weight, np.int8)
            vectors = np.tile(np.asarray(activation, np.uint8), (repetitions, 1))
            values = session.run_matrix(MatrixProgram(configuration, weights, vectors, sends)).values
            return values.reshape(repetitions, 2, COLUMNS).swapaxes(0, 1).astype(float)

        zero = products(1, ROWS, np.zeros(ROWS), 300)
        sends = products(1, 1, [1], 500, sends=1024)
        moved = products(0, 1, [1], 300, sends=1024)
        one_row = [products(21, ROWS, 12 * np.eye(ROWS)[row], 100, sends=100) for row in range(0, ROWS, 16)]
        operating = products(21, 103, np.full(103, 15), 100)
        counts = np.array([4, 8, 16, 32])
        spread = [relative_spread(products(1, ROWS, np.full(ROWS, 6), 800, sends=int(n))) for n in counts]
        single = np.tile(3 * np.eye(ROWS), (20, 1))
        weights = np.full((ROWS, 2 * COLUMNS), 63, np.int8)
        drivers = session.run_matrix(MatrixProgram(configuration, weights, single.astype(np.uint8), 100)).values
        few, many = (products(0, 1, [1], 300, sends=n).mean(axis=1) for n in (100, 200))
        return {
            "success": np.full(2, calibration.success.mean()),
            "zero": zero.std(axis=1).mean(axis=1),
            "sends": sends.std(axis=1).mean(axis=1),
            "offset": moved.mean(axis=1).std(axis=1),
            "bend": 1 - (many * moved.mean(axis=1)).sum(axis=1) / (few * moved.mean(axis=1)).sum(axis=1) / 2,
            "shot": np.mean([row.std(axis=2).mean(axis=1) for row in one_row], axis=0),
            "mismatch": np.mean(
                [100 * (row.mean(axis=1) - few).std(axis=1) / row.mean(axis=(1, 2)) for row in one_row], axis=0
            ),
            "gain": operating.mean(axis=(1, 2)) / (21 * 15 * 103),
            "noise": operating.std(axis=1).mean(axis=1),
            "exponent": np.polyfit(np.log(counts), np.log(spread), 1)[0],
            "drivers": drivers.reshape(20, ROWS, 2, COLUMNS).mean(axis=(0, 3)).std(axis=0),
        }


def relative_spread(values):
    """Return the spread over repetitions, median over columns, over the mean response, (hemisphere,)."""
    return np.median(values.std(axis=1), axis=1) / values.mean(axis=(1, 2))
