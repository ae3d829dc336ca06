"""Control calls about a project as a whole: its health, state, settings and reset."""

from typing import Annotated, Any

from msgspec import Struct

import gesmock
from gesmock.fake import fixtures
from gesmock.fake.fake import Fake
from gesmock.fake.fixtures import ListAnswer, State
from gesmock.fake.options import ProviderState, provider_state
from gesmock.fake.project import Cleared, Project
from gesmock.faults import check
from gesmock.model import validation
from gesmock.model.errors import InvalidInput, NotFound
from gesmock.model.settings import Settings
from gesmock.model.types import GraphName
from gesmock.web.control.api import Address, PageQuery, call, numbered_page


class Health(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the project is *ready*, and what serves it."""

    ready: bool
    version: str
    epoch: int
    project_id: str


class DescribedProject(Struct, frozen=True, forbid_unknown_fields=True):
    """A project, the number of its *graphs*, and that of the *requests* since its last reset."""

    project_id: str
    graphs: int
    requests: int


class DescribedProjects(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the projects, how many there are, and the cursor of the *next* page."""

    projects: list[DescribedProject]
    total: int
    next: int | None


class ResetQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether *all* projects are reset, and those that only calls have opened are dropped."""

    all: bool = False


class ExportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the tokens, and the *secrets* in the requests of jobs, are exported too."""

    secrets: bool = False


class LoadQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The graph of a list answer's jobs (default: the one in the first job's URL)."""

    graph_name: GraphName | None = None


class Loaded(Struct, frozen=True, forbid_unknown_fields=True):
    """What was *loaded*, in words."""

    loaded: str


class PreparedProject(Struct, frozen=True, forbid_unknown_fields=True):
    """A project in a provider state: its graphs, and what was *loaded*, in words.

    *graph_name* is its first graph.
    """

    project_id: str
    graph_name: str
    graphs: list[str]
    loaded: str


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """A named state; its *title* is the description in its file."""

    name: str
    title: str


class ChosenScenario(Struct, frozen=True, forbid_unknown_fields=True):
    """The *scenario* to which a reset returns, null if that is none of the *scenarios*.

    *changed*: whether the state has been changed since, by anything but time.
    """

    scenario: str | None
    changed: bool
    scenarios: list[Scenario]


class ScenarioChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """The name of the *scenario* to load."""

    scenario: str


@call("GET", "health", summary="Report readiness, version and epoch")
def health(project: Project) -> Health:
    return Health(
        ready=True,
        version=gesmock.__version__,
        epoch=project.epoch,
        project_id=project.project_id,
    )


@call("GET", "projects", of_fake=True, summary="List projects")
def list_projects(address: Address, query: PageQuery) -> DescribedProjects:
    page, total, following = numbered_page(address.fake.projects.values(), query)
    projects = [
        DescribedProject(project.project_id, len([*project.graphs]), project.journal.count)
        for project in page
    ]
    return DescribedProjects(projects, total, following)


@call("POST", "reset", summary="Return to the start state")
def reset(address: Address, query: ResetQuery) -> Cleared:
    if not query.all:
        return address.open().reset()
    if address.project_id is not None:
        raise InvalidInput.at("query.all", "the URL names one project; use /_gesmock/reset")
    return address.fake.reset()


@call(
    "POST",
    "provider-states",
    needs_jobs=True,
    may_miss=True,
    summary="Set up a provider state, as a Pact verifier asks for it",
)
def set_up(address: Address, body: ProviderState) -> PreparedProject:
    fake, in_url = address.fake, address.checked_id()
    default = fake.default.project_id
    project_id, state, start = provider_state(body, in_url, default, fake.can_deliver)
    project = fake.open(project_id)
    if state is None or start is None:
        project.reset()
        loaded = "the start state"
    else:
        project.begin_with(start)
        loaded = fixtures.describe(state)
    graphs = project.graphs
    return PreparedProject(project.project_id, graphs.default, [*graphs], loaded)


@call("GET", "state", summary="Export the project")
def export(project: Project, query: ExportQuery) -> State:
    return project.state(secrets=query.secrets)


@call("PUT", "state", needs_jobs=True, summary="Load a project")
def load(address: Address, query: LoadQuery, body: Annotated[bytes, State, ListAnswer]) -> Loaded:
    try:
        state = address.project().parse(body, query.graph_name)
    except NotFound:
        state = fixtures.parse(body, address.project_id, query.graph_name)
        check(state.faults, address.fake.can_deliver, "$.faults")
    address.open().load(state)
    return Loaded(fixtures.describe(state))


@call("GET", "scenario", summary="Show the scenario, and those to choose from")
def show_scenario(address: Address) -> ChosenScenario:
    return _chosen(address.fake, address.project())


@call("PUT", "scenario", needs_jobs=True, summary="Load a scenario")
def choose_scenario(address: Address, body: ScenarioChoice) -> ChosenScenario:
    names = [*address.fake.scenarios()]
    if body.scenario not in names:
        raise InvalidInput.at("$.scenario", validation.none_of(body.scenario, names))
    project = address.open()
    address.fake.choose(project, body.scenario)
    return _chosen(address.fake, project)


def _chosen(fake: Fake, project: Project) -> ChosenScenario:
    scenarios = [Scenario(name, title) for name, title in fake.scenarios().items()]
    return ChosenScenario(project.start.scenario, project.changed, scenarios)


@call("GET", "settings", summary="Read the settings")
def read_settings(project: Project) -> Settings:
    return project.settings


@call("PATCH", "settings", summary="Change settings")
def change_settings(address: Address, body: Annotated[dict[str, Any], Settings]) -> Settings:
    Settings().changed(body)  # refused before a project is created
    return address.open().configure(body)
