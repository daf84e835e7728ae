#include "loader/tables.h"

#include "base/safetensors.h"

static int read_one(struct recipe *recipe, int i, const struct recipe_need *need, struct error *err)
{
    bool whitens = need->table == TABLE_WHITENING;
    const char *name = whitens ? "whitening" : "mean_image";
    struct safetensors *file;
    if (safetensors_open(&file, need->file, err) < 0)
        return -1;
    const struct tensor *table = safetensors_find(file, name);
    int rc = table ? recipe_give(recipe, i, table, safetensors_find(file, "whitening_mean"), err)
                   : error_set(err, ERROR_USAGE, need->place,
                               "%s holds no tensor %s; nndata stats%s writes one", need->file, name,
                               whitens ? " --whiten zca" : "");
    safetensors_close(file);
    return rc;
}

int tables_read(struct recipe *recipe, struct error *err)
{
    struct recipe_need need;
    for (int i = 0; recipe_need(recipe, i, &need); i++)
        if (read_one(recipe, i, &need, err) < 0)
            return -1;
    return 0;
}
