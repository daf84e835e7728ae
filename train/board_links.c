#include "train/board_links.h"

#include <stdlib.h>
#include <string.h>

#include "train/board_text.h"

/* Every byte that means something else in an address. */
static int append_escaped(struct buffer *b, const char *path, struct error *err)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    for (; *path; path++) {
        int rc = strchr(plain, *path) ? buffer_append(b, path, 1, err)
                                      : buffer_print(b, err, "%%%02X", (unsigned char)*path);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* From one folder to another, both without links and dots: "../../a/b/". */
static int append_way(struct buffer *b, const char *from, const char *to, struct error *err)
{
    size_t same = 0;
    for (size_t i = 0;
         from[i] == to[i] || ((!from[i] || from[i] == '/') && (!to[i] || to[i] == '/')); i++) {
        if (!from[i] || from[i] == '/')
            same = i;
        if (!from[i] || !to[i])
            break;
    }
    for (const char *at = from + same; *at; at++)
        if (*at == '/' && at[1] && buffer_append(b, "../", 3, err) < 0)
            return -1;
    to += same + (to[same] == '/');
    if (append_escaped(b, to, err) < 0)
        return -1;
    return *to ? buffer_append(b, "/", 1, err) : 0;
}

/* Where the run's folder is. */
static int append_folder(struct buffer *b, const struct board_run *run, const char *page,
                         struct error *err)
{
    if (!page)
        return buffer_print(b, err, "runs/%zu/", run->id);
    char *from = realpath(page, NULL), *to = realpath(run->path, NULL);
    int rc = 0;
    if (from && to)
        rc = append_way(b, strcmp(from, "/") == 0 ? "" : from, strcmp(to, "/") == 0 ? "" : to, err);
    free(from);
    free(to);
    return rc;
}

static int append_link(struct buffer *json, const char *folder, const char *name, struct error *err)
{
    struct buffer text = { 0 };
    const char *dot = strrchr(name, '.');
    int rc = buffer_append(&text, name, (size_t)(dot - name), err);
    if (rc == 0)
        rc = buffer_print(json, err, "{\"text\":");
    if (rc == 0)
        rc = board_text_string(json, text.data, err);
    if (rc == 0)
        rc = buffer_print(json, err, ",\"href\":\"%s", folder);
    if (rc == 0)
        rc = append_escaped(json, name, err);
    buffer_release(&text);
    return rc == 0 ? buffer_append(json, "\"}", 2, err) : -1;
}

int board_links(const struct board_run *run, const char *page, struct buffer *json,
                struct error *err)
{
    struct buffer folder = { 0 };
    const json_t *name;
    size_t i;
    if (json_array_size(run->files) == 0)
        return buffer_print(json, err, "\"links\":[],");
    int rc = append_folder(&folder, run, page, err);
    if (rc == 0)
        rc = buffer_print(json, err, "\"links\":[");
    json_array_foreach(run->files, i, name)
    {
        if (rc == 0 && i > 0)
            rc = buffer_append(json, ",", 1, err);
        if (rc == 0)
            rc = append_link(json, folder.data ? folder.data : "", json_string_value(name), err);
    }
    buffer_release(&folder);
    return rc == 0 ? buffer_append(json, "],", 2, err) : -1;
}
