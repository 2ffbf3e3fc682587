/* A small library that calls itself libzmq, with one allocation and several ways to bear its failure. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *volatile last;

/* 1 if there was memory. */
__attribute__((noinline)) int fake_allocate(void)
{
    last = malloc(77);
    int had = last != NULL;
    free(last);
    return had;
}

int fake_work(const char *mode)
{
    if (fake_allocate())
        return 0;
    switch (mode[0]) {
    case 'a':
        fputs("FATAL ERROR: OUT OF MEMORY (bundled/src/fake.cpp:12)\n", stderr);
        abort();
    case 's':
        *(volatile int *)0 = 1;
        break;
    case 'h':
        for (;;)
            pause();
    }
    return 12;
}
