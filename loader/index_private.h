/* What the sources give to the index while it is built. */
#ifndef TENFOLD_LOADER_INDEX_PRIVATE_H
#define TENFOLD_LOADER_INDEX_PRIVATE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "loader/index.h"

/* One sample, 24 bytes. Its key is text in the table at `key`; in a folder the extension follows
 * behind the key's NUL. */
struct index_entry {
    uint64_t offset;
    uint32_t key;
    uint32_t size; /* 0: known when read (files of a folder) */
    int32_t label;
    uint32_t container; /* of a tar; unused in a folder */
};

/* A `.cls` member: the label of the sample with the same key. */
struct index_label {
    uint32_t key, text; /* in the table */
    uint32_t container;
};

struct index_build {
    struct index_entry *entries; /* owned */
    size_t count, capacity;
    struct index_label *labels; /* owned */
    size_t label_count, label_capacity;
    struct buffer text; /* the string table */
    uint64_t ignored;   /* files and members that are no images */
};

/* Append text with its NUL; its place in *at. ERROR_DATA above 4 GB. */
int build_text(struct index_build *b, const char *text, size_t size, uint32_t *at,
               struct error *err);
int build_entry(struct index_build *b, const struct index_entry *entry, struct error *err);
int build_label(struct index_build *b, const struct index_label *label, struct error *err);

/* Is `name` one that image files have (.jpg, .png, ... in any case)? Decoding tells what it really
 * is. */
bool is_image_name(const char *name);

/* ImageFolder: every image below `root`; entries' labels are left at -1. Folders of the first level
 * without an image are ERROR_DATA. */
int scan_folder(struct index_build *b, const char *root, struct error *err);

/* The members of a tar that is open as `fd`. */
int scan_tar(struct index_build *b, int fd, const char *path, uint32_t container,
             struct error *err);

/* The paths that `data` stands for, braces expanded: "a-{00..02}.tar", "{a,b}.tar". Fresh strings
 * in a fresh list. */
int expand_pattern(const char *data, char ***paths, size_t *count, struct error *err);

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
/* -1: not in the list. */
int64_t class_list_find(const struct class_list *list, const char *name, size_t size);
void class_list_release(struct class_list *list);

/* Give every entry its label: from `.cls` members, else from the key's first folder. */
int label_entries(struct index_build *b, struct class_list *classes, bool classes_given,
                  bool allow_unlabeled, const char *data, struct error *err);

#endif
