#include <string.h>

#include "loader/decode_private.h"

static unsigned read_number(const uint8_t *p, int bytes, bool big)
{
    unsigned v = 0;
    for (int i = 0; i < bytes; i++)
        v |= (unsigned)p[i] << 8 * (big ? bytes - 1 - i : i);
    return v;
}

int exif_orientation(const uint8_t *tiff, size_t size)
{
    enum { ORIENTATION = 0x0112, SHORT = 3, ENTRY = 12 };
    if (size < 8 || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
        return 1;
    bool big = tiff[0] == 'M';
    size_t at = read_number(tiff + 4, 4, big);
    if (at > size - 2)
        return 1;
    unsigned entries = read_number(tiff + at, 2, big);
    at += 2;
    for (unsigned i = 0; i < entries && size - at >= ENTRY; i++, at += ENTRY) {
        const uint8_t *entry = tiff + at;
        if (read_number(entry, 2, big) != ORIENTATION || read_number(entry + 2, 2, big) != SHORT)
            continue;
        unsigned value = read_number(entry + 8, 2, big);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* Orientation o: bit by bit, which of the file's ends is the top left, and whether rows are
 * columns. */
void exif_turn(const uint8_t *from, int width, int height, int orientation, uint8_t *to)
{
    bool swap = orientation >= 5;
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int out_width = swap ? height : width, out_height = swap ? width : height;
    for (int y = 0; y < out_height; y++)
        for (int x = 0; x < out_width; x++, to += 3) {
            int sx = swap ? y : x, sy = swap ? x : y;
            if (flip_x)
                sx = width - 1 - sx;
            if (flip_y)
                sy = height - 1 - sy;
            memcpy(to, from + 3 * ((size_t)sy * (size_t)width + (size_t)sx), 3);
        }
}
