/*
 * A short name for each model, so that rows of a table, keys of a JSON file and files of
 * probabilities can be told apart. Trainings leave `best.safetensors` in many folders: a name grows
 * folder by folder until it is alone.
 */
#include "eval/names.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/weights.h"

enum { PARTS_MAX = 16 }; /* folders that a name may grow by; a number does the rest */

static const char EXTENSION[] = ".safetensors";

/* The last `parts` components of `path` joined by '-', without the extension. */
static char *name_from(const char *path, int parts, struct error *err)
{
    size_t end = strlen(path), extension = sizeof(EXTENSION) - 1;
    if (end > extension && !strcmp(path + end - extension, EXTENSION) &&
        path[end - extension - 1] != '/')
        end -= extension;
    size_t start = end;
    for (; start > 0; start--)
        if (path[start - 1] == '/' && path[start] != '/' && --parts == 0)
            break;

    char *name = memory_array(end - start + 1, 1, err);
    size_t size = 0;
    for (size_t i = start; name && i < end; i++) {
        if (path[i] != '/')
            name[size++] = path[i];
        else if (size > 0 && name[size - 1] != '-')
            name[size++] = '-';
    }
    return name;
}

static bool taken(char *const *names, int count, int own, const char *name)
{
    if (!strcmp(name, "ensemble"))
        return true;
    for (int i = 0; i < count; i++)
        if (i != own && names[i] && !strcmp(names[i], name))
            return true;
    return false;
}

static int replace(char **name, char *fresh)
{
    if (!fresh)
        return -1;
    free(*name);
    *name = fresh;
    return 0;
}

/* Does more of its path tell model i from the others? Not where a file is given twice. */
static bool needs_more(const char *const *models, int count, char *const *names, int i)
{
    const char *own = model_weights_path(models[i]);
    if (!strcmp(names[i], "ensemble"))
        return true;
    for (int j = 0; j < count; j++)
        if (!strcmp(names[j], names[i]) && strcmp(model_weights_path(models[j]), own) != 0)
            return true;
    return false;
}

/* Names that collide grow by one folder, all of them at once, so that equals stay alike in form. */
static int grow(const char *const *models, int count, char **names, int parts, struct error *err)
{
    bool *collides = memory_array((size_t)count, sizeof(*collides), err);
    if (!collides)
        return -1;
    for (int i = 0; i < count; i++)
        collides[i] = needs_more(models, count, names, i);
    int status = 0;
    for (int i = 0; i < count && status == 0; i++)
        if (collides[i])
            status = replace(&names[i], name_from(model_weights_path(models[i]), parts, err));
    free(collides);
    return status;
}

static int number(char **names, int count, int own, struct error *err)
{
    size_t size = strlen(names[own]) + 16;
    char *fresh = memory_array(size, 1, err);
    if (!fresh)
        return -1;
    int n = 2;
    do
        snprintf(fresh, size, "%s-%d", names[own], n++);
    while (taken(names, count, own, fresh));
    return replace(&names[own], fresh);
}

char **names_make(const char *const *models, int count, struct error *err)
{
    char **names = memory_array((size_t)count, sizeof(*names), err);
    if (!names)
        return NULL;
    for (int i = 0; i < count; i++)
        if (!(names[i] = name_from(model_weights_path(models[i]), 1, err)))
            goto undo;
    for (int parts = 2; parts <= PARTS_MAX; parts++)
        if (grow(models, count, names, parts, err) < 0)
            goto undo;
    /* The first of equals keeps its name. */
    for (int i = 0; i < count; i++)
        if (taken(names, i, i, names[i]) && number(names, count, i, err) < 0)
            goto undo;
    return names;
undo:
    names_free(names, count);
    return NULL;
}

void names_free(char **names, int count)
{
    for (int i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}
