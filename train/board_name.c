#include "train/board_name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"

/* The length of a path without slashes at its end. */
static size_t trimmed(const char *path)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    return size;
}

/* How many bytes of whole components two paths begin with. */
static size_t shared(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t whole = 0;
    for (size_t i = 0; i <= a_size && i <= b_size; i++) {
        bool a_ends = i == a_size || a[i] == '/', b_ends = i == b_size || b[i] == '/';
        if (a_ends && b_ends)
            whole = i;
        if (i == a_size || i == b_size || a[i] != b[i])
            break;
    }
    return whole;
}

char *board_name_folder(const char *const *roots, int count, struct error *err)
{
    size_t size = count > 0 ? trimmed(roots[0]) : 0;
    for (int i = 1; i < count; i++)
        size = shared(roots[0], size, roots[i], trimmed(roots[i]));
    char *folder = memory_text(count > 0 ? roots[0] : "", err);
    if (folder)
        folder[size] = '\0';
    return folder;
}

/* The last component, of the folder that it names where it is "." or "..". */
static char *last_name(const char *path, struct error *err)
{
    char *real = realpath(path, NULL);
    char *copy = real ? real : memory_text(path, err);
    if (!copy)
        return NULL;
    copy[trimmed(copy)] = '\0';
    const char *slash = strrchr(copy, '/');
    char *name = memory_text(slash && slash[1] ? slash + 1 : copy, err);
    free(copy);
    return name;
}

char *board_name(const char *folder, const char *path, struct error *err)
{
    size_t size = strlen(folder);
    if (size == trimmed(path) && strncmp(folder, path, size) == 0)
        return last_name(path, err);
    bool below = size > 0 && strncmp(folder, path, size) == 0 &&
                 (path[size] == '/' || folder[size - 1] == '/');
    const char *name = below ? path + size : path;
    while (below && *name == '/')
        name++;
    return memory_text(name, err);
}

char *board_name_title(const char *title, const char *const *roots, int count, struct error *err)
{
    enum { SHOWN = 3 };
    struct buffer text = { 0 };
    if (title)
        return memory_text(title, err);
    int rc = buffer_print(&text, err, "%s", count ? "" : "no runs");
    for (int i = 0; rc == 0 && i < count && i < SHOWN; i++) {
        char *name = last_name(roots[i], err);
        rc = name ? buffer_print(&text, err, "%s%s", i ? ", " : "", name) : -1;
        free(name);
    }
    if (rc == 0 && count > SHOWN)
        rc = buffer_print(&text, err, " and %d more", count - SHOWN);
    if (rc == 0)
        return text.data;
    buffer_release(&text);
    return NULL;
}
