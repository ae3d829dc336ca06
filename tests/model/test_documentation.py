"""The documentation data: its sources, and the plane that it is about."""

from gesmock.model import documentation


def test_every_row_names_its_source() -> None:
    assert all(row.source for row in documentation.error_codes())
    assert all(row.source and row.certainty for row in documentation.submissions())


def test_the_operations_are_those_of_the_service_plane() -> None:
    rows = documentation.submissions()

    assert all(row.path.startswith("/ges/v1.0/{project_id}/") for row in rows)
    assert {"import_graph", "batch_build_index"} <= {row.command for row in rows}
