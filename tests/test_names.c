/* Claim: models get short names that are all different, fit for file names, and never "ensemble".
 */
#include "eval/names.h"
#include "tests/suite.h"

enum { MODELS = 4 };

START_TEST(names)
{
    static const struct {
        const char *models[MODELS], *names[MODELS];
    } rows[] = {
        { { "resnet20.safetensors", "a/b/net", "c.v2.safetensors" },
          { "resnet20", "net", "c.v2" } },
        { { "configs/a.yaml=w/r20.safetensors", "x/b.yml=r32.safetensors", "lr=0.1/r44" },
          { "r20", "r32", "r44" } },
        { { "out/a/best.safetensors", "out/b/best.safetensors", "out/b/last.safetensors" },
          { "a-best", "b-best", "last" } },
        { { "1/run/best.safetensors", "2/run/best.safetensors" }, { "1-run-best", "2-run-best" } },
        { { "best.safetensors", "b/best.safetensors" }, { "best", "b-best" } },
        { { "n.safetensors", "n.safetensors", "n.safetensors" }, { "n", "n-2", "n-3" } },
        { { "/n.safetensors", "/n.safetensors", "n-2" }, { "n", "n-3", "n-2" } },
        { { "a/b/n.safetensors", "x.yaml=a/b/n.safetensors" }, { "n", "n-2" } },
        { { "a/b/n.safetensors", "a/b/n.safetensors", "a/c/n.safetensors" },
          { "b-n", "b-n-2", "c-n" } },
        { { "out/ensemble.safetensors", "ensemble" }, { "out-ensemble", "ensemble-2" } },
        { { "a//best.safetensors", "./best.safetensors" }, { "a-best", ".-best" } },
        { { ".safetensors", "d/.safetensors" }, { ".safetensors", "d-.safetensors" } },
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        int count = 0;
        while (count < MODELS && rows[row].models[count])
            count++;
        struct error err = { 0 };
        char **names = names_make(rows[row].models, count, &err);
        ck_assert_ptr_nonnull(names);
        for (int i = 0; i < count; i++)
            ck_assert_str_eq(names[i], rows[row].names[i]);
        names_free(names, count);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("names");
    tcase_add_test(cases, names);
    return suite_run();
}
