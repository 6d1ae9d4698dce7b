"""Frames as a small GIF: one palette for all, and of each frame only the pixels that changed."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lndp_agents.persistence import write_file

NUM_COLORS = 47
"""Most colors of the palette; one more index means "as before"."""
PALETTE_FRAMES = 50
"""Number of first frames that the palette is chosen from."""
LAST_FRAME_SECONDS = 3.0
SCALES = 1.0, 7 / 8, 3 / 4
"""Scales of frames that are tried to save bytes, before any frame is left out."""

Frame = NDArray[np.uint8]
Indexed = Image.Image
"""An image of indices into a palette."""


def write_gif(
    path: str | PathLike[str], frames: Iterable[Frame], fps: float = 10.0, *, max_bytes: int | None = None
) -> None:
    """Write frames as a GIF that repeats for ever and rests for three seconds on the last frame.

    Args:
        path: of the file; it is replaced only when the new one is complete.
        frames: (height, width, 3) uint8 each, all of one size.
        fps: frames per second.
        max_bytes: the largest file wanted. To keep to it the picture is made smaller, down to three quarters;
            then every second frame is left out (the others are shown for twice as long), and so on. The last
            one stays.

    Raises:
        ValueError: the path does not end in .gif, there are no frames, they differ in size, `fps` is out of
            range, or `max_bytes` is too few even for two small frames.
        OSError: the file cannot be written; found out before the first frame is asked for.

    Example:
        >>> import gymnasium
        >>> from lndp_agents import frames_of_life, load_pretrained, write_gif
        >>> env = gymnasium.make("lndp/Foraging-v0", render_mode="rgb_array")
        >>> frames = frames_of_life(load_pretrained("foraging"), env, seed=0, max_steps=2, width=320)
        >>> write_gif("life.gif", frames, fps=10)
    """
    path = Path(path)
    if not 0.1 <= fps <= 50:
        raise ValueError(f"fps={fps}: give 0.1 to 50 frames per second, which GIF players can show")
    check_writable(path)
    images = _with_few_colors(iter(frames))
    every = 1
    while every < 2 * len(images):
        kept = [*images[:-1:every], images[-1]]
        for scale in SCALES:
            content = _encode([_smaller(image, scale) for image in kept], every / fps)
            if max_bytes is None or len(content) <= max_bytes:
                return write_file(path, content)
        every *= 2
    raise ValueError(f"{path} would take more than {max_bytes} bytes even with two small frames: allow more")


def check_writable(path: Path) -> None:
    """Check that a GIF can be written there, before a whole lifetime is drawn.

    Raises:
        ValueError: its name is not that of a GIF.
        OSError: nothing can be written there.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the name of a file in it")
    if path.suffix.lower() != ".gif":
        raise ValueError(f"{path}: only GIFs are written; name it {path.with_suffix('.gif')}")
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        reason = (
            f"{path} cannot be written ({error.strerror}): give a file in a folder that exists and is yours"
        )
        raise type(error)(reason) from error


def _with_few_colors(frames: Iterator[Frame]) -> list[Indexed]:
    """Return all frames with one palette."""
    frames = _of_one_size(frames)
    first = list(islice(frames, PALETTE_FRAMES))
    if not first:
        raise ValueError("no frames to write: give at least one")
    palette = _palette(first)
    return [_with_palette(Image.fromarray(frame), palette) for frame in chain(first, frames)]


def _of_one_size(frames: Iterator[Frame]) -> Iterator[Frame]:
    shape: tuple[int, ...] | None = None
    for number, frame in enumerate(frames):
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ValueError(f"frame {number} is {frame.shape}, the first {shape}: give frames of one size")
        yield frame


def _palette(frames: Sequence[Frame]) -> Indexed:
    """Return an image with a palette of the colors that stand for those of the frames."""
    sample = Image.fromarray(np.concatenate([frame[::3, ::3] for frame in frames]))
    chosen = sample.quantize(NUM_COLORS, Image.Quantize.MAXCOVERAGE, kmeans=1).getpalette() or []
    colors = np.unique(np.array(chosen, np.uint8).reshape(-1, 3), axis=0)
    palette = Image.new("P", (1, 1))
    palette.putpalette(colors.tobytes())
    return palette


def _with_palette(image: Image.Image, palette: Indexed) -> Indexed:
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _smaller(image: Indexed, scale: float) -> Indexed:
    """Return the image scaled down, with the same palette."""
    if scale == 1:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return _with_palette(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), image)


def _encode(images: Sequence[Indexed], seconds: float) -> bytes:
    """Return the bytes of a GIF whose frames are shown for so long each."""
    colors = images[0].getpalette() or []
    as_before = len(colors) // 3
    deltas = [images[0].copy()]
    for before, after in pairwise(images):
        indices = np.asarray(after)
        indices = np.where(indices == np.asarray(before), np.uint8(as_before), indices)
        deltas.append(Image.frombytes("P", after.size, indices.tobytes()))
    palette = bytes([*colors, *_another(colors)])
    for delta in deltas:
        delta.putpalette(palette)
    durations = [*[round(1000 * seconds)] * (len(deltas) - 1), round(1000 * LAST_FRAME_SECONDS)]
    file = io.BytesIO()
    deltas[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=deltas[1:],
        palette=palette,
        transparency=as_before,
        duration=durations,
        disposal=1,
        optimize=False,
        loop=0,
    )
    return file.getvalue()


def _another(colors: Sequence[int]) -> tuple[int, int, int]:
    """Return a color that the palette does not have."""
    taken = set(zip(colors[::3], colors[1::3], colors[2::3], strict=True))
    return next((red, 0, 255) for red in range(256) if (red, 0, 255) not in taken)
