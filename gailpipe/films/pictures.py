"""Takes of several policies side by side, as an MP4 and as a picture that moves inside Markdown."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO

import av
from PIL import Image, ImageDraw, ImageFont, ImageOps

from gailpipe.films.record import Take

BAR = 44  # pixels above each take, for its words
MARGIN = 10
X264 = {"crf": "27", "x264-params": "no-asm=1"}  # its assembly code gives bytes that depend on where buffers lie
INK, PAPER, FADING = "#202020", "#ffffff", 0.45


def pictures_of(takes: Sequence[tuple[str, Take]], size: tuple[int, int]) -> list[Image.Image]:
    """Return pictures of labelled takes beside each other; one that has ended says so, and its last frame fades."""
    length = max(len(take.frames) for _, take in takes)
    return [_picture(takes, number, size) for number in range(length)]


def _picture(takes: Sequence[tuple[str, Take]], number: int, size: tuple[int, int]) -> Image.Image:
    width, height = size
    picture = Image.new("RGB", (width * len(takes), height + BAR), PAPER)
    draw = ImageDraw.Draw(picture)
    for place, (label, take) in enumerate(takes):
        last = len(take.frames) - 1
        whole = Image.fromarray(take.frames[min(number, last)])
        frame = ImageOps.pad(whole, size, Image.Resampling.LANCZOS, PAPER)
        if number > last:
            frame = Image.blend(frame, Image.new("RGB", size, PAPER), FADING)
        picture.paste(frame, (width * place, BAR))
        draw.text((width * place + MARGIN, BAR // 2), label, INK, ImageFont.load_default(20), anchor="lm")
        ended = " · ended" if take.ended and number >= last else ""
        words = f"{take.returns[min(number, last)]:,.0f}{ended}"
        draw.text((width * (place + 1) - MARGIN, BAR // 2), words, INK, ImageFont.load_default(17), anchor="rm")
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


def webp_bytes(pictures: Sequence[Image.Image], fps: int, most_pixels: int) -> bytes:
    """Return every second picture, at most `most_pixels` wide, as an endless animated WebP."""
    width = min(pictures[0].width, most_pixels)
    size = width, round(pictures[0].height * width / pictures[0].width)
    first, *others = [picture.resize(size, Image.Resampling.LANCZOS) for picture in pictures[::2]]
    file = BytesIO()
    duration = round(2000 / fps)  # of a picture, in milliseconds
    first.save(file, "WEBP", save_all=True, append_images=others, duration=duration, loop=0, quality=45, method=4)
    return file.getvalue()
