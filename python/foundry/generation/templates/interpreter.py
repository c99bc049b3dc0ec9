"""Walks a template's syntax tree: statements print, expressions have values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from jinja2 import Undefined, nodes

from foundry.errors import ChatTemplateError
from foundry.generation.templates import filters, methods, operators, predicates
from foundry.generation.templates.budget import MAX_DEPTH, Budget
from foundry.generation.templates.text import own_spans
from foundry.generation.templates.values import (
    Loop,
    Macro,
    Namespace,
    Scope,
    items_of,
    key,
    kind,
    text_of,
)

Signal = Literal["break", "continue"] | None
"""How a block ended before its end."""

_BINARY: Mapping[type[nodes.Node], str] = {
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Div: "/",
    nodes.FloorDiv: "//",
    nodes.Mod: "%",
    nodes.Pow: "**",
}


class Interpreter:
    """One rendering."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._depth = 0
        self.line = 1
        """The template's line that is evaluated."""

    def render(self, tree: nodes.Template, variables: dict[str, Any]) -> str:
        """What the template prints."""
        return self._captured(tree.body, Scope(Scope(None, variables)))

    def _captured(self, body: Sequence[nodes.Node], scope: Scope) -> str:
        out: list[str] = []
        self._run(body, scope, out)
        return operators.join(self._budget, out)

    # Statements

    def _run(self, body: Sequence[nodes.Node], scope: Scope, out: list[str]) -> Signal:
        self._enter()
        for node in body:
            self._budget.step()
            self.line = node.lineno
            statement = _STATEMENTS.get(type(node))
            if statement is None:
                name = type(node).__name__.lower()
                raise ChatTemplateError(f"unsupported {{% {name} %}} in a chat template")
            signal = statement(self, node, scope, out)
            if signal is not None:
                self._depth -= 1
                return signal
        self._depth -= 1
        return None

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ChatTemplateError(f"chat template nests deeper than {MAX_DEPTH} levels")

    def _output(self, node: nodes.Output, scope: Scope, out: list[str]) -> Signal:
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                text: str = part.data
            else:
                text = text_of(self._budget, self.evaluate(part, scope))
            self._budget.text(len(text), len(own_spans(text)))
            out.append(text)
        return None

    def _if(self, node: nodes.If, scope: Scope, out: list[str]) -> Signal:
        if self.evaluate(node.test, scope):
            return self._run(node.body, scope, out)
        for branch in node.elif_:
            if self.evaluate(branch.test, scope):
                return self._run(branch.body, scope, out)
        return self._run(node.else_, scope, out)

    def _for(self, node: nodes.For, scope: Scope, out: list[str]) -> Signal:
        self._loop(node, self.evaluate(node.iter, scope), scope, out, 1)
        return None

    def _loop(
        self, node: nodes.For, iterable: Any, scope: Scope, out: list[str], depth: int
    ) -> None:
        self._budget.allocate(512)  # `loop` may be kept
        items = items_of(self._budget, iterable)
        if node.test is not None:
            self._budget.elements(len(items))
            items = [item for item in items if self._passes(node, item, scope)]

        def again(other: Any) -> str:
            inner: list[str] = []
            self._enter()
            self._loop(node, other, scope, inner, depth + 1)
            self._depth -= 1
            return operators.join(self._budget, inner)

        loop = Loop(items, depth, again if node.recursive else None)
        for loop.index0, item in enumerate(items):
            self._budget.step()
            inner = Scope(scope, {"loop": loop})
            self._assign(node.target, item, inner)
            if self._run(node.body, inner, out) == "break":
                break
        if not items:
            self._run(node.else_, Scope(scope), out)

    def _passes(self, node: nodes.For, item: Any, scope: Scope) -> bool:
        assert node.test is not None
        inner = Scope(scope)
        self._assign(node.target, item, inner)
        return bool(self.evaluate(node.test, inner))

    def _set(self, node: nodes.Assign, scope: Scope, out: list[str]) -> Signal:
        self._assign(node.target, self.evaluate(node.node, scope), scope)
        return None

    def _set_block(self, node: nodes.AssignBlock, scope: Scope, out: list[str]) -> Signal:
        text: Any = self._captured(node.body, Scope(scope))
        if node.filter is not None:
            text = self._filter(node.filter, scope, text)
        self._assign(node.target, text, scope)
        return None

    def _assign(self, target: nodes.Node, value: Any, scope: Scope) -> None:
        self._budget.allocate(128)
        if isinstance(target, nodes.Name):
            scope.names[target.name] = value
        elif isinstance(target, nodes.NSRef):
            space = scope.find(target.name)
            if not isinstance(space, Namespace):
                raise TypeError("cannot assign attribute on non-namespace object")
            space.attributes[target.attr] = value
        elif isinstance(target, nodes.Tuple):
            parts = items_of(self._budget, value)
            if len(parts) != len(target.items):
                raise ValueError(f"expected {len(target.items)} values to unpack, not {len(parts)}")
            for name, part in zip(target.items, parts, strict=True):
                self._assign(name, part, scope)

    def _macro(self, node: nodes.Macro, scope: Scope, out: list[str]) -> Signal:
        self._budget.allocate(1024)  # the macro and the scope that it keeps
        scope.names[node.name] = Macro(node.name, node, scope)
        return None

    def _call_block(self, node: nodes.CallBlock, scope: Scope, out: list[str]) -> Signal:
        callee, positional, named = self._arguments(node.call, scope)
        self._budget.allocate(1024)  # the macro and the scope that it keeps
        named["caller"] = Macro("caller", node, scope)
        text = text_of(self._budget, self._invoke(callee, positional, named))
        self._budget.text(len(text), len(own_spans(text)))
        out.append(text)
        return None

    def _filter_block(self, node: nodes.FilterBlock, scope: Scope, out: list[str]) -> Signal:
        text = self._captured(node.body, Scope(scope))
        out.append(text_of(self._budget, self._filter(node.filter, scope, text)))
        return None

    def _with(self, node: nodes.With, scope: Scope, out: list[str]) -> Signal:
        inner = Scope(scope)
        for target, value in zip(node.targets, node.values, strict=True):
            self._assign(target, self.evaluate(value, scope), inner)
        return self._run(node.body, inner, out)

    def _block(self, node: nodes.Scope, scope: Scope, out: list[str]) -> Signal:
        return self._run(node.body, Scope(scope), out)

    def _break(self, node: nodes.Break, scope: Scope, out: list[str]) -> Signal:
        return "break"

    def _continue(self, node: nodes.Continue, scope: Scope, out: list[str]) -> Signal:
        return "continue"

    # Expressions

    def evaluate(self, node: nodes.Node, scope: Scope) -> Any:
        """The value of an expression."""
        self._budget.step()
        self._enter()
        self.line = node.lineno
        operator = _BINARY.get(type(node))
        if operator is not None:
            assert isinstance(node, nodes.BinExpr)
            left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
            value = operators.binary(self._budget, operator, left, right)
        else:
            expression = _EXPRESSIONS.get(type(node))
            if expression is None:
                raise ChatTemplateError(f"unsupported expression {type(node).__name__}")
            value = expression(self, node, scope)
        self._depth -= 1
        return value

    def _constant(self, node: nodes.Const, scope: Scope) -> Any:
        return node.value

    def _name(self, node: nodes.Name, scope: Scope) -> Any:
        return scope.find(node.name)

    def _list(self, node: nodes.List, scope: Scope) -> list[Any]:
        self._budget.elements(len(node.items))
        return [self.evaluate(item, scope) for item in node.items]

    def _tuple(self, node: nodes.Tuple, scope: Scope) -> tuple[Any, ...]:
        self._budget.elements(len(node.items))
        return tuple(self.evaluate(item, scope) for item in node.items)

    def _dict(self, node: nodes.Dict, scope: Scope) -> dict[Any, Any]:
        self._budget.elements(2 * len(node.items))
        return {
            key(self._budget, self.evaluate(pair.key, scope)): self.evaluate(pair.value, scope)
            for pair in node.items
        }

    def _condition(self, node: nodes.CondExpr, scope: Scope) -> Any:
        if self.evaluate(node.test, scope):
            return self.evaluate(node.expr1, scope)
        if node.expr2 is None:
            return Undefined("the inline if-expression evaluated to false and has no else")
        return self.evaluate(node.expr2, scope)

    def _and(self, node: nodes.And, scope: Scope) -> Any:
        return self.evaluate(node.left, scope) and self.evaluate(node.right, scope)

    def _or(self, node: nodes.Or, scope: Scope) -> Any:
        return self.evaluate(node.left, scope) or self.evaluate(node.right, scope)

    def _not(self, node: nodes.Not, scope: Scope) -> bool:
        return not self.evaluate(node.node, scope)

    def _negative(self, node: nodes.Neg, scope: Scope) -> Any:
        return operators.negative(self.evaluate(node.node, scope))

    def _positive(self, node: nodes.Pos, scope: Scope) -> Any:
        return operators.positive(self.evaluate(node.node, scope))

    def _concatenation(self, node: nodes.Concat, scope: Scope) -> str:
        parts = [text_of(self._budget, self.evaluate(part, scope)) for part in node.nodes]
        return operators.join(self._budget, parts)

    def _comparison(self, node: nodes.Compare, scope: Scope) -> bool:
        left = self.evaluate(node.expr, scope)
        for operand in node.ops:
            right = self.evaluate(operand.expr, scope)
            if not operators.compare(self._budget, operand.op, left, right):
                return False
            left = right
        return True

    def _attribute(self, node: nodes.Getattr, scope: Scope) -> Any:
        return methods.attribute(self._budget, self.evaluate(node.node, scope), node.attr)

    def _item(self, node: nodes.Getitem, scope: Scope) -> Any:
        value = self.evaluate(node.node, scope)
        if not isinstance(node.arg, nodes.Slice):
            return methods.item(self._budget, value, self.evaluate(node.arg, scope))
        bounds = (
            None if bound is None else self.evaluate(bound, scope)
            for bound in (node.arg.start, node.arg.stop, node.arg.step)
        )
        return operators.sliced(self._budget, value, *bounds)

    def _filter(self, node: nodes.Filter, scope: Scope, text: Any = None) -> Any:
        """The filtered value; `text` is what the innermost of `{% filter %}` begins with."""
        value = text
        if isinstance(node.node, nodes.Filter):
            self._enter()
            value = self._filter(node.node, scope, text)
            self._depth -= 1
        elif node.node is not None:
            value = self.evaluate(node.node, scope)
        positional, named = self._given(node, scope)
        return filters.apply(self._budget, node.name, value, *positional, **named)

    def _test(self, node: nodes.Test, scope: Scope) -> bool:
        value = self.evaluate(node.node, scope)
        if node.name in ("filter", "test"):
            known: Mapping[str, Any] = (
                filters.FILTERS if node.name == "filter" else predicates.TESTS
            )
            return isinstance(value, str) and value in known
        positional, named = self._given(node, scope)
        return predicates.is_true(self._budget, node.name, value, *positional, **named)

    # Calls

    def _given(self, node: Any, scope: Scope) -> tuple[list[Any], dict[str, Any]]:
        positional = [self.evaluate(argument, scope) for argument in node.args]
        named = {pair.key: self.evaluate(pair.value, scope) for pair in node.kwargs}
        if node.dyn_args is not None:
            positional += items_of(self._budget, self.evaluate(node.dyn_args, scope))
        if node.dyn_kwargs is not None:
            more = self.evaluate(node.dyn_kwargs, scope)
            if not isinstance(more, dict):
                raise TypeError(f"'**' takes a dict, not a {kind(more)}")
            self._budget.elements(len(more))
            named |= {str(name): value for name, value in more.items()}
        self._budget.elements(len(positional) + len(named))
        return positional, named

    def _arguments(self, node: nodes.Call, scope: Scope) -> tuple[Any, list[Any], dict[str, Any]]:
        callee = self.evaluate(node.node, scope)
        return callee, *self._given(node, scope)

    def _call(self, node: nodes.Call, scope: Scope) -> Any:
        return self._invoke(*self._arguments(node, scope))

    def _invoke(self, callee: Any, positional: list[Any], named: dict[str, Any]) -> Any:
        if isinstance(callee, Macro):
            return self._expand(callee, positional, named)
        if isinstance(callee, Loop) and callee.again is not None and len(positional) == 1:
            return callee.again(positional[0])
        return methods.call(self._budget, callee, positional, named)

    def _expand(self, macro: Macro, positional: list[Any], named: dict[str, Any]) -> str:
        """A macro's text for these arguments; those it does not name are `varargs`, `kwargs`."""
        node = macro.node
        scope = Scope(macro.scope)
        names = [argument.name for argument in node.args]
        required = len(names) - len(node.defaults)
        for name in names[: len(positional)]:
            if name in named:
                raise TypeError(f"macro '{macro.name}' got two values for '{name}'")
        scope.names.update(zip(names, positional, strict=False))
        for index, name in enumerate(names[len(positional) :], len(positional)):
            if name in named:
                scope.names[name] = named.pop(name)
            elif index >= required:
                scope.names[name] = self.evaluate(node.defaults[index - required], scope)
            else:
                scope.names[name] = Undefined(f"parameter {name!r} was not provided", name=name)
        scope.names["caller"] = named.pop("caller", Undefined(name="caller"))
        scope.names["varargs"] = tuple(positional[len(names) :])
        scope.names["kwargs"] = named
        return self._captured(node.body, scope)


_STATEMENTS: Mapping[type[nodes.Node], Callable[..., Signal]] = {
    nodes.Output: Interpreter._output,
    nodes.If: Interpreter._if,
    nodes.For: Interpreter._for,
    nodes.Assign: Interpreter._set,
    nodes.AssignBlock: Interpreter._set_block,
    nodes.Macro: Interpreter._macro,
    nodes.CallBlock: Interpreter._call_block,
    nodes.FilterBlock: Interpreter._filter_block,
    nodes.With: Interpreter._with,
    nodes.Scope: Interpreter._block,
    nodes.Break: Interpreter._break,
    nodes.Continue: Interpreter._continue,
}

_EXPRESSIONS: Mapping[type[nodes.Node], Callable[..., Any]] = {
    nodes.Const: Interpreter._constant,
    nodes.Name: Interpreter._name,
    nodes.List: Interpreter._list,
    nodes.Tuple: Interpreter._tuple,
    nodes.Dict: Interpreter._dict,
    nodes.CondExpr: Interpreter._condition,
    nodes.And: Interpreter._and,
    nodes.Or: Interpreter._or,
    nodes.Not: Interpreter._not,
    nodes.Neg: Interpreter._negative,
    nodes.Pos: Interpreter._positive,
    nodes.Concat: Interpreter._concatenation,
    nodes.Compare: Interpreter._comparison,
    nodes.Getattr: Interpreter._attribute,
    nodes.Getitem: Interpreter._item,
    nodes.Filter: Interpreter._filter,
    nodes.Test: Interpreter._test,
    nodes.Call: Interpreter._call,
}
