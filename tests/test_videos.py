"""Videos as cameras, phones and editors make them: read as ffmpeg itself shows them, or refused by name."""

import http.server
import os
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from rrrn.data.video import decode
from rrrn.data.video.decode import Video
from rrrn.data.video.shown import upright
from rrrn.occlusion.command import footage
from rrrn.running.stage import InputError
from tests.films import HEIGHT, WIDTH, ffmpeg, film, frames, shown

X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-qp", "8")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-pix_fmt", "yuv420p")
INTERLACED = ("-flags", "+ilme+ildct")
DEINTERLACE = "bwdif=mode=send_frame:deint=interlaced"


def read(path: Path) -> np.ndarray:
    """Frames (T, H, W, 3) of a video in colour."""
    return np.stack(list(Video(path)))


def close(found: np.ndarray, expected: np.ndarray, mean: float = 4.0) -> None:
    """Each frame is its original but for what a codec loses, and nearer to it than its neighbours are."""
    assert found.shape == expected.shape
    error = np.abs(found.astype(int) - expected).mean(axis=(1, 2, 3))
    assert error.max() < mean, error


def as_ffmpeg(path: Path, filters: str = "null", far: int = 1) -> np.ndarray:
    """The frames of a video, which must be those of ffmpeg."""
    found = read(path)
    off = np.abs(found.astype(int) - shown(path, *found.shape[1:3], filters))
    assert off.max() <= far and off.mean() < 0.02, (off.max(), off.mean())
    return found


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", X264), ("a.ts", X264), ("a.mts", (*X264, "-f", "mpegts", "-mpegts_m2ts_mode", "1")), ("b.ts", MPEG2),
        ("a.mpg", MPEG2), ("a.webm", ("-c:v", "libvpx-vp9", "-b:v", "4M")),
        ("b.webm", ("-c:v", "libvpx", "-b:v", "4M")),
        ("a.avi", ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj444p")), ("a.flv", ("-c:v", "flv1", "-q:v", "2")),
        ("a.wmv", ("-c:v", "wmv2", "-q:v", "2")), ("a.mkv", ("-c:v", "ffv1")), ("b.avi", ("-c:v", "huffyuv")),
        ("c.mp4", (*X264, "-movflags", "frag_keyframe+empty_moov", "-g", "5")), ("a.mov", ("-c:v", "png")),
        ("a.mxf", MPEG2), ("d.mp4", ("-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p")),
    ],
)  # fmt: skip
def test_usual_videos_are_what_ffmpeg_shows(tmp_path, name, options):
    path = film(tmp_path / name, *options)
    video = Video(path)
    found = np.stack(list(video))
    close(found, frames(), 8)
    assert (video.rate, video.deinterlaced, video.remarks) == (25, 0, [])
    as_ffmpeg(path)


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
@pytest.mark.parametrize(("scale", "pixels"), [("tv", "yuv420p"), ("pc", "yuv420p"), ("pc", "yuvj420p")])
def test_colours_are_those_that_the_file_tells(tmp_path, matrix, scale, pixels):
    """Of smooth colours, which coarse chroma keeps: without the tag the mean would be off by 10 and more."""
    path = film(tmp_path / "a.mp4", "-vf", f"scale=out_color_matrix={matrix}:out_range={scale}", "-c:v", "libx264",
                "-qp", "1", "-pix_fmt", pixels, "-colorspace", matrix, "-color_range", scale)  # fmt: skip
    close(as_ffmpeg(path), frames(), 2.5)


def test_interlaced_frames_keep_their_first_field_and_their_times(tmp_path):
    """The recipe of the report: of 50 fields a second are 25 frames."""
    path = film(tmp_path / "x.mp4", "-vf", "fps=50,interlace=lowpass=0", *X264, *INTERLACED, rate=50)
    clip = footage.read(path)
    assert clip.deinterlaced == len(clip.frames) == 12 and clip.rate == 25 and not clip.remarks
    as_ffmpeg(path, DEINTERLACE, 40)
    close(clip.frames, frames()[::2], 3)  # the upper field is that of the first of two frames
    fields = clip.frames[:, ::2].astype(int) - frames()[::2, ::2]
    assert np.abs(fields).mean() < 2.5


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize(
    ("name", "options", "mean"),
    [
        ("a.mkv", ("-c:v", "huffyuv", "-pix_fmt", "yuv422p"), 3), ("a.mov", ("-c:v", "png"), 2),
        ("b.mkv", ("-c:v", "huffyuv", "-pix_fmt", "rgb24"), 2),
        ("b.mov", ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj422p"), 4),
        ("c.mkv", ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj422p"), 4),
        ("d.mkv", ("-c:v", "libvpx", "-b:v", "4M"), 6),
    ],
)  # fmt: skip
def test_frames_without_marks_are_interlaced_if_the_container_says_so(tmp_path, name, options, mean, order):
    path = film(tmp_path / name, "-vf", f"interlace=lowpass=0:scan={order}", *options, rate=50)
    with av.open(str(path)) as container:
        assert not any(frame.interlaced_frame for frame in container.decode(video=0))
    clip = footage.read(path)
    assert clip.deinterlaced == len(clip.frames) == 12 and clip.rate == 25
    (remark,) = clip.remarks
    assert remark.startswith("the container says that its frames are interlaced, and none is marked")
    as_ffmpeg(path, f"bwdif=mode=send_frame:deint=all:parity={order}", 40)
    close(clip.frames, frames()[::2], mean)
    kept = slice(order == "bff", None, 2)
    fields = clip.frames[:, kept].astype(int) - frames()[::2, kept]
    assert np.abs(fields).mean() < mean
    ffmpeg("-i", path, "-vf", "setfield=prog", "-c:v", "ffv1", tmp_path / "out.mkv")
    progressive = footage.read(tmp_path / "out.mkv")
    assert (len(progressive.frames), progressive.deinterlaced, progressive.remarks) == (12, 0, ())


def joined(folder: Path, *parts: Path, name: str) -> Path:
    (folder / "list.txt").write_text("".join(f"file '{part}'\n" for part in parts))
    ffmpeg("-f", "concat", "-safe", "0", "-i", folder / "list.txt", "-c", "copy", folder / name)
    return folder / name


def test_a_mark_of_one_frame_is_believed_for_all(tmp_path):
    """Where frames tell, those that are not marked are progressive, whatever the container says of the whole."""
    many = frames(60)
    second = film(tmp_path / "p.ts", *X264, given=many[40:])
    first = film(tmp_path / "i.ts", "-vf", "interlace=lowpass=0", *X264, *INTERLACED, given=many[:40], rate=50)
    path = joined(tmp_path, first, second, name="x.mkv")
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.field_order in decode._FIRST
    clip = footage.read(path)
    assert (clip.deinterlaced, len(clip.frames), clip.remarks) == (20, 40, ())


@pytest.mark.parametrize("name", ["x.ts", "x.mkv", "x.mp4"])
def test_progressive_frames_go_before_interlaced_ones(tmp_path, name):
    many = frames(80)
    first = film(tmp_path / "p.ts", *X264, given=many[:20])
    second = film(tmp_path / "i.ts", "-vf", "interlace=lowpass=0", *X264, *INTERLACED, given=many[20:], rate=50)
    path = joined(tmp_path, first, second, name=name)
    clip = footage.read(path)
    assert clip.deinterlaced == 30 and len(clip.frames) == 50
    close(clip.frames, np.concatenate([many[:20], many[20::2]]), 3)
    as_ffmpeg(path, DEINTERLACE, 40)


def test_dv_is_read_in_square_pixels(tmp_path):
    path = film(tmp_path / "a.dv", "-vf", "scale=720:576", "-target", "pal-dv")
    found = as_ffmpeg(path, DEINTERLACE, 40)
    assert found.shape == (24, 576, 768, 3)


@pytest.mark.parametrize("name", ["a.dv", "a.mp4"])
@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize("share", [0.005, 0.5, 0.99999])
def test_a_dv_frame_that_is_cut_is_refused(tmp_path, name, count, share):
    """FFmpeg gives it a whole frame's bytes, of the frame before or of nothing, and decodes them without an error."""
    size = 144_000  # of a frame, 625 lines
    path = film(tmp_path / "whole.dv", "-vf", "scale=720:576", "-target", "pal-dv", given=frames(4))
    data = path.read_bytes()
    assert len(data) == 4 * size
    cut = tmp_path / name
    cut.write_bytes(data[: int((count + share) * size)])
    with pytest.raises(InputError, match=rf"{name}: is cut short"):
        footage.read(cut)
    if count:
        cut.write_bytes(data[: count * size])
        assert len(footage.read(cut).frames) == count


@pytest.mark.parametrize("options", [("-vf", "interlace", *X264), ("-vf", "interlace", *MPEG2)])
@pytest.mark.parametrize("name", ["a.ts", "a.mts", "a.mkv"])
def test_interlaced_colours_are_not_mixed_between_fields(tmp_path, name, options):
    """Chroma of 4:2:0 belongs to one field. Stripes that only one of them shows would be smeared otherwise."""
    extra = ("-f", "mpegts") if name == "a.mts" else ()
    path = film(tmp_path / name, *options, *INTERLACED, *extra, rate=50)
    as_ffmpeg(path, DEINTERLACE, 40)


def test_a_cut_without_encoding_shows_what_the_edit_list_says(tmp_path):
    whole = film(tmp_path / "g.mp4", *X264, "-g", "100", "-bf", "2")
    ffmpeg("-ss", "0.36", "-i", whole, "-c", "copy", "-t", "0.4", tmp_path / "cut.mp4")
    with av.open(str(tmp_path / "cut.mp4")) as container:
        stored = sum(packet.size > 0 for packet in container.demux(video=0))
    found = as_ffmpeg(tmp_path / "cut.mp4")
    assert 8 <= len(found) < stored
    first = np.abs(frames().astype(int) - found[0]).mean(axis=(1, 2, 3)).argmin()
    assert first >= 8
    close(found, frames()[first : first + len(found)])


@pytest.mark.parametrize("base", ["1/25", "1/500"])
def test_empty_chunks_of_an_avi_are_no_frames(tmp_path, base):
    path = film(tmp_path / "a.avi", "-fps_mode", "passthrough", "-enc_time_base", base, "-c:v", "mpeg4", "-q:v", "2")
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == {"1/25": 24, "1/500": 480}[base]
    clip = footage.read(path)
    assert clip.rate == 25 and not clip.remarks
    close(clip.frames, frames())


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.ts", "a.mkv"])
def test_content_counts_and_not_the_name(tmp_path, name):
    path = film(tmp_path / "a.webm", "-c:v", "libvpx-vp9", "-b:v", "4M").rename(tmp_path / name)
    close(footage.read(path).frames, frames())


@pytest.mark.parametrize(("aspect", "shape"), [("2", (96, 256)), ("1/2", (192, 128)), ("16/15", (96, 137))])
def test_pixels_become_square_by_enlarging(tmp_path, aspect, shape):
    path = film(tmp_path / "a.mp4", "-vf", f"setsar={aspect}", *X264)
    assert as_ffmpeg(path).shape[1:3] == shape


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_phone_is_upright(tmp_path, turn):
    whole = film(tmp_path / "a.mp4", *X264)
    ffmpeg("-i", whole, "-c", "copy", "-metadata:s:v", f"rotate={turn}", tmp_path / "turned.mp4")
    found = read(tmp_path / "turned.mp4")
    assert found.shape == ((24, HEIGHT, WIDTH, 3) if turn == 180 else (24, WIDTH, HEIGHT, 3))
    close(found, np.rot90(frames(), turn // 90, axes=(1, 2)))
    as_ffmpeg(tmp_path / "turned.mp4", far=2)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), [[1, 2, 3], [4, 5, 6]]), ((-1, 0, 0, 1), [[3, 2, 1], [6, 5, 4]]),
        ((1, 0, 0, -1), [[4, 5, 6], [1, 2, 3]]), ((-1, 0, 0, -1), [[6, 5, 4], [3, 2, 1]]),
        ((0, 1, -1, 0), [[4, 1], [5, 2], [6, 3]]), ((0, -1, 1, 0), [[3, 6], [2, 5], [1, 4]]),
        ((0, 1, 1, 0), [[1, 4], [2, 5], [3, 6]]), ((0, -1, -1, 0), [[6, 3], [5, 2], [4, 1]]),
    ],
)  # fmt: skip
def test_a_display_matrix_moves_points_as_it_says(matrix, expected):
    image = np.arange(1, 7, dtype=np.uint8).reshape(2, 3, 1)
    assert upright(image, matrix)[..., 0].tolist() == expected


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv444p12le"])
def test_more_than_eight_bits_are_refused_by_name(tmp_path, pixels):
    path = film(tmp_path / "a.mkv", "-c:v", "ffv1", "-pix_fmt", pixels)
    with pytest.raises(InputError, match=rf"more than 8 bits per channel \({pixels}\); convert it: ffmpeg -i IN -pix_"):
        read(path)


def test_transparency_is_refused_and_opaque_alpha_is_none(tmp_path):
    clear = ("-vf", "format=rgba,colorchannelmixer=aa=0.5", "-c:v", "png", "-pix_fmt", "rgba")
    with pytest.raises(InputError, match=r"frame 1 is transparent in places, .* lay it over a background"):
        read(film(tmp_path / "a.mov", *clear))
    assert np.array_equal(read(film(tmp_path / "b.mov", "-c:v", "png", "-pix_fmt", "rgba")), frames())


def test_frames_that_are_all_equal_are_refused_and_runs_are_named(tmp_path):
    still = np.repeat(frames()[:1], 5, axis=0)
    path = film(tmp_path / "a.mkv", "-c:v", "ffv1", given=still)
    with pytest.raises(InputError, match=r"all 5 frames are equal, bit by bit, which a camera's never are"):
        footage.read(path)
    assert len(footage.read(film(tmp_path / "two.mkv", "-c:v", "ffv1", given=still[:2])).frames) == 2
    paused = np.concatenate([frames()[:3], still, frames()[4:6]])
    (remark,) = footage.read(film(tmp_path / "b.mkv", "-c:v", "ffv1", given=paused)).remarks
    assert remark.startswith("4 of 10 frames are equal to the one before, bit by bit (5, 6, 7, 8)")
    doubled = film(tmp_path / "c.mkv", "-vf", "fps=50", "-c:v", "ffv1")
    (remark,) = footage.read(doubled).remarks
    assert remark.startswith(
        "24 of 48 frames are equal to the one before, bit by bit (2, 4, 6, 8, 10, 12, 14, 16 and 16"
    )


def test_uneven_times_are_named(tmp_path):
    path = film(
        tmp_path / "a.mkv", "-vf", "setpts='if(gte(N,7),N+3,N)'", "-fps_mode", "vfr", "-r", "25", "-c:v", "ffv1"
    )
    clip = footage.read(path)
    assert len(clip.frames) == 24 and "1 come late, the first is frame 8" in clip.remarks[0]


def test_a_lost_packet_is_seen(tmp_path):
    """A packet of a transport stream that is gone makes pictures of what is left, more or less."""
    path = film(tmp_path / "a.ts", *X264)
    whole = path.read_bytes()
    at = len(whole) // 2 // 188 * 188
    path.write_bytes(whole[:at] + whole[at + 188 :])
    with pytest.raises(
        InputError, match=r"a\.ts: is cut short, damaged, or no video \(.*; \d+ of about \d+ frames can"
    ):
        read(path)


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.avi", "a.gif"])
def test_a_script_that_opens_other_files_is_no_video(tmp_path, name):
    """Whatever its name is: neither what lies beside it is read nor anybody is called."""
    film(tmp_path / "secret.ts", *X264)
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/a.ts"
        for text in (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n",
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
            f"ffconcat version 1.0\nfile {tmp_path / 'secret.ts'}\n",
            "ffconcat version 1.0\nfile secret.ts\n",
            f"ffconcat version 1.0\nfile {address}\n",
            f"<MPD><Period><AdaptationSet><BaseURL>{address}</BaseURL></AdaptationSet></Period></MPD>",
            f"v=0\nc=IN IP4 127.0.0.1\nm=video {server.server_port} RTP/AVP 96\n",
        ):
            (tmp_path / name).write_text(text)
            with pytest.raises(InputError, match=r"is cut short, damaged, or no video .*; no frames can be read"):
                read(tmp_path / name)
        server.shutdown()
    assert not asked


@pytest.mark.parametrize("name", ["http:a.mp4", "concat:a|b.mp4", "%03d.mkv", "a b'ü.avi", "file:x.mp4", "-i.mp4"])
def test_a_name_is_only_a_name(tmp_path, monkeypatch, name):
    film(tmp_path / "a.mkv", "-c:v", "ffv1").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert np.array_equal(read(Path(name)), frames())


def test_sound_alone_is_no_video(tmp_path):
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.2", tmp_path / "a.mkv")
    with pytest.raises(InputError, match=r"a\.mkv: holds no pictures"):
        read(tmp_path / "a.mkv")


def test_a_file_that_may_not_be_read_is_the_systems_matter(tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    path.touch()
    if os.geteuid() == 0:
        monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "denied", str(path))))
    else:
        path.chmod(0)
    with pytest.raises(PermissionError):
        read(path)


def test_a_shape_of_pixels_that_no_camera_has_is_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="claims pixels 5 times as wide as high"):
        read(film(tmp_path / "a.mkv", "-vf", "setsar=5", "-c:v", "ffv1"))
    monkeypatch.setattr(decode.frames, "MAX_PIXELS", 2 * HEIGHT * WIDTH)
    with pytest.raises(InputError, match="claims 384x96 pixels"):
        read(film(tmp_path / "b.mkv", "-vf", "setsar=3", "-c:v", "ffv1"))
