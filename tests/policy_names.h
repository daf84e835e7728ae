/* The names that torchvision gives to a policy's operations, for tests: those of policy.json. */
#ifndef TENFOLD_TESTS_POLICY_NAMES_H
#define TENFOLD_TESTS_POLICY_NAMES_H

#include "augment/policy_op.h"

extern const char *const policy_names[POLICY_OPS];
/* The operation of this name; the test fails where there is none. */
enum policy_op policy_named(const char *name);

#endif
