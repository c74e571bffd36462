"""Lists the changes to make to Python files, one JSON object a line: mutmut's operators, on every line that runs.

Runs where mutmut is installed. mutmut itself puts all changes of a function into one file, beside a function that
chooses among them; code that looks at its callers or at its own source does not work then. Here each is made alone, so
decorated functions and what runs at import are changed as well.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

# What is set aside, by the call or subscript that a change is in.
ALIASES = (
    "Literal",
    "Callable",
    "Iterator",
    "Iterable",
    "Mapping",
    "dict",
    "list",
    "set",
    "tuple",
)  # as in `A = dict[…]`
SIGNALS = ("os.kill",)  # a changed one would hit processes that are not the tests' own
TEXT_ARGUMENTS = ("help", "description", "metavar")  # what a person reads in help and documentation
DECLARATIONS = ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum")  # name, then help


class Changes(MutationVisitor):
    """Collects the changes of one module, with the place of each: lines, function and why it is set aside."""

    def __init__(self) -> None:
        super().__init__(mutation_operators, IgnoredCode(set(), set(), set()))
        self.places: list[dict[str, Any]] = []
        self._above: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Keep what the node is in."""
        self._above.append(node)
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """Forget the node."""
        self._above.pop()
        super().on_leave(original_node)

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef) and node.decorators:
            return False
        skipped: bool = super()._skip_node_and_children(node)
        return skipped

    def _create_mutations(self, node: cst.CSTNode) -> None:
        super()._create_mutations(node)
        for mutation in self.mutations[len(self.places) :]:
            self.places.append(self._place(node, mutation.mutated_node))

    def _place(self, node: cst.CSTNode, changed: cst.CSTNode) -> dict[str, Any]:
        first, last = self._lines()
        line = self.get_metadata(PositionProvider, node, None)
        above = [*self._above, *gone(node, changed)]
        at_import = not any(self._bodies())
        alias = at_import and any(map(is_alias, above, above[1:]))
        return {
            "line": line.start.line if line else first,
            "lines": [first, last],
            "within": ".".join(self._names()),
            "at_import": at_import,
            "aside": "types" if alias else next(filter(None, map(aside, above, above[1:])), ""),
        }

    def _lines(self) -> tuple[int, int]:
        """Return the lines of the statement, without the block that it heads."""
        statement = next(n for n in reversed(self._above) if isinstance(n, cst.BaseStatement | cst.BaseSmallStatement))
        where = self.get_metadata(PositionProvider, statement)
        block = getattr(statement, "body", None)
        if isinstance(block, cst.IndentedBlock):
            return where.start.line, max(where.start.line, self.get_metadata(PositionProvider, block).start.line - 1)
        return where.start.line, where.end.line

    def _names(self) -> Iterator[str]:
        for node in self._above:
            if isinstance(node, cst.FunctionDef | cst.ClassDef):
                yield node.name.value

    def _bodies(self) -> Iterator[bool]:
        for outer, inner in zip(self._above, self._above[1:], strict=False):
            yield isinstance(outer, cst.FunctionDef) and inner is outer.body


def gone(node: cst.CSTNode, changed: cst.CSTNode) -> list[cst.CSTNode]:
    """Return what a change takes from a call or an assignment: the argument, or the value."""
    if isinstance(node, cst.Call) and isinstance(changed, cst.Call):
        return [one for one in node.args if not any(one is other for other in changed.args)][:1]
    if isinstance(node, cst.Assign):
        return [node.value]
    return []


def is_alias(outer: cst.CSTNode, inner: cst.CSTNode) -> bool:
    """Say whether a type variable or the alias of a type is assigned."""
    if not isinstance(outer, cst.Assign) or inner is not outer.value:
        return False
    if isinstance(inner, cst.BinaryOperation):
        return isinstance(inner.operator, cst.BitOr)
    name = get_full_name_for_node(inner)
    return name == "TypeVar" if isinstance(inner, cst.Call) else isinstance(inner, cst.Subscript) and name in ALIASES


def aside(outer: cst.CSTNode, inner: cst.CSTNode) -> str:
    """Say why a change of `inner` or below does not count, if it does not."""
    if isinstance(outer, cst.Call):
        return aside_in_call(get_full_name_for_node(outer) or "", outer, inner)
    text = (isinstance(outer, cst.Raise) and inner is outer.exc) or (
        isinstance(outer, cst.Arg) and outer.keyword and outer.keyword.value in TEXT_ARGUMENTS
    )
    return "texts" if text else ""


def aside_in_call(name: str, call: cst.Call, inner: cst.CSTNode) -> str:
    """Say why a change of that part of a call does not count, if it does not."""
    if name in SIGNALS:
        return "signals"
    if name == "cast" and inner is call.args[0]:
        return "types"
    help_text = name in DECLARATIONS and len(call.args) > 1 and inner is call.args[1]
    is_message = name.startswith("log.") or name.endswith(".add_note")
    if is_message or help_text or (isinstance(inner, cst.Arg) and aside(inner, inner.value)):
        return "texts"
    return ""


def changes(path: Path) -> Iterator[dict[str, Any]]:
    """Yield each change of a file: between which characters, and what stands there instead."""
    found = Changes()
    module = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8"))).visit(found)
    above = "".join(module.code_for_node(line) for line in module.header)
    made = list(zip(found.mutations, found.places, strict=True))
    for statement in module.body:
        before, inside = module.code_for_node(statement), {id(node) for node in walk(statement)}
        for mutation, place in made:
            if id(mutation.original_node) in inside:
                changed = deep_replace(statement, mutation.original_node, mutation.mutated_node)
                start, end, put = difference(before, module.code_for_node(changed))
                yield {**place, "file": str(path), "start": len(above) + start, "end": len(above) + end, "put": put}
        above += before


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the node and everything in it."""
    yield node
    for child in node.children:
        yield from walk(child)


def difference(before: str, after: str) -> tuple[int, int, str]:
    """Return between which characters the texts differ, and what the second has there."""
    start = alike(before, after)
    kept = alike(before[start:][::-1], after[start:][::-1])
    return start, len(before) - kept, after[start : len(after) - kept]


def alike(one: str, other: str) -> int:
    """Return how many characters the texts have in common from their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (left, right) in pairs if left != right), min(len(one), len(other)))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for change in changes(Path(name)):
            print(json.dumps(change))
