"""Where each metric is declared, and which functions name it, as one page per component."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from .catalogue import Entry, bound_of, catalogue

OPTIONS = {"multiprocess_mode": "several workers"}  # how the pages name an option, if otherwise


class Module(NamedTuple):
    """A module of the package, as its syntax tree shows it.

    Attributes:
        path: its file, from the package's folder.
        imports: the modules that it may import; a member of a module looks like one.
        reads: the attributes that each of its functions reads, by the function's qualified name.
    """

    path: str
    imports: set[str]
    reads: dict[str, set[str]]


def pages() -> dict[str, str]:
    """The page of each component, without line numbers: an unrelated edit changes nothing."""
    modules = read(import_module("{{ cookiecutter.package_name }}"))
    texts: dict[str, str] = {}
    groups = set()
    for entry in catalogue():
        text = texts.get(entry.component, f"# Metrics of `{entry.component}`\n")
        if entry.group not in groups:
            groups.add(entry.group)
            text += f"\n{(entry.group.__doc__ or entry.group.__name__).strip()}\n"
        texts[entry.component] = f"{text}\n{_section(entry, modules)}"
    return texts


def recorders(entry: Entry, modules: dict[str, Module]) -> list[str]:
    """The functions that read the metric's attribute, in modules that know its group's module."""
    declared_in = entry.group.__module__
    return [
        f"{module.path}: {function}"
        for name, module in modules.items()
        if name == declared_in or declared_in in module.imports
        for function, attributes in module.reads.items()
        if entry.attribute in attributes
    ]


def read(package: Any) -> dict[str, Module]:
    """Every module of the package by its name, from the source, without executing it."""
    found = {}
    for folder in map(Path, package.__path__):
        for file in sorted(folder.rglob("*.py")):
            path = file.relative_to(folder)
            parts = (package.__name__, *path.with_suffix("").parts)
            tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
            reads = {name: _reads(function) for name, function in _functions(tree)}
            module = Module(path.as_posix(), set(_imports(tree, parts[:-1])), reads)
            found[".".join(parts).removesuffix(".__init__")] = module
    return found


def _imports(tree: ast.Module, package: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            source = ".".join((*above, node.module) if node.module else above)
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """The functions of a module or class; what is defined inside of one is part of it."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + one.name, one
        elif not isinstance(one, ast.expr):
            inner = f"{prefix}{one.name}." if isinstance(one, ast.ClassDef) else prefix
            yield from _functions(one, inner)


def _reads(function: ast.AST) -> set[str]:
    nodes = (node for node in ast.walk(function) if isinstance(node, ast.Attribute))
    return {node.attr for node in nodes if isinstance(node.ctx, ast.Load)}


def _section(entry: Entry, modules: dict[str, Module]) -> str:
    declared = entry.declaration()
    group = entry.group
    recorded = ", ".join(f"`{place}`" for place in recorders(entry, modules))
    place = f"{modules[group.__module__].path}: {group.__qualname__}.{entry.attribute}"
    rows = {
        "type": declared.kind,
        **{f"label `{name}`": bound_of(values) for name, values in declared.label_values.items()},
        **{OPTIONS.get(name, name): _shown(value) for name, value in declared.options.items()},
        "declared in": f"`{place}`",
        "recorded by": recorded or "no function of this package",
    }
    table = "".join(f"| {name} | {text.replace('|', '&#124;')} |\n" for name, text in rows.items())
    return f"## `{declared.name}`\n\n{declared.help}\n\n| | |\n|---|---|\n{table}"


def _shown(value: Any) -> str:
    values = [value] if isinstance(value, str) else value
    return ", ".join(f"`{one}`" if isinstance(one, str) else f"{one:g}" for one in values)
