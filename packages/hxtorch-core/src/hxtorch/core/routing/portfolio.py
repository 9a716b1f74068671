"""Give every source a label and every synapse a place, so that events arrive where the network says.

A network is handed to several routers in turn; the first that finds a way wins. They differ in how finely the drivers
of a bus are told apart (see :mod:`hxtorch.core.routing.groups`).
"""

from __future__ import annotations

from collections.abc import Sequence

from hxtorch.core.arguments import checked
from hxtorch.core.errors import MissingPackageError, RoutingError
from hxtorch.core.networks.network import Network
from hxtorch.core.routing.bounds import check_chip
from hxtorch.core.routing.demand import demand_of
from hxtorch.core.routing.exact import ExactRouter, NoWayError
from hxtorch.core.routing.groups import PORTFOLIO
from hxtorch.core.routing.routes import Router, Routing

ROUTERS: tuple[Router, ...] = (*PORTFOLIO, ExactRouter())


@checked
def build_routing(network: Network, routers: Sequence[Router] = ROUTERS) -> Routing:
    """Route ``network`` by the first router that finds a way.

    Args:
        network: What to route.
        routers: Which to try, in turn. Of those that are tried by default the last one searches for 10 s at most where
            all others find no way; it needs scipy.

    Raises:
        RoutingError: No router finds a way; the message names the layer, what would fit, and why each router failed.
            A :class:`~hxtorch.core.routing.exact.NoWayError` if one proves that there is none.
    """
    if not routers:
        raise RoutingError("routing: got no router, wanted at least one")
    check_chip(demand_of(network))
    failures: list[Exception] = []
    for router in routers:
        found = _attempt(router, network)
        if isinstance(found, Routing):
            return found
        failures.append(found)
    others = "".join(
        f"; router {router.name!r}: {str(error).split(';')[0]}"
        for router, error in zip(routers[1:], failures[1:], strict=True)
    )
    kind = NoWayError if any(isinstance(error, NoWayError) for error in failures) else RoutingError
    raise kind(f"{failures[0]} (router {routers[0].name!r}{others})") from failures[0]


def _attempt(router: Router, network: Network) -> Routing | Exception:
    try:
        return router.route(network)
    except (RoutingError, MissingPackageError) as error:
        return error


class PortfolioRouter:
    """:func:`build_routing` as an object, which low-level scripts make first and call then.

    Args:
        routers: Which to try, in turn.
    """

    def __init__(self, routers: Sequence[Router] = ROUTERS) -> None:
        self.routers = tuple(routers)

    def __call__(self, network: Network) -> Routing:
        """Route ``network``."""
        return build_routing(network, self.routers)

    def __repr__(self) -> str:
        return f"PortfolioRouter({', '.join(router.name for router in self.routers)})"
