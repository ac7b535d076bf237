"""What the two recorded databases look like on disk, which synthetic ones imitate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Image size and naming of a database at full scale."""

    width: int
    height: int
    eye_distance: float  # pixels between the eye centres of a mean face
    gray: bool

    def size(self, scale: float) -> tuple[int, int]:
        """Return (width, height) in pixels of images at ``scale``."""
        return round(self.width * scale), round(self.height * scale)

    def file_name(self, subject: str, number: int, digits: int = 5, suffix: str = ".jpg") -> str:
        """Return the name of a frame's file: unpadded as in CASME II, or as in SAMM with the subject's number.

        SAMM pads the frame's number to ``digits``, which differ from clip to clip.
        """
        if self.gray:
            return f"{subject.rpartition('-')[2]}_{number:0{digits}d}{suffix}"
        return f"img{number}{suffix}"


LAYOUTS = {
    "casme2": Layout(width=640, height=480, eye_distance=108.0, gray=False),
    "samm": Layout(width=960, height=650, eye_distance=150.0, gray=True),
}


def of_database(database: str) -> Layout:
    """Return the layout of a database by its name: SAMM's if the name says so, else CASME II's."""
    return LAYOUTS["samm" if "samm" in database else "casme2"]
