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

/* What an orientation says: which of the file's ends is the top left, and whether rows are columns.
 */
static bool flips_x(int o)
{
    return o == 2 || o == 3 || o == 7 || o == 8;
}

static bool flips_y(int o)
{
    return o == 3 || o == 4 || o == 6 || o == 7;
}

static bool swaps(int o)
{
    return o >= 5;
}

static struct rect mirror(struct rect part, int width, int height, int orientation)
{
    if (flips_x(orientation))
        part.x = width - part.x - part.width;
    if (flips_y(orientation))
        part.y = height - part.y - part.height;
    return part;
}

static struct rect transpose(struct rect part, int orientation)
{
    if (!swaps(orientation))
        return part;
    return (struct rect){ part.y, part.x, part.height, part.width };
}

struct rect exif_turn_rect(struct rect part, int width, int height, int orientation)
{
    return transpose(mirror(part, width, height, orientation), orientation);
}

struct rect exif_turn_back(struct rect part, int width, int height, int orientation)
{
    return mirror(transpose(part, orientation), width, height, orientation);
}

void exif_turn(const uint8_t *from, int width, int height, int orientation, uint8_t *to)
{
    bool swap = swaps(orientation);
    bool flip_x = flips_x(orientation), flip_y = flips_y(orientation);
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
