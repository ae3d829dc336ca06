"""Provider states: what a Pact verifier says that has to be so, before it asks.

A state is called like a starting state that gesmock ships, or as its description says; its *params*
say the rest, in the words of ``StartOptions``.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple, cast

import msgspec
from msgspec import Struct

from gesmock.fake import fixtures
from gesmock.fake import options as start
from gesmock.fake.fixtures import State
from gesmock.fake.options import StartOptions
from gesmock.fake.population import Start
from gesmock.faults import CanDeliver
from gesmock.model import validation
from gesmock.model.errors import InvalidInput, NotFound
from gesmock.model.graph import Graph

_FIXED: Final = ("project_id", "graph_name")


class ProviderState(Struct, frozen=True):
    """What Pact's verifiers post: the *state*, or *states*, that *consumer* wants.

    *params* may have a ``fixture`` (the name of a starting state, or the content of a file) and
    whatever else a fake may begin with; with any of it, the state may be called anything. The
    *action* ``teardown`` takes the project back to its start state, and so does a *state* without
    a name and params, which a verifier posts where an interaction wants none. Other keys are
    Pact's own affair.
    """

    state: str | None = None
    states: list[str] = []
    consumer: str | None = None
    params: dict[str, Any] = {}
    action: Literal["setup", "teardown"] = "setup"


class Prepared(NamedTuple):
    """A *state*, found to be good, and its *graphs*."""

    state: State
    graphs: dict[str, Graph]


def prepared(wanted: ProviderState, project_id: str, can_deliver: CanDeliver) -> Prepared | None:
    """What is *wanted* of the project; None for its start state.

    Nothing is changed by that. Raises NotFound where nobody knows such a state, InvalidInput where
    its params are wrong.
    """
    if wanted.action == "teardown":
        return None
    options = _options(wanted.params)
    names = [name for name in dict.fromkeys([wanted.state, *wanted.states]) if name]
    if not (names or options):
        return None
    if "fixture" not in options:
        known = _known()
        if not options:
            _check(names, known)
        options["fixture"] = [known[name] for name in names if name in known]
    options["project_id"] = project_id
    [state] = start.states(cast(StartOptions, options), can_deliver).values()
    return Prepared(state, Start.of(state).graphs(project_id))


def _options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The *params* that say what a fake begins with; the project is the one that is called."""
    known = [name for name in StartOptions.__annotations__ if name not in _FIXED]
    for name in params:
        if name not in known:
            where = validation.join("$.params", name)
            raise InvalidInput.at(where, validation.unknown(name, known))
    options = dict(params)
    given = options.get("fixture")
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, str) and one not in fixtures.shipped_names():
            # Which files a server reads is not up to who calls it.
            names = ", ".join(fixtures.shipped_names())
            raise InvalidInput.at("$.params.fixture", f"{one!r} is none of {names}")
    return options


def _known() -> dict[str, str]:
    """The fixture that each name and description means."""
    found = {name: name for name in fixtures.shipped_names()}
    for name in fixtures.shipped_names():
        text = fixtures.find(name).read_bytes()
        description = msgspec.json.decode(text).get("description")
        if description is not None:
            found[description] = name
    return found


def _check(states: Iterable[str], known: Collection[str]) -> None:
    for state in states:
        if state not in known:
            close = difflib.get_close_matches(state, known, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            names = ", ".join(fixtures.shipped_names())
            raise NotFound(
                f"no starting state is called {state!r}; {hint}known are {names}; "
                "or say with params what it is"
            )
