#include "model/whitening.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/eigen.h"
#include "base/memory.h"
#include "model/conv_form.h"
#include "model/net_private.h"

/* Added to the eigenvalues, in the units of the normalized pixels: the smallest directions are
 * noise, which must not be blown up. The value is Jordan's. */
static const double EPSILON = 5e-4;

/* Patches of one image: all that lie inside it, as rows of c r r numbers. */
struct patches {
    struct shape image, positions;
    struct window window;
    size_t taps;
};

static int find_patches(const struct net *net, struct patches *p, struct error *err)
{
    const struct net_node *node = net->count ? &net->nodes[0] : NULL;
    if (!node || strcmp(node->layer.kind->name, "conv") != 0)
        return error_set(err, ERROR_USAGE, net->name,
                         "begins with %s; init whitening needs a convolution there",
                         node ? node->layer.kind->name : "nothing");
    struct conv_form form = conv_form(&node->layer);
    *p = (struct patches){ .image = net->input, .window = form.window };
    p->taps = (size_t)net->input.c * (size_t)form.window.kernel * (size_t)form.window.kernel;
    if (form.groups != 1 || (size_t)form.out != 2 * p->taps)
        return error_set(err, ERROR_USAGE, net->name,
                         "%s has %d outputs in %d groups; init whitening needs %zu in one: two for "
                         "each of a patch's numbers",
                         node->name, form.out, form.groups, 2 * p->taps);
    p->window.stride = 1;
    p->window.padding = 0;
    int side = p->window.dilation * (p->window.kernel - 1);
    p->positions = (struct shape){ (int)p->taps, p->image.h - side, p->image.w - side };
    return 0;
}

/* sum += the patches' sums, second += their products, upper triangle. */
static void add_image(const struct patches *p, const float *columns, double *sum, double *second)
{
    size_t n = (size_t)p->positions.h * (size_t)p->positions.w;
    for (size_t i = 0; i < p->taps; i++) {
        const float *a = columns + i * n;
        for (size_t t = 0; t < n; t++)
            sum[i] += a[t];
        for (size_t j = i; j < p->taps; j++) {
            const float *b = columns + j * n;
            double dot = 0;
            for (size_t t = 0; t < n; t++)
                dot += (double)a[t] * b[t];
            second[i * p->taps + j] += dot;
        }
    }
}

static void fill(float *w, const struct patches *p, const double *vectors, const double *values)
{
    size_t d = p->taps;
    for (size_t k = 0; k < d; k++) {
        const double *e = vectors + (d - 1 - k) * d; /* rising: the last is the largest */
        double value = values[d - 1 - k] > 0 ? values[d - 1 - k] : 0;
        for (size_t i = 0; i < d; i++) {
            w[k * d + i] = (float)(e[i] / sqrt(value + EPSILON));
            w[(d + k) * d + i] = -w[k * d + i];
        }
    }
}

int whitening_init(struct net *net, const float *x, int b, struct error *err)
{
    struct patches p;
    if (find_patches(net, &p, err) < 0)
        return -1;
    size_t d = p.taps, positions = (size_t)p.positions.h * (size_t)p.positions.w;
    double *second = memory_array(d * d, sizeof(*second), err);
    double *sum = second ? memory_array(d, sizeof(*sum), err) : NULL;
    double *values = sum ? memory_array(d, sizeof(*values), err) : NULL;
    float *columns = values ? memory_array(d * positions, sizeof(*columns), err) : NULL;
    int rc = columns ? 0 : -1;
    if (rc == 0) {
        double n = (double)positions * b;
        for (int i = 0; i < b; i++) {
            im2col(x + (size_t)i * shape_count(p.image), p.image, &p.window, p.positions, columns);
            add_image(&p, columns, sum, second);
        }
        for (size_t i = 0; i < d; i++)
            for (size_t j = i; j < d; j++)
                second[i * d + j] = second[i * d + j] / n - sum[i] / n * (sum[j] / n);
        rc = eigen_symmetric((int)d, second, values, err);
    }
    if (rc == 0) {
        const struct net_node *node = &net->nodes[0];
        struct weight *w = &net->weights[node->first_weight];
        fill(w[CONV_WEIGHT].value.data, &p, second, values);
        if (node->weights > CONV_BIAS)
            memset(w[CONV_BIAS].value.data, 0, tensor_bytes(&w[CONV_BIAS].value));
    }
    free(columns);
    free(values);
    free(sum);
    free(second);
    return rc;
}
