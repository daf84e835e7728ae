/*
 * What follows from the size of the images. Values are read from the cache where the images are
 * few, weights are read once for as many images as a step's chunk of pixels or tiles is of: so many
 * are run at a time. Stages never want fewer than those before, so that a stage's images are whole
 * chunks of the one before.
 *
 * Values have places in one block of memory, a place being reused as soon as the last reader is
 * done. What a later stage reads is kept for that stage's images, while earlier stages run again:
 * nothing else may lie in its place.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/infer_private.h"

static bool is_blocked(const struct infer *f, int s)
{
    enum infer_way way = f->plan->steps[s].way;
    return way != INFER_LAYER && way != INFER_COLLECT;
}

struct shape infer_shape(const struct infer *f, int value)
{
    const struct net *net = f->plan->net;
    int node = value % (net->count + 1);
    return node == net->count ? (struct shape){ net->input.c, f->h, f->w } : f->shapes[node];
}

struct pass infer_pass(const struct infer *f, int s)
{
    const struct infer_step *step = &f->plan->steps[s];
    const struct net_node *node = &f->plan->net->nodes[step->node];
    struct pass p = net_pass(f->plan->net, step->node, 1);
    for (int i = 0; i < step->inputs; i++)
        p.in[i] = infer_shape(f, step->input[i]);
    p.out = infer_shape(f, step->node);
    p.relu = step->least == 0;
    p.prepared = f->use[s].prepared;
    if (p.layer->kind->draws)
        p.key = rng_derive(f->chance.seed, "dropout", node->name, 0);
    p.sample = f->chance.sample;
    p.noise = f->chance.noise;
    if (step->folded) {
        p.w[0] = step->folded;
        p.w[1] = step->bias;
    }
    return p;
}

static size_t value_floats(const struct infer *f, int s)
{
    struct shape shape = infer_shape(f, f->plan->steps[s].value);
    if (is_blocked(f, s))
        return blocked_of(shape).image;
    return (shape_count(shape) + 15) & ~(size_t)15; /* whole cache lines */
}

/* How many images a step wants at a time: a power of two. */
static int images_wanted(const struct infer *f, int s)
{
    const struct infer_step *step = &f->plan->steps[s];
    if (step->way != INFER_CONV)
        return 1;
    int most = blocked_conv_images(&f->use[s].conv), images = 1;
    most = most < f->group ? most : f->group;
    most = most < INFER_IMAGES ? most : INFER_IMAGES;
    while (images * 2 <= most)
        images *= 2;
    return images;
}

static void make_stages(struct infer *f)
{
    f->stage_count = 0;
    int images = 0; /* of the stage that is growing */
    for (int s = 0; s < f->plan->count; s++) {
        int wanted = images_wanted(f, s);
        if (wanted > images) {
            f->stages[f->stage_count++] = (struct infer_stage){ .first = s, .images = wanted };
            images = wanted;
        }
        f->stages[f->stage_count - 1].last = s + 1;
    }
}

static int stage_of(const struct infer *f, int s)
{
    int k = 0;
    while (s >= f->stages[k].last)
        k++;
    return k;
}

static bool reads(const struct infer_step *step, int value)
{
    bool found = step->residual == value;
    for (int i = 0; i < step->inputs; i++)
        found = found || step->input[i] == value;
    return found;
}

/* The last step that reads `value`; the network's output is read in the end. */
static int last_reader(const struct infer *f, int value)
{
    int last = f->plan->count;
    if (value == f->plan->last)
        return last;
    for (last--; last >= 0 && !reads(&f->plan->steps[last], value); last--)
        ;
    return last;
}

struct live {
    size_t at, size;
    int until;
};

/* The first gap among what lives, which is sorted by place. */
static size_t find_place(struct live *live, size_t *alive, size_t size, int until)
{
    size_t at = 0, slot = 0;
    for (; slot < *alive && at + size > live[slot].at; slot++)
        at = live[slot].at + live[slot].size;
    memmove(&live[slot + 1], &live[slot], (*alive - slot) * sizeof(*live));
    live[slot] = (struct live){ at, size, until };
    ++*alive;
    return at;
}

/* Values of step s: first those that a later stage keeps, then the others in their turn. */
static void place_step(struct infer *f, int s, bool kept, struct live *live, size_t *alive,
                       size_t *total)
{
    int value = f->plan->steps[s].value, until = last_reader(f, value);
    int stage = until < f->plan->count ? stage_of(f, until < 0 ? s : until) : f->stage_count - 1;
    if ((stage != stage_of(f, s)) != kept)
        return;
    size_t image = value_floats(f, s), size = image * (size_t)f->stages[stage].images;
    size_t at = find_place(live, alive, size, until < 0 ? s : until);
    f->place[value] = (struct infer_place){ at, image, stage };
    *total = at + size > *total ? at + size : *total;
}

static int place_values(struct infer *f, struct error *err)
{
    struct live *live = memory_array((size_t)f->plan->count + 1, sizeof(*live), err);
    if (!live)
        return -1;
    size_t alive = 0, total = 0;
    for (int s = 0; s < f->plan->count; s++)
        place_step(f, s, true, live, &alive, &total);
    for (int s = 0; s < f->plan->count; s++) {
        size_t left = 0;
        for (size_t i = 0; i < alive; i++)
            if (live[i].until >= s)
                live[left++] = live[i];
        alive = left;
        place_step(f, s, false, live, &alive, &total);
    }
    free(live);
    f->scratch_at = total;
    return 0;
}

static size_t scratch_floats(const struct infer *f, int s)
{
    if (f->plan->steps[s].way == INFER_CONV)
        return blocked_conv_scratch(&f->use[s].conv);
    if (f->plan->steps[s].way != INFER_LAYER)
        return 0;
    struct pass p = infer_pass(f, s);
    return p.layer->kind->scratch ? p.layer->kind->scratch(&p) : 0;
}

static int take_memory(struct infer *f, struct error *err)
{
    size_t scratch = 0;
    for (int s = 0; s < f->plan->count; s++) {
        size_t need = scratch_floats(f, s);
        scratch = need > scratch ? need : scratch;
    }
    if (f->scratch_at + scratch <= f->capacity)
        return 0;
    free(f->memory);
    f->capacity = 0;
    f->memory = memory_aligned(f->scratch_at + scratch, sizeof(float), err);
    if (!f->memory)
        return -1;
    f->capacity = f->scratch_at + scratch;
    return 0;
}

/* The weights as step s multiplies them. */
static int prepare_step(struct infer *f, int s, struct error *err)
{
    struct infer_use *use = &f->use[s];
    if (f->plan->steps[s].way == INFER_CONV) {
        use->weights = infer_plan_weights(f->plan, s, &use->conv, err);
        return use->weights ? 0 : -1;
    }
    free(use->prepared);
    use->prepared = NULL;
    if (f->plan->steps[s].way != INFER_LAYER)
        return 0;
    struct pass p = infer_pass(f, s);
    size_t n = p.layer->kind->prepared ? p.layer->kind->prepared(&p) : 0;
    if (n == 0)
        return 0;
    use->prepared = memory_aligned(n, sizeof(float), err);
    if (!use->prepared)
        return -1;
    p.layer->kind->prepare(&p, false, use->prepared);
    return 0;
}

static int get_ready(struct infer *f, struct error *err)
{
    const struct infer_plan *plan = f->plan;
    for (int s = 0; s < plan->count; s++)
        if (plan->steps[s].way == INFER_CONV)
            infer_plan_conv(plan, s, infer_shape(f, plan->steps[s].input[0]),
                            infer_shape(f, plan->steps[s].node), &f->use[s].conv);
    make_stages(f);
    if (place_values(f, err) < 0)
        return -1;
    for (int s = 0; s < plan->count; s++)
        if (prepare_step(f, s, err) < 0)
            return -1;
    return take_memory(f, err);
}

int infer_set_size(struct infer *f, int h, int w, struct error *err)
{
    const struct net *net = f->plan->net;
    if (f->h == h && f->w == w)
        return 0;
    f->h = f->w = 0; /* not set, should this fail */
    if (net_shapes(net, h, w, f->shapes, err) < 0)
        return -1;
    const struct shape *last = &f->shapes[net->count - 1];
    if (shape_count(*last) % (size_t)net->classes != 0 || last->c != net->classes)
        return error_set(err, ERROR_USAGE, net->name,
                         "gives %dx%dx%d at an input of %dx%d; %d classes are needed", last->c,
                         last->h, last->w, h, w, net->classes);
    f->h = h;
    f->w = w;
    int rc = get_ready(f, err);
    if (rc < 0)
        f->h = f->w = 0;
    return rc;
}
