"""From decoded frames to the pictures that a player shows: deinterlaced, square pixels, in BGR, upright."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray


class Oblique(Exception):
    """A picture that is to be shown at an angle which is no multiple of 90 degrees."""


_LEAST_SIDE = 3  # of bwdif
_EXACT = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"  # the default interpolates colour more coarsely


class Shown:
    """Makes pictures of decoded frames, which go in one by one and come out in the same number and order.

    A frame that is marked as interlaced becomes one progressive frame, at the time of its first field: the lines of
    that field are kept, those of the other interpolated by bwdif in space and time. With ``first``, ``tff`` (the top
    field) or ``bff``, every frame does, marked or not. ``aspect`` is width over height of a stored pixel; the shorter
    side of it is enlarged, so that no stored pixel is lost.
    """

    def __init__(self, aspect: Fraction, first: str = "") -> None:
        self._aspect = aspect
        self._first = first
        self._graph: Graph | None = None
        self._made_for: tuple[object, ...] = ()

    def put(self, frame: av.VideoFrame) -> Iterator[NDArray[np.uint8]]:
        """Yield the pictures that are done once ``frame`` came in, uint8 (H, W, C), C 1 for gray, 3 (BGR) or 4."""
        name = frame.format.name
        # always for the usual formats, so that the frame before the first interlaced one is known, too
        interlaced = self.interlaced(frame) or name.startswith("yuv")
        wanted = (frame.width, frame.height, name, frame.colorspace, frame.color_range, interlaced)
        if self._graph is None or wanted != self._made_for:
            yield from self.finish()
            self._graph, self._made_for = _graph(frame, self._aspect, interlaced, self._first), wanted
        self._graph.push(frame)
        yield from self._ready()

    def interlaced(self, frame: av.VideoFrame) -> bool:
        """Return whether a frame is taken for two fields."""
        return bool(self._first or frame.interlaced_frame)

    def finish(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the pictures that are still to come."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._ready()
            self._graph = None

    def _ready(self) -> Iterator[NDArray[np.uint8]]:
        assert self._graph is not None
        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            pixels = np.asarray(frame.to_ndarray(), np.uint8)
            yield upright(pixels if pixels.ndim == 3 else pixels[..., None], matrix(frame))


def square(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return width and height in square pixels of a picture whose pixels are ``aspect`` times as wide as high."""
    return (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))


def upright(image: NDArray[np.uint8], matrix: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Turn and mirror an image (H, W, C) as the display matrix (a, b, c, d), of entries -1, 0 and 1, says.

    A point (x, y), y downwards, is shown at (a x + c y, b x + d y) (ISO 14496-12, 6.2.2).
    """
    a, b, c, d = matrix
    if b or c:
        image, a, d = image.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(image[::d, ::a])


def matrix(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """Return the display matrix (a, b, c, d) of a frame, made of -1, 0 and 1. Raises Oblique for other angles."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 1, 0, 0, 1
    a, b, _, c, d = (int(value > 0) - int(value < 0) for value in np.frombuffer(bytes(data), np.int32)[:5])
    if abs(a * d - b * c) != 1 or abs(a) + abs(b) != 1:
        raise Oblique
    return a, b, c, d


def _graph(frame: av.VideoFrame, aspect: Fraction, interlaced: bool, first: str) -> Graph:
    name = frame.format.name
    width, height = square(frame.width, frame.height, aspect)
    graph = Graph()
    graph.threads = 1
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={name}:time_base=1/1000:pixel_aspect=1/1"
        f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
    )
    alpha = any(component.is_alpha for component in frame.format.components) or name == "pal8"
    pixels = "gray" if name.startswith("gray") else "bgra" if alpha else "bgr24"
    nodes = [graph.add("buffer", source)]
    if interlaced and min(frame.width, frame.height) >= _LEAST_SIDE:
        which = f"deint=all:parity={first}" if first else "deint=interlaced"
        nodes.append(graph.add("bwdif", f"mode=send_frame:{which}"))
    nodes.append(graph.add("scale", f"{width}:{height}:flags={_EXACT}:out_range=full"))
    nodes += [graph.add("format", pixels), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    return graph
