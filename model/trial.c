#include "model/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/trial_run.h"

_Static_assert((int)TRIAL_INPUTS == (int)LAYER_INPUTS && (int)TRIAL_WEIGHTS == (int)LAYER_WEIGHTS &&
                   (int)TRIAL_PARAMS == (int)LAYER_PARAMS,
               "a trial has room for what a layer has");

static int describe(struct trial *t, const struct layer_kind *kind, struct error *err)
{
    struct layer layer = { .kind = kind, .inputs = t->inputs, .built = t->in[0] };
    struct layer_weight declared[LAYER_WEIGHTS];
    memcpy(layer.v, t->v, sizeof(layer.v));
    if (kind->shape(&layer, t->in, &t->out, err) < 0)
        return -1;
    t->weights = kind->weights ? kind->weights(&layer, t->in, declared) : 0;
    for (int i = 0; i < t->weights; i++) {
        t->suffix[i] = declared[i].suffix;
        t->trained[i] = declared[i].trained;
        t->size[i] = 1;
        for (int r = 0; r < declared[i].rank; r++)
            t->size[i] *= (size_t)declared[i].shape[r];
    }
    return 0;
}

static double *numbers(size_t n, struct error *err)
{
    return memory_array(n, sizeof(double), err);
}

int trial_open(struct trial *t, const char *name, const union value *values, const struct shape *in,
               int inputs, int b, struct error *err)
{
    int k = 0;
    *t = (struct trial){ .name = name, .inputs = inputs, .b = b, .nth = 1, .of = 1 };
    while (layers[k] && strcmp(layers[k]->name, name) != 0)
        k++;
    if (!layers[k])
        return error_set(err, ERROR_USAGE, name, "there is no such layer");
    const struct param *params = layers[k]->params;
    for (size_t i = 0; params && params[i].name; i++)
        if (values)
            t->v[i] = values[i];
        else
            param_default(&params[i], &t->v[i]);
    memcpy(t->in, in, (size_t)inputs * sizeof(*in));
    if (describe(t, layers[k], err) < 0)
        return -1;
    size_t n = (size_t)b, out = n * shape_count(t->out);
    bool enough = (t->y = numbers(out, err)) && (t->dy = numbers(out, err));
    for (int i = 0; enough && i < inputs; i++)
        enough = (t->x[i] = numbers(n * shape_count(in[i]), err)) &&
                 (t->dx[i] = numbers(n * shape_count(in[i]), err));
    for (int i = 0; enough && i < t->weights; i++)
        enough = (t->w[i] = numbers(t->size[i], err)) && (t->dw[i] = numbers(t->size[i], err));
    if (enough)
        return 0;
    trial_close(t);
    return -1;
}

int trial_run(struct trial *t, enum trial_way way, struct error *err)
{
    if (way == TRIAL_TWIN_DOUBLE)
        return trial_run_in_double(t, true, err);
    return trial_run_in_float(t, way == TRIAL_TWIN_FLOAT, err);
}

const char *trial_kernel(const struct trial *t)
{
    int k = 0;
    while (strcmp(layers[k]->name, t->name) != 0)
        k++;
    struct layer layer = {
        .kind = layers[k], .inputs = t->inputs, .nth = t->nth, .of = t->of, .built = t->in[0]
    };
    struct pass p = { .layer = &layer,
                      .b = t->b,
                      .out = t->out,
                      .relu = t->relu && layers[k]->fuses_relu,
                      .training = !t->evaluation,
                      .fast = t->fast };
    memcpy(layer.v, t->v, sizeof(layer.v));
    memcpy(p.in, t->in, sizeof(p.in));
    return layers[k]->kernel ? layers[k]->kernel(&p) : NULL;
}

void trial_close(struct trial *t)
{
    for (int i = 0; i < TRIAL_INPUTS; i++) {
        free(t->x[i]);
        free(t->dx[i]);
    }
    for (int i = 0; i < TRIAL_WEIGHTS; i++) {
        free(t->w[i]);
        free(t->dw[i]);
    }
    free(t->y);
    free(t->dy);
}
