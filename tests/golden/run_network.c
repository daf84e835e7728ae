/*
 * One network on ready tensors, for scripts that compare logits with other software's.
 * Usage: run_network NET.yaml=WEIGHTS X.npy Y.npy     (x (n,c,h,w) float32, y (n,classes))
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/npy.h"
#include "model/infer.h"
#include "model/weights.h"

static int run(const char *model, const char *in, const char *out, struct error *err)
{
    struct net *net = NULL;
    struct infer *infer = NULL;
    struct preprocess preprocess;
    struct tensor x = { 0 }, y = { .dtype = DTYPE_F32, .rank = 2 };
    int rc = model_open(&net, &preprocess, model, err);
    if (rc == 0)
        rc = npy_read(in, &x, err);
    if (rc == 0 && (x.dtype != DTYPE_F32 || x.rank != 4 || x.shape[1] != net_input(net).c))
        rc = error_set(err, ERROR_DATA, in, "must be float32 (n,%d,h,w)", net_input(net).c);
    if (rc == 0) {
        y.shape[0] = x.shape[0];
        y.shape[1] = net_classes(net);
        y.data = memory_array(tensor_count(&y), sizeof(float), err);
        rc = y.data ? infer_open(&infer, net, (int)x.shape[0], err) : -1;
    }
    if (rc == 0)
        rc = infer_run(infer, x.data, (int)x.shape[0], (int)x.shape[2], (int)x.shape[3], y.data,
                       err);
    if (rc == 0)
        rc = npy_write(out, &y, err);
    infer_close(infer);
    net_close(net);
    free(y.data);
    free(x.data);
    return rc;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    if (argc != 4) {
        fprintf(stderr, "usage: run_network NET.yaml=WEIGHTS X.npy Y.npy\n");
        return 2;
    }
    if (run(argv[1], argv[2], argv[3], &err) == 0)
        return 0;
    error_print(&err, "run_network");
    return error_status(&err);
}
