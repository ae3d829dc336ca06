"""The OpenAPI documents: valid, and one with routes, error catalogue, operations and settings."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import Service
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gesmock.cli import main as cli
from gesmock.contract import service_document
from gesmock.contract.submissions import LIMITS
from gesmock.fake import fixtures
from gesmock.fake.routes import ROUTES
from gesmock.model import documentation, errors, replies
from gesmock.model.errors import GesError, Refusal
from gesmock.model.settings import Settings
from gesmock.model.types import DEFAULT_GRAPH, DEFAULT_PROJECT, EDITION_STATUSES
from gesmock.web import create_app, documents
from gesmock.web.control.document import control_document

METHODS = {"get", "put", "post", "delete", "patch"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of all that *document* has."""
    for path, item in document["paths"].items():
        for method in item.keys() & METHODS:
            yield method.upper(), path, item[method]


def nodes(
    value: Any, path: str = "#", inside: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of *value*, with where it is; examples and schemas of bodies are left out.

    Those *inside* of them are not.
    """
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
    found: Any = document
    if "$ref" not in node:
        return node
    for name in node["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found  # type: ignore[no-any-return]


DOCUMENTS = {
    "page": service_document(),
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
    ),
    "control": control_document(),
}
SERVICE = DOCUMENTS["page"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_openapi(name: str) -> None:
    assert [*OpenAPIV31SpecValidator(DOCUMENTS[name]).iter_errors()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_example_fits_its_schema(name: str) -> None:
    document = DOCUMENTS[name]
    count = 0
    for path, node in nodes(document):
        if "schema" not in node or not {"example", "examples"} & node.keys():
            continue
        shown = [one["value"] for one in node.get("examples", {}).values()]
        shown += [node["example"]] if "example" in node else []
        schema = {**node["schema"], "components": document["components"]}
        for value in shown:
            count += 1
            assert not list(Draft202012Validator(schema).iter_errors(value)), (path, value)
    assert count > 100 or name == "control"


def test_the_service_document_has_the_routes_and_no_other() -> None:
    told = {
        (method, path, action)
        for method, path, operation in operations(SERVICE)
        for action in actions(operation)
    }

    assert told == {(route.method, route.path, route.action_id) for route in ROUTES}


def actions(operation: dict[str, Any]) -> list[str | None]:
    parameters = [one for one in operation["parameters"] if one.get("name") == "action_id"]
    return parameters[0]["schema"]["enum"] if parameters else [None]


def test_every_call_of_operations_json_is_told_once_with_its_sources() -> None:
    told = [
        call for _, _, operation in operations(SERVICE) for call in operation.get("x-calls", ())
    ]

    assert sorted((call["name"], call["x-source"], call["x-certainty"]) for call in told) == sorted(
        (row.name, row.source, row.certainty) for row in documentation.operations()
    )


def test_a_call_has_the_body_that_its_row_has() -> None:
    rows = {row.name: row for row in documentation.operations()}
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


def test_every_code_of_the_catalogue_is_told_and_every_refusal_has_one_of_them() -> None:
    told = SERVICE["components"]["schemas"]["ErrorCode"]["enum"]

    assert set(told) == {row.code for row in documentation.error_codes() if row.plane == "service"}
    used = {each.code for each in vars(errors).values() if isinstance(each, Refusal)}
    rows = documentation.operations()
    used |= {row.unknown_graph.code for row in rows} | {row.malformed_body.code for row in rows}
    used |= {check.refusal.code for row in rows for check in row.body}
    assert used <= set(told)


def test_the_example_of_the_job_list_is_the_page_s_own() -> None:
    content = SERVICE["paths"][LIST]["get"]["responses"]["200"]["content"]["application/json"]

    assert content["examples"]["database"]["value"] == json.loads(
        fixtures.find("page_example").read_bytes()
    )


def test_an_example_of_a_refusal_is_what_the_fake_answers() -> None:
    names = {"project_id": DEFAULT_PROJECT, "graph_name": DEFAULT_GRAPH}
    job_id = "4ae64af4226f9b91a469c7e609e00b800000382489090"
    reason = "Running algorithm [shortest_path] error: parameter [source] is invalid!"
    compared = set()
    for _, _, operation in operations(SERVICE):
        for status in ("400", "401", "403", "404", "500", "503"):
            content = operation["responses"][status]["content"]["application/json"]
            for name, example in content["examples"].items():
                if "." not in name:  # those of a call are on its own page
                    compared.add(name)
                    values = {"job_id": job_id}
                    values |= {"reason": reason} if name == "algorithm_failed" else names
                    reply = replies.refusal(
                        GesError(getattr(errors, name.upper()), **values), Settings()
                    )
                    assert example["value"] == reply.payload
                    assert {"400", str(reply.status)} >= {status}
    assert len(compared) > 12


def test_every_operation_tells_the_statuses_of_the_pages() -> None:
    for _, _, operation in operations(SERVICE):
        assert operation["responses"].keys() == {"200", "400", "401", "403", "404", "500", "503"}
    statuses = {"invalid_token_status": "401", "forbidden_status": "403"}
    statuses["unknown_graph_status"] = "404"
    responses = SERVICE["paths"][LIST]["get"]["responses"]
    for setting, status in statuses.items():
        assert responses[status]["x-setting"] == setting
        assert str(getattr(Settings(), setting)) == status


LIST = "/ges/v1.0/{project_id}/graphs/{graph_name}/jobs/status"


def test_all_that_is_told_names_its_page_and_how_certain_it_is() -> None:
    parts = [operation for _, _, operation in operations(SERVICE)]
    parts += [one for part in parts for one in part["responses"].values()]
    parts += [
        resolved(SERVICE, one)
        for item in SERVICE["paths"].values()
        for one in [
            *item["parameters"],
            *(p for m in item.keys() & METHODS for p in item[m]["parameters"]),
        ]
    ]
    parts += SERVICE["components"]["schemas"].values()

    assert len(parts) > 250
    for part in parts:
        assert part["x-source"]
        assert part["x-fidelity"] in ("documented", "inferred")


DOCUMENTED_LIMITS = {
    "parameters/project_id": {"pattern", "minLength", "maxLength"},
    "parameters/limit": {"default", "maximum"},
    "parameters/offset": {"default"},
    "JobList/properties/jobs": {"maxItems"},
    "MemoryJobList/properties/jobs": {"maxItems"},
    "MemoryJob/properties/progress": {"pattern"},
    "indexName": {"pattern"},
    "strLength": {"minimum", "maximum"},
    "jobs/{job_id}/delete": {"maxProperties"},
}
"""The limits that a page states; every other one is inferred."""


@pytest.mark.parametrize("name", ["page", "error_table"])
def test_every_limit_that_no_page_states_is_told_to_be_inferred(name: str) -> None:
    count = 0
    for path, node in nodes(DOCUMENTS[name], inside=("allOf",)):
        if path.endswith("/properties") or ("x-inferred" not in node and not limits(node)):
            continue
        count += 1
        stated = limits(node) - {*node.get("x-inferred", ())}
        known = [limit for part, limit in DOCUMENTED_LIMITS.items() if part in path]
        assert stated <= {*(known or [set()])[0]}, path
        assert {*node.get("x-inferred", ())} <= limits(node), path
    assert count > 40


def limits(node: dict[str, Any]) -> set[str]:
    return {one for one in LIMITS if isinstance(node.get(one), int | str)}


def test_the_documented_maximum_is_documented_where_it_is_in_force() -> None:
    def inferred(**settings: Any) -> list[str]:
        limit = service_document(Settings(**settings))["components"]["parameters"]["limit"]
        found: list[str] = limit["schema"]["x-inferred"]
        return found

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
    ("changes", "part", "was", "became"),
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
def test_a_setting_changes_what_the_document_says(
    changes: dict[str, Any], part: str, was: Any, became: Any
) -> None:
    def value(settings: Settings) -> Any:
        found: Any = service_document(settings)["components"]
        for name in part.split("."):
            if isinstance(found, list):
                return found[int(name)] if int(name) < len(found) else None
            found = found[name]
        return found

    assert (value(Settings()), value(Settings().changed(changes))) == (was, became)


# --- The control API ----------------------------------------------------------------------------


def test_the_control_document_has_the_routes_and_no_other() -> None:
    documented = {(method, path) for method, path, _ in operations(DOCUMENTS["control"])}
    routes = {
        (method, re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule))
        for rule in create_app().url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/_gesmock/")
    }

    assert documented == routes


def test_the_control_document_reads_settings_as_the_struct_does() -> None:
    schema = DOCUMENTS["control"]["components"]["schemas"]["Settings"]

    assert schema["properties"].keys() == set(Settings.__struct_fields__)


# --- Where they are ------------------------------------------------------------------------------


def test_the_document_that_is_served_reads_the_pages_as_the_fake_does(service: Service) -> None:
    service.begin(settings={"limit_zero": "refuse"}, tokens=["secret"])

    told = service.client.get("/openapi.json").get_json()

    assert told == service_document(Settings(limit_zero="refuse"))
    assert told["security"] == [{"token": []}]


def test_without_tokens_the_document_wants_none(service: Service) -> None:
    assert service.client.get("/openapi.json").get_json()["security"] == [{"token": []}, {}]


def test_the_control_document_is_served_below_the_control_api(service: Service) -> None:
    told = service.control("GET", "openapi.json").get_json()

    assert told == json.loads(json.dumps(DOCUMENTS["control"]))
    assert service.control("GET", "projects/nobody/openapi.json").status_code == 404


def test_a_document_is_printed() -> None:
    printed = CliRunner().invoke(cli.main, ["openapi", "--set", "limit_zero=refuse"])
    control = CliRunner().invoke(cli.main, ["openapi", "--control"])

    assert json.loads(printed.output) == service_document(Settings(limit_zero="refuse"))
    assert json.loads(control.output) == json.loads(json.dumps(DOCUMENTS["control"]))


def test_a_wrong_setting_is_told() -> None:
    printed = CliRunner().invoke(cli.main, ["openapi", "--set", "limit_zero=maybe"])

    assert printed.exit_code == 2
    assert printed.stderr == "--set.limit_zero: 'maybe' is none of empty, refuse\n"


def test_the_documents_can_be_browsed_without_another_site(service: Service) -> None:
    page = service.client.get("/docs/").get_data(as_text=True)

    assert "/openapi.json" in page
    assert "/_gesmock/openapi.json" in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    for asset in re.findall(r"(?:src|href)=\"([^\"]+)\"", page):
        answer = service.client.get(asset)
        assert answer.status_code == 200
        answer.close()


def test_without_the_control_api_its_document_is_not_offered() -> None:
    page = create_app(control=False).test_client().get("/docs/").get_data(as_text=True)

    assert "/_gesmock/openapi.json" not in page


def test_without_swagger_ui_what_to_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask_swagger_ui", None)

    answer = create_app().test_client().get("/docs/")

    assert answer.status_code == 404
    assert answer.get_data(as_text=True) == documents.NOT_INSTALLED
    assert "pip install 'gesmock[docs]'" in documents.NOT_INSTALLED
