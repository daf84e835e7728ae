/* nndata ops: every augmentation, then the mixings of a batch, with their parameters. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "augment/augmentation.h"
#include "augment/mix.h"
#include "loader/command.h"

enum { JSON };
enum { PARAMS = 20 }; /* most of an augmentation */

static const struct param options[] = {
    [JSON] = { "json", PARAM_FLAG, "", .help = "as JSON" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata ops",
    .usage = "[--json]",
    .summary = "list every augmentation with parameters, units, limits, defaults and source",
    .options = options,
};

/* A line of what a recipe's `augment` or `mix` list may hold. */
struct op {
    const char *section, *name, *summary, *source;
    struct param params[PARAMS + 1];
};

static void set_params(struct op *op, const struct param *own, const struct param *more)
{
    size_t count = param_count(own), others = param_count(more);
    assert(count + others <= PARAMS);
    memcpy(op->params, own, count * sizeof(*own));
    memcpy(op->params + count, more, others * sizeof(*more));
}

/* The i-th of both lists, augmentations first; false behind the last. */
static bool op_at(size_t i, struct op *op)
{
    size_t count = 0;
    while (augmentations[count])
        count++;
    if (i < count) {
        const struct augmentation *a = augmentations[i];
        *op = (struct op){ "augment", a->name, a->summary, a->source, { { 0 } } };
        set_params(op, a->params, augmentation_more(a));
        return true;
    }
    const struct mix_about *m = mix_about(i - count);
    if (!m)
        return false;
    *op = (struct op){ "mix", m->name, m->summary, m->source, { { 0 } } };
    set_params(op, m->params, (struct param[]){ { 0 } });
    return true;
}

static int print_text(struct error *err)
{
    struct buffer text = { 0 };
    struct op op;
    int rc = 0;
    for (size_t i = 0; rc == 0 && op_at(i, &op); i++) {
        rc = buffer_print(&text, err, "%s%s: %s%s\n  %s\n", i ? "\n" : "", op.name, op.summary,
                          strcmp(op.section, "mix") == 0 ? " (in the list `mix`)" : "", op.source);
        if (rc == 0)
            rc = param_help(op.params, "", 2, &text, err);
    }
    if (rc == 0)
        printf("%s", text.data);
    buffer_release(&text);
    return rc;
}

static json_t *params_json(const struct param *params)
{
    json_t *list = json_array();
    for (const struct param *row = params; row->name; row++) {
        char accepts[256];
        param_describe(row, accepts, sizeof(accepts));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", row->name, "unit",
                                              row->unit, "accepts", accepts, "help", row->help));
    }
    return list;
}

static int print_json(struct error *err)
{
    json_t *list = json_array();
    struct op op;
    for (size_t i = 0; list && op_at(i, &op); i++) {
        union value v[PARAMS];
        for (size_t j = 0; op.params[j].name; j++)
            param_default(&op.params[j], &v[j]);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "name", op.name,
                                              "section", op.section, "summary", op.summary,
                                              "source", op.source, "params", params_json(op.params),
                                              "defaults", param_json(op.params, v, err)));
    }
    int rc = list ? json_dumpf(list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : -1;
    json_decref(list);
    if (rc < 0)
        return error_set(err, ERROR_FAILED, "standard output", "cannot be written");
    printf("\n");
    return 0;
}

int command_ops(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    return given.value[JSON].flag ? print_json(err) : print_text(err);
}
