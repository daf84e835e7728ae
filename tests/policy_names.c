#include "tests/policy_names.h"

#include <check.h>
#include <string.h>

const char *const policy_names[POLICY_OPS] = {
    [POLICY_IDENTITY] = "Identity",        [POLICY_SHEAR_X] = "ShearX",
    [POLICY_SHEAR_Y] = "ShearY",           [POLICY_TRANSLATE_X] = "TranslateX",
    [POLICY_TRANSLATE_Y] = "TranslateY",   [POLICY_ROTATE] = "Rotate",
    [POLICY_BRIGHTNESS] = "Brightness",    [POLICY_COLOR] = "Color",
    [POLICY_CONTRAST] = "Contrast",        [POLICY_SHARPNESS] = "Sharpness",
    [POLICY_POSTERIZE] = "Posterize",      [POLICY_SOLARIZE] = "Solarize",
    [POLICY_SOLARIZE_ADD] = "SolarizeAdd", [POLICY_AUTOCONTRAST] = "AutoContrast",
    [POLICY_EQUALIZE] = "Equalize",        [POLICY_INVERT] = "Invert",
};

enum policy_op policy_named(const char *name)
{
    for (int i = 0; i < POLICY_OPS; i++)
        if (strcmp(policy_names[i], name) == 0)
            return (enum policy_op)i;
    ck_abort_msg("no operation %s", name);
}
