#include <stdio.h>

#include "base/interrupt.h"
#include "base/progress.h"
#include "train/trainer_private.h"

/* One epoch of training images through the averaged weights, whose activations have other means
 * and deviations than those of any weights that were averaged. */
static int reestimate(struct trainer *t, struct error *err)
{
    struct stream_options o = t->data.data.stream;
    struct stream *stream;
    o.start = o.bad_before = 0;
    o.steps = t->steps;
    if (stream_open(&stream, t->data.index, t->data.recipe, t->data.mix, &o, err) < 0)
        return -1;
    struct progress *progress =
        progress_open("swa", t->steps * o.batch, "images", t->request->quiet);
    struct batch batch;
    int rc = 0, nth = 0;
    while (!interrupt_asked(t->request->stop) &&
           (rc = stream_next(stream, &batch, err)) == 1) {
        backprop_reestimate(t->backprop, batch.images, (int)batch.header->count, ++nth);
        stream_release(stream, &batch);
        progress_update(progress, (uint64_t)nth * o.batch, "");
    }
    progress_close(progress);
    stream_close(stream);
    return rc < 0 ? -1 : 0;
}

static int judge(struct trainer *t, struct error *err)
{
    struct run_epoch row = { .epoch = t->result.epochs };
    char line[160];
    if ((t->val && trainer_validate(t, &row, err) < 0) ||
        run_folder_weights(t->run, "swa", t->net, &t->preprocess, &row, err) < 0)
        return -1;
    snprintf(line, sizeof(line), "swa: average of %d epochs", (int)average_calls(t->swa));
    if (row.validated)
        snprintf(line, sizeof(line),
                 "swa: average of %d epochs  validation: loss %.4f, top-1 %5.2f %%",
                 (int)average_calls(t->swa), row.eval_loss, 100 * row.eval_top1);
    if (t->request->epoch)
        t->request->epoch(t->request->context, line);
    return 0;
}

int trainer_finish_swa(struct trainer *t, struct error *err)
{
    average_swap(t->swa);
    int rc = reestimate(t, err);
    if (rc == 0)
        rc = judge(t, err);
    average_swap(t->swa);
    return rc;
}
