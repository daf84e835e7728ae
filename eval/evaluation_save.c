/* An evaluation's probabilities as files that say where they came from. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "eval/ensemble.h"
#include "eval/evaluation.h"

enum { ENSEMBLE = -1 }; /* in place of a member's number */

/* Of the ensemble all members' hashes, in the order in which they are summed. */
static int print_hashes(const struct evaluation *e, int member, struct buffer *text,
                        struct error *err)
{
    const struct members *m = &e->members;
    if (member != ENSEMBLE)
        return buffer_print(text, err, "%s", m->hashes[member]);
    int *order = memory_array((size_t)m->count, sizeof(*order), err);
    if (!order)
        return -1;
    ensemble_order(m->hashes, m->count, order);
    int status = 0;
    for (int i = 0; i < m->count && status == 0; i++)
        status = buffer_print(text, err, "%s%s", i ? " " : "", m->hashes[order[i]]);
    free(order);
    return status;
}

/* What is the same of every member and of the ensemble. */
static struct prediction_about describe(const struct evaluation *e)
{
    const struct report *r = &e->report;
    return (struct prediction_about){ .network = "ensemble",
                                      .views = r->views,
                                      .data_hash = r->data_hash,
                                      .kernels = r->kernels,
                                      .version = TENFOLD_VERSION,
                                      .total = r->n,
                                      .count = r->n,
                                      .group = predict_group(&e->views) };
}

static int save_as(const struct evaluation *e, int member, const char *path, struct error *err)
{
    struct prediction_about about = describe(e);
    struct buffer hashes = { 0 };
    char *preprocess = NULL;
    int status = print_hashes(e, member, &hashes, err);
    about.model_hash = hashes.data;
    if (status == 0 && member != ENSEMBLE) {
        json_t *json = preprocess_json(&e->members.preprocesses[member], err);
        about.preprocess = preprocess = json ? json_canonical(json, err) : NULL;
        json_decref(json);
        about.network = net_name(e->members.nets[member]);
        about.parameters = members_parameters(&e->members, member);
        about.multiply_adds = net_multiply_adds(e->members.nets[member]);
        status = preprocess ? 0 : -1;
    }
    const struct prediction *p = member == ENSEMBLE ? &e->mean : &e->predictions[member];
    if (status == 0)
        status = prediction_save(path, p, &about, NULL, NULL, err);
    free(preprocess);
    buffer_release(&hashes);
    return status;
}

static int save_one(const struct evaluation *e, const char *folder, int member, struct error *err)
{
    const char *name = member == ENSEMBLE ? "ensemble" : e->members.names[member];
    struct buffer file = { 0 };
    char *path = NULL;
    int status = -1;
    if (buffer_print(&file, err, "%s.safetensors", name) == 0 &&
        (path = file_join(folder, file.data, err)) != NULL)
        status = save_as(e, member, path, err);
    free(path);
    buffer_release(&file);
    return status;
}

int evaluation_save(const struct evaluation *e, const char *folder, struct error *err)
{
    if (file_make_folders(folder, err) < 0)
        return -1;
    for (int m = ENSEMBLE; m < e->members.count; m++)
        if (save_one(e, folder, m, err) < 0)
            return -1;
    return 0;
}
