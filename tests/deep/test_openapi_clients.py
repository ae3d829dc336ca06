"""Linters, and generators of clients and types, take both OpenAPI documents."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from gesmock import GesMock
from gesmock.contract import service_document
from gesmock.model.settings import Settings
from gesmock.web.control.document import control_document

pytestmark = pytest.mark.deep

HERE: Final = Path(__file__).parent
TOOLS: Final = Path(os.environ.get("GESMOCK_TOOLS", Path.home() / ".cache/gesmock-tools"))
MODULES: Final = TOOLS / "node_modules"
PYTHON: Final = TOOLS / "python/bin/python"
DOCUMENTS: Final = {
    "database": service_document(),
    "memory": service_document(Settings(edition="memory")),
    "both": service_document(editions=("database", "memory")),
    "error_table": service_document(Settings(dialect="error_table", strict_edition=False)),
    "control": control_document(),
}
GENERATED: Final = ("database", "memory", "control")


def run(*command: str | Path, folder: Path) -> str:
    """What *command* prints, run in *folder*; it must succeed."""
    assert (TOOLS / "installed").exists(), "tools are required: bash .ci/tools"
    ran = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={**os.environ, "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-4000:]
    return ran.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the documents."""
    made = tmp_path_factory.mktemp("documents")
    for name, document in DOCUMENTS.items():
        (made / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def clients(folder: Path) -> Path:
    """The folder with a client in each language for each of ``GENERATED``."""
    orders = []
    for name in GENERATED:
        for language, generator in (("python", "python"), ("typescript", "typescript-fetch")):
            order: dict[str, Any] = {"inputSpec": f"{folder}/{name}.json"}
            order |= {"generatorName": generator, "outputDir": f"{folder}/{language}/{name}"}
            if language == "python":
                order["additionalProperties"] = {"packageName": name}
            orders.append(folder / f"{name}-{language}.order.json")
            orders[-1].write_text(json.dumps(order), encoding="utf-8")
    program = PYTHON.with_name("openapi-generator-cli")
    bases = ["--root-dir", str(folder), "--includes-base-dir", str(folder)]
    printed = run(program, "batch", "-r", "2", *bases, *orders, folder=folder)
    assert f"[SUCCESS] Batch generation finished {len(orders)} generators" in printed
    return folder


@pytest.fixture
def ges() -> Iterator[GesMock]:
    """A graph of each edition, with jobs; requests need a token."""
    graphs: dict[str, Any] = {"database": {}, "memory": {"edition": "memory"}}
    generate = [{"graph": name, "count": 3} for name in graphs]
    with GesMock(fixture={"graphs": graphs}, generate=generate, tokens=["secret"]) as started:
        yield started


def expected(ges: GesMock) -> dict[str, list[str]]:
    """What the programs that use the clients print."""
    ids = {name: [job.job_id for job in ges.jobs(name)] for name in ("database", "memory")}
    refused = {f"{name} nobody": ["GES.8000"] for name in ids}
    return {**ids, **refused, "control": ids["database"]}


def test_spectral_finds_no_error(folder: Path) -> None:
    (folder / "rules.yaml").write_text("extends: [[spectral:oas, recommended]]\n", encoding="utf-8")
    documents = [f"{name}.json" for name in DOCUMENTS]

    printed = run(MODULES / ".bin/spectral", "lint", "-r", "rules.yaml", *documents, folder=folder)

    assert "(0 errors" in printed


def test_redocly_finds_no_error(folder: Path) -> None:
    documents = [f"{name}.json" for name in DOCUMENTS]

    run(MODULES / ".bin/redocly", "lint", "--format=stylish", *documents, folder=folder)


def test_python_clients_list_jobs(clients: Path, ges: GesMock) -> None:
    for name in GENERATED:
        source = clients / "python" / name / name
        shutil.copytree(source, clients / "packages" / name, dirs_exist_ok=True)
    program = shutil.copy(HERE / "use_clients.py", clients / "packages")

    printed = run(PYTHON, program, ges.url, ges.project_id, folder=clients)

    assert json.loads(printed) == expected(ges)


def test_typescript_clients_and_types_list_jobs(clients: Path, ges: GesMock) -> None:
    for name in GENERATED:
        types = f"types/{name}.ts"
        run(MODULES / ".bin/openapi-typescript", f"{name}.json", "-o", types, folder=clients)
    program = Path(shutil.copy(HERE / "use_clients.ts", clients))
    options = [
        "--strict",
        "--skipLibCheck",
        "--target",
        "es2022",
        "--lib",
        "es2022,dom",
        "--module",
        "commonjs",
    ]
    options += ["--typeRoots", str(MODULES / "@types"), "--types", "node", "--outDir", "js"]
    sources = [program, *(clients / "types").glob("*.ts")]
    sources += [clients / "typescript" / name / "index.ts" for name in GENERATED]

    run(MODULES / ".bin/tsc", *options, *sources, folder=clients)
    printed = run("node", "js/use_clients.js", ges.url, ges.project_id, folder=clients)

    assert json.loads(printed) == {**expected(ges), "types": expected(ges)["database"]}


def test_the_typed_client_of_the_page_lists_jobs_and_knows_every_status(
    ges: GesMock, tmp_path: Path
) -> None:
    page = (HERE.parents[1] / "docs/how-to/typescript.md").read_text("utf-8")
    command = re.search(r"^\$ (gesmock openapi .*)$", page, re.MULTILINE)
    client = re.search(r"^```ts\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert command
    assert client
    (tmp_path / "node_modules").symlink_to(MODULES)
    (tmp_path / "jobs.ts").write_text(client[1], encoding="utf-8")
    use = """
import {{ Graph, isUnfinished }} from "./jobs";
const graph = new Graph("{url}", "secret");
graph.listJobs({{ limit: 2 }}).then(async ({{ jobs, totalCount }}) => {{
  const unfinished = jobs.filter(isUnfinished).length;
  const running = jobs.filter((job) => job.status === "running").length;
  // @ts-expect-error
  jobs.filter((job) => job.status === "runing");
  const nobody = new Graph("{url}2", "secret");
  const code = await nobody.listJobs().catch((error) => error.code);
  console.log(JSON.stringify([jobs.length, totalCount, unfinished, running, code]));
}});
"""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run("bash", "-c", f"PATH={path}; set -o pipefail; {command[1]}", folder=tmp_path)
    (tmp_path / "use.ts").write_text(use.format(url=ges.graph_url("database")), encoding="utf-8")
    options = ["--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs"]

    run("node_modules/.bin/tsc", *options, "use.ts", folder=tmp_path)

    assert json.loads(run("node", "use.js", folder=tmp_path)) == [2, 3, 2, 1, "GES.8000"]
