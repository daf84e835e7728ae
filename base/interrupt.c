#include "base/interrupt.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    __atomic_store_n(&stop, number, __ATOMIC_RELAXED);
}

const volatile sig_atomic_t *interrupt_catch(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGUSR1 };
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
    return &stop;
}

int interrupt_asked(const volatile sig_atomic_t *flag)
{
    return flag ? __atomic_load_n(flag, __ATOMIC_RELAXED) : 0;
}

void interrupt_ask(volatile sig_atomic_t *flag, int number)
{
    sig_atomic_t nobody = 0;
    __atomic_compare_exchange_n(flag, &nobody, number, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

int interrupt_error(int signal, bool saved, struct error *err, const char *place,
                    const char *format, ...)
{
    char text[sizeof(err->message)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return error_set(err, saved && signal != SIGINT ? ERROR_REQUEUE : ERROR_INTERRUPTED, place,
                     "%s", text);
}
