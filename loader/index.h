/*
 * Which samples a data set has: key, label and where the bytes lie. Opened from an ImageFolder
 * directory, a WebDataset tar, a folder of tars, or a brace pattern (name-{0000..0009}.tar).
 * Samples are in order of key bytes; the place in that order is the sample's id. Read-only once
 * open, shared by all threads.
 *
 *     struct index *index;
 *     if (index_open(&index, "data/train", NULL, &err) < 0) ...
 *     struct sample s = index_sample(index, id);
 *     index_read(index, id, &bytes, &err);
 *     index_close(index);
 *
 * Key: the path below the data root without its extension ("n01440764/x"); in a tar the member's
 * name up to the first dot of its last part. Doubled keys are refused, naming both places. Label:
 * in an ImageFolder the place of the top-level folder among the sorted folder names; in a tar the
 * integer in `.cls`, else the class name in `.cls` or the key's first folder, by sorted names; the
 * integers of a packed set (pack.h) have the names that its pack.json gives them. A folder without
 * any image is refused ("empty class").
 */
#ifndef TENFOLD_LOADER_INDEX_H
#define TENFOLD_LOADER_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct index;

struct index_options {
    const char *classes;  /* CSV file with columns index and folder name: how folders map to labels;
                             NULL: sorted */
    bool allow_unlabeled; /* samples without a class get label -1 instead of being refused */
};

struct sample {
    const char *key;  /* borrowed from the index */
    int64_t label;    /* -1 unknown */
    const char *file; /* the container: image file or tar; borrowed */
    uint64_t offset, size;
};

int index_open(struct index **index, const char *data, const struct index_options *options,
               struct error *err);
uint64_t index_count(const struct index *index);
/* Files or members that are no images (by their names) and were passed over. */
uint64_t index_ignored(const struct index *index);
struct sample index_sample(const struct index *index, uint64_t id);
/* Classes that the labels number: 1 + the largest label, or the class list's length. */
int64_t index_classes(const struct index *index);
/* The name of a class, NULL if it has none. */
const char *index_class_name(const struct index *index, int64_t label);
/* SHA-256 over "key TAB label LF" in order of id, 64 hex digits. */
const char *index_hash(const struct index *index);
/* Read the sample's bytes into `b` (replaced; its memory is reused). Any thread, each with its own
 * buffer. */
int index_read(const struct index *index, uint64_t id, struct buffer *b, struct error *err);
/* "file" or "file:member" for messages, into `place`. */
void index_place(const struct index *index, uint64_t id, char *place, size_t size);
void index_close(struct index *index);

#endif
