#include "loader/pack_summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "loader/pack_folder.h"
#include "loader/pack_shard.h"

struct totals {
    uint64_t samples, bytes, tar_bytes;
    uint64_t kinds[PACK_KINDS];
};

struct summary {
    struct pack_result *result;
    const struct index *index;
    const char *out;
    const struct pack_plan *plan;
    const struct pack_options *options;
    struct log *report; /* owned; NULL: none */
    struct sha256 *sha; /* owned: of what is packed */
    json_t *shards;     /* owned: pack.json's list */
    struct totals all;
};

static int report_row(struct summary *y, const struct pack_row *row, uint64_t s, uint64_t id,
                      struct error *err)
{
    struct pack_result *result = y->result;
    char place[600];
    if (!row->reason[0])
        return 0;
    index_place(y->index, id, place, sizeof(place));
    if (!result->example[row->kind][0])
        snprintf(result->example[row->kind], sizeof(result->example[0]), "%.180s: %.180s", place,
                 row->reason);
    if (!y->report)
        return 0;
    json_t *line =
        json_pack("{s:s, s:o, s:o, s:I, s:I, s:o}", "kind", pack_kind_name(row->kind), "key",
                  json_bytes(row->key), "place", json_bytes(place), "id", (json_int_t)id, "shard",
                  (json_int_t)s, "reason", json_bytes(row->reason));
    if (!line)
        return error_set(err, ERROR_FAILED, NULL, "no memory for a line of the report");
    return log_write(y->report, line, err);
}

static void count(struct totals *totals, const struct pack_row *row)
{
    totals->kinds[row->kind]++;
    totals->samples += row->kind != PACK_SKIPPED;
    totals->bytes += row->size;
}

static void add_to_hash(struct sha256 *sha, const struct pack_row *row)
{
    char tail[32];
    int length = snprintf(tail, sizeof(tail), "\t%" PRId64 "\n", row->label);
    sha256_add(sha, row->key, strlen(row->key));
    sha256_add(sha, tail, (size_t)length);
}

static int add_shard(struct summary *y, uint64_t s, struct error *err)
{
    const struct pack_options *o = y->options;
    struct pack_result *result = y->result;
    bool own = s % o->parts == o->part;
    struct totals totals = { 0 };
    struct pack_shard shard;
    struct pack_row row;
    char path[PACK_PATH];
    int rc;
    pack_path(path, y->out, o->prefix, s, "idx");
    if (pack_shard_open(&shard, path, err) < 0)
        return -1;
    for (uint64_t id = y->plan->first[s]; (rc = pack_shard_next(&shard, &row, err)) == 1; id++) {
        count(&totals, &row);
        if (row.kind != PACK_SKIPPED)
            add_to_hash(y->sha, &row);
        if (own && report_row(y, &row, s, id, err) < 0) {
            rc = -1;
            break;
        }
        result->unlabeled += own && row.label < 0;
    }
    totals.tar_bytes = pack_head_number(shard.head, "tar_bytes");
    pack_shard_close(&shard);
    if (rc < 0)
        return -1;
    y->all.samples += totals.samples;
    y->all.bytes += totals.bytes;
    y->all.tar_bytes += totals.tar_bytes;
    for (int k = 0; k < PACK_KINDS; k++)
        y->all.kinds[k] += totals.kinds[k];
    if (own) {
        result->shards++;
        result->images += totals.samples;
        result->source_bytes += pack_plan_bytes(y->plan, s);
        result->bytes += totals.bytes;
        result->tar_bytes += totals.tar_bytes;
        for (int k = 0; k < PACK_KINDS; k++)
            result->kinds[k] += totals.kinds[k];
    }
    json_t *entry = json_pack("{s:s, s:I, s:I}", "name", strrchr(path, '/') + 1, "samples",
                              (json_int_t)totals.samples, "bytes", (json_int_t)totals.tar_bytes);
    if (json_array_append_new(y->shards, entry) < 0)
        return error_set(err, ERROR_FAILED, NULL, "no memory for pack.json");
    return 0;
}

/* Names by label; null where there is none or it is no UTF-8. Empty: no class has a name. */
static json_t *class_names(const struct index *index)
{
    json_t *names = json_array();
    int64_t named = index_classes(index);
    while (named > 0 && !index_class_name(index, named - 1))
        named--;
    for (int64_t label = 0; label < named; label++) {
        const char *name = index_class_name(index, label);
        json_t *text = name ? json_string(name) : NULL;
        if (json_array_append_new(names, text ? text : json_null()) < 0) {
            json_decref(names);
            return NULL;
        }
    }
    return names;
}

static int write_json(struct summary *y, const char *hash, struct error *err)
{
    char path[PACK_PATH];
    json_t *kinds = json_object();
    for (int k = 0; k < PACK_KINDS; k++)
        json_object_set_new(kinds, pack_kind_name((enum pack_kind)k),
                            json_integer((json_int_t)y->all.kinds[k]));
    json_t *json = json_pack(
        "{s:s, s:i, s:s, s:O, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:O}", "format", "tenfold-pack",
        "version", 1, "tenfold", TENFOLD_VERSION, "pack", y->plan->identity, "dataset", hash,
        "samples", (json_int_t)y->all.samples, "source_bytes", (json_int_t)y->plan->source_bytes,
        "bytes", (json_int_t)y->all.bytes, "tar_bytes", (json_int_t)y->all.tar_bytes, "kinds",
        kinds, "classes", class_names(y->index), "shards", y->shards);
    if (!json)
        return error_set(err, ERROR_FAILED, NULL, "no memory for pack.json");
    snprintf(path, sizeof(path), "%s/pack.json", y->out);
    int rc = json_write(path, json, err);
    json_decref(json);
    return rc;
}

/* The indexes' rows must add up to the very data set that was packed. */
static int finish(struct summary *y, struct error *err)
{
    char hash[65];
    struct sha256 *sha = y->sha;
    y->sha = NULL;
    if (sha256_close(sha, hash, err) < 0)
        return -1;
    if (!y->result->complete)
        return 0;
    if (y->all.kinds[PACK_SKIPPED] == 0 && strcmp(hash, index_hash(y->index)) != 0)
        return error_set(err, ERROR_DATA, y->out,
                         "the shards' indexes say data set %.16s; packed was %.16s", hash,
                         index_hash(y->index));
    return write_json(y, hash, err);
}

int pack_summary(struct pack_result *result, const struct index *index, const char *out,
                 const struct pack_plan *plan, const bool *there,
                 const struct pack_options *options, struct error *err)
{
    struct summary y = { .result = result,
                         .index = index,
                         .out = out,
                         .plan = plan,
                         .options = options,
                         .shards = json_array() };
    int rc = y.shards ? 0 : error_set(err, ERROR_FAILED, NULL, "no memory for pack.json");
    if (rc == 0)
        rc = sha256_open(&y.sha, err);
    if (rc == 0 && options->report)
        rc = log_open(&y.report, options->report, false, err);
    result->complete = true;
    result->all_shards = plan->shards;
    for (uint64_t s = 0; s < plan->shards; s++)
        result->complete = result->complete && there[s];
    /* Until the last shard is there, the other processes' are not read. */
    for (uint64_t s = 0; s < plan->shards && rc == 0; s++)
        if (result->complete || s % options->parts == options->part)
            rc = add_shard(&y, s, err);
    if (rc == 0)
        rc = finish(&y, err);
    sha256_abandon(y.sha);
    struct error late;
    if (log_close(y.report, rc == 0 ? err : &late) < 0)
        rc = -1;
    json_decref(y.shards);
    return rc;
}
