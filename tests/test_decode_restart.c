/*
 * Claim: of a JPEG whose restart markers tile its rows only the segments that a rectangle lies in
 * are read, and the rectangle's pixels are those of a full decode, to the bit. A file whose markers
 * are not what its header promises is decoded whole, so that what is refused stays refused; no
 * damage crashes the decoder, takes long, or gives other pixels than a full decode that accepts it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "loader/decode.h"
#include "loader/decode_restart.h"
#include "tests/jpeg_form.h"
#include "tests/picture.h"
#include "tests/scale.h"
#include "tests/suite.h"

static const struct {
    const char *name;
    struct jpeg_form form;
} forms[] = {
    { "4:4:4", { .components = 3 } },
    { "4:2:2", { .components = 3, .h = { 2 } } },
    { "4:2:0", { .components = 3, .h = { 2 }, .v = { 2 } } },
    { "4:4:0", { .components = 3, .v = { 2 } } },
    { "4:1:1", { .components = 3, .h = { 4 } } },
    { "4:1:0", { .components = 3, .h = { 4 }, .v = { 2 } } },
    { "gray", { .components = 1 } },
    { "gray with factors of 2", { .components = 1, .h = { 2 }, .v = { 2 } } },
    { "RGB", { .components = 3, .rgb = true } },
    { "RGB 4:2:0", { .components = 3, .rgb = true, .h = { 2 }, .v = { 2 } } },
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]), INTERVAL_MAX = 90 };

static struct decoder *whole_decoder, *part_decoder;
static struct rng rng;

static void setup(void)
{
    struct error err = { 0 };
    struct decode_options whole = { .whole = true, .plain = true };
    ck_assert_int_eq(decoder_open(&whole_decoder, &whole, &err), 0);
    ck_assert_int_eq(decoder_open(&part_decoder, NULL, &err), 0);
    rng = rng_start(rng_derive(1, "sample", "restart", 0), 0, 0);
}

static void teardown(void)
{
    decoder_close(whole_decoder);
    decoder_close(part_decoder);
}

static int decode(struct decoder *d, const struct picture_file *file, struct rect need,
                  struct image *image, int *x, int *y)
{
    struct decode_info info;
    struct error err = { 0 };
    if (decode_header(d, file->bytes, file->size, &info, &err) < 0)
        return -1;
    if (need.x + need.width > info.width || need.y + need.height > info.height)
        need = (struct rect){ 0, 0, 1, 1 }; /* damage has made the image smaller */
    if (decode_pixels(d, need, image, x, y, &err) < 0) {
        ck_assert(err.kind == ERROR_DATA && err.message[0] && !strchr(err.message, '\n'));
        return -1;
    }
    return 0;
}

static void must_decode(struct decoder *d, const struct picture_file *file, struct rect need,
                        struct image *image, int *x, int *y)
{
    ck_assert_int_eq(decode(d, file, need, image, x, y), 0);
    ck_assert_ptr_null(decode_warnings(d));
}

/* Every interval up to 90, whether it tiles the rows or not, on sides that are and are not a
 * multiple of the MCU's. */
START_TEST(as_the_whole)
{
    static const int sizes[][2] = { { 240, 96 }, { 227, 83 } };
    for (int s = 0; s < 2; s++)
        for (int interval = 1; interval <= INTERVAL_MAX; interval++) {
            struct jpeg_form form = forms[_i].form;
            struct picture_file file;
            struct image whole, part;
            int x, y;
            form.interval = interval;
            picture_write(&file, sizes[s][0], sizes[s][1], &form);
            must_decode(whole_decoder, &file, (struct rect){ 0, 0, 1, 1 }, &whole, &x, &y);
            for (int i = 0; i < test_scaled(interval == 1 ? 400 : 8); i++) {
                struct rect need = picture_part(&rng, whole.width, whole.height);
                must_decode(part_decoder, &file, need, &part, &x, &y);
                picture_check(forms[_i].name, &whole, &part, x, y, need);
            }
            free(file.bytes);
        }
}
END_TEST

/* Overwrite what is in the segments but for those from (i, j) on, `wide` x `high` of them. */
static void ruin_others(struct picture_file *file, int across, int i, int j, int wide, int high)
{
    size_t at = marker_find_plain(file->bytes, 2, file->size);
    while (file->bytes[at + 1] != 0xDA)
        at += 2 + ((size_t)file->bytes[at + 2] << 8 | file->bytes[at + 3]);
    at += 2 + ((size_t)file->bytes[at + 2] << 8 | file->bytes[at + 3]);
    for (int n = 0; at < file->size; n++) {
        size_t end = marker_find_plain(file->bytes, at, file->size);
        int column = n % across, row = n / across;
        if (column < i || column >= i + wide || row < j || row >= j + high)
            memset(file->bytes + at, 0xAA, end - at);
        at = end + 2;
    }
}

/* The rectangle's segments are read, and those beside it that lie within a color sample's reach. */
START_TEST(others_are_not_read)
{
    struct jpeg_form form = { .components = 3, .h = { 2 }, .v = { 2 }, .interval = 3 };
    struct picture_file file, ruined;
    struct image whole, part;
    int x, y;
    picture_write(&file, 240, 96, &form); /* 5 x 6 segments of 48 x 16 pixels */
    picture_write(&ruined, 240, 96, &form);
    must_decode(whole_decoder, &file, (struct rect){ 0, 0, 1, 1 }, &whole, &x, &y);
    struct rect inside = { 50, 34, 140, 28 };
    ruin_others(&ruined, 5, 1, 2, 3, 2);
    must_decode(part_decoder, &ruined, inside, &part, &x, &y);
    picture_check("inside", &whole, &part, x, y, inside);
    struct rect reaching = { 50, 34, 141, 28 };
    ck_assert_int_eq(decode(part_decoder, &ruined, reaching, &part, &x, &y), -1);
    ck_assert_int_eq(decode(whole_decoder, &ruined, inside, &part, &x, &y), -1);
    free(file.bytes);
    free(ruined.bytes);
}
END_TEST

/* What is done to a file of 12 x 9 MCUs with a marker every 3, and whether a full decode accepts
 * it. Nothing of it is found by reading the wanted segments alone. */
enum edit {
    CUT,
    REMOVE,
    INSERT,
    RENUMBER,
    REPEAT_8,
    REMOVE_8,
    INTERVAL,
    FILL,
    STUFF,
    GARBAGE,
    LAST,
    END
};
enum { NUMBER = 9 }; /* the marker that is edited */

static const struct {
    const char *name;
    enum edit edit;
    int value;
    bool accepted, warns;
} edits[] = {
    { "cut in a segment", CUT, 0, false, false },
    { "without the last two bytes", CUT, 2, false, false },
    { "without the last byte", CUT, 1, false, false },
    { "a marker is missing", REMOVE, 0, false, false },
    { "a marker too many", INSERT, 0xD1, false, false },
    { "another marker", INSERT, 0xC4, false, false },
    { "an end too many", INSERT, 0xD9, false, false },
    { "the number before", RENUMBER, 0xD0, false, false },
    { "the number behind", RENUMBER, 0xD2, false, false },
    { "a number far off", RENUMBER, 0xD5, false, false },
    { "eight segments twice", REPEAT_8, 0, true, true },
    { "eight segments missing", REMOVE_8, 0, false, false },
    { "no interval", INTERVAL, 0, false, false },
    { "an interval of 1", INTERVAL, 1, false, false },
    { "an interval of 6", INTERVAL, 6, false, false },
    { "an interval of a row", INTERVAL, 12, false, false },
    { "an interval of all but one", INTERVAL, 107, false, false },
    { "an interval of all", INTERVAL, 108, false, false },
    { "an interval larger than the image", INTERVAL, 65535, false, false },
    { "fill bytes before a marker", FILL, 0, true, false },
    { "a fill byte in the data", STUFF, 0, true, false },
    { "garbage before a marker", GARBAGE, 0, true, true },
    { "another scan in place of the end", LAST, 0xDA, false, false },
    { "a marker in place of the end", LAST, 0xD3, false, false },
    { "garbage behind the end", END, 0, true, false },
};

enum { EDITS = sizeof(edits) / sizeof(edits[0]) };

/* Where the scan's data begin, and the marker `number` of its restart markers. */
static size_t find_data(const struct picture_file *file)
{
    size_t at = 2;
    for (bool last = false; !last;) {
        last = file->bytes[at + 1] == 0xDA;
        at += 2 + ((size_t)file->bytes[at + 2] << 8 | file->bytes[at + 3]);
    }
    return at;
}

static size_t find_marker(const struct picture_file *file, int number)
{
    size_t at = marker_find_plain(file->bytes, find_data(file), file->size);
    while (number-- > 0)
        at = marker_find_plain(file->bytes, at + 2, file->size);
    return at;
}

/* Put `count` bytes in the place of `old` ones. */
static void splice(struct picture_file *file, size_t at, size_t old, const unsigned char *bytes,
                   size_t count)
{
    unsigned char *edited = malloc(file->size - old + count);
    ck_assert_ptr_nonnull(edited);
    memcpy(edited, file->bytes, at);
    memcpy(edited + at, bytes, count);
    memcpy(edited + at + count, file->bytes + at + old, file->size - at - old);
    free(file->bytes);
    file->bytes = edited;
    file->size += count - old;
}

static void apply(struct picture_file *file, enum edit edit, int value)
{
    size_t at = find_marker(file, NUMBER), next = find_marker(file, NUMBER + 8);
    unsigned char marker[4] = { 0xFF, (unsigned char)value, 0xFF, file->bytes[at + 1] };
    unsigned char eight[65536];
    size_t stuffed = find_data(file);
    switch (edit) {
    case CUT:
        splice(file, value ? file->size - (size_t)value : at + 9,
               value ? (size_t)value : file->size - at - 9, marker, 0);
        break;
    case REMOVE:
        splice(file, at, 2, marker, 0);
        break;
    case INSERT:
        splice(file, at - 5, 0, marker, 2);
        break;
    case RENUMBER:
        splice(file, at, 2, marker, 2);
        break;
    case REPEAT_8:
        ck_assert_uint_le(next - at, sizeof(eight));
        memcpy(eight, file->bytes + at, next - at);
        splice(file, at, 0, eight, next - at);
        break;
    case REMOVE_8:
        splice(file, at, next - at, marker, 0);
        break;
    case INTERVAL:
        at = 2;
        while (file->bytes[at + 1] != 0xDD)
            at += 2 + ((size_t)file->bytes[at + 2] << 8 | file->bytes[at + 3]);
        file->bytes[at + 4] = (unsigned char)(value >> 8);
        file->bytes[at + 5] = (unsigned char)value;
        break;
    case FILL:
        splice(file, at, 0, (const unsigned char *)"\xFF\xFF\xFF", 3);
        break;
    case STUFF:
        while (file->bytes[stuffed] != 0xFF || file->bytes[stuffed + 1] != 0)
            stuffed++;
        splice(file, stuffed, 0, marker, 1);
        break;
    case GARBAGE:
        splice(file, at, 0, (const unsigned char *)"\x55\xAA\x55\xAA\x55\xAA\x55\xAA\x55\xAA", 10);
        break;
    case LAST:
        file->bytes[file->size - 1] = (unsigned char)value;
        break;
    case END:
        splice(file, file->size, 0, (const unsigned char *)"\xFF\xD8garbage\xFF\xD9", 11);
        break;
    }
}

START_TEST(edited)
{
    struct jpeg_form form = { .components = 3, .h = { 2 }, .v = { 2 }, .interval = 3 };
    const char *name = edits[_i].name;
    struct picture_file file;
    struct image whole, part;
    int x, y;
    picture_write(&file, 192, 144, &form);
    apply(&file, edits[_i].edit, edits[_i].value);
    struct rect needs[] = { { 0, 0, 40, 40 }, { 60, 40, 50, 20 }, { 120, 100, 40, 40 } };
    int rc = decode(whole_decoder, &file, needs[0], &whole, &x, &y);
    ck_assert_msg((rc == 0) == edits[_i].accepted, "%s: %d", name, rc);
    const char *warnings = decode_warnings(whole_decoder);
    ck_assert_msg(rc < 0 || (warnings != NULL) == edits[_i].warns, "%s: %s", name, warnings);
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(decode(part_decoder, &file, needs[i], &part, &x, &y) == rc, "%s, part %d",
                      name, i);
        if (rc == 0)
            picture_check(name, &whole, &part, x, y, needs[i]);
    }
    free(file.bytes);
}
END_TEST

/* Whatever bits are turned: where both a full decode and that of a part accept the file, they
 * agree, and a file takes no longer than a sound one of its size. */
START_TEST(flipped_bits)
{
    struct jpeg_form form = forms[_i].form;
    struct picture_file file, flipped;
    form.interval = 1;
    picture_write(&file, 119, 70, &form);
    flipped.size = file.size;
    flipped.bytes = malloc(file.size);
    ck_assert_ptr_nonnull(flipped.bytes);
    int both = 0;
    for (int i = 0; i < test_scaled(800); i++) {
        struct image whole, part;
        struct rect need = picture_part(&rng, 119, 70);
        int x, y;
        memcpy(flipped.bytes, file.bytes, file.size);
        for (uint64_t n = 1 + rng_below(&rng, 3); n > 0; n--)
            flipped.bytes[rng_below(&rng, file.size)] ^= (unsigned char)(1 << rng_below(&rng, 8));
        double start = clock_seconds();
        if (decode(part_decoder, &flipped, need, &part, &x, &y) == 0 &&
            decode(whole_decoder, &flipped, need, &whole, &(int){ 0 }, &(int){ 0 }) == 0 &&
            need.x + need.width <= whole.width && need.y + need.height <= whole.height) {
            picture_check(forms[_i].name, &whole, &part, x, y, need);
            both++;
        }
        ck_assert_double_lt(clock_seconds() - start, 10);
    }
    ck_assert_int_gt(both, 0);
    free(file.bytes);
    free(flipped.bytes);
}
END_TEST

START_TEST(finders_agree)
{
    enum { SIZE = 200 };
    for (int i = 0; i < test_scaled(4000); i++) {
        size_t size = rng_below(&rng, SIZE);
        uint64_t rare = 1 + rng_below(&rng, 60);
        uint8_t *bytes = malloc(size ? size : 1); /* a block of its own: reading on is found out */
        ck_assert_ptr_nonnull(bytes);
        for (size_t b = 0; b < size; b++)
            bytes[b] = rng_below(&rng, rare) ? (uint8_t)rng_below(&rng, 3) : 0xFF;
        for (size_t at = 0; at <= size; at++) {
            size_t plain = marker_find_plain(bytes, at, size);
            ck_assert(plain == size || (bytes[plain] == 0xFF && bytes[plain + 1] != 0));
#ifdef SIMD_X86
            if (simd_level() >= SIMD_LEVEL_AVX2)
                ck_assert_uint_eq(marker_find_avx2(bytes, at, size), plain);
#endif
            ck_assert_uint_eq(marker_find(bytes, at, size), plain);
        }
        free(bytes);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("decode_restart");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, as_the_whole, 0, FORMS);
    tcase_add_test(cases, others_are_not_read);
    tcase_add_loop_test(cases, edited, 0, EDITS);
    tcase_add_loop_test(cases, flipped_bits, 0, FORMS);
    tcase_add_test(cases, finders_agree);
    return suite_run();
}
