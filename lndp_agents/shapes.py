"""Shapes and element types of tensors, as annotations: `Float[Tensor, "P L N"]`.

The letters are P genomes, L lifetimes, N nodes, O inputs, M outputs, S edges, B rows, D numbers of a genome,
K propagation steps, Dh and De features of a node and of an edge. The names are those of jaxtyping where it is
installed (a development extra), whose import hook can check them; elsewhere they mean the plain type.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Annotated as Bool
    from typing import Annotated as Float
    from typing import Annotated as Int
    from typing import Annotated as Shaped
else:
    try:
        from jaxtyping import Bool, Float, Int, Shaped
    except ModuleNotFoundError:
        from typing import Annotated

        Bool = Float = Int = Shaped = Annotated

__all__ = ["Bool", "Float", "Int", "Shaped"]
