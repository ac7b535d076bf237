"""What of a module's syntax tree computes, as a digest; and what else of the package stands in it.

Left out are comments, docstrings, formatting, and the words that a module speaks: texts of what it raises, calls of
``logging``, texts of ``warnings.warn`` and of arguments of the command line, and the label of what it declares. A
module of the package is written as the number of what stands there, not as its name, so that it can be moved or
renamed; ``provenance`` puts in what that is.

An expression in a message stays if it calls or binds something, for that may compute; what only reads (``{path.name}``)
goes with the message. The class of what is raised, its cause and its arguments that are no text stay. An error that is
made elsewhere than in its ``raise``, or by a function, keeps its words.

The digest is the same under Python 3.11 to 3.13. Read by the Snakefile in every job, hence the standard library only.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

PACKAGE = "rrrn"
Part = tuple[str, str, str]  # "import" or "text", the module's name, the name that is taken of it
Beside = tuple[str, str, str]  # the name that is bound, the module's name, the name that is taken of it

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_COMPUTING = (ast.Call, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
_LEVELS = ("debug", "info", "warning", "error", "critical", "exception", "log")
_DECLARING = ("ArgumentParser", "add_argument", "add_argument_group", "add_subparsers", "add_parser")
_SHOWN = ("help", "description", "epilog", "metavar", "title", "usage")  # of these, only to who asks for help
_LOGGING, _WARNINGS, _ADDING, _OTHERWISE = "logging", "warnings", "add_argument", ""  # what a name is bound to
_NAME_OF_A_MODULE = re.compile(rf"{PACKAGE}(\.\w+)+\.?")


class Reading(NamedTuple):
    """``tree``: the digest; ``parts``: what of the package stands in the tree, as numbered there; ``beside``: what is
    imported and stands nowhere; ``outside``: the first names of other packages' modules; ``imported``: the whole names
    of these and of what is taken of them, relative ones with their dots in front.
    """

    tree: str
    parts: tuple[Part, ...]
    beside: tuple[Beside, ...]
    outside: tuple[str, ...]
    imported: tuple[str, ...]


def read(source: bytes) -> Reading:
    """Return what of a module's source computes. Raises SyntaxError, or ValueError for bytes that are no text."""
    tree = ast.parse(source)
    _drop_labels(tree)
    names, outside, elsewhere = _Names(), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body.pop(0)
        if isinstance(node, _IMPORTS):
            own = {(module, taken) for module, taken, _ in _imported(node) if not _is_own(module)}
            elsewhere |= {module for module, _ in own if module.strip(".")}
            elsewhere |= {f"{module}{'' if module.endswith('.') else '.'}{taken}" for module, taken in own if taken}
            outside |= {module.split(".")[0] for module, _ in own if not module.startswith(".")}
        names.note(node)
    top = {
        bound: ("import", module, taken)
        for node in tree.body
        if isinstance(node, _IMPORTS)
        for module, taken, bound in _imported(node)
        if _is_own(module) and names.means(bound) == f"{module}:{taken}"
    }
    writer = _Writer(names, top)
    text = writer.write(tree)
    beside = [(bound, module, taken) for bound, (_, module, taken) in sorted(top.items())]
    return Reading(
        hashlib.sha256(text.encode()).hexdigest(),
        tuple(writer.parts),
        tuple(one for one in beside if top[one[0]] not in writer.parts),
        tuple(sorted(outside)),
        tuple(sorted(elsewhere)),
    )


def _drop_labels(tree: ast.Module) -> None:
    """Take out what tables call that which a module declares (``rrrn.experiment.declared``)."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            if [getattr(target, "id", "") for target in node.targets] not in (["METHOD"], ["KIND"]):
                continue
            pairs = zip(node.value.keys, node.value.values, strict=True)
            kept = [pair for pair in pairs if getattr(pair[0], "value", None) != "label"]
            node.value.keys, node.value.values = [key for key, _ in kept], [value for _, value in kept]


def _is_own(module: str) -> bool:
    return module.split(".")[0] == PACKAGE


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str, str]]:
    """Yield the module, the name taken of it, and the name that is bound, which has dots after ``import a.b``."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), alias.name, alias.asname or alias.name
        else:
            yield alias.name, "", alias.asname or alias.name


class _Names:
    """What each name of a module is bound to, wherever that happens."""

    def __init__(self) -> None:
        self._bound: dict[str, set[str]] = {}
        self._known: set[ast.Name] = set()

    def means(self, name: str) -> str:
        """Return the one thing that a name is bound to in the whole module; nothing if it is or may be several."""
        found = self._bound.get(name, set())
        return next(iter(found)) if len(found) == 1 else _OTHERWISE

    def note(self, node: ast.AST) -> None:
        """Note what a node binds; ``ast.walk`` comes to an assignment before it comes to its parts."""
        match node:
            case ast.Import() | ast.ImportFrom():
                for module, taken, bound in _imported(node):
                    is_whole = not taken and module in (_LOGGING, _WARNINGS)
                    self._bind(bound, module if is_whole else f"{module}:{taken}")
                    if isinstance(node, ast.Import) and "." in bound:
                        self._bind(bound.split(".")[0], _OTHERWISE)
            case ast.Assign(targets=[ast.Name() as target], value=value) if means := _assigned(value):
                self._bind(target.id, means)
                self._known.add(target)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if node not in self._known:
                self._bind(name, _OTHERWISE)
            case ast.arg(arg=name) | ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                self._bind(name, _OTHERWISE)
            case ast.AsyncFunctionDef(name=name) | ast.ExceptHandler(name=str(name)):
                self._bind(name, _OTHERWISE)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                self._bind(name, _OTHERWISE)
            case ast.Global(names=several) | ast.Nonlocal(names=several):
                for name in several:
                    self._bind(name, _OTHERWISE)

    def _bind(self, name: str, means: str) -> None:
        self._bound.setdefault(name, set()).add(means)


def _assigned(value: ast.expr) -> str:
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="logging"), attr="getLogger")):
            return _LOGGING
        case ast.Attribute(attr="add_argument"):
            return _ADDING
    return _OTHERWISE


class _Writer:
    """A tree as text, without what is empty, of which each minor version of Python has other parts.

    ``top`` are the names that mean one thing of the package in all of the module; others keep their import and name.
    """

    def __init__(self, names: _Names, top: dict[str, Part]) -> None:
        self.parts: dict[Part, int] = {}
        self._names = names
        self._top = top

    def write(self, value: object) -> str:
        if isinstance(value, list):
            of_statements = bool(value) and isinstance(value[0], ast.stmt)
            return f"[{','.join(self._statements(value) if of_statements else map(self.write, value))}]"
        match value:
            case ast.Name(id=name, ctx=ast.Load()) if name in self._top:
                return self._part(self._top[name])
            case ast.Constant(value=str(text)) if _NAME_OF_A_MODULE.fullmatch(text):
                return self._part(("text", text, ""))
            case ast.Raise(exc=ast.Call(func=made, args=[_, *_])) if _is_class(made):
                return self._raise(value)
            case ast.Call(func=called) if self._declares(called):
                return self._declaration(value)
            case ast.JoinedStr():
                value.values = [v for v in value.values if not (isinstance(v, ast.Constant) and v.value == "")]
        if isinstance(value, ast.AST):
            fields = [(name, part) for name, part in ast.iter_fields(value) if part is not None and part != []]
            written = [(name, self.write(part)) for name, part in fields]
            return f"{type(value).__name__}({','.join(f'{name}={text}' for name, text in written if text != '[]')})"
        return repr(value)

    def _part(self, part: Part) -> str:
        return f"Part({self.parts.setdefault(part, len(self.parts))})"

    def _statements(self, statements: list[ast.stmt]) -> Iterator[str]:
        """Write a block without what it speaks; of imports in a row, those of the package last, by the bound name."""
        own: list[tuple[str, str, str]] = []
        for statement in statements:
            if not isinstance(statement, _IMPORTS):
                yield from self._own_imports(own)
                own = []
                yield from self._statement(statement)
                continue
            imported = [(bound, module, taken) for module, taken, bound in _imported(statement)]
            if any(_is_own(module) for _, module, _ in imported):
                own += [one for one in imported if one[0] not in self._top]
            else:
                yield self.write(statement)
        yield from self._own_imports(own)

    def _own_imports(self, imported: list[tuple[str, str, str]]) -> Iterator[str]:
        for bound, module, taken in sorted(imported):
            yield f"Import({bound}={self._part(('import', module, taken))})"

    def _statement(self, statement: ast.stmt) -> Iterator[str]:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) as call):
                speaker = self._names.means(name)
                if speaker == _LOGGING and attr in _LEVELS:
                    parts = [*call.args, *(keyword.value for keyword in call.keywords)]
                    yield from (word for part in parts for word in self._computed(part))
                    return
                if speaker == _WARNINGS and attr == "warn" and call.args and _is_text(call.args[0]):
                    spoken = [*self._computed(call.args[0])]
                    yield f"warn({spoken},{self.write(call.args[1:])},{self.write(call.keywords)})"
                    return
        yield self.write(statement)

    def _raise(self, statement: ast.Raise) -> str:
        call = statement.exc
        assert isinstance(call, ast.Call)
        args = [f"Text({[*self._computed(arg)]})" if _is_text(arg) else self.write(arg) for arg in call.args]
        cause = self.write(statement.cause)
        return f"Raise({self.write(call.func)},{','.join(args)},{self.write(call.keywords)},{cause})"

    def _declaration(self, call: ast.Call) -> str:
        shown = [keyword for keyword in call.keywords if keyword.arg in _SHOWN and _is_text(keyword.value)]
        kept = [keyword for keyword in call.keywords if keyword not in shown]
        spoken = [word for keyword in shown for word in self._computed(keyword.value)]
        return f"Declared({self.write(call.func)},{self.write(call.args)},{self.write(kept)},{spoken})"

    def _declares(self, called: ast.expr) -> bool:
        """Whether a call declares something of a command line."""
        if isinstance(called, ast.Name):
            return self._names.means(called.id) == _ADDING
        return isinstance(called, ast.Attribute) and called.attr in _DECLARING

    def _computed(self, node: ast.AST) -> Iterator[str]:
        """Write what may compute of a part of a message."""
        if _is_text(node) or isinstance(node, ast.FormattedValue):
            parts = ast.iter_child_nodes(node)
            if isinstance(node, ast.Call):
                parts = chain(ast.iter_child_nodes(node.func), node.args, node.keywords)
            for part in parts:
                yield from self._computed(part)
        elif any(isinstance(part, _COMPUTING) for part in ast.walk(node)):
            yield self.write(node)


def _is_class(called: ast.expr) -> bool:
    """Whether what is called is an exception by its name, and not a function that makes one."""
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name.lstrip("_")[:1].isupper()


def _is_text(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_text(left) or _is_text(right)
        case ast.BinOp(left=text, op=ast.Mod()) | ast.Call(func=ast.Attribute(value=text, attr="join" | "format")):
            return _is_text(text)
        case ast.IfExp(body=one, orelse=other):
            return _is_text(one) and _is_text(other)
    return False
