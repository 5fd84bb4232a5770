"""Takes of several policies side by side, as an MP4 and as a picture that moves inside Markdown."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO

import av
from PIL import Image, ImageDraw, ImageFont

from gailpipe.films.record import Take

BAR = 44  # pixels above each take, for its words
MARGIN = 10
X264 = {"crf": "27", "x264-params": "no-asm=1"}  # its assembler gives other bytes with the place in memory
INK, PAPER, FADED = "#202020", "#ffffff", "#707070"


def pictures_of(takes: Sequence[tuple[str, Take]], size: tuple[int, int]) -> list[Image.Image]:
    """Return pictures of labelled takes beside each other; one that has ended holds its last frame."""
    length = max(len(take.frames) for _, take in takes)
    return [_picture([(label, take, number) for label, take in takes], size) for number in range(length)]


def _picture(panels: Sequence[tuple[str, Take, int]], size: tuple[int, int]) -> Image.Image:
    width, height = size
    picture = Image.new("RGB", (width * len(panels), height + BAR), PAPER)
    draw = ImageDraw.Draw(picture)
    bold, plain = ImageFont.load_default(20), ImageFont.load_default(17)
    for place, (label, take, number) in enumerate(panels):
        held = number >= len(take.frames)
        number = min(number, len(take.frames) - 1)
        frame = Image.fromarray(take.frames[number]).resize(size, Image.Resampling.LANCZOS)
        if held:
            frame = Image.blend(frame, Image.new("RGB", size, PAPER), 0.45)
        picture.paste(frame, (width * place, BAR))
        draw.text((width * place + MARGIN, BAR // 2), label, INK, bold, anchor="lm")
        words = f"{take.returns[number]:,.0f}{' · ended' if held and take.ended else ''}"
        draw.text((width * (place + 1) - MARGIN, BAR // 2), words, FADED if held else INK, plain, anchor="rm")
    return picture


def mp4_bytes(pictures: Sequence[Image.Image], fps: int) -> bytes:
    """Return the pictures as H.264 in MP4; both sides must be even."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options=X264)
        stream.width, stream.height = pictures[0].size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_image(picture).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def webp_bytes(pictures: Sequence[Image.Image], fps: float, width: int) -> bytes:
    """Return the pictures, scaled to `width`, as an endless animated WebP."""
    height = round(pictures[0].height * width / pictures[0].width)
    small = [picture.resize((width, height), Image.Resampling.LANCZOS) for picture in pictures]
    file = BytesIO()
    small[0].save(
        file, "WEBP", save_all=True, append_images=small[1:], duration=round(1000 / fps), loop=0, quality=45, method=4
    )
    return file.getvalue()
