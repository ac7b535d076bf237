"""What the transformers have in common: a sequence of clips becomes an array of vectors, one row each.

They have no state: ``fit`` looks at the parameters only, and a clip's vector does not depend on the others. What they
compute is what ``describe`` of each descriptor's module computes, with the same numbers; what is not given is that of
the preset. ``get_feature_names_out`` names each number by its block, plane and bin, ``layout`` has the three apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from rrrn.running.stage import InputError

Features = NDArray[np.float32]


class Place(NamedTuple):
    """Where a number of a vector stands: block (its number, row by row, or the region's name), plane and bin."""

    block: int | str
    plane: str
    bin: int

    @property
    def name(self) -> str:
        """Return the three as one word."""
        block = f"block{self.block}" if isinstance(self.block, int) else self.block
        return f"{block}_{self.plane}_{self.bin}"


class Parts(NamedTuple):
    """What a vector is made of: its blocks, or regions by name, and how many bins each plane of a block has."""

    blocks: Sequence[int | str]
    planes: Mapping[str, int]

    @property
    def numbers(self) -> int:
        """Return how many numbers a vector has."""
        return len(self.blocks) * sum(self.planes.values())


class Descriptor(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A transformer; each has ``parts`` and ``vector``, and ``_what`` a clip is in its messages."""

    _what: ClassVar[str] = "video"

    def parts(self) -> Parts:
        """Return what a vector is made of. Raises InputError for parameters that cannot be used."""
        raise NotImplementedError

    def vector(self, clip: Any) -> Features:
        """Return the vector (d,) of one clip; raises InputError if it cannot be described."""
        raise NotImplementedError

    def layout(self) -> list[Place]:
        """Return where each number of a vector stands. Raises InputError for parameters that cannot be used."""
        blocks, planes = self.parts()
        return [Place(block, plane, n) for block in blocks for plane, bins in planes.items() for n in range(bins)]

    def fit(self, X: Any, y: Any = None) -> Any:
        """Check the parameters, set ``n_features_out_``, and return self; the clips are not looked at."""
        self.n_features_out_ = self.parts().numbers
        return self

    def transform(self, X: Iterable[Any]) -> Features:
        """Return the vectors (n, d), float32, of n clips; none give (0, d).

        Raises InputError for an ``X`` that is no sequence and, naming it by its place, for a clip that cannot be
        described.
        """
        numbers = self.parts().numbers
        if not hasattr(X, "__iter__"):
            raise InputError(f"X is of type {type(X).__name__}; give a sequence of clips, a {self._what} each")
        vectors = []
        for index, clip in enumerate(X):
            try:
                vectors.append(self.vector(clip))
            except InputError as error:
                raise InputError(f"{self._what} {index}: {error}") from None
        return np.stack(vectors) if vectors else np.empty((0, numbers), np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the name of each column, ``block0_xy_3``; ``input_features`` is not looked at."""
        return np.array([place.name for place in self.layout()], object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags

    def _given(self, *names: str) -> dict[str, Any]:
        """Return the parameters of these names that are not None."""
        return {name: value for name in names if (value := getattr(self, name)) is not None}
