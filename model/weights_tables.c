#include <inttypes.h>
#include <string.h>

#include "model/weights_private.h"

static const char prefix[] = "preprocess.";
static const char mean_image[] = "preprocess.mean_image";
static const char whitening[] = "preprocess.whitening";
static const char whitening_mean[] = "preprocess.whitening_mean";

bool weights_is_table(const char *name)
{
    return strncmp(name, prefix, sizeof(prefix) - 1) == 0;
}

size_t weights_tables(const struct preprocess *p, struct safetensors_item items[WEIGHTS_TABLES])
{
    const struct output_tables *t = &p->tables;
    int64_t d = (int64_t)t->values;
    if (p->output.mean_image) {
        items[0] = (struct safetensors_item){
            mean_image, { DTYPE_F32, 3, { 3, t->mean_height, t->mean_width }, t->mean_image }
        };
        return 1;
    }
    if (!p->output.whiten)
        return 0;
    items[0] = (struct safetensors_item){ whitening, { DTYPE_F32, 2, { d, d }, t->whitening } };
    items[1] = (struct safetensors_item){ whitening_mean, { DTYPE_F32, 1, { d }, t->center } };
    return 2;
}

static int refuse_strangers(const struct preprocess *p, const struct safetensors *file,
                            const char *path, struct error *err)
{
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const char *name = safetensors_item(file, i)->name;
        bool wanted = p->output.mean_image ? strcmp(name, mean_image) == 0
                      : p->output.whiten
                          ? strcmp(name, whitening) == 0 || strcmp(name, whitening_mean) == 0
                          : false;
        if (weights_is_table(name) && !wanted)
            return error_set(
                err, ERROR_DATA, path,
                "holds the table %s, which its preprocessing (output: %s) does not use", name,
                p->output.mean_image ? "subtract_mean_image"
                : p->output.whiten   ? "whiten"
                                     : "normalize");
    }
    return 0;
}

static int check_values(const struct preprocess *p, const char *path, struct error *err)
{
    size_t values = 3 * (size_t)p->size * (size_t)p->size;
    if (p->tables.values == values)
        return 0;
    return error_set(err, ERROR_DATA, path, "%s is for %zu values, pictures of %d x %d have %zu",
                     whitening, p->tables.values, p->size, p->size, values);
}

int weights_tables_load(struct preprocess *p, const struct safetensors *file, const char *path,
                        struct error *err)
{
    if (refuse_strangers(p, file, path, err) < 0)
        return -1;
    const char *name = p->output.mean_image ? mean_image : p->output.whiten ? whitening : NULL;
    if (!name)
        return 0;
    const struct tensor *table = safetensors_find(file, name);
    if (!table)
        return error_set(err, ERROR_DATA, path,
                         "the preprocessing takes a tensor %s; there is none", name);
    int rc = p->output.mean_image
                 ? output_take_mean_image(&p->tables, table, path, name, err)
                 : output_take_whitening(&p->tables, table, safetensors_find(file, whitening_mean),
                                         path, name, err);
    if (rc < 0) {
        if (err->kind == ERROR_USAGE)
            err->kind = ERROR_DATA;
        return -1;
    }
    return p->output.whiten ? check_values(p, path, err) : 0;
}
