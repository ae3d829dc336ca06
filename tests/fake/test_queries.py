"""What is answered at once: queries, algorithms, and the schema and summary of a graph."""

from typing import Any

import pytest
from conftest import PROJECT, Service

from gesmock import GesMock, InvalidInput

G = f"/ges/v1.0/{PROJECT}/graphs/movie"
CYPHER = f"{G}/action?action_id=execute-cypher-query"
GQL = f"{G}/action?action_id=execute-gql-query"
ALGORITHM = f"{G}/action?action_id=execute-algorithm"
COMMON = "common_neighbors_of_vertex_sets"
FILMS = "MATCH (m:movie) RETURN m.title, m.year"
SET = {
    "statement": FILMS,
    "columns": ["m.title", "m.year"],
    "rows": [["The Red Door", 1999], ["The Blue Moon", None]],
}
EMPTY: dict[str, list[Any]] = {"columns": [], "data": []}


def ask(service: Service, statement: str = FILMS, url: str = CYPHER, **fields: Any) -> Any:
    """The result of one statement."""
    response = service.client.post(url, json={"statements": [{"statement": statement, **fields}]})
    assert (response.status_code, response.get_json()["errors"]) == (200, [])
    [result] = response.get_json()["results"]
    return result


def rows(result: Any) -> list[Any]:
    return [item["row"] for item in result["data"]]


# --- Results that a test has set ----------------------------------------------------------------


@pytest.mark.parametrize("edition", ["database", "memory"])
@pytest.mark.parametrize("url", [CYPHER, GQL])
def test_a_statement_returns_what_was_set_for_it_and_makes_no_job(
    service: Service, edition: str, url: str
) -> None:
    service.begin(queries=SET, settings={"edition": edition})

    assert ask(service, url=url) == {
        "columns": ["m.title", "m.year"],
        "data": [
            {"row": ["The Red Door", 1999], "meta": [None, None]},
            {"row": ["The Blue Moon", None], "meta": [None, None]},
        ],
    }
    assert ask(service, "MATCH (n) RETURN n", url) == EMPTY
    assert service.list().json["jobs"] == []


def test_several_statements_have_a_result_each(service: Service) -> None:
    service.begin(queries=[SET, {"pattern": "count", "columns": ["n"], "rows": [[7]]}])
    statements = [{"statement": text} for text in ("MATCH (n) RETURN count(n)", "x", FILMS)]

    response = service.client.post(CYPHER, json={"statements": statements})

    assert [len(each["data"]) for each in response.get_json()["results"]] == [1, 0, 2]


def test_a_statement_in_a_transaction_returns_the_same(service: Service) -> None:
    service.begin(queries=SET)

    assert len(rows(ask(service, url=f"{G}/transaction/commit"))) == 2


@pytest.mark.parametrize(
    ("contents", "keys"),
    [
        ({}, ["row", "meta"]),
        ({"resultDataContents": None}, ["row", "meta"]),
        ({"resultDataContents": []}, ["row", "meta"]),
        ({"resultDataContents": ""}, ["row", "meta"]),
        ({"resultDataContents": "row"}, ["row", "meta"]),
        ({"resultDataContents": ["row", "graph", "raw"]}, ["row", "meta", "graph", "raw"]),
        ({"resultDataContents": ["graph"]}, ["graph"]),
        ({"resultDataContents": "raw"}, ["raw"]),
    ],
)
def test_rows_have_the_forms_that_the_statement_asks_for(
    service: Service, contents: dict[str, Any], keys: list[str]
) -> None:
    service.begin(queries=SET)

    data = ask(service, **contents)["data"]

    assert [[*row] for row in data] == [keys, keys]
    if "graph" in keys:
        assert data[0]["graph"] == {"nodes": [], "relationships": []}
    if "raw" in keys:
        assert data[0]["raw"] == ["The Red Door", 1999]


def test_rows_have_the_meta_that_was_set(service: Service) -> None:
    meta = [[{"id": "46", "type": "node", "labels": ["user"]}]]
    service.begin(queries={"statement": "q", "columns": ["n"], "rows": [[{"a": 1}]], "meta": meta})

    assert ask(service, "q")["data"] == [{"row": [{"a": 1}], "meta": meta[0]}]


@pytest.mark.parametrize("include_stats", [True, False, None, "true"])
def test_statistics_are_those_of_a_query_that_changes_nothing(
    service: Service, include_stats: object
) -> None:
    result = ask(service, includeStats=include_stats)

    if include_stats is True:
        assert result["stats"] == {
            "contains_updates": False,
            "edges_created": 0,
            "edges_deleted": 0,
            "labels_set": 0,
            "properties_set": 0,
            "vertices_created": 0,
            "vertices_deleted": 0,
        }
    else:
        assert result == EMPTY


def test_the_result_that_was_set_last_counts_and_blanks_do_not(ges: GesMock) -> None:
    service = ges.app.test_client()

    def first(statement: str, graph: str = "movie") -> Any:
        url = CYPHER.replace("movie", graph)
        answer = service.post(url, json={"statements": [{"statement": statement}]}).get_json()
        data = answer["results"][0]["data"]
        return data[0]["row"][0] if data else None

    ges.add_graph("films")
    ges.queries.set(pattern=r"^MATCH", columns=["a"], rows=[["any"]])
    ges.queries.set("MATCH (n)  RETURN n", columns=["a"], rows=[["this"]])
    ges.queries.set("MATCH (m) RETURN m", columns=["a"], rows=[["films'"]], graph="films")

    assert first(" MATCH (n)\n\tRETURN n ") == "this"
    assert first("MATCH (m) RETURN m") == "any"
    assert first("MATCH (m) RETURN m", "films") == "films'"
    assert first("match (n) RETURN n") is None
    ges.queries.set(pattern="RETURN n", columns=["a"], rows=[["newest"]])
    assert first("MATCH (n) RETURN n") == "newest"
    assert (len(ges.queries), repr(ges.queries)) == (4, "<Queries: 4 results>")
    assert ges.queries.clear() == 4
    assert first("MATCH (n) RETURN n") is None


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "query result: give either a statement or a pattern"),
        (
            {"statement": "a", "pattern": "b"},
            "query result: give either a statement or a pattern",
        ),
        ({"pattern": "("}, "query result: '(' is not a regular expression: missing ), unterm"),
        (
            {"statement": "a", "columns": ["n"], "rows": [[1], [1, 2]]},
            "query result: each of rows must have a value for each of columns",
        ),
        ({"statement": "a", "rows": [[1]]}, "query result: each of rows must have a value for"),
        (
            {"statement": "a", "columns": ["n"], "rows": [[1]], "meta": [[], []]},
            "query result: meta must have an item for each of rows",
        ),
        ({"statement": 1}, "query result.statement: expected a string, got 1"),
        ({"statement": "a", "rows": ["x"]}, "query result.rows[0]: expected a list, got 'x'"),
        ({"statement": "a", "columns": [1]}, "query result.columns[0]: expected a string, got 1"),
        ({"statement": "a", "graph": ""}, "query result.graph: must not be empty"),
    ],
)
def test_a_wrong_result_is_refused_with_the_field_named(
    ges: GesMock, fields: dict[str, Any], error: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        ges.queries.set(**fields)

    assert str(refused.value).startswith(error)
    assert len(ges.queries) == 0
    with pytest.raises(InvalidInput) as refused:
        ges.restart(queries=[{"statement": "right"}, fields])
    assert str(refused.value).startswith(error.replace("query result", "queries[1]", 1))


def test_results_are_set_listed_and_forgotten_by_control_calls(service: Service) -> None:
    service.begin()

    created = service.control("POST", "queries", SET)
    assert (created.status_code, created.json) == (201, SET)
    assert service.control("GET", "queries").json["queries"] == [SET]
    assert len(rows(ask(service))) == 2
    refused = service.control("POST", "queries", {"statement": "a", "row": []})
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (400, "$.row")
    assert service.control("DELETE", "queries").json == {"forgotten": 1}
    assert ask(service) == EMPTY
    other = service.control("POST", "projects/other/queries", {"pattern": "."})
    assert (other.status_code, service.control("GET", "queries").json["queries"]) == (201, [])


def test_a_reset_returns_to_the_results_of_the_start_state(service: Service) -> None:
    service.begin(fixture={"graphs": {"movie": {}}, "queries": [SET]})
    service.control("POST", "queries", {"pattern": ".", "columns": ["n"], "rows": [[1]]})
    assert rows(ask(service)) == [[1]]

    service.control("POST", "reset")

    assert len(rows(ask(service))) == 2
    assert service.control("GET", "queries").json["queries"] == [SET]


def test_a_state_has_what_was_set_and_can_be_loaded_again(service: Service) -> None:
    title = {"name": "Title", "type": "string", "cardinality": "single"}
    graph = {
        "labels": [{"label": "movie", "type": "vertex", "properties": [title]}],
        "summary": {"vertexNum": 3, "edgeNum": 2},
    }
    service.begin(fixture={"graphs": {"movie": graph}, "queries": [SET]})

    state = service.control("GET", "state").json
    assert (state["graphs"], state["queries"]) == ({"movie": graph}, [SET])
    service.begin()
    assert service.control("PUT", "state", state).status_code == 200

    assert service.control("GET", "state").json == state
    assert len(rows(ask(service))) == 2
    schema = service.client.get(f"{G}/schema").get_json()
    assert schema == {"data": {"schema": graph["labels"]}}
    service.control("PUT", "state", {"graphs": {"movie": {}}})
    assert ask(service) == EMPTY
    assert service.client.get(f"{G}/schema").get_json() == {"data": {"schema": []}}


@pytest.mark.parametrize("later", [False, True])
def test_a_graph_whose_jobs_are_replaced_is_otherwise_the_same(
    service: Service, later: bool
) -> None:
    job = {"jobId": "a", "status": "success", "request": {"command": "summary", "url": "/"}}
    graph = {
        "jobs": [job],
        "edition": "memory",
        "labels": [{"label": "movie"}],
        "summary": {"vertexNum": 3},
    }
    order = {"count": 2, "graph": "movie", "replace": True}
    service.begin(fixture={"graphs": {"movie": graph}}, generate=[] if later else order)
    if later:
        assert service.control("POST", "generate", order).status_code == 200

    state = service.control("GET", "state").json["graphs"]["movie"]

    assert [job["jobId"] == "a" for job in state.pop("jobs")] == [False, False]
    del graph["jobs"]
    assert state == graph


# --- Queries that are refused -------------------------------------------------------------------


@pytest.mark.parametrize("url", [CYPHER, GQL])
@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({}, "parameter does not contain 'statements'"),
        ({"statement": 1}, "parameter does not contain 'statements'"),
        ({"statement": "a", "executionMode": "later"}, "Incorrect parameter format."),
        ({"statement": "a", "resultDataContents": 1}, "Incorrect parameter format."),
        ({"statement": "a", "resultDataContents": [["row"]]}, "Incorrect parameter format."),
    ],
)
def test_a_wrong_query_is_refused_in_errors(
    service: Service, url: str, statement: dict[str, Any], message: str
) -> None:
    service.begin(queries={"pattern": ".", "columns": ["n"], "rows": [[1]]})

    response = service.client.post(url, json={"statements": [statement]})

    assert response.status_code == (400 if url == CYPHER else 200)  # GQL: ges_03_0567
    assert response.get_json() == {
        "results": [],
        "errors": [{"code": "GES.8000", "message": message}],
    }


# --- Algorithms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [{}, {"executionMode": "sync"}])
@pytest.mark.parametrize("name", ["shortest_path", "shortest_path_of_vertex_sets", COMMON])
def test_the_algorithms_of_the_database_edition_answer_at_once_by_default(
    service: Service, name: str, mode: dict[str, str]
) -> None:
    body = {"algorithmName": name, "parameters": {"source": "46", "target": "78"}, **mode}

    response = service.client.post(ALGORITHM, json=body)

    answer = response.get_json()
    assert (response.status_code, [*answer], answer["result"]) == (
        200,
        ["data", "result"],
        "success",
    )
    outputs = answer["data"]["outputs"]
    if name == COMMON:
        assert len(outputs[COMMON]) == outputs["data_total_size"] > 0
    else:
        assert (outputs["path"][0], outputs["path"][-1]) == ("46", "78")
    assert service.list().json["totalCount"] == 0
    assert service.client.post(ALGORITHM, json=body).get_json() == answer


@pytest.mark.parametrize("name", ["shortest_path", "shortest_path_of_vertex_sets"])
def test_an_algorithm_of_the_database_edition_that_is_asynchronous_is_a_job(
    service: Service, name: str
) -> None:
    service.begin(plans={"plan": "instant"})
    body = {"algorithmName": name, "executionMode": "async"}

    answer = service.client.post(ALGORITHM, json=body).get_json()

    assert answer["jobType"] == 1
    status = service.client.get(f"{G}/jobs/{answer['jobId']}/status").get_json()
    assert (status["status"], [*status["data"]["outputs"]]) == (
        "complete",
        ["path", "source", "target"],
    )


def test_an_algorithm_of_the_memory_edition_is_a_job_by_default(service: Service) -> None:
    service.begin(settings={"edition": "memory"})

    answer = service.client.post(ALGORITHM, json={"algorithmName": "pagerank"}).get_json()

    assert [job["jobId"] for job in service.list().json["jobs"]] == [answer["jobId"]]
    refused = service.client.post(
        ALGORITHM, json={"algorithmName": "pagerank", "executionMode": "sync"}
    )
    assert (refused.status_code, refused.get_json()["errorCode"]) == (400, "GES.8814")


@pytest.mark.parametrize(
    ("window", "begin", "end"),
    [
        ({}, 0, None),
        ({"offset": 1, "limit": 2}, 1, 3),
        ({"limit": 0}, 0, 0),
        ({"offset": 1000}, 1000, None),
        ({"offset": None, "limit": None}, 0, None),
        ({"offset": "1", "limit": "2"}, 0, None),
        ({"offset": -1, "limit": -1}, 0, None),
        ({"offset": 1.5, "limit": [2]}, 0, None),
        ({"offset": 10**30}, 10**30, None),
    ],
)
def test_the_rows_of_an_algorithm_are_paged_by_its_body(
    service: Service, window: dict[str, Any], begin: int, end: int | None
) -> None:
    body = {"algorithmName": COMMON}
    whole = service.client.post(ALGORITHM, json=body).get_json()["data"]["outputs"]

    page = service.client.post(ALGORITHM, json={**body, **window}).get_json()["data"]["outputs"]

    assert page[COMMON] == whole[COMMON][begin:end]
    assert (page["data_offset"], page["data_return_size"], page["data_total_size"]) == (
        begin,
        len(page[COMMON]),
        len(whole[COMMON]),
    )


# --- Schema and summary -------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["database", "memory"])
def test_the_schema_lists_the_labels(service: Service, edition: str) -> None:
    labels = [{"label": "movie", "type": "vertex"}, {"label": "rate"}]
    service.begin(fixture={"graphs": {"movie": {"labels": labels, "edition": edition}}})

    assert service.client.get(f"{G}/schema").get_json() == {
        "data": {
            "schema": [
                {"label": "movie", "type": "vertex", "properties": []},
                {"label": "rate", "type": "all", "properties": []},
            ]
        }
    }


def test_a_label_without_types_is_added_with_the_defaults(service: Service) -> None:
    body = {"name": "book", "properties": [{"property": {"name": "Title"}}]}

    assert service.client.post(f"{G}/schema/labels", json=body).get_json() == {"result": "success"}

    title = {"name": "Title", "type": "string", "cardinality": "single"}
    assert service.client.get(f"{G}/schema?label=book").get_json() == {
        "data": {"type": "all", "properties": [title]},
        "result": "success",
    }
    again = service.client.post(f"{G}/schema/labels", json=body)
    assert (again.status_code, again.get_json()) == (
        400,
        {"errorMessage": "label already exists", "errorCode": "GES.8801"},
    )


@pytest.mark.parametrize("name", ["film 2", "影片", "Straße", "%@#$:?*.+-_"])
def test_a_label_may_have_the_documented_characters(service: Service, name: str) -> None:
    body = {"name": name, "properties": [{"property": {"name": "Größe, m/s"}}]}

    assert service.client.post(f"{G}/schema/labels", json=body).get_json() == {"result": "success"}


def test_an_update_is_of_the_label_in_the_query(service: Service) -> None:
    body = {"name": "other", "type": "edge", "properties": []}

    assert service.client.post(f"{G}/schema?label=book", json=body).status_code == 200

    schema = service.client.get(f"{G}/schema").get_json()["data"]["schema"]
    assert schema == [{"label": "book", "type": "edge", "properties": []}]
    for query in ("", "?label="):
        refused = service.client.post(f"{G}/schema{query}", json=body)
        assert (refused.status_code, refused.get_json()["errorCode"]) == (400, "GES.8000")


@pytest.mark.parametrize(
    ("query", "details"),
    [("", False), ("?label_details=false", False), ("?label_details=true", True)],
)
def test_the_summary_of_a_memory_graph_is_empty_until_a_test_sets_it(
    service: Service, query: str, details: bool
) -> None:
    service.begin(settings={"edition": "memory"})
    empty: dict[str, Any] = (
        {"labelDetails": {"labelInVertex": {}, "labelInEdge": {}}} if details else {}
    )

    answer = service.client.get(f"{G}/summary{query}").get_json()
    assert answer == {"data": {"vertexNum": 0, "edgeNum": 0, **empty}}

    service.control("PUT", "graphs/movie", {"summary": {"vertexNum": 9, "own": True}})
    answer = service.client.get(f"{G}/summary{query}").get_json()
    assert answer == {"data": {"vertexNum": 9, "edgeNum": 0, "own": True, **empty}}
