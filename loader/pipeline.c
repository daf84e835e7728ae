#include "loader/pipeline.h"

#include <string.h>

#include "loader/tables.h"

int pipeline_open(struct pipeline *p, const struct config *config, const char *images,
                  struct error *err)
{
    const struct node *root = config_root(config);
    memset(p, 0, sizeof(*p));
    if (config_check_sections(config, err) < 0 ||
        data_config_read(&p->data, node_get(root, "data"), err) < 0)
        return -1;
    if (!images)
        images = p->data.train;
    if (!images)
        return error_set(err, ERROR_USAGE, "data.train",
                         "no images are named: give --data, or data.train in the config");
    struct index_options options = { .classes = p->data.classes, .fold = p->data.fold };
    uint64_t seed = p->data.stream.augment_seed;
    if (recipe_open(&p->recipe, node_get(root, "augment"), seed, err) < 0 ||
        tables_read(p->recipe, err) < 0 ||
        mix_open(&p->mix, node_get(root, "mix"), seed, err) < 0 ||
        index_open(&p->index, images, &options, err) < 0) {
        pipeline_close(p);
        return -1;
    }
    return 0;
}

void pipeline_close(struct pipeline *p)
{
    index_close(p->index);
    mix_close(p->mix);
    recipe_close(p->recipe);
    memset(p, 0, sizeof(*p));
}
