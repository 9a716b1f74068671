"""From a routed network to a run and back: graph, inputs, hooks, chains, observables."""
