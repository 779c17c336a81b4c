"""The rules of the house, read from the source: who may know whom, and how files look."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "synth").rglob("*.py"))
CORE = [path for path in SOURCES if "ui" not in path.relative_to(ROOT / "synth").parts[:1]]

LONGEST = 450
"""Most lines of one file."""

RANKS = (
    ("errors", "limits", "control", "explain", "json_text"),
    ("media", "camera"),
    ("scene", "motion", "flow", "grade", "quality"),
    ("render",),
    ("backends", "style"),
    ("shot",),
    ("sequence", "jobs"),
    ("publish", "api"),
    ("ui",),
)
"""Folders of the package from the ground up: each may import from those before its own row, and
from its neighbours in the row as long as no two of them import each other."""

MUTATING = frozenset(
    {"append", "add", "insert", "extend", "update", "setdefault", "pop", "popitem", "remove",
     "discard", "clear", "sort", "reverse", "__setitem__"}
)  # fmt: skip


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _folder(module: str) -> str:
    """The folder (or lone module) of the package that a dotted name belongs to."""
    return module.split(".")[1] if "." in module else ""


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports anywhere, with the line."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)}:{node.lineno} imports relatively"
            assert node.module is not None
            if node.module == "synth":
                for alias in node.names:
                    yield node.lineno, f"synth.{alias.name}"
            else:
                yield node.lineno, node.module


def _rank(folder: str) -> int:
    for rank, row in enumerate(RANKS):
        if folder in row:
            return rank
    raise AssertionError(f"synth/{folder} has no place among the arrows")


def test_the_core_knows_no_screen() -> None:
    """With gradio not even installed, everything but synth.ui can be imported and says so."""
    modules = [_module(path) for path in CORE]
    script = f"""
import importlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("gradio", "gradio_client", "fastapi"):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
for name in {modules!r}:
    importlib.import_module(name)
import synth
for name in synth.__all__:
    getattr(synth, name)
assert not [name for name in sys.modules if name.split(".")[0] == "gradio"]
assert not [name for name in sys.modules if name.startswith("synth.ui")]
"""
    assert len(modules) > 60
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_importing_the_package_alone_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'cv2', 'numba', 'av', 'pydantic', 'scipy', 'gradio'}"
    script = f"import sys, synth; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("path", CORE, ids=_name)
def test_nothing_outside_the_screen_imports_gradio(path: Path) -> None:
    found = [line for line, module in _imports(path) if module.split(".")[0] == "gradio"]
    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_the_arrows_of_import_point_one_way(path: Path) -> None:
    if path == ROOT / "synth" / "__init__.py":
        wrong = [m for _, m in _imports(path) if m.startswith("synth.ui")]
        assert wrong == []
        return
    own = _folder(_module(path))
    wrong = [
        f"line {line}: {own} imports {_folder(module)}"
        for line, module in _imports(path)
        if module.startswith("synth.")
        and _folder(module) != own
        and _rank(_folder(module)) > _rank(own)
    ]
    assert wrong == []


def test_no_two_folders_import_each_other() -> None:
    arrows: dict[str, set[str]] = {}
    for path in SOURCES:
        own = _folder(_module(path))
        if not own:
            continue
        for _, module in _imports(path):
            if module.startswith("synth.") and _folder(module) != own:
                arrows.setdefault(own, set()).add(_folder(module))
    circles = sorted(
        f"{one} <-> {other}"
        for one, others in arrows.items()
        for other in others
        if one < other and one in arrows.get(other, ())
    )
    assert circles == []


def test_modules_import_without_circles() -> None:
    """Imports at the head of a file form no ring, within a folder either."""
    modules = {_module(path): path for path in SOURCES}
    arrows = {name: set[str]() for name in modules}
    for name, path in modules.items():
        for node in _tree(path).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    part = f"{node.module}.{alias.name}"
                    arrows[name].add(part if part in modules else node.module)
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for following in sorted(arrows[name] & modules.keys()):
                visit(following, (*above, name))
            done.add(name)

    for name in sorted(modules):
        visit(name, ())


@pytest.mark.parametrize("path", [*SOURCES, ROOT / "app.py"], ids=_name)
def test_files_stay_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= (60 if path.name == "app.py" and path.parent == ROOT else LONGEST)


def _is_kernel(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether numba compiles it: such functions are typed by what they are called with."""
    return any("njit" in ast.unparse(decorator) for decorator in node.decorator_list)


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("overload" in ast.unparse(decorator) for decorator in node.decorator_list)


def _public(
    path: Path,
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    """Public functions and classes, and the public methods of public classes."""
    for node in _tree(path).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    plain = not inner.name.startswith("_")
                    if (plain or inner.name == "__init__") and not _is_overload(inner):
                        yield f"{node.name}.{inner.name}", inner
        elif (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and not _is_overload(node)
        ):
            yield node.name, node


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_every_module_and_everything_public_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(_tree(path)), "the module says nothing"
    silent = [
        name
        for name, node in _public(path)
        if not ast.get_docstring(node) and not name.endswith(".__init__")
    ]
    assert silent == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_everything_public_has_type_hints(path: Path) -> None:
    bare = []
    for name, node in _public(path):
        if isinstance(node, ast.ClassDef) or _is_kernel(node):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if "." in name and not any(
            ast.unparse(decorator) == "staticmethod" for decorator in node.decorator_list
        ):
            arguments = arguments[1:]
        arguments += [part for part in (node.args.vararg, node.args.kwarg) if part]
        bare += [f"{name}({argument.arg})" for argument in arguments if argument.annotation is None]
        if node.returns is None:
            bare.append(f"{name} -> ?")
    assert bare == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_no_module_keeps_state(path: Path) -> None:
    """The rule: what a module binds at its top is a constant.

    A list, dict or set there carries a name in capitals (a leading underscore is allowed, and
    ``__all__``), is a table written out or worked out once, and is changed nowhere in the file:
    no item is set or deleted, no changing method is called, no function says ``global``. Made
    objects that hold state of their own (locks, queues, caches, pools, counters) do not stand at
    the top of a module at all, and no function remembers its results for ever.
    """
    tree = _tree(path)
    tables: set[str] = set()
    wrong: list[str] = []
    containers = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    makers = {
        "list", "dict", "set", "bytearray", "defaultdict", "OrderedDict", "Counter", "deque",
        "Lock", "RLock", "Event", "Condition", "Semaphore", "Queue", "SimpleQueue", "local",
        "ThreadPoolExecutor", "ProcessPoolExecutor", "count", "SceneCache", "JobPool",
        "CancelToken", "WeakKeyDictionary", "WeakValueDictionary", "empty", "zeros", "ones",
    }  # fmt: skip
    plain_containers = {"list", "dict", "set"}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        elif isinstance(node, ast.AugAssign):
            wrong.append(f"line {node.lineno}: a module-level name is changed")
            continue
        else:
            continue
        made = ""
        if isinstance(value, ast.Call):
            made = ast.unparse(value.func).rsplit(".", 1)[-1]
        if made in makers - plain_containers:
            wrong.append(f"line {node.lineno}: {made} at the top of a module")
        if not (isinstance(value, containers) or made in plain_containers):
            continue
        for target in targets:
            name = ast.unparse(target)
            if name != "__all__" and not re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name):
                wrong.append(f"line {node.lineno}: {name} is a container, not a constant")
            tables.add(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            wrong.append(f"line {node.lineno}: global {', '.join(node.names)}")
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store | ast.Del)
            and ast.unparse(node.value) in tables
        ):
            wrong.append(f"line {node.lineno}: {ast.unparse(node.value)} is changed")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in MUTATING
            and ast.unparse(node.func.value) in tables
        ):
            wrong.append(f"line {node.lineno}: {ast.unparse(node.func)}()")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                text = ast.unparse(decorator)
                if re.match(r"(functools\.)?(lru_cache|cache)\b", text) and node.args.args:
                    wrong.append(f"line {node.lineno}: {node.name} remembers every result")
    assert wrong == []


def _fields() -> Iterator[tuple[Path, str, ast.Call]]:
    """Every ``name: type = Field(...)`` of the package."""
    for path in SOURCES:
        for node in ast.walk(_tree(path)):
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.value, ast.Call)
                and ast.unparse(node.value.func).rsplit(".", 1)[-1] == "Field"
            ):
                yield path, ast.unparse(node.target), node.value


def test_every_setting_is_declared_once_and_explained() -> None:
    seen: dict[tuple[str, str], str] = {}
    wrong = []
    for path, name, call in _fields():
        keywords = {word.arg: word.value for word in call.keywords}
        place = f"{_name(path)}:{call.lineno} {name}"
        text = keywords.get("description")
        if text is None:
            wrong.append(f"{place} has no description")
            continue
        key = (name, ast.unparse(text))
        if key in seen:
            wrong.append(f"{place} repeats {seen[key]}")
        seen[key] = place
    assert len(seen) > 20
    assert wrong == []


def test_the_screen_states_no_bounds_of_its_own() -> None:
    """Sliders and number boxes read their ends from the settings' fields."""
    wrong = []
    for path in (ROOT / "synth" / "ui").glob("*.py"):
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.Call):
                continue
            kind = ast.unparse(node.func).rsplit(".", 1)[-1]
            if kind not in ("Slider", "Number"):
                continue
            values = [(word.arg, word.value) for word in node.keywords]
            values += [("by position", value) for value in node.args[:2] if kind == "Slider"]
            for name, value in values:
                if name in ("minimum", "maximum", "by position") and isinstance(
                    value, ast.Constant | ast.UnaryOp
                ):
                    wrong.append(f"{_name(path)}:{node.lineno} {kind} {name}")
    assert wrong == []


PIN = re.compile(r"[A-Za-z0-9_.\-]+(\[[a-z,]+\])?==[0-9][A-Za-z0-9.\-+!]*")


def _requirements(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    plain = [line.split(" #")[0].strip() for line in lines]
    return [line for line in plain if line and not line.startswith("#")]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "constraints.txt"])
def test_requirements_are_exact_pins(name: str) -> None:
    loose = [line for line in _requirements(name) if not line.startswith("-r ")]
    assert len(loose) > 5
    assert [line for line in loose if not PIN.fullmatch(line.split(";")[0].strip())] == []


def test_pins_agree_with_each_other_and_with_what_is_installed() -> None:
    from importlib.metadata import version

    def parsed(name: str) -> dict[str, str]:
        pins = {}
        for line in _requirements(name):
            if not line.startswith("-r "):
                package, number = line.split(";")[0].strip().split("==")
                pins[re.sub(r"[-_.]+", "-", package.split("[")[0]).lower()] = number
        return pins

    constraints = parsed("constraints.txt")
    wanted = {**parsed("requirements.txt"), **parsed("requirements-dev.txt")}
    missing = {name: number for name, number in wanted.items() if constraints.get(name) != number}
    # Tools that only look at the source need not be held for a Space.
    assert {name: n for name, n in missing.items() if name in parsed("requirements.txt")} == {}
    assert {name: constraints[name] for name in missing if name in constraints} == {}
    installed = {name: version(name) for name in parsed("requirements.txt")}
    assert installed == parsed("requirements.txt")


def _third_party(path: Path) -> set[str]:
    names = {module.split(".")[0] for _, module in _imports(path)}
    return names - set(sys.stdlib_module_names) - {"synth", "__future__", "assets"}


def test_everything_imported_is_required_by_name() -> None:
    """No file leans on a package that only happens to come along with another one."""
    homes = {"cv2": "opencv-python-headless", "PIL": "pillow", "skimage": "scikit-image"}
    # What the interfaces of required packages are made of: gradio's app is a FastAPI app, pydantic
    # reports bounds as annotated types, the Hub takes its progress bar as a tqdm class.
    interfaces = {"fastapi", "starlette", "gradio_client", "annotated_types", "tqdm"}
    optional = {"pillow_heif", "torch", "diffusers", "transformers", "peft", "distributed"}
    required = {re.split(r"[\[=]", line)[0].lower() for line in _requirements("requirements.txt")}
    used = set().union(*(_third_party(path) for path in [*SOURCES, ROOT / "app.py"]))
    unknown = {
        name
        for name in used - interfaces - optional
        if homes.get(name, name).lower().replace("_", "-") not in required
        and homes.get(name, name).lower() not in required
    }
    assert unknown == set()
