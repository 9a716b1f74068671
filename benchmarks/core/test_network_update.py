"""A projection of 256 x 512 synapses at 10 % density: other weights alone, against routing the network again.

Bars on one core: an update at most 2 ms, routing at most 200 ms.
"""

import numpy as np

from hxtorch.core import (
    ChipConfiguration,
    ExternalPopulation,
    NetworkBuilder,
    Population,
    Projection,
    build_network_graph,
    build_routing,
    update_network_graph,
)

UPDATES = 1000


def test_other_weights_for_256_x_512(compare):
    rng = np.random.default_rng(0)
    mask = rng.random((256, 512)) < 0.1
    weights = [rng.integers(-63, 64, (256, 512)) * mask for _ in range(8)]
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(256))
    neurons = builder.add(Population(np.arange(512)))
    projection = builder.add(Projection(inputs, neurons, weights[0], mask))
    network, base = builder.done(), ChipConfiguration()
    graph = build_network_graph(network, build_routing(network))

    def update():
        for k in range(UPDATES):
            update_network_graph(graph, network.with_weights({projection: weights[k % 8]})).configure(base)

    def reroute():
        build_network_graph(network, build_routing(network)).configure(base)

    compare({f"{UPDATES} updates": update, "routing once": reroute}, rounds=5, warmup=1)
