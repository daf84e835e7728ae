#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

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
};

static int add_file(struct walk *w, struct error *err)
{
    struct index_entry entry = { .label = -1 };
    char *dot = strrchr(w->path, '.');
    if (build_text(w->build, w->path, (size_t)(dot - w->path), &entry.key, err) < 0)
        return -1;
    uint32_t extension;
    if (build_text(w->build, dot, strlen(dot), &extension, err) < 0)
        return -1;
    return build_entry(w->build, &entry, err);
}

static bool is_folder(DIR *dir, const struct dirent *item)
{
    if (item->d_type != DT_UNKNOWN && item->d_type != DT_LNK)
        return item->d_type == DT_DIR;
    struct stat info;
    return fstatat(dirfd(dir), item->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
}

/* Take over `fd`, the open folder w->path. */
static int walk_folder(struct walk *w, int fd, int depth, struct error *err)
{
    size_t length = strlen(w->path);
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return error_errno(err, w->path[0] ? w->path : w->root, "cannot list the folder");
    }
    int rc = 0;
    size_t before = w->build->count;
    for (errno = 0; rc == 0; errno = 0) {
        struct dirent *item = readdir(dir);
        if (!item) {
            if (errno)
                rc = error_errno(err, w->path[0] ? w->path : w->root, "cannot list the folder");
            break;
        }
        if (item->d_name[0] == '.')
            continue;
        size_t used = length + (length > 0), size = strlen(item->d_name);
        if (used + size >= sizeof(w->path)) {
            rc = error_set(err, ERROR_DATA, w->root, "a path below it is longer than %d bytes",
                           PATH_BYTES - 1);
            break;
        }
        if (length)
            w->path[length] = '/';
        memcpy(w->path + used, item->d_name, size + 1);
        if (is_folder(dir, item)) {
            int below = depth < DEPTH_MAX
                            ? openat(fd, item->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                            : -1;
            if (depth == DEPTH_MAX)
                rc = error_set(err, ERROR_DATA, w->root, "folders are nested deeper than %d: %s",
                               DEPTH_MAX, w->path);
            else if (below < 0)
                rc = error_errno(err, w->root, "cannot open the folder %s", w->path);
            else
                rc = walk_folder(w, below, depth + 1, err);
        } else if (is_image_name(item->d_name))
            rc = add_file(w, err);
        else
            w->build->ignored++;
        w->path[length] = '\0';
    }
    if (rc == 0 && depth == 1 && w->build->count == before)
        rc = error_set(err, ERROR_DATA, w->root, "class folder %s holds no image", w->path);
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
