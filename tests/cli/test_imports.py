"""A verb or a role imports only the modules that it needs."""

import subprocess
import sys

import pytest

#: Slow modules that reading verbs do not need.
_SLOW = ("consumers.hl7v2.translate", "jinja2", "kafka", "multiprocessing", "starlette")


def imported(module: str) -> set[str]:
    """Return the modules that are imported with ``module``."""
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_help_needs_no_library_that_is_installed() -> None:
    found = imported("caretrail.cli")
    assert not found & {"domain.statement", "msgspec", "psycopg", "pydantic", "structlog", *_SLOW}


@pytest.mark.parametrize("verb", ["census", "lists", "patients", "timeline", "why"])
def test_a_reading_verb_imports_no_slow_module_that_it_does_not_need(verb: str) -> None:
    assert not imported(f"caretrail.cli.{verb}") & set(_SLOW)


def test_the_role_of_the_pages_imports_no_client_of_kafka_and_no_generator() -> None:
    unneeded = {"caretrail.api.document", "caretrail.generate", "kafka"}
    assert not imported("caretrail.roles.http") & unneeded


def test_models_of_events_and_commands_are_built_when_they_are_used() -> None:
    program = (
        "from commands.catalogue import COMMANDS; from domain.catalogue import CORES;"
        "print(sum(getattr(each, '__pydantic_complete__', False)"
        " for each in (*COMMANDS, *CORES.values())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0"


#: Imported by structlog, if it is there, to draw tracebacks; our logs are JSON.
WITHOUT_RICH = """
import sys
from caretrail.lasting import import_lasting
for module in {modules}:
    import_lasting(module)
print("structlog.dev" in sys.modules, "rich" in sys.modules)
import rich.console
"""


@pytest.mark.parametrize(
    "modules",
    [("caretrail.role_process", "caretrail.roles.projector"), ("caretrail.cli.transition",)],
)
def test_a_process_imports_rich_when_it_draws_and_not_before(modules: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_RICH.format(modules=modules)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False"]
