/* nndata ops: every augmentation with its parameters. */
#include <stdio.h>

#include "augment/augmentation.h"
#include "loader/command.h"

enum { JSON };

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

static int print_text(struct error *err)
{
    struct buffer text = { 0 };
    int rc = 0;
    for (size_t i = 0; augmentations[i] && rc == 0; i++) {
        const struct augmentation *op = augmentations[i];
        rc = buffer_print(&text, err, "%s%s: %s\n", i ? "\n" : "", op->name, op->summary);
        if (rc == 0)
            rc = buffer_print(&text, err, "  %s\n", op->source);
        if (rc == 0)
            rc = param_help(op->params, "", 2, &text, err);
    }
    if (rc == 0)
        printf("%s", text.data);
    buffer_release(&text);
    return rc;
}

static int print_json(struct error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; list && augmentations[i]; i++) {
        const struct augmentation *op = augmentations[i];
        json_t *params = json_array();
        for (const struct param *row = op->params; params && row->name; row++) {
            char accepts[256];
            param_describe(row, accepts, sizeof(accepts));
            json_array_append_new(params,
                                  json_pack("{s:s, s:s, s:s, s:s}", "name", row->name, "unit",
                                            row->unit, "accepts", accepts, "help", row->help));
        }
        union value v[16];
        for (size_t j = 0; op->params[j].name; j++)
            param_default(&op->params[j], &v[j]);
        json_t *defaults = param_json(op->params, v, err);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", op->name,
                                              "summary", op->summary, "source", op->source,
                                              "params", params, "defaults", defaults));
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
