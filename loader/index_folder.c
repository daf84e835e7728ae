#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "loader/index_private.h"

enum { DEPTH_MAX = 32, PATH_BYTES = 4096 };

/* torchvision's list: also kinds that we do not decode, so that such a file is refused by name and
 * not passed over. */
static const char *const extensions[] = { ".jpg", ".jpeg", ".png", ".jpe",  ".jfif", ".ppm",
                                          ".bmp", ".pgm",  ".tif", ".tiff", ".webp", ".gif" };

bool is_image_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot)
        return false;
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        if (strcasecmp(dot, extensions[i]) == 0)
            return true;
    return false;
}

struct walk {
    struct index_build *build;
    const char *root;
    char path[PATH_BYTES]; /* below the root, no slash at its front */
    uint32_t extension;    /* the part of the file before */
};

enum item_kind { ITEM_HIDDEN, ITEM_OTHER, ITEM_IMAGE, ITEM_FOLDER };

static enum item_kind item_kind(DIR *dir, const struct dirent *item)
{
    if (item->d_name[0] == '.')
        return ITEM_HIDDEN;
    bool folder = item->d_type == DT_DIR;
    struct stat info;
    if (item->d_type == DT_UNKNOWN || item->d_type == DT_LNK)
        folder = fstatat(dirfd(dir), item->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
    if (folder)
        return ITEM_FOLDER;
    return is_image_name(item->d_name) ? ITEM_IMAGE : ITEM_OTHER;
}

/* A folder's digest is the sum of these, so that their order does not matter. */
static uint64_t item_digest(enum item_kind kind, const char *name)
{
    return kind == ITEM_IMAGE ? hash64_text(name) : kind == ITEM_FOLDER ? ~hash64_text(name) : 0;
}

int folder_digest(const char *path, uint64_t *digest, struct error *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return error_errno(err, path, "cannot open the folder");
    *digest = 0;
    for (struct dirent *item = readdir(dir); item; item = readdir(dir))
        *digest += item_digest(item_kind(dir, item), item->d_name);
    closedir(dir);
    return 0;
}

/* The part that stands for `text`; folders have few extensions, and mostly that of the file before.
 */
static int find_extension(struct walk *w, const char *text, struct error *err)
{
    const struct index_build *b = w->build;
    for (size_t tries = 0; tries <= b->part_count; tries++) {
        uint32_t part = tries == 0 ? w->extension : (uint32_t)tries - 1;
        if (part < b->part_count && strcmp(b->text.data + b->parts[part], text) == 0) {
            w->extension = part;
            return 0;
        }
    }
    return build_part(w->build, text, &w->extension, err);
}

static int add_file(struct walk *w, DIR *dir, const struct dirent *item, struct error *err)
{
    struct index_entry entry = { .label = -1 };
    char *dot = strrchr(w->path, '.');
    struct stat info;
    if (w->build->record && fstatat(dirfd(dir), item->d_name, &info, 0) == 0 &&
        info.st_size <= UINT32_MAX)
        entry.size = (uint32_t)info.st_size;
    if (find_extension(w, dot, err) < 0 ||
        build_text(w->build, w->path, (size_t)(dot - w->path), &entry.key, err) < 0)
        return -1;
    entry.part = w->extension;
    return build_entry(w->build, &entry, err);
}

static int walk_folder(struct walk *w, int fd, int depth, struct error *err);

static int add_item(struct walk *w, DIR *dir, const struct dirent *item, enum item_kind kind,
                    int depth, struct error *err)
{
    if (kind == ITEM_IMAGE)
        return add_file(w, dir, item, err);
    if (kind == ITEM_OTHER) {
        w->build->ignored++;
        return 0;
    }
    if (depth == DEPTH_MAX)
        return error_set(err, ERROR_DATA, w->root, "folders are nested deeper than %d: %s",
                         DEPTH_MAX, w->path);
    int below = openat(dirfd(dir), item->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (below < 0)
        return error_errno(err, w->root, "cannot open the folder %s", w->path);
    return walk_folder(w, below, depth + 1, err);
}

/* Take over `fd`, the open folder w->path. */
static int walk_folder(struct walk *w, int fd, int depth, struct error *err)
{
    size_t length = strlen(w->path), used = length + (length > 0);
    const char *place = w->path[0] ? w->path : w->root;
    struct stat info;
    DIR *dir = fdopendir(fd);
    if (!dir || fstat(fd, &info) < 0) {
        error_errno(err, place, "cannot list the folder");
        if (dir)
            closedir(dir);
        else
            close(fd);
        return -1;
    }
    int rc = 0;
    size_t before = w->build->count;
    uint64_t digest = 0;
    for (errno = 0; rc == 0; errno = 0) {
        struct dirent *item = readdir(dir);
        if (!item) {
            if (errno)
                rc = error_errno(err, place, "cannot list the folder");
            break;
        }
        enum item_kind kind = item_kind(dir, item);
        if (kind == ITEM_HIDDEN)
            continue;
        size_t size = strlen(item->d_name);
        if (used + size >= sizeof(w->path)) {
            rc = error_set(err, ERROR_DATA, w->root, "a path below it is longer than %d bytes",
                           PATH_BYTES - 1);
            break;
        }
        if (length)
            w->path[length] = '/';
        memcpy(w->path + used, item->d_name, size + 1);
        digest += item_digest(kind, item->d_name);
        rc = add_item(w, dir, item, kind, depth, err);
        w->path[length] = '\0';
    }
    if (rc == 0 && depth == 1 && w->build->count == before)
        rc = error_set(err, ERROR_DATA, w->root, "class folder %s holds no image", w->path);
    if (rc == 0 && w->build->record)
        rc = build_watch(w->build, WATCH_FOLDER, w->path, &info, digest, err);
    closedir(dir);
    return rc;
}

int scan_folder(struct index_build *b, const char *root, struct error *err)
{
    struct walk w = { .build = b, .root = root };
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, root, "cannot open the folder");
    return walk_folder(&w, fd, 0, err);
}
