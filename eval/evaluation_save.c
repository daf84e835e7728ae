/* An evaluation's probabilities as files that say where they came from. */
#include <inttypes.h>
#include <stdio.h>
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

static int add_text(json_t *object, const char *key, const char *text, struct error *err)
{
    if (json_object_set_new(object, key, json_bytes(text)) == 0)
        return 0;
    return error_set(err, ERROR_FAILED, NULL, "%s does not fit into the metadata", key);
}

static int add_number(json_t *object, const char *key, uint64_t number, struct error *err)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, number);
    return add_text(object, key, text, err);
}

static int add_preprocess(json_t *object, const struct preprocess *preprocess, struct error *err)
{
    json_t *json = preprocess_json(preprocess, err);
    char *text = json ? json_canonical(json, err) : NULL;
    int status = text ? add_text(object, "preprocess", text, err) : -1;
    free(text);
    json_decref(json);
    return status;
}

static int fill_metadata(const struct evaluation *e, int member, json_t *about, struct error *err)
{
    const struct report *r = &e->report;
    struct buffer hashes = { 0 };
    int status = print_hashes(e, member, &hashes, err);
    if (status == 0)
        status = add_text(about, "model_hash", hashes.data, err);
    buffer_release(&hashes);
    if (status < 0 || add_text(about, "views", r->views, err) < 0 ||
        add_text(about, "data_hash", r->data_hash, err) < 0 ||
        add_number(about, "first", 0, err) < 0 || add_number(about, "count", r->n, err) < 0 ||
        add_number(about, "group", (uint64_t)predict_group(e->views), err) < 0 ||
        add_text(about, "kernels", r->kernels, err) < 0 ||
        add_text(about, "version", TENFOLD_VERSION, err) < 0)
        return -1;
    if (member == ENSEMBLE)
        return add_text(about, "network", "ensemble", err);
    if (add_text(about, "network", net_name(e->members.nets[member]), err) < 0)
        return -1;
    return add_preprocess(about, &e->members.preprocesses[member], err);
}

static int save_one(const struct evaluation *e, const char *folder, int member, struct error *err)
{
    const char *name = member == ENSEMBLE ? "ensemble" : e->members.names[member];
    const struct prediction *p = member == ENSEMBLE ? &e->mean : &e->predictions[member];
    struct buffer file = { 0 };
    int status = -1;
    json_t *about = json_object();
    char *path = NULL;
    if (!about)
        error_set(err, ERROR_FAILED, folder, "no memory for the metadata");
    else if (buffer_print(&file, err, "%s.safetensors", name) == 0 &&
             (path = file_join(folder, file.data, err)) != NULL &&
             fill_metadata(e, member, about, err) == 0)
        status = prediction_save(path, p, e->index, about, err);
    free(path);
    json_decref(about);
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
