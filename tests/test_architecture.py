"""The parts of a service know each other in one direction, and each is small enough to be read."""

import ast
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bakery import Answers, Bakery, Project
from interpreters import uv

# How far down a part stands; a component is at -1, every other part of the platform at 0. Imports go down.
DEPTH = {"platform/metrics": 1, "platform/core": 2}
FACES = {
    "core",
    "db",
    "health",
    "jobs",
    "metrics",
    "polling",
    "web",
}  # what a component may import, by the package itself
FRAMEWORKS = {"asgiref", "django", "fastapi", "flask", "starlette", "werkzeug"}
WAIVER = re.compile(r"#\s*(?:noqa|type:\s*ignore|pyright:\s*ignore|pragma:\s*no cover)(?P<rest>.*)")
REASON = re.compile(r"\s(?:-|#)\s*\S.*\w")

MOST_LINES_OF_A_MODULE = 200
MOST_LINES_OF_SRC = 3600  # of the default service: docs/decisions/the-line-through-the-house.md
MOST_LINES_OF_METRICS = 700
MOST_LINES_OF_TESTS = 3000


class Module:
    """One file of the package: its dotted name without the package's, and what it imports, in functions too."""

    def __init__(self, root: Path, path: Path) -> None:
        self.path = path.relative_to(root)
        parts = self.path.with_suffix("").parts
        self.name = ".".join(parts).removesuffix("__init__").rstrip(".")
        package = (root.name, *parts[:-1])
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self.imports = set(_imports(tree, package, root.name))
        self.libraries = {name.partition(".")[0] for name in _absolute(tree)} - {root.name}

    @property
    def part(self) -> str:
        """Return the part that it belongs to: `bookmarks`, `platform/core`, or empty for the entry files."""
        folders = self.path.parts[:-1]
        return "/".join(folders[:2]) if folders[:1] == ("platform",) else "".join(folders[:1])


def _imports(tree: ast.AST, package: tuple[str, ...], root: str) -> Iterator[str]:
    """Yield what is imported from the package itself, without its name; a name imported from a module too."""
    for node in ast.walk(tree):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            source = ".".join((*above, node.module) if node.module else above)
            found = [f"{source}.{alias.name}" for alias in node.names]
        yield from (name.removeprefix(f"{root}.") for name in found if name.startswith(f"{root}."))


def _absolute(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module


def modules(package: Path) -> dict[str, Module]:
    """Read every module of a package."""
    found = [Module(package, path) for path in sorted(package.rglob("*.py"))]
    return {module.name: module for module in found if "migrations" not in module.path.parts}


def target(known: dict[str, Module], name: str) -> str:
    """Return the module that an imported name is, or is in."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def depth(part: str) -> int:
    """Return how far down a part of the package stands."""
    return DEPTH.get(part, 0) if part.startswith("platform") else -1


def arrows_back(known: dict[str, Module]) -> list[str]:
    """Find what imports from a part further up."""
    found = []
    for module in known.values():
        for name in sorted(module.imports):
            other = known[target(known, name)]
            if "/" in module.part and other.part and depth(other.part) < depth(module.part):
                found.append(f"{module.name} imports {name}")
    return found


def circles(known: dict[str, Module]) -> list[str]:
    """Find the modules that import themselves through others."""
    edges = {name: {target(known, one) for one in module.imports} - {name, ""} for name, module in known.items()}
    left = set(edges)
    while True:
        kept = {name for name in left if edges[name] & left and any(name in edges[other] for other in left)}
        if kept == left:
            return sorted(left)
        left = kept


def past_the_faces(known: dict[str, Module]) -> list[str]:
    """Find what a component, or the application, imports of the platform but by its faces."""
    found = []
    for module in known.values():
        if module.part.startswith("platform") or not module.part:
            continue
        for name in sorted(module.imports):
            words = name.split(".")
            if words[0] == "platform" and not (len(words) == 3 and words[1] in FACES and name not in known):
                found.append(f"{module.name} imports {name}")
    return found


def components_named(known: dict[str, Module]) -> list[str]:
    """Find the modules of the platform that name a component."""
    components = {module.part for module in known.values() if module.part and not module.part.startswith("platform")}
    return [
        f"{module.name} imports {name}"
        for module in known.values()
        if module.part.startswith("platform")
        for name in sorted(module.imports)
        if name.split(".")[0] in components
    ]


def web_frameworks_below_web(known: dict[str, Module]) -> list[str]:
    """Find the modules of core, metrics and health that know a web framework."""
    below = {"platform/core", "platform/metrics", "platform/health"}
    return [
        f"{module.name} imports {', '.join(sorted(module.libraries & FRAMEWORKS))}"
        for module in known.values()
        if module.part in below and module.libraries & FRAMEWORKS
    ]


def too_long(package: Path) -> list[str]:
    """Find the modules that are longer than somebody reads at once."""
    counts = {path.relative_to(package): lines(path) for path in package.rglob("*.py")}
    return [f"{path}: {count}" for path, count in sorted(counts.items()) if count > MOST_LINES_OF_A_MODULE]


def waivers_without_reason(folder: Path) -> list[str]:
    """Find the comments that silence a checker and do not say why."""
    return [
        f"{path.relative_to(folder)}:{number}: {line.strip()}"
        for path in sorted(folder.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := WAIVER.search(line)) and not REASON.search(found["rest"])
    ]


def lines(path: Path) -> int:
    """Count the lines of a file, or of all Python files in a folder."""
    files = path.rglob("*.py") if path.is_dir() else [path]
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


@pytest.fixture
def package(bakery: Bakery, distinct_variant: Answers) -> Path:
    """Return the package's folder in a project of each distinct variant."""
    project = bakery.bake(distinct_variant)
    return project.path / "src" / project.answers["package_name"]


def test_no_import_runs_back(package: Path) -> None:
    assert arrows_back(modules(package)) == []


def test_no_module_imports_itself_through_others(package: Path) -> None:
    assert circles(modules(package)) == []


def test_a_component_imports_only_the_faces(package: Path) -> None:
    assert past_the_faces(modules(package)) == []


def test_nothing_of_the_platform_names_a_component(package: Path) -> None:
    assert components_named(modules(package)) == []


def test_core_metrics_and_health_know_no_web_framework(package: Path) -> None:
    assert web_frameworks_below_web(modules(package)) == []


def test_every_face_exports_what_it_imports_and_only_that(package: Path) -> None:
    faces = [face for face in sorted(FACES) if (package / "platform" / face).is_dir()]
    assert {*faces, "jobs"} == FACES  # which is an option
    for face in faces:
        tree = ast.parse((package / "platform" / face / "__init__.py").read_text(encoding="utf-8"))
        [names] = [node.value for node in tree.body if isinstance(node, ast.Assign) and "__all__" in ast.unparse(node)]
        imported = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
        defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert sorted(ast.literal_eval(names)) == sorted(imported + defined), face


def test_no_module_is_longer_than_somebody_reads_at_once(package: Path) -> None:
    assert too_long(package) == []


def test_no_checker_is_silenced_without_a_reason(bakery: Bakery, distinct_variant: Answers) -> None:
    project = bakery.bake(distinct_variant)
    assert [*waivers_without_reason(project.path / "src"), *waivers_without_reason(project.path / "tools")] == []


def test_the_service_is_small_enough_to_be_owned(bakery: Bakery, figures: list[str]) -> None:
    project = bakery.bake()
    package = project.path / "src" / project.answers["package_name"]
    counts = {
        "src": lines(package),
        "platform/metrics": lines(package / "platform" / "metrics"),
        "inherited tests": lines(project.path / "tests"),
        "tools": lines(project.path / "tools"),
    }
    figures.append(f"lines of the default service: {counts}")
    assert counts["src"] <= MOST_LINES_OF_SRC
    assert counts["platform/metrics"] < MOST_LINES_OF_METRICS
    assert counts["inherited tests"] < MOST_LINES_OF_TESTS


def test_the_wheel_holds_the_package_and_no_tools_or_tests(bakery: Bakery, tmp_path: Path) -> None:
    project = bakery.bake_into(tmp_path)
    project.run(uv(), "build", "--quiet", "--wheel", "--out-dir", str(tmp_path / "wheel"))
    [wheel] = (tmp_path / "wheel").glob("*.whl")
    names = {Path(name).parts[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {"example_service", "example_service-0.1.0.dist-info"}
    known = modules(project.path / "src" / "example_service")
    assert [name for name, module in known.items() if module.libraries & {"tools", "tests"}] == []


@pytest.mark.parametrize("framework", ["fastapi", "django"])
def test_an_installed_service_migrates_and_offers_nothing_that_needs_its_project(
    bakery: Bakery, tmp_path: Path, framework: str
) -> None:
    project = bakery.bake_into(tmp_path, {"framework": framework})
    project.run(uv(), "build", "--quiet", "--wheel")
    [wheel] = project.path.glob("dist/*.whl")
    project.run(uv(), "venv", "--quiet", "--no-config", str(tmp_path / "installed"))
    python = str(tmp_path / "installed/bin/python")
    project.run(uv(), "pip", "install", "--quiet", "--python", python, str(wheel))
    shutil.rmtree(project.path)
    elsewhere = Project(tmp_path)
    command = str(tmp_path / "installed/bin/example-service")
    helped = elsewhere.run(command, "db", "--help").stdout
    assert "bring the schema to the newest" in helped
    assert "revision " not in helped
    assert elsewhere.run(command, "db", "upgrade").stdout.splitlines()[-1].startswith("upgraded ")


GOOD = {
    "__init__.py": '"""A package."""\n',
    "app.py": "from .platform.web import install\n",
    "orders/component.py": "from ..platform.core import Component\nfrom ..bookmarks import KEPT\n",
    "bookmarks/__init__.py": "KEPT = 1\n",
    "platform/__init__.py": "",
    "platform/web/__init__.py": "from ..health.report import Health\n",
    "platform/health/report.py": "from ..metrics import bound\n",
    "platform/metrics/__init__.py": "from .registry import bound\n",
    "platform/metrics/registry.py": "from ..core import load\n",
    "platform/metrics/safety.py": "from .registry import bound\n",
    "platform/core/__init__.py": "import json\n",
}
PLANTED = [
    (arrows_back, "platform/core/__init__.py", "from ..metrics import bound\n"),
    (arrows_back, "platform/metrics/safety.py", "def fail():\n    from ..web import install\n"),
    (circles, "platform/metrics/registry.py", "from . import safety\n"),
    (circles, "platform/metrics/registry.py", "def fail():\n    from . import safety\n"),
    (circles, "bookmarks/__init__.py", "from ..orders.component import component\n"),
    (past_the_faces, "orders/component.py", "from ..platform.metrics.registry import bound\n"),
    (past_the_faces, "orders/component.py", "from ..platform.metrics import registry\n"),
    (past_the_faces, "orders/component.py", "from ..platform.health.report import Health\n"),
    (components_named, "platform/web/__init__.py", "from ...orders import component\n"),
    (components_named, "platform/web/__init__.py", "def late():\n    import shop.bookmarks\n"),
    (web_frameworks_below_web, "platform/health/report.py", "from starlette.types import Scope\n"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Write a package in which everything is in order."""
    for name, text in GOOD.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "shop"


@pytest.mark.parametrize(("find", "name", "text"), PLANTED)
def test_a_planted_violation_is_found(
    shop: Path, find: Callable[[dict[str, Module]], list[str]], name: str, text: str
) -> None:
    assert find(modules(shop)) == []
    (shop / name).write_text(text, encoding="utf-8")
    assert find(modules(shop)) != []


def test_a_long_module_and_a_waiver_without_reason_are_found(shop: Path) -> None:
    assert too_long(shop) == waivers_without_reason(shop) == []
    (shop / "app.py").write_text("x = 1\n" * 201, encoding="utf-8")
    assert too_long(shop) == ["app.py: 201"]
    for waiver in ("# noqa", "# noqa: S101", "# type: ignore", "# type: ignore[misc]", "# pragma: no cover"):
        (shop / "app.py").write_text(f"x = 1  {waiver}\n", encoding="utf-8")
        assert waivers_without_reason(shop) == [f"app.py:1: x = 1  {waiver}"]
    for waiver in ("# noqa: S101 - to ask", "# type: ignore[misc]  # by wraps", "# pragma: no cover - a race"):
        (shop / "app.py").write_text(f"x = 1  {waiver}\n", encoding="utf-8")
        assert waivers_without_reason(shop) == []
