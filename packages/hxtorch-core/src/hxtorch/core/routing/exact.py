"""Route by integer programming where greedy routers find no way, or prove that there is none.

Sources that are alike are counted together: an unknown says how many of them go to a pair (bus, group). The conditions
are those that make a routing: each source has one pair, a pair has 64 labels, and in each pair a neuron has the drivers
of a group. All row select masks are tried, one for all drivers; a proof holds for such routings, which are all that
routers here make.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np

from hxtorch.core.errors import MissingPackageError, RoutingError
from hxtorch.core.networks.network import Network
from hxtorch.core.routing.bounds import check_chip
from hxtorch.core.routing.demand import Demand, demand_of
from hxtorch.core.routing.greedy import Pairs
from hxtorch.core.routing.groups import PORTFOLIO, GroupRouter
from hxtorch.core.routing.routes import Routing

_IMPOSSIBLE = 2  # status of scipy.optimize.milp


class NoWayError(RoutingError):
    """There is no routing."""


class UndecidedError(RoutingError):
    """Neither a routing nor a proof that there is none was found in time."""


@dataclass(frozen=True)
class ExactRouter:
    """Finds a way, proves that there is none, or runs out of time.

    Attributes:
        seconds: How long to search.
    """

    seconds: float = 10.0

    @property
    def name(self) -> str:
        return "exact"

    def route(self, network: Network) -> Routing:
        """Route ``network``.

        Raises:
            NoWayError: There is no way.
            UndecidedError: None was found in time; or background populations, which are placed one after the other,
                stand in the way where they are.
            MissingPackageError: scipy is not installed.
        """
        milp = solver()
        demand = demand_of(network)
        try:
            open_routers = possible_routers(demand)
        except RoutingError as error:
            raise NoWayError(str(error)) from error
        start, proven = monotonic(), True
        for left, router in zip(range(len(open_routers), 0, -1), open_routers, strict=True):
            seconds = (start + self.seconds - monotonic()) / left
            try:
                pairs, background = router.prepared(demand)
            except RoutingError:
                proven = False
                continue
            found = seconds > 0 and _solve(milp, demand, pairs, router.candidates, seconds)
            if found is True:
                return router.routing(demand, pairs, background, self.name)
            proven &= found is None and not background
        if proven:
            raise NoWayError("there is no way with one row select mask for all drivers")
        raise UndecidedError(f"no way and no proof that there is none was found in {self.seconds:g} s")


def possible_routers(demand: Demand) -> list[GroupRouter]:
    """Return routers of all kinds of row select masks that counting does not rule out, those of the portfolio first.

    Raises:
        RoutingError: Counting rules out all of them; the error is that of the first.
    """
    check_chip(demand)
    refusals = {router: _refusal(router, demand) for router in _KINDS}
    found = [router for router, refusal in refusals.items() if refusal is None]
    if not found:
        raise next(refusal for refusal in refusals.values() if refusal is not None)
    return found


def _refusal(router: GroupRouter, demand: Demand) -> RoutingError | None:
    try:
        router.check(demand)
    except RoutingError as error:
        return error
    return None


def _kinds() -> Iterator[GroupRouter]:
    """Yield a router for each row select mask, of those that differ in the names of groups only the first."""
    known = set()
    for router in (*PORTFOLIO, *map(GroupRouter, range(32))):
        kind = tuple(sorted(column.tobytes() for column in router.candidates.T))
        if kind not in known:
            known.add(kind)
            yield router


_KINDS = tuple(_kinds())


def solver() -> Any:
    """Return ``scipy.optimize.milp``.

    Raises:
        MissingPackageError: scipy is not installed.
    """
    try:
        from scipy.optimize import milp  # an extra of the package
    except ImportError as error:
        raise MissingPackageError("the exact router needs scipy: pip install scipy") from error
    return milp


def _solve(milp: Any, demand: Demand, pairs: Pairs, candidates: np.ndarray, seconds: float) -> bool | None:
    """Enter pairs for all sources that have none; return False if time ran out, None if there is no way."""
    from scipy.optimize import Bounds, LinearConstraint  # comes with the solver
    from scipy.sparse import csr_array, eye_array, hstack, kron, vstack  # comes with the solver

    sources = np.flatnonzero(demand.needed & (pairs.of_source < 0))
    if not len(sources):
        return True
    own = np.where(demand.outputs[sources, np.newaxis] < 0, True, candidates[demand.outputs[sources]])
    kinds, kind_of = np.unique(np.hstack([own, demand.fan_out[sources]]), axis=0, return_inverse=True)
    kind_of, count = kind_of.reshape(-1), np.bincount(kind_of.reshape(-1))
    number = len(pairs.taken)
    own, fan_out = kinds[:, :number] > 0, kinds[:, number:].astype(np.int64)
    # of neurons that hear the same, and have the same room, one is enough; so is none that never runs out of drivers
    room = pairs.capacity - pairs.load
    tight = (fan_out * count[:, np.newaxis]).sum(0) > room.min(0)
    columns = np.unique(np.vstack([fan_out, room])[:, tight], axis=1)
    hears, room = csr_array(columns[: len(kinds)].T), columns[len(kinds) :]
    unknowns = own.T.reshape(-1)  # of a pair and a kind
    each = eye_array(number)
    everywhere = hstack([eye_array(len(kinds))] * number)
    in_pairs = vstack([kron(each, hears), kron(each, np.ones((1, len(kinds))))])
    free = pairs.taken.shape[1] - pairs.taken.sum(1)
    found = milp(
        np.zeros(int(unknowns.sum())),
        integrality=1,
        bounds=Bounds(0, np.tile(count, number)[unknowns]),
        constraints=[
            LinearConstraint(csr_array(everywhere)[:, unknowns], count, count),
            LinearConstraint(csr_array(in_pairs)[:, unknowns], -np.inf, np.concatenate([room.reshape(-1), free])),
        ],
        options={"time_limit": seconds},
    )
    if found.x is None:
        return None if found.status == _IMPOSSIBLE else False
    many = np.zeros(len(unknowns), np.int64)
    many[unknowns] = np.rint(found.x)
    for kind, to in enumerate(many.reshape(number, len(kinds)).T):
        members = sources[kind_of == kind]
        pairs.of_source[members], pairs.labels[members] = np.repeat(np.arange(number), to), -1
    return True
