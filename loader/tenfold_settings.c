/* The settings of tenfold_open: "key=value" separated by blanks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "loader/tenfold_private.h"

static int set_number(const char *key, const char *text, uint64_t *value, struct error *err)
{
    int64_t number;
    if (!param_integer(text, &number) || number < 0)
        return error_set(err, ERROR_USAGE, key, "%s is no whole number", text);
    *value = (uint64_t)number;
    return 0;
}

/* A key of the config; without a section it is of `data`. */
static int add_assignment(struct tenfold_call *call, const char *key, const char *value,
                          struct error *err)
{
    struct buffer line = { 0 };
    const char *name = strcmp(key, "data") == 0 ? "train" : key;
    if (call->count == TENFOLD_SETTINGS)
        return error_set(err, ERROR_USAGE, "settings", "more than %d", TENFOLD_SETTINGS);
    if (buffer_print(&line, err, "%s%s=%s", strchr(key, '.') ? "" : "data.", name, value) < 0)
        return -1;
    call->settings[call->count++] = line.data; /* taken over */
    return 0;
}

/* One setting, cut at its "=". */
static int set(struct tenfold_call *call, const char *key, const char *value, struct error *err)
{
    const struct {
        const char *name;
        uint64_t *number;
    } numbers[] = { { "rank", &call->rank },
                    { "world", &call->world },
                    { "start", &call->start },
                    { "steps", &call->steps } };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (strcmp(key, numbers[i].name) == 0) {
            call->has_start |= numbers[i].number == &call->start;
            return set_number(key, value, numbers[i].number, err);
        }
    if (strcmp(key, "daemon") != 0)
        return add_assignment(call, key, value, err);
    free(call->daemon);
    call->daemon = memory_text(value, err);
    return call->daemon ? 0 : -1;
}

static int read_settings(struct tenfold_call *call, const char *settings, struct error *err)
{
    char *copy = memory_text(settings ? settings : "", err);
    if (!copy)
        return -1;
    int rc = 0;
    char *rest = NULL;
    for (char *item = strtok_r(copy, " \t\n", &rest); item && rc == 0;
         item = strtok_r(NULL, " \t\n", &rest)) {
        char *equals = strchr(item, '=');
        if (!equals) {
            rc = error_set(err, ERROR_USAGE, "settings", "%s is no key=value", item);
            break;
        }
        *equals = '\0';
        rc = set(call, item, equals + 1, err);
    }
    free(copy);
    return rc;
}

int tenfold_call_init(struct tenfold_call *call, const char *config, const char *settings,
                      const char *state, struct error *err)
{
    *call = (struct tenfold_call){ .config = config, .world = 1 };
    if (read_settings(call, settings, err) < 0)
        return -1;
    if (call->rank > UINT32_MAX || call->world > UINT32_MAX)
        return error_set(err, ERROR_USAGE, "world", "rank and world must be below 2^32");
    if (!state)
        return 0;
    call->state = json_parse(state, strlen(state), "state", err);
    return call->state ? 0 : -1;
}

void tenfold_call_release(struct tenfold_call *call)
{
    for (int i = 0; i < call->count; i++)
        free(call->settings[i]);
    free(call->daemon);
    json_decref(call->state);
}
