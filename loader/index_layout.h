/*
 * An index as one run of bytes: header, table, text, meta. It is what lies in an index file
 * (docs/formats.md), and in memory a scanned index has the same form, so that everything is read in
 * one way and through the same checks.
 *
 *     layout_make(&bytes, &build, &classes, base, 0, &err);
 *     struct index_layout layout;
 *     if (layout_open(&layout, bytes.data, bytes.size, path, &err) < 0) ...
 *     if (!layout_item(&layout, id, &item)) ...           // damaged there
 */
#ifndef TENFOLD_LOADER_INDEX_LAYOUT_H
#define TENFOLD_LOADER_INDEX_LAYOUT_H

#include "loader/index_private.h"

#define INDEX_MAGIC "TENFOLDI"
enum {
    INDEX_VERSION = 1,
    INDEX_RUN = 4096, /* samples whose text is counted from one base */
    INDEX_TEXT_BITS = 24,
    INDEX_LABEL_BITS = 20,
    INDEX_NO_LABEL = INDEX_LABELS_MAX,
};
_Static_assert((uint64_t)INDEX_RUN *INDEX_KEY_MAX <= 1 << INDEX_TEXT_BITS,
               "places in a run's text have 24 bits");

/* Runs of `count` samples. */
static inline size_t index_runs(uint64_t count)
{
    return (size_t)((count + INDEX_RUN - 1) / INDEX_RUN);
}

enum { INDEX_FOLDER = 1, INDEX_UNLABELED = 2, INDEX_RECORDED = 4 };

/* The first 256 bytes of an index file, little-endian (docs/formats.md). */
struct index_header {
    char magic[8];
    uint32_t version, flags;
    uint64_t count;
    uint64_t text_bytes, meta_bytes;
    uint64_t ignored;
    uint64_t class_count;
    uint64_t classes_hash; /* hash64 of the classes file; 0: none */
    char hash[64];         /* the data set's */
    uint64_t table_hash;   /* hash64 of entries, bases and text */
    uint64_t meta_hash;
    uint8_t reserved[104];
    uint64_t header_hash; /* of the bytes before */
};
_Static_assert(sizeof(struct index_header) == 256, "the header of an index has 256 bytes");

/* The bytes and where their parts lie. The header is a copy: nothing that was checked is read
 * twice.
 */
struct index_layout {
    struct index_header header;
    const void *bytes; /* borrowed */
    size_t size;
    const uint64_t *entries; /* two words a sample */
    const uint64_t *bases;   /* where the text of every 4096th sample begins */
    const char *text, *meta;
    uint64_t part_count; /* set by who reads the meta */
};

/* One sample as it lies there. */
struct index_item {
    int64_t label;
    uint32_t part, size;
    uint64_t offset;
};

/* What the meta part says. */
struct index_meta {
    char *base; /* owned, as all below */
    struct class_list classes;
    char **parts;
    size_t part_count;
    struct index_watch *watches; /* their paths are places in watch_text */
    size_t watch_count;
    struct buffer watch_text;
};

/* Lay out a finished build into `bytes`. `base` is what they will say of where the data lies. */
int layout_make(struct buffer *bytes, const struct index_build *b, const struct class_list *classes,
                const char *base, uint64_t classes_hash, struct error *err);
/* The same with another base. */
int layout_rebase(struct buffer *copy, const struct index_layout *v, const char *base,
                  struct error *err);

/* Find the parts of `size` bytes; ERROR_DATA at `path` when they are no index. Its meta part
 * and header are checked whole, its table is not touched. */
int layout_open(struct index_layout *v, const void *bytes, size_t size, const char *path,
                struct error *err);
int layout_meta(struct index_layout *v, struct index_meta *meta, const char *path,
                struct error *err);
void meta_release(struct index_meta *meta);
/* False: it is damaged there. id < count. */
bool layout_item(const struct index_layout *v, uint64_t id, struct index_item *item);
/* NULL: damaged. */
const char *layout_key(const struct index_layout *v, uint64_t id);
/* Everything that layout_open leaves: the table's hash, each item, the order of the keys, the data
 * set's hash. */
int layout_check(const struct index_layout *v, const char *path, struct error *err);

bool is_index_file(const char *path);
/* hash64 of the file's bytes; 0 without a file. */
int classes_hash(const char *path, uint64_t *hash, struct error *err);

/* ERROR_DATA when a watch finds something else below `base` than was scanned. */
int watch_check(const struct index_meta *meta, const char *base, const char *path,
                struct error *err);

/* ---- an open index ---- */

struct index {
    char *data;           /* owned: as given */
    char *base;           /* owned: what parts' names are put behind */
    struct buffer memory; /* the layout, unless mapped */
    const void *map;      /* of an index file; NULL: none */
    size_t map_size;
    struct index_layout layout;
    struct index_meta meta;
    struct shard *shards; /* owned: by part; tars only */
    uint64_t *kept; /* owned: ids of the whole data set, ascending; NULL: all */
    uint64_t kept_count;
    char hash[65];
    char note[400];
};

/* A tar: opened once, as long as there are not too many. */
struct shard {
    char *path; /* owned */
    int fd;     /* -1: opened for each read */
};

/* Which id of the whole data set `id` stands for. */
static inline uint64_t index_origin(const struct index *index, uint64_t id)
{
    return index->kept ? index->kept[id] : id;
}
/* Keep a part of an open index. */
int index_keep_fold(struct index *index, const struct index_fold *fold, struct error *err);

/* Open `index` from the index file `path`, which must be true and fit the options. `base` NULL:
 * the data lies where the file says; else it must be an index of what lies there. What was opened
 * before a failure is left to index_close. */
int index_map(struct index *index, const char *path, const char *base,
              const struct index_options *options, struct error *err);

int shards_open(struct index *index, struct error *err);
void shards_close(struct index *index);

#endif
