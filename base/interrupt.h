/*
 * SIGINT and SIGTERM as a flag, for work that has something to put in order before it ends.
 *
 *     const volatile sig_atomic_t *stop = interrupt_catch();
 *     while (!*stop) ...
 *     return error_set(err, ERROR_INTERRUPTED, folder, "interrupted in epoch %d", epoch);
 */
#ifndef TENFOLD_BASE_INTERRUPT_H
#define TENFOLD_BASE_INTERRUPT_H

#include <signal.h>

/* From now on the first of these signals sets the flag that is returned, for the whole process; a
 * second one ends the program at once. For a program's main. */
const volatile sig_atomic_t *interrupt_catch(void);

#endif
