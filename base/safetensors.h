/*
 * Reader and writer of safetensors files (u64 header length, JSON header, one dense buffer). What
 * is read is treated as hostile: lengths before memory, no holes, no overlaps, no doubled names,
 * sizes that agree. A file that is something else (Git-LFS pointer, .pt zip, pickle, NPY, HDF5) is
 * named as such.
 *
 *     struct safetensors *s;
 *     if (safetensors_open(&s, "net.safetensors", &err) < 0) ...
 *     const struct tensor *w = safetensors_find(s, "conv1.weight");
 *     safetensors_close(s);
 */
#ifndef TENFOLD_BASE_SAFETENSORS_H
#define TENFOLD_BASE_SAFETENSORS_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "base/image.h"

struct safetensors;

struct safetensors_item {
    const char *name; /* borrowed */
    struct tensor tensor;
};

/* Every tensor's data begins at a multiple of 64 bytes in memory. ERROR_DATA says what is wrong. */
int safetensors_open(struct safetensors **file, const char *path, struct error *err);
/* Only the header, checked the same way; every `data` is NULL, and the file stays open for
 * safetensors_read: for tensors that are larger than memory. */
int safetensors_peek(struct safetensors **file, const char *path, struct error *err);
/* `size` bytes of a peeked file's tensor from byte `offset` of it on. Any thread. */
int safetensors_read(const struct safetensors *file, const char *name, uint64_t offset, size_t size,
                     void *data, struct error *err);
size_t safetensors_count(const struct safetensors *file);
/* The i-th tensor in order of name; borrowed until close. */
const struct safetensors_item *safetensors_item(const struct safetensors *file, size_t i);
/* NULL when there is none of that name. */
const struct tensor *safetensors_find(const struct safetensors *file, const char *name);
/* A string of __metadata__, NULL when absent. */
const char *safetensors_metadata(const struct safetensors *file, const char *key);
void safetensors_close(struct safetensors *file);

/* Write atomically. `metadata` is an object of strings, or NULL (borrowed). Tensors are laid out by
 * type, the largest first, then name, and the header is padded with spaces to a multiple of 8: byte
 * for byte what the reference writer writes. */
int safetensors_write(const char *path, const struct safetensors_item *items, size_t count,
                      const json_t *metadata, struct error *err);
/* As safetensors_write; of an item whose `data` is NULL, `fill` is asked for one run of bytes after
 * the other: for tensors that are larger than memory. */
typedef int safetensors_fill(void *context, const struct safetensors_item *item, uint64_t offset,
                             size_t size, void *data, struct error *err);
int safetensors_write_filled(const char *path, const struct safetensors_item *items, size_t count,
                             const json_t *metadata, safetensors_fill *fill, void *context,
                             struct error *err);

#endif
