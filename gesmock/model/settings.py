"""Settings: a field for each question that the documentation answers in two ways, or in none."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypedDict

import msgspec
from msgspec import Meta, Struct

from gesmock.model import documentation, validation
from gesmock.model.types import Edition, GoodEnd

Dialect = Literal["page", "error_table"]

DIALECTS: Final[Mapping[Dialect, Mapping[str, int]]] = {
    "page": {"invalid_token_status": 401, "forbidden_status": 403},
    "error_table": {"invalid_token_status": 400, "forbidden_status": 400},
}
"""The statuses of each dialect: those of the job list's own page (ges_03_0471), or those of the
service's error-code table (ges_03_0110), which has 400 and 500 only."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one project reads the documentation. The defaults are the job list's own page.

    A status that is None takes the dialect's value when the settings are made.
    """

    dialect: Dialect = "page"
    unknown_graph_status: Literal[400, 404] = 400
    invalid_token_status: Literal[401, 400] | None = None
    forbidden_status: Literal[403, 400] | None = None
    limit_over_maximum: Literal["cap", "refuse"] = "cap"
    limit_zero: Literal["empty", "refuse"] = "empty"
    maximum_limit: Annotated[int, Meta(ge=1, le=100_000)] = 100_000
    order: Literal["newest_first", "oldest_first"] = "newest_first"
    edition: Edition = "database"
    strict_edition: bool = True
    finished_status: Literal["by_command", "success", "complete"] = "by_command"
    id_key: Literal["jobId", "job_id", "both"] = "jobId"
    open_projects: bool = False
    failed_result: bool = False
    sdk_error_keys: bool = False

    def __post_init__(self) -> None:
        for name, value in DIALECTS[self.dialect].items():
            if getattr(self, name) is None:
                msgspec.structs.force_setattr(self, name, value)

    def changed(self, changes: Mapping[str, Any], path: str = "$") -> "Settings":
        """These settings with *changes*; a new dialect brings its own statuses.

        Raises InvalidInput with every wrong name and value, below *path*.
        """
        fields = msgspec.structs.asdict(self)
        if "dialect" in changes:
            fields |= dict.fromkeys(DIALECTS["page"], None)
        return validation.read({**fields, **changes}, Settings, path)

    def finished(self, command: str, edition: Edition) -> GoodEnd:
        """The status with which a job with this *command* succeeds.

        Imports and indexes end as ``success`` (ges_03_0471), algorithms and HyG jobs as
        ``complete`` (ges_03_0472, ges_03_0446, ges_03_0536), which the newer pages of the memory
        edition do not have (ges_03_0204, ges_03_0037). For the rest, ``success`` is inferred.
        """
        if self.finished_status != "by_command":
            return self.finished_status
        row = documentation.by_command().get(command)
        return "success" if row is None or edition == "memory" else row.finished


class SettingChanges(TypedDict, total=False):
    """Changes to ``Settings``, by name."""

    dialect: Dialect
    unknown_graph_status: Literal[400, 404]
    invalid_token_status: Literal[401, 400] | None
    forbidden_status: Literal[403, 400] | None
    limit_over_maximum: Literal["cap", "refuse"]
    limit_zero: Literal["empty", "refuse"]
    maximum_limit: Annotated[int, Meta(ge=1, le=100_000)]
    order: Literal["newest_first", "oldest_first"]
    edition: Edition
    strict_edition: bool
    finished_status: Literal["by_command", "success", "complete"]
    id_key: Literal["jobId", "job_id", "both"]
    open_projects: bool
    failed_result: bool
    sdk_error_keys: bool
