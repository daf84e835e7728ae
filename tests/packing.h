/*
 * Data sets to pack, packs made of them, and folders compared, for tests in a scratch folder.
 *
 *     packing_photos();
 *     struct pack_options o = packing_options();
 *     packing_must("photos", "packed", &o);
 *     packing_equal("whole", "packed");
 */
#ifndef TENFOLD_TESTS_PACKING_H
#define TENFOLD_TESTS_PACKING_H

#include "loader/encode.h"
#include "loader/pack.h"

enum { PHOTOS = 24 };

extern const struct encode_form packing_jpeg, packing_png;

/* A file, its folders made. */
void packing_put(const char *path, const void *data, size_t size);
/* A picture of noise; `number` makes it another one. */
void packing_image(const char *path, int width, int height, struct encode_form form, int number);
/* One of tests/golden/images. */
void packing_golden(const char *path, const char *name);
/* "photos": JPEGs in three classes. */
void packing_photos(void);
/* Small shards, no progress. */
struct pack_options packing_options(void);
int packing_try(const char *data, const char *out, const struct pack_options *o,
                struct pack_result *result, struct error *err);
struct pack_result packing_must(const char *data, const char *out, const struct pack_options *o);
/* Refused with this kind, in one line that holds `says`. */
void packing_refused(const char *data, const char *out, const struct pack_options *o,
                     enum error_kind kind, const char *says);
/* The SHA-256 of all files of a folder with their names; `count` of them. */
void packing_hash(const char *folder, char hex[65], int *count);
/* Two folders have the same files. */
void packing_equal(const char *a, const char *b);
/* Files of a folder; 0: it is not there. */
int packing_count(const char *folder);

#endif
