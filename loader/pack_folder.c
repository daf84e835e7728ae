#include "loader/pack_folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "loader/pack_shard.h"

enum { DIGITS = 6, RANDOM = 6 }; /* of a shard's number; of a temporary name */

void pack_path(char path[PACK_PATH], const char *out, const char *prefix, uint64_t s,
               const char *extension)
{
    int length =
        snprintf(path, PACK_PATH, "%s/%s-%0*" PRIu64 ".%s", out, prefix, DIGITS, s, extension);
    assert(length < PACK_PATH); /* pack_folder_names has looked */
    (void)length;
}

/* Does `out`, which need not exist, lie in `folder`? The nearest folder above it that exists tells.
 */
static bool lies_in(const char *out, const char *folder)
{
    char root[PATH_MAX], above[PATH_MAX], there[PATH_MAX];
    snprintf(above, sizeof(above), "%s", out);
    while (!realpath(above[0] ? above : ".", there)) {
        char *slash = strrchr(above, '/');
        if (errno != ENOENT || !above[0])
            return false;
        if (slash)
            slash[slash == above] = '\0';
        else
            above[0] = '\0';
    }
    size_t length = realpath(folder, root) ? strlen(root) : 0;
    return length > 0 && strncmp(there, root, length) == 0 &&
           (there[length] == '\0' || there[length] == '/' || root[length - 1] == '/');
}

int pack_folder_names(const char *out, const char *prefix, const struct index *index,
                      struct error *err)
{
    if (!prefix[0] || prefix[0] == '.' || prefix[strcspn(prefix, "/{},")])
        return error_set(err, ERROR_USAGE, "--prefix",
                         "'%s'; must be a name without / { } , and no dot in front", prefix);
    if (strlen(out) + strlen(prefix) > PACK_PATH - 64)
        return error_set(err, ERROR_USAGE, out, "is too long a name");
    const char *source = index_sample(index, 0).file;
    if (file_is_folder(source) && lies_in(out, source))
        return error_set(err, ERROR_USAGE, out,
                         "lies in the folder that is packed; name one beside it");
    return 0;
}

/* The number in "<prefix>-000003<rest>"; false: no such name. */
static bool shard_number(const char *name, const char *prefix, uint64_t *s, const char **rest)
{
    size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0 || name[length] != '-' ||
        strspn(name + length + 1, "0123456789") != DIGITS)
        return false;
    char *end;
    *s = strtoull(name + length + 1, &end, 10);
    *rest = end;
    return true;
}

/* The first key in which two packs differ. */
static int compare_packs(const json_t *found, const json_t *wanted, const char *path,
                         struct error *err)
{
    const char *key;
    const json_t *value;
    if (json_equal(found, wanted))
        return 0;
    json_object_foreach((json_t *)wanted, key, value)
    {
        const json_t *other = json_object_get(found, key);
        if (json_equal(other, value))
            continue;
        char *here = json_dumps(value, JSON_ENCODE_ANY);
        char *there = other ? json_dumps(other, JSON_ENCODE_ANY) : NULL;
        error_set(
            err, ERROR_DATA, path,
            "belongs to another pack (%s is %.70s there, %.70s here); name another folder, or "
            "remove the files of that pack",
            key, there ? there : "missing", here ? here : "");
        free(here);
        free(there);
        return -1;
    }
    return error_set(err, ERROR_DATA, path, "belongs to another version's pack");
}

/* The head of the index at `path`, whose tar has `tar_bytes`, against the plan. */
static int check_head(const json_t *head, const struct pack_plan *plan, uint64_t s,
                      uint64_t tar_bytes, const char *path, struct error *err)
{
    if (compare_packs(json_object_get(head, "pack"), plan->identity, path, err) < 0)
        return -1;
    if (s >= plan->shards || pack_head_number(head, "shard") != s ||
        pack_head_number(head, "first") != plan->first[s] ||
        pack_head_number(head, "samples") != plan->first[s + 1] - plan->first[s] ||
        pack_head_number(head, "source_bytes") != pack_plan_bytes(plan, s))
        return error_set(err, ERROR_DATA, path,
                         "was packed from other files: those of the source have changed since");
    uint64_t stated = pack_head_number(head, "tar_bytes");
    return stated == tar_bytes
               ? 0
               : error_set(err, ERROR_DATA, path,
                           "says that the tar has %" PRIu64 " bytes; it has %" PRIu64
                           "; remove both to pack it again",
                           stated, tar_bytes);
}

/* `path` is a tar in the folder of the pack. */
static int check_tar(const struct pack_plan *plan, const char *prefix, char *path, bool *there,
                     struct error *err)
{
    uint64_t s;
    const char *rest;
    struct stat info;
    if (stat(path, &info) < 0)
        return error_errno(err, path, "cannot look up");
    bool named = shard_number(strrchr(path, '/') + 1, prefix, &s, &rest) && !strcmp(rest, ".tar");
    char *dot = strrchr(path, '.');
    memcpy(dot, ".idx", sizeof(".idx")); /* as long as ".tar" */
    bool indexed = named && pack_shard_is(path);
    if (!indexed) {
        memcpy(dot, ".tar", sizeof(".tar"));
        return error_set(err, ERROR_DATA, path,
                         "was not packed here and would be read with the shards; name another "
                         "folder, or remove it");
    }
    json_t *head = pack_shard_head(path, err);
    int rc = head ? check_head(head, plan, s, (uint64_t)info.st_size, path, err) : -1;
    json_decref(head);
    if (rc == 0)
        there[s] = true;
    return rc;
}

static int check_name(const char *out, const struct pack_plan *plan, const char *prefix,
                      const char *name, bool *there, struct error *err)
{
    char path[PACK_PATH + NAME_MAX + 2];
    size_t length = strlen(name);
    snprintf(path, sizeof(path), "%s/%s", out, name);
    if (strcmp(name, "pack.json") == 0) {
        json_t *json = json_read(path, err);
        int rc =
            json ? compare_packs(json_object_get(json, "pack"), plan->identity, path, err) : -1;
        json_decref(json);
        return rc;
    }
    bool is_tar = length >= 4 && strcmp(name + length - 4, ".tar") == 0;
    return is_tar ? check_tar(plan, prefix, path, there, err) : 0;
}

int pack_folder_check(const char *out, const struct pack_plan *plan, const char *prefix,
                      bool *there, struct error *err)
{
    DIR *dir = opendir(out);
    if (!dir)
        return errno == ENOENT ? 0 : error_errno(err, out, "cannot be opened as a folder");
    int rc = 0;
    for (struct dirent *item = readdir(dir); item && rc == 0; item = readdir(dir))
        rc = check_name(out, plan, prefix, item->d_name, there, err);
    closedir(dir);
    return rc;
}

/* What file_create left of a shard of this part, or of pack.json, which is part 0's business. */
static bool is_leaving(const char *name, const char *prefix, uint64_t part, uint64_t parts)
{
    uint64_t s;
    const char *rest;
    if (strncmp(name, "pack.json.", 10) == 0)
        return part == 0 && strlen(name) == 10 + RANDOM;
    return shard_number(name, prefix, &s, &rest) && s % parts == part &&
           (strncmp(rest, ".tar.", 5) == 0 || strncmp(rest, ".idx.", 5) == 0) &&
           strlen(rest) == 5 + RANDOM;
}

int pack_folder_clean(const char *out, const char *prefix, uint64_t part, uint64_t parts,
                      struct error *err)
{
    DIR *dir = opendir(out);
    if (!dir)
        return error_errno(err, out, "cannot be opened as a folder");
    int rc = 0;
    for (struct dirent *item = readdir(dir); item && rc == 0; item = readdir(dir))
        if (is_leaving(item->d_name, prefix, part, parts) &&
            unlinkat(dirfd(dir), item->d_name, 0) < 0 && errno != ENOENT)
            rc = error_errno(err, out, "the unfinished %s cannot be removed", item->d_name);
    closedir(dir);
    return rc;
}
