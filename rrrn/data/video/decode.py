"""Videos frame by frame, as a player shows them: decoded whole or not at all."""

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from rrrn.data import frames
from rrrn.data.video import names, shown, spoken
from rrrn.running.stage import InputError

# Containers, by content. Playlists, scripts and sequences of images, which open other files, are none of these.
_FORMATS = "asf,avi,dv,flv,gif,matroska,mov,mpeg,mpegts,mpegvideo,mxf,ogg"
_OPEN = {"format_whitelist": _FORMATS, "protocol_whitelist": "file", "max_pixels": str(frames.MAX_PIXELS)}
_STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}
_USUAL_RATE = 25.0
_OBLONG = 4  # times that a pixel may be as wide as high, or as high as wide: anamorphic film has 2
# Which field is first, by FFmpeg's AVFieldOrder: TT 2, BB 3, TB 4, BT 5. Of the last two, FFmpeg's own decoders and
# QuickTime ("first line early" and "late") take the first letter for the field that is first in time.
_FIRST = {2: "tff", 3: "bff", 4: "tff", 5: "bff"}
_UNEVEN = 1.5  # usual intervals between two frames; where it is more, something is left out


class Video:
    """A video file. Iterate once for its frames, uint8 (H, W, C), C 1 (gray) or 3 (BGR), as a player shows them.

    Edit lists, turned and mirrored pictures and pixels that are not square are applied, empty frames and those that
    are not to be shown left out, interlaced ones made progressive (see ``shown.Shown``): those that are marked, and all
    if the container says interlaced and no frame is marked. After that ``rate`` is the
    number of frames per second, 25 if the file does not tell, ``deinterlaced`` that of interlaced frames, and
    ``remarks`` are what the user should know.

    Raises InputError for a file that is no video of 8 bits per channel, claims to be huge, or is not whole: whenever
    FFmpeg reports an error or marks a frame, where one is missing that the container's index names, and where DV ends
    within one.
    """

    def __init__(self, path: Path) -> None:
        if not names.is_video(path) or not path.is_file():
            known = " ".join(sorted((*names.WRITTEN, *names.OTHERS)))
            raise InputError(f"{path}: is no video by its name; name a folder of frames, or a file with one of {known}")
        self.rate = _USUAL_RATE
        self.deinterlaced = 0
        self.remarks: list[str] = []
        self._path = path
        self._errors: list[str] = []
        self._times: list[int | None] = []
        self._slots: list[int | None] = []
        self._read = 0

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        self._path.open("rb").close()  # for the system's own words, where it may not be read
        with spoken.listening(self._errors):
            container = self._opened()
        if self._errors:
            raise self._damaged("no frames")
        with closing(container):
            stream = container.streams.best("video")
            if stream is None or stream.codec_context is None:
                kind = "no pictures" if stream is None else "pictures that no decoder here knows"
                raise InputError(f"{self._path}: holds {kind}; {_convert()}")
            self.rate = float(stream.guessed_rate or _USUAL_RATE)
            seconds = (container.duration or 0) / av.time_base
            screen = shown.Shown(self._aspect(stream), self._first_unmarked(stream))
            for picture in self._pictures(container.demux(stream), stream, screen):
                if self._errors:
                    break
                self._read += 1
                yield self._opaque(picture)
            counted = self._counted(stream)
            if self._errors or self._read < max(counted, 1):
                about = round(seconds * self.rate)
                of = f" of {counted}" if counted else f" of about {about}" if about >= max(self._read, 1) else ""
                raise self._damaged(f"{self._read}{of} frames")
            self._look_at_times(self._slots if container.format.name == "avi" else self._times)

    def _opened(self) -> Any:
        return av.open(f"file:{self._path.absolute()}", options=_OPEN, metadata_errors="replace")

    def _first_unmarked(self, stream: Any) -> str:
        """Return which field is first where the container says interlaced and no frame does; nothing elsewhere.

        Decodes up to the first marked frame, and all where none is. Errors are left to the reading that follows.
        """
        first = _FIRST.get(stream.codec_context.field_order, "")
        if not first:
            return ""
        with spoken.listening([]), closing(self._opened()) as container:
            again = container.streams.best("video")
            again.codec_context.thread_count = 1  # as below
            if any(frame.interlaced_frame for frame in container.decode(again)):
                return ""
        self.remarks.append(
            "the container says that its frames are interlaced, and none is marked: all were made progressive. If they "
            f"are not interlaced, {_convert('-vf setfield=prog ')}"
        )
        return first

    def _aspect(self, stream: Any) -> Fraction:
        """Return how many times as wide as high a pixel is. Raises InputError for a size that no camera has."""
        width, height = stream.codec_context.width, stream.codec_context.height
        aspect = stream.sample_aspect_ratio or Fraction(1)
        if not Fraction(1, _OBLONG) <= aspect <= _OBLONG:
            raise InputError(f"{self._path}: claims pixels {float(aspect):.3g} times as wide as high; {_convert()}")
        self._check_size(*shown.square(width, height, aspect))
        self._check_size(width, height)
        return aspect

    def _check_size(self, width: int, height: int) -> None:
        if width * height > frames.MAX_PIXELS:
            raise InputError(
                f"{self._path}: claims {width}x{height} pixels, more than any camera here; replace the file"
            )

    def _pictures(self, packets: Iterator[Any], stream: Any, screen: shown.Shown) -> Iterator[NDArray[np.uint8]]:
        """Yield what is decoded of the stream's packets up to the first error, which is left in ``self._errors``."""
        context = stream.codec_context
        context.thread_count = 1  # others would not be heard
        context.options = _STRICT
        packet: Any = True
        while packet and not self._errors:
            ready: list[NDArray[np.uint8]] = []
            with spoken.listening(self._errors):
                packet = next(packets, None)
                if packet is None:
                    ready += self._presented(context.decode(None), screen)
                    ready += screen.finish()
                elif packet.size:  # an empty one of AVI or Ogg is no frame: the one before is still to be seen
                    self._slots.append(packet.dts)
                    if packet.is_corrupt or _beyond_the_end(packet, stream.container):
                        self._errors.append("a part of the file is missing")
                    ready += self._presented(context.decode(packet), screen)
            yield from ready

    def _presented(self, decoded: list[av.VideoFrame], screen: shown.Shown) -> Iterator[NDArray[np.uint8]]:
        for frame in decoded:
            if frame.is_corrupt:
                self._errors.append("a frame is damaged")
            if max(component.bits for component in frame.format.components) > 8:
                way = _convert("-pix_fmt yuv420p ")
                raise InputError(f"{self._path}: has more than 8 bits per channel ({frame.format.name}); {way}")
            self._check_size(frame.width, frame.height)
            self.deinterlaced += screen.interlaced(frame)
            self._times.append(frame.pts)
            try:
                yield from screen.put(frame)
            except shown.Oblique:
                raise InputError(f"{self._path}: is to be shown at an oblique angle; {_convert()}") from None

    def _opaque(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if picture.shape[2] < 4:
            return picture
        if picture[..., 3].min() < 255:
            raise InputError(
                f"{self._path}: frame {self._read} is transparent in places, and nothing tells what lies behind; lay "
                "it over a background, for example in a video editor"
            )
        return np.ascontiguousarray(picture[..., :3])

    def _counted(self, stream: Any) -> int:
        """Return how many frames the container names, after the last was read; 0 where it does not."""
        name = stream.container.format.name.split(",")[0]
        if name == "mov":
            return sum(entry.size > 0 and not entry.is_discard for entry in stream.index_entries)
        if name == "avi":  # counts the empty ones, too, also those that a last frame is shown for
            slots = [slot for slot in self._slots if slot is not None]
            step = float(np.median(np.diff(slots))) if len(slots) > 1 else 1.0
            end = slots[-1] + _UNEVEN * step if slots else 0
            return self._read if end >= stream.frames else max(round(stream.frames / step), self._read + 1)
        return 0

    def _look_at_times(self, times: list[int | None]) -> None:
        known = sorted(time for time in times if time is not None)
        steps = np.diff(known) if len(known) == len(times) > 2 else np.ones(1)
        late = np.flatnonzero(steps > _UNEVEN * np.median(steps))
        if len(late):
            self.remarks.append(
                f"its frames are not evenly spaced in time: {len(late)} come late, the first is frame {late[0] + 2}; "
                "motion between two frames is not comparable there"
            )

    def _damaged(self, found: str) -> InputError:
        why = f" ({'; '.join(dict.fromkeys(self._errors[:2]))})" if self._errors else ""
        return InputError(
            f"{self._path}: is cut short, damaged, or no video{why}; {found} can be read. Copy it again, or convert it "
            "into a folder of PNG and look at them"
        )


def _beyond_the_end(packet: Any, container: Any) -> bool:
    """Whether a packet of a DV file reaches beyond its end: FFmpeg fills up a frame that is cut with what it last read.

    Nothing else tells it, for such a packet has a whole frame's size.
    """
    return container.format.name == "dv" and packet.pos is not None and packet.pos + packet.size > container.size


def _convert(options: str = "") -> str:
    return f"convert it: ffmpeg -i IN {options}-c:v ffv1 OUT.mkv"
