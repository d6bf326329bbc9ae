"""What import contracts cannot say: who may read the time, the environment, a key; who commits."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted([*ROOT.glob("mailer/**/*.py"), *ROOT.glob("worker/**/*.py")])

# What only one room may do: the names that betray it, and who may use them.
RULES = {
    "reads the time": ({"time.time", "time.monotonic", "time.monotonic_ns", "time.sleep", "datetime.now", "date.today"},
                       ("mailer/clock.py",)),
    "reads the environment": ({"os.environ", "os.getenv"}, ("mailer/config.py",)),
    "opens SMTP": ({"smtplib.SMTP", "loop.create_connection", "asyncio.open_connection", "socket.create_connection"},
                   ("worker/transport/", "mailer/bench/")),
    "asks the DNS": ({"Resolver", "resolver.Resolver", "asyncresolver.Resolver"}, ("mailer/resolver.py",)),
    "fetches from the web": ({"httpcore2.HTTPConnection"}, ("mailer/fetch.py",)),
    "touches a key": ({"AESGCM", "HKDF", "hmac.digest", "hmac.new", "load_der_private_key"}, ("mailer/vault/",)),
    "commits": ({"session.commit", "connection.commit"}, ("mailer/db/",)),
    "speaks to the broker": ({"celery.send_task"}, ("mailer/queue.py",)),
    "writes SQL": ({"select", "update", "insert", "delete"},
                   ("mailer/", "worker/claim.py", "worker/record.py", "worker/reap.py", "worker/throttle/sql.py")),
}  # fmt: skip
NO_SQL = ("mailer/web/", "mailer/cli/")


def _names(tree: ast.AST) -> Iterator[str]:
    """Every name as it is used or called: ``select``, ``time.sleep``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Name):
            yield node.id


@pytest.mark.parametrize("rule", RULES)
def test_each_room_keeps_to_its_duty(rule: str) -> None:
    forbidden, allowed = RULES[rule]
    guilty = []
    for path in MODULES:
        place = path.relative_to(ROOT).as_posix()
        if place.startswith(allowed) and not (rule == "writes SQL" and place.startswith(NO_SQL)):
            continue
        if forbidden & set(_names(ast.parse(path.read_text()))):
            guilty.append(place)
    assert guilty == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_module_says_what_it_is_and_stays_small(path: Path) -> None:
    source = path.read_text()
    assert ast.get_docstring(ast.parse(source)), "the first line of a module says what it is"
    assert len(source.splitlines()) <= 350 or "migrations" in path.parts


def test_no_web_framework_below_the_pages() -> None:
    allowed = ("mailer/web/", "mailer/demo/site.py")
    for path in MODULES:
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(allowed):
            for node in ast.walk(ast.parse(path.read_text())):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                assert not any(m.split(".")[0] in {"fastapi", "starlette", "uvicorn"} for m in modules), place


def test_a_worker_has_in_memory_nothing_that_it_has_no_use_for() -> None:
    """Each child has all that it imports for as long as it lives."""
    useless = {"alembic", "mako", "PIL", "mjml", "jinja2", "nh3", "icalendar", "rapidfuzz", "fastapi", "typer"}
    asked = f"import sys, worker.app, worker.child; print(*{useless!r} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
