/*
 * What the sources give to the index while it is made. A source is scanned into a `struct
 * index_build` (growing tables, in order of finding), which is sorted, labeled and laid out
 * (index_layout.h).
 */
#ifndef TENFOLD_LOADER_INDEX_PRIVATE_H
#define TENFOLD_LOADER_INDEX_PRIVATE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "loader/index.h"

enum {
    INDEX_BLOCK = 512,         /* bytes; where a tar's members begin */
    INDEX_KEY_MAX = 4096,      /* bytes of a key with its NUL */
    INDEX_PARTS_MAX = 1 << 20, /* tars, or extensions of a folder's files */
    INDEX_LABELS_MAX = (1 << 20) - 1,
};

/* One sample. Its key is text in the table at `key`. */
struct index_entry {
    uint64_t key;
    uint32_t block; /* of a tar: where the bytes begin, in blocks */
    uint32_t size;  /* 0 in a folder: known when read */
    int32_t label;
    uint32_t part; /* of a tar: which; in a folder: which extension */
};

/* A `.cls` member: the label of the sample with the same key. */
struct index_label {
    uint64_t key, text; /* in the table */
};

/* What an index depends on besides the samples' own bytes, and how it was when it was scanned. */
enum watch_kind { WATCH_FOLDER, WATCH_SHARDS, WATCH_TAR, WATCH_NAMES };
struct index_watch {
    enum watch_kind kind;
    uint64_t path;   /* in the table, below the base */
    int64_t mtime;   /* nanoseconds; 0: too young to be told from a later change */
    uint64_t size;   /* of a tar */
    uint64_t digest; /* of what the scan found in it */
};

struct index_build {
    bool folder;                 /* an ImageFolder; else tars */
    bool record;                 /* note sizes and watches */
    struct index_entry *entries; /* owned, as all tables below */
    size_t count, capacity;
    struct index_label *labels;
    size_t label_count, label_capacity;
    uint64_t *parts; /* text */
    size_t part_count, part_capacity;
    struct index_watch *watches;
    size_t watch_count, watch_capacity;
    struct buffer text; /* the string table */
    uint64_t ignored;   /* files and members that are no images */
    int64_t now;        /* nanoseconds: when the scan began */
};

/* Append text with its NUL; its place in *at. */
int build_text(struct index_build *b, const char *text, size_t size, uint64_t *at,
               struct error *err);
int build_entry(struct index_build *b, const struct index_entry *entry, struct error *err);
int build_label(struct index_build *b, const struct index_label *label, struct error *err);
/* A new part; its number in *part. */
int build_part(struct index_build *b, const char *text, uint32_t *part, struct error *err);
/* Watch `path` below the base, which `info` was taken of before it was read. */
int build_watch(struct index_build *b, enum watch_kind kind, const char *path,
                const struct stat *info, uint64_t digest, struct error *err);
/* What tells the entries from `entry` and the labels from `label` on. */
uint64_t build_digest(const struct index_build *b, size_t entry, size_t label);
void build_release(struct index_build *b);

/* Is `name` one that image files have (.jpg, .png, ... in any case)? Decoding tells what it really
 * is. */
bool is_image_name(const char *name);
bool is_tar_name(const char *name);

/* ImageFolder: every image below `root`; entries' labels are left at -1. Folders of the first level
 * without an image are ERROR_DATA. */
int scan_folder(struct index_build *b, const char *root, struct error *err);
/* The digest that scan_folder would watch the one folder `path` with. */
int folder_digest(const char *path, uint64_t *digest, struct error *err);

/* The members of a tar that is open as `fd`. */
int scan_tar(struct index_build *b, int fd, const char *path, uint32_t part, struct error *err);

/* The paths of the tars in a folder, sorted; none: it is no folder of tars. */
int list_shards(const char *folder, char ***paths, size_t *count, struct error *err);
uint64_t shards_digest(char *const *paths, size_t count);
void free_paths(char **paths, size_t count);

/* The paths that `data` stands for, braces expanded: "a-{00..02}.tar", "{a,b}.tar". Fresh strings
 * in a fresh list. */
int expand_pattern(const char *data, char ***paths, size_t *count, struct error *err);

/* What the names of parts and files are put behind, ending in a slash or empty; fresh (free()). */
char *index_base(const char *data, struct error *err);

/* Names by label. */
struct class_list {
    char **names; /* owned, by label; NULL where the file leaves a gap */
    int64_t count;
};

/* Read a CSV file whose first two columns are index and folder name; a first line that is no number
 * is the header. */
int class_list_read(struct class_list *list, const char *path, struct error *err);
/* Take `name` for `label`. */
int class_list_put(struct class_list *list, size_t *capacity, int64_t label, const char *name,
                   size_t size, struct error *err);
/* The names in the pack.json beside the shards that `data` stands for; none where there is no such
 * file, or it is not nndata pack's. */
int packed_names_read(struct class_list *list, const char *data, struct error *err);
/* What tells the bytes of a small file; 0: there is none. */
int small_file_digest(const char *path, uint64_t *digest, struct error *err);
/* -1: not in the list. */
int64_t class_list_find(const struct class_list *list, const char *name, size_t size);
void class_list_release(struct class_list *list);

/* Give every entry its label: from `.cls` members, else from the key's first folder. */
int label_entries(struct index_build *b, struct class_list *classes, bool classes_given,
                  bool allow_unlabeled, const char *data, struct error *err);

/* Scan `data` and do all of the above: entries sorted by key, none twice, labeled. */
int index_scan(struct index_build *b, struct class_list *classes, const char *data,
               const struct index_options *options, struct error *err);

#endif
