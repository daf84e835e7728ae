/*
 * Claim: of 1,903 odd and broken files every valid or exotic one decodes to the size and the pixels
 * that Pillow gives, every recoverable one does so with a warning or is refused, every corrupt one
 * is refused, in a line, within 2 seconds and 512 MB.
 *
 * The rule: a libjpeg warning about extraneous bytes between markers is a warning; any other
 * warning that touches pixels is an error.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/progress.h"
#include "loader/decode.h"
#include "tests/scale.h"
#include "tests/suite.h"

enum { FILE_MAX = 64 << 20, MEGABYTES = 512, FIELDS = 9 };
enum field { PATH, ORIGIN, BYTES, MD5_FILE, EXPECTED, WIDTH, HEIGHT, MODE, MD5_RGB };

/* 16-bit gray: the high byte counts here, Pillow clips at 255. */
static const char *const other_pixels[] = {
    "png/pngsuite/basi0g16.png",
    "png/pngsuite/basn0g16.png",
    "png/pngsuite/oi2n0g16.png",
    "png/pngsuite/oi4n0g16.png",
    "png/pngsuite/oi9n0g16.png",
    "png/pngsuite/tbwn0g16.png",
    "png/pngsuite/g03n0g16.png",
    "png/pngsuite/g04n0g16.png",
    "png/pngsuite/g05n0g16.png",
    "png/pngsuite/g07n0g16.png",
    "png/pngsuite/g10n0g16.png",
    "png/pngsuite/g25n0g16.png",
    NULL,
};

struct counts {
    int valid, exotic, warned, refused, corrupt;
    int complaints; /* each printed, so that all are seen at once */
};

static void complain(struct counts *counts, const char *path, const char *what)
{
    counts->complaints++;
    printf("%s: %s\n", path, what);
}

static bool expected_to_differ(const char *path)
{
    for (size_t i = 0; other_pixels[i]; i++)
        if (strcmp(path, other_pixels[i]) == 0)
            return true;
    return false;
}

static void md5_of(const struct image *image, char hex[33])
{
    unsigned char digest[16];
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestInit_ex(md5, EVP_md5(), NULL), 1);
    for (int y = 0; y < image->height; y++)
        EVP_DigestUpdate(md5, image->pixels + (size_t)y * image->stride, (size_t)image->width * 3);
    ck_assert_int_eq(EVP_DigestFinal_ex(md5, digest, NULL), 1);
    EVP_MD_CTX_free(md5);
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* 0 and `image`, or -1 and `err`, which must be one line. */
static int decode(struct decoder *decoder, const char *path, struct buffer *bytes,
                  struct image *image, struct error *err)
{
    struct decode_info info;
    int x, y;
    *err = (struct error){ 0 };
    ck_assert_msg(file_read(path, FILE_MAX, bytes, err) == 0, "%s: %s", path, err->message);
    int rc = decode_header(decoder, bytes->data, bytes->size, &info, err);
    if (rc == 0)
        rc = decode_pixels(decoder, (struct rect){ 0, 0, info.width, info.height }, image, &x, &y,
                           err);
    if (rc < 0) {
        ck_assert_msg(err->kind == ERROR_DATA && err->message[0] && !strchr(err->message, '\n'),
                      "%s: %s", path, err->message);
        return -1;
    }
    ck_assert(x == 0 && y == 0 && image->width == info.width && image->height == info.height);
    return 0;
}

static void check_decoded(char *const field[FIELDS], const struct image *image,
                          struct counts *counts)
{
    char hex[33];
    if (field[WIDTH][0] && (image->width != strtol(field[WIDTH], NULL, 10) ||
                            image->height != strtol(field[HEIGHT], NULL, 10)))
        complain(counts, field[PATH], "has another size than the manifest says");
    if (!field[MD5_RGB][0])
        return;
    md5_of(image, hex);
    bool same = strcmp(hex, field[MD5_RGB]) == 0;
    if (same == expected_to_differ(field[PATH]))
        complain(counts, field[PATH],
                 same ? "has Pillow's pixels, but is listed here" : "has other pixels");
}

static void check_file(struct decoder *decoder, const char *root, char *const field[FIELDS],
                       struct buffer *bytes, struct counts *counts)
{
    char path[1024];
    struct image image;
    struct error err;
    snprintf(path, sizeof(path), "%s/%s", root, field[PATH]);
    double start = clock_seconds();
    int rc = decode(decoder, path, bytes, &image, &err);
    if (clock_seconds() - start > (test_scaled(8) == 8 ? 2 : 20))
        complain(counts, field[PATH], "took too long");
    if (strcmp(field[EXPECTED], "corrupt") == 0) {
        if (rc == 0)
            complain(counts, field[PATH], "is corrupt but decodes");
        counts->corrupt++;
    } else if (strcmp(field[EXPECTED], "recoverable") == 0) {
        if (rc == 0)
            check_decoded(field, &image, counts);
        if (rc == 0 && !decode_warnings(decoder))
            complain(counts, field[PATH], "decodes without a warning");
        *(rc < 0 ? &counts->refused : &counts->warned) += 1;
    } else {
        if (rc == 0)
            check_decoded(field, &image, counts);
        else
            complain(counts, field[PATH], err.message);
        *(strcmp(field[EXPECTED], "valid") == 0 ? &counts->valid : &counts->exotic) += 1;
    }
}

/* The first fields of a line; none of them is quoted in this file. */
static void split(char *line, char *field[FIELDS])
{
    for (int i = 0; i < FIELDS; i++) {
        char *comma = strchr(line, ',');
        ck_assert_ptr_nonnull(comma);
        *comma = '\0';
        field[i] = line;
        line = comma + 1;
    }
}

START_TEST(whole_manifest)
{
    const char *data = getenv("TENFOLD_DATA");
    ck_assert_msg(data != NULL, "TENFOLD_DATA must name the folder of the real data");
    char root[512], manifest[600], *rest = NULL;
    struct buffer text = { 0 }, bytes = { 0 };
    struct error err = { 0 };
    struct decoder *decoder;
    struct counts counts = { 0 };
    snprintf(root, sizeof(root), "%s/hostile", data);
    snprintf(manifest, sizeof(manifest), "%s/manifest.csv", root);
    ck_assert_msg(file_read(manifest, FILE_LIMIT, &text, &err) == 0, "%s", err.message);
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
    strtok_r(text.data, "\r\n", &rest); /* the header */
    for (char *line = strtok_r(NULL, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
        char *field[FIELDS];
        split(line, field);
        check_file(decoder, root, field, &bytes, &counts);
    }
    decoder_close(decoder);
    buffer_release(&bytes);
    buffer_release(&text);
    fflush(stdout);
    ck_assert_int_eq(counts.complaints, 0);
    ck_assert_int_eq(counts.valid, 209);
    ck_assert_int_eq(counts.exotic, 38);
    ck_assert_int_eq(counts.warned, 40);
    ck_assert_int_eq(counts.refused, 171);
    ck_assert_int_eq(counts.corrupt, 1445);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    if (test_scaled(8) == 8) /* a sanitizer's shadow is not ours */
        ck_assert_int_lt(usage.ru_maxrss / 1024, MEGABYTES);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_hostile");
    tcase_add_test(cases, whole_manifest);
    return suite_run();
}
