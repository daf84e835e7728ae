/* Steps 1 to 3: measured and judged. */
#include "base/interrupt.h"
#include "base/progress.h"
#include "train/tune.h"
#include "train/tune_init.h"
#include "train/tune_lr.h"
#include "train/tune_overfit.h"

const char *const tune_step_names[] = { "init",   "overfit", "lr",     "coarse",
                                        "refine", "curves",  "versus", NULL };

int tune_stopped(const struct tune_options *o, const char *step, struct error *err)
{
    int signal = interrupt_asked(o->stop);
    if (!signal)
        return 0;
    /* In a folder the steps before it are done: run again it goes on from there. */
    return interrupt_error(signal, o->folder != NULL, err, step,
                           "interrupted; the step begins again");
}

static int init(const struct tune_options *o, struct verdict *v, struct error *err)
{
    struct init_facts facts;
    if (init_measure(&facts, o, err) < 0)
        return -1;
    init_judge(&facts, v);
    init_facts_release(&facts);
    return 0;
}

static int overfit(const struct tune_options *o, struct verdict *v, struct error *err)
{
    struct overfit_facts facts;
    if (overfit_measure(&facts, o, err) < 0)
        return -1;
    overfit_judge(&facts, v);
    overfit_facts_release(&facts);
    return 0;
}

static int lr(const struct tune_options *o, struct verdict *v, struct error *err)
{
    struct lr_facts facts;
    if (lr_measure(&facts, o, err) < 0)
        return -1;
    lr_judge(&facts, v);
    lr_facts_release(&facts);
    return 0;
}

int tune_step(const struct tune_options *o, enum tune_step step, struct verdict *v,
              struct error *err)
{
    static int (*const steps[])(const struct tune_options *, struct verdict *, struct error *) = {
        [TUNE_STEP_INIT] = init,
        [TUNE_STEP_OVERFIT] = overfit,
        [TUNE_STEP_LR] = lr,
    };
    double begun = clock_seconds();
    if (verdict_begin(v, tune_step_names[step], err) < 0)
        return -1;
    if (steps[step](o, v, err) < 0) {
        verdict_release(v);
        return -1;
    }
    v->seconds = clock_seconds() - begun;
    return 0;
}
