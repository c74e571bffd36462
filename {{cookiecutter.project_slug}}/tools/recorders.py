"""Finds who records a metric: values are followed through the syntax trees of the package."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

# The methods by which a value reaches a metric of prometheus_client. The first are called so
# nowhere else: where nothing is known of what they are called on, that is worth a word.
UNMISTAKABLE = {"inc", "dec", "observe", "set_function", "track_inprogress", "count_exceptions"}
RECORDING = UNMISTAKABLE | {"set", "set_to_current_time", "time", "info", "state"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Symbol(NamedTuple):
    """What a name in a module stands for; a member's name is dotted, the module's own is empty."""

    module: str
    name: str

    def member(self, name: str) -> "Symbol":
        """What has that name in this module, class or function."""
        return Symbol(self.module, f"{self.name}.{name}" if self.name else name)

    def owner(self) -> "Symbol":
        """The class of a member; of anything else the symbol itself."""
        return Symbol(self.module, self.name.partition(".")[0])


NONE = frozenset[Symbol]()


class Place(NamedTuple):
    """A symbol in a file of the package, and its line."""

    path: str
    line: int
    symbol: str

    def __str__(self) -> str:
        return f"{self.path}: {self.symbol}" if self.symbol else self.path


class Recorders:
    """Who records what in a package, found without executing it.

    A group is followed from its name through variables, attributes of `self`, annotations and
    what functions return, to where its metrics are recorded or handed to other code.

    Attributes:
        files: each module's file, relative to the package.
        held: the groups, and the metrics as their members, that a symbol may hold or return.
        grown: the symbols that hold more than at the last reading of those who use them.
    """

    def __init__(self, package: str, folders: Iterable[str], metrics: Iterable[Symbol]) -> None:
        self.files: dict[str, str] = {}
        self.metrics = frozenset(metrics)
        self.groups = frozenset(metric.owner() for metric in self.metrics)
        self.held = {symbol: frozenset((symbol,)) for symbol in self.metrics | self.groups}
        self._readings: dict[Symbol, _Reading] = {}
        self._imports: dict[Symbol, Symbol] = {}
        for folder in map(Path, folders):
            for file in sorted(folder.rglob("*.py")):
                self._parse(file, (package, *file.relative_to(folder).with_suffix("").parts))
        waiting = list(self._readings.values())
        while waiting:
            self.grown = set[Symbol]()
            for reading in waiting:
                reading.unfollowed = False
                reading.read(reading.node)
            waiting = [one for one in self._readings.values() if one.used & self.grown]

    def of(self, metric: Symbol) -> tuple[Place, ...]:
        """Who records the metric, in the order of modules and names.

        Where a function or decorator of the group's own `metrics.py` records it, these are the
        symbols elsewhere that use that one, as long as there are any.
        """
        recorders = [symbol for symbol, one in self._readings.items() if metric in one.recorded]
        users = (self._users(recorder, metric) or {recorder} for recorder in recorders)
        return self._places(NONE.union(*users))

    def unfollowed(self) -> tuple[Place, ...]:
        """Who records on something of which the source does not tell what it is."""
        return self._places(symbol for symbol, one in self._readings.items() if one.unfollowed)

    def resolve(self, symbol: Symbol) -> Symbol:
        """What the symbol stands for, behind the imports that brought it."""
        followed = set[Symbol]()
        while symbol in self._imports and symbol not in self._readings and symbol not in followed:
            followed.add(symbol)
            symbol = self._imports[symbol]
        module = f"{symbol.module}.{symbol.name}"
        return Symbol(module, "") if module in self.files else symbol

    def _places(self, symbols: Iterable[Symbol]) -> tuple[Place, ...]:
        lines = {one: getattr(self._readings[one].node, "lineno", 1) for one in symbols}
        return tuple(Place(self.files[one.module], lines[one], one.name) for one in sorted(lines))

    def _users(self, recorder: Symbol, metric: Symbol) -> set[Symbol]:
        if recorder.module != metric.module or not metric.module.endswith(".metrics"):
            return {recorder}
        followed, waiting = {recorder}, [recorder]
        while waiting:
            symbol = waiting.pop()
            # A group's method is used by its name, another class's method through the class.
            name = symbol if symbol.owner() in self.groups else symbol.owner()
            users = {user for user, one in self._readings.items() if name in one.used} - followed
            followed |= users
            waiting += [user for user in users if user.module == metric.module]
        return {symbol for symbol in followed if symbol.module != metric.module}

    def _define(self, symbol: Symbol, node: ast.AST) -> None:
        self._readings[symbol] = _Reading(self, symbol, node)
        for inner in _defined(node):
            self._define(symbol.member(inner.name), inner)

    def _parse(self, file: Path, parts: tuple[str, ...]) -> None:
        module = Symbol(".".join(parts).removesuffix(".__init__"), "")
        self.files[module.module] = "/".join(parts[1:]) + ".py"
        tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
        self._define(module, tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                above = parts[: len(parts) - node.level] if node.level else ()
                source = Symbol(".".join((*above, node.module) if node.module else above), "")
                for alias in node.names:
                    imported = source.member(alias.name)
                    self._imports[module.member(alias.asname or alias.name)] = imported


recorders = cache(Recorders)  # a package is read once a process


class _Reading:
    """What one symbol says of values, apart from the symbols defined in it."""

    def __init__(self, known: Recorders, symbol: Symbol, node: ast.AST) -> None:
        self.used = set[Symbol]()
        self.recorded = set[Symbol]()
        self.unfollowed = False
        self.node = node
        self._known = known
        self._symbol = symbol
        self._apart = frozenset(_defined(node))
        inner = list(ast.walk(node)) if symbol.name else []
        self._local = {one.arg for one in inner if isinstance(one, ast.arg)}
        self._local |= {one.id for one in inner if isinstance(one, ast.Name) and _is_stored(one)}

    def read(self, node: ast.AST) -> frozenset[Symbol]:
        """What the node may hold; notes what it uses, stores and records."""
        children = (child for child in ast.iter_child_nodes(node) if child not in self._apart)
        parts = {child: self.read(child) for child in children}
        held = NONE.union(*parts.values())
        names = {name for name in (self._name(node),) if name}
        if isinstance(node, ast.Attribute):
            names |= {holder.member(node.attr) for holder in held}
            recording = node.attr in RECORDING and not _is_stored(node)
            if recording and ast.unparse(node.value) != "super()":  # the metric's own method
                self.recorded |= held & self._known.metrics
                self.unfollowed |= node.attr in UNMISTAKABLE and not held & self._known.metrics
        elif isinstance(node, ast.Call):
            handed = NONE.union(*(parts[part] for part in parts if part is not node.func))
            self.recorded |= handed & self._known.metrics
        elif isinstance(node, ast.Return):
            self._hold(self._symbol, held)
        elif isinstance(node, ast.arg):
            self._hold(self._symbol.member(node.arg), held)
        for target in filter(_is_stored, parts):
            values = NONE.union(*(parts[part] for part in parts if isinstance(part, ast.expr)))
            places = map(self._name, filter(_is_stored, ast.walk(target)))
            for place in filter(None, places):
                self._hold(place, values)
        self.used |= names
        return held.union(*(self._known.held.get(name, NONE) for name in names))

    def _name(self, node: ast.AST) -> Symbol | None:
        """The symbol that a name or a dotted name stands for; an item is what its holder is."""
        if isinstance(node, ast.Name):
            if node.id == "self":
                return self._symbol.owner()
            scope = self._symbol if node.id in self._local else Symbol(self._symbol.module, "")
            return self._known.resolve(scope.member(node.id))
        if isinstance(node, ast.Attribute):
            holder = self._name(node.value)
            return self._known.resolve(holder.member(node.attr)) if holder else None
        return self._name(node.value) if isinstance(node, ast.Subscript) else None

    def _hold(self, symbol: Symbol, values: frozenset[Symbol]) -> None:
        known = self._known.held.get(symbol, NONE)
        if not values <= known:
            self._known.held[symbol] = known | values
            self._known.grown.add(symbol)


def _defined(node: ast.AST) -> list[Definition]:
    """The functions and classes that a module or a class is made of."""
    body = node.body if isinstance(node, ast.Module | ast.ClassDef) else ()
    return [one for one in body if isinstance(one, Definition)]


def _is_stored(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)
