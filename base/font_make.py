#!/usr/bin/python3
"""Writes base/font_small.c and base/font_large.c: the printable ASCII characters of DejaVu Sans Mono as coverage tables.

Needs Debian's python3-pil and fonts-dejavu-core; run it in base/ when the size or the typeface is to change.
"""
import subprocess
from PIL import Image, ImageDraw, ImageFont

FACE = '/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf'
LICENSE = ''' * DejaVu Sans Mono. DejaVu fonts are Bitstream Vera fonts (copyright 2003 Bitstream, Inc.; Bitstream
 * Vera is a trademark of Bitstream, Inc.) with changes in the public domain; their license permits
 * use, copying and embedding.'''


def glyphs(size, width, height, top):
    """Coverage in 16 levels, a hex digit per pixel, row by row, in a cell of width x height below `top`."""
    font = ImageFont.truetype(FACE, size, layout_engine=ImageFont.Layout.BASIC)
    for code in range(32, 127):
        cell = Image.new('L', (width, height), 0)
        ImageDraw.Draw(cell).text((0, -top), chr(code), fill=255, font=font)
        yield code, ''.join('%x' % round(v / 17) for v in cell.getdata())


def write(name, size, width, height, top, per_line):
    lines = ['/*', ' * Characters 32 to 126, %d x %d pixels, a hex digit of coverage per pixel. Made by font_make.py from' % (width, height),
             LICENSE, ' */', '#include "base/font.h"', '', 'const struct font font_%s = {' % name,
             '    .width = %d, .height = %d, .glyphs = {' % (width, height), '        /* clang-format off */']
    for code, text in glyphs(size, width, height, top):
        parts = [text[i:i + per_line] for i in range(0, len(text), per_line)]
        lines += ['"%s"%s' % (part, ',' if i == len(parts) - 1 else '') for i, part in enumerate(parts)]
    lines += ['        /* clang-format on */', '    },', '};']
    path = 'font_%s.c' % name
    with open(path, 'w') as file:
        file.write('\n'.join(lines) + '\n')
    subprocess.run(['clang-format', '-i', path], check=True)


write('small', 12, 7, 13, 2, 91)
write('large', 24, 14, 26, 4, 91)
