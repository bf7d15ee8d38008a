"""Images: single files and folders of one format."""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image

from .truth import Array, Case
from .values import chance, pick


def pixels(rng, width, height, channels):
    """A smooth picture with noise, 8 bits."""
    y, x = np.mgrid[0:height, 0:width]
    across, down = x * 200 // max(1, width - 1), y * 200 // max(1, height - 1)
    base = np.stack([across, down, (across + down) // 2], axis=2)
    noise = rng.integers(0, 40, (height, width, 1)) + rng.integers(0, 10, (height, width, 3))
    return np.ascontiguousarray((base + noise).astype(np.uint8)[:, :, :channels])


def laid_on_black(image):
    """What is transparent lies on black, by its alpha."""
    if "transparency" in image.info or image.mode in ("LA", "RGBA", "PA"):
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image.convert("RGBA"))
        return image
    return image


def flat(image, gray):
    """The values of an image as `[channels, height, width]`."""
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)[None]
    image = laid_on_black(image)
    values = np.asarray(image.convert("L" if gray else "RGB"))
    return values[None] if gray else values.transpose(2, 0, 1)


def is_gray(image):
    return image.mode in ("1", "L", "LA") or image.mode.startswith("I;16")


def by_pillow(folder, names):
    """How Pillow reads the images, a row each. Where one has colors, all are read in color."""
    images = []
    for name in names:
        with Image.open(folder / name) as image:
            # Pillow gives what the first frame of a GIF leaves free some color of its palette; browsers show nothing there.
            extent = getattr(image, "dispose_extent", None)
            image.load()
            images.append(within(image, extent))
    gray = all(is_gray(image) for image in images)
    return Array(np.stack([flat(image, gray).ravel() for image in images]))


def within(image, extent):
    """An image that is black beside a part of it."""
    if extent is None or tuple(extent) == (0, 0, *image.size):
        return image
    whole = Image.new("RGB", image.size)
    whole.paste(laid_on_black(image).convert("RGB").crop(extent), extent[:2])
    return whole


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def png_chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_16(values):
    """A PNG of 16 bits a value, `[height, width, channels]`, which Pillow does not write."""
    height, width, channels = values.shape
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 0 if channels == 1 else 2, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(lines)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def sizes(rng, large):
    return (700, 600) if large else (int(rng.integers(1, 25)), int(rng.integers(1, 25)))


def case_of(contents, ending, rows, rng, **more):
    """A case of one image, or of a folder of some of them."""
    names = [f"{place:02}.{ending}" for place in range(len(contents))]
    truth = Array(np.stack([row.ravel() for row in rows]))
    if len(contents) == 1:
        source, files = names[0], {names[0]: contents[0]}
        where = names
    else:
        source, files = "set", {f"set/{name}": content for name, content in zip(names, contents)}
        where = list(files)
    reference = more.pop("reference", None) or (lambda folder: by_pillow(folder, where))
    return Case(files=files, source=source, truth=truth, reference=reference, output=".npy", **more)


def how_many(rng):
    return pick(rng, [1, 1, 2, 3])


def png(rng, large):
    width, height = sizes(rng, large)
    mode = pick(rng, ["1", "L", "LA", "P", "RGB", "RGB", "RGBA", "PT", "I;16", "RGB16"])
    contents, rows = [], []
    for _ in range(how_many(rng)):
        values = pixels(rng, width, height, 3)
        if mode in ("I;16", "RGB16"):
            deep = rng.integers(0, 65536, (height, width, 1 if mode == "I;16" else 3)).astype(np.uint16)
            contents.append(png_16(deep))
            rows.append(deep.transpose(2, 0, 1))
            continue
        image = Image.fromarray(values)
        options = {"optimize": chance(rng, 0.3)}
        if mode in ("P", "PT"):
            image = image.quantize(int(rng.integers(2, 200)))
            options |= {"transparency": 0} if mode == "PT" else {}
        elif mode in ("RGBA", "LA"):
            image = image.convert(mode)
            image.putalpha(Image.fromarray(pixels(rng, width, height, 3)[:, :, 2]))
        else:
            image = image.convert(mode)
        contents.append(saved(image, "PNG", **options))
        if mode == "PT":
            image.info["transparency"] = 0
        rows.append(flat(image, is_gray(image)))
    ending = pick(rng, ["png"] * 9 + ["PNG"])
    reference = png_reference(rows, mode)
    return case_of(contents, ending, rows, rng, is_checked=True, about=f"{mode} {width}x{height}", reference=reference)


def png_reference(rows, mode):
    """Pillow reads 16 bits of color as 8: there the reference is the high byte of what was written."""
    if mode != "RGB16":
        return None

    def read(folder):
        deep = np.stack([row.ravel() for row in rows])
        paths = sorted(folder.rglob("*.[pP][nN][gG]"))
        for path, row in zip(paths, rows, strict=True):
            with Image.open(path) as image:
                high = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
            if not np.array_equal(high, row >> 8):
                raise ValueError("Pillow reads other values")
        return Array(deep)

    return read


def bmp(rng, large):
    width, height = sizes(rng, large)
    mode = pick(rng, ["1", "L", "P", "RGB", "RGB"])
    images = []
    for _ in range(how_many(rng)):
        image = Image.fromarray(pixels(rng, width, height, 3))
        images.append(image.quantize(16) if mode == "P" else image.convert(mode))
    rows = [flat(image, is_gray(image)) for image in images]
    return case_of([saved(i, "BMP") for i in images], "bmp", rows, rng, about=f"{mode} {width}x{height}")


def gif(rng, large):
    """A palette, some with a color that is transparent; of an animation the first picture counts."""
    width, height = sizes(rng, large)
    contents, rows = [], []
    options = {"interlace": int(chance(rng, 0.3))}
    if chance(rng, 0.3):
        options["transparency"] = 0
    moves = chance(rng, 0.15)
    for _ in range(how_many(rng)):
        make = lambda: Image.fromarray(pixels(rng, width, height, 3)).quantize(int(rng.integers(2, 255)))
        image = make()
        more = {"save_all": True, "append_images": [make()]} if moves else {}
        contents.append(saved(image, "GIF", **options, **more))
        if "transparency" in options:
            image.info["transparency"] = 0
        rows.append(flat(image, False))
    return case_of(contents, "gif", rows, rng, about=f"{width}x{height} {options} {'animation' if moves else ''}")


def webp(rng, large):
    width, height = sizes(rng, large)
    lossy = chance(rng, 0.4)
    mode = pick(rng, ["RGB", "RGB", "RGBA"])
    contents, rows = [], []
    for _ in range(how_many(rng)):
        image = Image.fromarray(pixels(rng, width, height, 3))
        if mode == "RGBA":
            image.putalpha(Image.fromarray(pixels(rng, width, height, 3)[:, :, 2]))
        content = saved(image, "WEBP", lossless=not lossy, quality=int(rng.integers(50, 100)), exact=True)
        contents.append(content)
        if lossy:
            image = Image.open(io.BytesIO(content))
        rows.append(flat(image, False))
    about = f"{mode} {width}x{height} {'lossy' if lossy else 'lossless'}"
    return case_of(contents, "webp", rows, rng, tolerance=32 if lossy else 0, about=about)


def jpeg(rng, large):
    """The truth of a JPEG is what libjpeg makes of it; with reduced chroma decoders differ."""
    width, height = sizes(rng, large)
    mode = pick(rng, ["L", "RGB", "RGB", "CMYK"])
    chroma = pick(rng, [0, 1, 2])
    if chroma:
        # From one pixel to the next the colors of a photograph do not change by a third of their range.
        width, height = width + 7, height + 7
    contents, rows = [], []
    for _ in range(how_many(rng)):
        image = Image.fromarray(pixels(rng, width, height, 3)).convert(mode)
        options = {"quality": int(rng.integers(60, 100)), "progressive": chance(rng, 0.3), "subsampling": chroma}
        content = saved(image, "JPEG", **options)
        contents.append(content)
        rows.append(flat(Image.open(io.BytesIO(content)), mode == "L"))
    about = f"{mode} {width}x{height} chroma {chroma}"
    # Two decoders round the inverse transform and the colors each in their own way.
    tolerance = {"L": 2}.get(mode, 4 if chroma == 0 else 32)
    return case_of(contents, pick(rng, ["jpg", "jpeg"]), rows, rng, tolerance=tolerance, about=about)


def tiff(rng, large):
    width, height = sizes(rng, large)
    if chance(rng, 0.5):
        return tiff_of_pillow(rng, width, height)
    kind = pick(rng, [np.uint8, np.uint8, np.uint16, np.uint16, np.float32])
    channels = pick(rng, [1, 1, 3])
    pages = pick(rng, [1, 1, 1, 2, 4])
    shape = (pages, height, width) if channels == 1 else (pages, height, width, 3)
    if kind is np.float32:
        stack = rng.normal(size=shape).astype(np.float32)
    else:
        stack = rng.integers(0, np.iinfo(kind).max, shape, dtype=kind, endpoint=True)
    options = {
        "photometric": "rgb" if channels == 3 else "minisblack",
        "byteorder": pick(rng, "<>"),
        "compression": pick(rng, [None, None, "zlib"]),
        "metadata": None,
    }
    if options["compression"] and kind is not np.float32 and chance(rng, 0.5):
        options["predictor"] = 2
    if not large and chance(rng, 0.2):
        options["tile"] = (16, 16)
    elif chance(rng, 0.5):
        options["rowsperstrip"] = int(rng.integers(1, height + 1))
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, byteorder=options.pop("byteorder"), bigtiff=chance(rng, 0.05)) as writer:
        for page in stack:
            writer.write(page, contiguous=False, **options)
    name = pick(rng, ["scan.tif", "scan.tiff"])
    turned = lambda a: a if a.ndim == 2 else a.transpose(2, 0, 1)
    to_rows = lambda pages: Array(np.stack([turned(page).ravel() for page in pages]))

    def reference(folder):
        with tifffile.TiffFile(folder / name) as file:
            return to_rows([page.asarray() for page in file.pages])

    return Case(
        files={name: buffer.getvalue()},
        source=name,
        truth=to_rows(stack),
        reference=reference,
        output=".npy",
        about=f"{np.dtype(kind)} {shape} {options}",
    )


def tiff_of_pillow(rng, width, height):
    mode = pick(rng, ["1", "L", "P", "RGB", "RGBA", "I;16"])
    packings = [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"] + (["group4"] if mode == "1" else [])
    packing = pick(rng, packings)
    contents, rows = [], []
    for _ in range(how_many(rng)):
        values = pixels(rng, width, height, 3)
        image = Image.fromarray(values)
        if mode == "P":
            image = image.quantize(60)
        elif mode == "I;16":
            image = Image.fromarray(values[:, :, 0].astype(np.uint16) * 257)
        elif mode == "RGBA":
            image.putalpha(Image.fromarray(values[:, :, 2]))
        else:
            image = image.convert(mode)
        contents.append(saved(image, "TIFF", **({"compression": packing} if packing else {})))
        rows.append(flat(image, is_gray(image)))
    return case_of(contents, "tif", rows, rng, about=f"Pillow {mode} {width}x{height} {packing}")
