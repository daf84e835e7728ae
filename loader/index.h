/*
 * Which samples a data set has: key, label and where the bytes lie. Opened from an ImageFolder
 * directory, a WebDataset tar, a folder of tars, a brace pattern (name-{0000..0009}.tar), or an
 * index file that was saved of one of them. Samples are in order of key bytes; the place in that
 * order is the sample's id. Read-only once open, shared by all threads.
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
 *
 * An index file is mapped, so that a million samples open in milliseconds. It is found as DATA
 * itself, or in the cache folder ($XDG_CACHE_HOME/tenfold, ~/.cache/tenfold) where `nndata index`
 * puts it. One that is stale, damaged or of other data is refused when it was named, and passed
 * over, with a note, when it was found. docs/formats.md says what is noticed. An entry that is
 * damaged gives an empty key, label -1, and ERROR_DATA when it is read.
 */
#ifndef TENFOLD_LOADER_INDEX_H
#define TENFOLD_LOADER_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct index;

/* A part of the samples: all but those of fold `fold` of `folds`, or, `held_out`, these. Which they
 * are depends on the number of samples and the seed alone (formats.md); they are numbered anew in
 * order of their keys, and the hash is theirs. */
struct index_fold {
    uint32_t folds; /* 0: the whole, 2 or more */
    uint32_t fold;  /* 0.. */
    uint64_t seed;
    bool held_out;
};

struct index_options {
    const char *classes;  /* CSV file with columns index and folder name: how folders map to labels;
                             NULL: sorted */
    bool allow_unlabeled; /* samples without a class get label -1 instead of being refused */
    bool record;          /* scan, and note what index_save needs; an index file is not used */
    struct index_fold fold; /* not with `record` */
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
int64_t index_label(const struct index *index, uint64_t id);
/* Classes that the labels number: 1 + the largest label, or the class list's length. */
int64_t index_classes(const struct index *index);
/* The name of a class, NULL if it has none. */
const char *index_class_name(const struct index *index, int64_t label);
/* SHA-256 over "key TAB label LF" in order of id, 64 hex digits. */
const char *index_hash(const struct index *index);
/* Read the sample's bytes into `b` (replaced; its memory is reused). Any thread, each with its own
 * buffer. */
int index_read(const struct index *index, uint64_t id, struct buffer *b, struct error *err);
/* Ask the kernel to bring the sample's bytes into the page cache, unless they are there: whether it
 * was asked. Any thread; what cannot be found is left to index_read. */
bool index_advise(const struct index *index, uint64_t id);
/* "file" or "file:member" for messages, into `place`. */
void index_place(const struct index *index, uint64_t id, char *place, size_t size);
/* That, in front of what `err` says already: whoever decodes bytes does not know where they came
 * from. Returns -1. */
int index_blame(const struct index *index, uint64_t id, struct error *err);

/* Write the index (opened with `record`) as a file, whole or not at all. */
int index_save(const struct index *index, const char *path, struct error *err);
/* Where index_open looks for the file of `data`, which must exist; fresh (free()). ERROR_USAGE when
 * there is no cache folder. */
char *index_cache_path(const char *data, const struct index_options *options, struct error *err);
bool index_is_mapped(const struct index *index);
/* Read all of the index, as opening does not: every hash, every entry, the order of the keys. */
int index_check(const struct index *index, struct error *err);
/* Why an index file that was found was not used; NULL: there was none, or it was. */
const char *index_note(const struct index *index);
void index_close(struct index *index); /* NULL is a no-op */

#endif
