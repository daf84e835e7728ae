#include "model/trial_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/twins.h"
#include "model/winograd.h"

/* A trial's numbers as `real`, and what a layer needs beside them. */
struct stage {
    struct layer layer;
    struct pass pass;
    real *x[TRIAL_INPUTS], *w[TRIAL_WEIGHTS], *y, *dy, *dx[TRIAL_INPUTS], *dw[TRIAL_WEIGHTS];
    real *scratch, *kept, *lane, *prepared;
    void *state;
};

static const struct layer_kind *find(const char *name, bool twin)
{
#ifdef TENFOLD_DOUBLE
    (void)twin;
    const struct layer_kind *const *list = TWINS;
#else
    const struct layer_kind *const *list = twin ? TWINS : layers;
#endif
    for (; *list; list++)
        if (strcmp((*list)->name, name) == 0)
            return *list;
    return NULL;
}

/* Images of a shape as they lie for the layer: in blocks of `lanes` channels; 1: as planes. */
struct images {
    struct shape shape;
    int lanes, b;
};

static real *take_images(const struct images *s, const double *from, struct error *err)
{
    size_t n = shape_count(s->shape), plane = (size_t)s->shape.h * (size_t)s->shape.w;
    real *to = memory_aligned((size_t)s->b * n, sizeof(*to), err);
    for (size_t i = 0; to && i < (size_t)s->b * n; i++) {
        int c = (int)(i % n / plane);
        to[i / n * n + blocks_index(s->shape, s->lanes, c, i % plane)] = (real)from[i];
    }
    return to;
}

static void give_images(const struct images *s, const real *from, double *to)
{
    size_t n = shape_count(s->shape), plane = (size_t)s->shape.h * (size_t)s->shape.w;
    for (size_t i = 0; i < (size_t)s->b * n; i++) {
        int c = (int)(i % n / plane);
        to[i] = (double)from[i / n * n + blocks_index(s->shape, s->lanes, c, i % plane)];
    }
}

/* How input i lies; -1: the output. */
static struct images images_of(const struct pass *p, int i)
{
    bool blocks = i < 0 ? p->y_blocks : p->x_blocks[i];
    return (struct images){ i < 0 ? p->out : p->in[i], blocks ? p->lanes : 1, p->b };
}

static bool fills_blocks(struct shape s, int lanes)
{
    return s.c % lanes == 0;
}

/* Blocks for everything that may lie in them. */
static void lay_in_blocks(struct pass *p)
{
    const struct layer_kind *kind = p->layer->kind;
    p->lanes = winograd_lanes();
    bool all = fills_blocks(p->out, p->lanes);
    for (int i = 0; i < p->layer->inputs; i++)
        all = all && fills_blocks(p->in[i], p->lanes);
    if (kind->blocks == BLOCKS_NEVER || (kind->blocks == BLOCKS_ALIKE && !all) ||
        (kind->takes_blocks && !kind->takes_blocks(p)))
        return;
    p->y_blocks = fills_blocks(p->out, p->lanes);
    for (int i = 0; i < p->layer->inputs; i++)
        p->x_blocks[i] = fills_blocks(p->in[i], p->lanes);
}

static real *take(const double *from, size_t n, struct error *err)
{
    real *to = memory_aligned(n, sizeof(*to), err);
    for (size_t i = 0; to && from && i < n; i++)
        to[i] = (real)from[i];
    return to;
}

static void give(const real *from, double *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

static int stage_open(struct stage *s, const struct trial *t, bool twin, struct error *err)
{
    s->layer.kind = find(t->name, twin);
    if (!s->layer.kind)
        return error_set(err, ERROR_FAILED, t->name, "has no plain twin");
    memcpy(s->layer.v, t->v, sizeof(s->layer.v));
    s->layer.inputs = t->inputs;
    s->layer.built = t->in[0];
    s->layer.nth = t->nth;
    s->layer.of = t->of;
    struct pass *p = &s->pass;
    *p = (struct pass){ .layer = &s->layer,
                        .b = t->b,
                        .out = t->out,
                        .relu = t->relu && s->layer.kind->fuses_relu,
                        .training = !t->evaluation,
                        .fast = t->fast,
                        .noise = t->noise,
                        .key = rng_derive(t->seed, "dropout", t->name, 0) };
    memcpy(p->in, t->in, sizeof(p->in));
    if (t->blocks && !twin && sizeof(real) == sizeof(float))
        lay_in_blocks(p);
    struct images y = images_of(p, -1);
    size_t trained = 0;
    for (int i = 0; i < t->inputs; i++) {
        struct images x = images_of(p, i);
        p->x[i] = s->x[i] = take_images(&x, t->x[i], err);
        p->dx[i] = s->dx[i] = take_images(&x, t->dx[i], err);
        p->add[i] = t->add;
        if (!s->x[i] || !s->dx[i])
            return -1;
    }
    for (int i = 0; i < t->weights; i++) {
        p->w[i] = s->w[i] = take(t->w[i], t->size[i], err);
        p->dw[i] = s->dw[i] = take(NULL, t->size[i], err);
        if (!s->w[i] || !s->dw[i])
            return -1;
        p->running[i] = t->trained[i] ? NULL : s->w[i];
        trained += t->trained[i] ? t->size[i] : 0;
    }
    p->y = s->y = take_images(&y, t->y, err);
    p->dy = s->dy = take_images(&y, t->dy, err);
    s->lane = take(NULL, trained, err);
    s->scratch = take(NULL, s->layer.kind->scratch ? s->layer.kind->scratch(p) : 0, err);
    s->kept = take(NULL, s->layer.kind->kept ? s->layer.kind->kept(p) : 0, err);
    s->prepared = take(NULL, s->layer.kind->prepared ? s->layer.kind->prepared(p) : 0, err);
    s->state = memory_aligned(s->layer.kind->state ? s->layer.kind->state(p) : 0, 1, err);
    p->state = s->state;
    return s->y && s->dy && s->lane && s->scratch && s->kept && s->prepared && s->state ? 0 : -1;
}

static void stage_close(struct stage *s)
{
    for (int i = 0; i < TRIAL_INPUTS; i++) {
        free(s->x[i]);
        free(s->dx[i]);
    }
    for (int i = 0; i < TRIAL_WEIGHTS; i++) {
        free(s->w[i]);
        free(s->dw[i]);
    }
    free(s->y);
    free(s->dy);
    free(s->lane);
    free(s->scratch);
    free(s->kept);
    free(s->prepared);
    free(s->state);
}

static void prepare(struct stage *s, bool backward)
{
    const struct layer_kind *kind = s->layer.kind;
    if (!kind->prepared || kind->prepared(&s->pass) == 0)
        return;
    kind->prepare(&s->pass, backward, s->prepared);
    s->pass.prepared = s->prepared;
}

static void forward(struct stage *s, const struct trial *t)
{
    const struct layer_kind *kind = s->layer.kind;
    prepare(s, false);
    for (int i = 0; s->pass.training && kind->measure && i < t->b; i++)
        kind->measure(&s->pass, i);
    if (s->pass.training && kind->settle)
        kind->settle(&s->pass);
    if (kind->forward_images)
        kind->forward_images(&s->pass, 0, t->b, s->scratch);
    else
        for (int i = 0; i < t->b; i++)
            kind->forward(&s->pass, i, s->scratch);
    size_t n = (size_t)t->b * shape_count(t->out);
    for (size_t i = 0; t->relu && i < n; i++) /* a no-op where the layer did it */
        s->y[i] = s->y[i] > 0 ? s->y[i] : 0;
}

static void backward(struct stage *s, const struct trial *t)
{
    const struct layer_kind *kind = s->layer.kind;
    size_t n = (size_t)t->b * shape_count(t->out);
    for (size_t i = 0; t->relu && i < n; i++)
        s->dy[i] = s->y[i] > 0 ? s->dy[i] : 0;
    for (int i = 0; kind->measure_backward && i < t->b; i++)
        kind->measure_backward(&s->pass, i);
    if (kind->settle_backward)
        kind->settle_backward(&s->pass);
    prepare(s, true);
    if (kind->backward_images)
        kind->backward_images(&s->pass, 0, 1, t->b, s->scratch, s->kept, s->lane);
    else
        for (int i = 0; i < t->b; i++)
            kind->backward(&s->pass, i, s->scratch, s->lane);
    if (kind->finish_lane)
        kind->finish_lane(&s->pass, s->kept, s->lane);
    const real *from = s->lane;
    for (int i = 0; !kind->settle_backward && i < t->weights; i++)
        if (t->trained[i]) {
            memcpy(s->dw[i], from, t->size[i] * sizeof(*from));
            from += t->size[i];
        }
}

int TRIAL_RUN(struct trial *t, bool twin, struct error *err)
{
    struct stage s = { 0 };
    int rc = stage_open(&s, t, twin, err);
    if (rc == 0) {
        struct images y = images_of(&s.pass, -1);
        forward(&s, t);
        give_images(&y, s.y, t->y);
        if (!t->evaluation) {
            backward(&s, t);
            for (int i = 0; i < t->inputs; i++) {
                struct images x = images_of(&s.pass, i);
                give_images(&x, s.dx[i], t->dx[i]);
            }
            for (int i = 0; i < t->weights; i++)
                give(t->trained[i] ? s.dw[i] : s.w[i], t->trained[i] ? t->dw[i] : t->w[i],
                     t->size[i]);
        }
    }
    stage_close(&s);
    return rc;
}
