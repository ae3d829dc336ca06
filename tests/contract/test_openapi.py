"""The OpenAPI documents: valid, and consistent with routes, errors, operations and settings."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from conftest import Service
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gesmock.cli import main as cli
from gesmock.contract import service_document
from gesmock.fake import fixtures
from gesmock.fake.routes import ROUTES
from gesmock.model import documentation, errors, replies
from gesmock.model.errors import GesError, Refusal
from gesmock.model.settings import Settings
from gesmock.model.types import DEFAULT_GRAPH, DEFAULT_PROJECT, EDITION_STATUSES, Edition
from gesmock.web import create_app
from gesmock.web.app import NOT_INSTALLED
from gesmock.web.control import api
from gesmock.web.control.document import CALLS, control_document

METHODS = {"get", "put", "post", "delete", "patch"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of everything in *document*."""
    for path, item in document["paths"].items():
        for method in item.keys() & METHODS:
            yield method.upper(), path, item[method]


def nodes(
    value: Any, path: str = "#", inside: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in *value*, with its path; *inside* names the examples and bodies to look into."""
    if isinstance(value, dict):
        yield path, value
        for name, item in value.items():
            if name not in ("example", "examples", "value", "allOf") or name in inside:
                yield from nodes(item, f"{path}/{name}", inside)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from nodes(item, f"{path}/{index}", inside)


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """*node*, or what it refers to."""
    if "$ref" not in node:
        return node
    target: Any = document
    for name in node["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    return target  # type: ignore[no-any-return]


EDITIONS: tuple[Edition, ...] = get_args(Edition)
DOCUMENTS = {
    "page": service_document(editions=EDITIONS),
    "database": service_document(),
    "memory": service_document(Settings(edition="memory")),
    "generous": service_document(Settings(strict_edition=False)),
    "error_table": service_document(
        Settings(
            dialect="error_table",
            limit_over_maximum="refuse",
            limit_zero="refuse",
            id_key="both",
            failed_result=True,
            sdk_error_keys=True,
        ),
        signed_in=False,
        editions=EDITIONS,
    ),
    "control": control_document(),
}
"""``page`` and ``error_table`` are documents with the calls of both editions."""
SERVED = {"project_id": DEFAULT_PROJECT, "graph_name": DEFAULT_GRAPH}
SERVICE = DOCUMENTS["page"]


@pytest.mark.parametrize(
    "name",
    [
        *("page", "error_table", "control"),
        *(
            pytest.param(name, marks=pytest.mark.deep)
            for name in ("database", "memory", "generous")
        ),
    ],
)
def test_a_document_is_valid_openapi(name: str) -> None:
    assert [*OpenAPIV31SpecValidator(DOCUMENTS[name]).iter_errors()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_example_fits_its_schema(name: str) -> None:
    document = DOCUMENTS[name]
    count = 0
    for path, node in nodes(document):
        if "schema" not in node or not {"example", "examples"} & node.keys():
            continue
        values = [example["value"] for example in node.get("examples", {}).values()]
        values += [node["example"]] if "example" in node else []
        schema = {**node["schema"], "components": document["components"]}
        for value in values:
            count += 1
            assert not list(Draft202012Validator(schema).iter_errors(value)), (path, value)
    assert count > 100 or name == "control"


def test_the_service_document_has_exactly_the_routes() -> None:
    documented = {
        (method, path, action)
        for method, path, operation in operations(SERVICE)
        for action in actions(operation)
    }

    assert documented == {(route.method, route.path, route.action_id) for route in ROUTES}


def actions(operation: dict[str, Any]) -> list[str | None]:
    parameters = [it for it in operation["parameters"] if it.get("name") == "action_id"]
    return parameters[0]["schema"]["enum"] if parameters else [None]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_operation_has_the_parameters_of_its_path(name: str) -> None:
    """Swagger UI does not fill in those that only the path has."""
    for _, path, operation in operations(DOCUMENTS[name]):
        parameters = [resolved(DOCUMENTS[name], it) for it in operation["parameters"]]
        in_path = [it["name"] for it in parameters if it["in"] == "path"]
        assert in_path == re.findall(r"\{(\w+)\}", path)


def test_every_documented_call_appears_once_with_its_sources() -> None:
    calls = [
        (call["name"], call["x-source"], call["x-certainty"])
        for _, _, operation in operations(SERVICE)
        for call in operation.get("x-calls", ())
    ]

    rows = [(row.name, row.source, row.certainty) for row in documentation.calls()]
    assert sorted(calls) == sorted(rows)


def test_a_call_has_the_body_of_its_row() -> None:
    rows = {row.name: row for row in documentation.calls()}
    for _, _, operation in operations(SERVICE):
        for call in operation.get("x-calls", ()):
            row = rows[call["name"]]
            if row.request_example is None:
                assert "body" not in call
                continue
            schema = {**call["body"], "components": SERVICE["components"]}
            validator = Draft202012Validator(schema)
            assert validator.is_valid(row.request_example)
            assert call["bodyRequired"] == (not validator.is_valid({}))


def test_the_error_codes_are_those_of_the_catalogue_and_cover_every_refusal() -> None:
    codes = SERVICE["components"]["schemas"]["ErrorCode"]["enum"]

    assert set(codes) == {row.code for row in documentation.error_codes() if row.plane == "service"}
    used = {each.code for each in vars(errors).values() if isinstance(each, Refusal)}
    rows = documentation.calls()
    used |= {row.unknown_graph.code for row in rows} | {row.malformed_body.code for row in rows}
    used |= {check.refusal.code for row in rows for check in row.body}
    assert used <= set(codes)


def test_the_example_of_the_job_list_is_that_of_the_page() -> None:
    content = SERVICE["paths"][LIST]["get"]["responses"]["200"]["content"]["application/json"]

    assert content["examples"]["database"]["value"] == json.loads(
        fixtures.find("page_example").read_bytes()
    )


@pytest.mark.parametrize(
    "settings",
    [Settings(), Settings(dialect="error_table"), Settings(unknown_graph_status=404)],
    ids=["page", "error_table", "404"],
)
def test_examples_of_refusals_are_the_answers_of_the_fake(settings: Settings) -> None:
    document = service_document(settings, editions=EDITIONS)
    names = {"project_id": DEFAULT_PROJECT, "graph_name": DEFAULT_GRAPH}
    job_id = "4ae64af4226f9b91a469c7e609e00b800000382489090"
    reason = "Running algorithm [shortest_path] error: parameter [source] is invalid!"
    compared = set()
    for _, _, operation in operations(document):
        for status in operation["responses"].keys() - {"200"}:
            content = operation["responses"][status]["content"]["application/json"]
            for name, example in content["examples"].items():
                if "." not in name:  # those of a call are on its own page
                    compared.add(name)
                    values = {"job_id": job_id}
                    values |= {"reason": reason} if name == "algorithm_failed" else names
                    reply = replies.refusal(
                        GesError(getattr(errors, name.upper()), **values), settings
                    )
                    assert example["value"] == reply.payload
                    assert status == str(reply.status)
    assert len(compared) > 12


def test_every_operation_has_the_statuses_of_the_pages() -> None:
    for _, _, operation in operations(SERVICE):
        assert operation["responses"].keys() == {"200", "400", "401", "403", "404", "500", "503"}


def test_a_refusal_is_under_the_status_that_its_setting_gives_it() -> None:
    names = {"invalid_token": "401", "invalid_access": "403", "unknown_graph": "400"}

    assert statuses_of(Settings(), names) == names
    table = Settings(dialect="error_table", unknown_graph_status=404)
    assert statuses_of(table, names) == {**dict.fromkeys(names, "400"), "unknown_graph": "404"}


def statuses_of(settings: Settings, names: Iterable[str]) -> dict[str, str]:
    """The status under which the list of jobs has the refusals called *names*."""
    responses = service_document(settings)["paths"][LIST]["get"]["responses"]
    return {
        name: status
        for name in names
        for status, response in responses.items()
        if name in response["content"]["application/json"]["examples"]
    }


def test_only_the_number_and_phrase_of_some_refusals_are_documented() -> None:
    parts = {"number": "documented", "phrase": "documented"}
    parts |= {"errorCode": "inferred", "errorMessage": "inferred"}
    for _, _, operation in operations(SERVICE):
        for status in ("401", "403", "404", "503"):
            response = operation["responses"][status]
            assert response["x-fidelity"] == parts
            assert response["description"].startswith(HTTPStatus(int(status)).phrase)


def test_every_answer_has_the_headers_that_name_it() -> None:
    for _, _, operation in operations(SERVICE):
        for response in operation["responses"].values():
            assert [*response["headers"]] == ["TraceID", "X-Request-Id"]


# --- Editions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_document_of_an_edition_has_only_its_calls_and_answers(edition: str) -> None:
    document = DOCUMENTS[edition]

    [other] = {*EDITIONS} - {edition}
    for _, _, operation in operations(document):
        assert operation.get("x-edition") in (None, edition)
        assert {call["edition"] for call in operation.get("x-calls", ())} <= {"any", edition}
    assert f'"x-edition": "{other}"' not in json.dumps(document)
    [listed] = references(document["paths"][LIST]["get"]["responses"]["200"]["content"])
    assert listed == {"database": "JobList", "memory": "MemoryJobList"}[edition]
    for kind in ("schemas", "parameters", "headers"):
        assert references(document, kind) == document["components"][kind].keys()


def references(node: Any, kind: str = "schemas") -> set[str]:
    """The names of the components of a *kind* to which *node* refers."""
    return set(re.findall(rf'"#/components/{kind}/([^"]+)"', json.dumps(node)))


def test_a_call_of_the_other_edition_is_in_the_document_where_it_is_served() -> None:
    assert calls_of("generous") == {route.operation for route in ROUTES}
    assert calls_of("database") | calls_of("memory") == calls_of("generous")
    assert {"delete_job", "build_schema_structure"} <= calls_of("memory") - calls_of("database")
    assert {"hyg_delete_job", "delete_graph"} <= calls_of("database") - calls_of("memory")


def calls_of(name: str) -> set[str]:
    """What can be called by a document of ``DOCUMENTS``."""
    names = set()
    for _, _, operation in operations(DOCUMENTS[name]):
        calls = operation.get("x-calls")
        names |= {call["operation"] for call in calls} if calls else {operation["operationId"]}
    return names


def test_links_lead_to_operations_of_the_document() -> None:
    for document in (DOCUMENTS["database"], DOCUMENTS["memory"]):
        names = {operation["operationId"] for _, _, operation in operations(document)}
        links = [
            link["operationId"]
            for _, _, operation in operations(document)
            for response in operation["responses"].values()
            for link in response.get("links", {}).values()
        ]
        assert {*links} <= names
        assert "show_job" in links


# --- Sources --------------------------------------------------------------------------------------


LIST = "/ges/v1.0/{project_id}/graphs/{graph_name}/jobs/status"


def test_every_part_names_its_source_and_fidelity() -> None:
    parts = [operation for _, _, operation in operations(SERVICE)]
    parts += [response for part in parts for response in part["responses"].values()]
    parts += [
        resolved(SERVICE, parameter)
        for item in SERVICE["paths"].values()
        for parameter in [
            *(it for method in item.keys() & METHODS for it in item[method]["parameters"]),
        ]
    ]
    parts += SERVICE["components"]["schemas"].values()

    assert len(parts) > 250
    for part in parts:
        assert part["x-source"]
        fidelity = part["x-fidelity"]
        parts_of_it = fidelity.values() if isinstance(fidelity, dict) else [fidelity]
        assert {*parts_of_it} <= {"documented", "inferred"}


LIMITS = {"default", "exclusiveMinimum", "pattern", "minimum", "maximum"} | {
    f"{bound}{what}" for bound in ("min", "max") for what in ("Items", "Length", "Properties")
}
"""The keywords of a schema that limit a value."""

DOCUMENTED_LIMITS = {
    "parameters/project_id": {"pattern", "minLength", "maxLength"},
    "parameters/limit": {"default", "maximum"},
    "parameters/offset": {"default"},
    "JobList/properties/jobs": {"maxItems"},
    "MemoryJobList/properties/jobs": {"maxItems"},
    "MemoryJob/properties/progress": {"pattern"},
    "indexName": {"pattern"},
    "add_label/allOf/0/properties/name": {"maxLength", "pattern"},
    "property/properties/name": {"maxLength", "pattern"},
    "strLength": {"minimum", "maximum"},
    "jobs/{job_id}/delete": {"maxProperties"},
}
"""The limits that a page states (ges_03_0056, ges_03_0454 and ges_03_0490 for bodies); others are inferred.

That an empty text or list is refused, and how many indexes a call may build, is inferred too.
"""


@pytest.mark.parametrize("name", ["page", "error_table"])
def test_limits_that_no_page_states_are_marked_as_inferred(name: str) -> None:
    count = 0
    for path, node in nodes(DOCUMENTS[name], inside=("allOf",)):
        if path.endswith("/properties") or ("x-inferred" not in node and not limits(node)):
            continue
        count += 1
        stated = limits(node) - {*node.get("x-inferred", ())}
        documented = [limit for part, limit in DOCUMENTED_LIMITS.items() if part in path]
        assert stated <= {*(documented or [set()])[0]}, path
        assert {*node.get("x-inferred", ())} <= limits(node), path
    assert count > 40


def limits(node: dict[str, Any]) -> set[str]:
    return {keyword for keyword in LIMITS if isinstance(node.get(keyword), int | str)}


def test_the_maximum_is_inferred_unless_the_documented_one_is_in_force() -> None:
    def inferred(**settings: Any) -> list[str]:
        limit = service_document(Settings(**settings))["components"]["parameters"]["limit"]
        keywords: list[str] = limit["schema"]["x-inferred"]
        return keywords

    assert inferred() == ["maximum", "minimum"]
    assert inferred(limit_over_maximum="refuse") == ["minimum"]
    assert inferred(limit_over_maximum="refuse", maximum_limit=7) == [
        "default",
        "maximum",
        "minimum",
    ]


def test_the_statuses_of_a_job_are_those_of_its_edition() -> None:
    schemas = SERVICE["components"]["schemas"]

    assert schemas["Job"]["properties"]["status"]["enum"] == [*EDITION_STATUSES["database"]]
    assert schemas["MemoryJob"]["properties"]["status"]["enum"] == [*EDITION_STATUSES["memory"]]


@pytest.mark.parametrize(
    ("changes", "part", "before", "after"),
    [
        ({"limit_zero": "refuse"}, "parameters.limit.schema.minimum", 0, 1),
        ({"limit_over_maximum": "refuse"}, "parameters.limit.schema.maximum", 2**31 - 1, 100_000),
        ({"maximum_limit": 5}, "parameters.limit.schema.default", 100_000, 5),
        ({"maximum_limit": 5}, "schemas.JobList.properties.jobs.maxItems", 100_000, 5),
        ({"id_key": "job_id"}, "schemas.Job.required.0", "jobId", "job_id"),
        ({"failed_result": True}, "schemas.Refusal.required.2", None, "result"),
        ({"sdk_error_keys": True}, "schemas.Refusal.required.2", None, "error_code"),
    ],
)
def test_settings_change_the_document(
    changes: dict[str, Any], part: str, before: Any, after: Any
) -> None:
    def value(settings: Settings) -> Any:
        node: Any = service_document(settings)["components"]
        for name in part.split("."):
            if isinstance(node, list):
                return node[int(name)] if int(name) < len(node) else None
            node = node[name]
        return node

    assert (value(Settings()), value(Settings().changed(changes))) == (before, after)


# --- What client generators accept ----------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_has_what_client_generators_require(name: str) -> None:
    """Items of lists, a type beside each pattern, and null only as one of several types."""
    for path, node in nodes(DOCUMENTS[name], inside=("allOf",)):
        if node.get("type") == "array":
            assert "items" in node, path
        if isinstance(node.get("pattern"), str) and not path.endswith("/propertyNames"):
            assert node.get("type") == "string", path
        if node.get("type") == "null":
            assert re.search(r"/(anyOf/\d+|not)$", path), path
        if "discriminator" in node:
            assert "oneOf" in node, path
        assert None not in node.values() or {"default"} >= {
            keyword for keyword, value in node.items() if value is None
        }


def test_no_schema_has_a_name_that_typescript_reserves() -> None:
    for document in DOCUMENTS.values():
        assert not document["components"]["schemas"].keys() & {"Error", "Object", "Array", "Map"}


def test_node_compiles_every_pattern() -> None:
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is required: apt-get install nodejs"
    patterns = {
        part["pattern"]
        for document in DOCUMENTS.values()
        for _, part in nodes(document, inside=("allOf",))
        if isinstance(part.get("pattern"), str)
    }
    script = "for (const it of JSON.parse(process.argv[1])) new RegExp(it, 'u')"

    ran = subprocess.run(
        [node, "-e", script, json.dumps([*patterns])], check=False, capture_output=True, text=True
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(patterns) > 10


# --- The control API ----------------------------------------------------------------------------


def test_the_control_document_has_exactly_the_routes() -> None:
    documented = {(method, path) for method, path, _ in operations(DOCUMENTS["control"])}
    routes = {
        (method, "/_gesmock" + re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule))
        for rule in api.routes(CALLS).iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert documented == routes


def test_the_control_document_has_every_setting() -> None:
    schema = DOCUMENTS["control"]["components"]["schemas"]["Settings"]

    assert schema["properties"].keys() == set(Settings.__struct_fields__)


# --- Served and printed ------------------------------------------------------------------------------


def test_the_served_document_follows_the_settings(service: Service) -> None:
    service.begin(settings={"limit_zero": "refuse"}, tokens=["secret"])

    served = service.client.get("/openapi.json").get_json()

    assert served == service_document(Settings(limit_zero="refuse"), names=SERVED)
    assert served["security"] == [{"token": []}]


def test_the_served_document_has_the_editions_of_the_graphs(service: Service) -> None:
    def schemas() -> set[str]:
        return references(service.client.get("/openapi.json").get_json())

    service.begin(fixture={"graphs": {"m": {"edition": "memory"}}})
    assert "MemoryJobList" in schemas()
    assert "JobList" not in schemas()
    service.begin(fixture={"graphs": {"d": {}, "m": {"edition": "memory"}}})
    assert {"JobList", "MemoryJobList"} <= schemas()


def test_the_examples_of_the_served_document_name_what_is_served(service: Service) -> None:
    failed = {"status": "failed", "request": {"command": "import_graph", "url": "/"}}
    jobs = [{"jobId": "a", **failed}, {"jobId": "b", **failed, "status": "success"}]
    service.begin(fixture={"project_id": "p1", "graphs": {"films": {"jobs": jobs}}})

    parameters = service.client.get("/openapi.json").get_json()["components"]["parameters"]

    examples = {
        name: parameters[name]["example"] for name in ("project_id", "graph_name", "job_id")
    }
    assert examples == {"project_id": "p1", "graph_name": "films", "job_id": "b"}
    for template in (LIST, LIST.replace("status", "{job_id}/status")):
        assert service.client.get(template.format_map(examples)).status_code == 200


def test_without_a_graph_the_served_document_has_the_page_s_job(service: Service) -> None:
    service.begin(clock={"frozen": True})
    submitted = service.client.delete(f"/ges/v1.0/{DEFAULT_PROJECT}/graphs/{DEFAULT_GRAPH}")
    assert service.control("PATCH", "clock", {"advance_s": 3600}).status_code == 200
    assert (submitted.status_code, service.list().status_code) == (200, 400)

    parameters = service.client.get("/openapi.json").get_json()["components"]["parameters"]

    assert parameters["job_id"] == SERVICE["components"]["parameters"]["job_id"]


def test_without_tokens_the_document_requires_none(service: Service) -> None:
    assert service.client.get("/openapi.json").get_json()["security"] == [{"token": []}, {}]


def test_the_control_document_is_served_below_the_control_api(service: Service) -> None:
    served = service.control("GET", "openapi.json").get_json()

    parameters = served["components"]["parameters"]
    names = {name: it.pop("example") for name, it in parameters.items() if "example" in it}
    assert names == {"project_id": DEFAULT_PROJECT, "graph": DEFAULT_GRAPH}
    assert served == json.loads(json.dumps(DOCUMENTS["control"]))
    assert service.control("GET", "projects/nobody/openapi.json").status_code == 404


def test_openapi_prints_the_documents() -> None:
    printed = CliRunner().invoke(cli.main, ["openapi", "--set", "limit_zero=refuse"])
    memory = CliRunner().invoke(cli.main, ["openapi", "--edition", "memory"])
    control = CliRunner().invoke(cli.main, ["openapi", "--control"])

    assert json.loads(printed.output) == service_document(Settings(limit_zero="refuse"))
    assert json.loads(memory.output) == DOCUMENTS["memory"]
    assert json.loads(control.output) == json.loads(json.dumps(DOCUMENTS["control"]))


def test_openapi_refuses_an_invalid_setting() -> None:
    printed = CliRunner().invoke(cli.main, ["openapi", "--set", "limit_zero=maybe"])

    assert printed.exit_code == 2
    assert printed.stderr == "--set.limit_zero: 'maybe' is not one of empty, refuse\n"


def test_the_documents_can_be_browsed_offline(service: Service) -> None:
    page = service.client.get("/docs/").get_data(as_text=True)

    assert "/openapi.json" in page
    assert "/_gesmock/openapi.json" in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    for asset in re.findall(r"(?:src|href)=\"([^\"]+)\"", page):
        answer = service.client.get(asset)
        assert answer.status_code == 200
        answer.close()


def test_without_the_control_api_its_document_is_not_linked() -> None:
    page = create_app(control=False).test_client().get("/docs/").get_data(as_text=True)

    assert "/_gesmock/openapi.json" not in page


def test_without_swagger_ui_the_page_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask_swagger_ui", None)

    answer = create_app().test_client().get("/docs/")

    assert answer.status_code == 404
    assert answer.get_data(as_text=True) == NOT_INSTALLED
    assert "pip install 'gesmock[docs]'" in NOT_INSTALLED
