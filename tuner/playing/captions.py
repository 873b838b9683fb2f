"""What a picture of an episode is shown in: a frame of a chosen size, with a caption below the picture."""

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tuner.playing.imaging import Picture
from tuner.record_type import Record

BETWEEN = " · "  # the parts of a title
FAILED = "no success"

Size = tuple[int, int]  # pixels: width, height

SHARE, LEAST = 1 / 15, 24  # of the frame's height that the caption takes, and pixels that it takes at least
PIXELATED = 3  # times from which on a picture is enlarged pixel by pixel, as it is then of pixel art
GROUND, INK, GOOD, BAD = (23, 27, 33), (236, 239, 243), (112, 214, 130), (240, 128, 120)
SMALLEST_FONT = 9  # pixels


class Caption(Record):
    """What is said below a picture."""

    title: str  # on the left: who plays, and which episode
    figures: str  # on the right, before the success: distance or return
    success: bool | None  # None while nothing is said


def framed(picture: Picture, caption: Caption, size: Size) -> Picture:
    """A picture (height, width, 3) of any size in a frame of `size`, as large as fits, above its caption."""
    width, height = size
    strip = max(LEAST, round(height * SHARE))
    frame = Image.new("RGB", size, GROUND)
    shown = _fitted(picture, (width, height - strip))
    frame.paste(shown, ((width - shown.width) // 2, (height - strip - shown.height) // 2))
    _write(ImageDraw.Draw(frame), caption, (width, height), strip)
    return np.asarray(frame)


def _fitted(picture: Picture, box: Size) -> Image.Image:
    height, width, _ = picture.shape
    scale = min(box[0] / width, box[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = Image.Resampling.NEAREST if scale >= PIXELATED else Image.Resampling.LANCZOS
    return Image.fromarray(picture).resize(size, how)


def _write(draw: ImageDraw.ImageDraw, caption: Caption, size: Size, strip: int) -> None:
    width, height = size
    edge, middle = round(strip * 0.4), height - strip / 2
    state = {True: "success", False: FAILED, None: ""}[caption.success]
    font = _font(max(SMALLEST_FONT, round(strip * 0.5)))
    right = width - edge
    draw.text((right, middle), state, GOOD if caption.success else BAD, font, anchor="rm")
    right -= round(draw.textlength(f"{FAILED}   ", font))  # its place is kept, so that nothing moves at the end
    draw.text((right, middle), caption.figures, INK, font, anchor="rm")
    right -= round(draw.textlength(f"{caption.figures}   ", font))
    draw.text((edge, middle), _shortened(draw, caption.title, right - edge, font), INK, font, anchor="lm")


def _shortened(draw: ImageDraw.ImageDraw, text: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    """The text without parts in other scripts, and without its first ones if it is too long: the last tell most."""
    parts = [part for part in text.split(BETWEEN) if _drawable(part, font)]
    while len(parts) > 1 and draw.textlength(BETWEEN.join(parts), font) > width:
        del parts[0]
    short = BETWEEN.join(parts)
    while short and draw.textlength(f"{short}…", font) > width:
        short = short[:-1]
    return short if short == BETWEEN.join(parts) else f"{short}…"


def _drawable(text: str, font: ImageFont.FreeTypeFont) -> bool:
    """Whether the font has every letter: names may have those of any script, of which it shows empty boxes."""
    missing = bytes(font.getmask("\U0010ffff"))
    return not any(bytes(font.getmask(letter)) == missing for letter in text if letter != " ")


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 - so is the default with a size
    return font
