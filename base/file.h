/*
 * Files read whole and written whole. A file is written under a temporary name beside its own,
 * synced and renamed, so that a reader sees the old one or the new one and never half of either.
 *
 *     struct file_out *out;
 *     if (file_create(&out, "scores.csv", &err) < 0) ...
 *     fprintf(file_stream(out), "...");
 *     if (file_commit(out, &err) < 0) ...               // or file_abandon(out): nothing is left
 */
#ifndef TENFOLD_BASE_FILE_H
#define TENFOLD_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"

enum {
    FILE_LIMIT = 64 << 20
}; /* what a text file (config, JSON, CSV) may hold at most, in bytes */

/* The whole of `path` into `b` (replaced), by pread; refused above `limit` bytes. A folder or
 * device is refused. */
int file_read(const char *path, uint64_t limit, struct buffer *b, struct error *err);

/* `size` bytes at `offset` of an open file, all of them or an error; `path` is for the message. */
int file_read_at(int fd, void *data, size_t size, uint64_t offset, const char *path,
                 struct error *err);

/* Write `size` bytes as `path` (temporary name, fsync, rename, fsync of the folder). */
int file_write(const char *path, const void *data, size_t size, struct error *err);

/* What writing `path` would be refused for, as far as can be told before there is anything to
 * write: hours of work are not to end at a folder that is not there. */
int file_check_out(const char *path, struct error *err);

/* A link is followed: the file that it names is replaced, not the link. A folder, device or pipe is
 * refused. */
struct file_out;
int file_create(struct file_out **out, const char *path, struct error *err);
FILE *file_stream(struct file_out *out);                  /* borrowed; do not close */
int file_commit(struct file_out *out, struct error *err); /* frees `out` whatever it returns */
void file_abandon(struct file_out *out);                  /* NULL is a no-op */

/* What was printed on standard output has all arrived there: the last thing a program asks. */
int file_check_printed(struct error *err);

bool file_exists(const char *path);
bool file_is_folder(const char *path);
int file_make_folders(const char *path, struct error *err); /* as mkdir -p */

/* "folder/name" into a fresh string (free()); `name` alone if it is absolute or folder is "" or
 * NULL. */
char *file_join(const char *folder, const char *name, struct error *err);
/* The folder part of `path` ("." if there is none), fresh. */
char *file_folder(const char *path, struct error *err);

#endif
