#include "tests/packing.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/rng.h"
#include "tests/same_data.h"
#include "tests/scratch.h"

const struct encode_form packing_jpeg = { .kind = ENCODE_JPEG,
                                          .quality = 90,
                                          .chroma = CHROMA_420 };
const struct encode_form packing_png = { .kind = ENCODE_PNG, .level = 3 };

void packing_put(const char *path, const void *data, size_t size)
{
    struct error err = { 0 };
    char *folder = file_folder(path, &err);
    ck_assert_int_eq(file_make_folders(folder, &err), 0);
    free(folder);
    ck_assert_msg(file_write(path, data, size, &err) == 0, "%s: %s", err.place, err.message);
}

void packing_image(const char *path, int width, int height, struct encode_form form, int number)
{
    struct image image = { .width = width, .height = height, .stride = 3 * (size_t)width };
    struct rng rng = rng_start(rng_derive(3, "sample", "pack", 0), (uint64_t)number, 0);
    struct buffer file = { 0 };
    struct error err = { 0 };
    image.pixels = malloc(image.stride * (size_t)height);
    ck_assert_ptr_nonnull(image.pixels);
    for (size_t i = 0; i < image.stride * (size_t)height; i++)
        image.pixels[i] = (uint8_t)(i / 9 + rng_below(&rng, 80));
    ck_assert_int_eq(encode_image(&image, &form, &file, &err), 0);
    packing_put(path, file.data, file.size);
    free(image.pixels);
    buffer_release(&file);
}

void packing_golden(const char *path, const char *name)
{
    char from[700];
    struct buffer file = { 0 };
    struct error err = { 0 };
    snprintf(from, sizeof(from), "%s/tests/golden/images/%s", scratch_start(), name);
    ck_assert_msg(file_read(from, FILE_LIMIT, &file, &err) == 0, "%s: %s", from, err.message);
    packing_put(path, file.data, file.size);
    buffer_release(&file);
}

void packing_photos(void)
{
    for (int i = 0; i < PHOTOS; i++) {
        char path[100];
        snprintf(path, sizeof(path), "photos/%c/%03d.jpg", 'a' + i % 3, i);
        packing_image(path, 90 + i, 120 - i, packing_jpeg, i);
    }
}

struct pack_options packing_options(void)
{
    struct pack_options o = pack_defaults();
    o.quiet = true;
    o.threads = 2;
    o.shard_bytes = 30000;
    return o;
}

int packing_try(const char *data, const char *out, const struct pack_options *o,
                struct pack_result *result, struct error *err)
{
    struct index_options any = { .allow_unlabeled = true };
    struct index *index = same_data_open(data, &any);
    *err = (struct error){ 0 };
    int rc = pack_run(index, out, o, result, err);
    index_close(index);
    return rc;
}

struct pack_result packing_must(const char *data, const char *out, const struct pack_options *o)
{
    struct pack_result result;
    struct error err;
    ck_assert_msg(packing_try(data, out, o, &result, &err) == 0, "%s: %s", err.place, err.message);
    return result;
}

void packing_refused(const char *data, const char *out, const struct pack_options *o,
                     enum error_kind kind, const char *says)
{
    struct pack_result result;
    struct error err;
    char all[1600];
    ck_assert_msg(packing_try(data, out, o, &result, &err) < 0, "%s was packed", data);
    snprintf(all, sizeof(all), "%s: %s", err.place, err.message);
    ck_assert_msg(err.kind == kind && strstr(all, says) && !strchr(all, '\n'), "%d: %s", err.kind,
                  all);
}

void packing_hash(const char *folder, char hex[65], int *count)
{
    struct dirent **items;
    struct sha256 *sha;
    struct error err = { 0 };
    *count = 0;
    int found = scandir(folder, &items, NULL, alphasort);
    ck_assert_int_ge(found, 2);
    ck_assert_int_eq(sha256_open(&sha, &err), 0);
    for (int i = 0; i < found; i++) {
        struct buffer file = { 0 };
        if (items[i]->d_name[0] != '.') {
            char *path = file_join(folder, items[i]->d_name, &err);
            ck_assert_int_eq(file_read(path, FILE_LIMIT, &file, &err), 0);
            sha256_add(sha, items[i]->d_name, strlen(items[i]->d_name));
            sha256_add(sha, file.data, file.size);
            free(path);
            buffer_release(&file);
            ++*count;
        }
        free(items[i]);
    }
    free(items);
    ck_assert_int_eq(sha256_close(sha, hex, &err), 0);
}

void packing_equal(const char *a, const char *b)
{
    char hex_a[65], hex_b[65];
    int count_a, count_b;
    packing_hash(a, hex_a, &count_a);
    packing_hash(b, hex_b, &count_b);
    ck_assert_int_eq(count_a, count_b);
    ck_assert_msg(strcmp(hex_a, hex_b) == 0, "%s and %s have other bytes", a, b);
}

int packing_count(const char *folder)
{
    char hex[65];
    int count = 0;
    if (file_exists(folder))
        packing_hash(folder, hex, &count);
    return count;
}
