"""Rows of 16 single-precision numbers as a type of numba, so that kernels say which vector instructions they mean.

Left to itself the compiler vectorises the scalar loops only under compile-time strides, that is once for each image
width, and refines every reciprocal by Newton steps that TV-L1 does not need. LLVM splits a row over narrower registers
where the processor has no 512-bit ones.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

LANES = 16

_FLOAT = ir.FloatType()
_INT = ir.IntType(32)
_ROW = ir.VectorType(_FLOAT, LANES)
_INT_ROW = ir.VectorType(_INT, LANES)
_FAST = ("fast",)


class RowType(types.Type):  # type: ignore[misc]
    """The numba type of 16 float32."""

    def __init__(self) -> None:
        super().__init__("Row")


row = RowType()


@register_model(RowType)
class _RowModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, fe_type: types.Type) -> None:
        super().__init__(manager, fe_type, _ROW)


def _binary(function: Callable, instruction: str) -> None:
    def typing(context: Any) -> Callable:
        return lambda a, b: row if a == row and b == row else None

    def lower(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return getattr(builder, instruction)(*args, flags=_FAST)

    type_callable(function)(typing)
    lower_builtin(function, RowType, RowType)(lower)


_binary(operator.add, "fadd")
_binary(operator.sub, "fsub")
_binary(operator.mul, "fmul")


def _constant(values: list[int] | list[float], kind: ir.VectorType) -> ir.Constant:
    return ir.Constant(kind, [ir.Constant(kind.element, value) for value in values])


def _address(context: Any, builder: ir.IRBuilder, signature: Any, args: Any, kind: ir.Type) -> ir.Value:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), kind.as_pointer())


def _call(builder: ir.IRBuilder, name: str, *args: ir.Value) -> ir.Value:
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(_ROW, [value.type for value in args]), name)
    return builder.call(function, args, fastmath=_FAST)


@intrinsic
def load(context, array, index):
    """Return 16 neighbours of a float32 array from ``index`` on; nothing checks that they lie inside."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.load(_address(context, builder, signature, args, _ROW), align=4)

    return row(array, types.intp), code


@intrinsic
def store(context, array, index, value):
    """Write 16 neighbours of a float32 array from ``index`` on."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        builder.store(args[2], _address(context, builder, signature, args, _ROW), align=4)
        return context.get_dummy_value()

    return types.none(array, types.intp, row), code


@intrinsic
def splat(context, value):
    """Return a row that holds ``value`` in every lane."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        one = builder.insert_element(ir.Constant(_ROW, ir.Undefined), args[0], ir.Constant(_INT, 0))
        return builder.shuffle_vector(one, one, _constant([0] * LANES, _INT_ROW))

    return row(types.float32), code


def _ordered(predicate: str) -> Callable:
    def typed(context, a, b):
        def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            chosen = builder.fcmp_ordered(predicate, *args, flags=_FAST)
            return builder.select(chosen, *args)

        return row(row, row), code

    return typed


lowest = intrinsic(_ordered("<"))
highest = intrinsic(_ordered(">"))


def _approximation(name: str, exact: Callable[[ir.IRBuilder, ir.Value], ir.Value]) -> Callable:
    """Use the 14-bit instruction of AVX-512 as it is; elsewhere LLVM chooses (12 bits and a Newton step on AVX)."""

    def typed(context, value):
        def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            if "+avx512f" not in context.codegen().magic_tuple()[2].split(","):
                return exact(builder, args[0])
            every_lane = ir.Constant(ir.IntType(16), -1)
            return _call(builder, f"llvm.x86.avx512.{name}14.ps.512", args[0], args[0], every_lane)

        return row(row), code

    return typed


def _divide(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return builder.fdiv(_constant([1.0] * LANES, _ROW), value, flags=_FAST)


def _divide_root(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return _divide(builder, _call(builder, "llvm.sqrt.v16f32", value))


reciprocal = intrinsic(_approximation("rcp", _divide))
reciprocal_root = intrinsic(_approximation("rsqrt", _divide_root))


@intrinsic
def floor(context, value):
    """Return the largest whole numbers that are not greater."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return _call(builder, "llvm.floor.v16f32", args[0])

    return row(row), code


@intrinsic
def first_lanes(context, value, count):
    """Return the first ``count`` lanes, whatever the others hold, and 0 in these."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        wanted = builder.trunc(args[1], _INT)
        bound = builder.insert_element(ir.Constant(_INT_ROW, ir.Undefined), wanted, ir.Constant(_INT, 0))
        bound = builder.shuffle_vector(bound, bound, _constant([0] * LANES, _INT_ROW))
        inside = builder.icmp_signed("<", _constant(list(range(LANES)), _INT_ROW), bound)
        return builder.select(inside, args[0], _constant([0.0] * LANES, _ROW))

    return row(row, types.intp), code


def _window(start: int) -> Callable:
    def typed(context, left, right):
        def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            return builder.shuffle_vector(*args, _constant(list(range(start, start + LANES)), _INT_ROW))

        return row(row, row), code

    return typed


left_neighbours = intrinsic(_window(LANES - 1))  # of the pixels in the second row, the first being left of it
right_neighbours = intrinsic(_window(1))  # of the pixels in the first row, the second being right of it


@intrinsic
def total(context, value):
    """Return the sum over the lanes, float32."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        part = args[0]
        width = LANES
        while width > 1:
            width //= 2
            part = _halves_added(builder, part, width)
        return builder.extract_element(part, ir.Constant(_INT, 0))

    return types.float32(row), code


@intrinsic
def store_group_sums(context, array, index, value):
    """Write the 4 sums over lanes of equal remainder by 4 to a float32 array from ``index`` on."""

    def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        sums = _halves_added(builder, _halves_added(builder, args[2], 8), 4)
        builder.store(sums, _address(context, builder, signature, args, sums.type), align=4)
        return context.get_dummy_value()

    return types.none(array, types.intp, row), code


def _halves_added(builder: ir.IRBuilder, value: ir.Value, width: int) -> ir.Value:
    kind = ir.VectorType(_INT, width)
    halves = [
        builder.shuffle_vector(value, value, _constant(list(range(start, start + width)), kind)) for start in (0, width)
    ]
    return builder.fadd(*halves, flags=_FAST)


def _every_fourth(first: int) -> Callable:
    def typed(context, a, b, c, d):
        def code(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            take = _constant(list(range(first, 2 * LANES, 4)), ir.VectorType(_INT, 8))
            halves = [builder.shuffle_vector(*pair, take) for pair in (args[:2], args[2:])]
            return builder.shuffle_vector(*halves, _constant(list(range(LANES)), _INT_ROW))

        return row(row, row, row, row), code

    return typed


channel_0, channel_1, channel_2 = (intrinsic(_every_fourth(k)) for k in range(3))
