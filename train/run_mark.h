/*
 * Has a file changed since it was looked at? Times are only compared for being the same, never for
 * which is later, so clocks may jump and differ.
 *
 *     struct run_mark now = run_mark_of(&info);        // of fstat
 *     if (!run_mark_same(&now, &seen)) ...
 */
#ifndef TENFOLD_TRAIN_RUN_MARK_H
#define TENFOLD_TRAIN_RUN_MARK_H

#include <stdbool.h>
#include <sys/stat.h>

struct run_mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec written, changed;
};

static inline struct run_mark run_mark_of(const struct stat *info)
{
    return (struct run_mark){ info->st_dev, info->st_ino, info->st_size, info->st_mtim,
                              info->st_ctim };
}

static inline bool run_mark_same(const struct run_mark *a, const struct run_mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* By a look from outside: a third of the price of opening, but a network file system may answer
 * with what it knew some seconds ago. */
static inline bool run_mark_holds(const struct run_mark *seen, const char *path)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return false;
    const struct run_mark now = run_mark_of(&info);
    return run_mark_same(&now, seen);
}

#endif
