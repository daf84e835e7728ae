/*
 * Pictures are made by all threads, one a turn, into a folder beside the one asked for, which is
 * synced once and renamed at the end: thousands of synced small files would take longer than the
 * pictures.
 */
#include "loader/synth.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/thread.h"
#include "loader/encode.h"
#include "loader/synth_paint.h"

static const char *const splits[] = { [SCENE_TRAIN] = "train", [SCENE_TEST] = "test" };

struct maker {
    struct painter *painter; /* owned */
    struct buffer file;      /* owned */
    struct error err;        /* the first that this worker met */
    bool failed;
};

struct synth {
    const struct synth_options *options; /* borrowed */
    const char *folder;                  /* borrowed: the temporary one */
    struct maker *makers;                /* owned: one a worker */
    struct progress *progress;
    int done; /* pictures; counted atomically */
};

static int write_file(const char *path, const struct buffer *file, struct error *err)
{
    FILE *stream = fopen(path, "wbe");
    if (!stream)
        return error_errno(err, path, "cannot be made");
    size_t written = fwrite(file->data, 1, file->size, stream);
    if (fclose(stream) != 0 || written != file->size)
        return error_errno(err, path, "cannot be written");
    return 0;
}

static int make_picture(const struct synth *synth, struct maker *maker, enum scene_split split,
                        int i)
{
    struct scene scene;
    char path[4096];
    int class = i % synth->options->classes, number = i / synth->options->classes;
    scene_draw(&scene, synth->options->seed, split, class, (uint32_t)number);
    struct image image = painter_paint(maker->painter, &scene);
    if (encode_image(&image, &scene.camera.form, &maker->file, &maker->err) < 0)
        return -1;
    int length = snprintf(path, sizeof(path), "%s/%s/%s/%04d.%s", synth->folder, splits[split],
                          scene_class_name(class), number, encode_extension(&scene.camera.form));
    if (length < 0 || (size_t)length >= sizeof(path))
        return error_set(&maker->err, ERROR_USAGE, synth->folder, "is too long a name");
    return write_file(path, &maker->file, &maker->err);
}

static void turn(void *context, size_t i, int worker)
{
    struct synth *synth = context;
    struct maker *maker = &synth->makers[worker];
    size_t train = (size_t)synth->options->train;
    if (maker->failed || (synth->options->stop && *synth->options->stop))
        return;
    int rc = i < train ? make_picture(synth, maker, SCENE_TRAIN, (int)i)
                       : make_picture(synth, maker, SCENE_TEST, (int)(i - train));
    maker->failed = rc < 0;
    int done = __atomic_add_fetch(&synth->done, 1, __ATOMIC_RELAXED);
    progress_update(synth->progress, (uint64_t)done, NULL);
}

static int make_pictures(struct synth *synth, struct pool *pool, struct error *err)
{
    int threads = pool_threads(pool), rc = 0;
    size_t total = (size_t)synth->options->train + (size_t)synth->options->test;
    synth->makers = memory_array((size_t)threads, sizeof(*synth->makers), err);
    if (!synth->makers)
        return -1;
    for (int i = 0; i < threads && rc == 0; i++)
        rc = painter_open(&synth->makers[i].painter, err);
    if (rc == 0) {
        synth->progress = progress_open("synth", total, "images", synth->options->quiet);
        pool_run(pool, total, turn, synth);
        progress_close(synth->progress);
        if (synth->options->stop && *synth->options->stop)
            rc = error_set(err, ERROR_INTERRUPTED, NULL, "interrupted; nothing was made");
    }
    for (int i = 0; i < threads; i++) {
        if (rc == 0 && synth->makers[i].failed) {
            *err = synth->makers[i].err;
            rc = -1;
        }
        painter_close(synth->makers[i].painter);
        buffer_release(&synth->makers[i].file);
    }
    free(synth->makers);
    return rc;
}

static int make_folders(const char *folder, const struct synth_options *o, struct error *err)
{
    for (int split = SCENE_TRAIN; split <= SCENE_TEST; split++)
        for (int class = 0; class < o->classes; class ++) {
            char path[4096];
            if ((split == SCENE_TRAIN ? o->train : o->test) == 0)
                continue;
            int length = snprintf(path, sizeof(path), "%s/%s/%s", folder, splits[split],
                                  scene_class_name(class));
            if (length < 0 || (size_t)length >= sizeof(path))
                return error_set(err, ERROR_USAGE, folder, "is too long a name");
            if (file_make_folders(path, err) < 0)
                return -1;
        }
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

/* Its own leavings only, when something went wrong: that they stay is not worth another error. */
static void remove_tree(const char *folder)
{
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int sync_and_rename(const char *from, const char *to, struct error *err)
{
    int fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, from, "cannot be opened");
    int rc = syncfs(fd);
    close(fd);
    if (rc < 0)
        return error_errno(err, from, "cannot be synced");
    if (rename(from, to) < 0) /* an empty folder is replaced */
        return error_errno(err, to, "cannot be made");
    return 0;
}

static int check(const char *folder, const struct synth_options *o, struct error *err)
{
    if (o->classes < 2 || o->classes > SCENE_CLASSES)
        return error_set(err, ERROR_USAGE, "--classes", "%d; must be 2..%d", o->classes,
                         SCENE_CLASSES);
    if (o->train < 0 || o->test < 0 || (o->train > 0 && o->train < o->classes) ||
        (o->test > 0 && o->test < o->classes) || o->train + o->test == 0)
        return error_set(err, ERROR_USAGE, folder,
                         "%d pictures for training and %d for testing; each must be 0 or at least "
                         "one a class (%d)",
                         o->train, o->test, o->classes);
    if (!file_exists(folder))
        return 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return error_errno(err, folder, "cannot be opened as a folder");
    int entries = 0;
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        entries += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    if (entries > 0)
        return error_set(err, ERROR_USAGE, folder, "is not empty; name a folder that is new");
    return 0;
}

int synth_write(const char *folder, const struct synth_options *options, struct error *err)
{
    if (check(folder, options, err) < 0)
        return -1;
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    char partial[4096];
    int size =
        snprintf(partial, sizeof(partial), "%.*s.partial-%d", (int)length, folder, (int)getpid());
    if (size < 0 || (size_t)size >= sizeof(partial))
        return error_set(err, ERROR_USAGE, folder, "is too long a name");
    struct synth synth = { .options = options, .folder = partial };
    struct pool *pool = NULL;
    int rc = -1;
    if (make_folders(partial, options, err) == 0 && pool_open(&pool, options->threads, err) == 0 &&
        make_pictures(&synth, pool, err) == 0)
        rc = sync_and_rename(partial, folder, err);
    pool_close(pool);
    if (rc < 0)
        remove_tree(partial);
    return rc;
}
