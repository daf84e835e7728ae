/* Verdicts in the sweep's folder. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "train/claim.h"
#include "train/tune_private.h"

/* Rates, decay and the schedule are what the search looks for. */
static bool mendable(enum fault fault)
{
    return fault == FAULT_NONE || fault == FAULT_RATE || fault == FAULT_DECAY ||
           fault == FAULT_SCHEDULE;
}

static void name_of(const char *step, int number, char name[48])
{
    snprintf(name, 48, "%d-%s.json", number, step);
}

int tuner_recall(const struct tuner *t, enum tune_step step, int number, struct verdict *v,
                 struct error *err)
{
    char name[48];
    name_of(tune_step_names[step], number, name);
    char *path = file_join(t->steps, name, err);
    int rc = path ? 0 : -1;
    if (rc == 0 && file_exists(path))
        rc = verdict_read(v, path, err) < 0 ? -1 : 1;
    free(path);
    return rc;
}

int tuner_record(const struct tuner *t, const struct verdict *v, struct error *err)
{
    char name[48];
    bool won;
    name_of(v->step, v->number, name);
    json_t *json = verdict_json(v, err);
    int rc = json ? claim_write(t->steps, name, json, &won, err) : -1;
    json_decref(json);
    return rc;
}

void tuner_announce(struct tuner *t, const struct verdict *v, bool ends)
{
    if (t->o->verdict)
        t->o->verdict(t->o->context, v);
    t->pass &= v->pass || (t->only == TUNE_ALL && mendable(v->fault));
    t->ends |= ends && !v->pass && !mendable(v->fault) && !t->o->keep_going;
}

void tuner_tell(const struct tuner *t, const char *line)
{
    if (t->o->tell)
        t->o->tell(t->o->context, line);
}
