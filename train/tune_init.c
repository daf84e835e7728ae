#include "train/tune_init.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/probe.h"

/* Enough for one unit in a hundred to be seen open; steps that a gradient needs to come through a
 * classifier and a branch that both begin at zero. */
enum { BATCHES = 4, STEPS = 3 };
static const float STEP = 0.01f;

static void measure_input(struct init_facts *f)
{
    struct shape in = net_input(probe_net(f->probe));
    size_t plane = (size_t)in.h * (size_t)in.w;
    double sum[INIT_CHANNELS] = { 0 }, squares[INIT_CHANNELS] = { 0 }, n = 0;
    for (int i = 0; i < probe_batches(f->probe); i++) {
        const struct batch *b = probe_batch(f->probe, i);
        const float *x = b->images;
        for (uint32_t s = 0; s < b->header->count; s++)
            for (int c = 0; c < INIT_CHANNELS; c++)
                for (size_t at = 0; at < plane; at++, x++) {
                    sum[c] += *x;
                    squares[c] += (double)*x * *x;
                }
        n += (double)b->header->count * (double)plane;
    }
    for (int c = 0; c < INIT_CHANNELS; c++) {
        f->mean[c] = sum[c] / n;
        f->deviation[c] = sqrt(fmax(squares[c] / n - f->mean[c] * f->mean[c], 0));
    }
}

static double see(struct signals *s, const struct init_facts *f, int i)
{
    const struct batch *b = probe_batch(f->probe, i);
    const struct train_config *c = probe_config(f->probe);
    const struct targets targets = {
        .loss = c->loss,
        .label = b->label,
        .weight = b->weight,
        .smoothing = (float)c->label_smoothing,
    };
    return signals_see(s, b->images, (int)b->header->count, &targets);
}

static int keep(struct init_facts *f, struct signals *s, struct error *err)
{
    const struct signals_layer *layers = signals_layers(s, &f->layer_count);
    const struct signals_matrix *matrices = signals_matrices(s, &f->matrix_count);
    f->layers = memory_array((size_t)f->layer_count, sizeof(*layers), err);
    f->matrices = memory_array((size_t)f->matrix_count, sizeof(*matrices), err);
    if (!f->layers || !f->matrices)
        return -1;
    memcpy(f->layers, layers, (size_t)f->layer_count * sizeof(*layers));
    memcpy(f->matrices, matrices, (size_t)f->matrix_count * sizeof(*matrices));
    return 0;
}

static bool idle(const struct signals_matrix *m)
{
    return m->gradient == 0 || m->alike;
}

/* Is there anything that nothing goes through, or that is the same everywhere? */
static bool any_idle(const struct init_facts *f)
{
    bool any = false;
    for (int m = 0; m < f->matrix_count; m++)
        any |= idle(&f->matrices[m]);
    for (int l = 0; l < f->layer_count; l++)
        any |= f->layers[l].constant > 0;
    return any;
}

/* ... still, after a few steps of plain descent? */
static void look_again(struct init_facts *f, struct signals *s)
{
    size_t n;
    struct net *net = probe_net(f->probe);
    float *w = net_values(net, &n), *g = net_gradients(net, &n);
    for (int step = 0; step < STEPS; step++) {
        see(s, f, step % probe_batches(f->probe));
        for (size_t i = 0; i < n; i++)
            w[i] -= STEP * g[i];
    }
    signals_forget(s);
    for (int i = 0; i < probe_batches(f->probe); i++)
        see(s, f, i);
    const struct signals_layer *layers = signals_layers(s, &f->layer_count);
    const struct signals_matrix *matrices = signals_matrices(s, &f->matrix_count);
    for (int l = 0; l < f->layer_count; l++)
        f->layers[l].constant = fmin(f->layers[l].constant, layers[l].constant);
    for (int m = 0; m < f->matrix_count; m++)
        if (idle(&f->matrices[m])) {
            f->matrices[m].gradient = matrices[m].gradient;
            f->matrices[m].alike = matrices[m].alike;
        }
}

static int measure(struct init_facts *f, struct error *err)
{
    struct signals *s;
    const struct train_config *c = probe_config(f->probe);
    int batch = (int)probe_batch(f->probe, 0)->header->count, n = probe_batches(f->probe);
    if (signals_open(&s, probe_net(f->probe), batch, probe_lend(f->probe), err) < 0)
        return -1;
    f->loss_kind = c->loss;
    f->classes = net_classes(probe_net(f->probe));
    f->pretrained = c->init_from != NULL;
    measure_input(f);
    for (int i = 0; i < n; i++)
        f->loss += see(s, f, i) / n;
    int rc = keep(f, s, err);
    if (rc == 0 && isfinite(f->loss) && any_idle(f))
        look_again(f, s);
    signals_close(s);
    return rc;
}

int init_measure(struct init_facts *f, const struct tune_options *o, struct error *err)
{
    *f = (struct init_facts){ 0 };
    const struct probe_request request = {
        .config = o->config, .data = o->data, .steps = BATCHES, .hold = true
    };
    if (probe_open(&f->probe, &request, err) == 0 && measure(f, err) == 0)
        return 0;
    init_facts_release(f);
    return -1;
}

void init_facts_release(struct init_facts *f)
{
    free(f->layers);
    free(f->matrices);
    probe_close(f->probe);
    *f = (struct init_facts){ 0 };
}
