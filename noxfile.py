"""The tasks of this project: ``nox --list`` shows them, ``nox -s docs`` runs one.

What follows ``--`` goes to the session's program: ``nox -s tests-3.12 -- tests/web -k reset``.
"""

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "tests"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests but the deep ones; a Python that is not installed is skipped."""
    session.install("-e", ".[test]")
    session.run("pytest", *(session.posargs or ["-n", "3"]))


@nox.session(venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions of the dependencies that setup.cfg allows."""
    session.install("--resolution", "lowest-direct", "-e", ".[cloud,docs]")
    session.install("-e", ".[test]")
    session.run("pytest", *(session.posargs or ["-n", "3"]))


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests, and fail where a line or branch is not covered."""
    session.install("-e", ".[test]")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *(session.posargs or ["-n", "3"]))
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    session.install("-e", ".[test]")
    session.run("mypy", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation in build/docs; warnings are errors."""
    session.install("-e", ".[doc-build]")
    options = session.posargs or ["-W", "--keep-going", "-n"]
    session.run("sphinx-build", *options, "docs", "build/docs")


@nox.session
def deep(session: nox.Session) -> None:
    """Run the deep tests in their whole depth; installs Debian and npm packages, as root."""
    session.install("-e", ".[test,doc-build,package,browser]")
    session.run("bash", ".ci/tools", external=True)
    whole = ["-m", "deep or hypothesis", "--hypothesis-profile", "deep"]
    session.run("pytest", *(session.posargs or [*whole, "-n", "2", "--dist", "loadfile"]))


@nox.session
def package(session: nox.Session) -> None:
    """Build what a release uploads, in dist/, and check it."""
    session.install("-e", ".[test,package]")
    session.run("pytest", "-m", "deep", "tests/deep/test_package.py", *session.posargs)
    session.run("python", "-m", "build", "--outdir", "dist")
