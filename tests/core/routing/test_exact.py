"""The exact router finds what greedy ones miss, proves what is not there, and says so where time runs out."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hxtorch.core import (
    BackgroundPopulation,
    ChipConfiguration,
    ExternalPopulation,
    HXTorchError,
    Network,
    NetworkBuilder,
    Population,
    Projection,
    RoutingError,
    build_network_graph,
    build_routing,
    fit_report,
)
from hxtorch.core.errors import MissingPackageError
from hxtorch.core.routing.exact import ExactRouter, NoWayError, UndecidedError
from hxtorch.core.routing.groups import PORTFOLIO


def packing(sizes: list[int], background: bool = False) -> Network:
    """One neuron that each source reaches by so many parallel synapses, which a bus of 32 drivers has to hold."""
    builder = NetworkBuilder()
    sources = builder.add(ExternalPopulation(len(sizes), name="sources"))
    neuron = builder.add(Population(np.arange(1), record_spikes=False, name="neuron"))
    for k in range(max(sizes)):
        mask = np.array(sizes)[:, None] > k
        builder.add(Projection(sources, neuron, mask * 1, mask, name=f"p{k}"))
    if background:
        noise = builder.add(BackgroundPopulation(1, name="noise"))
        builder.add(Projection(noise, neuron, np.ones((1, 1), int), name="from noise"))
    return builder.done()


# Large sources first leaves 16 + 11 on each bus and no 5 more for a 10; 16 + 16 and 11 + 11 + 10 would have fit.
MISSED = packing([16] * 4 + [11] * 4 + [10] * 2)
NO_TWO_ON_A_BUS = packing([17] * 7)


def test_a_network_that_greedy_routers_refuse_is_placed():
    with pytest.raises(RoutingError, match="no synapse row is left"):
        build_routing(MISSED, PORTFOLIO)
    routing = build_routing(MISSED)
    assert routing.router == "exact"
    config = build_network_graph(MISSED, routing).configure(ChipConfiguration())
    labels = build_network_graph(MISSED, routing).external_labels(next(iter(MISSED.populations)))
    for source, synapses in enumerate([16] * 4 + [11] * 4 + [10] * 2):
        bus, name = int(labels[source]) >> 14, int(labels[source]) & 63
        rows = config.label[0, :, 0].reshape(-1, 4, 2)[:, bus, 0]  # by driver of the bus; excitatory
        assert ((rows == name) & (config.weight[0, :, 0].reshape(-1, 4, 2)[:, bus] > 0).any(1)).sum() == synapses


def test_reports_tell_what_is_proven():
    assert fit_report(MISSED).verdict == "undecided"
    assert not fit_report(MISSED).fits
    assert str(fit_report(MISSED)).startswith("No way was found, and no proof that there is none: population 'sources'")
    assert fit_report(MISSED, exact=True).verdict == "fits"
    assert fit_report(NO_TWO_ON_A_BUS).verdict == "undecided"
    assert fit_report(NO_TWO_ON_A_BUS, exact=True).verdict == "does not fit"
    assert fit_report(packing([33])).verdict == "does not fit"  # by counting


def test_a_run_that_is_refused_says_that_there_is_no_way():
    with pytest.raises(NoWayError, match="router 'exact': there is no way with one row select mask"):
        build_routing(NO_TWO_ON_A_BUS)
    with pytest.raises(NoWayError, match="'neuron': a neuron has 130 signed inputs"):
        ExactRouter().route(packing([13] * 10))


def test_a_search_that_runs_out_of_time_is_undecided():
    for network in (MISSED, NO_TWO_ON_A_BUS):
        with pytest.raises(UndecidedError, match="in 0 s"):
            ExactRouter(seconds=0).route(network)


def test_background_populations_stay_where_they_are_so_nothing_is_proven():
    with pytest.raises(UndecidedError):
        ExactRouter().route(packing([17] * 7, background=True))
    assert ExactRouter().route(packing([16] * 4 + [11] * 4 + [9] * 2, background=True)).router == "exact"


@given(st.lists(st.integers(1, 32), min_size=4, max_size=12))
@settings(max_examples=15)
def test_what_a_greedy_router_places_is_never_proven_impossible(sizes):
    network = packing(sizes)
    try:
        build_routing(network, PORTFOLIO)
    except RoutingError:
        return
    assert ExactRouter().route(network).labels_by_group.sum() == len(sizes)


def test_without_scipy_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingPackageError, match="pip install scipy") as caught:
        fit_report(MISSED, exact=True)
    assert isinstance(caught.value, HXTorchError)
    with pytest.raises(RoutingError, match="router 'exact': the exact router needs scipy: pip install scipy"):
        build_routing(MISSED)
    assert fit_report(MISSED).verdict == "undecided"
