"""The call of the control API with which a Pact verifier says what has to be so."""

from typing import Any

from gesmock import fixtures, provider_states
from gesmock.provider_states import ProviderState
from gesmock.web.control_answers import Prepared


def post_provider_state(call: Any) -> tuple[int, Any]:
    wanted = call.body(ProviderState)
    world = call.opened_world()
    state = provider_states.prepare(world, wanted)
    graphs = world.graphs
    loaded = "the start state" if state is None else fixtures.describe(state)
    return 200, Prepared(world.project_id, graphs.default, [*graphs], loaded)
