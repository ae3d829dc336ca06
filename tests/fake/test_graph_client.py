"""The vendor's public client of the service plane runs through all its calls, in both editions."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from graph_client import GraphClient

from gesmock import GesMock
from gesmock.model.types import Edition


@pytest.fixture(params=get_args(Edition))
def ges(request: pytest.FixtureRequest) -> Iterator[GesMock]:
    with GesMock(settings={"edition": request.param}, clock={"frozen": True}) as ges:
        yield ges


@pytest.fixture
def client(ges: GesMock) -> GraphClient:
    return GraphClient(ges.graph_url(), ges.clock.advance)


def end(ges: GesMock) -> str:
    """The status of a query's job that ended well, which differs by edition."""
    return "complete" if ges.settings.edition == "database" else "success"


def ends_at_once(statuses: list[str], last: str) -> bool:
    """Whether these statuses of a job end with the first that is *last*."""
    return statuses.index(last) == len(statuses) - 1


def test_a_synchronous_query_returns_the_rows_that_a_test_has_set(
    ges: GesMock, client: GraphClient
) -> None:
    ges.queries.set("MATCH (n) RETURN n.name", [["Vivian"], ["Eric"]], columns=["n.name"])

    for query in (client.cypher, client.gql):
        [result] = query("MATCH (n)\n  RETURN n.name")["results"]
        assert result["columns"] == ["n.name"]
        assert [row["row"] for row in result["data"]] == [["Vivian"], ["Eric"]]


def test_a_synchronous_query_without_a_result_returns_no_rows(client: GraphClient) -> None:
    assert client.schema() == {"results": [{"columns": [], "data": []}], "errors": []}
    assert client.gql("MATCH (n) RETURN n")["results"][0]["stats"]["contains_updates"] is False


def test_an_asynchronous_query_is_waited_for(ges: GesMock, client: GraphClient) -> None:
    for query in (client.cypher, client.gql):
        job_id = client.job_id(query("MATCH (n) RETURN n", mode="async"))

        statuses = client.wait(job_id, "complete", "success", "failed")
        assert ends_at_once(statuses, end(ges))


def test_import_export_and_clear_are_waited_for(client: GraphClient) -> None:
    for job_id in (
        client.import_graph("bucket/schema.xml", "bucket/vertices/", "bucket/edges/"),
        client.export_graph("bucket/export/"),
        client.clear(),
    ):
        assert ends_at_once(client.wait(job_id, "complete", "success", "failed"), "success")


def test_a_result_is_exported_where_the_edition_documents_it(
    ges: GesMock, client: GraphClient
) -> None:
    job_id = client.job_id(client.cypher("MATCH (n) RETURN n", mode="async"))
    client.wait(job_id, end(ges))

    if ges.settings.edition == "database":  # "may return 404", says the client
        with pytest.raises(RuntimeError, match="404"):
            client.export_result(job_id, "bucket/result/")
    else:
        assert client.wait(client.export_result(job_id, "bucket/result/"), "success")


def test_a_label_that_is_added_is_shown(ges: GesMock, client: GraphClient) -> None:
    assert client.add_label("movie", Title="string") == {"result": "success"}

    title = {"name": "Title", "type": "string", "cardinality": "single"}
    data = client.label("movie")["data"]
    if ges.settings.edition == "memory":
        [data] = data["schema"]
    assert (data["type"], data["properties"]) == ("vertex", [title])
    with pytest.raises(RuntimeError, match="label already exists"):
        client.add_label("movie")


def test_an_index_of_the_database_edition_is_built() -> None:
    with GesMock(clock={"frozen": True}) as ges:
        client = GraphClient(ges.graph_url(), ges.clock.advance)

        assert ends_at_once(client.wait(client.create_index("by_label"), "success"), "success")


def test_a_label_of_the_database_edition_is_written_over() -> None:
    with GesMock() as ges:
        ges.add_graph("movie", labels=[{"label": "book", "properties": [{"name": "Title"}]}])
        client = GraphClient(ges.graph_url(), ges.clock.advance)
        assert client.label("book")["data"]["properties"][0]["name"] == "Title"

        assert client.update_label("book", Year="int") == {"result": "success"}
        assert [it["name"] for it in client.label("book")["data"]["properties"]] == ["Year"]
        assert client.label("unknown")["data"] == {"type": "all", "properties": []}


def test_the_summary_is_the_one_that_a_test_has_set(ges: GesMock, client: GraphClient) -> None:
    numbers: dict[str, Any] = {"vertexNum": 146, "edgeNum": 1659}
    ges.add_graph("movie", summary=numbers)
    if ges.settings.edition == "memory":
        assert client.summary()["data"] == numbers
        assert client.summary(details=True)["data"].keys() == {*numbers, "labelDetails"}
        return
    job_id = client.job_id(client.summary(details=True))
    assert ends_at_once(client.wait(job_id, "complete", "success", "failed"), "success")
    assert ges.job(job_id).request.command == "summary"
