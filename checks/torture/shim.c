/* Fails one allocation that libzmq asks for, named by its call stack and by how often that stack came. Preloaded.
 *
 * An allocation is libzmq's if, from the innermost frame outwards, nothing but the C and C++ runtime stands between the
 * allocator and libzmq. Its stack is the row of return addresses, as module and offset, from there to the first frame
 * that is neither libzmq nor runtime: to whoever called libzmq, or to the beginning of the thread. Python, for
 * one, is neither, so that a run is not disturbed by what the interpreter allocates.
 *
 * Everything seen is written into a file that is mapped and so outlives an abort; `stacks.py` reads it. The structures
 * below are its format. Set by the environment, for a program that is started:
 *   ENOMEM_TORTURE_FILE   the file to map (created)
 *   ENOMEM_TORTURE_STACK  the stack whose allocation fails, hexadecimal; 0 or absent: none, only count
 *   ENOMEM_TORTURE_HIT    which of them, from 1
 * or by a call of enomem_torture_arm(), for a process that was forked. A process that it forks itself is left alone.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC 0x31524f544d4f4e45ull /* "ENOMTOR1" */
#define MODULES 64
#define STACKS 4096
#define DEPTH 40
#define NAME 232
#define OFFSET_BITS 48

struct module { uint64_t base; char name[NAME + 16]; };
struct stack { uint64_t hash, size; uint32_t count, depth; uint64_t frames[DEPTH]; };
struct table {
    uint64_t magic;
    _Atomic int32_t pid;     /* who has libzmq, once it has allocated */
    uint32_t modules, stacks;
    uint32_t dropped;        /* stacks for which there was no room */
    uint32_t fired;          /* 1 once the allocation was failed */
    uint32_t unused;
    uint64_t total;          /* allocations of libzmq */
    uint64_t fired_size;
    struct module module[MODULES];
    struct stack stack[STACKS];
};

/* --- where an address is */

enum kind { FOREIGN, RUNTIME, LIBZMQ, SELF };
struct range { uintptr_t start, end, base; enum kind kind; int shown; char name[NAME]; };

#define RANGES 512
static struct range ranges[RANGES];
static int range_count;
static _Atomic unsigned long long loaded = ~0ull; /* how many objects had been loaded and unloaded when ranges were read */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct table *_Atomic table;
static uint64_t wanted_stack;
static uint32_t wanted_hit;
static __thread int inside __attribute__((tls_model("initial-exec")));

static const char *const RUNTIME_NAMES[] = {
    "libc.", "libc-", "ld-", "ld.", "libstdc++", "libc++", "libgcc_s", "libm.", "libm-", "libpthread", "librt", "libdl",
    "libsodium", "libbsd", "libmd.", "libunwind", "libnss_", "libresolv", NULL};

static enum kind kind_of(const char *path, uintptr_t start, uintptr_t end)
{
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    if ((uintptr_t)&kind_of >= start && (uintptr_t)&kind_of < end)
        return SELF;
    if (strncmp(name, "libzmq", 6) == 0)
        return LIBZMQ;
    for (int i = 0; RUNTIME_NAMES[i]; i++)
        if (strncmp(name, RUNTIME_NAMES[i], strlen(RUNTIME_NAMES[i])) == 0)
            return RUNTIME;
    return FOREIGN;
}

static int same_objects(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    *(unsigned long long *)data = info->dlpi_adds * 2 + info->dlpi_subs;
    return 1; /* the first object says it */
}

static int add_range(struct dl_phdr_info *info, size_t size, void *data)
{
    uintptr_t start = UINTPTR_MAX, end = 0;
    (void)size, (void)data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD)
            continue;
        uintptr_t from = info->dlpi_addr + segment->p_vaddr, to = from + segment->p_memsz;
        start = from < start ? from : start;
        end = to > end ? to : end;
    }
    if (end && range_count < RANGES) {
        struct range *range = &ranges[range_count++];
        range->start = start, range->end = end, range->base = info->dlpi_addr, range->shown = -1;
        range->kind = kind_of(info->dlpi_name, start, end);
        strncpy(range->name, info->dlpi_name, NAME - 1);
    }
    return 0;
}

/* The range of an address, or NULL; the lock is held. */
static struct range *found(uintptr_t address)
{
    for (int i = 0; i < range_count; i++)
        if (address >= ranges[i].start && address < ranges[i].end)
            return &ranges[i];
    return NULL;
}

static int refreshed(struct dl_phdr_info *info, size_t size, void *data)
{
    /* Inside the loader's lock, so that ours is always taken after it. */
    if (*(int *)data == 0) {
        pthread_mutex_lock(&lock);
        range_count = 0;
        *(int *)data = 1;
    }
    return add_range(info, size, NULL);
}

static enum kind kind_at(uintptr_t address)
{
    for (int again = 0;; again++) {
        pthread_mutex_lock(&lock);
        struct range *range = found(address);
        enum kind kind = range ? range->kind : FOREIGN;
        pthread_mutex_unlock(&lock);
        if (range || again)
            return kind;
        unsigned long long now = 0;
        dl_iterate_phdr(same_objects, &now);
        if (now == loaded)
            return FOREIGN;
        loaded = now;
        int begun = 0;
        dl_iterate_phdr(refreshed, &begun);
        if (begun)
            pthread_mutex_unlock(&lock);
    }
}

/* --- the stack */

typedef int (*walker)(void *context, void *data);
static int (*backtrace_of)(walker, void *);
static uintptr_t (*address_of)(void *);

struct walk { uintptr_t frames[DEPTH]; int depth, seen, zmq; };

static int step(void *context, void *data)
{
    struct walk *walk = data;
    uintptr_t address = address_of(context);
    enum kind kind = address ? kind_at(address - 1) : FOREIGN;
    if (++walk->seen > 4 * DEPTH)
        return 5;
    if (kind == SELF)
        return walk->depth ? 5 : 0;
    if (kind == FOREIGN || walk->depth == DEPTH)
        return 5; /* _URC_END_OF_STACK: enough */
    walk->zmq |= kind == LIBZMQ;
    walk->frames[walk->depth++] = address;
    return 0;
}

/* A frame as the number of its module and the offset there; the lock is held. */
static uint64_t named(struct table *to, uintptr_t address, uint64_t *hash)
{
    struct range *range = found(address - 1);
    uint64_t offset = address - (range ? range->base : 0);
    const char *name = range ? strrchr(range->name, '/') : NULL;
    for (name = name ? name + 1 : ""; *name; name++)
        *hash = (*hash ^ (unsigned char)*name) * 0x100000001b3ull;
    for (int i = 0; i < 48; i += 8)
        *hash = (*hash ^ ((offset >> i) & 255)) * 0x100000001b3ull;
    for (uint32_t i = 0; range && range->shown < 0 && i < to->modules; i++)
        if (to->module[i].base == range->base)
            range->shown = (int)i;
    if (range && range->shown < 0 && to->modules < MODULES) {
        struct module *module = &to->module[range->shown = (int)to->modules++];
        module->base = range->base;
        memcpy(module->name, range->name, NAME);
    }
    uint64_t number = range && range->shown >= 0 ? (uint64_t)range->shown : MODULES;
    return number << OFFSET_BITS | (offset & ((1ull << OFFSET_BITS) - 1));
}

/* Count the stack, and say whether this is the allocation that fails; the lock is held. */
static int counted(struct table *to, const struct walk *walk, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325ull, frames[DEPTH];
    for (int i = 0; i < walk->depth; i++)
        frames[i] = named(to, walk->frames[i], &hash);
    struct stack *stack = NULL;
    for (uint32_t i = 0; i < STACKS && !stack; i++) {
        struct stack *slot = &to->stack[(hash + i) % STACKS];
        if (slot->hash == hash || !slot->hash)
            stack = slot;
    }
    to->total++;
    if (!stack) {
        to->dropped++;
        return 0;
    }
    if (!stack->hash) {
        stack->hash = hash, stack->size = size, stack->depth = (uint32_t)walk->depth;
        memcpy(stack->frames, frames, sizeof frames[0] * (size_t)walk->depth);
        to->stacks++;
    }
    stack->count++;
    if (hash != wanted_stack || stack->count != wanted_hit)
        return 0;
    to->fired = 1, to->fired_size = size;
    return 1;
}

static int considered(size_t size)
{
    struct walk walk = {.depth = 0};
    backtrace_of(step, &walk);
    struct table *to = atomic_load(&table);
    if (!walk.zmq || !to)
        return 0;
    int32_t nobody = 0, me = getpid();
    if (!atomic_compare_exchange_strong(&to->pid, &nobody, me) && nobody != me) {
        atomic_store(&table, NULL); /* another process of the program has libzmq, and is the one looked at */
        return 0;
    }
    pthread_mutex_lock(&lock);
    int refused = counted(to, &walk, size);
    pthread_mutex_unlock(&lock);
    return refused;
}

/* Whether an allocation is to fail; errno is then ENOMEM, and else untouched. */
static int refused(size_t size, void *caller)
{
    if (inside || !atomic_load(&table) || !backtrace_of)
        return 0;
    int before = errno, answer = 0;
    inside = 1;
    enum kind kind = kind_at((uintptr_t)caller - 1);
    if (kind == LIBZMQ || kind == RUNTIME)
        answer = considered(size);
    inside = 0;
    errno = answer ? ENOMEM : before;
    return answer;
}

/* --- what is preloaded */

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);
static void *(*real_memalign)(size_t, size_t);

/* What the dynamic linker asks for while it looks for the real ones comes from here, and is never given back. */
static _Alignas(16) char early[16384];
static size_t early_used;
static int looking;

static void *from_early(size_t size)
{
    size_t at = early_used;
    early_used += (size + 15) & ~(size_t)15;
    return early_used <= sizeof early ? early + at : NULL;
}

static int is_early(void *block) { return (char *)block >= early && (char *)block < early + sizeof early; }

static void look(void)
{
    if (real_memalign || looking)
        return;
    looking = 1;
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real_free = dlsym(RTLD_NEXT, "free");
    *(void **)&real_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    *(void **)&real_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&real_memalign = dlsym(RTLD_NEXT, "memalign");
    looking = 0;
}

#define SHOWN __attribute__((visibility("default")))

SHOWN void *malloc(size_t size)
{
    if (!real_malloc && (look(), !real_malloc))
        return from_early(size);
    return refused(size, __builtin_return_address(0)) ? NULL : real_malloc(size);
}

SHOWN void *calloc(size_t count, size_t size)
{
    if (!real_calloc && (look(), !real_calloc))
        return from_early(count * size);
    return refused(count * size, __builtin_return_address(0)) ? NULL : real_calloc(count, size);
}

SHOWN void *realloc(void *block, size_t size)
{
    look();
    if (is_early(block)) {
        void *moved = malloc(size);
        size_t rest = (size_t)(early + sizeof early - (char *)block);
        return moved ? memcpy(moved, block, size < rest ? size : rest) : NULL;
    }
    return refused(size, __builtin_return_address(0)) ? NULL : real_realloc(block, size);
}

SHOWN void free(void *block)
{
    if (block && !is_early(block) && (real_free || (look(), real_free)))
        real_free(block);
}

SHOWN int posix_memalign(void **block, size_t alignment, size_t size)
{
    look();
    return refused(size, __builtin_return_address(0)) ? ENOMEM : real_posix_memalign(block, alignment, size);
}

SHOWN void *aligned_alloc(size_t alignment, size_t size)
{
    look();
    return refused(size, __builtin_return_address(0)) ? NULL : real_aligned_alloc(alignment, size);
}

SHOWN void *memalign(size_t alignment, size_t size)
{
    look();
    return refused(size, __builtin_return_address(0)) ? NULL : real_memalign(alignment, size);
}

/* --- set up */

/* Map the file and begin; 0, or an errno. */
SHOWN int enomem_torture_arm(const char *path, uint64_t stack, uint32_t hit)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(struct table)) != 0)
        return errno;
    void *mapped = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED)
        return errno;
    wanted_stack = stack, wanted_hit = hit;
    for (int i = 0; i < RANGES; i++)
        ranges[i].shown = -1;
    ((struct table *)mapped)->magic = MAGIC;
    atomic_store(&table, mapped);
    return 0;
}

static void forked(void) { atomic_store(&table, NULL); }

static int nothing(void *context, void *data) { return (void)context, (void)data, 5; }

__attribute__((constructor)) static void begin(void)
{
    look();
    /* Found by hand: neither compiler need know it, and it is there before libzmq brings it. */
    void *library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL);
    if (!library)
        return;
    *(void **)&address_of = dlsym(library, "_Unwind_GetIP");
    *(void **)&backtrace_of = dlsym(library, "_Unwind_Backtrace");
    backtrace_of(nothing, NULL); /* what it allocates at its first call, it allocates now */
    pthread_atfork(NULL, NULL, forked);
    const char *path = getenv("ENOMEM_TORTURE_FILE"), *stack = getenv("ENOMEM_TORTURE_STACK");
    const char *hit = getenv("ENOMEM_TORTURE_HIT");
    if (path && *path)
        enomem_torture_arm(path, stack ? strtoull(stack, NULL, 16) : 0, hit ? (uint32_t)strtoul(hit, NULL, 10) : 0);
}
