/* Inside canvas: the characters as pictures. Others include canvas.h. */
#ifndef TENFOLD_BASE_FONT_H
#define TENFOLD_BASE_FONT_H

enum { FONT_FIRST = 32, FONT_LAST = 126 };

struct font {
    int width, height; /* of every character, in pixels */
    /* A hex digit per pixel, row by row: 0 is paper, f is ink. */
    const char *glyphs[FONT_LAST - FONT_FIRST + 1];
};

extern const struct font font_small, font_large; /* large is twice small */

#endif
