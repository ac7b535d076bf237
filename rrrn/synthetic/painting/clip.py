"""One synthetic clip: its frames, and the truth about them.

A frame is the painted face seen through a backward map, which says for every pixel of the head's rectangle which
point of the texture it shows. Landmarks and flow are computed from the same maps, hence exact for what was drawn.
"""

import math

import cv2
import numpy as np

from rrrn.data import clips
from rrrn.experiment import seeds
from rrrn.synthetic.databases.layouts import Layout
from rrrn.synthetic.painting import action_units, background, maps, motion, shape
from rrrn.synthetic.painting.canvas import Canvas
from rrrn.synthetic.painting.face import Face
from rrrn.synthetic.painting.fields import gaussian, gaussian_pair
from rrrn.synthetic.painting.maps import Map
from rrrn.synthetic.painting.presets import Preset
from rrrn.synthetic.painting.sensor import SensorNoise

_PIVOT_HEIGHT = 0.35  # IOD: a turning head turns about a point behind its surface


class SyntheticClip:
    """The clip that a row of the clip table describes, drawn of ``face`` in the images of ``layout``.

    Frames are addressed by their number in the table's count; ``numbers`` lists them, int32 (T,): onset to offset
    with up to two frames before and after, or those of ``recording``, its first and last frame, if that is given.
    The frames are the same in either case. ``expression`` and ``head_motion`` have the truth about action units and
    head, and ``blink`` how far the upper lids come down, in IOD, float64 (T,).
    """

    def __init__(
        self,
        face: Face,
        clip: clips.Clip,
        layout: Layout,
        preset: Preset,
        seed: int,
        scale: float = 1.0,
        recording: tuple[int, int] | None = None,
    ) -> None:
        self.numbers = motion.span(clip)
        if recording:
            self.numbers = np.arange(recording[0], recording[1] + 1, dtype=np.int32)
        self.expression = motion.draw_expression(seed, clip, preset, self.numbers)
        self._face = face
        self._gray = layout.gray
        self._noise_sd = np.float32(preset.noise * scale)  # averaging pixels into one lowers it by as much
        self.head_motion = motion.draw_head_motion(seed, clip, preset, self.numbers, face.image_density)
        self.blink = motion.draw_blink(seed, clip, preset, self.numbers)

        size = layout.size(scale)
        self._pose = motion.draw_pose(seed, clip, size, face.image_density, scale)
        backdrop_rng = seeds.generator(seed, "background", clip.subject)
        self._background = background.paint(face.identity, size, self._pose.centre, face.image_density, backdrop_rng)
        self._sensor = SensorNoise(
            (size[1], size[0]) if layout.gray else (size[1], size[0], 3), seed, clip.subject, clip.clip
        )

        self._head = _rectangle(self._pose.centre, face, size)
        self._from_centre = _distances(self._head, self._pose.centre)
        place, self._height = self._static_map()
        self._base = maps.to_texture(face.canvas, *place)
        self._displacements = self._draw_displacements(seed, clip, preset, *place)
        self._wrinkles = [
            (cv2.remap(face.wrinkles[activation.au], *self._base, cv2.INTER_LINEAR), activation.intensity)
            for activation in self.expression
            if activation.au in face.wrinkles
        ]
        self._eyes = self._eye_rectangle()

    @property
    def intensities(self) -> np.ndarray:
        """Return the intensity of each action unit of ``expression`` in each frame, float32 (T, A)."""
        return np.stack([activation.intensity for activation in self.expression], 1).astype(np.float32)

    def render(self, number: int, noise: bool = True) -> np.ndarray:
        """Return a frame as a camera takes it, uint8, (H, W, 3) blue, green, red or (H, W) gray."""
        t = self._index(number)
        skin = cv2.remap(self._face.skin, *self._back_map(t), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        colour = skin[..., :3]
        for change, intensity in self._wrinkles:
            if intensity[t]:
                colour = colour * (1 + change * intensity[t])[..., None]
        image = self._background.copy()
        head = image[self._head]
        head[self._eyes] = self._render_eyes(t)
        head *= 1 - skin[..., 3:]
        head += colour
        return self._expose(image, number, noise)

    def landmarks(self, number: int) -> np.ndarray:
        """Return the 68 landmarks in iBUG order in image pixels, float64 (68, 2)."""
        back_x, back_y = self._back_map(self._index(number))
        origin = np.array([self._head[1].start, self._head[0].start])
        neutral = shape.landmarks(self._face.identity)
        target = self._face.canvas.to_pixels(neutral)
        points = neutral * self._face.image_density + self._pose.centre - origin
        for _ in range(12):  # inverts the backward map at the landmarks
            points += (target - maps.sample((back_x, back_y), points)) / self._face.supersampling
        return points + origin

    def flow(self, start: int, end: int, step: int = 1) -> np.ndarray:
        """Return the true flow between two frames in pixels, float32 (2, H, W), horizontal component first.

        It is the skin's motion on the head, the head's rigid motion in the eye openings, and 0 on the background.
        With a ``step``, only every ``step``-th pixel of every ``step``-th row is computed, from the first on.
        """
        first, last = self._index(start), self._index(end)
        pixels = (slice(-self._head[0].start % step, None, step), slice(-self._head[1].start % step, None, step))
        back = self._back_map(first)
        skin = maps.follow(back, self._back_map(last), self._face.supersampling, pixels)
        rigid = maps.follow(self._rigid_map(first), self._rigid_map(last), self._face.supersampling, pixels)
        shown_x, shown_y = (np.ascontiguousarray(plane[pixels]) for plane in back)
        on_head = cv2.remap(np.ascontiguousarray(self._face.skin[..., 3]), shown_x, shown_y, cv2.INTER_LINEAR) > 0.5
        in_eye = cv2.remap(self._face.openings, shown_x, shown_y, cv2.INTER_LINEAR) > 0.5
        height, width = self._background.shape[:2]
        flow = np.zeros((2, -(-height // step), -(-width // step)), np.float32)
        rows, columns = (slice(-(-edge.start // step), -(-edge.stop // step)) for edge in self._head)
        flow[:, rows, columns] = np.where(in_eye, rigid, skin * on_head)
        return flow

    def _index(self, number: int) -> int:
        index = number - int(self.numbers[0])
        if not 0 <= index < len(self.numbers):
            raise IndexError(f"frame {number} is not one of {self.numbers[0]} to {self.numbers[-1]}")
        return index

    def _static_map(self) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """Return the face coordinates (x, y) that each pixel shows of the neutral face, and their height, in IOD."""
        pose, face = self._pose, self._face
        cosine, sine = math.cos(pose.roll), math.sin(pose.roll)
        u, v = (offset / np.float32(face.image_density) for offset in self._from_centre)
        u, v = cosine * u + sine * v, cosine * v - sine * u
        relief = cv2.resize(face.height, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        relief = cv2.GaussianBlur(relief, (0, 0), 1.2) - _PIVOT_HEIGHT  # parallax of the relief, not of its grain
        coarse = Canvas(face.canvas.density / 4)
        x, y = u, v
        for _ in range(4):
            height = cv2.remap(
                relief, *maps.to_texture(coarse, x, y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            x = u - height * math.sin(pose.yaw) + x * (1 - math.cos(pose.yaw))
            y = v + height * math.sin(pose.pitch)
        return (x, y), height

    def _draw_displacements(
        self, seed: int, clip: clips.Clip, preset: Preset, x: np.ndarray, y: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Return fields of displacement, right and down in texture pixels, each with its course in time (T,)."""
        identity, density = self._face.identity, self._face.canvas.density
        fields = []
        for activation in self.expression:
            dx, dy = action_units.displacement(identity, activation.au, x, y, activation.sides)
            fields.append((dx * density, dy * density, activation.intensity))
        for tremor in motion.draw_tremors(seed, clip, preset, self.numbers):
            patch = gaussian(x, y, tremor.centre, tremor.sigma) * density
            fields.append((patch * math.cos(tremor.direction), patch * math.sin(tremor.direction), tremor.displacement))
        lid_x, lid_y = action_units.anchors(identity)["upper_lid"]
        lids = gaussian_pair(x, y, (lid_x, lid_y + 0.03), (0.20, 0.07)) * action_units.eye_gate(identity, y, above=True)
        fields.append((np.zeros_like(lids), lids * density, self.blink))
        return [field for field in fields if field[2].any()]

    def _eye_rectangle(self) -> tuple[slice, slice]:
        """Return the rectangle, inside the head's, where the eyeballs can be seen, lids wide open."""
        openings = cv2.dilate(self._face.openings, np.ones((5, 5), np.uint8))
        rows, columns = np.nonzero(cv2.remap(openings, *self._base, cv2.INTER_LINEAR) > 0.01)
        margin = 2 + int(0.04 * self._face.image_density)  # for the motion of lids and head
        return (
            slice(rows.min() - margin, rows.max() + margin + 1),
            slice(columns.min() - margin, columns.max() + margin + 1),
        )

    def _rigid_map(self, t: int) -> Map:
        """Return the backward map of frame ``t`` without the motion of the skin."""
        moved, (u, v) = self.head_motion, self._from_centre
        face = self._face
        roll, growth = float(moved.roll[t]), float(moved.growth[t])
        turn_x, turn_y = (float(angle[t]) * face.canvas.density for angle in (moved.yaw, moved.pitch))
        dx = face.supersampling * (v * roll - u * growth - float(moved.shift_x[t])) - self._height * turn_x
        dy = face.supersampling * (-u * roll - v * growth - float(moved.shift_y[t])) + self._height * turn_y
        return self._base[0] + dx, self._base[1] + dy

    def _back_map(self, t: int) -> Map:
        """Return the backward map of frame ``t``."""
        back_x, back_y = self._rigid_map(t)
        for dx, dy, course in self._displacements:
            if course[t]:
                back_x -= dx * np.float32(course[t])
                back_y -= dy * np.float32(course[t])
        return back_x, back_y

    def _render_eyes(self, t: int) -> np.ndarray:
        moved, density = self.head_motion, self._face.canvas.density
        map_x, map_y = (plane[self._eyes] for plane in self._rigid_map(t))
        map_x = map_x + np.float32(moved.gaze_x[t] * density)
        map_y = map_y + np.float32(moved.gaze_y[t] * density)
        return cv2.remap(self._face.eyeballs, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _expose(self, image: np.ndarray, number: int, noise: bool) -> np.ndarray:
        gain = 255 * float(self.head_motion.brightness[self._index(number)])
        if self._gray:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        image *= gain
        if noise:
            image += self._sensor.frame(number) * self._noise_sd
        return np.rint(np.clip(image, 0, 255)).astype(np.uint8)


def _rectangle(centre: tuple[float, float], face: Face, size: tuple[int, int]) -> tuple[slice, slice]:
    """Return rows and columns of the image that the head can reach."""
    density = face.image_density
    below = 2.40 if face.identity.hair_style == "long" else 2.05
    columns = slice(max(0, int(centre[0] - 1.62 * density)), min(size[0], int(centre[0] + 1.62 * density)))
    rows = slice(max(0, int(centre[1] - 1.80 * density)), min(size[1], int(centre[1] + below * density)))
    return rows, columns


def _distances(rectangle: tuple[slice, slice], centre: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return each pixel's distance from the head's centre in image pixels, right and down."""
    rows, columns = rectangle
    x = np.arange(columns.start, columns.stop, dtype=np.float32) - np.float32(centre[0])
    y = np.arange(rows.start, rows.stop, dtype=np.float32) - np.float32(centre[1])
    grid_x, grid_y = np.meshgrid(x, y)
    return grid_x, grid_y
