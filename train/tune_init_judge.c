/*
 * Limits are wide: every initialization of docs/networks.md passes on CIFAR-10, and what the
 * lecture warns of does not (tests/test_tune_init.c).
 */
#include <math.h>
#include <string.h>

#include "train/tune_init.h"

/* Logits of deviation 1 make a loss of 1.2 times that of guessing, the features of 110 layers with
 * shortcuts one of 1.5 times; N(0, 1) weights several times. */
static const double LOSS_HIGH = 2, LOSS_LOW = 0.5;
/* Images on the 0..1 scale have a mean of two deviations; -1..1 without a shift of colors, none. */
static const double CENTER = 1, DEVIATION_LOW = 0.1, DEVIATION_HIGH = 10;
static const double SHARE = 0.5;       /* of units or values that may be stuck */
static const double ACTIVATIONS = 1e3; /* largest over smallest layer */
static const double GRADIENTS = 1e6;   /* the same of gradients, relative to the weights */

static double expected(const struct init_facts *f)
{
    return f->loss_kind == LOSS_HINGE ? f->classes - 1 : log(f->classes);
}

static void judge_loss(const struct init_facts *f, struct verdict *v)
{
    double wanted = expected(f);
    const char *what = f->loss_kind == LOSS_HINGE ? "C - 1" : "ln C";
    verdict_number(v, "loss", f->loss);
    verdict_number(v, "expected", wanted);
    if (!isfinite(f->loss))
        verdict_fault(v, FAULT_INIT, "smaller initial weights (init: default, or kaiming_normal)",
                      "the loss is not finite at the start");
    else if (f->loss > LOSS_HIGH * wanted)
        verdict_fault(v, FAULT_INIT, "smaller initial weights (init: default, or kaiming_normal)",
                      "loss %.3g at the start; guessing costs %s = %.3g, so the network is sure "
                      "and wrong before it has learned anything",
                      f->loss, what, wanted);
    else if (f->loss < LOSS_LOW * wanted && !f->pretrained)
        verdict_fault(v, FAULT_DATA, "look at the labels and at `classes` of the network",
                      "loss %.3g at the start, below guessing (%s = %.3g): the labels can be told "
                      "before anything is learned",
                      f->loss, what, wanted);
    else
        verdict_note(v, "loss %.3g at the start; %s = %.3g", f->loss, what, wanted);
}

static void judge_input(const struct init_facts *f, struct verdict *v)
{
    verdict_numbers(v, "input_mean", f->mean, INIT_CHANNELS);
    verdict_numbers(v, "input_deviation", f->deviation, INIT_CHANNELS);
    for (int c = 0; c < INIT_CHANNELS; c++) {
        double mean = f->mean[c], deviation = f->deviation[c];
        if (fabs(mean) <= CENTER * deviation && deviation >= DEVIATION_LOW &&
            deviation <= DEVIATION_HIGH)
            continue;
        verdict_fault(v, FAULT_INPUT,
                      "end the recipe with normalize: {mean: ..., std: ...} of this data (nndata "
                      "stats)",
                      "images are not normalized: channel %d has mean %.3g and deviation %.3g", c,
                      mean, deviation);
        return;
    }
}

/* The layer with the largest share, and how many are above the limit. */
static int worst_layer(const struct init_facts *f, bool constant, int *above)
{
    int worst = 0;
    *above = 0;
    for (int l = 0; l < f->layer_count; l++) {
        double share = constant ? f->layers[l].constant : f->layers[l].saturated;
        double most = constant ? f->layers[worst].constant : f->layers[worst].saturated;
        *above += share > SHARE;
        if (share > most)
            worst = l;
    }
    return worst;
}

static void judge_stuck(const struct init_facts *f, struct verdict *v)
{
    int above, worst = worst_layer(f, true, &above);
    if (above > 0) {
        const struct signals_layer *l = &f->layers[worst];
        bool relu = strncmp(l->kind, "relu", 4) == 0;
        verdict_fault(v, FAULT_INIT,
                      relu
                          ? "initial biases of 0 and weights of both signs (init: kaiming_normal); "
                            "leaky_relu cannot die"
                          : "init: xavier_normal or kaiming_normal",
                      "%.0f %% of the units of %s%s in %d of %d layers", 100 * l->constant, l->name,
                      relu ? " never open (dead ReLUs)," : " give the same for every image,", above,
                      f->layer_count);
    }
    worst = worst_layer(f, false, &above);
    if (above > 0)
        verdict_fault(v, FAULT_INIT, "smaller initial weights (init: xavier_normal)",
                      "%.0f %% of the outputs of %s are saturated, in %d of %d layers",
                      100 * f->layers[worst].saturated, f->layers[worst].name, above,
                      f->layer_count);
}

static double size_of(const struct signals_layer *l)
{
    return sqrt(l->mean * l->mean + l->deviation * l->deviation);
}

static void judge_activations(const struct init_facts *f, struct verdict *v)
{
    int least = 0, most = 0;
    for (int l = 1; l < f->layer_count; l++) {
        if (size_of(&f->layers[l]) < size_of(&f->layers[least]))
            least = l;
        if (size_of(&f->layers[l]) > size_of(&f->layers[most]))
            most = l;
    }
    if (f->layer_count < 2)
        return;
    double low = size_of(&f->layers[least]), high = size_of(&f->layers[most]);
    if (isfinite(high) && high <= ACTIVATIONS * low)
        return;
    verdict_fault(v, FAULT_INIT, "init: kaiming_normal before ReLUs, xavier_normal before tanh",
                  "activations %s: %.2g in %s, %.2g in %s", most > least ? "explode" : "vanish",
                  least < most ? low : high, f->layers[least < most ? least : most].name,
                  least < most ? high : low, f->layers[least < most ? most : least].name);
}

static void judge_units(const struct init_facts *f, struct verdict *v)
{
    const char *name = NULL;
    int alike = 0;
    for (int m = 0; m < f->matrix_count; m++)
        if (f->matrices[m].alike && alike++ == 0)
            name = f->matrices[m].name;
    if (alike > 0)
        verdict_fault(v, FAULT_INIT, "weights by chance (init: default, or kaiming_normal)",
                      "all units of %s have the same weights and the same gradient, so no training "
                      "tells them apart (%d of %d layers)",
                      name, alike, f->matrix_count);
}

static double relative(const struct signals_matrix *m)
{
    return m->weight > 0 ? m->gradient / m->weight : m->gradient;
}

static void judge_gradients(const struct init_facts *f, struct verdict *v)
{
    int least = -1, most = -1;
    for (int i = 0; i < f->matrix_count; i++) {
        const struct signals_matrix *m = &f->matrices[i];
        if (!isfinite(m->gradient) || m->gradient == 0) {
            verdict_fault(v, FAULT_INIT, "init: default, or kaiming_normal",
                          m->gradient == 0 ? "no gradient reaches %s"
                                           : "the gradient of %s is not finite",
                          m->name);
            return;
        }
        if (m->weight == 0) /* whatever it is, it is large beside that */
            continue;
        if (least < 0 || relative(m) < relative(&f->matrices[least]))
            least = i;
        if (most < 0 || relative(m) > relative(&f->matrices[most]))
            most = i;
    }
    if (most < 0 || relative(&f->matrices[most]) <= GRADIENTS * relative(&f->matrices[least]))
        return;
    const struct signals_matrix *a = &f->matrices[least], *b = &f->matrices[most];
    verdict_fault(v, FAULT_INIT, "init: kaiming_normal before ReLUs, xavier_normal before tanh",
                  "gradients vanish on their way: %.2g times the weights in %s, %.2g in %s",
                  relative(b), b->name, relative(a), a->name);
}

static json_t *column(const struct init_facts *f, int which)
{
    json_t *list = json_array();
    for (int l = 0; l < f->layer_count; l++) {
        const struct signals_layer *s = &f->layers[l];
        const double values[] = { l + 1,        s->mean,     s->deviation,
                                  s->saturated, s->constant, s->gradient };
        json_array_append_new(list, verdict_real(values[which]));
    }
    return list;
}

/* Curves over the layers, and a table of the matrices. */
static void show(const struct init_facts *f, struct verdict *v)
{
    static const char *const names[] = { "layer",     "mean",     "deviation",
                                         "saturated", "constant", "gradient" };
    json_t *layers = json_object(), *matrices = json_array();
    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
        json_object_set_new(layers, names[i], column(f, i));
    for (int i = 0; i < f->matrix_count; i++) {
        const struct signals_matrix *m = &f->matrices[i];
        json_array_append_new(matrices, json_pack("{s:s, s:o, s:o}", "name", m->name, "weight",
                                                  verdict_real(m->weight), "gradient",
                                                  verdict_real(m->gradient)));
    }
    verdict_evidence(v, "layers", layers);
    verdict_evidence(v, "matrices", matrices);
}

void init_judge(const struct init_facts *f, struct verdict *v)
{
    judge_loss(f, v);
    judge_input(f, v);
    judge_stuck(f, v);
    judge_activations(f, v);
    judge_units(f, v);
    judge_gradients(f, v);
    show(f, v);
}
