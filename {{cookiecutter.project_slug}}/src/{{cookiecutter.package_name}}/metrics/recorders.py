"""Finds who records a metric: values are followed through the syntax trees of the package."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

# The methods by which a value reaches a metric of prometheus_client.
RECORDING = frozenset(
    (
        *("inc", "dec", "set", "set_function", "set_to_current_time", "track_inprogress"),
        *("observe", "time", "count_exceptions", "info", "state"),
    )
)
RETURNED = "return"

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Symbol(NamedTuple):
    """A function, class or method by module and name; the name of the module itself is empty."""

    module: str
    name: str

    def owner(self) -> "Symbol":
        """The class of a method; of anything else the symbol itself."""
        return Symbol(self.module, self.name.partition(".")[0])


class Value(NamedTuple):
    """What an expression may hold: one of a group's metrics or, without a name, the group."""

    group: Symbol
    metric: str


class Recorders:
    """Who records what in a package, found without executing it.

    A group is followed from the function that binds it, through variables, attributes of `self`,
    annotated parameters and what functions return, to where a method records on its metrics or
    hands them to other code.

    Attributes:
        files: each module's file, relative to the package.
        symbols: the syntax tree of each symbol.
    """

    def __init__(
        self,
        package: str,
        folders: Iterable[str],
        groups: Mapping[Symbol, Iterable[str]],
        binding: Symbol,
    ) -> None:
        self.files: dict[str, str] = {}
        self.symbols: dict[Symbol, ast.AST] = {}
        self.groups = groups
        self.binding = binding
        self.held: defaultdict[tuple[Symbol, str], set[Value]] = defaultdict(set)
        self.recorded: defaultdict[Symbol, set[Value]] = defaultdict(set)
        self.used: defaultdict[Symbol, set[Symbol]] = defaultdict(set)
        self._imports: dict[Symbol, Symbol] = {}
        for folder in map(Path, folders):
            for file in sorted(folder.rglob("*.py")):
                self._parse(file, (package, *file.relative_to(folder).with_suffix("").parts))
        readings = [_Reading(self, symbol, node) for symbol, node in self.symbols.items()]
        before = -1
        while before != (before := sum(map(len, self.held.values()))):
            for reading in readings:
                reading.read()

    def of(self, group: Symbol, metric: str) -> list[Symbol]:
        """The symbols that record the metric, in order.

        Where a function or decorator of the group's own `metrics.py` records it, these are the
        symbols elsewhere that use that one, as long as there are any.
        """
        value = Value(group, metric)
        recorders = [symbol for symbol, recorded in self.recorded.items() if value in recorded]
        users = (self._users(recorder, group) or {recorder} for recorder in recorders)
        return sorted(set().union(*users))

    def resolve(self, module: str, node: ast.AST | None) -> Symbol | None:
        """The symbol of the package that a name or a dotted name in that module stands for."""
        if isinstance(node, ast.Name):
            return self._named(Symbol(module, node.id))
        if not isinstance(node, ast.Attribute):
            return None
        owner = self.resolve(module, node.value)
        if owner is None or not owner.name:
            return self._named(Symbol(owner.module, node.attr)) if owner else None
        return Symbol(owner.module, f"{owner.name}.{node.attr}")

    def _named(self, symbol: Symbol) -> Symbol | None:
        if symbol in self.symbols:
            return symbol
        if f"{symbol.module}.{symbol.name}" in self.files:
            return Symbol(f"{symbol.module}.{symbol.name}", "")
        imported = self._imports.get(symbol, symbol)
        return self._named(imported) if imported != symbol else None

    def _users(self, recorder: Symbol, group: Symbol) -> set[Symbol]:
        if recorder.module != group.module or not group.module.endswith(".metrics"):
            return {recorder}
        followed, waiting = {recorder}, [recorder]
        while waiting:
            symbol = waiting.pop()
            # A group's method is used by its name, another class's method through the class.
            name = symbol if symbol.owner() in self.groups else symbol.owner()
            users = {user for user, used in self.used.items() if name in used} - followed
            followed |= users
            waiting += [user for user in users if user.module == group.module]
        return {symbol for symbol in followed if symbol.module != group.module}

    def _parse(self, file: Path, parts: tuple[str, ...]) -> None:
        module = ".".join(parts).removesuffix(".__init__")
        self.files[module] = "/".join(parts[1:]) + ".py"
        tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
        self.symbols[Symbol(module, "")] = tree
        for statement in tree.body:
            if isinstance(statement, Function | ast.ClassDef):
                self.symbols[Symbol(module, statement.name)] = statement
            if isinstance(statement, ast.ClassDef):
                for member in (one for one in statement.body if isinstance(one, Function)):
                    self.symbols[Symbol(module, f"{statement.name}.{member.name}")] = member
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                above = parts[: len(parts) - node.level] if node.level else ()
                source = ".".join((*above, node.module) if node.module else above)
                for alias in node.names:
                    local = Symbol(module, alias.asname or alias.name)
                    self._imports[local] = Symbol(source, alias.name)


class _Reading:
    """Takes in what one symbol says of values, apart from the symbols defined in it."""

    def __init__(self, known: Recorders, symbol: Symbol, node: ast.AST) -> None:
        self._known = known
        self._symbol = symbol
        self._nodes = list(_own(node))
        self._local = {one.arg for one in self._nodes if isinstance(one, ast.arg)} | {
            one.id
            for one in self._nodes
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }

    def read(self) -> None:
        known, me = self._known, self._symbol
        for node in self._nodes:
            for target, value in _assignments(node):
                for place in filter(None, map(self._place, _stored(target))):
                    known.held[place] |= self._values(value)
            if isinstance(node, ast.Return):
                known.held[me, RETURNED] |= self._values(node.value)
            elif isinstance(node, ast.arg):
                known.held[me, node.arg] |= self._group(node.annotation)
            elif isinstance(node, ast.Attribute):
                groups = {held.group for held in self._values(node.value) if not held.metric}
                known.used[me] |= {Symbol(g.module, f"{g.name}.{node.attr}") for g in groups}
            for receiver in _recordings(node):
                known.recorded[me] |= {held for held in self._values(receiver) if held.metric}
            known.used[me] |= {used for used in (self._resolve(node),) if used}

    def _place(self, node: ast.AST) -> tuple[Symbol, str] | None:
        """Where a variable or an attribute of `self` is kept: by function, module or class."""
        if isinstance(node, ast.Name):
            scope = self._symbol if node.id in self._local else Symbol(self._symbol.module, "")
            return (scope, node.id)
        if isinstance(node, ast.Attribute) and _is_self(node.value):
            return (self._symbol.owner(), node.attr)
        return None

    def _values(self, node: ast.AST | None) -> set[Value]:
        """What the expression, or any part of it, may hold."""
        known, found = self._known, set[Value]()
        for part in ast.walk(node) if node is not None else ():
            place = self._place(part)
            found |= known.held.get(place, set()) if place else set()
            if _is_self(part) and self._symbol.owner() in known.groups:
                found.add(Value(self._symbol.owner(), ""))
            elif isinstance(part, ast.Attribute):
                groups = {held.group for held in self._values(part.value)}
                found |= {Value(g, part.attr) for g in groups if part.attr in known.groups[g]}
            elif isinstance(part, ast.Call):
                called = self._resolve(part.func)
                if called == known.binding and part.args:
                    found |= self._group(part.args[0])
                elif called is not None:
                    found |= known.held.get((called, RETURNED), set())
        return found

    def _group(self, node: ast.AST | None) -> set[Value]:
        """The group whose class the name is."""
        group = self._known.resolve(self._symbol.module, node)
        return {Value(group, "")} if group and group in self._known.groups else set()

    def _resolve(self, node: ast.AST) -> Symbol | None:
        """The symbol that a name stands for, unless a variable hides it."""
        if isinstance(node, ast.Attribute) and _is_self(node.value):
            return Symbol(self._symbol.module, f"{self._symbol.owner().name}.{node.attr}")
        first = node
        while isinstance(first, ast.Attribute):
            first = first.value
        hidden = self._symbol.name and isinstance(first, ast.Name) and first.id in self._local
        return None if hidden else self._known.resolve(self._symbol.module, node)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is in it, apart from the symbols that a module or class defines."""
    yield node
    for child in ast.iter_child_nodes(node):
        apart = isinstance(child, Function) and isinstance(node, ast.Module | ast.ClassDef)
        if not apart and not (isinstance(child, ast.ClassDef) and isinstance(node, ast.Module)):
            yield from _own(child)


def _assignments(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST | None]]:
    """What a statement, comprehension or `with` stores into, and the value."""
    value = getattr(node, "value", getattr(node, "iter", getattr(node, "context_expr", None)))
    single = (getattr(node, "target", None), getattr(node, "optional_vars", None))
    targets = (*getattr(node, "targets", ()), *single)
    return ((target, value) for target in targets if target is not None)


def _stored(target: ast.AST) -> Iterator[ast.AST]:
    """The variables and attributes that a target is made of; an item's are those of its holder."""
    if isinstance(target, ast.Subscript | ast.Starred):
        yield from _stored(target.value)
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _stored(element)
    else:
        yield target


def _recordings(node: ast.AST) -> list[ast.expr]:
    """The expressions whose metrics the node records on, or hands to other code."""
    if isinstance(node, ast.Attribute):
        return [node.value] if node.attr in RECORDING else []
    if isinstance(node, ast.Call):
        return [*node.args, *(keyword.value for keyword in node.keywords)]
    return []


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
