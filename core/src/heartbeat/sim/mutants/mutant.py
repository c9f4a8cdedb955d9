"""A mutant: the kernel with one known mistake, written as what the source says and what it should not have said.

Only the code of the named functions is exchanged, in this process and for a while: whoever has imported the kernel
meets the mistake, and nothing else of it is made anew. The text must stand exactly once in its function, so a mutant
that the kernel has outgrown is noticed and never runs unchanged.
"""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType, ModuleType

import msgspec

from heartbeat.sim.mutants.situations import Situation, anything


class Stale(ValueError):
    """The kernel no longer says what a mutant wants to change."""


class Unread(RuntimeError):
    """The kernel was installed without its source."""


class Edit(msgspec.Struct, frozen=True):
    """One change of one function."""

    where: str
    """``module:Class.function``, the module as in ``heartbeat.kernel``, or its whole name."""
    right: str
    wrong: str


class Mutant(msgspec.Struct, frozen=True):
    """One mistake; several edits where the kernel would not make it at one place alone."""

    name: str
    says: str
    edits: tuple[Edit, ...]
    needs: Situation = anything
    """Seeds that have not got it cannot show the mistake."""


def mutant(
    name: str, says: str, where: str, right: str, wrong: str, *more: Edit, needs: Situation = anything
) -> Mutant:
    """Return a mutant with one edit, or with more of them."""
    return Mutant(name, says, (Edit(where, right, wrong), *more), needs)


@contextmanager
def applied(one: Mutant) -> Iterator[None]:
    """Let the kernel of this process make the mistake in the body. Raises Stale or Unread before it."""
    changed = [(_function(edit), _code(edit)) for edit in one.edits]
    with ExitStack() as stack:
        for function, code in changed:
            stack.callback(setattr, function, "__code__", function.__code__)
            function.__code__ = code
        yield


def _module(edit: Edit) -> ModuleType:
    name = edit.where.partition(":")[0]
    return importlib.import_module(name if name.startswith("heartbeat.") else f"heartbeat.kernel.{name}")


def _function(edit: Edit) -> FunctionType:
    found: object = _module(edit)
    for name in edit.where.partition(":")[2].split("."):
        found = vars(found).get(name)
    if isinstance(found, property):
        found = found.fget
    if not isinstance(found, FunctionType):
        raise Stale(f"there is no function {edit.where} in the kernel any more")
    return found


def _code(edit: Edit) -> CodeType:
    """Return the code of the function with the mistake, compiled in its place in its module."""
    module, function = _module(edit), _function(edit)
    try:
        source = inspect.getsource(module)
        body = inspect.getsource(function)
    except OSError as missing:
        raise Unread(f"the source of {module.__name__} is not here: {missing}") from None
    if body.count(edit.right) != 1 or source.count(body) != 1:
        raise Stale(f"{edit.where} holds {edit.right!r} {body.count(edit.right)} times, not once")
    wrong = source.replace(body, body.replace(edit.right, edit.wrong))
    return _find(compile(wrong, str(module.__file__), "exec", dont_inherit=True), edit.where.partition(":")[2])


def _find(code: CodeType, name: str) -> CodeType:
    """Return the code of a function, by its qualified name."""
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    for each in inner:
        if each.co_qualname == name:
            return each
    return next(_find(each, name) for each in inner if name.startswith(f"{each.co_qualname}."))
