#include "tests/fence.h"

#include <check.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

struct fence fence_open(size_t bytes, bool at_end)
{
    size_t inner = (bytes + PAGE - 1) / PAGE * PAGE;
    struct fence f = { .size = inner + 2 * PAGE };
    f.base = mmap(NULL, f.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(f.base != MAP_FAILED);
    if (inner)
        ck_assert_int_eq(mprotect(f.base + PAGE, inner, PROT_READ | PROT_WRITE), 0);
    f.bytes = f.base + PAGE + (at_end ? inner - bytes : 0);
    return f;
}

void fence_close(struct fence *fence)
{
    munmap(fence->base, fence->size);
}
