"""What runs in place of Ray's own: the three files that import none of Ray, run as Ray runs them, and the template."""

from __future__ import annotations

import inspect
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest
from ray._private import node, ray_constants, services
from ray._private.function_manager import FunctionActorManager
from ray._private.utils import update_envs
from ray._raylet import persist_port

from cluster import thrifty

WORKER = "import sys; print(sys.argv[1:], 'ray' in sys.modules)"


def become(*arguments: str, worker: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        thrifty.NODE["setup_worker_path"],
        *arguments,
        str(worker),
        "--node-ip-address=127.0.0.1",
        "a b",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {
            "command_prefix": [],
            "env_vars": {},
            "py_executable": sys.executable,
            "override_worker_entrypoint": None,
            "java_jars": [],
        },
    ],
)
def test_a_worker_gets_its_arguments_as_they_are(tmp_path: Path, context: dict[str, object]) -> None:
    worker = tmp_path / "default_worker.py"
    worker.write_text(WORKER)
    done = become(f"--serialized-runtime-env-context={json.dumps(context)}", "--language=PYTHON", worker=worker)
    assert done.stdout == "['--node-ip-address=127.0.0.1', 'a b'] False\n", done.stderr


def test_a_class_that_is_sent_is_known_by_its_name() -> None:
    """Ray keeps what this gives beside the class, as bytes."""
    thrifty.without_disassembly()
    manager = FunctionActorManager.__new__(FunctionActorManager)
    one, other = (manager.compute_collision_identifier(sent) for sent in (Path, PurePath))
    assert isinstance(one, bytes) and one != other and one == manager.compute_collision_identifier(Path)


def test_a_raylet_starts_a_zones_workers_side_by_side(tmp_path: Path) -> None:
    """Ray gives a raylet without processors for tasks one at a time."""
    thrifty.side_by_side()
    told = tmp_path / "told"
    command = [sys.executable, "-c", "import sys; open(sys.argv[1], 'w').write(sys.argv[2])", str(told)]
    given = [*command, "--maximum_startup_concurrency=1"]
    services.start_ray_process(given, "raylet", fate_share=False).process.wait(30)
    assert told.read_text() == f"--maximum_startup_concurrency={thrifty.WORKERS_AT_A_TIME}"
    source = inspect.getsource(services.start_raylet)
    assert f'f"{thrifty.AT_A_TIME}' in source, "Ray calls this otherwise now"


def test_ray_does_not_sleep_before_it_looks_for_a_raylet(monkeypatch: pytest.MonkeyPatch) -> None:
    thrifty.without_waiting()
    slept: list[float] = []
    monkeypatch.setattr(thrifty.time, "sleep", slept.append)
    node.time.sleep(thrifty.GRACE_S)
    node.time.sleep(1)
    assert slept == [1] and node.time.monotonic() > 0
    assert f"time.sleep({thrifty.GRACE_S})" in inspect.getsource(node.Node.__init__), "Ray waits otherwise now"


OF_MODULES = """
import sys
from cluster.thrifty.modules import hidden, put_off
put_off("big", "no_such", "json")
import big
print("big.part" in sys.modules, "no_such" in sys.modules)
from big import part
import big.part as again
print(big.value, part is again, sys.modules["big"] is not big)
with hidden("other"), hidden("big"):
    try:
        import other
    except ImportError:
        print("hidden", "big" in sys.modules and sys.modules["big"] is not None)
import other
print(other.value)
"""


def test_a_module_that_is_put_off_is_imported_when_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "__init__.py").write_text("from big import part; value = part.value")
    (tmp_path / "big" / "part.py").write_text("value = 7")
    (tmp_path / "other.py").write_text("value = 8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", OF_MODULES], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout == "False False\n7 True True\nhidden True\n8\n", done.stderr


@pytest.mark.parametrize(
    "context",
    [
        {"env_vars": {"A": "b"}, "command_prefix": ["true", "&&"]},
        {"command_prefix": ["true", "&&"]},
        {"py_executable": "other"},
    ],
)
def test_an_environment_is_rays_affair(tmp_path: Path, context: dict[str, object]) -> None:
    worker = tmp_path / "default_worker.py"
    (tmp_path / "setup_worker.py").write_text("import sys; print('Ray', sys.argv[1:])")
    given = (f"--serialized-runtime-env-context={json.dumps(context)}", "--language=PYTHON")
    done = become(*given, worker=worker)
    assert done.stdout == f"Ray {[*given, str(worker), '--node-ip-address=127.0.0.1', 'a b']}\n", done.stderr


def test_variables_are_set_as_ray_sets_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"ONE": "1", "TWO": "${ONE}2", "THREE": "$HOME/${NO_SUCH}x $$ ${no_such}"}
    worker = tmp_path / "default_worker.py"
    worker.write_text(f"import json, os; print(json.dumps([os.environ[name] for name in {list(variables)}]))")
    done = become(
        f"--serialized-runtime-env-context={json.dumps({'env_vars': variables})}", "--language=PYTHON", worker=worker
    )
    for name in variables:
        monkeypatch.setenv(name, "")
    update_envs(variables)
    assert json.loads(done.stdout) == [os.environ[name] for name in variables], done.stderr


def test_rays_own_file_is_beside_rays_worker() -> None:
    workers = Path(services.RAY_PATH) / "_private" / "workers"
    assert (workers / "setup_worker.py").exists() and (workers / "default_worker.py").exists()


def test_the_agent_tells_what_rays_own_would_and_ends_with_its_raylet(tmp_path: Path) -> None:
    thrifty.without_agents()
    build = services._build_python_executable_command_memory_profileable
    command = build(ray_constants.PROCESS_TYPE_DASHBOARD_AGENT, str(tmp_path))
    node, own, other = "ab" * 28, tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as raylet:
        arguments = ["agent.py", f"--node-id={node}", "--minimal", f"--session-dir={own}", "--head"]
        agent = subprocess.Popen([*command, *arguments], env={**os.environ, "RAY_RAYLET_PID": str(raylet.pid)})
        try:
            for service in ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port"):
                persist_port(str(other), node, service, -1)
                while not (own / f"{service}_{node}").exists():
                    assert agent.poll() is None
            assert {path.name: path.read_text() for path in own.iterdir()} == {
                path.name: path.read_text() for path in other.iterdir()
            }
            assert agent.poll() is None, "its end would be the raylet's"
            raylet.communicate()
            assert agent.wait(30) == 0
        finally:
            agent.kill()


# -- copies of the template --------------------------------------------------------------------------------------------

TEMPLATE = """
import sys, threading
from cluster.thrifty import template
template.load = lambda: None
if sys.argv[2:]:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
template.main()
"""
COPY = """
import os, signal, sys
print(sys.argv[1:], sys.path[0] == os.path.dirname(__file__), __name__, "cluster.thrifty.template" in sys.modules)
print(os.environ["OWN"], os.getcwd(), oct(os.umask(0)), signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, flush=True)
sys.stdin.read()
print("ends", flush=True)
"""


class Copying:
    """A template that has imported nothing, and one of Ray's workers that is started as its raylet would."""

    def __init__(self, folder: Path, *, threads: bool = False) -> None:
        self.folder = folder
        self.worker = folder / "default_worker.py"
        self.worker.write_text(COPY)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "template"))
            listener.listen()
            self.process = subprocess.Popen(
                [sys.executable, "-c", TEMPLATE, str(listener.fileno()), *(["threads"] if threads else [])],
                pass_fds=(listener.fileno(),),
            )
        self.raylet = subprocess.Popen(["cat"], stdin=subprocess.PIPE)

    def start(self, job: str = thrifty.FIRST_JOB) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            thrifty.TEMPLATE: str(self.folder / "template"),
            thrifty.TEMPLATE_JOB: thrifty.FIRST_JOB,
            "RAY_JOB_ID": job,
            "RAY_RAYLET_PID": str(self.raylet.pid),
            "OWN": "its own",
        }
        command = [sys.executable, thrifty.NODE["setup_worker_path"], "--language=PYTHON", str(self.worker), "a b"]
        return subprocess.Popen(
            command, cwd="/", umask=0o027, env=environment, stdin=-1, stdout=-1, stderr=subprocess.STDOUT, text=True
        )

    def end(self) -> None:
        for process in (self.process, self.raylet):
            process.kill()
            process.communicate()


@pytest.fixture
def copying(tmp_path: Path) -> Iterator[Copying]:
    made = Copying(tmp_path)
    try:
        yield made
    finally:
        made.end()


def lines(worker: subprocess.Popen[str], count: int) -> list[str]:
    assert worker.stdout is not None
    return [worker.stdout.readline() for _ in range(count)]


def is_copy(worker: subprocess.Popen[str]) -> bool:
    """It runs as it was started, either way."""
    first, second = lines(worker, 2)
    assert first.startswith("['a b'] True __main__ "), first
    assert second == "its own / 0o27 True\n"
    told, _ = worker.communicate("")
    assert (worker.returncode, told) == (0, "ends\n")
    return first.endswith("True\n")


def test_a_worker_of_the_cluster_is_a_copy_of_the_template(copying: Copying) -> None:
    workers = [copying.start() for _ in range(2)]
    assert [is_copy(worker) for worker in workers] == [True, True]


def test_a_copy_ends_with_its_raylet(copying: Copying) -> None:
    worker = copying.start()
    lines(worker, 2)
    assert worker.wait(30) == 0, "the process that the raylet started has ended; the copy has its files"
    copying.raylet.kill()
    copying.raylet.wait()
    assert lines(worker, 1) == [""]


@pytest.mark.parametrize("why", ["another job", "no template", "threads"])
def test_a_worker_that_cannot_be_copied_goes_the_long_way(tmp_path: Path, why: str) -> None:
    copying = Copying(tmp_path, threads=why == "threads")
    try:
        if why == "no template":
            copying.process.send_signal(signal.SIGKILL)
            copying.process.wait()
        assert not is_copy(copying.start("02000000" if why == "another job" else thrifty.FIRST_JOB))
    finally:
        copying.end()


# -- Ray's agent for environments --------------------------------------------------------------------------------------

AGENT = """
import os, socket, sys
given = dict(argument[2:].partition("=")[::2] for argument in sys.argv[1:])
listener = socket.create_server((given["node-ip-address"], int(given["runtime-env-agent-port"])))
with open(os.path.join(given["session-dir"], "runtime_env_agent_port_" + given["node-id"]), "w") as file:
    file.write(str(listener.getsockname()[1]))
while True:
    client, _ = listener.accept()
    asked = b"".join(iter(lambda: client.recv(3), b""))
    if asked == b"end":
        os._exit(7)
    client.sendall(given["log-dir"].encode() + asked * 100_000)
    client.close()
"""


def test_rays_agent_for_environments_begins_when_it_is_asked(tmp_path: Path) -> None:
    thrifty.without_agents()
    main, session = tmp_path / "main.py", tmp_path / "session"
    main.write_text(AGENT)
    session.mkdir()
    build = services._build_python_executable_command_memory_profileable
    arguments = {"node-id": "ab" * 28, "node-ip-address": "127.0.0.1", "runtime-env-agent-port": "0", "log-dir": "l"}
    command = [
        *build(ray_constants.PROCESS_TYPE_RUNTIME_ENV_AGENT, str(session)),
        str(main),
        *(f"--{name}={value}" for name, value in {**arguments, "session-dir": session}.items()),
    ]
    agent = subprocess.Popen(command, env={**os.environ, "RAY_RAYLET_PID": str(os.getpid())})
    try:
        told = session / f"runtime_env_agent_port_{arguments['node-id']}"
        while not told.exists():
            assert agent.poll() is None

        def ask(what: bytes) -> bytes:
            with socket.create_connection(("127.0.0.1", int(told.read_text()))) as asking:
                asking.sendall(what)
                asking.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: asking.recv(1 << 16), b""))

        assert [path.name for path in session.iterdir()] == [told.name], "nobody has asked"
        assert ask(b"question") == b"l" + b"question" * 100_000
        assert ask(b"another") == b"l" + b"another" * 100_000
        ask(b"end")
        assert agent.wait(30) == 7, "a raylet takes its end for its agent's"
    finally:
        agent.kill()
        agent.wait()


def test_the_agent_for_environments_ends_with_its_raylet(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as raylet:
        arguments = ["--node-id=n", "--node-ip-address=127.0.0.1", "--runtime-env-agent-port=0"]
        command = [sys.executable, "-I", "-S", str(thrifty.FOLDER / "environments.py"), "python", *arguments]
        environment = {**os.environ, "RAY_RAYLET_PID": str(raylet.pid)}
        agent = subprocess.Popen([*command, f"--session-dir={tmp_path}"], env=environment)
        while not (tmp_path / "runtime_env_agent_port_n").exists():
            assert agent.poll() is None
        raylet.communicate()
        assert agent.wait(30) == 0
