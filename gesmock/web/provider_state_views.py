"""The call of the control API with which a Pact verifier says what has to be so."""

from typing import Any

from gesmock.fake import fixtures, provider_states
from gesmock.fake.provider_states import ProviderState
from gesmock.web.control_answers import Prepared


def post_provider_state(call: Any) -> tuple[int, Any]:
    wanted = call.body(ProviderState)
    prepared = provider_states.prepared(wanted, call.named_project(), call.fake.can_deliver)
    world = call.opened_world()  # only now: what is refused opens no project
    if prepared is None:
        world.reset()
        loaded = "the start state"
    else:
        world.begin_with(*prepared)
        loaded = fixtures.describe(prepared.state)
    graphs = world.graphs
    return 200, Prepared(world.project_id, graphs.default, [*graphs], loaded)
