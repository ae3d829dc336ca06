"""The call of the control API with which a Pact verifier says what has to be so."""

from typing import Any

from gesmock.fake import fixtures, provider_states
from gesmock.fake.provider_states import ProviderState
from gesmock.web.control_answers import Prepared


def post_provider_state(call: Any) -> tuple[int, Any]:
    wanted = call.body(ProviderState)
    prepared = provider_states.prepared(wanted, call.named_project(), call.fake.can_deliver)
    project = call.opened_project()  # only now: what is refused opens no project
    if prepared is None:
        project.reset()
        loaded = "the start state"
    else:
        project.begin_with(*prepared)
        loaded = fixtures.describe(prepared.state)
    graphs = project.graphs
    return 200, Prepared(project.project_id, graphs.default, [*graphs], loaded)
